//! Which grant gives the application which privilege, and through which memberships it holds it.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde::Serialize;

use super::engine::Engine;
use crate::catalog::{AclItem, Function, Membership, Oid, Privilege, Relation, Snapshot};
use crate::finding::Operation;
use crate::paths::Powers;
use crate::session::quote;

/// The privileges that a relation can have, in the order of `GRANT`'s page.
const ON_RELATIONS: [Privilege; 8] = [
    Privilege::Select,
    Privilege::Insert,
    Privilege::Update,
    Privilege::Delete,
    Privilege::Truncate,
    Privilege::References,
    Privilege::Trigger,
    Privilege::Maintain,
];

/// One source of privileges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// Which; `ALL` for an owner and a superuser.
    pub privileges: Vec<&'static str>,
    /// On these columns only; empty is the whole object.
    pub columns: Vec<String>,
    /// Where they come from, as the end of a sentence.
    pub source: String,
    /// Memberships from the login to the role that holds them; empty where it is the login itself.
    pub through: Vec<String>,
}

/// The memberships by which a role has the privileges of each role that it holds: for each, the one
/// through which it is reached first.
#[derive(Clone, Debug)]
pub(super) struct Memberships<'s> {
    snapshot: &'s Snapshot,
    via: HashMap<Oid, Oid>,
}

impl<'s> Memberships<'s> {
    pub(super) fn of(snapshot: &'s Snapshot, powers: &Powers) -> Self {
        let mut of_member: HashMap<Oid, Vec<&Membership>> = HashMap::new();
        for membership in &snapshot.memberships {
            of_member
                .entry(membership.member)
                .or_default()
                .push(membership);
        }
        let mut via = HashMap::new();
        let mut queue = VecDeque::from([powers.role]);
        while let Some(at) = queue.pop_front() {
            let inherits = snapshot.roles.get(&at).is_some_and(|role| role.inherit);
            let direct = of_member.get(&at).into_iter().flatten();
            let mut next: Vec<Oid> = direct
                .filter(|membership| membership.inherit.unwrap_or(inherits))
                .map(|membership| membership.role)
                .collect();
            if at == snapshot.server.database_owner {
                next.extend(snapshot.role("pg_database_owner").map(|role| role.oid));
            }
            next.sort_by_key(|role| snapshot.role_name(*role));
            for role in next {
                if role != powers.role && powers.held.contains(&role) && !via.contains_key(&role) {
                    via.insert(role, at);
                    queue.push_back(role);
                }
            }
        }
        Self { snapshot, via }
    }

    /// The steps from the login to a role; none for the login itself and for PUBLIC.
    pub(super) fn to(&self, role: Oid) -> Vec<String> {
        let mut steps = Vec::new();
        let mut at = role;
        while let Some(member) = self.via.get(&at) {
            let name = quote::ident(self.snapshot.role_name(at));
            steps.push(format!("member of {name}"));
            at = *member;
        }
        steps.reverse();
        steps
    }
}

impl Engine<'_> {
    /// From the login to an operation on a relation: the memberships that it takes, and the privilege.
    pub(super) fn way(&self, relation: &Relation, operation: Operation) -> Vec<String> {
        let wanted = operation.word().to_uppercase();
        let has = |grant: &&Grant| {
            let mut words = grant.privileges.iter();
            words.any(|word| *word == wanted || *word == "ALL")
        };
        let grants = on_relation(&self.memberships, &self.powers, relation);
        let shortest = grants
            .iter()
            .filter(has)
            .min_by_key(|grant| grant.through.len());
        let mut steps = vec![self.app.clone()];
        steps.extend(shortest.into_iter().flat_map(|grant| grant.through.clone()));
        steps.push(format!("{wanted} on {}", relation.qualified()));
        steps
    }

    /// From the login to a role whose privileges it has, or that it may become.
    pub(super) fn way_to_role(&self, role: Oid) -> Vec<String> {
        if !self.powers.held.contains(&role) {
            return self.way_to_become(role);
        }
        let mut steps = vec![self.app.clone()];
        steps.extend(self.memberships.to(role));
        steps
    }

    /// From the login to a role that it may become: its attributes come with it, and the policies
    /// TO the login no longer bind.
    pub(super) fn way_to_become(&self, role: Oid) -> Vec<String> {
        let path = self.powers.path_to(self.snapshot(), role);
        let mut steps = vec![self.app.clone()];
        steps.extend(path.into_iter().skip(1));
        steps
    }
}

