//! Which mutants a schema has: each kind wherever it applies, derived from the catalog.

mod objects;
mod policies;
mod roles;
mod sample;
mod tables;

use std::collections::{BTreeSet, HashMap};

pub(super) use objects::setting;

use super::kind::Kind;
use super::mutant::Mutant;
use crate::catalog::{Oid, Relation, Role};
use crate::session::quote;
use crate::tenancy::{Reach, Tenancy, TenantTable};

/// What mutants create is called so.
pub(super) const NAME: &str = "tenantctl_mutant";

/// What the application's role may do on a table as it is.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct May {
    pub(super) select: bool,
    pub(super) insert: bool,
    pub(super) update: bool,
    pub(super) delete: bool,
}

/// What mutants are derived from.
pub(super) struct Ground<'a> {
    pub(super) tenancy: &'a Tenancy<'a>,
    pub(super) app: &'a Role,
    pub(super) may: HashMap<Oid, May>,
    /// Objects that leak before anything was broken.
    pub(super) open: BTreeSet<String>,
    /// An organization of the copy.
    pub(super) organization: String,
    /// How many tables each kind is tried on; 0 is all.
    pub(super) tables: usize,
}

/// The mutants of a schema, by kind, and how many more there would have been.
pub(super) fn derive(ground: &Ground<'_>, only: &[String]) -> (Vec<Mutant>, usize) {
    let takes = |mutant: &Mutant| only.is_empty() || only.iter().any(|id| id == mutant.kind.id);
    let mut mutants = Vec::new();
    let mut left = 0;
    for kind in [
        tables::KINDS,
        policies::KINDS,
        objects::KINDS,
        roles::KINDS_OF_TABLES,
    ]
    .concat()
    {
        let all: Vec<(Shape, Mutant)> = ground
            .closed()
            .filter_map(|target| Some((target.shape(), kind(&target)?)))
            .filter(|(_, mutant)| takes(mutant))
            .collect();
        let (kept, more) = sample::sample(all, ground.tables);
        left += more;
        mutants.extend(kept);
    }
    let once = objects::once(ground).into_iter().chain(roles::once(ground));
    mutants.extend(once.filter(takes));
    (mutants, left)
}

/// Makes a mutant of a table, or says that the kind does not apply to it.
pub(super) type OfTable = fn(&Target<'_>) -> Option<Mutant>;

/// What tables differ in that may matter to a check: one of each is tried before two of one.
pub(super) type Shape = (u8, bool, bool, bool);

/// A closed tenant table.
pub(super) struct Target<'a> {
    pub(super) ground: &'a Ground<'a>,
    pub(super) table: &'a TenantTable,
    pub(super) relation: &'a Relation,
    /// Its name as SQL.
    pub(super) name: String,
    /// The application's role as SQL.
    pub(super) app: String,
    pub(super) may: May,
}

impl<'a> Ground<'a> {
    /// Tables that policies close to the application: only they can be opened.
    pub(super) fn closed(&'a self) -> impl Iterator<Item = Target<'a>> {
        let tables = self.tenancy.by_name().into_iter();
        tables.filter_map(|table| {
            let relation = self.tenancy.relation(table);
            let name = relation.qualified();
            let exempt = self.app.superuser || self.app.bypass_rls;
            (relation.row_security && !exempt && !self.open.contains(&name)).then(|| Target {
                ground: self,
                table,
                relation,
                app: quote::ident(&self.app.name),
                may: self.may.get(&relation.oid).copied().unwrap_or_default(),
                name,
            })
        })
    }

    /// Of those, the first that the application may read.
    pub(super) fn first(&'a self) -> Option<Target<'a>> {
        self.closed().find(|target| target.may.select)
    }
}

impl Target<'_> {
    fn shape(&self) -> Shape {
        let reach = match self.table.reach {
            Reach::Registry { .. } => 0,
            Reach::Key { .. } => 1,
            Reach::Via { .. } => 2,
        };
        let relation = self.relation;
        (
            reach,
            relation.is_partition,
            relation.kind == crate::catalog::RelationKind::Partitioned,
            relation.policies.iter().any(|policy| !policy.permissive),
        )
    }

    /// Its tenant key as SQL, where it has one of its own.
    pub(super) fn key(&self) -> Option<String> {
        let column = self.relation.attribute(self.table.reach.key()?)?;
        Some(quote::ident(&column.name))
    }

    /// What the context says, as text: an SQL expression that is NULL where it was never set.
    pub(super) fn context(&self) -> String {
        format!(
            "current_setting({}, true)",
            quote::literal(&self.ground.tenancy.settings.tenancy.context)
        )
    }

    /// Something new in its schema, as SQL.
    pub(super) fn fresh(&self) -> String {
        quote::qualified(&self.relation.schema_name, NAME)
    }

    /// The superuser of the copy.
    pub(super) fn superuser(&self) -> String {
        quote::ident(self.ground.superuser())
    }

    pub(super) fn mutant(&self, kind: &'static Kind, sql: Vec<String>) -> Mutant {
        Mutant::new(kind, self.name.clone(), sql).opening([self.ground.app.name.clone()])
    }
}

/// The role that initdb made; `pg_authid.dat` gives it this oid.
pub(super) const BOOTSTRAP: Oid = 10;

impl Ground<'_> {
    fn superuser(&self) -> &str {
        self.tenancy.snapshot.role_name(BOOTSTRAP)
    }
}
