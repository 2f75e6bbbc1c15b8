//! Mutants of a table itself: its flags, its privileges, its keys.

use super::{NAME, OfTable, Target};
use crate::catalog::{Index, RelationKind};
use crate::mutants::kind;
use crate::mutants::mutant::Mutant;
use crate::session::quote;

pub(super) const KINDS: &[OfTable] = &[
    rls_off,
    owned_not_forced,
    truncate,
    references,
    trigger,
    foreign_key,
    unique,
    partition,
    child,
];

fn rls_off(t: &Target<'_>) -> Option<Mutant> {
    let sql = format!("alter table {} disable row level security", t.name);
    t.may.select.then(|| t.mutant(&kind::RLS_OFF, vec![sql]))
}

fn owned_not_forced(t: &Target<'_>) -> Option<Mutant> {
    let sql = vec![
        format!("alter table {} no force row level security", t.name),
        format!("alter table {} owner to {}", t.name, t.app),
    ];
    let owned = t.relation.owner == t.ground.app.oid;
    (!owned).then(|| t.mutant(&kind::OWNED_NOT_FORCED, sql))
}

fn granted(t: &Target<'_>, kind: &'static kind::Kind, word: &str) -> Mutant {
    t.mutant(
        kind,
        vec![format!("grant {word} on {} to {}", t.name, t.app)],
    )
}

fn truncate(t: &Target<'_>) -> Option<Mutant> {
    t.may
        .select
        .then(|| granted(t, &kind::TRUNCATE, "truncate"))
}

fn references(t: &Target<'_>) -> Option<Mutant> {
    t.may
        .select
        .then(|| granted(t, &kind::REFERENCES, "references"))
}

fn trigger(t: &Target<'_>) -> Option<Mutant> {
    t.may.select.then(|| granted(t, &kind::TRIGGER, "trigger"))
}

/// A reference to the table's own rows, whosever they are: 23503 tells whether a key is there.
fn foreign_key(t: &Target<'_>) -> Option<Mutant> {
    let single = |index: &&Index| index.primary && index.columns.len() == 1;
    let primary = t.relation.indexes.iter().find(single)?;
    let column = t.relation.attribute(primary.columns[0])?;
    let kind = &t.ground.tenancy.snapshot.types.get(&column.type_oid)?.name;
    let sql = format!(
        "alter table {} add column {NAME} {kind} references {} ({})",
        t.name,
        t.name,
        quote::ident(&column.name)
    );
    (t.may.insert || t.may.update).then(|| t.mutant(&kind::FOREIGN_KEY, vec![sql]))
}

fn unique(t: &Target<'_>) -> Option<Mutant> {
    let sql = format!("alter table {} add column {NAME} text unique", t.name);
    // A partition's columns are its parent's.
    let plain = t.relation.kind == RelationKind::Table && !t.relation.is_partition;
    (plain && (t.may.insert || t.may.update)).then(|| t.mutant(&kind::UNIQUE, vec![sql]))
}

fn partition(t: &Target<'_>) -> Option<Mutant> {
    let sql = vec![
        format!("alter table {} disable row level security", t.name),
        format!("grant select on {} to {}", t.name, t.app),
    ];
    t.relation
        .is_partition
        .then(|| t.mutant(&kind::PARTITION, sql))
}

fn child(t: &Target<'_>) -> Option<Mutant> {
    if t.relation.kind != RelationKind::Table || t.relation.is_partition {
        return None;
    }
    let stored = t.relation.columns.iter().filter(|column| !column.generated);
    let names: Vec<String> = stored.map(|column| quote::ident(&column.name)).collect();
    let (child, names) = (t.fresh(), names.join(", "));
    let sql = vec![
        format!("create table {child} () inherits ({})", t.name),
        format!(
            "insert into {child} ({names}) select {names} from only {}",
            t.name
        ),
        format!("grant select on {child} to {}", t.app),
    ];
    t.may
        .select
        .then(|| t.mutant(&kind::CHILD, sql).opening([child]))
}
