//! What a login holds, and what it may become.
//!
//! Two closures over `pg_auth_members`: privileges that are inherited ("has privileges of", which
//! decides ownership and which policies apply), and roles that one SET ROLE away are identities of
//! their own. `role-membership`, `role-attributes`, and for the options of PostgreSQL 16 `GRANT`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::catalog::{Membership, Oid, Privilege, Relation, Role, Snapshot, holds};

/// How a role is reached from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// From.
    pub from: Oid,
    /// In words, for a path.
    pub words: String,
}

/// A role's powers.
#[derive(Clone, Debug)]
pub struct Powers {
    /// The role itself.
    pub role: Oid,
    /// It and every role whose privileges it has without doing anything.
    pub held: BTreeSet<Oid>,
    /// Roles it may become, or make itself a member of, and how.
    pub becomes: BTreeMap<Oid, Step>,
}

impl Powers {
    /// Computes both closures; cycles end.
    pub fn of(snapshot: &Snapshot, role: Oid) -> Self {
        let graph = Graph::new(snapshot);
        let held = graph.inherited(role);
        let becomes = graph.identities(role);
        Self {
            role,
            held,
            becomes,
        }
    }

    /// The steps from the role to one that it may become, in words.
    pub fn path_to(&self, snapshot: &Snapshot, target: Oid) -> Vec<String> {
        let mut words = Vec::new();
        let mut at = target;
        while let Some(step) = self.becomes.get(&at) {
            words.push(step.words.clone());
            at = step.from;
            if at == self.role || words.len() > self.becomes.len() {
                break;
            }
        }
        words.push(snapshot.role_name(self.role).to_owned());
        words.reverse();
        words
    }

    /// Whether the role, as it is, may use objects of a schema.
    pub fn may_use_schema(&self, snapshot: &Snapshot, schema: Oid) -> bool {
        self.is_superuser(snapshot)
            || self.has_predefined(snapshot, "pg_read_all_data")
            || self.has_predefined(snapshot, "pg_write_all_data")
            || snapshot.schemas.get(&schema).is_some_and(|schema| {
                self.held.contains(&schema.owner)
                    || holds(schema.acl.as_deref(), &self.held, Privilege::Usage)
            })
    }

    /// Whether the role is a superuser itself: the attribute is not inherited.
    pub fn is_superuser(&self, snapshot: &Snapshot) -> bool {
        snapshot
            .roles
            .get(&self.role)
            .is_some_and(|role| role.superuser)
    }

    /// Whether one of the roles it holds has that name.
    pub fn has_predefined(&self, snapshot: &Snapshot, name: &str) -> bool {
        self.held.iter().any(|oid| {
            snapshot
                .roles
                .get(oid)
                .is_some_and(|role| role.name == name)
        })
    }

    /// Whether the role, as it is, holds a privilege on a whole relation, by grant, by ownership or
    /// through a predefined role.
    pub fn may(&self, snapshot: &Snapshot, relation: &Relation, what: Privilege) -> bool {
        if self.is_superuser(snapshot) || self.held.contains(&relation.owner) {
            return true;
        }
        let predefined = match what {
            Privilege::Select => self.has_predefined(snapshot, "pg_read_all_data"),
            Privilege::Insert | Privilege::Update | Privilege::Delete => {
                self.has_predefined(snapshot, "pg_write_all_data")
            }
            _ => false,
        };
        predefined || snapshot.granted(relation, &self.held, what)
    }

    /// Columns on which the role holds a privilege by a column grant.
    pub fn columns<'r>(&self, relation: &'r Relation, what: Privilege) -> Vec<&'r str> {
        relation
            .columns
            .iter()
            .filter(|column| holds(column.acl.as_deref(), &self.held, what))
            .map(|column| column.name.as_str())
            .collect()
    }
}

