//! FROM: tables, views, sub-selects, WITH, and functions.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::block::{Partial, Reading, Refusal};
use super::join::join;
use super::names::{Columns, Item, Level, Sight};
use super::read::{Frame, MAX_ARMS, MAX_DEPTH, argument};
use super::syntax::{alias_of, calls_in, path_of, variant_in};
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
            ast::FromListItem::FromItem(other) => self.apart(other, level, before),
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
    pub(super) fn named(
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
            // The server's own catalogs hold no tenant's rows.
            let own = schema.map_or_else(
                || name.starts_with("pg_"),
                |schema| matches!(schema, "pg_catalog" | "information_schema"),
            );
            return match own {
                true => Ok(vec![unknown(&called, Expr::Opaque(path.join(".")))]),
                false => Err(format!("{}, a table that is not there", path.join("."))),
            };
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
                Ok(vec![Partial::of(
                    item,
                    Arm {
                        rows: vec![row],
                        ..Arm::default()
                    },
                )])
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
            Partial::of(
                Item::table(called, None, &alias, table),
                Arm {
                    rows: vec![Row {
                        relation: table.oid,
                        alias,
                        as_role: frame.role,
                        through: frame.through.clone(),
                        switched: frame.context.is_some(),
                    }],
                    ..Arm::default()
                },
            )
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
        let call = call.ok_or("an expression in FROM")?;
        let sight = level.seeing(&before.items);
        let expr = ast::Expr::CallExpr(call.clone());
        let mut arm = Arm::default();
        let placed = self.place(&lower::expr(&expr), sight, &mut arm);
        let Expr::Call(name, arguments) = placed else {
            return self.opaque_source(call.syntax(), alias, sight);
        };
        // A sub-select that is passed is read, whatever becomes of it.
        self.nested(call.syntax(), sight, &mut arm)?;
        let bare = name.rsplit('.').next().unwrap_or(&name).to_owned();
        let (called, columns) = alias_of(alias, &bare);
        let candidates = self.reader.functions(level.frame, &name, arguments.len());
        let whole = before.arm.beside(&arm);
        let mut found = Vec::new();
        for function in &candidates {
            let bound = arguments
                .iter()
                .map(|value| argument(value.clone(), &whole))
                .collect();
            for mut shown in self
                .calls
                .rows(function, bound, level.frame)
                .into_iter()
                .flatten()
            {
                // One of several: which one is not known.
                shown.limited |= candidates.len() > 1;
                shown.inner.extend(arm.inner.iter().cloned());
                found.push(shown);
            }
        }
        if !found.is_empty() {
            return Ok(computed(&called, &columns, found));
        }
        // What it and its arguments do, they do whatever the rows are worth.
        if candidates.is_empty() {
            arm.calls.push(Expr::Call(name.clone(), arguments.clone()));
        } else {
            arm.calls.extend(arguments.iter().cloned());
        }
        let mut found = unknown(&called, made_of(&name, &arguments, candidates.is_empty()));
        found.arm = arm;
        Ok(vec![found])
    }

    /// ROWS FROM, XMLTABLE and their like: the columns are not known, what is read is.
    fn apart(
        &mut self,
        item: &ast::FromItem,
        level: Level<'_>,
        before: &Partial,
    ) -> Result<Vec<Partial>, Refusal> {
        let alias = item.syntax().children().find_map(ast::FromAlias::cast);
        self.opaque_source(item.syntax(), alias, level.seeing(&before.items))
    }

    fn opaque_source(
        &mut self,
        node: &SyntaxNode,
        alias: Option<ast::FromAlias>,
        sight: Sight<'_>,
    ) -> Result<Vec<Partial>, Refusal> {
        let mut arm = Arm::default();
        for call in calls_in(node) {
            let lowered = lower::expr(&ast::Expr::CallExpr(call));
            if let placed @ Expr::Call(..) = self.place(&lowered, sight, &mut arm) {
                arm.calls.push(placed);
            }
        }
        self.nested(node, sight, &mut arm)?;
        let (called, _) = alias_of(alias, "?");
        let mut found = unknown(&called, Expr::Opaque(node.text().to_string()));
        found.arm = arm;
        Ok(vec![found])
    }
}

/// What a function's rows are worth: made of its arguments, where it is one of PostgreSQL's own.
fn made_of(name: &str, arguments: &[Expr], own: bool) -> Expr {
    let mut known = own;
    for argument in arguments {
        argument.walk(&mut |expr| {
            known &= !matches!(expr, Expr::Column { .. } | Expr::Opaque(_));
            true
        });
    }
    let chosen = arguments.iter().find_map(|argument| match argument {
        Expr::Argument(name) => Some(Expr::Argument(name.clone())),
        _ => None,
    });
    match chosen {
        Some(chosen) if known => chosen,
        _ => Expr::Opaque(format!("{name}()")),
    }
}

/// An item whose columns are all worth the same.
pub(super) fn unknown(name: &str, value: Expr) -> Partial {
    Partial::of(
        Item {
            name: name.to_owned(),
            schema: None,
            columns: Columns::Any(value),
        },
        Arm::default(),
    )
}

/// The arms of a sub-select as items of one name.
pub(super) fn computed(name: &str, columns: &[String], arms: Vec<Arm>) -> Vec<Partial> {
    if arms.is_empty() {
        let mut nothing = unknown(name, Expr::Opaque(format!("a column of {name}")));
        nothing.arm.limited = true;
        return vec![nothing];
    }
    let named = |targets: Vec<(String, Expr)>| {
        let renamed = targets
            .into_iter()
            .enumerate()
            .map(|(at, (own, value))| (columns.get(at).cloned().unwrap_or(own), value));
        Columns::Computed(renamed.collect())
    };
    arms.into_iter()
        .map(|mut arm| {
            let targets = std::mem::take(&mut arm.targets);
            let columns = match targets.as_slice() {
                [(star, value)] if star == "*" => Columns::Any(value.clone()),
                _ if targets.iter().any(|(name, _)| name == "*") => {
                    Columns::Any(Expr::Opaque(format!("a column of {name}")))
                }
                _ => named(targets),
            };
            let item = Item {
                name: name.to_owned(),
                schema: None,
                columns,
            };
            Partial::of(item, arm)
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
