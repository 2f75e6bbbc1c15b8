//! What a login holds, and what it may become.
//!
//! Two closures over `pg_auth_members`: privileges that are inherited ("has privileges of", which
//! decides ownership and which policies apply), and roles that one SET ROLE away are identities of
//! their own. `role-membership`, `role-attributes`, and for the options of PostgreSQL 16 `GRANT`.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::catalog::{Membership, Oid, Privilege, Relation, Snapshot, holds};

/// What was made by initdb has an oid below this. `FirstNormalObjectId`.
const FIRST_NORMAL_OID: Oid = 16_384;

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

    /// For every role, which of `wanted` it has the privileges of.
    pub fn holders(snapshot: &Snapshot, wanted: &BTreeSet<Oid>) -> BTreeMap<Oid, BTreeSet<Oid>> {
        let graph = Graph::new(snapshot);
        let mut members: BTreeMap<Oid, Vec<Oid>> = BTreeMap::new();
        for membership in &snapshot.memberships {
            if graph.inherits(membership) {
                members
                    .entry(membership.role)
                    .or_default()
                    .push(membership.member);
            }
        }
        if let Some(owners) = graph.database_owners {
            let owner = snapshot.server.database_owner;
            members.entry(owners).or_default().push(owner);
        }
        let mut holders: BTreeMap<Oid, BTreeSet<Oid>> = BTreeMap::new();
        for role in wanted {
            let mut queue = vec![*role];
            while let Some(at) = queue.pop() {
                if holders.entry(at).or_default().insert(*role) {
                    queue.extend(members.get(&at).into_iter().flatten());
                }
            }
        }
        holders
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

    /// Whether it holds the role that PostgreSQL ships under that name.
    pub fn has_predefined(&self, snapshot: &Snapshot, name: &str) -> bool {
        // Asked for every object; among thousands of roles those that came with the server are the first.
        self.held.range(..FIRST_NORMAL_OID).any(|oid| {
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

    /// Adds the role and all whose privileges it has to `found`, and returns those that are new. What is
    /// inherited from a role that was there is there too, so that each is looked at once.
    fn inherit(&self, role: Oid, found: &mut BTreeSet<Oid>) -> Vec<Oid> {
        let mut new = Vec::new();
        let mut queue = VecDeque::from([role]);
        while let Some(at) = queue.pop_front() {
            if !found.insert(at) {
                continue;
            }
            new.push(at);
            let implicit = self
                .database_owners
                .filter(|_| at == self.snapshot.server.database_owner);
            let inherited = self
                .memberships(at)
                .filter(|membership| self.inherits(membership))
                .map(|membership| membership.role);
            queue.extend(inherited.chain(implicit));
        }
        new
    }

    /// Every role that the login may become: by SET ROLE, by granting itself a role that it
    /// administers, and before PostgreSQL 16 by CREATEROLE.
    fn identities(&self, role: Oid) -> BTreeMap<Oid, Step> {
        let mut found: BTreeMap<Oid, Step> = BTreeMap::new();
        let mut looked = BTreeSet::new();
        let mut created = false;
        let mut queue = VecDeque::from([role]);
        while let Some(at) = queue.pop_front() {
            let mut next = Vec::new();
            for held in self.inherit(at, &mut looked) {
                next.extend(self.memberships(held).filter_map(how));
            }
            // Whoever is next may grant itself no more than the first could.
            if !created && self.may_grant_itself(at) {
                created = true;
                next.extend(self.grantable(at));
            }
            for (to, how) in next {
                if to != role && !found.contains_key(&to) {
                    let name = crate::session::quote::ident(self.snapshot.role_name(to));
                    let words = how.replace("{}", &name);
                    found.insert(to, Step { from: at, words });
                    queue.push_back(to);
                }
            }
        }
        found
    }

    /// Whether a role may grant itself others because it has CREATEROLE.
    fn may_grant_itself(&self, role: Oid) -> bool {
        let role = self.snapshot.roles.get(&role);
        self.snapshot.server.major() < 16 && role.is_some_and(|role| role.create_role)
    }

    /// What CREATEROLE grants: everything but a superuser.
    fn grantable(&self, to: Oid) -> impl Iterator<Item = (Oid, &'static str)> + '_ {
        let roles = self.snapshot.roles.values();
        roles
            .filter(move |role| !role.superuser && role.oid != to)
            .map(|role| (role.oid, "GRANT {} to itself (CREATEROLE)"))
    }
}

/// How a member becomes the role, `{}` in the words; `None` where it may not.
fn how(membership: &Membership) -> Option<(Oid, &'static str)> {
    if membership.set.unwrap_or(true) {
        Some((membership.role, "SET ROLE {}"))
    } else if membership.admin {
        Some((membership.role, "GRANT {} to itself (ADMIN OPTION)"))
    } else {
        None
    }
}
