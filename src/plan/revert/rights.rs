//! Privileges that were granted and taken, undone.

use super::super::LeftAlone;
use super::super::mark::{Mark, Place};
use super::super::revoked::speaks_for;
use super::super::{add_key, watchdog};
use super::{Steps, WayBack};
use crate::catalog::{Function, Oid, Privilege, Relation};
use crate::session::quote::ident;

impl WayBack<'_> {
    pub(super) fn revoke(&self, mark: &Mark, on: &str, steps: &mut Steps) {
        for (role, privileges) in &mark.granted {
            if self.snapshot.role(role).is_none() {
                continue;
            }
            // A comment is anybody's text: only words that are privileges become SQL.
            let known = |word: &&String| Privilege::parse(word) != Privilege::Other;
            let words: Vec<&str> = privileges
                .iter()
                .filter(known)
                .map(String::as_str)
                .collect();
            if !words.is_empty() {
                let words = words.join(", ");
                let role = ident(role);
                steps.push(
                    format!("REVOKE {words} ON {on} FROM {role}"),
                    format!("{words} was granted to {role}"),
                );
            }
        }
    }

    /// Privileges that were taken away, of the object itself and of tables that are made later.
    pub(super) fn give_back(
        &mut self,
        mark: &Mark,
        (on, owner): (&str, Oid),
        schema: Option<&str>,
        steps: &mut Steps,
    ) {
        for one in &mark.revoked {
            let Some(grant) = one.grant(self.snapshot, on, schema) else {
                continue;
            };
            let role = one.new_tables_of.as_deref();
            if role.is_some_and(|role| !speaks_for(self.snapshot, owner, role)) {
                self.plan.left_alone.push(LeftAlone {
                    object: on.to_owned(),
                    reason: format!(
                        "its comment tells of default privileges of a role that its owner does not \
                         act for; where it is right, run: {grant}"
                    ),
                });
                continue;
            }
            let role = role.and_then(|role| self.snapshot.role(role));
            steps.needs.extend(role.map(|role| role.oid));
            let words: Vec<&str> = one.privileges.iter().map(String::as_str).collect();
            let from = one
                .from
                .as_deref()
                .map_or_else(|| "PUBLIC".to_owned(), ident);
            let because = format!("{} was taken from {from}", words.join(", "));
            steps.push(grant, because);
        }
    }

    /// Functions whose EXECUTE was taken. One that was made goes later, and is known by its mark until then.
    pub(super) fn functions(&mut self) {
        let mut functions: Vec<&Function> = self.snapshot.functions.values().collect();
        functions.sort_by_cached_key(|function| function.signature());
        for function in functions {
            if watchdog::is_ours(function, self.comments)
                || add_key::is_ours(function, self.comments)
            {
                continue;
            }
            let place = Place::function(function);
            let on = (place.object(), function.signature());
            self.other(&place, (on.0, &on.1), function.owner, None);
        }
    }

    /// REVOKE on a table takes what was granted on its columns as well; that was never ours.
    /// `REVOKE`, notes.
    pub(super) fn keep_columns(&self, relation: &Relation, mark: &Mark, steps: &mut Steps) {
        for column in &relation.columns {
            for item in column.acl.iter().flat_map(|acl| acl.iter()) {
                let role = self.snapshot.role_name(item.grantee);
                let word = item.privilege.word();
                if !mark
                    .granted
                    .get(role)
                    .is_some_and(|words| words.contains(word))
                {
                    continue;
                }
                let option = if item.grantable {
                    " WITH GRANT OPTION"
                } else {
                    ""
                };
                steps.statements.push(format!(
                    "GRANT {word} ({}) ON {} TO {}{option}",
                    ident(&column.name),
                    relation.qualified(),
                    ident(role)
                ));
            }
        }
    }
}
