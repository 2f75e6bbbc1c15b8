//! A view's own WHERE as the predicate on the rows of a table that it reads unfiltered.

use super::eval::Situation;
use super::expr::{Expr, FromTable, Select};
use super::{Answer, Prover, parse};
use crate::catalog::Relation;

impl Prover<'_> {
    /// Whether a query, read by a role that no policy binds, shows only the context's rows of
    /// `table`.
    ///
    /// Where the query joins several tables, a row of `table` is shown only if every condition
    /// holds, so that the conditions that speak of this table alone are enough for a proof; what
    /// they leave open may be closed by a join, and is unproven.
    pub fn judge_query(&self, definition: &str, table: &Relation) -> Answer {
        let Some(arms) = parse::arms(definition) else {
            return Answer::Unproven("the query is not of a kind that is followed".into());
        };
        let answers: Vec<Answer> = arms
            .iter()
            .filter(|arm| arm.from.iter().any(|from| is(from, table)))
            .map(|arm| self.judge_arm(arm, table))
            .collect();
        let nowhere = Answer::Unproven(format!(
            "the query does not read {} in a plain place",
            table.qualified()
        ));
        answers
            .into_iter()
            .max_by_key(Answer::rank)
            .unwrap_or(nowhere)
    }

    /// One SELECT of a UNION, or the whole query.
    fn judge_arm(&self, query: &Select, table: &Relation) -> Answer {
        let mut here = query.from.iter().filter(|from| is(from, table));
        let (Some(from), None) = (here.next(), here.next()) else {
            return Answer::Unproven(format!("the query reads {} twice", table.qualified()));
        };
        let (alias, alone) = (from.alias.clone(), query.from.len() == 1);
        let predicate = match &query.filter {
            None => Expr::Bool(true),
            Some(filter) => localize(filter, &alias, alone, table),
        };
        let answer = self.prove(
            table,
            &predicate,
            vec![
                Situation::OtherTenant,
                Situation::NoContext,
                Situation::EmptyContext,
            ],
        );
        match answer {
            Answer::Leaking(_) if !alone && query.filter.is_some() => {
                Answer::Unproven("the query joins several tables, and the join may limit it".into())
            }
            other => other,
        }
    }
}

fn is(from: &FromTable, table: &Relation) -> bool {
    from.name == table.name
        && from
            .schema
            .as_deref()
            .is_none_or(|s| *s == *table.schema_name)
}

/// Conditions in terms of the table's own columns; those of other tables stand for anything.
fn localize(filter: &Expr, alias: &str, alone: bool, table: &Relation) -> Expr {
    let conditions = match filter {
        Expr::And(items) => items.clone(),
        other => vec![other.clone()],
    };
    let kept = conditions
        .into_iter()
        .filter(|condition| {
            let mut local = true;
            condition.walk(&mut |expr| {
                if let Expr::Column {
                    table: qualifier,
                    name,
                } = expr
                {
                    local &= match qualifier.as_deref() {
                        None => alone && table.column(name).is_some(),
                        Some(qualifier) => qualifier == alias,
                    };
                }
                true
            });
            local || alone
        })
        .map(|condition| rename(&condition, alias, &table.name))
        .collect();
    Expr::And(kept)
}

/// The scope knows the row by the table's name, the query by its alias.
fn rename(expr: &Expr, alias: &str, name: &str) -> Expr {
    expr.map(|table, column, around| {
        let shadowed = around
            .iter()
            .any(|select| select.from.iter().any(|from| from.alias == alias));
        (table == Some(alias) && !shadowed).then(|| Expr::Column {
            table: Some(name.to_owned()),
            name: column.to_owned(),
        })
    })
}
