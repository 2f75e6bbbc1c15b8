//! What the application holds of one object, and what of it can be taken away.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::revoked::Revoked;
use crate::catalog::{AclItem, Oid, Privilege, Relation, Role, Snapshot};
use crate::paths::Powers;
use crate::session::quote::ident;

/// 0 stands for PUBLIC.
const PUBLIC: Oid = 0;

/// More roles than these are counted.
const MAX_NAMED: usize = 5;

/// The application's role and all that it holds through.
pub(super) struct Holders<'s> {
    pub(super) snapshot: &'s Snapshot,
    pub(super) powers: Powers,
    /// For every role, those whose privileges it has; asked for when there is something to take.
    all: OnceCell<BTreeMap<Oid, BTreeSet<Oid>>>,
    /// Who loses what these held and those do not: objects share their access lists.
    losers: RefCell<HashMap<Change, Vec<String>>>,
}

/// Who held a privilege, and who still does.
type Change = (BTreeSet<Oid>, BTreeSet<Oid>);

/// The access lists of one object.
pub(super) struct Object<'o> {
    pub(super) owner: Oid,
    /// As GRANT names it: `TABLE public.orders`.
    pub(super) on: String,
    pub(super) acl: &'o [AclItem],
    pub(super) columns: Vec<(&'o str, &'o [AclItem])>,
}

impl<'o> Object<'o> {
    pub(super) fn relation(relation: &'o Relation) -> Self {
        let columns = relation.columns.iter();
        Self {
            owner: relation.owner,
            on: format!("TABLE {}", relation.qualified()),
            acl: relation.acl.as_deref().unwrap_or_default(),
            columns: columns
                .filter_map(|column| Some((column.name.as_str(), column.acl.as_deref()?)))
                .collect(),
        }
    }
}

/// What comes of the wish to take privileges.
#[derive(Default)]
pub(super) struct Taken {
    pub(super) revoked: Vec<Revoked>,
    /// The privileges that are gone afterwards.
    pub(super) words: Vec<&'static str>,
    /// Login roles other than the application's that lose them too.
    pub(super) losers: Vec<String>,
    /// Why others stay.
    pub(super) stays: Vec<String>,
}

/// One grant of a privilege.
#[derive(Clone, Copy)]
struct Source<'o> {
    column: Option<&'o str>,
    list: &'o [AclItem],
    item: &'o AclItem,
}

impl<'s> Holders<'s> {
    pub(super) fn new(snapshot: &'s Snapshot, app: &Role) -> Self {
        Self {
            snapshot,
            powers: Powers::of(snapshot, app.oid),
            all: OnceCell::new(),
            losers: RefCell::default(),
        }
    }

    /// Whether the application holds all privileges on it without a grant.
    pub(super) fn owns(&self, owner: Oid) -> bool {
        self.powers.held.contains(&owner)
    }

    /// Whether it holds through this grantee.
    pub(super) fn is_one(&self, grantee: Oid) -> bool {
        grantee == PUBLIC || self.powers.held.contains(&grantee)
    }

    /// Takes these privileges from the application, its groups and PUBLIC, each only where it is
    /// gone afterwards: what takes from others and leaves the way open helps nobody.
    pub(super) fn take(&self, object: &Object<'_>, wanted: &[Privilege]) -> Taken {
        let mut taken = Taken::default();
        for privilege in wanted {
            let sources = self.sources(object, *privilege);
            let word = privilege.word();
            if let Some(why) = self.stays(object, *privilege, &sources) {
                taken.stays.push(why);
                continue;
            }
            if sources.is_empty() {
                continue;
            }
            taken.words.push(word);
            for source in &sources {
                self.remember(&mut taken.revoked, source);
            }
            for name in self.losers(object, *privilege, &sources) {
                if !taken.losers.contains(&name) {
                    taken.losers.push(name);
                }
            }
        }
        taken
    }

