//! What is wanted beside tables.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::privileges::{self, Revoke};
use super::rights::Rights;
use super::views;
use super::work::{Desk, Target, Work};
use super::{Change, Kind, LeftAlone, LockMode, outlook};
use crate::catalog::{Oid, Role};

/// What is wanted beside tables: privileges taken away, options of views.
#[derive(Default)]
pub(super) struct Extras {
    pub(super) revokes: Vec<Revoke>,
    pub(super) views: BTreeMap<Oid, Work>,
    pub(super) left_alone: Vec<LeftAlone>,
}

impl Extras {
    pub(super) fn of(desk: Desk<'_, '_>, app: &Role) -> Result<Self> {
        let mut extras = Self::default();
        let choice = desk.choice;
        if !choice.privileges && !choice.views {
            return Ok(extras);
        }
        let isolated = outlook::isolated(desk);
        if choice.privileges {
            let found = privileges::revokes(desk, app, &isolated)?;
            extras.revokes = found.found;
            extras.left_alone.extend(found.left_alone);
        }
        if choice.views {
            let found = views::views(desk, app, &isolated)?;
            extras.views = found.works;
            extras.left_alone.extend(found.left_alone);
        }
        Ok(extras)
    }
}

pub(super) fn view_change(
    desk: Desk<'_, '_>,
    (view, mut work): (Oid, Work),
    rights: &Rights,
    before: &[Change],
) -> Option<Change> {
    let view = desk.tenancy.snapshot.relations.get(&view)?;
    for revoke in rights.on(view.oid).revokes {
        work.revoke(desk, revoke);
    }
    let target = Target::of(view, LockMode::AccessExclusive);
    // Its caller needs what is granted on the tables, and their policies.
    let below = view.rules.iter().flat_map(|rule| &rule.refers_to);
    let below: BTreeSet<&Oid> = below.collect();
    let needed = before
        .iter()
        .filter(|change| below.contains(&change.relation));
    Some(Change {
        after: needed.map(|change| change.id.clone()).collect(),
        ..work.transaction(Kind::View, target, desk.id)
    })
}
