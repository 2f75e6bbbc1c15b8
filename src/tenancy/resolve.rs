//! Finds what the configuration names in the snapshot.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::{Reach, Tenancy, TenantTable};
use crate::catalog::{Oid, Relation, Snapshot};
use crate::exit::usage;
use crate::settings::{Settings, Via};

type Reaches = BTreeMap<Oid, Reach>;

pub(super) fn resolve<'a>(snapshot: &'a Snapshot, settings: &'a Settings) -> Result<Tenancy<'a>> {
    schemas_exist(snapshot, settings)?;
    let find = Finder { snapshot };
    let registry = find.table("[tenancy] registry", &settings.tenancy.registry)?;
    let registry_id = find.column(
        "[tenancy] registry_id",
        registry,
        &settings.tenancy.registry_id,
    )?;
    let mut shared = BTreeSet::new();
    for name in &settings.tables.shared {
        shared.insert(find.relation("[tables] shared", name)?.oid);
    }
    let mut reaches = keyed_tables(&find, settings, &shared)?;
    reaches.insert(
        registry.oid,
        Reach::Registry {
            column: registry_id,
        },
    );
    for (name, via) in &settings.tables.via {
        let (oid, reach) = find.via(name, via)?;
        reaches.insert(oid, reach);
    }
    parents_are_tenant_tables(snapshot, &reaches)?;
    inherit(snapshot, &mut reaches);
    let tables: BTreeMap<Oid, TenantTable> = reaches
        .into_iter()
        .map(|(oid, reach)| {
            let listed = is_listed(settings, &snapshot.relations[&oid]);
            (oid, TenantTable { oid, reach, listed })
        })
        .collect();
    something_to_look_at(settings, &tables)?;
    Ok(Tenancy {
        snapshot,
        settings,
        app: snapshot.role(&settings.tenancy.app_role),
        registry,
        tables,
        shared,
    })
}

fn is_listed(settings: &Settings, relation: &Relation) -> bool {
    settings
        .tenancy
        .schemas
        .iter()
        .any(|schema| **schema == *relation.schema_name)
}

fn something_to_look_at(settings: &Settings, tables: &BTreeMap<Oid, TenantTable>) -> Result<()> {
    let found = tables
        .values()
        .any(|table| table.listed && !matches!(table.reach, Reach::Registry { .. }));
    if found {
        return Ok(());
    }
    Err(usage(format!(
        "no table in schemas {} has the tenant key {}: nothing to look at; check [tenancy] key and schemas",
        settings.tenancy.schemas.join(", "),
        settings.tenancy.key
    )))
}

fn schemas_exist(snapshot: &Snapshot, settings: &Settings) -> Result<()> {
    for wanted in &settings.tenancy.schemas {
        let names = snapshot.schemas.values().map(|schema| schema.name.as_str());
        if !names.clone().any(|name| name == wanted) {
            return Err(usage(format!(
                "schema {wanted} does not exist in database {}{}",
                snapshot.server.database,
                nearest(wanted, names)
            )));
        }
    }
    Ok(())
}

/// Tables with the tenant key, in any schema, and those of `[tables.key]`.
fn keyed_tables(find: &Finder<'_>, settings: &Settings, shared: &BTreeSet<Oid>) -> Result<Reaches> {
    let mut tables = BTreeMap::new();
    for relation in find.snapshot.relations.values() {
        let candidate =
            relation.kind.is_table() && !relation.of_extension && !shared.contains(&relation.oid);
        if let (true, Some(column)) = (candidate, relation.column(&settings.tenancy.key)) {
            tables.insert(
                relation.oid,
                Reach::Key {
                    column: column.number,
                },
            );
        }
    }
    for (name, column) in &settings.tables.key {
        let relation = find.table("[tables.key]", name)?;
        let column = find.column(&format!("[tables.key] \"{name}\""), relation, column)?;
        tables.insert(relation.oid, Reach::Key { column });
    }
    Ok(tables)
}

