//! What type the new key has, and whether what it is compared with can be compared.

use anyhow::{Result, bail};

use crate::catalog::{Column, Oid, Relation, Snapshot};
use crate::session::quote::ident;

/// Whether `=` of `pg_catalog` takes both: a function with a fixed search path sees no other.
pub(super) fn comparable(snapshot: &Snapshot, one: &Column, other: &Column) -> bool {
    let bases = [one, other].map(|column| snapshot.base_type(column.type_oid));
    let category = |oid: &Oid| snapshot.types.get(oid).map(|found| found.category);
    let own = bases.iter().all(|oid| *oid < FIRST_NORMAL_OID);
    let is_enum = |oid: &Oid| {
        snapshot
            .types
            .get(oid)
            .is_some_and(|found| found.kind == 'e')
    };
    if bases[0] == bases[1] {
        return own || is_enum(&bases[0]);
    }
    own && category(&bases[0]) == category(&bases[1])
        && matches!(category(&bases[0]), Some('N' | 'S'))
}

/// `FirstNormalObjectId`: below it are PostgreSQL's own objects.
const FIRST_NORMAL_OID: Oid = 16384;

/// The type of the new column, and a remark where it is not the parent's own.
pub(super) fn type_of(snapshot: &Snapshot, key: &Column) -> (String, Option<String>) {
    let (mut oid, mut plainer) = (key.type_oid, None);
    let mut at = oid;
    while let Some(domain) = snapshot.types.get(&at).filter(|found| found.kind == 'd') {
        if domain.constrained {
            oid = snapshot.base_type(oid);
            plainer = Some(format!(
                "the column has the base type of domain {}, whose constraints would make the \
                 server rewrite the table under its lock",
                domain.name
            ));
        }
        at = domain.base;
    }
    let name = match snapshot.types.get(&oid) {
        // What format_type calls "character" a column would read as character(1).
        Some(found) if found.name == "character" => "bpchar".to_owned(),
        Some(found) => found.name.clone(),
        None => format!("type {oid}"),
    };
    let bounded = matches!(name.as_str(), "character varying" | "bpchar") && key.type_mod > 4;
    let name = match (bounded, name.as_str()) {
        (true, "bpchar") => format!("character({})", key.type_mod - 4),
        (true, _) => format!("{name}({})", key.type_mod - 4),
        (false, _) => name,
    };
    (name, plainer)
}

/// A key that the table has already.
pub(super) fn fits(
    snapshot: &Snapshot,
    table: &Relation,
    found: &Column,
    key: &Column,
) -> Result<()> {
    let name = format!("{}.{}", table.qualified(), ident(&found.name));
    if found.generated {
        bail!("--add-key: {name} is there already and is generated: nothing can fill it");
    }
    if snapshot.base_type(found.type_oid) != snapshot.base_type(key.type_oid) {
        bail!("--add-key: {name} is there already and has another type than the parent's key");
    }
    Ok(())
}
