//! The registry's columns, found in the snapshot as `[registry]` names them.

use anyhow::{Context, Result};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use super::Organization;
use crate::catalog::{Column, Oid, Relation, Snapshot};
use crate::exit::usage;
use crate::session::{error::explain, quote};
use crate::settings::Settings;

/// `bool`, `bpchar`, `varchar` and `bit` in `pg_type`.
const BOOL: Oid = 16;
const BPCHAR: Oid = 1042;
const VARCHAR: Oid = 1043;
const BIT: Oid = 1560;

/// The table of organizations.
#[derive(Clone, Copy, Debug)]
pub struct Registry<'a> {
    /// Where its types are described.
    pub snapshot: &'a Snapshot,
    /// The table.
    pub relation: &'a Relation,
    /// `[tenancy] registry_id`.
    pub id: &'a Column,
    /// `[registry] name`; where that is not set, a column called `name`.
    pub name: Option<&'a Column>,
    /// `[registry] slug`; where that is not set, a column called `slug`.
    pub slug: Option<&'a Column>,
    /// `[registry] active`.
    pub active: Option<&'a Column>,
}

impl<'a> Registry<'a> {
    /// Finds the registry and its columns.
    ///
    /// # Errors
    /// A usage error that names what the configuration names and the database does not have.
    pub fn locate(snapshot: &'a Snapshot, settings: &Settings) -> Result<Self> {
        let wanted = &settings.tenancy.registry;
        let relation = snapshot
            .find_verbatim(wanted)
            .filter(|relation| relation.kind.is_table())
            .ok_or_else(|| {
                let tables = snapshot.relations.values().filter(|r| r.kind.is_table());
                usage(format!(
                    "[tenancy] registry: table {wanted} does not exist in database {}{}",
                    snapshot.server.database,
                    nearest(wanted, tables.map(Relation::verbatim))
                ))
            })?;
        let column = |key: &str, name: &str| {
            relation.column(name).ok_or_else(|| {
                let names = relation.columns.iter().map(|column| column.name.as_str());
                usage(format!(
                    "{key}: table {} has no column {name}{}",
                    relation.verbatim(),
                    nearest(name, names)
                ))
            })
        };
        let optional = |key: &str, named: Option<&String>, usual: &str| match named {
            Some(name) => column(key, name).map(Some),
            None => Ok(relation.column(usual)),
        };
        let active = match &settings.registry.active {
            Some(name) => Some(column("[registry] active", name)?),
            None => None,
        };
        if let Some(active) = active
            && snapshot.base_type(active.type_oid) != BOOL
        {
            return Err(usage(format!(
                "[registry] active: column {} of {} is not boolean",
                active.name,
                relation.verbatim()
            )));
        }
        Ok(Self {
            snapshot,
            relation,
            id: column("[tenancy] registry_id", &settings.tenancy.registry_id)?,
            name: optional("[registry] name", settings.registry.name.as_ref(), "name")?,
            slug: optional("[registry] slug", settings.registry.slug.as_ref(), "slug")?,
            active,
        })
    }

    /// The table's name for a statement.
    pub fn table(&self) -> String {
        self.relation.qualified()
    }

    /// What a text is cast to in order to be stored in a column.
    ///
    /// # Errors
    /// The type is one that the snapshot does not hold: a row type.
    pub fn cast(&self, column: &Column) -> Result<String> {
        cast(self.snapshot, column.type_oid).with_context(|| {
            format!(
                "column {} of {} has a type that no text can be given for",
                column.name,
                self.relation.verbatim()
            )
        })
    }

    /// How many characters the column holds, for a `varchar(n)`.
    pub fn room(&self, column: &Column) -> Option<usize> {
        let bounded = column.type_oid == VARCHAR && column.type_mod > 4;
        bounded.then(|| usize::try_from(column.type_mod - 4).unwrap_or(usize::MAX))
    }

    /// Whether a usable unique index stands on this column alone, all rows, as it is.
    pub fn is_unique(&self, column: &Column) -> bool {
        self.relation.indexes.iter().any(|index| {
            index.unique && index.usable && !index.partial && index.columns == [column.number]
        })
    }

    /// The select list that [`Registry::read`] reads.
    pub(super) fn select_list(&self) -> String {
        let text = |column: Option<&Column>| match column {
            Some(column) => format!("{}::text", quote::ident(&column.name)),
            None => "null::text".to_owned(),
        };
        let active = match self.active {
            Some(column) => format!("{}::boolean", quote::ident(&column.name)),
            None => "null::boolean".to_owned(),
        };
        format!(
            "{}, {}, {}, {active}",
            text(Some(self.id)),
            text(self.name),
            text(self.slug)
        )
    }

    pub(super) fn read(row: &Row) -> Result<Organization> {
        let organization = || {
            Ok(Organization {
                id: row.try_get(0)?,
                name: row.try_get(1)?,
                slug: row.try_get(2)?,
                active: row.try_get(3)?,
            })
        };
        organization()
            .map_err(explain)
            .context("cannot read an organization")
    }
}

/// The type's name for a cast. `character` and `bit` without a length mean a length of one there,
/// and would cut the value without a word.
pub(super) fn cast(snapshot: &Snapshot, oid: Oid) -> Option<String> {
    Some(match oid {
        BPCHAR => "pg_catalog.bpchar".to_owned(),
        BIT => "pg_catalog.\"bit\"".to_owned(),
        oid => snapshot.types.get(&oid)?.name.clone(),
    })
}

/// Whether row security filters what the connected role sees of a table.
///
/// # Errors
/// The server's, explained.
pub async fn row_security_active(client: &Client, relation: &Relation) -> Result<bool> {
    let sql = "select pg_catalog.row_security_active($1::oid)";
    let rows = client
        .query_typed(sql, &[(&relation.oid, Type::OID)])
        .await
        .map_err(explain)
        .with_context(|| format!("cannot look at {}", relation.qualified()))?;
    let active = rows.first().map(|row| row.try_get(0)).transpose();
    Ok(active.map_err(explain)?.unwrap_or(false))
}

/// "; did you mean x?" where something is close.
pub(super) fn nearest(wanted: &str, known: impl Iterator<Item = impl AsRef<str>>) -> String {
    known
        .map(|name| (strsim::jaro_winkler(wanted, name.as_ref()), name))
        .filter(|(score, _)| *score > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!("; did you mean {}?", name.as_ref()))
        .unwrap_or_default()
}
