//! The way back: what the marks tell was made is taken away, and nothing else.
//!
//! Needs no configuration: it may have changed since, or be lost.

mod constraints;
mod rights;

use std::collections::HashMap;

use super::isolate::actions;
use super::mark::{Mark, Place, Replaced};
use super::names;
use super::unique::joined;
use super::views;
use super::watchdog;
use super::work::Target;
use super::{Change, Kind, LeftAlone, LockMode, Plan, add_key};
use crate::catalog::{Comments, Index, Oid, Relation, RelationKind, Snapshot};
use crate::predicate;
use crate::session::quote::{ident, qualified};

/// All that has to be done for the marks to be gone.
pub fn plan(snapshot: &Snapshot, comments: &Comments) -> Plan {
    let mut way_back = WayBack {
        snapshot,
        comments,
        attached: attached(snapshot),
        plan: Plan {
            // Isolation is not undone under its eyes.
            changes: watchdog::removal(snapshot, comments).changes,
            id: Kind::Revert.word().to_owned(),
            ..Plan::default()
        },
    };
    let mut relations: Vec<&Relation> = snapshot.relations.values().collect();
    relations.sort_by_key(|relation| relation.qualified());
    way_back.constraints(&relations);
    for relation in &relations {
        way_back.indexes(relation);
    }
    for relation in &relations {
        way_back.relation(relation);
    }
    way_back.functions();
    way_back.others();
    way_back
        .plan
        .changes
        .extend(add_key::undo(snapshot, comments));
    way_back.plan
}

struct WayBack<'s> {
    snapshot: &'s Snapshot,
    comments: &'s Comments,
    attached: HashMap<Oid, Vec<Of<'s>>>,
    plan: Plan,
}

/// An index and its table.
type Of<'s> = (&'s Relation, &'s Index);

/// Indexes of partitions, by the index that they are attached to.
fn attached(snapshot: &Snapshot) -> HashMap<Oid, Vec<Of<'_>>> {
    let mut attached: HashMap<Oid, Vec<Of<'_>>> = HashMap::new();
    for relation in snapshot.relations.values() {
        for index in &relation.indexes {
            if let Some(parent) = index.parent {
                attached.entry(parent).or_default().push((relation, index));
            }
        }
    }
    attached
}

/// Statements that take one object back.
#[derive(Default)]
struct Steps {
    statements: Vec<String>,
    because: Vec<String>,
    /// Roles whose rights they take beside the owner's.
    needs: Vec<Oid>,
}

impl Steps {
    fn push(&mut self, statement: String, because: impl Into<String>) {
        self.statements.push(statement);
        self.because.push(because.into());
    }

    fn change(self, at: Target) -> Change {
        Change {
            statements: self.statements,
            because: self.because,
            needs: self.needs,
            ..Change::bare(Kind::Revert, at)
        }
    }
}

impl<'s> WayBack<'s> {
    fn mark(&self, place: &Place) -> Option<Mark> {
        place.read(self.comments).1
    }

    /// Privileges first, isolation last: never open in between.
    fn relation(&mut self, relation: &Relation) {
        let place = Place::relation(relation);
        let (own, mark) = place.read(self.comments);
        let mark = mark.unwrap_or_default();
        let mut steps = Steps::default();
        let kind = match relation.kind {
            RelationKind::Sequence => "SEQUENCE",
            _ => "TABLE",
        };
        let name = relation.qualified();
        self.revoke(&mark, &format!("{kind} {name}"), &mut steps);
        self.keep_columns(relation, &mark, &mut steps);
        let mut alters = !mark.replaced.is_empty();
        for policy in &relation.policies {
            if self
                .mark(&Place::policy(relation, policy))
                .is_some_and(|mark| mark.made)
            {
                alters = true;
                let drop = format!("DROP POLICY {} ON {name}", ident(&policy.name));
                steps.push(drop, format!("policy {} was made", ident(&policy.name)));
            }
        }
        for was in &mark.replaced {
            self.put_back(relation, was, &mut steps);
        }
        alters |= switch_back(relation, &mark, &mut steps);
        alters |= options_back(relation, &mark, &mut steps);
        let at = (format!("{kind} {name}"), relation.owner);
        self.give_back(&mark, (&at.0, at.1), None, &mut steps);
        if !mark.is_empty() {
            steps.statements.push(place.write(own, None));
        }
        let mode = if alters {
            LockMode::AccessExclusive
        } else {
            LockMode::ShareUpdateExclusive
        };
        let target = Target::of(relation, mode);
        self.push(steps, target);
    }

