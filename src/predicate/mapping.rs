//! Tables whose rows say who may see what: memberships, links, shares.
//!
//! A sub-select that finds such a row lets a row of another tenant through. Where the row that is
//! found ties the context to that tenant, and the application cannot write it, what the table says
//! is what the team wants, and no defect of a policy. Where the application can write it, it lets
//! itself in.

use super::eval::{Evaluation, Situation};
use super::scope::Scope;
use super::subselect::Row;
use super::truth::{AtomKind, Constant, Truth};
use super::value::Subject;
use super::writer::Access;
use crate::catalog::{ConstraintKind, Relation};

/// What one thing in a sub-select is tied to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Node {
    /// The context.
    Context,
    /// Who the session is.
    User,
    /// The outer row, in a way that names it or its tenant.
    Outer,
    /// A row of the sub-select.
    Row(usize),
}

/// Ties without which the sub-select finds nothing.
struct Ties {
    edges: Vec<(Node, Node)>,
    rows: usize,
}

impl Ties {
    /// Whether a way leads from one to the outer row, around one row of the sub-select.
    fn lead(&self, from: Node, around: Option<usize>) -> bool {
        let mut seen = vec![from];
        let mut at = 0;
        while at < seen.len() && !seen.contains(&Node::Outer) {
            let here = seen[at];
            at += 1;
            let next: Vec<Node> = self
                .edges
                .iter()
                .flat_map(|(a, b)| [(a, b), (b, a)])
                .filter(|(one, _)| **one == here)
                .map(|(_, other)| *other)
                .filter(|other| match other {
                    Node::Row(row) => Some(*row) != around,
                    Node::Outer => true,
                    Node::Context | Node::User => false,
                })
                .filter(|other| !seen.contains(other))
                .collect();
            seen.extend(next);
        }
        seen.contains(&Node::Outer)
    }
}

