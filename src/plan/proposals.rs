//! Constraints that only the team can decide about: what they would be, in full SQL.
//!
//! Foreign keys and uniqueness are checked across all tenants, policies or not (`ddl-rowsecurity`).
//! With the tenant key in them they are checked within one. Nothing of this is applied unless it is
//! named.

use std::collections::BTreeSet;

use super::foreign_key::ForeignKey;
use super::free::Names;
use super::names;
use super::unique::{Unique, list};
use crate::catalog::{Column, Constraint, ConstraintKind, Index, Oid, Relation, RelationKind};
use crate::session::quote::ident;
use crate::tenancy::{Reach, Tenancy};

/// Something to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// Stable across runs: `composite-reference:public.lines:lines_order_id_fkey`.
    pub id: String,
    /// The table, qualified.
    pub object: String,
    /// What is open without it, and what to consider.
    pub why: String,
    /// As one runs them by hand, in order, none inside a transaction.
    pub statements: Vec<String>,
}

/// A proposal before it is SQL.
pub(super) struct Found<'r> {
    pub(super) id: String,
    pub(super) why: String,
    pub(super) wanted: Wanted<'r>,
}

/// What is proposed.
pub(super) enum Wanted<'r> {
    Reference(Reference<'r>),
    Unique(Narrower<'r>),
}

/// A foreign key with the tenant in it, beside one without.
pub(super) struct Reference<'r> {
    pub(super) key: ForeignKey<'r>,
    /// What the parent lacks for it.
    pub(super) above: Option<Unique<'r>>,
    /// One that does the same already.
    pub(super) covering: Option<&'r Constraint>,
}

/// Uniqueness within a tenant, in place of uniqueness across all.
pub(super) struct Narrower<'r> {
    pub(super) relation: &'r Relation,
    /// What the table lacks; where nothing, `instead` is there.
    pub(super) unique: Option<Unique<'r>>,
    pub(super) instead: Option<&'r Index>,
    pub(super) old: &'r Index,
    /// Whether the old one is a constraint; otherwise it is an index alone.
    pub(super) constraint: bool,
}

impl Narrower<'_> {
    /// The old one as it is, to drop it and to build it again.
    pub(super) fn former(&self) -> Unique<'_> {
        Unique {
            relation: self.relation,
            columns: self.old.columns.clone(),
            name: self.old.name.clone(),
            constraint: self.constraint,
        }
    }
}

impl Found<'_> {
    fn proposal(self) -> Proposal {
        let (object, statements) = match &self.wanted {
            Wanted::Reference(Reference { key, above, .. }) => {
                let mut statements = above.as_ref().map(Unique::by_hand).unwrap_or_default();
                statements.extend([key.add(), key.validate_by_hand()]);
                (key.table.qualified(), statements)
            }
            Wanted::Unique(narrower) => {
                let unique = narrower.unique.as_ref();
                let mut statements = unique.map(Unique::by_hand).unwrap_or_default();
                statements.push(narrower.former().drop());
                (narrower.relation.qualified(), statements)
            }
        };
        Proposal {
            id: self.id,
            object,
            why: self.why,
            statements,
        }
    }
}

/// What is still to be decided.
pub(super) fn open(all: Vec<Found<'_>>, named: &[String]) -> Vec<Proposal> {
    let undecided = all.into_iter().filter(|found| {
        let covered =
            matches!(&found.wanted, Wanted::Reference(wanted) if wanted.covering.is_some());
        !covered && !named.contains(&found.id)
    });
    undecided.map(Found::proposal).collect()
}

/// All of them by table, those that a longer foreign key covers already among them.
pub(super) fn find<'a>(tenancy: &Tenancy<'a>, names: &mut Names) -> Vec<Found<'a>> {
    let referenced = referenced(tenancy);
    let mut found = Vec::new();
    for table in tenancy.by_name() {
        let relation = tenancy.relation(table);
        let Some(key) = own_key(tenancy, relation) else {
            continue;
        };
        for constraint in &relation.constraints {
            found.extend(reference(
                (tenancy, &mut *names),
                (relation, key),
                constraint,
            ));
        }
        for index in &relation.indexes {
            found.extend(unique(names, (relation, key), index, &referenced));
        }
    }
    found
}

/// The key of a table that constraints can be added to without locking others.
fn own_key<'a>(tenancy: &Tenancy<'a>, relation: &Relation) -> Option<&'a Column> {
    let table = tenancy.tables.get(&relation.oid)?;
    let plain = relation.kind == RelationKind::Table && !relation.is_partition && table.listed;
    let keyed = matches!(table.reach, Reach::Key { .. });
    (plain && keyed).then(|| tenancy.key_column(relation.oid))?
}

/// The columns that foreign keys refer to, as (table, columns).
fn referenced(tenancy: &Tenancy<'_>) -> BTreeSet<(Oid, BTreeSet<i16>)> {
    let relations = tenancy.snapshot.relations.values();
    relations
        .flat_map(|relation| &relation.constraints)
        .filter(|constraint| constraint.kind == ConstraintKind::Foreign)
        .map(|constraint| {
            let columns = constraint.referenced_columns.iter().copied().collect();
            (constraint.references, columns)
        })
        .collect()
}

/// The index that makes these columns unique already. One that is checked at the end of a transaction
/// serves neither a foreign key nor ON CONFLICT.
fn unique_on<'r>(relation: &'r Relation, columns: &[i16]) -> Option<&'r Index> {
    let mut found = relation.unique_on(columns);
    found.find(|index| !names::is_building(&index.name) && !relation.defers(index))
}

