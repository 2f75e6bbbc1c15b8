//! Access lists: who holds which privilege, as `aclexplode` prints it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Oid;

/// A privilege, by the name that GRANT has for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Privilege {
    /// SELECT
    Select,
    /// INSERT
    Insert,
    /// UPDATE
    Update,
    /// DELETE
    Delete,
    /// TRUNCATE
    Truncate,
    /// REFERENCES
    References,
    /// TRIGGER
    Trigger,
    /// MAINTAIN, PostgreSQL 17
    Maintain,
    /// USAGE on a schema, a sequence, a type
    Usage,
    /// CREATE on a schema or a database
    Create,
    /// EXECUTE
    Execute,
    /// CONNECT
    Connect,
    /// TEMPORARY
    Temporary,
    /// Any that this version does not know by name.
    Other,
}

impl Privilege {
    /// The word that GRANT takes.
    pub fn word(self) -> &'static str {
        match self {
            Self::Select => "SELECT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::References => "REFERENCES",
            Self::Trigger => "TRIGGER",
            Self::Maintain => "MAINTAIN",
            Self::Usage => "USAGE",
            Self::Create => "CREATE",
            Self::Execute => "EXECUTE",
            Self::Connect => "CONNECT",
            Self::Temporary => "TEMPORARY",
            Self::Other => "OTHER",
        }
    }

    /// The privilege of that name; [`Self::Other`] where it is none that is known.
    pub(crate) fn parse(word: &str) -> Self {
        [
            Self::Select,
            Self::Insert,
            Self::Update,
            Self::Delete,
            Self::Truncate,
            Self::References,
            Self::Trigger,
            Self::Maintain,
            Self::Usage,
            Self::Create,
            Self::Execute,
            Self::Connect,
            Self::Temporary,
        ]
        .into_iter()
        .find(|privilege| privilege.word() == word)
        .unwrap_or(Self::Other)
    }
}

/// One grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AclItem {
    /// Who granted it.
    pub grantor: Oid,
    /// Who holds it; 0 is PUBLIC.
    pub grantee: Oid,
    /// What.
    pub privilege: Privilege,
    /// WITH GRANT OPTION.
    pub grantable: bool,
}

/// The distinct access lists of a database: objects share them.
#[derive(Clone, Debug, Default)]
pub struct Acls(pub(super) HashMap<String, Arc<[AclItem]>>);

impl Acls {
    /// The list that the catalog printed as `text`; `None` where the catalog has none, which means
    /// the built-in default for the object's kind.
    pub fn get(&self, text: Option<&str>) -> Option<Arc<[AclItem]>> {
        let text = text?;
        Some(self.0.get(text).cloned().unwrap_or_else(|| Arc::from([])))
    }
}
