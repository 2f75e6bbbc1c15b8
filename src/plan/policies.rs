//! The policies of one table: ours as they should be, the team's where they stand in the way.

use std::collections::BTreeSet;

use super::expression::Expression;
use super::mark::{Place, Replaced};
use super::names;
use super::work::{Desk, Work};
use crate::catalog::{Oid, Policy, PolicyCommand, Relation, Role, Snapshot};
use crate::predicate::{Answer, Need, Prover};
use crate::session::quote::ident;

/// 0 stands for PUBLIC.
const PUBLIC: Oid = 0;

/// A policy as it should be.
struct Wanted {
    name: String,
    permissive: bool,
    role: (Oid, String),
}

impl Wanted {
    fn body(&self, expression: &Expression) -> String {
        format!(
            "TO {}\n  USING ({})\n  WITH CHECK ({})",
            self.role.1, expression.using, expression.check
        )
    }

    /// Why what is there will not do.
    fn because(&self, fault: &Fault) -> String {
        let name = ident(&self.name);
        let (what, kind) = if self.permissive {
            ("policy", "permissive")
        } else {
            ("guard", "restrictive")
        };
        if fault.same_shape {
            format!("{what} {name} has {}", fault.differs.join(" and "))
        } else {
            format!("{what} {name} is not a {kind} policy for all commands")
        }
    }
}

/// In what a policy is not what is wanted.
struct Fault {
    /// Permissive or restrictive, for all commands, as it should be.
    same_shape: bool,
    differs: Vec<String>,
}

/// Brings the policies about.
pub(super) fn all(
    desk: Desk<'_, '_>,
    (relation, app): (&Relation, &Role),
    expression: &Expression,
    work: &mut Work,
) {
    let name = desk.tenancy.policy_name(&relation.name);
    let guard = names::fitted(&name, "_guard");
    let mut wanted = vec![Wanted {
        name,
        permissive: true,
        role: (app.oid, ident(&app.name)),
    }];
    if desk.tenancy.settings.policy.guard {
        wanted.push(Wanted {
            name: guard,
            permissive: false,
            role: (PUBLIC, "PUBLIC".to_owned()),
        });
    }
    let table = Table { desk, relation };
    for wanted in &mut wanted {
        table.bring_about(wanted, expression, work);
    }
    for policy in &relation.policies {
        if wanted.iter().any(|wanted| wanted.name == policy.name) {
            continue;
        }
        if table.is_ours(policy) {
            table.drop(policy, work);
            work.because.push(format!(
                "policy {} of an earlier plan is no longer wanted",
                ident(&policy.name)
            ));
        } else if desk.choice.replace {
            table.replace(policy, app, work);
        }
    }
}

struct Table<'t, 'a> {
    desk: Desk<'t, 'a>,
    relation: &'t Relation,
}

impl Table<'_, '_> {
    fn is_ours(&self, policy: &Policy) -> bool {
        let (_, mark) = Place::policy(self.relation, policy).read(self.desk.comments);
        mark.is_some_and(|mark| mark.made)
    }

    fn named(&self, name: &str) -> Option<&Policy> {
        let mut policies = self.relation.policies.iter();
        policies.find(|policy| policy.name == name)
    }

    /// What is wrong with a policy; `None` where nothing is.
    fn fault(&self, found: &Policy, wanted: &Wanted, expression: &Expression) -> Option<Fault> {
        let same_shape =
            found.permissive == wanted.permissive && found.command == PolicyCommand::All;
        let differs = self.difference(found, wanted, expression);
        (!same_shape || !differs.is_empty()).then_some(Fault {
            same_shape,
            differs,
        })
    }

    fn bring_about(&self, wanted: &mut Wanted, expression: &Expression, work: &mut Work) {
        let mut found = self.named(&wanted.name);
        let mut fault = found.and_then(|found| self.fault(found, wanted, expression));
        // The team's own stays, so ours steps aside.
        if let (Some(theirs), Some(_)) = (found, &fault)
            && !self.is_ours(theirs)
            && !self.desk.choice.replace
        {
            wanted.name = names::fitted(&wanted.name, "_tenantctl");
            found = self.named(&wanted.name);
            fault = found.and_then(|found| self.fault(found, wanted, expression));
        }
        let name = ident(&wanted.name);
        let table = self.relation.qualified();
        let body = wanted.body(expression);
        let kind = if wanted.permissive {
            ""
        } else {
            " AS RESTRICTIVE"
        };
        let create = format!("CREATE POLICY {name} ON {table}{kind} {body}");
        let (found, fault) = match (found, fault) {
            (None, _) => {
                let because = if wanted.permissive {
                    work.closes("rls-no-policy");
                    format!("{} has no policy {name}", wanted.role.1)
                } else {
                    "no guard keeps other policies from widening access".to_owned()
                };
                return self.create(create, &wanted.name, because, work);
            }
            (Some(_), None) => return,
            (Some(found), Some(fault)) => (found, fault),
        };
        let because = wanted.because(&fault);
        work.closes("policy-not-tenant");
        if self.is_ours(found) && fault.same_shape {
            let undo = format!("DROP POLICY {name} ON {table}");
            return work.push(
                format!("ALTER POLICY {name} ON {table} {body}"),
                undo,
                because,
            );
        }
        if !self.is_ours(found) {
            self.remember(found, work);
        }
        self.drop(found, work);
        self.create(create, &wanted.name, because, work);
    }

