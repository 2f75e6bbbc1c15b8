//! The tenant key is never null and always names an organization: constraints that are made without
//! a scan under a lock.
//!
//! A CHECK that is NOT VALID takes a moment and holds for new rows; VALIDATE reads the table while
//! others read and write; SET NOT NULL takes the valid check as its proof and scans nothing
//! (`sql-altertable`). The same for the foreign key. What is there of it is known by its mark, so that
//! a run that was killed goes on where it ended.

use std::collections::{BTreeMap, BTreeSet};

use super::foreign_key::{ForeignKey, Wish, broken_by};
use super::free::Names;
use super::mark::Place;
use super::not_null::{self, NotNull};
use super::work::{Desk, Target, Work};
use super::{Change, Effort, Kind, LeftAlone, LockMode};
use crate::catalog::{Column, Constraint, ConstraintKind, Oid, Relation, RelationKind};
use crate::session::quote::ident;
use crate::tenancy::{Reach, Tenancy};

/// The constraints that are missing, stage by stage, and the tables that cannot have them.
pub(super) fn changes(desk: Desk<'_, '_>, names: &mut Names) -> (Vec<Change>, Vec<LeftAlone>) {
    let relations = desk.tenancy.snapshot.relations.values();
    let mut planner = Planner {
        desk,
        names,
        above: relations
            .flat_map(|relation| &relation.parents)
            .copied()
            .collect(),
        changes: Vec::new(),
        left_alone: Vec::new(),
    };
    let unrooted = unrooted(desk.tenancy);
    for table in desk.tenancy.by_name() {
        let Reach::Key { column } = table.reach else {
            continue;
        };
        let relation = desk.tenancy.relation(table);
        // A partition's constraints are its parent's business.
        if !table.listed || relation.is_partition {
            continue;
        }
        if let Some(column) = relation.attribute(column) {
            planner.table(relation, column, unrooted.contains(&relation.oid));
        }
    }
    (planner.changes, planner.left_alone)
}

struct Planner<'n, 't, 'a> {
    desk: Desk<'t, 'a>,
    names: &'n mut Names,
    /// Tables that have partitions or children.
    above: BTreeSet<Oid>,
    changes: Vec<Change>,
    left_alone: Vec<LeftAlone>,
}