    fn put_back(&mut self, relation: &Relation, was: &Replaced, steps: &mut Steps) {
        let name = ident(&was.name);
        let missing = was
            .roles
            .iter()
            .find(|role| self.snapshot.role(role).is_none());
        let reason = if let Some(role) = missing {
            format!("policy {name} was TO {}, which is gone", ident(role))
        } else if !was.is_sound() {
            format!("the comment on the table tells of policy {name} what is no expression")
        } else {
            steps.push(was.create(relation), format!("policy {name} was replaced"));
            if let Some(comment) = &was.comment {
                let place = Place::new_policy(relation, &was.name);
                steps.statements.push(place.write(Some(comment), None));
            }
            return;
        };
        self.plan.left_alone.push(LeftAlone {
            object: relation.qualified(),
            reason: format!("{reason}: create it by hand"),
        });
    }

    fn index_mark(&self, relation: &Relation, index: &Index) -> Mark {
        self.mark(&Place::index(relation, index))
            .unwrap_or_default()
    }

    fn indexes(&mut self, relation: &'s Relation) {
        for index in &relation.indexes {
            let mark = self.index_mark(relation, index);
            if is_unfinished(relation, index) {
                let full = qualified(&relation.schema_name, &index.name);
                self.drop_index(relation, &full, true);
                continue;
            }
            // One that is attached goes with the index above it.
            if !mark.made || index.parent.is_some() {
                continue;
            }
            let full = qualified(&relation.schema_name, &index.name);
            if relation.kind != RelationKind::Partitioned {
                self.drop_index(relation, &full, true);
                continue;
            }
            match self.team_index_below(index) {
                None => self.drop_index(relation, &full, false),
                Some(other) => self.plan.left_alone.push(LeftAlone {
                    object: full,
                    reason: format!(
                        "dropping it would drop {other} with it, which tenantctl did not make; \
                         isolation does not depend on it"
                    ),
                }),
            }
        }
    }

    /// An index of the team's own that was attached below this one, at any depth. Those of
    /// partitions that were added later came with this one.
    fn team_index_below(&self, index: &Index) -> Option<String> {
        let mut open: Vec<Oid> = vec![index.oid];
        while let Some(at) = open.pop() {
            for (relation, below) in self.attached.get(&at).into_iter().flatten() {
                if self.index_mark(relation, below).attached {
                    return Some(qualified(&relation.schema_name, &below.name));
                }
                open.push(below.oid);
            }
        }
        None
    }

    fn drop_index(&mut self, relation: &Relation, full: &str, alone: bool) {
        let (how, mode) = if alone {
            ("INDEX CONCURRENTLY", LockMode::ShareUpdateExclusive)
        } else {
            ("INDEX", LockMode::AccessExclusive)
        };
        let mut steps = Steps::default();
        let because = format!("index {full} was made");
        steps.push(format!("DROP {how} IF EXISTS {full}"), because);
        let target = Target {
            object: full.to_owned(),
            ..Target::of(relation, mode)
        };
        self.push(steps, target);
        if let Some(change) = self.plan.changes.last_mut() {
            change.alone = alone;
            change.lock.on = relation.qualified();
        }
    }

    /// Schemas, and the database.
    fn others(&mut self) {
        for schema in self.snapshot.schemas.values() {
            let name = ident(&schema.name);
            let on = format!("SCHEMA {name}");
            let within = Some(schema.name.as_str());
            self.other(&Place::schema(schema), (&on, &name), schema.owner, within);
        }
        let server = &self.snapshot.server;
        let name = ident(&server.database);
        let on = format!("DATABASE {name}");
        self.other(
            &Place::database(server),
            (&on, &name),
            server.database_owner,
            None,
        );
    }

