//! The privileges that the application role needs, and those that it lacks.
//!
//! Shared by `role create` and by `plan`, which sees tables that were added later.

use std::collections::BTreeSet;

use crate::catalog::{Oid, Privilege, Relation, RelationKind, Role, Snapshot, holds};
use crate::plan::{Expression, Place, acts_as};
use crate::session::quote::ident;
use crate::tenancy::{Reach, Tenancy};

/// What the application does with tenants' rows.
const ROWS: [Privilege; 4] = [
    Privilege::Select,
    Privilege::Insert,
    Privilege::Update,
    Privilege::Delete,
];

/// Organizations are made and removed by the administrator: deleting one cascades.
const READ: [Privilege; 1] = [Privilege::Select];

/// What no policy looks at, and an application does not need. `ddl-rowsecurity`, `ddl-priv`.
pub(crate) const PAST_POLICIES: [Privilege; 4] = [
    Privilege::Truncate,
    Privilege::References,
    Privilege::Trigger,
    Privilege::Maintain,
];

/// USAGE is enough for nextval; SELECT would tell how many rows all tenants made.
const SEQUENCE: [Privilege; 1] = [Privilege::Usage];

/// One GRANT.
#[derive(Clone, Debug)]
pub struct Grant {
    /// What it is on, as in a report.
    pub object: String,
    /// The table that it belongs to; 0 for the database or a schema.
    pub relation: Oid,
    /// Who owns the object, and so may grant.
    pub owner: Oid,
    /// As GRANT names it: `TABLE public.orders`.
    pub on: String,
    /// What is granted.
    pub privileges: Vec<&'static str>,
    /// To whom, verbatim.
    pub role: String,
    /// Where it is remembered.
    pub place: Place,
    /// Why.
    pub because: String,
}

impl Grant {
    /// The SQL.
    pub fn statement(&self) -> String {
        let privileges = self.privileges.join(", ");
        format!("GRANT {privileges} ON {} TO {}", self.on, ident(&self.role))
    }

    /// The SQL that takes it back.
    pub fn undo(&self) -> String {
        let privileges = self.privileges.join(", ");
        format!(
            "REVOKE {privileges} ON {} FROM {}",
            self.on,
            ident(&self.role)
        )
    }
}

/// What a tenant or shared table is used for, which decides the privileges.
pub(crate) fn wanted(tenancy: &Tenancy<'_>, relation: &Relation) -> &'static [Privilege] {
    match tenancy.tables.get(&relation.oid).map(|table| table.reach) {
        Some(Reach::Registry { .. }) => &READ,
        Some(_) => &ROWS,
        None => &READ,
    }
}

/// The tables that the application names: no partitions or children, which it reaches through
/// their parents without a privilege of their own; and none that cannot be isolated.
pub(crate) fn tables<'a>(tenancy: &Tenancy<'a>) -> Vec<&'a Relation> {
    let mut tables: Vec<&Relation> = tenancy
        .by_name()
        .into_iter()
        .filter(|table| table.listed && Expression::of(tenancy, table).is_ok())
        .map(|table| tenancy.relation(table))
        .filter(|relation| relation.parents.is_empty())
        .collect();
    tables.extend(
        tenancy
            .shared
            .iter()
            .filter_map(|oid| tenancy.snapshot.relations.get(oid)),
    );
    tables
}

/// The GRANTs that the role lacks; empty when it has them all.
pub fn missing(tenancy: &Tenancy<'_>, app: &Role) -> Vec<Grant> {
    let holder = Holder {
        snapshot: tenancy.snapshot,
        roles: acts_as(tenancy.snapshot, app.oid),
        name: app.name.clone(),
    };
    holder.missing(tenancy)
}

/// The GRANTs for a role that does not exist yet.
pub fn all(tenancy: &Tenancy<'_>, name: &str) -> Vec<Grant> {
    let holder = Holder {
        snapshot: tenancy.snapshot,
        roles: BTreeSet::new(),
        name: name.to_owned(),
    };
    holder.missing(tenancy)
}

struct Holder<'a> {
    snapshot: &'a Snapshot,
    /// Whose grants count; PUBLIC's always do.
    roles: BTreeSet<Oid>,
    /// Verbatim.
    name: String,
}