/// Every source of a role's privileges on a relation.
pub(super) fn on_relation(
    memberships: &Memberships<'_>,
    powers: &Powers,
    relation: &Relation,
) -> Vec<Grant> {
    let mut sources = Sources::new(memberships, powers);
    let snapshot = memberships.snapshot;
    sources.above_grants(relation.owner);
    for (role, privilege) in [
        ("pg_read_all_data", &ON_RELATIONS[..1]),
        ("pg_write_all_data", &ON_RELATIONS[1..4]),
        ("pg_maintain", &ON_RELATIONS[7..]),
    ] {
        let role = snapshot
            .role(role)
            .filter(|role| powers.held.contains(&role.oid));
        if let Some(role) = role {
            let words = privilege.iter().map(|privilege| privilege.word()).collect();
            sources.add(role.oid, words, Vec::new(), "by the predefined role");
        }
    }
    sources.list(relation.acl.as_deref().unwrap_or_default(), None);
    for column in &relation.columns {
        sources.list(
            column.acl.as_deref().unwrap_or_default(),
            Some(&column.name),
        );
    }
    sources.found
}

/// Every source of a role's EXECUTE on a function.
pub(super) fn on_function(
    memberships: &Memberships<'_>,
    powers: &Powers,
    function: &Function,
) -> Vec<Grant> {
    let mut sources = Sources::new(memberships, powers);
    sources.above_grants(function.owner);
    match function.acl.as_deref() {
        Some(acl) => sources.list(acl, None),
        None => sources.found.push(Grant {
            privileges: vec![Privilege::Execute.word()],
            columns: Vec::new(),
            source: "granted to PUBLIC by default".into(),
            through: Vec::new(),
        }),
    }
    sources.found
}

struct Sources<'s> {
    memberships: &'s Memberships<'s>,
    snapshot: &'s Snapshot,
    powers: &'s Powers,
    found: Vec<Grant>,
}

impl<'s> Sources<'s> {
    fn new(memberships: &'s Memberships<'s>, powers: &'s Powers) -> Self {
        Self {
            memberships,
            snapshot: memberships.snapshot,
            powers,
            found: Vec::new(),
        }
    }

    fn add(&mut self, role: Oid, words: Vec<&'static str>, columns: Vec<String>, how: &str) {
        let source = match role {
            0 => format!("{how} PUBLIC"),
            role => format!("{how} {}", quote::ident(self.snapshot.role_name(role))),
        };
        self.found.push(Grant {
            privileges: words,
            columns,
            source,
            through: self.memberships.to(role),
        });
    }

    /// What needs no grant.
    fn above_grants(&mut self, owner: Oid) {
        if self.powers.is_superuser(self.snapshot) {
            self.add(
                self.powers.role,
                vec!["ALL"],
                Vec::new(),
                "by the superuser",
            );
        }
        if self.powers.held.contains(&owner) {
            self.add(owner, vec!["ALL"], Vec::new(), "by the owner");
        }
    }

    /// The items of one access list, by who holds them.
    fn list(&mut self, acl: &[AclItem], column: Option<&str>) {
        let holders: BTreeSet<Oid> = acl
            .iter()
            .map(|item| item.grantee)
            .filter(|grantee| *grantee == 0 || self.powers.held.contains(grantee))
            .collect();
        for holder in holders {
            let held = |privilege: &Privilege| {
                let mut of_holder = acl.iter().filter(|item| item.grantee == holder);
                of_holder.any(|item| item.privilege == *privilege)
            };
            let more = [Privilege::Usage, Privilege::Execute];
            let all = ON_RELATIONS.iter().chain(&more);
            let words: Vec<_> = all
                .filter(|privilege| held(privilege))
                .map(|privilege| privilege.word())
                .collect();
            if words.is_empty() {
                continue;
            }
            let named = quote::ident(self.snapshot.role_name(holder));
            let source = match holder {
                0 => "granted to PUBLIC".to_owned(),
                _ => format!("granted to {named}"),
            };
            // Columns with the same grant are one line.
            let same = |grant: &&mut Grant| {
                !grant.columns.is_empty() && grant.source == source && grant.privileges == words
            };
            match (column, self.found.iter_mut().find(same)) {
                (Some(column), Some(known)) => known.columns.push(column.to_owned()),
                _ => {
                    let columns = column.map(str::to_owned).into_iter().collect();
                    self.add(holder, words, columns, "granted to");
                }
            }
        }
    }
}
