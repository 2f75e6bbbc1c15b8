//! FROM: tables, views, sub-selects, WITH, and functions.

use squawk_syntax::ast::{self, AstNode};

use super::block::{Partial, Reading, Refusal};
use super::join::join;
use super::names::{Columns, Item, Level};
use super::read::{Frame, MAX_ARMS, MAX_DEPTH, argument};
use super::syntax::{alias_of, path_of, variant_in};
use super::{Arm, Row};
use crate::catalog::RelationKind;
use crate::predicate::{Expr, lower};

/// Stands for an identifier that is put into a text when it runs.
pub const SOME_NAME: &str = "?";

impl Reading<'_, '_> {
    /// Every way through a list of FROM items; a later one sees those before it.
    pub(super) fn sources(
        &mut self,
        list: &[ast::FromListItem],
        level: Level<'_>,
    ) -> Result<Vec<Partial>, Refusal> {
        let mut partials = vec![Partial::default()];
        for item in list {
            let mut next = Vec::new();
            for partial in &partials {
                for found in self.source(item, level, partial)? {
                    next.push(join(partial, &found));
                }
            }
            self.bounded(&next)?;
            partials = next;
        }
        Ok(partials)
    }

    pub(super) fn source(
        &mut self,
        item: &ast::FromListItem,
        level: Level<'_>,
        before: &Partial,
    ) -> Result<Vec<Partial>, Refusal> {
        match item {
            ast::FromListItem::JoinExpr(both) => self.join_expr(both, level, before),
            ast::FromListItem::FromItem(ast::FromItem::RelationFromItem(table)) => {
                let path = path_of(table.relation_name_ref().and_then(|name| name.path_ref()));
                self.named(&path, table.alias(), level.frame)
            }
            ast::FromListItem::FromItem(ast::FromItem::ParenFromItem(paren)) => {
                self.paren(paren, level, before)
            }
            ast::FromListItem::FromItem(ast::FromItem::FunctionFromItem(function)) => {
                self.function(function.call_expr(), function.alias(), level, before)
            }
            ast::FromListItem::FromItem(ast::FromItem::ExprFromItem(expr)) => {
                self.function(expr.call_expr(), expr.alias(), level, before)
            }
            ast::FromListItem::FromItem(other) => {
                let text = other.syntax().text().to_string();
                Ok(vec![unknown("?", Expr::Opaque(text))])
            }
        }
    }

    fn paren(
        &mut self,
        paren: &ast::ParenFromItem,
        level: Level<'_>,
        before: &Partial,
    ) -> Result<Vec<Partial>, Refusal> {
        let query = paren
            .paren_select()
            .map(ast::SelectVariant::ParenSelect)
            .or_else(|| paren.paren_expr().and_then(|inner| variant_in(&inner)));
        if let Some(query) = query {
            let (name, columns) = alias_of(paren.alias(), "?");
            let mut inside = level.frame.clone();
            inside.depth += 1;
            if inside.depth > MAX_DEPTH {
                return Err("sub-selects nested too deeply".into());
            }
            let sight = level.seeing(&before.items);
            let arms = self.variant(&query, Level::inside(&inside, &sight))?;
            return Ok(computed(&name, &columns, arms));
        }
        match paren.paren_expr().and_then(|inner| inner.from_list_item()) {
            Some(inner) => self.source(&inner, level, before),
            None => Err("parentheses in FROM".into()),
        }
    }

    /// A name in FROM: of WITH, of a temporary table, of a table or of a view.
    fn named(
        &mut self,
        path: &[String],
        alias: Option<ast::FromAlias>,
        frame: &Frame,
    ) -> Result<Vec<Partial>, Refusal> {
        let (schema, name) = match path {
            [name] => (None, name),
            [schema, name] => (Some(schema.as_str()), name),
            _ => return Err("a table of another database".into()),
        };
        let (called, columns) = alias_of(alias.clone(), name);
        if schema.is_none_or(|schema| schema == "pg_temp") {
            if let Some(cte) = frame
                .ctes
                .iter()
                .rev()
                .find(|cte| cte.name == *name)
                .cloned()
            {
                return self.cte(&cte, &called, &columns, frame);
            }
            if let Some(arms) = frame.made.get(name) {
                return Ok(computed(&called, &columns, arms.as_ref().clone()));
            }
        }
        if name == SOME_NAME {
            return self.any_table(schema, &called, frame);
        }
        let Some(relation) = self.reader.relation(frame, schema, name) else {
            return Ok(vec![unknown(&called, Expr::Opaque(path.join(".")))]);
        };
        match relation.kind {
            RelationKind::View | RelationKind::MaterializedView => {
                let arms = self.view(relation, frame)?;
                Ok(computed(&called, &columns, arms))
            }
            _ => {
                let schema = alias.is_none().then(|| relation.schema_name.to_string());
                let unique = self.reader.alias(&called);
                let mut item = Item::table(&called, schema, &unique, relation);
                rename(&mut item, &columns);
                let row = Row {
                    relation: relation.oid,
                    alias: unique,
                    as_role: frame.role,
                    through: frame.through.clone(),
                    switched: frame.context.is_some(),
                };
                Ok(vec![Partial {
                    items: vec![item],
                    arm: Arm {
                        rows: vec![row],
                        ..Arm::default()
                    },
                }])
            }
        }
    }

