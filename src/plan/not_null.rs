//! NOT NULL without a scan under a strong lock: a CHECK that is not valid yet, VALIDATE, SET NOT NULL,
//! which believes the CHECK, and the CHECK goes. `sql-altertable`, SET NOT NULL.

use crate::catalog::Relation;
use crate::session::quote::ident;

/// A column that is never to be null, and the CHECK that comes before.
#[derive(Clone, Copy)]
pub(super) struct NotNull<'r> {
    pub(super) relation: &'r Relation,
    pub(super) column: &'r str,
    pub(super) check: &'r str,
}

impl NotNull<'_> {
    /// Holds for new rows at once.
    pub(super) fn add(&self) -> String {
        format!(
            "{} ADD CONSTRAINT {} CHECK ({} IS NOT NULL) NOT VALID",
            alter(self.relation),
            ident(self.check),
            ident(self.column)
        )
    }

    /// Holds the rows to it that are there, in the table or one of its partitions.
    pub(super) fn validate(&self, at: &Relation) -> String {
        format!("{} VALIDATE CONSTRAINT {}", alter(at), ident(self.check))
    }

    /// Takes the CHECK away, whether it is there or not.
    pub(super) fn drop(&self) -> String {
        let check = ident(self.check);
        format!("{} DROP CONSTRAINT IF EXISTS {check}", alter(self.relation))
    }

    /// Scans nothing while the CHECK is valid.
    pub(super) fn set(&self) -> String {
        let column = ident(self.column);
        format!(
            "{} ALTER COLUMN {column} SET NOT NULL",
            alter(self.relation)
        )
    }

    /// The rows that break it.
    pub(super) fn rows(&self) -> String {
        let (table, column) = (self.relation.qualified(), ident(self.column));
        format!("SELECT * FROM {table} WHERE {column} IS NULL")
    }
}

/// What takes NOT NULL away.
pub(super) fn unset(relation: &Relation, column: &str) -> String {
    format!(
        "{} ALTER COLUMN {} DROP NOT NULL",
        alter(relation),
        ident(column)
    )
}

fn alter(relation: &Relation) -> String {
    format!("ALTER TABLE {}", relation.qualified())
}
