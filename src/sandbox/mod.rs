//! A throwaway PostgreSQL server: found or fetched, started in milliseconds, gone afterwards.
//!
//! Everything here blocks; async callers that may fetch should use `spawn_blocking`. What a killed
//! run leaves behind is taken away by the next start ([`sweep`]).

mod binaries;
mod cache;
mod claim;
mod clients;
mod fetch;
mod files;
mod hba;
mod launch;
mod os;
mod pins;
mod places;
mod server;
mod spawn;
mod template;
mod user;

#[cfg(test)]
mod tests;

pub use binaries::{Binaries, Version, Wanted, find, find_all, obtain};
pub use claim::sweep;
pub use clients::client;
pub use server::{Auth, Kept, Options, Sandbox};
pub use user::RunAs;

/// Where one-line messages for people go: the library itself never writes to a terminal.
pub type Notice<'a> = &'a mut dyn FnMut(&str);

/// The superuser of every throwaway server.
pub const SUPERUSER: &str = "postgres";
