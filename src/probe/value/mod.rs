//! Values for rows that are made up: what a type takes, what a CHECK, a domain, a partition's bound
//! or a policy wants.
//!
//! Candidates are made here, without a server; which of them fit together is the server's to say
//! ([`search`]): it evaluates the very conditions that a new row would have to pass.

mod fit;
mod invert;
pub(super) mod lore;
pub(super) mod palette;
mod pattern;
mod print;
mod samples;
pub(super) mod search;
mod tokens;
pub(super) mod wish;

pub(super) use fit::fits;
pub(super) use lore::{Lore, Shape};
pub(super) use palette::{Mark, Palette};
pub(super) use tokens::{mentions, replaced};
