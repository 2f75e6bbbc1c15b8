//! Privileges that open a way to tenants' rows and that row-level security does not stop.

mod functions;
mod new_tables;
mod statistics;

use std::collections::BTreeSet;

use anyhow::Result;

use super::LeftAlone;
use super::held::{Holders, Object, Taken};
use super::mark::Place;
use super::outlook;
use super::revoked::Revoked;
use super::work::Desk;
use crate::catalog::{Function, Oid, Privilege, Relation, RelationKind};
use crate::catalog::{Role, Schema, Snapshot, holds};
use crate::finding::{Finding, Severity};
use crate::role::grants::PAST_POLICIES;
use crate::session::quote::ident;

/// What reads and writes rows.
const ROWS: [Privilege; 4] = [
    Privilege::Select,
    Privilege::Insert,
    Privilege::Update,
    Privilege::Delete,
];

/// Checks of the engines whose findings a REVOKE can close.
const CHECKS: [&str; 4] = [
    "partition-open",
    "materialized-view-readable",
    "foreign-table-readable",
    "definer-bypasses-rls",
];

/// What is taken at one object.
pub(super) struct Revoke {
    /// As in a report.
    pub(super) object: String,
    /// The relation; 0 for anything else.
    pub(super) relation: Oid,
    pub(super) owner: Oid,
    /// As GRANT names it.
    pub(super) on: String,
    /// Where new tables are meant: the schema that they are in.
    pub(super) schema: Option<String>,
    pub(super) revoked: Vec<Revoked>,
    pub(super) place: Place,
    pub(super) closes: Vec<&'static str>,
    pub(super) because: String,
    /// Roles whose rights it takes beside the owner's.
    pub(super) needs: Vec<Oid>,
}

/// All that can be taken, and why the rest stays.
#[derive(Default)]
pub(super) struct Revokes {
    pub(super) found: Vec<Revoke>,
    pub(super) left_alone: Vec<LeftAlone>,
}

/// Looks for them in the database as it will be once its tables are isolated.
pub(super) fn revokes(desk: Desk<'_, '_>, app: &Role, isolated: &Snapshot) -> Result<Revokes> {
    let mut search = Search {
        desk,
        holders: Holders::new(desk.tenancy.snapshot, app),
        revokes: Revokes::default(),
    };
    if app.superuser {
        search.leave(&ident(&app.name), "it is a superuser, whom no REVOKE binds");
        return Ok(search.revokes);
    }
    let findings = outlook::findings(desk, isolated, &CHECKS)?;
    search.tables(&findings);
    search.readable(&findings);
    search.statistics();
    search.schemas();
    search.functions(&findings);
    search.new_tables();
    Ok(search.revokes)
}

struct Search<'t, 'a> {
    desk: Desk<'t, 'a>,
    holders: Holders<'a>,
    revokes: Revokes,
}

