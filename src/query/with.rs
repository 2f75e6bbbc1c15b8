//! WITH: queries under a name, and what those that change data do on the way.

use std::rc::Rc;

use squawk_syntax::ast::{self, AstNode};

use super::Arm;
use super::block::{Partial, Reading, Refusal};
use super::from::computed;
use super::names::Level;
use super::read::{Cte, Frame, MAX_DEPTH};
use super::syntax::identifier;
use crate::predicate::Expr;

impl Reading<'_, '_> {
    /// The frame with the queries of WITH in sight; those that change something do it here.
    pub(super) fn with(
        &mut self,
        clause: Option<ast::WithClause>,
        frame: &Frame,
    ) -> Result<Frame, Refusal> {
        let mut inside = frame.clone();
        let recursive = clause
            .as_ref()
            .is_some_and(|clause| clause.recursive_token().is_some());
        for table in clause.into_iter().flat_map(|clause| clause.with_tables()) {
            let (Some(name), Some(query)) = (table.name(), table.query()) else {
                continue;
            };
            let name = identifier(name.syntax());
            let columns = table.column_list().map(|list| {
                list.column_names()
                    .map(|column| identifier(column.syntax()))
                    .collect()
            });
            let shown = self.modifying(&query, &inside)?;
            if let Some(mut shown) = shown {
                let columns: Vec<String> = columns.unwrap_or_default();
                shown.iter_mut().for_each(|arm| arm.rename(&columns));
                inside.ctes.retain(|cte| cte.name != name);
                inside.made.insert(name, Rc::new(shown));
                continue;
            }
            let cte = Cte {
                name,
                columns: columns.unwrap_or_default(),
                query,
                before: inside.ctes.clone(),
                recursive,
            };
            inside.ctes.push(Rc::new(cte));
        }
        Ok(inside)
    }

    pub(super) fn cte(
        &mut self,
        cte: &Rc<Cte>,
        called: &str,
        renamed: &[String],
        frame: &Frame,
    ) -> Result<Vec<Partial>, Refusal> {
        let mut inside = frame.clone();
        inside.ctes = cte.before.clone();
        inside.depth += 1;
        // In a recursive query the name means the rows so far: nothing is known of them.
        if cte.recursive {
            let rows_so_far = Arm {
                targets: vec![("*".into(), Expr::Opaque(format!("rows of {}", cte.name)))],
                limited: true,
                ..Arm::default()
            };
            inside
                .made
                .insert(cte.name.clone(), Rc::new(vec![rows_so_far]));
        }
        if inside.depth > MAX_DEPTH {
            return Err("queries nested too deeply".into());
        }
        let Some(query) = ast::SelectVariant::cast(cte.query.syntax().clone()) else {
            return Err("WITH that changes data".into());
        };
        let columns = if renamed.is_empty() {
            &cte.columns
        } else {
            renamed
        };
        let arms = self.variant(&query, Level::of(&inside))?;
        Ok(computed(called, columns, arms))
    }
}