    fn other(&mut self, place: &Place, (on, name): (&str, &str), owner: Oid, schema: Option<&str>) {
        let (own, mark) = place.read(self.comments);
        let Some(mark) = mark else {
            return;
        };
        let mut steps = Steps::default();
        self.revoke(&mark, on, &mut steps);
        self.give_back(&mark, (on, owner), schema, &mut steps);
        steps.statements.push(place.write(own, None));
        let target = Target::other(name, owner, LockMode::ShareUpdateExclusive);
        self.push(steps, target);
    }

    fn push(&mut self, steps: Steps, at: Target) {
        if !steps.statements.is_empty() {
            self.plan.changes.push(steps.change(at));
        }
    }
}

/// Whether an index has the very name under which ours are built: a run that was killed left it.
fn is_unfinished(relation: &Relation, index: &Index) -> bool {
    if !names::is_building(&index.name) {
        return false;
    }
    let columns = joined(relation, &index.columns);
    [
        names::building(&relation.name, &columns),
        names::unique_building(&relation.name, &columns),
    ]
    .contains(&index.name)
}

/// A view's options as they were; whether there is anything to do for it.
fn options_back(view: &Relation, mark: &Mark, steps: &mut Steps) -> bool {
    let options = mark.options.iter();
    let mut any = false;
    for (option, was) in options.filter(|(option, _)| views::is_ours(option)) {
        any = true;
        steps.push(
            views::set_back(&view.qualified(), option, was.as_deref()),
            format!("{option} was {}", was.as_deref().unwrap_or("not set")),
        );
    }
    any
}

/// Row-level security as it was before the first `apply`; whether anything has to change for it.
fn switch_back(relation: &Relation, mark: &Mark, steps: &mut Steps) -> bool {
    let table = format!("ALTER TABLE {}", relation.qualified());
    let disable = mark.enabled && relation.row_security;
    let no_force = mark.forced && relation.force_row_security;
    if disable || no_force {
        let actions = actions((no_force, "NO FORCE"), (disable, "DISABLE"));
        let was = if disable { "off" } else { "not forced" };
        steps.push(
            format!("{table} {actions}"),
            format!("row-level security was {was}"),
        );
    }
    let Some(emergency) = &mark.emergency else {
        return disable || no_force;
    };
    let enable = !mark.enabled && !relation.row_security;
    let force = emergency.forced && !mark.forced && !relation.force_row_security;
    if enable || force {
        let actions = actions((enable, "ENABLE"), (force, "FORCE"));
        steps.push(
            format!("{table} {actions}"),
            "it was on until it was turned off in an emergency",
        );
    }
    disable || no_force || enable || force
}

impl Replaced {
    /// Whether its texts are expressions and nothing more.
    fn is_sound(&self) -> bool {
        let sound = |text: &Option<String>| {
            text.as_ref()
                .is_none_or(|text| predicate::expression(&format!("({text})")).is_some())
        };
        sound(&self.using) && sound(&self.check)
    }

    /// The statement that makes it again.
    pub fn create(&self, relation: &Relation) -> String {
        let mut text = format!(
            "CREATE POLICY {} ON {}",
            ident(&self.name),
            relation.qualified()
        );
        if !self.permissive {
            text.push_str(" AS RESTRICTIVE");
        }
        text.push_str(&format!(" FOR {}", self.command.word()));
        let roles: Vec<String> = self.roles.iter().map(|role| ident(role)).collect();
        if roles.is_empty() {
            text.push_str(" TO PUBLIC");
        } else {
            text.push_str(&format!(" TO {}", roles.join(", ")));
        }
        if let Some(using) = &self.using {
            text.push_str(&format!("\n  USING ({using})"));
        }
        if let Some(check) = &self.check {
            text.push_str(&format!("\n  WITH CHECK ({check})"));
        }
        text
    }
}