/// A unique constraint that is missing.
fn wanted<'r>(names: &mut Names, relation: &'r Relation, columns: &[i16]) -> Unique<'r> {
    Unique {
        name: names.unique(relation, columns),
        relation,
        columns: columns.to_vec(),
        constraint: true,
    }
}

/// Whether a foreign key does what one with these pairs would do, in every row that has them all. A
/// further column that is NULL would let the row refer to nothing (MATCH SIMPLE).
fn covers(child: &Relation, other: &Constraint, parent: Oid, pairs: &[(i16, i16)]) -> bool {
    let others: BTreeSet<(i16, i16)> = other.pairs().collect();
    let further = others.iter().filter(|pair| !pairs.contains(pair));
    let given = |column: i16| {
        child
            .attribute(column)
            .is_some_and(|column| column.not_null)
    };
    other.kind == ConstraintKind::Foreign
        && other.references == parent
        && pairs.iter().all(|pair| others.contains(pair))
        && further.clone().all(|(column, _)| given(*column))
}

/// A foreign key between tenant tables that leaves the tenant out.
fn reference<'a>(
    (tenancy, names): (&Tenancy<'a>, &mut Names),
    (child, key): (&'a Relation, &'a Column),
    constraint: &Constraint,
) -> Option<Found<'a>> {
    let parent = tenancy.snapshot.relations.get(&constraint.references)?;
    let parent_key = own_key(tenancy, parent)?;
    // A key that the child's own row holds already is not named twice.
    if constraint.kind != ConstraintKind::Foreign
        || constraint.columns.contains(&key.number)
        || constraint.referenced_columns.contains(&parent_key.number)
    {
        return None;
    }
    let pinned = (key.number, parent_key.number);
    let pairs: Vec<(i16, i16)> = [pinned].into_iter().chain(constraint.pairs()).collect();
    let mut others = child.constraints.iter();
    let covering = others.find(|other| covers(child, other, parent.oid, &pairs));
    let (columns, above): (Vec<i16>, Vec<i16>) = pairs.iter().copied().unzip();
    let (table, old) = (child.qualified(), ident(&constraint.name));
    Some(Found {
        id: format!("composite-reference:{table}:{old}"),
        why: format!(
            "{old} is checked across tenants, so that a row can hang on another tenant's row of {}; \
             {old} itself can go once the longer one is valid, unless it sets columns when a row goes",
            parent.qualified()
        ),
        wanted: Wanted::Reference(Reference {
            above: unique_on(parent, &above)
                .is_none()
                .then(|| wanted(names, parent, &above)),
            key: ForeignKey {
                name: match covering {
                    Some(found) => found.name.clone(),
                    None => names.constraint(child, &columns, "_fkey"),
                },
                table: child,
                parent,
                pairs,
                actions: actions(constraint),
            },
            covering,
        }),
    })
}

/// What goes with the longer key. SET NULL would take the tenant with it, so that is left to the shorter
/// key, which stays. Which of the two acts first is a matter of their oids, which a restore changes:
/// where the shorter one changes rows, the longer one is checked when all is done.
fn actions(shorter: &Constraint) -> String {
    let on_delete = match shorter.on_delete {
        'c' => " ON DELETE CASCADE",
        'r' => " ON DELETE RESTRICT",
        _ => "",
    };
    let changes =
        ['n', 'd'].contains(&shorter.on_delete) || ['c', 'n', 'd'].contains(&shorter.on_update);
    let when = if shorter.deferrable || changes {
        " DEFERRABLE INITIALLY DEFERRED"
    } else {
        ""
    };
    format!("{on_delete}{when}")
}

/// The id of a proposal about what is unique now.
pub(super) fn narrower_id(table: &str, name: &str) -> String {
    format!("tenant-unique:{table}:{}", ident(name))
}

/// Uniqueness that spans tenants. Not told: what nobody can guess or chooses (a single uuid, a
/// counter), what foreign keys need, and what cannot be written anew from its columns alone.
fn unique<'a>(
    names: &mut Names,
    (relation, key): (&'a Relation, &Column),
    index: &'a Index,
    referenced: &BTreeSet<(Oid, BTreeSet<i16>)>,
) -> Option<Found<'a>> {
    let columns: BTreeSet<i16> = index.columns.iter().copied().collect();
    if !index.plain_unique
        || !index.usable
        || names::is_building(&index.name)
        || columns.contains(&key.number)
        || referenced.contains(&(relation.oid, columns))
    {
        return None;
    }
    if let [single] = index.columns[..] {
        let column = relation.attribute(single)?;
        if column.type_oid == UUID || column.identity.is_some() || counts(column) {
            return None;
        }
    }
    let longer = [&[key.number], index.columns.as_slice()].concat();
    if relation.defers(index) {
        return None;
    }
    let instead = unique_on(relation, &longer);
    let (table, old) = (relation.qualified(), ident(&index.name));
    Some(Found {
        id: narrower_id(&table, &index.name),
        why: format!(
            "{old} is unique across tenants, so that a duplicate-key error tells what another tenant \
             has; decide whether two tenants may have the same ({}), and look for ON CONFLICT in \
             the application, which has to name the longer key then",
            list(relation, &index.columns)
        ),
        wanted: Wanted::Unique(Narrower {
            relation,
            unique: instead.is_none().then(|| wanted(names, relation, &longer)),
            instead,
            old: index,
            constraint: relation.constraint_of(index).is_some(),
        }),
    })
}

const UUID: Oid = 2950;

/// An integer that is made here.
fn counts(column: &Column) -> bool {
    [20, 21, 23].contains(&column.type_oid) && column.has_default
}
