//! Who holds what on the tables that are about to be bound.

use std::collections::{BTreeMap, BTreeSet};

use crate::catalog::{AclItem, Function, Oid, Privilege, Relation, RelationKind, Snapshot};
use crate::finding::Operation;
use crate::paths::{Access, Powers};
use crate::tenancy::{Tenancy, TenantTable};

/// 0 stands for PUBLIC.
const PUBLIC: Oid = 0;

/// Predefined roles that may read or write everything.
const EVERYTHING: [&str; 2] = ["pg_read_all_data", "pg_write_all_data"];

/// Roles, as far as they matter to some tables.
pub(super) struct People<'a> {
    snapshot: &'a Snapshot,
    app: Option<Oid>,
    /// For every role, which of those that matter it has the privileges of.
    held: BTreeMap<Oid, BTreeSet<Oid>>,
    candidates: BTreeMap<Oid, BTreeSet<Oid>>,
    /// Members of a role: who, whether it inherits.
    members: BTreeMap<Oid, Vec<(Oid, bool)>>,
    wide: BTreeSet<Oid>,
    /// What reads tables with its owner's rights: the owner, a name, the tables.
    readers: Vec<Reader>,
}

/// A view or function that others use and that reads with its owner's rights.
struct Reader {
    owner: Oid,
    name: String,
    tables: BTreeSet<Oid>,
}

impl<'a> People<'a> {
    pub(super) fn new(tenancy: &Tenancy<'a>, tables: &[&TenantTable]) -> Self {
        let snapshot = tenancy.snapshot;
        let oids: BTreeSet<Oid> = tables.iter().map(|table| table.oid).collect();
        let readers: Vec<Reader> = views(snapshot, &oids)
            .chain(functions(snapshot, &oids))
            .collect();
        let members = members(snapshot);
        let mut wide: BTreeSet<Oid> = EVERYTHING
            .iter()
            .filter_map(|name| Some(snapshot.role(name)?.oid))
            .filter(|oid| members.contains_key(oid))
            .collect();
        let mut candidates: BTreeMap<Oid, BTreeSet<Oid>> = oids
            .iter()
            .map(|oid| (*oid, holders(&snapshot.relations[oid])))
            .collect();
        for roles in candidates.values_mut() {
            roles.extend(&wide);
        }
        for reader in &readers {
            for table in &reader.tables {
                candidates.entry(*table).or_default().insert(reader.owner);
            }
        }
        let wanted = mattering(tenancy, &oids, &candidates);
        wide.insert(PUBLIC);
        Self {
            snapshot,
            app: tenancy.app.map(|app| app.oid),
            held: Powers::holders(snapshot, &wanted),
            candidates,
            members,
            wide,
            readers,
        }
    }

    /// The roles that hold a privilege on a table's rows, by themselves.
    pub(super) fn candidates(&self, table: Oid) -> impl Iterator<Item = &Oid> {
        self.candidates.get(&table).into_iter().flatten()
    }

    /// Whether every login of the server may have come by its privileges in this way.
    pub(super) fn is_wide(&self, role: Oid) -> bool {
        self.wide.contains(&role)
    }

    /// Superusers and BYPASSRLS: attributes that are not inherited.
    pub(super) fn never_bound(&self, role: Oid) -> bool {
        let found = self.snapshot.roles.get(&role);
        found.is_some_and(|role| role.superuser || role.bypass_rls)
    }

    /// Whether a role has the privileges of another.
    pub(super) fn has(&self, role: Oid, of: Oid) -> bool {
        role == of || self.held.get(&role).is_some_and(|held| held.contains(&of))
    }

    /// All whose privileges it has, as far as they matter.
    pub(super) fn held(&self, role: Oid) -> BTreeSet<Oid> {
        let mut held = self.held.get(&role).cloned().unwrap_or_default();
        held.insert(role);
        held
    }

    /// What a role may do with a table's rows.
    pub(super) fn operations(&self, role: Oid, relation: &Relation) -> Vec<Operation> {
        let powers = Powers {
            role,
            held: self.held(role),
            becomes: BTreeMap::new(),
        };
        Access::of(self.snapshot, &powers, relation).operations
    }

    /// Login roles that are members of a role at any depth, and whether they have its privileges
    /// without SET ROLE; for PUBLIC every login.
    pub(super) fn logins_below(&self, role: Oid) -> BTreeMap<Oid, bool> {
        let mut below: BTreeMap<Oid, bool> = BTreeMap::new();
        if role == PUBLIC {
            below = self.snapshot.roles.keys().map(|oid| (*oid, true)).collect();
        }
        let mut open = vec![(role, true)];
        while let Some((at, inherited)) = open.pop() {
            for (member, inherits) in self.members.get(&at).into_iter().flatten() {
                let inherits = inherited && *inherits;
                let known = below.get(member).copied();
                if known.is_none_or(|known| inherits && !known) {
                    below.insert(*member, inherits);
                    open.push((*member, inherits));
                }
            }
        }
        below.retain(|oid, _| {
            let found = self.snapshot.roles.get(oid);
            *oid != role
                && Some(*oid) != self.app
                && found.is_some_and(|role| role.login && !role.superuser)
        });
        below
    }

    /// What others use that reads these tables with a role's rights.
    pub(super) fn through(&self, role: Oid, tables: &BTreeSet<Oid>) -> Vec<String> {
        let mut names: Vec<String> = self
            .readers
            .iter()
            .filter(|reader| reader.owner == role && !reader.tables.is_disjoint(tables))
            .map(|reader| reader.name.clone())
            .collect();
        names.sort();
        names
    }
}

