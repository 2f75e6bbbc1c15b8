//! Organizations: the rows of the registry, made, listed and looked up.

mod count;
mod create;
mod find;
mod list;
mod registry;
mod request;
mod slug;

pub use count::{TableCount, count};
pub use create::{Created, create};
pub use find::find;
pub use list::{Page, Query, Sort, list};
pub use registry::{Registry, row_security_active};
pub use request::Request;
pub use slug::slug;

/// A row of the registry, as far as `[registry]` names its columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization {
    /// Its id, as the server prints it.
    pub id: String,
    /// Its name, where the registry has such a column.
    pub name: Option<String>,
    /// Its slug, where the registry has such a column.
    pub slug: Option<String>,
    /// Whether it is active, where the registry has such a column.
    pub active: Option<bool>,
}
