//! What ANALYZE sampled from tenants' rows, shown by views.

use std::collections::BTreeSet;

use squawk_syntax::SyntaxKind;
use squawk_syntax::ast::AstNode;

use super::super::held::Object;
use super::{ROWS, Search};
use crate::catalog::{Oid, Relation};
use crate::predicate::parse;

impl Search<'_, '_> {
    /// Views of the team's own that show what ANALYZE sampled from tenants' rows.
    pub(super) fn statistics(&mut self) {
        let mut showing: BTreeSet<Oid> = BTreeSet::new();
        let views: Vec<&Relation> = self.by_name();
        for view in &views {
            if view.definition.as_deref().is_some_and(reads_statistics) {
                showing.insert(view.oid);
            }
        }
        while !showing.is_empty() {
            let above = views.iter().filter(|view| {
                let mut rules = view.rules.iter().filter(|rule| rule.event == '1');
                rules.any(|rule| rule.refers_to.iter().any(|oid| showing.contains(oid)))
            });
            let found: Vec<Oid> = above.map(|view| view.oid).collect();
            let known = showing.len();
            showing.extend(found);
            if showing.len() == known {
                break;
            }
        }
        for view in views {
            let concerned = showing.contains(&view.oid) && !view.security_invoker;
            if concerned && !self.holders.owns(view.owner) {
                let taken = self.holders.take(&Object::relation(view), &ROWS[..1]);
                let of = "a view that shows samples of every organization's columns";
                self.relation(view, taken, vec!["statistics-readable"], of);
            }
        }
    }
}

/// Whether a view's query, as the server prints it, reads the tables that ANALYZE fills.
fn reads_statistics(definition: &str) -> bool {
    // Parsing costs; most views do not even have the word.
    definition.contains("pg_statistic")
        && parse::statement(definition).is_some_and(|statement| {
            let mut parts = statement.syntax().descendants_with_tokens();
            parts.any(|part| {
                let token = part.as_token();
                token.is_some_and(|token| {
                    token.kind() == SyntaxKind::IDENT
                        && ["pg_statistic", "pg_statistic_ext_data"].contains(&token.text())
                })
            })
        })
}
