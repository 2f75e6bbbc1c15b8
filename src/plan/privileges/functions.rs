//! PUBLIC's EXECUTE on functions that reach tenants' rows past the policies.

use super::super::held::Object;
use super::super::mark::Place;
use super::{Revoke, Search, named};
use crate::catalog::{AclItem, Function, Privilege};
use crate::finding::{Finding, Severity};
use crate::session::quote::ident;

impl Search<'_, '_> {
    pub(super) fn functions(&mut self, findings: &[Finding]) {
        let open = named(findings, "definer-bypasses-rls", Severity::Medium);
        let mut functions: Vec<&Function> = self.snapshot().functions.values().collect();
        functions.sort_by_key(|function| function.signature());
        for function in functions {
            let signature = function.signature();
            if !open.contains(signature.as_str()) {
                continue;
            }
            match self.function(function) {
                Ok(revoke) => self.revokes.found.push(revoke),
                Err(why) => self.leave(
                    &signature,
                    format!("{why}; filter by the context inside it, or make it SECURITY INVOKER"),
                ),
            }
        }
    }

    /// Whether anything would come of it but failures.
    fn may_lose(&self, function: &Function) -> Result<(), String> {
        if self.holders.owns(function.owner) {
            return Err(format!("{} owns it, which no REVOKE ends", self.app()));
        }
        let returns = self.snapshot().types.get(&function.returns);
        if returns.is_some_and(|returns| returns.name == "trigger") {
            return Err("triggers call it, for which nobody needs EXECUTE".to_owned());
        }
        if let Some(user) = self.user(function) {
            return Err(format!(
                "{user} calls it with the rights of whoever runs the statement, which would fail \
                 without EXECUTE"
            ));
        }
        Ok(())
    }

    /// PUBLIC's EXECUTE, where the application has no other.
    fn function(&self, function: &Function) -> Result<Revoke, String> {
        self.may_lose(function)?;
        let public = [AclItem {
            grantor: function.owner,
            grantee: 0,
            privilege: Privilege::Execute,
            grantable: false,
        }];
        // Without a list EXECUTE is PUBLIC's.
        let acl = function.acl.as_deref().unwrap_or(&public);
        let by_name = acl.iter().find(|item| {
            item.privilege == Privilege::Execute
                && item.grantee != 0
                && self.holders.is_one(item.grantee)
        });
        if let Some(item) = by_name {
            return Err(format!(
                "EXECUTE was granted to {} by name, so it is meant to be called",
                ident(self.snapshot().role_name(item.grantee))
            ));
        }
        let place = Place::function(function);
        let object = Object {
            owner: function.owner,
            on: place.object().to_owned(),
            acl,
            columns: Vec::new(),
        };
        let taken = self.holders.take(&object, &[Privilege::Execute]);
        if let Some(why) = taken.stays.first() {
            return Err(why.clone());
        }
        if taken.revoked.is_empty() {
            return Err(format!("{} reaches it without EXECUTE", self.app()));
        }
        Ok(Revoke {
            object: function.signature(),
            relation: 0,
            owner: function.owner,
            on: object.on,
            schema: None,
            because: format!(
                "PUBLIC, and so {}, may execute it, and it reaches rows past the policies{}",
                self.app(),
                taken.also()
            ),
            revoked: taken.revoked,
            place,
            closes: vec!["definer-bypasses-rls"],
            needs: Vec::new(),
        })
    }

    /// What calls a function for the application without being told to.
    fn user(&self, function: &Function) -> Option<String> {
        let snapshot = self.snapshot();
        let call = format!("{}(", ident(&function.name));
        let calls = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(&call));
        for relation in self.by_name() {
            let name = relation.qualified();
            let policies = &mut relation.policies.iter();
            if policies.any(|policy| calls(&policy.using) || calls(&policy.check)) {
                return Some(format!("a policy of {name}"));
            }
            let rules = &mut relation.rules.iter();
            if calls(&relation.definition) || rules.any(|rule| calls(&rule.definition)) {
                return Some(name);
            }
        }
        if function.used_by_catalog {
            return Some("a default, a constraint or an operator".to_owned());
        }
        let mut aggregates = snapshot.functions.values();
        aggregates
            .find(|aggregate| aggregate.aggregates.contains(&function.oid))
            .map(Function::signature)
    }
}