/// Memberships by member.
struct Graph<'a> {
    snapshot: &'a Snapshot,
    of_member: BTreeMap<Oid, Vec<&'a Membership>>,
    database_owners: Option<Oid>,
}

impl<'a> Graph<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        let mut of_member: BTreeMap<Oid, Vec<&Membership>> = BTreeMap::new();
        for membership in &snapshot.memberships {
            of_member
                .entry(membership.member)
                .or_default()
                .push(membership);
        }
        let database_owners = snapshot.role("pg_database_owner").map(|role| role.oid);
        Self {
            snapshot,
            of_member,
            database_owners,
        }
    }

    fn memberships(&self, member: Oid) -> impl Iterator<Item = &'a Membership> + '_ {
        self.of_member.get(&member).into_iter().flatten().copied()
    }

    fn inherits(&self, membership: &Membership) -> bool {
        membership.inherit.unwrap_or_else(|| {
            self.snapshot
                .roles
                .get(&membership.member)
                .is_some_and(|role| role.inherit)
        })
    }

    /// The role and all whose privileges it has.
    fn inherited(&self, role: Oid) -> BTreeSet<Oid> {
        let mut found = BTreeSet::new();
        self.inherit(role, &mut found);
        found
    }

    /// Adds the role and all whose privileges it has to those known; answers which are new. What is
    /// beyond one that is known was added with it.
    fn inherit(&self, role: Oid, found: &mut BTreeSet<Oid>) -> Vec<Oid> {
        let mut new = Vec::new();
        let mut queue = VecDeque::new();
        if found.insert(role) {
            queue.push_back(role);
        }
        while let Some(at) = queue.pop_front() {
            new.push(at);
            let implicit = self
                .database_owners
                .filter(|_| at == self.snapshot.server.database_owner);
            let next = self
                .memberships(at)
                .filter(|membership| self.inherits(membership))
                .map(|membership| membership.role)
                .chain(implicit);
            for next in next {
                if found.insert(next) {
                    queue.push_back(next);
                }
            }
        }
        new
    }

    /// Every role that the login may become: by SET ROLE, by granting itself a role that it
    /// administers, and before PostgreSQL 16 by CREATEROLE.
    fn identities(&self, role: Oid) -> BTreeMap<Oid, Step> {
        let mut found: BTreeMap<Oid, Step> = BTreeMap::new();
        let mut queue = VecDeque::from([role]);
        // Whose memberships were followed: a later identity that has their privileges finds no more
        // there, and a chain of thousands is walked once.
        let mut followed = BTreeSet::new();
        while let Some(at) = queue.pop_front() {
            for (next, words) in self.next_identities(at, &mut followed) {
                if next != role && !found.contains_key(&next) {
                    found.insert(next, Step { from: at, words });
                    queue.push_back(next);
                }
            }
        }
        found
    }

    fn next_identities(&self, at: Oid, followed: &mut BTreeSet<Oid>) -> Vec<(Oid, String)> {
        let name = |oid: Oid| crate::session::quote::ident(self.snapshot.role_name(oid));
        let mut next = Vec::new();
        let mut held = self.inherit(at, followed);
        held.sort_unstable();
        for held in held {
            for membership in self.memberships(held) {
                let to = membership.role;
                if membership.set.unwrap_or(true) {
                    next.push((to, format!("SET ROLE {}", name(to))));
                } else if membership.admin {
                    next.push((to, format!("GRANT {} to itself (ADMIN OPTION)", name(to))));
                }
            }
        }
        if self.snapshot.server.major() < 16
            && self
                .snapshot
                .roles
                .get(&at)
                .is_some_and(|role| role.create_role)
        {
            let grantable = |role: &&Role| !role.superuser && role.oid != at;
            for role in self.snapshot.roles.values().filter(grantable) {
                next.push((
                    role.oid,
                    format!("GRANT {} to itself (CREATEROLE)", name(role.oid)),
                ));
            }
        }
        next
    }
}
