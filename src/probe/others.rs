//! Views, materialized views, foreign tables and unclassified tables: whatever else the application
//! may read that could carry a tenant's rows.

use std::collections::BTreeSet;

use anyhow::Result;

use super::arena::{Arena, As};
use super::channel::Channel;
use super::evidence::{self, Scene};
use super::eye::Eye;
use super::ledger::Ledger;
use super::markers::{self, Markers};
use super::reply::Reply;
use super::rights::Rights;
use super::through;
use super::world::World;
use crate::catalog::{Oid, Relation, RelationKind, Snapshot};
use crate::finding::{Class, Finding, Operation, Severity};
use crate::session::quote;
use crate::tenancy::Tenancy;

const READ: Operation = Operation::Select;

pub(super) const VIEW: Channel = Channel {
    id: "probe-view",
    title: "a view shows another organization's rows",
    tries: "SELECT from the view or materialized view with the context at A: rows with B's key, values \
            that only B's rows have, and whether what A reads changes with B's rows",
    why: "a view reads as its owner, whom policies may not bind; a materialized view shows what its owner \
          saw when it was refreshed",
    class: Class::View,
    severity: Severity::Critical,
};

pub(super) const FOREIGN_TABLE: Channel = Channel {
    id: "probe-foreign-table",
    title: "a foreign table shows another organization's rows",
    tries: "SELECT with the context at A: rows with B's key, and values that only B's rows have",
    why: "row-level security cannot be enabled on a foreign table, and the other side sees the user \
          mapping's role",
    class: Class::Surface,
    severity: Severity::Critical,
};

pub(super) const UNCLASSIFIED: Channel = Channel {
    id: "probe-unclassified",
    title: "a table that is in no configuration holds another organization's rows",
    tries: "SELECT with the context at A: rows with B's key, and values that only B's rows have",
    why: "a copy, a history, a queue: tenants' rows where nobody thought of a policy",
    class: Class::Coverage,
    severity: Severity::Critical,
};

/// Relations that are neither tenant tables nor shared, and that the application may read or, views,
/// write.
pub(super) fn targets<'t>(world: &World<'t>) -> Vec<&'t Relation> {
    let tenancy = world.tenancy;
    let readable = |relation: &&Relation| {
        relation.kind != RelationKind::Sequence
            && !relation.of_extension
            && !tenancy.tables.contains_key(&relation.oid)
            && !tenancy.shared.contains(&relation.oid)
            && world.rights.get(&relation.oid).is_some_and(|rights| {
                rights.selects_any() || !through::operations(relation, rights).is_empty()
            })
    };
    let mut found: Vec<&Relation> = tenancy
        .snapshot
        .relations
        .values()
        .filter(readable)
        .collect();
    found.sort_by_key(|relation| (&relation.schema_name, &relation.name));
    found
}

/// One relation under attack.
pub(super) struct Other<'o, 'w> {
    pub(super) world: &'o World<'w>,
    pub(super) eye: &'o Eye<'o>,
    pub(super) relation: &'o Relation,
    pub(super) rights: &'o Rights,
    /// What A's rows are recognised by.
    pub(super) a: &'o Markers,
    /// What B's rows are recognised by.
    pub(super) b: &'o Markers,
    pub(super) ledger: Ledger,
}

impl<'o, 'w> Other<'o, 'w> {
    /// Nothing is known of it yet; the markers are A's and B's.
    pub(super) fn at(
        (world, eye): (&'o World<'w>, &'o Eye<'o>),
        relation: &'o Relation,
        (a, b): (&'o Markers, &'o Markers),
    ) -> Self {
        Self {
            world,
            eye,
            relation,
            rights: world.rights_on(relation.oid),
            a,
            b,
            ledger: Ledger::default(),
        }
    }
}

impl Other<'_, '_> {
    /// By the tenant key where the relation has one, by recognisable values otherwise.
    pub(super) async fn attack(&mut self, arena: &mut Arena<'_>) -> Result<()> {
        let keys = key_names(self.world.tenancy);
        let column = self.relation.columns.iter().find(|column| {
            keys.contains(column.name.as_str()) && self.rights.may_select(&column.name)
        });
        match column {
            Some(column) => self.by_key(arena, &quote::ident(&column.name)).await,
            None => self.by_markers(arena).await,
        }
    }

