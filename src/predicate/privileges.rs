//! Who may write a table, directly or with another role's rights.

use super::Prover;
use crate::catalog::{Function, Privilege, Relation, holds};
use crate::paths::Powers;
use crate::session::quote;

impl<'a> Prover<'a> {
    /// Columns that a role may set; `None` where it may set none.
    pub(super) fn writable_columns(
        &self,
        relation: &Relation,
        powers: &Powers,
        privilege: Privilege,
    ) -> Option<Vec<String>> {
        let snapshot = self.tenancy.snapshot;
        // A role that is not there yet will be granted the four operations on tenant tables.
        let will = self.tenancy.app.is_none() && self.tenancy.tables.contains_key(&relation.oid);
        if !will && !powers.may_use_schema(snapshot, relation.schema) {
            return None;
        }
        let columns: Vec<String> = match will || powers.may(snapshot, relation, privilege) {
            true => relation.columns.iter().map(|c| c.name.clone()).collect(),
            false => powers
                .columns(relation, privilege)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        };
        (!columns.is_empty()).then_some(columns)
    }

    /// A table, what it is a child of, and its children: a row that is written to one of them may
    /// be read from another.
    pub(super) fn family(&self, relation: &Relation) -> Vec<&'a Relation> {
        let snapshot = self.tenancy.snapshot;
        let mut found: Vec<&'a Relation> =
            snapshot.relations.get(&relation.oid).into_iter().collect();
        let mut at = 0;
        while at < found.len() {
            let here = found[at];
            let parents = here
                .parents
                .iter()
                .filter_map(|oid| snapshot.relations.get(oid));
            let next: Vec<&Relation> = parents.chain(snapshot.children(here.oid)).collect();
            for relation in next {
                if !found.iter().any(|known| known.oid == relation.oid) {
                    found.push(relation);
                }
            }
            at += 1;
        }
        found
    }

    /// A view, a rule or a function through which the application may write a table with another
    /// role's rights, as a reason.
    pub(super) fn writes_indirectly(&self, relation: &Relation) -> Option<String> {
        if let Some(known) = self.indirect.borrow().get(&relation.oid) {
            return known.clone();
        }
        let found = self
            .by_view_or_rule(relation)
            .or_else(|| self.by_function(relation));
        self.indirect
            .borrow_mut()
            .insert(relation.oid, found.clone());
        found
    }

    fn by_view_or_rule(&self, relation: &Relation) -> Option<String> {
        let snapshot = self.tenancy.snapshot;
        let mut through = vec![relation.oid];
        let mut at = 0;
        while at < through.len() {
            let here = through[at];
            at += 1;
            for other in snapshot.relations.values() {
                let refers = other.rules.iter().any(|rule| {
                    rule.refers_to.contains(&here) && (rule.name == "_RETURN" || rule.event != '1')
                });
                if !refers || other.security_invoker || through.contains(&other.oid) {
                    continue;
                }
                through.push(other.oid);
                let writes = |powers: &Powers| {
                    [Privilege::Insert, Privilege::Update]
                        .into_iter()
                        .any(|what| self.writable_columns(other, powers, what).is_some())
                };
                if self.writers().iter().any(writes) {
                    return Some(format!(
                        "what may be written to {} through {}",
                        relation.qualified(),
                        other.qualified()
                    ));
                }
            }
        }
        None
    }

    fn by_function(&self, relation: &Relation) -> Option<String> {
        let snapshot = self.tenancy.snapshot;
        let name = relation.name.to_lowercase();
        let found = snapshot
            .functions
            .values()
            .filter(|function| function.security_definer && !function.of_extension)
            .filter(|function| self.is_callable(function))
            .find(|function| {
                let body = function.body.to_lowercase();
                let mut words =
                    body.split(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '$')));
                body.contains(&name)
                    && words.any(|word| matches!(word, "insert" | "update" | "merge" | "copy"))
            })?;
        Some(format!(
            "what {}, which runs as {}, may write to {}",
            found.signature(),
            quote::ident(snapshot.role_name(found.owner)),
            relation.qualified()
        ))
    }

    fn is_callable(&self, function: &Function) -> bool {
        let snapshot = self.tenancy.snapshot;
        let returns = snapshot.types.get(&function.returns);
        returns.is_some_and(|ty| ty.name == "trigger")
            || match &function.acl {
                // EXECUTE is granted to PUBLIC by default.
                None => true,
                acl => self.writers().iter().any(|powers| {
                    powers.held.contains(&function.owner)
                        || holds(acl.as_deref(), &powers.held, Privilege::Execute)
                }),
            }
    }
}
