//! Whether a role is fit to be the application's: a pure judgement of the snapshot.

use std::collections::BTreeSet;

use super::grants;
use crate::catalog::{Oid, Privilege, Relation, Role, Snapshot, holds};
use crate::plan::acts_as;
use crate::session::quote::ident;
use crate::tenancy::Tenancy;

/// Privileges that policies do not cover.
pub(super) const BEYOND_POLICIES: [Privilege; 4] = [
    Privilege::Truncate,
    Privilege::References,
    Privilege::Trigger,
    Privilege::Maintain,
];

/// PostgreSQL's own roles that lead to the server's files, and so around every policy.
const FILES: [&str; 3] = [
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_execute_server_program",
];

/// One reason why the role is not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What is wrong, in one sentence.
    pub reason: String,
    /// The statement or command that mends it.
    pub fix: String,
}

/// Every reason; empty means fit. A role that does not exist has one.
pub fn fitness(tenancy: &Tenancy<'_>) -> Vec<Unfit> {
    let Some(app) = tenancy.app else {
        return vec![Unfit {
            reason: format!(
                "role {} does not exist",
                ident(&tenancy.settings.tenancy.app_role)
            ),
            fix: "tenantctl role create".into(),
        }];
    };
    let judge = Judge {
        tenancy,
        snapshot: tenancy.snapshot,
        name: ident(&app.name),
        holds_as: acts_as(tenancy.snapshot, app.oid),
        app,
    };
    let mut unfit = judge.attributes();
    unfit.extend(judge.memberships());
    unfit.extend(judge.ownership());
    unfit.extend(judge.schemas());
    unfit.extend(judge.tables());
    unfit.extend(
        grants::missing(tenancy, app)
            .into_iter()
            .map(|grant| Unfit {
                reason: format!("{} (on {})", grant.because, grant.object),
                fix: format!("{};", grant.statement()),
            }),
    );
    unfit
}

struct Judge<'t, 'a> {
    tenancy: &'t Tenancy<'a>,
    snapshot: &'a Snapshot,
    app: &'a Role,
    name: String,
    /// Whose grants the role has without SET ROLE.
    holds_as: BTreeSet<Oid>,
}

impl Judge<'_, '_> {
    fn attributes(&self) -> Vec<Unfit> {
        let app = self.app;
        let mut unfit: Vec<Unfit> = [
            (
                app.superuser,
                "is a superuser: no policy binds it",
                "NOSUPERUSER",
            ),
            (
                app.bypass_rls,
                "has BYPASSRLS: no policy binds it",
                "NOBYPASSRLS",
            ),
            (
                app.create_role,
                "may create and alter roles",
                "NOCREATEROLE",
            ),
            (app.create_db, "may create databases", "NOCREATEDB"),
            (
                app.replication,
                "may replicate, which shows every tenant's rows",
                "NOREPLICATION",
            ),
            (!app.login, "cannot log in", "LOGIN"),
        ]
        .into_iter()
        .filter(|(bad, _, _)| *bad)
        .map(|(_, what, word)| Unfit {
            reason: format!("{} {what}", self.name),
            fix: format!("ALTER ROLE {} {word};", self.name),
        })
        .collect();
        let wanted = self.tenancy.settings.role.connection_limit;
        if app.connection_limit != wanted {
            unfit.push(Unfit {
                reason: format!(
                    "{} has connection limit {}, [role] connection_limit is {wanted}",
                    self.name, app.connection_limit
                ),
                fix: format!("ALTER ROLE {} CONNECTION LIMIT {wanted};", self.name),
            });
        }
        unfit
    }

