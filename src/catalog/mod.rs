//! One REPEATABLE READ snapshot of the catalogs as a typed value.
//!
//! Objects are identified by oid inside a [`Snapshot`] and by qualified name outside of it. What
//! reasons about a snapshot needs no server; [`load`] is the only function here that does.

mod acl;
mod activity;
mod attached;
mod cluster;
mod comments;
mod load;
#[cfg(test)]
pub(crate) mod made_up;
mod model;
mod printed;
mod rows;

pub use acl::{AclItem, Acls, Privilege};
pub use activity::{Activity, activity};
pub use cluster::*;
pub use comments::{Comments, comments};
pub use load::{begin, load};
pub use model::*;
pub use printed::unprinted;

/// An object identifier inside one snapshot; 0 is none, or PUBLIC where a role is meant.
pub type Oid = u32;