impl<'a> Search<'_, 'a> {
    fn snapshot(&self) -> &'a Snapshot {
        self.desk.tenancy.snapshot
    }

    fn app(&self) -> String {
        ident(self.snapshot().role_name(self.holders.powers.role))
    }

    fn leave(&mut self, object: &str, reason: impl Into<String>) {
        self.revokes.left_alone.push(LeftAlone {
            object: object.to_owned(),
            reason: reason.into(),
        });
    }

    /// Keeps what was taken at a relation; `of` says what it is and why it matters.
    fn relation(&mut self, relation: &Relation, taken: Taken, closes: Vec<&'static str>, of: &str) {
        for why in &taken.stays {
            self.leave(&relation.qualified(), why.clone());
        }
        if taken.revoked.is_empty() {
            return;
        }
        let because = format!(
            "{} holds {} on {of}{}",
            self.app(),
            taken.words.join(", "),
            taken.also()
        );
        self.revokes.found.push(Revoke {
            object: relation.qualified(),
            relation: relation.oid,
            owner: relation.owner,
            on: format!("TABLE {}", relation.qualified()),
            schema: None,
            revoked: taken.revoked,
            place: Place::relation(relation),
            closes,
            because,
            needs: Vec::new(),
        });
    }

    fn tables(&mut self, findings: &[Finding]) {
        let open = named(findings, "partition-open", Severity::High);
        for table in self.desk.tenancy.by_name() {
            let relation = self.desk.tenancy.relation(table);
            // An owner holds them without a grant.
            if relation.of_extension || self.holders.owns(relation.owner) {
                continue;
            }
            let object = Object::relation(relation);
            let mut wanted = PAST_POLICIES.to_vec();
            let child = open.contains(relation.qualified().as_str());
            if child {
                wanted.extend(ROWS);
            }
            let taken = self.holders.take(&object, &wanted);
            let mut closes: Vec<&'static str> = taken
                .words
                .iter()
                .filter_map(|word| match *word {
                    "TRUNCATE" => Some("truncate-granted"),
                    "REFERENCES" => Some("references-granted"),
                    "TRIGGER" => Some("trigger-granted"),
                    _ => None,
                })
                .collect();
            let of = if child {
                closes.push("partition-open");
                "a child that is open by its own name and needs none"
            } else {
                "a tenant table, and no policy limits it"
            };
            self.relation(relation, taken, closes, of);
        }
    }

    /// Relations that cannot have policies.
    fn readable(&mut self, findings: &[Finding]) {
        let shown = named(findings, "materialized-view-readable", Severity::Medium);
        let foreign = named(findings, "foreign-table-readable", Severity::Medium);
        let keyed = named(findings, "foreign-table-readable", Severity::High);
        for relation in self.by_name() {
            let name = relation.qualified();
            let (check, wanted, of) = match relation.kind {
                RelationKind::MaterializedView if shown.contains(name.as_str()) => (
                    "materialized-view-readable",
                    &ROWS[..1],
                    "a materialized view that stores rows of every organization; where it is \
                     needed, grant SELECT on a security_barrier view above it that filters by the \
                     context",
                ),
                RelationKind::ForeignTable if keyed.contains(name.as_str()) => (
                    "foreign-table-readable",
                    &ROWS[..],
                    "a foreign table with rows of every organization, which cannot have policies",
                ),
                RelationKind::ForeignTable if foreign.contains(name.as_str()) => {
                    self.leave(
                        &name,
                        "whose rows it shows is not in this catalog: call it shared in [tables], or \
                         revoke the application's privileges on it",
                    );
                    continue;
                }
                _ => continue,
            };
            if self.holders.owns(relation.owner) {
                self.leave(
                    &name,
                    format!("{} owns it, which no REVOKE ends", self.app()),
                );
                continue;
            }
            let taken = self.holders.take(&Object::relation(relation), wanted);
            self.relation(relation, taken, vec![check], of);
        }
    }

    fn by_name(&self) -> Vec<&'a Relation> {
        let relations = self.snapshot().relations.values();
        let mut relations: Vec<&Relation> = relations
            .filter(|relation| !relation.of_extension)
            .collect();
        relations.sort_by_key(|relation| (relation.schema_name.clone(), relation.name.clone()));
        relations
    }

    fn schemas(&mut self) {
        let tables = self.desk.tenancy.tables.values();
        let concerned: BTreeSet<Oid> = tables
            .map(|table| self.desk.tenancy.relation(table).schema)
            .collect();
        for schema in self.snapshot().schemas.values() {
            let searched = self.searched(schema);
            if self.holders.owns(schema.owner)
                || (!concerned.contains(&schema.oid) && searched.is_none())
            {
                continue;
            }
            let name = ident(&schema.name);
            let object = Object {
                owner: schema.owner,
                on: format!("SCHEMA {name}"),
                acl: schema.acl.as_deref().unwrap_or_default(),
                columns: Vec::new(),
            };
            let taken = self.holders.take(&object, &[Privilege::Create]);
            for why in &taken.stays {
                self.leave(&name, why.clone());
            }
            if taken.revoked.is_empty() {
                continue;
            }
            let what = match searched {
                Some(function) => {
                    format!("where {} looks names up as its owner", function.signature())
                }
                None => "beside tenant tables".to_owned(),
            };
            let because = format!("{} may create objects {what}{}", self.app(), taken.also());
            self.revokes.found.push(Revoke {
                object: name,
                relation: 0,
                owner: schema.owner,
                on: object.on,
                schema: None,
                revoked: taken.revoked,
                place: Place::schema(schema),
                closes: vec!["create-on-schema"],
                because,
                needs: Vec::new(),
            });
        }
    }

    /// A SECURITY DEFINER function that the application calls and that looks names up in a schema.
    fn searched(&self, schema: &Schema) -> Option<&'a Function> {
        let listed = |entry: &String| {
            let path = entry.strip_prefix("search_path=").unwrap_or_default();
            path.split(',')
                .any(|name| name.trim().trim_matches('"') == schema.name)
        };
        let mut functions = self.snapshot().functions.values();
        functions.find(|function| {
            function.security_definer
                && function.config.iter().any(listed)
                && self.executes(function)
        })
    }

    fn executes(&self, function: &Function) -> bool {
        let acl = function.acl.as_deref();
        acl.is_none() || holds(acl, &self.holders.powers.held, Privilege::Execute)
    }
}

/// The objects of a check's findings that are at least this bad.
fn named<'f>(findings: &'f [Finding], check: &str, least: Severity) -> BTreeSet<&'f str> {
    findings
        .iter()
        .filter(|finding| finding.check == check && finding.severity >= least)
        .map(|finding| finding.object.as_str())
        .collect()
}
