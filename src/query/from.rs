//! FROM: tables, views, sub-selects, WITH, functions, and joins of them.

use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::block::{Partial, Reading, Refusal, flatten, variant_in};
use super::names::{Columns, Item, Sight};
use super::place::is_any;
use super::read::{Cte, Frame, MAX_ARMS, MAX_DEPTH, argument};
use super::{Arm, Row};
use crate::catalog::{Relation, RelationKind};
use crate::predicate::{Expr, lower};

/// Stands for an identifier that is put into a text when it runs.
pub const SOME_NAME: &str = "?";

impl Reading<'_, '_> {
    /// Every way through a list of FROM items; a later one sees those before it.
    pub(super) fn from_list(
        &mut self,
        list: &[ast::FromListItem],
        frame: &Frame,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<Partial>, Refusal> {
        let mut partials = vec![Partial::default()];
        for item in list {
            let mut next = Vec::new();
            for partial in &partials {
                for found in self.from_item(item, frame, partial, outer)? {
                    next.push(join(partial, &found));
                }
            }
            self.bounded(&next)?;
            partials = next;
        }
        Ok(partials)
    }

    fn from_item(
        &mut self,
        item: &ast::FromListItem,
        frame: &Frame,
        before: &Partial,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<Partial>, Refusal> {
        let sight = Sight {
            items: &before.items,
            outer,
            names: &frame.names,
        };
        match item {
            ast::FromListItem::JoinExpr(both) => self.join_expr(both, frame, before, outer),
            ast::FromListItem::FromItem(ast::FromItem::RelationFromItem(table)) => {
                let path = path_of(table.relation_name_ref().and_then(|name| name.path_ref()));
                self.named(&path, table.alias(), frame)
            }
            ast::FromListItem::FromItem(ast::FromItem::ParenFromItem(paren)) => {
                self.paren(paren, frame, before, outer, &sight)
            }
            ast::FromListItem::FromItem(ast::FromItem::FunctionFromItem(function)) => self
                .function(
                    function.call_expr(),
                    function.alias(),
                    frame,
                    before,
                    &sight,
                ),
            ast::FromListItem::FromItem(ast::FromItem::ExprFromItem(expr)) => {
                self.function(expr.call_expr(), expr.alias(), frame, before, &sight)
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
        frame: &Frame,
        before: &Partial,
        outer: Option<&Sight<'_>>,
        sight: &Sight<'_>,
    ) -> Result<Vec<Partial>, Refusal> {
        let query = paren
            .paren_select()
            .map(ast::SelectVariant::ParenSelect)
            .or_else(|| paren.paren_expr().and_then(|inner| variant_in(&inner)));
        if let Some(query) = query {
            let (name, columns) = alias_of(paren.alias(), "?");
            let mut inside = frame.clone();
            inside.depth += 1;
            if inside.depth > MAX_DEPTH {
                return Err("sub-selects nested too deeply".into());
            }
            let arms = self.variant(&query, &inside, Some(sight))?;
            return Ok(computed(&name, &columns, arms));
        }
        match paren.paren_expr().and_then(|inner| inner.from_list_item()) {
            Some(inner) => self.from_item(&inner, frame, before, outer),
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

    fn cte(
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
        inside.made.insert(
            cte.name.clone(),
            Rc::new(vec![Arm {
                targets: vec![("*".into(), Expr::Opaque(format!("rows of {}", cte.name)))],
                limited: true,
                ..Arm::default()
            }]),
        );
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
        let arms = self.variant(&query, &inside, None)?;
        Ok(computed(called, columns, arms))
    }

    /// A view reads as its owner, or as the current user where it is an invoker's.
    pub(super) fn view(&mut self, view: &Relation, frame: &Frame) -> Result<Vec<Arm>, Refusal> {
        if frame.depth > MAX_DEPTH || frame.through.contains(&view.oid) {
            return Err(format!("views nested too deeply at {}", view.qualified()));
        }
        let definition = self
            .reader
            .definition(view)
            .and_then(|stmt| ast::SelectVariant::cast(stmt.syntax().clone()))
            .ok_or_else(|| format!("the query of {} does not parse", view.qualified()))?;
        let role = if view.security_invoker {
            frame.caller
        } else {
            view.owner
        };
        let mut inside = Frame::new(role, Vec::new());
        inside.caller = frame.caller;
        inside.context = frame.context.clone();
        inside.depth = frame.depth + 1;
        inside.through = frame.through.clone();
        inside.through.push(view.oid);
        let mut arms = self.variant(&definition, &inside, None)?;
        if view.kind == RelationKind::MaterializedView {
            // Its rows were stored under whatever context there was.
            for arm in &mut arms {
                arm.conditions.retain(|condition| !asks_session(condition));
                for inner in &mut arm.inner {
                    inner
                        .conditions
                        .retain(|condition| !asks_session(condition));
                }
            }
        }
        // The view's own names, whatever the query calls its results.
        for arm in &mut arms {
            if arm.targets.len() == view.columns.len() {
                for (target, column) in arm.targets.iter_mut().zip(&view.columns) {
                    target.0.clone_from(&column.name);
                }
            }
        }
        Ok(arms)
    }

    fn function(
        &mut self,
        call: Option<ast::CallExpr>,
        alias: Option<ast::FromAlias>,
        frame: &Frame,
        before: &Partial,
        sight: &Sight<'_>,
    ) -> Result<Vec<Partial>, Refusal> {
        let Some(call) = call else {
            return Ok(vec![unknown(
                "?",
                Expr::Opaque("an expression in FROM".into()),
            )]);
        };
        let lowered = lower::expr(&ast::Expr::CallExpr(call.clone()));
        let mut arm = Arm::default();
        let placed = self.place(&lowered, frame, before, sight.outer, &mut arm);
        let Expr::Call(name, arguments) = placed else {
            return Ok(vec![unknown(
                "?",
                Expr::Opaque(call.syntax().text().to_string()),
            )]);
        };
        let bare = name.rsplit('.').next().unwrap_or(&name).to_owned();
        let (called, columns) = alias_of(alias, &bare);
        let candidates = self.reader.functions(frame, &name, arguments.len());
        if let [function] = candidates.as_slice() {
            let whole = before.arm.beside(&arm);
            let bound = arguments
                .iter()
                .map(|value| argument(value.clone(), &whole))
                .collect();
            if let Some(arms) = self.calls.rows(function, bound, frame) {
                return Ok(computed(&called, &columns, arms));
            }
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

    fn join_expr(
        &mut self,
        both: &ast::JoinExpr,
        frame: &Frame,
        before: &Partial,
        outer: Option<&Sight<'_>>,
    ) -> Result<Vec<Partial>, Refusal> {
        let (Some(left), Some(tail)) = (both.from_list_item(), both.join()) else {
            return Err("a join".into());
        };
        let right = tail.from_list_item().ok_or("a join")?;
        let (keep_left, keep_right) = match tail.join_type() {
            Some(ast::JoinType::JoinLeft(_)) => (true, false),
            Some(ast::JoinType::JoinRight(_)) => (false, true),
            Some(ast::JoinType::JoinFull(_)) => (true, true),
            _ => (false, false),
        };
        let mut found = Vec::new();
        for l in self.from_item(&left, frame, before, outer)? {
            let seen = join(before, &l);
            let rights = self.from_item(&right, frame, &seen, outer)?;
            for r in &rights {
                let mut matched = join(&l, r);
                let conditions = self.on(&tail, frame, &l, r, &matched, outer);
                for condition in conditions {
                    flatten(condition, &mut matched.arm.conditions);
                }
                found.push(matched);
                if keep_right {
                    found.push(join(&absent(&l), r));
                }
            }
            if keep_left && let Some(r) = rights.first() {
                found.push(join(&l, &absent(r)));
            }
            self.bounded(&found)?;
        }
        Ok(found)
    }

    fn on(
        &self,
        tail: &ast::Join,
        frame: &Frame,
        left: &Partial,
        right: &Partial,
        matched: &Partial,
        outer: Option<&Sight<'_>>,
    ) -> Vec<Expr> {
        let shared: Vec<String> = match tail.join_condition() {
            Some(ast::JoinCondition::OnClause(on)) => {
                let Some(expr) = on.expr() else {
                    return Vec::new();
                };
                let mut arm = Arm::default();
                let placed = self.place(&lower::expr(&expr), frame, matched, outer, &mut arm);
                let mut conditions = arm.conditions;
                conditions.push(placed);
                return conditions;
            }
            Some(ast::JoinCondition::JoinUsingClause(using)) => using
                .column_ref_list()
                .into_iter()
                .flat_map(|list| list.syntax().children().collect::<Vec<_>>())
                .map(|column| identifier(&column))
                .collect(),
            None if tail.natural_token().is_some() => {
                let of = |partial: &Partial| -> Vec<String> {
                    let items = partial.items.iter().filter(|item| !is_any(item));
                    items.flat_map(Item::all).map(|(name, _)| name).collect()
                };
                let theirs = of(right);
                of(left)
                    .into_iter()
                    .filter(|name| theirs.contains(name))
                    .collect()
            }
            None => Vec::new(),
        };
        let value =
            |partial: &Partial, name: &str| partial.items.iter().find_map(|item| item.column(name));
        shared
            .iter()
            .filter_map(|name| {
                Some(Expr::Binary(
                    "=".into(),
                    Box::new(value(left, name)?),
                    Box::new(value(right, name)?),
                ))
            })
            .collect()
    }
}

fn join(left: &Partial, right: &Partial) -> Partial {
    let mut items = left.items.clone();
    items.extend(right.items.iter().cloned());
    Partial {
        items,
        arm: left.arm.beside(&right.arm),
    }
}

/// The side of an outer join that found nothing.
fn absent(partial: &Partial) -> Partial {
    Partial {
        items: partial.items.iter().map(Item::absent).collect(),
        arm: Arm::default(),
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
fn computed(name: &str, columns: &[String], arms: Vec<Arm>) -> Vec<Partial> {
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

fn alias_of(alias: Option<ast::FromAlias>, otherwise: &str) -> (String, Vec<String>) {
    let Some(alias) = alias else {
        return (otherwise.to_owned(), Vec::new());
    };
    let name = alias
        .name()
        .map_or_else(|| otherwise.to_owned(), |name| identifier(name.syntax()));
    let columns = match alias.columns() {
        Some(ast::FromAliasColumns::ColumnList(list)) => list
            .column_names()
            .map(|column| identifier(column.syntax()))
            .collect(),
        _ => Vec::new(),
    };
    (name, columns)
}

/// Whether an expression asks the session for something.
fn asks_session(expr: &Expr) -> bool {
    let mut asks = false;
    expr.walk(&mut |part| {
        asks |= matches!(part, Expr::Call(..) | Expr::Opaque(_));
        true
    });
    asks
}

/// The parts of a qualified name.
pub(super) fn path_of(path: Option<ast::PathRef>) -> Vec<String> {
    let Some(path) = path else {
        return Vec::new();
    };
    let mut parts = path_of(path.qualifier());
    parts.extend(path.segment().map(|segment| identifier(segment.syntax())));
    parts
}

/// An identifier as written, to the name it means.
pub(super) fn identifier(node: &SyntaxNode) -> String {
    let text = node.text().to_string();
    let text = text.trim();
    match text
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => inner.replace("\"\"", "\""),
        None => text.to_lowercase(),
    }
}
