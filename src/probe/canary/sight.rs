//! Which rows the policies would show, so that one of them is made up.
//!
//! The row to aim at should be one that the attacker sees, if there is such a row at all: a policy
//! that opens rows by a flag opens none to whoever never sets the flag. Otherwise it should be one
//! that its own organization sees, or that nobody else sees it says nothing.

use super::super::world::World;
use crate::catalog::{PolicyCommand, Relation};

/// A condition that a row fulfils under a context, as a role.
#[derive(Clone, Debug)]
pub(super) struct Sight {
    pub(super) role: String,
    pub(super) context: String,
    pub(super) predicate: String,
}

/// What to look for, the best first, for a row of `organization`.
pub(super) fn sights(world: &World<'_>, relation: &Relation, organization: &str) -> Vec<Sight> {
    let predicate = |command| predicate(world, relation, command);
    let mut found = Vec::new();
    let mut add = |context: &str, predicate: Option<String>| {
        found.extend(predicate.map(|predicate| Sight {
            role: world.app_role().to_owned(),
            context: context.to_owned(),
            predicate,
        }));
    };
    let read = predicate(PolicyCommand::Select);
    if organization == world.b {
        add(&world.a, read.clone());
        let both = |one: Option<String>| {
            let (one, read) = (one?, read.clone()?);
            (one != read).then(|| format!("({one}) and ({read})"))
        };
        add(&world.a, predicate(PolicyCommand::Delete));
        add(&world.a, predicate(PolicyCommand::Update));
        // Its owner, too, should be able to do more than look at it.
        add(organization, both(predicate(PolicyCommand::Update)));
        add(organization, both(predicate(PolicyCommand::Delete)));
    }
    add(organization, read);
    let mut seen = Vec::new();
    found.retain(|sight| {
        let one = (sight.context.clone(), sight.predicate.clone());
        let new = !seen.contains(&one);
        seen.push(one);
        new
    });
    found
}

/// The effective USING of a command, as the documentation of CREATE POLICY combines them; `None`
/// where no policy applies, or none lets anything through.
fn predicate(world: &World<'_>, relation: &Relation, command: PolicyCommand) -> Option<String> {
    if world.exempt(relation) {
        return None;
    }
    let applying = |permissive: bool| {
        let policies = relation.policies.iter().filter(move |policy| {
            policy.permissive == permissive
                && (policy.command == command || policy.command == PolicyCommand::All)
                && policy
                    .roles
                    .iter()
                    .any(|role| *role == 0 || world.app_roles.contains(role))
        });
        policies
            .filter_map(|policy| policy.using.as_ref())
            .map(|text| format!("({text})"))
    };
    let any: Vec<String> = applying(true).collect();
    if any.is_empty() {
        return None;
    }
    let mut parts = vec![format!("({})", any.join(" or "))];
    parts.extend(applying(false));
    Some(parts.join(" and "))
}