    async fn by_key(&mut self, arena: &mut Arena<'_>, key: &str) -> Result<()> {
        let name = self.name();
        let (a, b) = (self.world.a.clone(), self.world.b.clone());
        let of = |organization: &str| {
            format!(
                "select {key}::text from {name} where {key}::text = {} limit 1",
                quote::literal(organization)
            )
        };
        let direct = of(&b);
        let reply = arena.attempt(As::Context(&a), &direct).await?;
        if reply.value().is_some() {
            self.leak(arena, Severity::Critical, &[(As::Context(&a), &direct)]);
            return Ok(());
        }
        if self.settle(&reply) {
            return Ok(());
        }
        let wide = format!(
            "select distinct {key}::text from {name} where {key}::text is distinct from {} limit 50",
            quote::literal(&a)
        );
        let reply = arena.attempt(As::Context(&a), &wide).await?;
        if self.names_an_organization(&reply).await? {
            self.leak(arena, Severity::Critical, &[(As::Context(&a), &wide)]);
            return Ok(());
        }
        if self.settle(&reply) {
            return Ok(());
        }
        let nothing = As::Context(self.world.unknown());
        let any = format!("select distinct {key}::text from {name} limit 50");
        for who in [nothing, As::Context("")] {
            let reply = arena.attempt(who, &any).await?;
            if self.names_an_organization(&reply).await? {
                self.leak(arena, Severity::Critical, &[(who, &any)]);
                return Ok(());
            }
        }
        let own = arena.attempt(As::Context(&b), &direct).await?;
        if own.value().is_none() {
            self.unproven("the other organization has no row in it to find".to_owned());
        }
        Ok(())
    }

    async fn names_an_organization(&self, reply: &Reply) -> Result<bool> {
        let seen: Vec<String> = reply
            .rows()
            .iter()
            .filter_map(|row| row.first()?.as_deref())
            .map(quote::literal)
            .collect();
        if seen.is_empty() {
            return Ok(false);
        }
        let sql = format!(
            "select 1 from {} where {}::text in ({}) limit 1",
            self.world.tenancy.registry.qualified(),
            quote::ident(&self.world.tenancy.settings.tenancy.registry_id),
            seen.join(", ")
        );
        Ok(!self.eye.ask(&sql).await?.rows().is_empty())
    }

    async fn by_markers(&mut self, arena: &mut Arena<'_>) -> Result<()> {
        let (a, b) = (self.world.a.clone(), self.world.b.clone());
        let search = self.search(self.b);
        let reply = arena.attempt(As::Context(&a), &search).await?;
        if let Some(source) = self.recognised(&reply).await? {
            let shown = format!(
                "select * from {} /* holds a value of {source} */",
                self.name()
            );
            let message = self.shows(&format!("another organization's {source}"));
            self.record(
                arena,
                (Severity::Critical, message),
                &[(As::Context(&a), &shown)],
            );
            return Ok(());
        }
        if self.settle(&reply) {
            return Ok(());
        }
        let theirs = arena.attempt(As::Context(&b), &search).await?;
        let own = self.search(self.a);
        let mine = arena.attempt(As::Context(&a), &own).await?;
        if !theirs.rows().is_empty() || !mine.rows().is_empty() {
            return Ok(());
        }
        let any = format!("select 1 from {} limit 1", self.name());
        let reply = arena.attempt(As::Context(&a), &any).await?;
        let reads_tenants = !bases(self.world.tenancy, self.relation.oid).is_empty();
        if self.b.0.is_empty() && !reply.rows().is_empty() && !reads_tenants {
            self.unproven(
                "there is no value to recognise another organization's rows by".to_owned(),
            );
            return Ok(());
        }
        match (reply.rows().is_empty(), reads_tenants) {
            (true, _) => self.unproven(
                "it is empty; where it never holds a tenant's data, list it in [tables] shared"
                    .to_owned(),
            ),
            (false, true) => self.unproven(
                "it is made from tenant tables, and no value in it tells whose it is".to_owned(),
            ),
            (false, false) => self.ledger.held_because(
                &self.name(),
                READ,
                format!(
                    "none of {} values of the other organization's rows is in it",
                    self.b.0.len()
                ),
            ),
        }
        Ok(())
    }

    /// All that may be read of a row `x`, as one text.
    pub(super) fn whole_row(&self) -> String {
        let columns: Vec<String> = self
            .relation
            .columns
            .iter()
            .filter(|column| self.rights.may_select(&column.name))
            .map(|column| format!("x.{}", quote::ident(&column.name)))
            .collect();
        format!("row({})::text", columns.join(", "))
    }

    /// Rows in which one of the values stands.
    fn search(&self, markers: &Markers) -> String {
        let row = self.whole_row();
        format!(
            "select {row} from {} x where {row} like any ({}) limit 20",
            self.name(),
            markers.patterns()
        )
    }

    /// Where a value of B's that no other row has was taken from.
    async fn recognised(&self, reply: &Reply) -> Result<Option<String>> {
        let snapshot = self.world.tenancy.snapshot;
        for row in reply.rows() {
            let text = row.first().cloned().flatten().unwrap_or_default();
            for marker in self.b.within(&text) {
                if markers::is_unique(self.eye, snapshot, marker).await? {
                    let relation = &snapshot.relations[&marker.oid];
                    return Ok(Some(format!(
                        "{}.{}",
                        relation.qualified(),
                        quote::ident(&marker.column)
                    )));
                }
            }
        }
        Ok(None)
    }