    /// Roles that it is a member of by any way: what is not inherited can be had by SET ROLE, and
    /// ADMIN grants the rest.
    fn memberships(&self) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        for (role, first) in reachable(self.snapshot, self.app.oid) {
            let Some(found) = self.snapshot.roles.get(&role) else {
                continue;
            };
            let owns = self
                .owned_by(role)
                .first()
                .map(|table| format!("owns {}", table.qualified()));
            let what = if found.superuser {
                "is a superuser".to_owned()
            } else if found.bypass_rls {
                "has BYPASSRLS".to_owned()
            } else if FILES.contains(&found.name.as_str()) {
                "reads or writes the server's files".to_owned()
            } else if found.create_role {
                "may create and alter roles".to_owned()
            } else if found.replication {
                "may replicate".to_owned()
            } else if let Some(owns) = owns {
                owns
            } else {
                continue;
            };
            unfit.push(Unfit {
                reason: format!(
                    "{} is a member of {}, which {what}",
                    self.name,
                    ident(&found.name)
                ),
                fix: format!(
                    "REVOKE {} FROM {};",
                    ident(self.snapshot.role_name(first)),
                    self.name
                ),
            });
        }
        unfit
    }

    fn owned_by(&self, role: Oid) -> Vec<&Relation> {
        let tables = self.tenancy.by_name();
        tables
            .into_iter()
            .map(|table| self.tenancy.relation(table))
            .filter(|relation| relation.owner == role)
            .collect()
    }

    fn ownership(&self) -> Vec<Unfit> {
        let mut unfit: Vec<Unfit> = self
            .owned_by(self.app.oid)
            .into_iter()
            .map(|table| Unfit {
                reason: format!(
                    "{} owns {} and can turn its isolation off",
                    self.name,
                    table.qualified()
                ),
                fix: format!(
                    "ALTER TABLE {} OWNER TO {};",
                    table.qualified(),
                    ident(self.snapshot.role_name(self.snapshot.server.session_role))
                ),
            })
            .collect();
        if self.snapshot.server.database_owner == self.app.oid {
            unfit.push(Unfit {
                reason: format!(
                    "{} owns the database {}",
                    self.name,
                    ident(&self.snapshot.server.database)
                ),
                fix: format!(
                    "ALTER DATABASE {} OWNER TO {};",
                    ident(&self.snapshot.server.database),
                    ident(self.snapshot.role_name(self.snapshot.server.session_role))
                ),
            });
        }
        unfit
    }

    fn schemas(&self) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        for schema in self.snapshot.schemas.values() {
            let listed = self.tenancy.settings.tenancy.schemas.contains(&schema.name);
            let owns = self.holds_as.contains(&schema.owner);
            if !listed || !(owns || holds(schema.acl.as_deref(), &self.holds_as, Privilege::Create))
            {
                continue;
            }
            let name = ident(&schema.name);
            let (reason, fix) = if owns {
                (
                    format!("{} owns schema {name}", self.name),
                    format!(
                        "ALTER SCHEMA {name} OWNER TO {};",
                        ident(self.snapshot.role_name(self.snapshot.server.session_role))
                    ),
                )
            } else {
                let from =
                    self.holder(schema.acl.as_deref().unwrap_or_default(), Privilege::Create);
                (
                    format!(
                        "{} may create objects in schema {name}{}",
                        self.name,
                        by(&from)
                    ),
                    format!("REVOKE CREATE ON SCHEMA {name} FROM {from};"),
                )
            };
            unfit.push(Unfit { reason, fix });
        }
        unfit
    }

    fn tables(&self) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        for table in self.tenancy.by_name() {
            let relation = self.tenancy.relation(table);
            if !table.listed || self.holds_as.contains(&relation.owner) {
                continue;
            }
            for privilege in BEYOND_POLICIES {
                if !self.snapshot.granted(relation, &self.holds_as, privilege) {
                    continue;
                }
                let from = self.holder(relation.acl.as_deref().unwrap_or_default(), privilege);
                unfit.push(Unfit {
                    reason: format!(
                        "{} holds {} on {}{}, which no policy covers",
                        self.name,
                        privilege.word(),
                        relation.qualified(),
                        by(&from)
                    ),
                    fix: format!(
                        "REVOKE {} ON TABLE {} FROM {from};",
                        privilege.word(),
                        relation.qualified()
                    ),
                });
            }
        }
        unfit
    }

    /// By whom a privilege is held: the role itself first, `PUBLIC` last.
    fn holder(&self, acl: &[crate::catalog::AclItem], what: Privilege) -> String {
        let holds = |role: Oid| {
            acl.iter()
                .any(|item| item.privilege == what && item.grantee == role)
        };
        if holds(self.app.oid) {
            return self.name.clone();
        }
        match self.holds_as.iter().find(|role| holds(**role)) {
            Some(role) => ident(self.snapshot.role_name(*role)),
            None => "PUBLIC".to_owned(),
        }
    }
}

fn by(holder: &str) -> String {
    if holder == "PUBLIC" {
        " through PUBLIC".to_owned()
    } else {
        String::new()
    }
}

/// Every role that is reached by memberships, with the first one on the way, which is granted to
/// the role itself.
fn reachable(snapshot: &Snapshot, role: Oid) -> Vec<(Oid, Oid)> {
    let mut seen = BTreeSet::from([role]);
    let mut found: Vec<(Oid, Oid)> = Vec::new();
    let mut open = vec![(role, None)];
    while let Some((member, first)) = open.pop() {
        for membership in snapshot.memberships.iter().filter(|m| m.member == member) {
            let useless = membership.inherit == Some(false)
                && membership.set == Some(false)
                && !membership.admin;
            if useless || !seen.insert(membership.role) {
                continue;
            }
            let first = first.unwrap_or(membership.role);
            found.push((membership.role, first));
            open.push((membership.role, Some(first)));
        }
    }
    found.sort_unstable();
    found
}