/// Who has a privilege on rows by itself, the owner among them.
fn holders(relation: &Relation) -> BTreeSet<Oid> {
    let rows = |item: &&AclItem| {
        matches!(
            item.privilege,
            Privilege::Select | Privilege::Insert | Privilege::Update | Privilege::Delete
        )
    };
    let lists = relation.columns.iter().filter_map(|c| c.acl.as_deref());
    let lists = lists.chain(relation.acl.as_deref());
    let grantees = lists.flatten().filter(rows).map(|item| item.grantee);
    grantees.chain([relation.owner]).collect()
}

/// Every role that one may have to be, for a privilege on the tables or a policy to count.
fn mattering(
    tenancy: &Tenancy<'_>,
    tables: &BTreeSet<Oid>,
    candidates: &BTreeMap<Oid, BTreeSet<Oid>>,
) -> BTreeSet<Oid> {
    let snapshot = tenancy.snapshot;
    let mut wanted: BTreeSet<Oid> = candidates.values().flatten().copied().collect();
    wanted.extend(tenancy.app.map(|app| app.oid));
    for relation in tables.iter().filter_map(|oid| snapshot.relations.get(oid)) {
        let policies = relation.policies.iter();
        wanted.extend(policies.flat_map(|policy| &policy.roles));
    }
    for schema in snapshot.schemas.values() {
        wanted.insert(schema.owner);
        let items = schema.acl.iter().flat_map(|acl| acl.iter());
        wanted.extend(items.map(|item| item.grantee));
    }
    wanted.remove(&PUBLIC);
    wanted
}

/// Memberships that can be used: inherited, or by SET ROLE.
fn members(snapshot: &Snapshot) -> BTreeMap<Oid, Vec<(Oid, bool)>> {
    let mut members: BTreeMap<Oid, Vec<(Oid, bool)>> = BTreeMap::new();
    for membership in &snapshot.memberships {
        let inherits = membership.inherit.unwrap_or_else(|| {
            let member = snapshot.roles.get(&membership.member);
            member.is_some_and(|role| role.inherit)
        });
        if inherits || membership.set.unwrap_or(true) {
            let of = members.entry(membership.role).or_default();
            of.push((membership.member, inherits));
        }
    }
    members
}

fn used_by_others(acl: Option<&[AclItem]>, owner: Oid, what: Privilege) -> bool {
    let other = |item: &AclItem| item.privilege == what && item.grantee != owner;
    acl.is_some_and(|items| items.iter().any(other))
}

/// Views that read with their owner's rights; a materialized view is filled with them.
fn views<'s>(
    snapshot: &'s Snapshot,
    tables: &'s BTreeSet<Oid>,
) -> impl Iterator<Item = Reader> + 's {
    snapshot.relations.values().filter_map(move |view| {
        let reads = match view.kind {
            RelationKind::View => !view.security_invoker,
            kind => kind == RelationKind::MaterializedView,
        };
        if !reads || !used_by_others(view.acl.as_deref(), view.owner, Privilege::Select) {
            return None;
        }
        let rules = view.rules.iter().filter(|rule| rule.event == '1');
        let read: BTreeSet<Oid> = rules
            .flat_map(|rule| &rule.refers_to)
            .filter(|oid| tables.contains(oid))
            .copied()
            .collect();
        (!read.is_empty()).then(|| Reader {
            owner: view.owner,
            name: view.qualified(),
            tables: read,
        })
    })
}

/// SECURITY DEFINER functions that others may call and whose text names a table. What a text that is
/// put together reads cannot be known here.
fn functions<'s>(
    snapshot: &'s Snapshot,
    tables: &BTreeSet<Oid>,
) -> impl Iterator<Item = Reader> + 's {
    let mut named: BTreeMap<&str, Vec<Oid>> = BTreeMap::new();
    for oid in tables {
        let name = snapshot.relations[oid].name.as_str();
        named.entry(name).or_default().push(*oid);
    }
    snapshot.functions.values().filter_map(move |function| {
        let tables = named_by(function, &named);
        (!tables.is_empty()).then(|| Reader {
            owner: function.owner,
            name: function.signature(),
            tables,
        })
    })
}

fn named_by(function: &Function, named: &BTreeMap<&str, Vec<Oid>>) -> BTreeSet<Oid> {
    let callable = match &function.acl {
        None => true,
        acl => used_by_others(acl.as_deref(), function.owner, Privilege::Execute),
    };
    if !function.security_definer || function.of_extension || !callable {
        return BTreeSet::new();
    }
    let words = identifiers(&function.body);
    let found = words.iter().filter_map(|word| named.get(word.as_str()));
    found.flatten().copied().collect()
}

/// The identifiers in a text, as the server would fold them; words of comments and literals, too.
fn identifiers(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, part) in text.split('"').enumerate() {
        // Every second part stands between quotes; an odd quote in a literal shifts the rest, so that
        // words are taken from those parts, too.
        if at % 2 == 1 {
            found.insert(part.to_owned());
        }
        let word = |c: char| !(c.is_alphanumeric() || c == '_' || c == '$');
        found.extend(part.split(word).map(str::to_lowercase));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_folded_unless_they_are_quoted() {
        let found = identifiers("select * from Orders o, \"My Täble\", public.\"Lines\"");
        for word in ["orders", "My Täble", "Lines", "public"] {
            assert!(found.contains(word), "{word}: {found:?}");
        }
        assert!(!found.contains("Orders"));
    }
}
