//! What each table is: a tenant table by its key or through a parent, shared, or unclear.

use std::collections::{BTreeMap, BTreeSet};

use super::key::Candidate;
use super::scope::{Reference, Scope};
use super::{Entry, Note, Tables, words};
use crate::catalog::{Oid, Privilege, Relation, holds};

/// What the application may do by grants; owning a table is not looked at.
pub(super) struct Grants {
    /// The application's role and all that it is a member of; empty where it does not exist.
    pub(super) roles: BTreeSet<Oid>,
}

impl Grants {
    pub(super) fn reads(&self, table: &Relation) -> bool {
        self.has(table, &[Privilege::Select])
    }

    pub(super) fn writes(&self, table: &Relation) -> bool {
        self.has(
            table,
            &[Privilege::Insert, Privilege::Update, Privilege::Delete],
        )
    }

    fn has(&self, table: &Relation, any: &[Privilege]) -> bool {
        any.iter()
            .any(|what| holds(table.acl.as_deref(), &self.roles, *what))
    }
}

struct Sorting<'s, 'a> {
    scope: &'s Scope<'a>,
    best: &'s Candidate<'a>,
    /// Tenant tables found so far, with the number of steps to the key.
    tenants: BTreeMap<Oid, usize>,
    tables: Tables,
}

/// Sorts every table but the registry, and says which schemas the tenant tables are in.
pub(super) fn classify(
    scope: &Scope<'_>,
    best: &Candidate<'_>,
    grants: &Grants,
) -> (Tables, Vec<String>) {
    let mut sorting = Sorting {
        scope,
        best,
        tenants: BTreeMap::new(),
        tables: Tables::default(),
    };
    let mut rest = sorting.keyed();
    sorting.through_parents(&mut rest);
    sorting.renamed_oddly(&mut rest);
    sorting.through_parents(&mut rest);
    sorting.others(&rest, grants);
    let schemas: BTreeSet<String> = scope
        .tables
        .iter()
        .filter(|t| t.oid == best.registry.oid || sorting.tenants.contains_key(&t.oid))
        .map(|table| table.schema_name.to_string())
        .collect();
    (sorting.tables, schemas.into_iter().collect())
}

