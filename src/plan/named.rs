//! `--constraint ID`: what was proposed, and named, is made stage by stage.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::foreign_key::Wish;
use super::mark::{Dropped, Mark, Place};
use super::proposals::{self, Found, Narrower, Reference, Wanted};
use super::unique::{Unique, list};
use super::work::{Desk, Target, Work};
use super::{Change, Kind, LeftAlone, LockMode};
use crate::catalog::{Comments, Index, Oid, Relation};
use crate::exit::usage;
use crate::session::quote::{ident, qualified};

/// The stages that are left of what was named.
///
/// # Errors
/// There is no such proposal.
pub(super) fn changes(
    desk: Desk<'_, '_>,
    all: &[Found<'_>],
) -> Result<(Vec<Change>, Vec<LeftAlone>)> {
    let mut planner = Planner {
        desk,
        built: BTreeMap::new(),
        referring: BTreeSet::new(),
        dropped: Vec::new(),
        changes: Vec::new(),
        left_alone: Vec::new(),
    };
    for id in &desk.choice.named {
        match all.iter().find(|found| found.id == *id) {
            Some(found) => planner.make(found),
            None if is_done(desk, id) => {}
            None => {
                return Err(usage(format!(
                    "--constraint {id}: nothing of that name is proposed for database {}, so nothing \
                     was changed; `tenantctl plan --constraints` lists what is",
                    desk.tenancy.snapshot.server.database
                )));
            }
        }
    }
    Ok((planner.changes, planner.left_alone))
}

/// Whether an earlier run put something else in the place of a unique constraint.
fn is_done(desk: Desk<'_, '_>, id: &str) -> bool {
    let mut relations = desk.tenancy.snapshot.relations.values();
    relations.any(|relation| {
        let table = relation.qualified();
        let indexes = relation.indexes.iter();
        let marks = indexes.filter_map(|index| place(relation, index).read(desk.comments).1);
        let mut dropped = marks.flat_map(|mark| mark.dropped);
        dropped.any(|was| proposals::narrower_id(&table, &was.name) == id)
    })
}

/// Where an index's mark stands: at its constraint, where it backs one.
pub(super) fn place(relation: &Relation, index: &Index) -> Place {
    match relation.constraint_of(index) {
        Some(constraint) => Place::constraint(relation, constraint),
        None => Place::index(relation, index),
    }
}

/// Columns of a table and of its parent.
type Pairs = Vec<(i16, i16)>;

struct Planner<'t, 'a> {
    desk: Desk<'t, 'a>,
    /// Changes that build what is unique, by table and columns: two may need the same.
    built: BTreeMap<(Oid, BTreeSet<i16>), String>,
    /// Foreign keys that are made, by table and parent, so that none is made twice.
    referring: BTreeSet<(Oid, Oid, Pairs)>,
    /// What is dropped, and where that is remembered.
    dropped: Vec<(Place, Dropped, String)>,
    changes: Vec<Change>,
    left_alone: Vec<LeftAlone>,
}

impl Planner<'_, '_> {
    fn make(&mut self, found: &Found<'_>) {
        match &found.wanted {
            Wanted::Reference(reference) => self.reference(found, reference),
            Wanted::Unique(narrower) => self.narrow(found, narrower),
        }
    }

    fn reference(&mut self, found: &Found<'_>, reference: &Reference<'_>) {
        let key = &reference.key;
        if let Some(covering) = reference.covering {
            if covering.validated {
                return;
            }
            let (_, mark) = Place::constraint(key.table, covering).read(self.desk.comments);
            if !mark.is_some_and(|mark| mark.made) {
                self.left_alone.push(LeftAlone {
                    object: key.table.qualified(),
                    reason: format!(
                        "foreign key {} does what {} proposes and was not made by tenantctl, and is \
                         not valid yet: {}",
                        ident(&covering.name),
                        found.id,
                        key.validate_by_hand().replace('\n', " ")
                    ),
                });
                return;
            }
        }
        let mut pairs = key.pairs.clone();
        pairs.sort_unstable();
        if !self
            .referring
            .insert((key.table.oid, key.parent.oid, pairs))
        {
            return;
        }
        let begun = reference.covering.is_some();
        let above = reference.above.as_ref().filter(|_| !begun);
        let closes = "foreign-key-without-tenant";
        let after = above.map(|unique| self.build(unique, closes));
        let wish = Wish {
            closes,
            because: found.why.clone(),
            begun,
            after: after.into_iter().collect(),
        };
        let (changes, left) = key.stages(self.desk, &found.id, wish);
        self.changes.extend(changes);
        self.left_alone.extend(left);
    }

    /// The longer one first, so that there is no moment without.
    fn narrow(&mut self, found: &Found<'_>, narrower: &Narrower<'_>) {
        let closes = "unique-without-tenant";
        let relation = narrower.relation;
        let (place, mut after) = match (&narrower.unique, narrower.instead) {
            (Some(unique), _) => (
                Place::new_constraint(relation, &unique.name),
                vec![self.build(unique, closes)],
            ),
            (None, Some(index)) => (place(relation, index), Vec::new()),
            (None, None) => return,
        };
        let former = narrower.former();
        let mut work = Work::default();
        work.closes(closes);
        work.statements.push(former.drop());
        work.undo = former.by_hand();
        work.undo.reverse();
        work.because.push(found.why.clone());
        // One mark remembers all that made place for the same.
        let known = self.dropped.iter().filter(|(at, ..)| *at == place);
        let (mut all, before): (Vec<Dropped>, Vec<String>) =
            known.map(|(_, was, id)| (was.clone(), id.clone())).unzip();
        let was = dropped(self.desk.comments, narrower);
        all.push(was.clone());
        work.stamp(self.desk, &place, |mark| {
            mark.made |= narrower.unique.is_some();
            mark.dropped.extend(all);
        });
        after.extend(before.last().cloned());
        self.dropped.push((place, was, found.id.clone()));
        let target = Target::of(relation, LockMode::AccessExclusive);
        let mut change = work.transaction(Kind::Constraint, target, self.desk.id);
        change.id.clone_from(&found.id);
        change.after = after;
        self.changes.push(change);
    }

    /// The id of the change that builds it.
    fn build(&mut self, unique: &Unique<'_>, closes: &'static str) -> String {
        let relation = unique.relation;
        let columns: BTreeSet<i16> = unique.columns.iter().copied().collect();
        if let Some(id) = self.built.get(&(relation.oid, columns.clone())) {
            return id.clone();
        }
        let mark = Mark {
            plan: self.desk.id.to_owned(),
            made: true,
            ..Mark::default()
        };
        let place = Place::new_constraint(relation, &unique.name);
        let mut change = unique.change(Kind::Constraint, vec![place.write(None, Some(&mark))]);
        let id = format!("unique:{}:{}", relation.qualified(), ident(&unique.name));
        change.id.clone_from(&id);
        change.closes = vec![closes];
        change.because.push(format!(
            "nothing says that ({}) is unique",
            list(relation, &unique.columns)
        ));
        self.built.insert((relation.oid, columns), id.clone());
        self.changes.push(change);
        id
    }
}

/// What `revert` has to know to build it again.
fn dropped(comments: &Comments, narrower: &Narrower<'_>) -> Dropped {
    let (relation, old) = (narrower.relation, narrower.old);
    let columns = old.columns.iter().filter_map(|at| relation.attribute(*at));
    let comment = |place: Place| {
        let (own, mark) = place.read(comments);
        // What is ours is no comment of the team's.
        mark.is_none().then_some(own)?.map(str::to_owned)
    };
    let constraint = relation.constraint_of(old);
    Dropped {
        name: old.name.clone(),
        columns: columns.map(|column| column.name.clone()).collect(),
        constraint: narrower.constraint,
        comment: constraint.and_then(|found| comment(Place::constraint(relation, found))),
        index_comment: comment(Place::index(relation, old)),
    }
}

impl Dropped {
    /// What it was, or why it cannot be that again.
    ///
    /// # Errors
    /// A column is gone, or the name is another's by now.
    pub(super) fn unique<'r>(&self, relation: &'r Relation) -> Result<Unique<'r>, String> {
        let name = qualified(&relation.schema_name, &self.name);
        let columns = self.columns.iter().map(|column| {
            let found = relation.column(column).map(|column| column.number);
            found.ok_or_else(|| format!("{name} was on column {}, which is gone", ident(column)))
        });
        Ok(Unique {
            relation,
            columns: columns.collect::<Result<_, _>>()?,
            name: self.name.clone(),
            constraint: self.constraint,
        })
    }
}