fn parents_are_tenant_tables(snapshot: &Snapshot, reaches: &Reaches) -> Result<()> {
    let name = |oid: &Oid| snapshot.relations[oid].verbatim();
    for (child, reach) in reaches {
        let Reach::Via { parent, .. } = reach else {
            continue;
        };
        if !reaches.contains_key(parent) {
            return Err(usage(format!(
                "[tables.via] \"{}\" leads to {}, which is no tenant table: it has neither the tenant key nor a way to one",
                name(child),
                name(parent)
            )));
        }
        let (mut at, mut seen) = (parent, BTreeSet::from([child]));
        while let Some(Reach::Via { parent, .. }) = reaches.get(at) {
            if !seen.insert(at) {
                return Err(usage(format!(
                    "[tables.via] \"{}\" leads back to itself and never to a table with the tenant key",
                    name(child)
                )));
            }
            at = parent;
        }
    }
    Ok(())
}

/// Partitions and inheritance children belong to tenants as their parent does.
fn inherit(snapshot: &Snapshot, reaches: &mut Reaches) {
    loop {
        let mut found = Vec::new();
        for child in snapshot.relations.values() {
            if reaches.contains_key(&child.oid) || !child.kind.is_table() {
                continue;
            }
            let reach = child.parents.iter().find_map(|parent| {
                same_column(
                    snapshot.relations.get(parent)?,
                    child,
                    *reaches.get(parent)?,
                )
            });
            found.extend(reach.map(|reach| (child.oid, reach)));
        }
        if found.is_empty() {
            return;
        }
        reaches.extend(found);
    }
}

/// The same way to the tenant, by the child's own attribute numbers.
fn same_column(parent: &Relation, child: &Relation, reach: Reach) -> Option<Reach> {
    let number = |of: i16| {
        parent
            .attribute(of)
            .and_then(|column| child.column(&column.name))
            .map(|found| found.number)
    };
    Some(match reach {
        Reach::Registry { column } => Reach::Registry {
            column: number(column)?,
        },
        Reach::Key { column } => Reach::Key {
            column: number(column)?,
        },
        Reach::Via {
            column,
            parent,
            parent_column,
        } => Reach::Via {
            column: number(column)?,
            parent,
            parent_column,
        },
    })
}

struct Finder<'a> {
    snapshot: &'a Snapshot,
}

impl<'a> Finder<'a> {
    fn table(&self, key: &str, name: &str) -> Result<&'a Relation> {
        match self.relation(key, name)? {
            relation if relation.kind.is_table() => Ok(relation),
            relation => Err(usage(format!(
                "{key}: {name} is a {}, not a table",
                relation.kind.word()
            ))),
        }
    }

    fn relation(&self, key: &str, name: &str) -> Result<&'a Relation> {
        self.snapshot.find_verbatim(name).ok_or_else(|| {
            let tables = self
                .snapshot
                .relations
                .values()
                .filter(|relation| relation.kind.is_table())
                .map(Relation::verbatim);
            usage(format!(
                "{key}: table {name} does not exist in database {}{}",
                self.snapshot.server.database,
                nearest(name, tables)
            ))
        })
    }

    fn column(&self, key: &str, relation: &Relation, name: &str) -> Result<i16> {
        let found = relation.column(name).map(|column| column.number);
        found.ok_or_else(|| {
            let names = relation.columns.iter().map(|column| column.name.as_str());
            usage(format!(
                "{key}: table {} has no column {name}{}",
                relation.verbatim(),
                nearest(name, names)
            ))
        })
    }

    fn via(&self, name: &str, via: &Via) -> Result<(Oid, Reach)> {
        let child = self.table("[tables.via]", name)?;
        let key = format!("[tables.via] \"{name}\"");
        let column = self.column(&key, child, &via.column)?;
        let parent = via.parent.match_indices('.').find_map(|(dot, _)| {
            let parent = self.snapshot.find_verbatim(&via.parent[..dot])?;
            Some((parent, parent.column(&via.parent[dot + 1..])?.number))
        });
        match parent {
            Some((parent, parent_column)) => Ok((
                child.oid,
                Reach::Via {
                    column,
                    parent: parent.oid,
                    parent_column,
                },
            )),
            None => Err(usage(format!(
                "{key}: {} is no column of a table in database {}",
                via.parent, self.snapshot.server.database
            ))),
        }
    }
}

/// "; did you mean x?" where something is close.
fn nearest(wanted: &str, known: impl Iterator<Item = impl AsRef<str>>) -> String {
    known
        .map(|name| (strsim::jaro_winkler(wanted, name.as_ref()), name))
        .filter(|(score, _)| *score > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| format!("; did you mean {}?", name.as_ref()))
        .unwrap_or_default()
}