impl<'a> Sorting<'_, 'a> {
    fn unclear(&mut self, table: &Relation, why: impl Into<String>) {
        self.tables.unclassified.push(Note {
            name: table.verbatim(),
            why: why.into(),
        });
    }

    /// Takes the tables with the key; what is left comes back.
    fn keyed(&mut self) -> Vec<&'a Relation> {
        let mut rest = Vec::new();
        for table in &self.scope.tables {
            if table.oid == self.best.registry.oid {
                continue;
            }
            if table.column(&self.best.key).is_some() {
                self.tenants.insert(table.oid, 0);
                self.tables.keyed += 1;
                continue;
            }
            let references = self.scope.references(table);
            let to_registry: BTreeSet<&str> = references
                .iter()
                .filter(|one| {
                    one.table.oid == self.best.registry.oid
                        && one.target.number == self.best.id.number
                })
                .map(|one| one.column.name.as_str())
                .collect();
            let columns: Vec<&str> = to_registry.into_iter().collect();
            match columns.as_slice() {
                [] => rest.push(*table),
                // `guest_organization` may name another tenant than the row's own: a parent that
                // every row has says more.
                [column] if self.is_plainly_key(column) => self.renamed(table, column),
                [_] => rest.push(*table),
                several => self.unclear(
                    table,
                    format!(
                        "{} columns reference {}: {}; put the one that owns the row under [tables.key]",
                        several.len(),
                        self.best.registry.verbatim(),
                        several.join(", ")
                    ),
                ),
            }
        }
        rest
    }

    fn is_plainly_key(&self, column: &str) -> bool {
        words::is_about(&words::stem(column), &self.best.registry.name)
    }

    fn renamed(&mut self, table: &Relation, column: &str) {
        self.tenants.insert(table.oid, 0);
        self.tables.key.push(Entry {
            table: table.verbatim(),
            value: column.to_owned(),
            why: format!("references {} by {column}", self.best.registry.verbatim()),
        });
    }

    /// What references the registry by a column of any name, and leads to no tenant table.
    fn renamed_oddly(&mut self, rest: &mut Vec<&'a Relation>) {
        for table in rest.clone() {
            let references = self.scope.references(table);
            let found = references.iter().find(|one| {
                one.table.oid == self.best.registry.oid && one.target.number == self.best.id.number
            });
            if let Some(found) = found {
                self.renamed(table, &found.column.name);
                rest.retain(|one| one.oid != table.oid);
            }
        }
    }

    /// Tables that lead to a tenant table, level by level, so that the shortest way is taken.
    fn through_parents(&mut self, rest: &mut Vec<&'a Relation>) {
        loop {
            let found: Vec<(&Relation, Vec<Reference<'_>>)> = rest
                .iter()
                .map(|table| (*table, self.ways(table)))
                .filter(|(_, ways)| ways.first().is_some_and(|way| way.column.not_null))
                .collect();
            if found.is_empty() {
                return;
            }
            for (table, ways) in found {
                let depth = self
                    .tenants
                    .get(&ways[0].table.oid)
                    .map_or(1, |depth| depth + 1);
                self.tables.via.push(entry(table, &ways));
                self.tenants.insert(table.oid, depth);
                rest.retain(|one| one.oid != table.oid);
            }
        }
    }

    /// The foreign keys that lead to tenant tables, best first: one that is always there, that
    /// deletes the child with its parent, and that is short.
    fn ways(&self, table: &'a Relation) -> Vec<Reference<'a>> {
        let mut ways: Vec<Reference<'a>> = self
            .scope
            .references(table)
            .into_iter()
            .filter(|one| one.table.oid != table.oid && self.tenants.contains_key(&one.table.oid))
            .collect();
        ways.sort_by_key(|way| {
            let depth = self.tenants.get(&way.table.oid).copied();
            (
                !way.column.not_null,
                !way.cascades,
                depth,
                way.column.number,
            )
        });
        ways
    }

    fn others(&mut self, rest: &[&'a Relation], grants: &Grants) {
        let referred: BTreeSet<Oid> = self
            .scope
            .tables
            .iter()
            .filter(|table| {
                table.oid == self.best.registry.oid || self.tenants.contains_key(&table.oid)
            })
            .flat_map(|table| self.scope.targets(table))
            .collect();
        let stem = words::stem(&self.best.key);
        for table in rest {
            let hint = table
                .columns
                .iter()
                .find(|column| words::hints_at(&column.name, &stem));
            let leads = self
                .scope
                .targets(table)
                .iter()
                .any(|to| *to == self.best.registry.oid || self.tenants.contains_key(to));
            if let Some(way) = self.ways(table).first() {
                let why = format!(
                    "its only way to a tenant is {} -> {}.{}, which may be null",
                    way.column.name,
                    way.table.verbatim(),
                    way.target.name
                );
                self.unclear(table, why);
            } else if leads {
                self.unclear(
                    table,
                    "it references tenant tables by several columns at once",
                );
            } else if let Some(column) = hint {
                let why = format!(
                    "its column {} may name a tenant; if so, put it under [tables.key]",
                    column.name
                );
                self.unclear(table, why);
            } else {
                self.shared_or_not(table, referred.contains(&table.oid), grants);
            }
        }
    }

    fn shared_or_not(&mut self, table: &Relation, referred: bool, grants: &Grants) {
        if words::is_of_people(&table.name) {
            return self.unclear(
                table,
                "people, and no way to a tenant: they may belong to several, and must not all be readable",
            );
        }
        let (reads, writes) = (grants.reads(table), grants.writes(table));
        let why = match (reads, writes, referred) {
            (true, false, true) => "tenant tables reference it, the application only reads it",
            (false, false, true) => "tenant tables reference it, it references none",
            (_, true, _) => {
                return self.unclear(
                    table,
                    "no way to a tenant, and the application may write it",
                );
            }
            // A log or a summary looks just like this, and nothing protects what is called shared.
            (true, false, false) => {
                return self.unclear(
                    table,
                    "no way to a tenant, and the application only reads it; reference data goes under shared",
                );
            }
            (false, false, false) => {
                return self.unclear(
                    table,
                    "no way to a tenant, and the application has no grant on it",
                );
            }
        };
        self.tables.shared.push(Note {
            name: table.verbatim(),
            why: why.into(),
        });
    }
}

fn entry(table: &Relation, ways: &[Reference<'_>]) -> Entry {
    let step = |way: &Reference<'_>| {
        format!(
            "{} -> {}.{}",
            way.column.name,
            way.table.verbatim(),
            way.target.name
        )
    };
    let mut why = format!(
        "has no tenant key; {} is NOT NULL and references {}",
        ways[0].column.name,
        ways[0].table.verbatim()
    );
    if ways.len() > 1 {
        let others: Vec<String> = ways[1..].iter().map(step).collect();
        why.push_str(&format!("; or {}", others.join(", or ")));
    }
    Entry {
        table: table.verbatim(),
        value: step(&ways[0]),
        why,
    }
}
