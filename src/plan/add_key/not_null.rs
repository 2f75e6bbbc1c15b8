//! The stages of NOT NULL of a key that was added.

use super::subject::Subject;
use crate::catalog::{Column, Constraint, Relation};
use crate::plan::mark::Place;
use crate::plan::not_null::{self, NotNull};
use crate::plan::work::{Desk, Target, Work};
use crate::plan::{Change, Effort, Kind, LockMode, names};

/// The steps that are left, each after the one before it.
pub(super) fn changes(
    desk: Desk<'_, '_>,
    subject: &Subject<'_>,
    after: Vec<String>,
) -> Vec<Change> {
    let check = name(subject.relation, subject.key);
    let wanted = NotNull {
        relation: subject.relation,
        column: subject.key,
        check: &check,
    };
    let mut changes = Vec::new();
    if !found(subject).is_some_and(|check| check.validated) {
        let mut work = Work::default();
        work.push(
            wanted.add(),
            wanted.drop(),
            "holds for new rows at once; those that are there are looked at without a lock that \
             anybody notices",
        );
        changes.push(step(desk, work, (subject.relation, "check"), after));
        let partitions = subject
            .leaves
            .iter()
            .filter(|leaf| leaf.oid != subject.relation.oid);
        for at in partitions.chain([&subject.relation]) {
            let before = changes.last().map(|change| change.id.clone());
            changes.push(validate(desk, wanted, at, before));
        }
    }
    let mut work = Work::default();
    work.push(
        wanted.set(),
        not_null::unset(subject.relation, subject.key),
        "every row has a key: the valid CHECK spares the scan",
    );
    work.statements.push(wanted.drop());
    if let Some(column) = subject.found {
        let place = Place::column(subject.relation, column);
        work.stamp(desk, &place, |mark| mark.not_null = !mark.made);
    }
    let before = changes
        .last()
        .map(|change| change.id.clone())
        .into_iter()
        .collect();
    changes.push(step(desk, work, (subject.relation, ""), before));
    changes
}

/// Of a run that was killed: while it is there, rows that have no key cannot even be changed.
pub(super) fn drop_leftover(subject: &Subject<'_>, work: &mut Work) {
    if found(subject).is_some_and(|check| !check.validated) {
        work.statements.push(drop_of(subject.relation, subject.key));
        work.because.push(
            "a check that an earlier run left keeps rows without a key from being changed"
                .to_owned(),
        );
    }
}

fn validate(
    desk: Desk<'_, '_>,
    wanted: NotNull<'_>,
    at: &Relation,
    before: Option<String>,
) -> Change {
    let mut work = Work::default();
    work.statements.push(wanted.validate(at));
    work.because
        .push("reads every row and blocks neither reads nor writes".to_owned());
    let mut change = step(desk, work, (at, "validate"), before.into_iter().collect());
    change.lock.mode = LockMode::ShareUpdateExclusive;
    change.effort = Effort::Scan;
    // Otherwise a row that came without a key could not be changed any more.
    change.otherwise = vec![wanted.drop()];
    change
}

fn step(
    desk: Desk<'_, '_>,
    work: Work,
    (relation, what): (&Relation, &str),
    after: Vec<String>,
) -> Change {
    let target = Target::of(relation, LockMode::AccessExclusive);
    let mut change = work.transaction(Kind::NotNull, target, desk.id);
    if !what.is_empty() {
        change.id = format!("{}:{what}", change.id);
    }
    change.after = after;
    change
}

fn name(relation: &Relation, key: &str) -> String {
    names::of_column(&relation.name, key, "_tenantctl_not_null")
}

/// Takes the CHECK on a column away.
pub(super) fn drop_of(relation: &Relation, key: &str) -> String {
    let check = name(relation, key);
    let wanted = NotNull {
        relation,
        column: key,
        check: &check,
    };
    wanted.drop()
}

/// Whether a run that was killed left the CHECK on a column.
pub(super) fn leftover(relation: &Relation, column: &Column) -> bool {
    check(relation, &column.name).is_some()
}

fn found<'a>(subject: &Subject<'a>) -> Option<&'a Constraint> {
    check(subject.relation, subject.key)
}

fn check<'r>(relation: &'r Relation, key: &str) -> Option<&'r Constraint> {
    let name = name(relation, key);
    let mut constraints = relation.constraints.iter();
    constraints.find(|constraint| constraint.name == name)
}
