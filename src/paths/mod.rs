//! The access-path engine: from a login to rows, and as whom.

mod powers;
mod reach;

pub use powers::{Powers, Step};
pub use reach::{Access, Route, routes};
