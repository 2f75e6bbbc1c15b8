//! Which role the application logs in as: seen in grants, policies and ownership.

use std::collections::{BTreeMap, BTreeSet};

use super::scope::Scope;
use super::{Choice, Note, words};
use crate::catalog::{Oid, Privilege, Role, Snapshot};

const WRITES: [Privilege; 3] = [Privilege::Insert, Privilege::Update, Privilege::Delete];

#[derive(Default)]
struct Seen {
    reads: usize,
    writes: usize,
    policies: usize,
    owns: usize,
}

/// The application's role, and whether it is there.
pub(super) fn choose(scope: &Scope<'_>) -> (Choice, bool) {
    let snapshot = scope.snapshot;
    let concerned = concerned(scope);
    let mut seen: Vec<(&Role, Seen)> = snapshot
        .roles
        .values()
        .filter(|role| role.login && !closure(snapshot, role.oid).is_disjoint(&concerned))
        .map(|role| (role, look(scope, role)))
        .filter(|(role, seen)| plausible(snapshot, role, seen))
        .collect();
    seen.sort_by(|(a, left), (b, right)| {
        let rank = |role: &Role, seen: &Seen| {
            let special = usize::from(role.superuser) * 4
                + usize::from(role.bypass_rls || role.replication) * 2
                + usize::from(role.create_role);
            let used = seen.writes * 4 + seen.reads + seen.policies;
            (role.superuser, used == 0, std::cmp::Reverse(used), special)
        };
        rank(a, left)
            .cmp(&rank(b, right))
            .then_with(|| a.name.cmp(&b.name))
    });
    let note = |(role, seen): &(&Role, Seen)| Note {
        name: role.name.clone(),
        why: seen.evidence(role),
    };
    if seen.is_empty() {
        let value = proposed(&snapshot.server.database);
        let exists = snapshot.role(&value).is_some();
        let why = if exists {
            "no login role has grants on these tables; this one exists and its name fits"
        } else {
            "a proposal: no login role has grants on these tables; `tenantctl role create` makes it"
        };
        let choice = Choice {
            value,
            why: why.into(),
            others: Vec::new(),
        };
        return (choice, exists);
    }
    let first = note(&seen[0]);
    let choice = Choice {
        value: first.name,
        why: first.why,
        others: seen[1..].iter().take(5).map(note).collect(),
    };
    (choice, true)
}

/// Everything whose privileges the role has or may take.
pub(super) fn closure(snapshot: &Snapshot, role: Oid) -> BTreeSet<Oid> {
    let mut all = BTreeSet::from([role]);
    loop {
        let more: Vec<Oid> = snapshot
            .memberships
            .iter()
            .filter(|one| all.contains(&one.member) && !all.contains(&one.role))
            .map(|one| one.role)
            .collect();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}

/// Who is named in anything of these tables. A cluster may have thousands of other roles.
fn concerned(scope: &Scope<'_>) -> BTreeSet<Oid> {
    let mut all = BTreeSet::new();
    for table in &scope.tables {
        all.insert(table.owner);
        all.extend(
            table
                .policies
                .iter()
                .flat_map(|policy| policy.roles.iter().copied()),
        );
        let columns = table
            .columns
            .iter()
            .filter_map(|column| column.acl.as_ref());
        let lists = table.acl.iter().chain(columns);
        all.extend(lists.flat_map(|list| list.iter().map(|item| item.grantee)));
    }
    all.remove(&0);
    all
}

/// A role that only owns the tables may well be what the application logs in as; if it is the one
/// that looks now, it is more likely the administrator's.
fn plausible(snapshot: &Snapshot, role: &Role, seen: &Seen) -> bool {
    let granted = seen.reads + seen.writes + seen.policies > 0;
    let owner = seen.owns > 0 && !role.superuser && role.oid != snapshot.server.session_role;
    granted || owner
}

fn look(scope: &Scope<'_>, role: &Role) -> Seen {
    let roles = closure(scope.snapshot, role.oid);
    let mut seen = Seen::default();
    // A superuser needs no membership to use a grant, so only its own say anything.
    let grantees = if role.superuser {
        BTreeSet::from([role.oid])
    } else {
        roles.clone()
    };
    for table in &scope.tables {
        if roles.contains(&table.owner) {
            seen.owns += 1;
        }
        let mut held: BTreeMap<bool, usize> = BTreeMap::new();
        // What an owner holds of its own table was not granted.
        let items = table.acl.iter().flat_map(|acl| acl.iter());
        let columns = table
            .columns
            .iter()
            .filter_map(|c| c.acl.as_ref())
            .flat_map(|acl| acl.iter());
        for item in items.chain(columns) {
            if grantees.contains(&item.grantee) && item.grantee != table.owner {
                *held.entry(WRITES.contains(&item.privilege)).or_default() += 1;
            }
        }
        seen.reads += usize::from(!held.is_empty());
        seen.writes += usize::from(held.contains_key(&true));
        seen.policies += table
            .policies
            .iter()
            .filter(|policy| {
                policy
                    .roles
                    .iter()
                    .any(|to| *to != 0 && grantees.contains(to))
            })
            .count();
    }
    seen
}

impl Seen {
    fn evidence(&self, role: &Role) -> String {
        let mut parts = Vec::new();
        if self.writes > 0 {
            parts.push(format!(
                "may write {}",
                words::counted(self.writes, "table")
            ));
        }
        if self.reads > self.writes {
            parts.push(format!(
                "has grants on {}",
                words::counted(self.reads, "table")
            ));
        }
        match self.policies {
            0 => {}
            1 => parts.push("1 policy is for it".into()),
            count => parts.push(format!("{count} policies are for it")),
        }
        if self.owns > 0 {
            parts.push(format!(
                "owns {}, itself or as a member of the owner",
                words::counted(self.owns, "table")
            ));
        }
        if role.superuser {
            parts.push("a superuser, which row security does not stop".into());
        } else if role.bypass_rls {
            parts.push("BYPASSRLS, so that row security does not stop it".into());
        }
        parts.join("; ")
    }
}

/// `shop_app` for database shop.
fn proposed(database: &str) -> String {
    let mut name: String = words::snake(database)
        .chars()
        .filter(char::is_ascii)
        .collect();
    name.truncate(59);
    if name.is_empty() || name.starts_with("pg_") {
        name = "tenant".into();
    }
    format!("{name}_app")
}
