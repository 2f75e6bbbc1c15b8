//! Can a row of another tenant take part in a result of a query?

use std::rc::Rc;

use super::eval::{Evaluation, Situation, identity};
use super::expr::Expr;
use super::judge::Leak;
use super::scope::{Identity, Scope};
use super::solve::Outcome;
use super::subselect::{Row as Joined, with_scopes};
use super::truth::Truth;
use super::{Answer, Prover};
use crate::catalog::{ConstraintKind, Oid, Relation, RelationKind};
use crate::query::{Arm, Row};

/// Finds the prover of another role.
pub type Provers<'p, 'a> = &'p dyn Fn(Oid) -> Rc<Prover<'a>>;

/// The row that may be another tenant's, in the arm where it takes part.
struct Suspect<'s, 'a> {
    arm: &'s Arm,
    at: usize,
    target: &'s Relation,
    provers: Provers<'s, 'a>,
}

impl<'a> Prover<'a> {
    /// Judges a row of an arm of a query that this role runs: whether it can be another tenant's
    /// and all conditions hold.
    ///
    /// What binds each row is that of the role as which it is read; rows tied by a foreign key are
    /// taken to be of one tenant.
    pub fn judge_row(&self, arm: &Arm, at: usize, provers: Provers<'_, 'a>) -> Answer {
        let snapshot = self.tenancy.snapshot;
        let Some(target) = arm
            .rows
            .get(at)
            .and_then(|row| snapshot.relations.get(&row.relation))
        else {
            return Answer::Unproven("a table that is gone".into());
        };
        let suspect = Suspect {
            arm,
            at,
            target,
            provers,
        };
        let mut stopped = None;
        for situation in [
            Situation::OtherTenant,
            Situation::NoContext,
            Situation::EmptyContext,
        ] {
            let known = situation == Situation::OtherTenant;
            let outcome = super::given::alternatives(&arm.conditions, known)
                .iter()
                .map(|conditions| self.scan(&suspect, situation, conditions))
                .max_by_key(rank)
                .unwrap_or(Outcome::Never);
            match outcome {
                // What a table of links says is the team's word, here too.
                Outcome::Never | Outcome::Trusted(_) => {}
                Outcome::Yes(atoms) if !arm.limited => {
                    let mut leak = Leak::of(situation, &atoms);
                    leak.conditions = leak.conditions.iter().map(|text| plain(text)).collect();
                    return Answer::Leaking(leak);
                }
                Outcome::Yes(_) => {
                    stopped.get_or_insert(format!(
                        "cannot tell {}: something that may limit the query is not followed",
                        situation.words()
                    ));
                }
                Outcome::Perhaps(atoms) => {
                    let on = if atoms.is_empty() {
                        "conditions that contradict each other".into()
                    } else {
                        plain(&atoms.join(" and "))
                    };
                    stopped.get_or_insert(format!(
                        "cannot tell {}: it depends on {on}",
                        situation.words()
                    ));
                }
            }
        }
        match stopped {
            Some(reason) => Answer::Unproven(reason),
            None => Answer::Proved("its own conditions pin the tenant to the context".into()),
        }
    }

    fn scan(
        &self,
        suspect: &Suspect<'_, 'a>,
        situation: Situation,
        conditions: &[Expr],
    ) -> Outcome {
        let snapshot = self.tenancy.snapshot;
        let Suspect {
            arm,
            at,
            target,
            provers,
        } = *suspect;
        let mut evaluation = Evaluation::new(self, situation, self.key_kind(target));
        let mut rows: Vec<Joined<'_>> = Vec::new();
        let mut readers: Vec<&Row> = Vec::new();
        for (place, row) in arm.rows.iter().enumerate() {
            let Some(relation) = snapshot.relations.get(&row.relation) else {
                continue;
            };
            let identity = match place == at {
                true => identity(situation),
                false => Identity::Any,
            };
            rows.push((relation, row.alias.clone(), identity));
            readers.push(row);
        }
        let nothing = Scope {
            relation: target,
            alias: String::new(),
            identity: Identity::Any,
            outer: None,
            beside: None,
        };
        while evaluation.identify(&mut rows, conditions, &nothing)
            || self.tie(&mut rows, conditions)
        {}
        let mut formulas = Vec::new();
        with_scopes(&rows, None, &mut |inner| {
            formulas = conditions
                .iter()
                .map(|condition| evaluation.truth(condition, inner))
                .collect();
        });
        for ((relation, alias, identity), row) in rows.iter().zip(readers) {
            if let Some(filter) = self.filter_of(relation, row, provers) {
                formulas.push(evaluation.on_row(&filter, relation, alias, *identity));
            }
        }
        evaluation.atoms.solve(&Truth::and(formulas))
    }

    /// What the policies on a row's table ask, for the role as which it is read; `None` where none
    /// filters it.
    fn filter_of(&self, relation: &Relation, row: &Row, provers: Provers<'_, 'a>) -> Option<Expr> {
        let stored = row.through.iter().any(|view| {
            self.tenancy
                .snapshot
                .relations
                .get(view)
                .is_some_and(|view| view.kind == RelationKind::MaterializedView)
        });
        // Under another context the policies bind to that one: whose it is, the conditions say.
        if stored || row.switched {
            return None;
        }
        provers(row.as_role).select_predicate(relation)
    }

    /// A row that a foreign key ties to one of the other tenant is that tenant's too.
    fn tie(&self, rows: &mut [Joined<'_>], conditions: &[Expr]) -> bool {
        for condition in conditions {
            let Expr::Binary(op, left, right) = condition else {
                continue;
            };
            if op != "=" {
                continue;
            }
            for (one, other) in [(left, right), (right, left)] {
                let (Some((a, x)), Some((b, y))) = (place(one, rows), place(other, rows)) else {
                    continue;
                };
                let tied = rows[a].2 == Identity::Other
                    && rows[b].2 == Identity::Any
                    && self.tenancy.tables.contains_key(&rows[b].0.oid)
                    && (refers(rows[a].0, x, rows[b].0, y) || refers(rows[b].0, y, rows[a].0, x));
                if tied {
                    rows[b].2 = Identity::Other;
                    return true;
                }
            }
        }
        false
    }
}

/// Which of two outcomes tells more against the query.
fn rank(outcome: &Outcome) -> u8 {
    match outcome {
        Outcome::Never | Outcome::Trusted(_) => 0,
        Outcome::Perhaps(_) => 1,
        Outcome::Yes(_) => 2,
    }
}

/// The row and column that an expression is.
fn place(expr: &Expr, rows: &[Joined<'_>]) -> Option<(usize, i16)> {
    let Expr::Column {
        table: Some(table),
        name,
    } = expr
    else {
        return None;
    };
    let at = rows.iter().position(|(_, alias, _)| alias == table)?;
    Some((at, rows[at].0.column(name)?.number))
}

/// Whether `child.x` refers to `parent.y` by a foreign key, alone or with other columns.
fn refers(child: &Relation, x: i16, parent: &Relation, y: i16) -> bool {
    child
        .constraints
        .iter()
        .filter(|constraint| {
            constraint.kind == ConstraintKind::Foreign && constraint.references == parent.oid
        })
        .any(|constraint| constraint.pairs().any(|pair| pair == (x, y)))
}

/// Comes before the number that keeps rows of one name apart.
pub(crate) const ROW_MARK: char = '\u{b7}';

/// A message without the numbers that keep rows of one name apart.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c == ROW_MARK && rest.peek().is_some_and(char::is_ascii_digit) {
            while rest.next_if(char::is_ascii_digit).is_some() {}
        } else {
            out.push(c);
        }
    }
    out
}