impl Planner<'_, '_, '_> {
    fn table(&mut self, relation: &Relation, column: &Column, unrooted: bool) {
        let types = &self.desk.tenancy.snapshot.types;
        let domain_says_so = types
            .get(&column.type_oid)
            .is_some_and(|kind| kind.not_null);
        let nullable = !column.not_null && !domain_says_so;
        let reference = self.ours(relation, column, ConstraintKind::Foreign);
        let unvalidated = reference.is_some_and(|found| !found.validated);
        let check = self.ours(relation, column, ConstraintKind::Check);
        if !nullable && !unrooted && !unvalidated && check.is_none() {
            return;
        }
        let family = !relation.parents.is_empty() || self.above.contains(&relation.oid);
        if family || relation.kind == RelationKind::Partitioned {
            return self.leave(
                relation,
                "its key has no NOT NULL or no foreign key: a constraint on a table with partitions \
                 or children locks all of them at once, so add it by hand, one partition after \
                 the other"
                    .to_owned(),
            );
        }
        if nullable || check.is_some() {
            self.not_null(relation, column, check);
        }
        if unrooted {
            match self.refusal(relation, column) {
                Some(reason) => self.leave(relation, reason),
                None => self.reference(relation, column, None),
            }
        } else if unvalidated {
            self.reference(relation, column, reference);
        }
    }

    fn leave(&mut self, relation: &Relation, reason: String) {
        self.left_alone.push(LeftAlone {
            object: relation.qualified(),
            reason,
        });
    }

    /// The constraint of this kind on the key alone that an earlier run made.
    fn ours<'r>(
        &self,
        relation: &'r Relation,
        column: &Column,
        kind: ConstraintKind,
    ) -> Option<&'r Constraint> {
        relation.constraints.iter().find(|found| {
            let (_, mark) = Place::constraint(relation, found).read(self.desk.comments);
            found.kind == kind
                && found.columns == [column.number]
                && mark.is_some_and(|mark| mark.made)
        })
    }

    /// The stages of NOT NULL that are still to come.
    fn not_null(&mut self, relation: &Relation, column: &Column, check: Option<&Constraint>) {
        let key = ident(&column.name);
        let base = format!("not-null:{}", relation.qualified());
        let name = match check {
            Some(check) => check.name.clone(),
            None => {
                let columns = [column.number];
                self.names
                    .constraint(relation, &columns, "_tenantctl_not_null")
            }
        };
        let wanted = NotNull {
            relation,
            column: &column.name,
            check: &name,
        };
        let mut after = Vec::new();
        if check.is_none() && !column.not_null {
            let mut work = Work::default();
            let because = format!("{key} may be null; from here on no new row has it so");
            work.push(wanted.add(), wanted.drop(), because);
            let place = Place::new_constraint(relation, &name);
            work.stamp(self.desk, &place, |mark| mark.made = true);
            self.stage(
                work,
                relation,
                LockMode::AccessExclusive,
                (format!("{base}:check"), &mut after),
            );
        }
        if !column.not_null && check.is_none_or(|check| !check.validated) {
            let mut work = Work::default();
            work.statements.push(wanted.validate(relation));
            work.because.push(broken_by(&wanted.rows()));
            self.stage(
                work,
                relation,
                LockMode::ShareUpdateExclusive,
                (format!("{base}:validate"), &mut after),
            );
            self.scans(wanted.rows());
        }
        let mut work = Work::default();
        if !column.not_null {
            work.push(
                wanted.set(),
                not_null::unset(relation, &column.name),
                format!("the valid check proves that {key} is never null, so nothing is scanned"),
            );
            let place = Place::column(relation, column);
            work.stamp(self.desk, &place, |mark| mark.not_null = true);
        }
        work.statements.push(wanted.drop());
        work.because
            .push(format!("NOT NULL does the work of {}", ident(&name)));
        self.stage(
            work,
            relation,
            LockMode::AccessExclusive,
            (base, &mut after),
        );
    }

    /// Why no foreign key to the registry is possible.
    fn refusal(&self, relation: &Relation, column: &Column) -> Option<String> {
        let tenancy = self.desk.tenancy;
        let registry = tenancy.registry;
        let name = registry.qualified();
        let id = tenancy.key_column(registry.oid)?;
        let types = [column.type_oid, id.type_oid].map(|oid| tenancy.snapshot.base_type(oid));
        if types[0] != types[1] && !types.iter().all(|oid| INTEGERS.contains(oid)) {
            return Some(format!(
                "its key is of another type than {name} ({}), so no foreign key can lead there",
                ident(&id.name)
            ));
        }
        let mut unique = registry.unique_on(&[id.number]);
        let unique = unique.any(|index| !registry.defers(index));
        if !unique {
            return Some(format!(
                "{} of {name} is not unique, so no foreign key can lead there",
                ident(&id.name)
            ));
        }
        (registry.unlogged && !relation.unlogged).then(|| {
            format!("{name} is unlogged, so no foreign key of a logged table can lead there")
        })
    }

    /// The stages of the foreign key that are still to come.
    fn reference(&mut self, relation: &Relation, column: &Column, found: Option<&Constraint>) {
        let registry = self.desk.tenancy.registry;
        let Some(id) = self.desk.tenancy.key_column(registry.oid) else {
            return;
        };
        let key = ForeignKey {
            name: match found {
                Some(found) => found.name.clone(),
                None => self.names.constraint(relation, &[column.number], "_fkey"),
            },
            table: relation,
            parent: registry,
            pairs: vec![(column.number, id.number)],
            actions: " ON DELETE CASCADE".to_owned(),
        };
        let wish = Wish {
            closes: "key-without-foreign-key",
            because: format!(
                "no foreign key leads from {} to {}; from here on new rows name an organization",
                ident(&column.name),
                registry.qualified()
            ),
            begun: found.is_some(),
            after: Vec::new(),
        };
        let base = format!("reference:{}", relation.qualified());
        let (changes, left) = key.stages(self.desk, &base, wish);
        self.changes.extend(changes);
        self.left_alone.extend(left);
    }

    /// One transaction of NOT NULL, after those before it.
    fn stage(
        &mut self,
        mut work: Work,
        relation: &Relation,
        mode: LockMode,
        (id, after): (String, &mut Vec<String>),
    ) {
        work.closes("key-nullable");
        let target = Target::of(relation, mode);
        let mut change = work.transaction(Kind::Constraint, target, self.desk.id);
        change.after.clone_from(after);
        after.push(id.clone());
        change.id = id;
        self.changes.push(change);
    }

    /// The last stage reads all rows, and these stand in its way.
    fn scans(&mut self, rows: String) {
        if let Some(change) = self.changes.last_mut() {
            change.effort = Effort::Scan;
            change.hindered_by = Some(rows);
        }
    }
}

/// int2, int4, int8: foreign keys compare them with each other.
const INTEGERS: [Oid; 3] = [21, 23, 20];

/// Tables whose key leads to the registry by no foreign key, and will not by one that is about to be
/// made further up: those that need one of their own.
fn unrooted(tenancy: &Tenancy<'_>) -> BTreeSet<Oid> {
    let mut references: BTreeMap<Oid, BTreeSet<Oid>> = BTreeMap::new();
    for table in tenancy.tables.values() {
        let relation = tenancy.relation(table);
        if tenancy.key_column(table.oid).is_none() {
            continue;
        }
        let constraints = relation.constraints.iter();
        let to = constraints.filter(|constraint| tenancy.pins_tenant(table.oid, constraint));
        references.insert(
            table.oid,
            to.map(|constraint| constraint.references).collect(),
        );
    }
    let mut rooted = BTreeSet::from([tenancy.registry.oid]);
    let mut wanted = BTreeSet::new();
    loop {
        loop {
            let more: Vec<Oid> = references
                .iter()
                .filter(|(oid, to)| !rooted.contains(oid) && !to.is_disjoint(&rooted))
                .map(|(oid, _)| *oid)
                .collect();
            if more.is_empty() {
                break;
            }
            rooted.extend(more);
        }
        let left: Vec<Oid> = references
            .keys()
            .copied()
            .filter(|oid| !rooted.contains(oid))
            .collect();
        let leads_on = |oid: &Oid| {
            let mut to = references[oid].iter();
            to.any(|to| to != oid && references.contains_key(to))
        };
        let mut next: Vec<Oid> = left.iter().copied().filter(|oid| !leads_on(oid)).collect();
        if next.is_empty() {
            // A circle: one of them is enough.
            next.extend(left.first());
        }
        if next.is_empty() {
            return wanted;
        }
        rooted.extend(&next);
        wanted.extend(next);
    }
}