impl Holder<'_> {
    fn missing(&self, tenancy: &Tenancy<'_>) -> Vec<Grant> {
        let mut grants = Vec::new();
        grants.extend(self.connect());
        let tables = tables(tenancy);
        let schemas: BTreeSet<Oid> = tables.iter().map(|table| table.schema).collect();
        grants.extend(schemas.into_iter().filter_map(|schema| self.usage(schema)));
        let mut owned = std::collections::HashMap::<Oid, Vec<&Relation>>::new();
        for relation in self.snapshot.relations.values() {
            if let (RelationKind::Sequence, Some((table, _))) = (relation.kind, relation.owned_by) {
                owned.entry(table).or_default().push(relation);
            }
        }
        for table in tables {
            let wanted = wanted(tenancy, table);
            grants.extend(self.on(table, wanted, "TABLE", table.oid));
            if !wanted.contains(&Privilege::Insert) {
                continue;
            }
            for sequence in owned.get(&table.oid).into_iter().flatten() {
                if !is_identity(table, sequence) {
                    grants.extend(self.on(sequence, &SEQUENCE, "SEQUENCE", table.oid));
                }
            }
        }
        grants
    }

    fn connect(&self) -> Option<Grant> {
        let server = &self.snapshot.server;
        let held = match &server.database_acl {
            // Without a list PUBLIC may connect.
            None => true,
            Some(acl) => {
                holds(Some(acl), &self.roles, Privilege::Connect)
                    || self.roles.contains(&server.database_owner)
            }
        };
        (!held).then(|| Grant {
            object: ident(&server.database),
            relation: 0,
            owner: server.database_owner,
            on: format!("DATABASE {}", ident(&server.database)),
            privileges: vec!["CONNECT"],
            role: self.name.clone(),
            place: Place::database(server),
            because: format!("{} may not connect", ident(&self.name)),
        })
    }

    fn usage(&self, schema: Oid) -> Option<Grant> {
        let schema = self.snapshot.schemas.get(&schema)?;
        let held = self.roles.contains(&schema.owner)
            || holds(schema.acl.as_deref(), &self.roles, Privilege::Usage);
        (!held).then(|| Grant {
            object: ident(&schema.name),
            relation: 0,
            owner: schema.owner,
            on: format!("SCHEMA {}", ident(&schema.name)),
            privileges: vec!["USAGE"],
            role: self.name.clone(),
            place: Place::schema(schema),
            because: format!("{} may not use the schema", ident(&self.name)),
        })
    }

    fn on(
        &self,
        relation: &Relation,
        wanted: &[Privilege],
        kind: &str,
        table: Oid,
    ) -> Option<Grant> {
        if self.roles.contains(&relation.owner) || self.has_some(relation) {
            return None;
        }
        let lacking: Vec<&'static str> = wanted
            .iter()
            .filter(|privilege| !self.snapshot.granted(relation, &self.roles, **privilege))
            .map(|privilege| privilege.word())
            .collect();
        let lacks = format!("{} lacks {}", ident(&self.name), lacking.join(", "));
        (!lacking.is_empty()).then(|| Grant {
            object: relation.qualified(),
            relation: table,
            owner: relation.owner,
            on: format!("{kind} {}", relation.qualified()),
            privileges: lacking,
            role: self.name.clone(),
            place: Place::relation(relation),
            because: if kind == "TABLE" {
                lacks
            } else {
                format!("{lacks} on {}", relation.qualified())
            },
        })
    }
}

impl Holder<'_> {
    /// Whether somebody has decided already what the role may do here: a log that it may only add
    /// to, three columns of ten. That stays as it is. What `--privileges` takes decides nothing.
    fn has_some(&self, relation: &Relation) -> bool {
        let columns = relation
            .columns
            .iter()
            .filter_map(|column| column.acl.as_deref());
        let lists = relation.acl.as_deref().into_iter().chain(columns);
        lists
            .flatten()
            .filter(|item| !PAST_POLICIES.contains(&item.privilege))
            .any(|item| self.roles.contains(&item.grantee))
    }
}

/// Whether a sequence belongs to an identity column, whose rows need no privilege on it.
fn is_identity(table: &Relation, sequence: &Relation) -> bool {
    let column = sequence
        .owned_by
        .and_then(|(_, number)| table.attribute(number));
    column.is_some_and(|column| column.identity.is_some())
}