    /// A table that the caller names: any that holds tenants' rows.
    fn any_table(
        &self,
        schema: Option<&str>,
        called: &str,
        frame: &Frame,
    ) -> Result<Vec<Partial>, Refusal> {
        let tables = self.reader.tenant_tables(schema);
        if tables.is_empty() || tables.len() > MAX_ARMS {
            return Err("a table that the caller names".into());
        }
        let rows = tables.into_iter().map(|table| {
            let alias = self.reader.alias(called);
            Partial {
                items: vec![Item::table(called, None, &alias, table)],
                arm: Arm {
                    rows: vec![Row {
                        relation: table.oid,
                        alias,
                        as_role: frame.role,
                        through: frame.through.clone(),
                        switched: frame.context.is_some(),
                    }],
                    ..Arm::default()
                },
            }
        });
        Ok(rows.collect())
    }

    fn function(
        &mut self,
        call: Option<ast::CallExpr>,
        alias: Option<ast::FromAlias>,
        level: Level<'_>,
        before: &Partial,
    ) -> Result<Vec<Partial>, Refusal> {
        let Some(call) = call else {
            return Ok(vec![unknown(
                "?",
                Expr::Opaque("an expression in FROM".into()),
            )]);
        };
        let lowered = lower::expr(&ast::Expr::CallExpr(call.clone()));
        let mut arm = Arm::default();
        let placed = self.place(&lowered, level.seeing(&before.items), &mut arm);
        let Expr::Call(name, arguments) = placed else {
            return Ok(vec![unknown(
                "?",
                Expr::Opaque(call.syntax().text().to_string()),
            )]);
        };
        let bare = name.rsplit('.').next().unwrap_or(&name).to_owned();
        let (called, columns) = alias_of(alias, &bare);
        let candidates = self.reader.functions(level.frame, &name, arguments.len());
        if let [function] = candidates.as_slice() {
            let whole = before.arm.beside(&arm);
            let bound = arguments
                .iter()
                .map(|value| argument(value.clone(), &whole))
                .collect();
            match self.calls.rows(function, bound, level.frame) {
                Ok(arms) => return Ok(computed(&called, &columns, arms)),
                Err(reason) => self.effect.unknown.extend(reason),
            }
        } else {
            self.effect.unknown.extend(self.calls.reaches_out(&name));
        }
        // What it returns is made of its arguments, where it is one of PostgreSQL's own.
        let mut known = candidates.is_empty();
        for argument in &arguments {
            argument.walk(&mut |expr| {
                known &= !matches!(expr, Expr::Column { .. } | Expr::Opaque(_));
                true
            });
        }
        let chosen = arguments.iter().find_map(|argument| match argument {
            Expr::Argument(name) => Some(Expr::Argument(name.clone())),
            _ => None,
        });
        let value = match chosen {
            Some(chosen) if known => chosen,
            _ => Expr::Opaque(format!("{name}()")),
        };
        let mut found = unknown(&called, value);
        found.arm = arm;
        Ok(vec![found])
    }
}

/// An item whose columns are all worth the same.
pub(super) fn unknown(name: &str, value: Expr) -> Partial {
    Partial {
        items: vec![Item {
            name: name.to_owned(),
            schema: None,
            columns: Columns::Any(value),
        }],
        arm: Arm::default(),
    }
}

/// The arms of a sub-select as items of one name.
pub(super) fn computed(name: &str, columns: &[String], arms: Vec<Arm>) -> Vec<Partial> {
    arms.into_iter()
        .map(|mut arm| {
            let targets = std::mem::take(&mut arm.targets);
            let columns = match targets.as_slice() {
                [(star, value)] if star == "*" => Columns::Any(value.clone()),
                _ if targets.iter().any(|(name, _)| name == "*") => {
                    Columns::Any(Expr::Opaque(format!("a column of {name}")))
                }
                _ => Columns::Computed(
                    targets
                        .into_iter()
                        .enumerate()
                        .map(|(at, (own, value))| (columns.get(at).cloned().unwrap_or(own), value))
                        .collect(),
                ),
            };
            Partial {
                items: vec![Item {
                    name: name.to_owned(),
                    schema: None,
                    columns,
                }],
                arm,
            }
        })
        .collect()
}

/// `FROM t a (x, y)` renames columns.
fn rename(item: &mut Item, columns: &[String]) {
    if !columns.is_empty() {
        let renamed = item
            .all()
            .into_iter()
            .enumerate()
            .map(|(at, (own, value))| (columns.get(at).cloned().unwrap_or(own), value));
        item.columns = Columns::Computed(renamed.collect());
    }
}
