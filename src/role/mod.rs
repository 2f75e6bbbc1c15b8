//! The application's login role: what it must be, what it must not be, and how it gets there.

pub mod drop;
pub mod fitness;
pub mod grants;
pub mod password;
pub mod portrait;
pub mod provision;