    fn sources<'o>(&self, object: &Object<'o>, privilege: Privilege) -> Vec<Source<'o>> {
        let whole = std::iter::once((None, object.acl));
        let columns = object.columns.iter().map(|(name, acl)| (Some(*name), *acl));
        whole
            .chain(columns)
            .flat_map(|(column, list)| list.iter().map(move |item| Source { column, list, item }))
            .filter(|source| source.item.privilege == privilege)
            .filter(|source| source.item.grantee != object.owner)
            .filter(|source| self.is_one(source.item.grantee))
            .collect()
    }

    /// Why the application would hold the privilege all the same. REVOKE takes back what its
    /// grantor granted, and without CASCADE nothing that others granted on.
    fn stays(
        &self,
        object: &Object<'_>,
        privilege: Privilege,
        sources: &[Source<'_>],
    ) -> Option<String> {
        let word = privilege.word();
        let name = |role: Oid| match role {
            PUBLIC => "PUBLIC".to_owned(),
            role => ident(self.snapshot.role_name(role)),
        };
        for Source { list, item, .. } in sources {
            let (grantee, grantor) = (name(item.grantee), name(item.grantor));
            if item.grantor != object.owner {
                return Some(format!(
                    "{word} was granted to {grantee} by {grantor}, who is not the owner and alone \
                     takes it back: SET ROLE {grantor}; REVOKE {word} ON {} FROM {grantee}",
                    object.on
                ));
            }
            let onward = list.iter().find(|other| {
                item.grantable && other.grantor == item.grantee && other.privilege == privilege
            });
            if let Some(onward) = onward {
                return Some(format!(
                    "{grantee} has granted {word} on to {}, who would lose it as well: REVOKE \
                     {word} ON {} FROM {grantee} CASCADE takes both",
                    name(onward.grantee),
                    object.on
                ));
            }
        }
        let predefined = match privilege {
            Privilege::Select => "pg_read_all_data",
            Privilege::Insert | Privilege::Update | Privilege::Delete => "pg_write_all_data",
            Privilege::Maintain => "pg_maintain",
            _ => return None,
        };
        let through = self.powers.has_predefined(self.snapshot, predefined);
        (through && object.on.starts_with("TABLE ")).then(|| {
            format!(
                "{word} comes with membership in {predefined}, which no REVOKE on {} ends",
                object.on
            )
        })
    }

    fn remember(&self, into: &mut Vec<Revoked>, source: &Source<'_>) {
        let role = |oid| (oid != PUBLIC).then(|| self.snapshot.role_name(oid).to_owned());
        let word = source.item.privilege.word().to_owned();
        let new = Revoked {
            from: role(source.item.grantee),
            privileges: BTreeSet::from([word.clone()]),
            columns: source.column.into_iter().map(str::to_owned).collect(),
            grantable: source.item.grantable,
            new_tables_of: None,
        };
        let known = into.iter_mut().find(|known| {
            (&known.from, known.grantable) == (&new.from, new.grantable)
                && known.columns.is_empty() == new.columns.is_empty()
                && (new.columns.is_empty() || known.privileges == new.privileges)
        });
        match known {
            Some(known) => {
                known.privileges.insert(word);
                known.columns.extend(new.columns);
            }
            None => into.push(new),
        }
    }

    /// Login roles that hold a privilege through nothing but what is taken.
    fn losers(
        &self,
        object: &Object<'_>,
        privilege: Privilege,
        sources: &[Source<'_>],
    ) -> Vec<String> {
        let taken: BTreeSet<Oid> = sources.iter().map(|source| source.item.grantee).collect();
        let lists = std::iter::once(object.acl).chain(object.columns.iter().map(|(_, acl)| *acl));
        let left: BTreeSet<Oid> = lists
            .flatten()
            .filter(|item| item.privilege == privilege && !taken.contains(&item.grantee))
            .map(|item| item.grantee)
            .chain([object.owner])
            .collect();
        let mut known = self.losers.borrow_mut();
        known
            .entry((taken, left))
            .or_insert_with_key(|(taken, left)| self.without(taken, left))
            .clone()
    }

    /// Login roles that have the privileges of some of `taken` and of none that is `left`.
    fn without(&self, taken: &BTreeSet<Oid>, left: &BTreeSet<Oid>) -> Vec<String> {
        if left.contains(&PUBLIC) {
            return Vec::new();
        }
        let roles = &self.snapshot.roles;
        let all = self
            .all
            .get_or_init(|| Powers::holders(self.snapshot, &roles.keys().copied().collect()));
        let loses = |role: &&Role| {
            let held = all.get(&role.oid);
            let has = |of: &BTreeSet<Oid>| held.is_some_and(|held| !held.is_disjoint(of));
            (taken.contains(&PUBLIC) || has(taken)) && !has(left)
        };
        roles
            .values()
            .filter(|role| role.login && !role.superuser && role.oid != self.powers.role)
            .filter(loses)
            .map(|role| ident(&role.name))
            .collect()
    }
}

impl Taken {
    /// `; also lost by a, b and 3 more`, or nothing.
    pub(super) fn also(&self) -> String {
        if self.losers.is_empty() {
            return String::new();
        }
        let mut text = self.losers[..self.losers.len().min(MAX_NAMED)].join(", ");
        if self.losers.len() > MAX_NAMED {
            text.push_str(&format!(" and {} more", self.losers.len() - MAX_NAMED));
        }
        format!("; these login roles lose it, too: {text}")
    }
}