impl Evaluation<'_, '_> {
    /// The formula of a sub-select of which a row satisfies `formula`, if it is there.
    pub(super) fn present(
        &mut self,
        rows: &[Row<'_>],
        scope: &Scope<'_>,
        formula: Truth,
        single: bool,
    ) -> Truth {
        let names = tables(rows);
        let ties = self.ties(rows, scope, &formula);
        let context = ties.lead(Node::Context, None);
        let user = ties.lead(Node::User, None);
        if !context && !user {
            return self.not_tied(rows, scope, formula, single);
        }
        let from = if context { Node::Context } else { Node::User };
        let mut doubt = None;
        for at in (0..ties.rows).filter(|at| !ties.lead(from, Some(*at))) {
            match self.lets_itself_in(rows, at, &formula) {
                Access::No => {}
                Access::Yes(written)
                    if !single || self.is_one(rows, at, from, written.privilege) =>
                {
                    let text = format!("{} has run {}", written.role, written.statement());
                    return self.atoms.found(text, AtomKind::Written(written), formula);
                }
                Access::Yes(written) => {
                    doubt.get_or_insert(format!(
                        "which row of {names} is found once {} may write it",
                        written.role
                    ));
                }
                Access::Maybe(reason) => {
                    doubt.get_or_insert(reason);
                }
            }
        }
        let (text, kind) = match doubt {
            Some(reason) => (reason, AtomKind::Opaque),
            None if context => (
                format!("{names} says so"),
                AtomKind::Mapping { table: names },
            ),
            None => (
                format!("what {names} says of the session's user"),
                AtomKind::Opaque,
            ),
        };
        self.atoms.found(text, kind, formula)
    }

    /// Whether a scalar sub-select surely finds the row that was written: an UPDATE makes no second
    /// one, and no other session's row is this one's.
    fn is_one(&self, rows: &[Row<'_>], at: usize, from: Node, privilege: &str) -> bool {
        privilege == "UPDATE" || (from == Node::User && rows.len() == 1 && at == 0)
    }

    /// Nothing leads from the context to the row: whatever the table says, it says to all.
    fn not_tied(
        &mut self,
        rows: &[Row<'_>],
        scope: &Scope<'_>,
        formula: Truth,
        single: bool,
    ) -> Truth {
        let names = tables(rows);
        let inner = |subject: &Subject| rows.iter().any(|(_, alias, _)| *alias == subject.alias);
        let identity = self.atoms.which(&formula, &|kind| match kind {
            AtomKind::Equals {
                subject,
                constant: Constant::User(_),
                ..
            } => inner(subject),
            kind => self.of_context(kind).is_some_and(inner),
        });
        let of_row = self.atoms.which(&formula, &|kind| match kind {
            AtomKind::Equals {
                subject, constant, ..
            } => inner(subject) && matches!(constant, Constant::Key | Constant::Parent),
            AtomKind::Joined { left, right } => inner(left) != inner(right),
            _ => false,
        });
        let open = [&identity, &of_row]
            .into_iter()
            .map(|ties| formula.without(ties))
            .find(|open| !self.atoms.never(open, &[]));
        let named = rows
            .iter()
            .any(|(.., identity)| *identity == super::scope::Identity::Other);
        let tied = named || !of_row.is_empty();
        let Some(open) = open else {
            let how = match self.weak_tie(&formula, &of_row, scope) {
                Some(column) => format!(
                    "what {names} says of {column}, which names neither a row nor its organization"
                ),
                None => format!("how {names} ties the row to the context"),
            };
            return self.atoms.found(how, AtomKind::Opaque, formula);
        };
        if single {
            let picked = format!("which row of {names} a sub-select picks");
            return self.atoms.found(picked, AtomKind::Opaque, formula);
        }
        let text = match tied {
            true => format!("{names} has such a row"),
            false => format!("{names} has any row that passes"),
        };
        let exists = AtomKind::Exists {
            table: names.clone(),
            of_row: tied,
        };
        if open == formula {
            return self.atoms.found(text, exists, formula);
        }
        // Rows that are tied may be found too; what they open is another question.
        let says = format!("what {names} says to the context");
        Truth::or(vec![
            self.atoms.found(text, exists, open),
            self.atoms.found(says, AtomKind::Opaque, formula),
        ])
    }

    /// The outer column that a tie goes by, for a message.
    fn weak_tie(&self, formula: &Truth, ties: &[usize], scope: &Scope<'_>) -> Option<String> {
        self.atoms
            .which(formula, &|kind| matches!(kind, AtomKind::Joined { .. }))
            .into_iter()
            .filter(|atom| ties.contains(atom))
            .find_map(|atom| match self.atoms.kind(atom) {
                AtomKind::Joined { left, right } => [left, right]
                    .into_iter()
                    .find(|side| scope.find(Some(&side.alias), &side.column).is_some())
                    .map(Subject::text),
                _ => None,
            })
    }

    /// The column that is compared with the context. One that is empty or missing is no tenant's: a
    /// table that lists it says so to nobody else.
    fn of_context<'k>(&self, kind: &'k AtomKind) -> Option<&'k Subject> {
        let none = matches!(
            self.situation,
            Situation::NoContext | Situation::EmptyContext
        );
        match kind {
            AtomKind::Equals {
                subject,
                constant: Constant::Context,
                ..
            } => Some(subject),
            AtomKind::Equals {
                subject,
                constant: Constant::Text(text),
                ..
            } if none && text.is_empty() => Some(subject),
            AtomKind::IsNull { subject } if none => Some(subject),
            _ => None,
        }
    }

    fn ties(&self, rows: &[Row<'_>], scope: &Scope<'_>, formula: &Truth) -> Ties {
        let mut ties = Ties {
            edges: Vec::new(),
            rows: rows.len(),
        };
        for (at, (_, alias, identity)) in rows.iter().enumerate() {
            let row = Node::Row(at);
            let own = |subject: &Subject| subject.alias == *alias;
            if *identity == super::scope::Identity::Other {
                ties.edges.push((row, Node::Outer));
            }
            let mut tie = |to: Node, wanted: &dyn Fn(&AtomKind) -> bool| {
                let atoms = self.atoms.which(formula, wanted);
                if !atoms.is_empty() && self.atoms.never(formula, &atoms) {
                    ties.edges.push((row, to));
                }
            };
            tie(Node::Context, &|kind| {
                self.of_context(kind).is_some_and(own)
            });
            tie(Node::User, &|kind| match kind {
                AtomKind::Equals {
                    subject,
                    constant: Constant::User(_),
                    ..
                } => own(subject),
                _ => false,
            });
            tie(Node::Outer, &|kind| match kind {
                AtomKind::Equals {
                    subject,
                    constant: Constant::Key | Constant::Parent,
                    ..
                } => own(subject),
                AtomKind::Joined { left, right } => {
                    (own(left) && self.names_outer(right, scope))
                        || (own(right) && self.names_outer(left, scope))
                }
                _ => false,
            });
            for (other, (_, beside, _)) in rows.iter().enumerate().skip(at + 1) {
                tie(Node::Row(other), &|kind| match kind {
                    AtomKind::Joined { left, right } => {
                        (own(left) && right.alias == *beside)
                            || (own(right) && left.alias == *beside)
                    }
                    _ => false,
                });
            }
        }
        ties
    }

    /// Whether a column of the outer row names that row, or something that one tenant has.
    fn names_outer(&self, subject: &Subject, scope: &Scope<'_>) -> bool {
        let Some((found, column)) = scope.find(Some(&subject.alias), &subject.column) else {
            return false;
        };
        subject.form.is_empty()
            && (is_unique(found.relation, column.number)
                || self.refers_to_tenant(found.relation, column.number))
    }

    fn refers_to_tenant(&self, relation: &Relation, column: i16) -> bool {
        relation.constraints.iter().any(|constraint| {
            constraint.kind == ConstraintKind::Foreign
                && constraint.columns == [column]
                && self
                    .prover
                    .tenancy
                    .tables
                    .contains_key(&constraint.references)
        })
    }
}

fn is_unique(relation: &Relation, column: i16) -> bool {
    relation.indexes.iter().any(|index| {
        (index.unique || index.primary)
            && index.usable
            && !index.partial
            && index.columns == [column]
    })
}

fn tables(rows: &[Row<'_>]) -> String {
    let mut names: Vec<String> = rows
        .iter()
        .map(|(relation, ..)| relation.qualified())
        .collect();
    names.dedup();
    names.join(", ")
}