    /// Books an attack that found nothing; whether it was the last one worth making.
    fn settle(&mut self, reply: &Reply) -> bool {
        match reply.refused() {
            Some(refused) if refused.timed_out() => {
                self.unproven(format!(
                    "an attack did not come to an end: {}",
                    refused.text
                ));
                true
            }
            Some(refused) if refused.state == "42501" => {
                let why = refused.text.clone();
                self.ledger.held_because(&self.name(), READ, why);
                true
            }
            Some(refused) => {
                self.unproven(format!("it cannot be read: {}", refused.text));
                true
            }
            None => {
                self.ledger.held(&self.name(), READ);
                false
            }
        }
    }

    pub(super) fn unproven(&mut self, why: String) {
        self.ledger.unproven(&self.name(), READ, why);
    }

    pub(super) fn name(&self) -> String {
        self.relation.qualified()
    }

    fn leak(&mut self, arena: &Arena<'_>, severity: Severity, steps: &[(As<'_>, &str)]) {
        let message = self.shows("rows of other organizations");
        self.record(arena, (severity, message), steps);
    }

    /// "view public.v shows …"
    pub(super) fn shows(&self, what: &str) -> String {
        format!("{} {} shows {what}", self.relation.kind.word(), self.name())
    }

    pub(super) fn record(
        &mut self,
        arena: &Arena<'_>,
        (severity, message): (Severity, String),
        steps: &[(As<'_>, &str)],
    ) {
        let scene = Scene {
            context: self.world.context(),
            role: self.world.app_role(),
            prologue: &arena.prologue,
            as_login: self.world.as_login,
        };
        let class = match self.relation.kind {
            RelationKind::View | RelationKind::MaterializedView => Class::View,
            RelationKind::ForeignTable => Class::Surface,
            _ => Class::Coverage,
        };
        let channel = match class {
            Class::View => &VIEW,
            Class::Surface => &FOREIGN_TABLE,
            _ => &UNCLASSIFIED,
        };
        let finding = Finding {
            check: channel.id.to_owned(),
            class,
            severity,
            object: self.name(),
            message,
            path: vec![
                self.world.app_role().to_owned(),
                format!("SELECT on {}", self.name()),
                self.because(),
            ],
            evidence: Some(evidence::script(&scene, steps)),
            fix: self.fix(),
        };
        self.ledger.leak(Some(READ), finding);
    }

    fn because(&self) -> String {
        let owner = self.world.tenancy.snapshot.role_name(self.relation.owner);
        match self.relation.kind {
            RelationKind::View if !self.relation.security_invoker => {
                format!("as its owner {owner}")
            }
            RelationKind::View => "as the application itself".to_owned(),
            RelationKind::MaterializedView => format!("rows stored as {owner} saw them"),
            RelationKind::ForeignTable => "with the rights of its user mapping".to_owned(),
            _ => "no policy protects it".to_owned(),
        }
    }

    fn fix(&self) -> Option<String> {
        let invoker = self.relation.kind == RelationKind::View
            && !self.relation.security_invoker
            && self.world.tenancy.snapshot.server.major() >= 15;
        let name = self.name();
        match self.relation.kind {
            _ if invoker => Some(format!("ALTER VIEW {name} SET (security_invoker = true);")),
            RelationKind::MaterializedView | RelationKind::ForeignTable => Some(format!(
                "REVOKE SELECT ON {name} FROM {};",
                quote::ident(self.world.app_role())
            )),
            _ => None,
        }
    }
}

/// The names that a column with the tenant's id has in this database.
fn key_names<'t>(tenancy: &'t Tenancy<'_>) -> BTreeSet<&'t str> {
    let settings = tenancy.settings;
    settings
        .tables
        .key
        .values()
        .map(String::as_str)
        .chain([settings.tenancy.key.as_str()])
        .collect()
}

/// The tenant tables that a view is made from, through however many other views.
pub(super) fn bases(tenancy: &Tenancy<'_>, start: Oid) -> BTreeSet<Oid> {
    let snapshot: &Snapshot = tenancy.snapshot;
    let mut seen = BTreeSet::from([start]);
    let mut found = BTreeSet::new();
    let mut todo = vec![start];
    while let Some(oid) = todo.pop() {
        let Some(relation) = snapshot.relations.get(&oid) else {
            continue;
        };
        let reads = relation.rules.iter().filter(|rule| rule.event == '1');
        for next in reads.flat_map(|rule| &rule.refers_to) {
            if tenancy.tables.contains_key(next) {
                found.insert(*next);
            } else if seen.insert(*next) {
                todo.push(*next);
            }
        }
    }
    found
}