    fn create(&self, create: String, name: &str, because: String, work: &mut Work) {
        let undo = format!(
            "DROP POLICY {} ON {}",
            ident(name),
            self.relation.qualified()
        );
        work.push(create, undo, because);
        let place = Place::new_policy(self.relation, name);
        work.stamp(self.desk, &place, |mark| mark.made = true);
    }

    fn drop(&self, policy: &Policy, work: &mut Work) {
        let statement = format!(
            "DROP POLICY {} ON {}",
            ident(&policy.name),
            self.relation.qualified()
        );
        let was = self.as_it_is(policy);
        let place = Place::new_policy(self.relation, &policy.name);
        if let Some(comment) = &was.comment {
            work.undo.push(place.write(Some(comment), None));
        }
        work.undo.push(was.create(self.relation));
        work.statements.push(statement);
    }

    /// A policy of the team's own makes place for ours.
    fn replace(&self, policy: &Policy, app: &Role, work: &mut Work) {
        self.remember(policy, work);
        self.drop(policy, work);
        work.because.push(format!(
            "policy {} is replaced: {}",
            ident(&policy.name),
            self.effect(policy, app)
        ));
    }

    fn remember(&self, policy: &Policy, work: &mut Work) {
        let was = self.as_it_is(policy);
        work.stamp(self.desk, &Place::relation(self.relation), |mark| {
            mark.replaced.push(was);
        });
    }

    fn as_it_is(&self, policy: &Policy) -> Replaced {
        let (comment, _) = Place::policy(self.relation, policy).read(self.desk.comments);
        let named = |role: &&Oid| **role != PUBLIC;
        let name = |role: &Oid| self.snapshot().role_name(*role).to_owned();
        Replaced {
            name: policy.name.clone(),
            command: policy.command,
            permissive: policy.permissive,
            roles: policy.roles.iter().filter(named).map(name).collect(),
            using: policy.using.clone(),
            check: policy.check.clone(),
            comment: comment.map(str::to_owned),
        }
    }

    fn snapshot(&self) -> &Snapshot {
        self.desk.tenancy.snapshot
    }

    /// What becomes of access without a policy of the team's.
    fn effect(&self, policy: &Policy, app: &Role) -> String {
        if !policy.permissive {
            return "this widens, its condition on every row goes with it".to_owned();
        }
        let mut alone = self.relation.clone();
        alone.row_security = true;
        alone.policies = vec![policy.clone()];
        let roles = super::acts_as(self.snapshot(), app.oid);
        let reader = if policy.roles.contains(&PUBLIC) {
            app.oid
        } else {
            policy.roles.first().copied().unwrap_or(app.oid)
        };
        let roles = if reader == app.oid {
            roles
        } else {
            BTreeSet::from([reader])
        };
        let prover = Prover::new(self.desk.tenancy, reader, roles);
        let need = match policy.command {
            PolicyCommand::All | PolicyCommand::Select => Need::Select,
            PolicyCommand::Insert => Need::Insert,
            PolicyCommand::Update => Need::UpdateOld,
            PolicyCommand::Delete => Need::Delete,
        };
        match prover.judge(&alone, need) {
            Answer::Proved(_) | Answer::Denied => {
                "ours may widen access to rows of the same organization, never to another's"
                    .to_owned()
            }
            Answer::Leaking(_) => {
                "ours narrows, this one let rows of other organizations through".to_owned()
            }
            Answer::Unproven(_) => {
                "the two could not be compared by proof, so look at both".to_owned()
            }
        }
    }

    /// What is other than it should be.
    fn difference(&self, found: &Policy, wanted: &Wanted, expression: &Expression) -> Vec<String> {
        let mut differs = Vec::new();
        if found.roles != [wanted.role.0] {
            let roles: Vec<String> = found
                .roles
                .iter()
                .map(|role| match *role {
                    PUBLIC => "PUBLIC".to_owned(),
                    role => ident(self.snapshot().role_name(role)),
                })
                .collect();
            differs.push(format!("other roles ({})", roles.join(", ")));
        }
        if !expression.is(found.using.as_deref(), found.check.as_deref()) {
            let text = |expression: &Option<String>| match expression {
                Some(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
                None => "none".to_owned(),
            };
            let check = match &found.check {
                check if check.is_none() || *check == found.using => String::new(),
                check => format!(" WITH CHECK {}", text(check)),
            };
            differs.push(format!("another text: USING {}{check}", text(&found.using)));
        }
        differs
    }
}
