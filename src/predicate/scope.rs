//! Names: which row a column belongs to, and whose row that is.

use super::Prover;
use super::expr::Expr;
use super::value::{Subject, Value};
use crate::catalog::{Column, Relation};
use crate::tenancy::Reach;

/// Whose row it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Identity {
    /// Tenant B's: not the context's.
    Other,
    /// Nobody's: the key is NULL.
    Nobody,
    /// Any.
    Any,
}

/// A row in sight, and those around it.
pub(super) struct Scope<'s> {
    pub(super) relation: &'s Relation,
    /// What its columns are qualified with.
    pub(super) alias: String,
    pub(super) identity: Identity,
    pub(super) outer: Option<&'s Scope<'s>>,
    /// Rows of the same FROM.
    pub(super) beside: Option<&'s Scope<'s>>,
}

impl<'s> Scope<'s> {
    /// The row that a column name means, by the server's rules as far as its printed text needs
    /// them: it qualifies every column where two rows are in sight.
    pub(super) fn find<'t>(
        &'t self,
        table: Option<&str>,
        name: &str,
    ) -> Option<(&'t Self, &'t Column)>
    where
        's: 't,
    {
        let mut level = Some(self);
        while let Some(first) = level {
            let mut at = Some(first);
            while let Some(scope) = at {
                if table.is_none_or(|table| scope.is_called(table))
                    && let Some(column) = scope.relation.column(name)
                {
                    return Some((scope, column));
                }
                at = scope.beside;
            }
            // Rows of one FROM share what is around them.
            level = first.outer;
        }
        None
    }

    /// An expression whose columns say which row they are of, to be looked at among other rows.
    pub(super) fn qualify(&self, expr: &Expr) -> Expr {
        expr.map(|table, name, around| {
            let (found, _) = self.find(table, name).filter(|_| around.is_empty())?;
            Some(Expr::Column {
                table: Some(found.alias.clone()),
                name: name.to_owned(),
            })
        })
    }

    fn is_called(&self, table: &str) -> bool {
        self.alias == table || self.relation.verbatim() == table
    }

    /// What a column of this row is worth.
    pub(super) fn value(&self, prover: &Prover<'_>, column: &Column) -> Value {
        let free = || Value::Row {
            subject: Subject {
                alias: self.alias.clone(),
                column: column.name.clone(),
                form: String::new(),
                kind: prover.kind_of(column),
                nullable: !column.not_null,
            },
        };
        if self.identity == Identity::Any {
            return free();
        }
        let reach = prover
            .tenancy
            .tables
            .get(&self.relation.oid)
            .map(|table| table.reach);
        match reach {
            Some(Reach::Key { column: key } | Reach::Registry { column: key })
                if key == column.number =>
            {
                match self.identity {
                    Identity::Other => Value::Key,
                    Identity::Nobody => Value::Null,
                    Identity::Any => free(),
                }
            }
            Some(Reach::Via {
                column: link,
                parent,
                parent_column,
            }) if link == column.number && self.identity == Identity::Other => Value::Parent {
                relation: parent,
                column: parent_column,
            },
            _ if self.identity == Identity::Other
                && prover.is_parent_column(self.relation.oid, column.number) =>
            {
                Value::Parent {
                    relation: self.relation.oid,
                    column: column.number,
                }
            }
            _ => free(),
        }
    }
}
