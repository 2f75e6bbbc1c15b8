//! A string that does not print.

pub use secrecy::{ExposeSecret, SecretString};
