//! From the text that the server prints to an [`Expr`], through squawk's PostgreSQL parser.
//!
//! What this module does not know becomes [`Expr::Opaque`]: never wrong, only unproven.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::depth::is_too_deep;
use super::expr::{Expr, FromTable, Select};
use super::lower::expr;

/// Parses an expression; `None` where the parser finds an error.
pub fn expression(text: &str) -> Option<Expr> {
    match query(&format!("select {text}"))?.targets.as_slice() {
        [(target, _)] => Some(target.clone()),
        _ => None,
    }
}

/// Parses a single query; `None` where it is not one SELECT of the plain kind.
pub fn query(text: &str) -> Option<Select> {
    match statement(text)? {
        ast::Stmt::Select(select) => self::select(&select),
        _ => None,
    }
}

/// The SELECTs of a query that is one, or a UNION of several.
pub(super) fn arms(text: &str) -> Option<Vec<Select>> {
    fn collect(variant: &ast::SelectVariant, into: &mut Vec<Select>) -> Option<()> {
        match variant {
            ast::SelectVariant::Select(one) => into.push(select(one)?),
            ast::SelectVariant::CompoundSelect(many) => {
                if many.syntax().children_with_tokens().any(|child| {
                    matches!(
                        child.kind(),
                        SyntaxKind::INTERSECT_KW | SyntaxKind::EXCEPT_KW
                    )
                }) {
                    return None;
                }
                let arms: Vec<_> = many
                    .syntax()
                    .children()
                    .filter_map(ast::SelectVariant::cast)
                    .collect();
                for arm in &arms {
                    collect(arm, into)?;
                }
                // ORDER BY and LIMIT of the whole stand beside the arms.
                (arms.len() == 2).then_some(())?;
            }
            _ => return None,
        }
        Some(())
    }
    let statement = statement(text)?;
    let mut found = Vec::new();
    collect(
        &ast::SelectVariant::cast(statement.syntax().clone())?,
        &mut found,
    )?;
    Some(found)
}

/// The syntax of the one statement of a text.
pub(crate) fn statement_node(text: &str) -> Option<SyntaxNode> {
    Some(statement(text)?.syntax().clone())
}

/// The one statement of a text that parses and is not too deep.
pub(crate) fn statement(text: &str) -> Option<ast::Stmt> {
    let text = text.trim().trim_end_matches(';');
    if is_too_deep(text) {
        return None;
    }
    let parsed = SourceFile::parse(text);
    if !parsed.errors().is_empty() {
        return None;
    }
    let mut statements = parsed.tree().stmts();
    match (statements.next(), statements.next()) {
        (Some(statement), None) => Some(statement),
        _ => None,
    }
}

pub(super) fn select(select: &ast::Select) -> Option<Select> {
    let plain = select.group_by_clause().is_none()
        && select.having_clause().is_none()
        && select.with_clause().is_none()
        && select.window_clause().is_none()
        && select.tail_clauses().next().is_none();
    if !plain || select.select_clause()?.select_quantifier().is_some() {
        return None;
    }
    let body = body(select)?;
    body.outer.is_none().then_some(body.select)
}

/// A SELECT without what stands around its FROM and WHERE.
pub(super) struct Body {
    /// Where a LEFT JOIN finds a partner.
    pub(super) select: Select,
    /// Where it finds none: the tables that are NULL then are left out.
    pub(super) outer: Option<Select>,
}

/// The right side of a LEFT JOIN, by places in FROM and among the conditions.
#[derive(Default)]
struct From {
    tables: Vec<FromTable>,
    filters: Vec<Expr>,
    outer: Vec<(std::ops::Range<usize>, std::ops::Range<usize>)>,
}

pub(super) fn body(select: &ast::Select) -> Option<Body> {
    let clause = select.select_clause()?;
    let mut targets = Vec::new();
    for target in clause
        .target_list()
        .into_iter()
        .flat_map(|list| list.targets())
    {
        let name = target
            .as_name()
            .and_then(|name| name.name())
            .map(|name| name.text());
        let value = match target.expr() {
            Some(value) => expr(&value),
            None => Expr::Opaque(target.syntax().text().to_string()),
        };
        targets.push((value, name));
    }
    let mut from = From::default();
    for item in select
        .from_clause()
        .into_iter()
        .flat_map(|clause| clause.items())
    {
        from_item(&item, &mut from)?;
    }
    if let Some(condition) = select.where_clause() {
        from.filters.push(expr(&condition.expr()?));
    }
    let outer = match from.outer.as_slice() {
        [] => None,
        [(tables, filters)] => Some(without(&targets, &from, tables, filters)),
        _ => return None,
    };
    let select = Select {
        targets,
        from: from.tables,
        filter: all(from.filters),
    };
    Some(Body { select, outer })
}

fn all(mut filters: Vec<Expr>) -> Option<Expr> {
    match filters.len() {
        0 => None,
        1 => filters.pop(),
        _ => Some(Expr::And(filters)),
    }
}

/// The rows for which the right side of a LEFT JOIN has no partner: that it has none is not told.
fn without(
    targets: &[(Expr, Option<String>)],
    from: &From,
    tables: &std::ops::Range<usize>,
    filters: &std::ops::Range<usize>,
) -> Select {
    let gone: Vec<&str> = from.tables[tables.clone()]
        .iter()
        .map(|table| table.alias.as_str())
        .collect();
    let null = |expr: &Expr| {
        expr.map(|table, _, _| {
            table
                .is_some_and(|table| gone.contains(&table))
                .then_some(Expr::Null)
        })
    };
    let mut kept: Vec<Expr> = from
        .filters
        .iter()
        .enumerate()
        .filter(|(at, _)| !filters.contains(at))
        .map(|(_, filter)| null(filter))
        .collect();
    kept.push(Expr::Opaque(format!(
        "whether {} has no partner",
        gone.join(", ")
    )));
    let left = from.tables.iter().enumerate();
    Select {
        targets: targets
            .iter()
            .map(|(target, name)| (null(target), name.clone()))
            .collect(),
        from: left
            .filter(|(at, _)| !tables.contains(at))
            .map(|(_, table)| table.clone())
            .collect(),
        filter: all(kept),
    }
}

/// Tables of one FROM item; `None` for functions, sub-selects, and outer joins other than LEFT.
fn from_item(item: &ast::FromListItem, from: &mut From) -> Option<()> {
    match item {
        ast::FromListItem::FromItem(ast::FromItem::RelationFromItem(relation)) => {
            from.tables.push(from_table(relation)?);
            Some(())
        }
        ast::FromListItem::FromItem(ast::FromItem::ParenFromItem(paren)) => {
            let inner = paren.paren_expr().and_then(|inner| inner.from_list_item());
            let inner =
                inner.or_else(|| paren.syntax().children().find_map(ast::FromListItem::cast))?;
            let aliased = paren
                .syntax()
                .children()
                .any(|child| ast::FromAlias::can_cast(child.kind()));
            if aliased {
                None
            } else {
                from_item(&inner, from)
            }
        }
        ast::FromListItem::JoinExpr(join) => {
            from_item(&join.from_list_item()?, from)?;
            let join = join.join()?;
            let left = match join.join_type() {
                None | Some(ast::JoinType::JoinInner(_) | ast::JoinType::JoinCross(_)) => false,
                Some(ast::JoinType::JoinLeft(_)) => true,
                Some(_) => return None,
            };
            if join.natural_token().is_some() {
                return None;
            }
            let (tables, filters) = (from.tables.len(), from.filters.len());
            from_item(&join.from_list_item()?, from)?;
            match join.join_condition() {
                None => {}
                Some(ast::JoinCondition::OnClause(on)) => from.filters.push(expr(&on.expr()?)),
                Some(ast::JoinCondition::JoinUsingClause(_)) => return None,
            }
            if left {
                let right = tables..from.tables.len();
                from.outer.push((right, filters..from.filters.len()));
            }
            Some(())
        }
        ast::FromListItem::FromItem(_) => None,
    }
}

fn from_table(item: &ast::RelationFromItem) -> Option<FromTable> {
    if item.tablesample_clause().is_some() {
        return None;
    }
    let path = path_parts(&item.relation_name_ref()?.path_ref()?);
    let (name, schema) = match path.as_slice() {
        [name] => (name.clone(), None),
        [schema, name] => (name.clone(), Some(schema.clone())),
        _ => return None,
    };
    let alias = match item.alias() {
        None => name.clone(),
        Some(alias) => {
            let mut idents = alias.syntax().children().filter_map(ast::TableAlias::cast);
            let alias_name = identifier(idents.next()?.ident_token()?.text());
            // `FROM t a (x, y)` renames columns: too clever.
            if alias.syntax().children().count() > 1 {
                return None;
            }
            alias_name
        }
    };
    Some(FromTable {
        schema,
        name,
        alias,
    })
}

fn path_parts(path: &ast::PathRef) -> Vec<String> {
    let mut parts = path
        .qualifier()
        .map(|qualifier| path_parts(&qualifier))
        .unwrap_or_default();
    if let Some(segment) = path.segment() {
        parts.push(identifier(segment.syntax().text().to_string().trim()));
    }
    parts
}

/// An identifier as written, to the name it means.
pub(super) fn identifier(written: &str) -> String {
    match written
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
    {
        Some(inner) => inner.replace("\"\"", "\""),
        None => written.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str) -> Expr {
        Expr::Column {
            table: None,
            name: name.into(),
        }
    }

    #[test]
    fn the_form_that_apply_writes() {
        let text = "(organization_id = ( SELECT (NULLIF(current_setting('app.x'::text, true), ''::text))::uuid AS \"nullif\"))";
        let Some(Expr::Binary(op, left, right)) = expression(text) else {
            panic!("not a comparison")
        };
        assert_eq!((op.as_str(), *left), ("=", column("organization_id")));
        let Expr::Scalar(select) = *right else {
            panic!("not a sub-select")
        };
        assert!(select.from.is_empty() && matches!(select.targets[0].0, Expr::Cast(..)));
    }

    #[test]
    fn precedence_is_the_servers() {
        let Some(Expr::Or(items)) = expression("a OR b AND c") else {
            panic!("not an OR")
        };
        assert_eq!(items[0], column("a"));
        assert_eq!(items[1], Expr::And(vec![column("b"), column("c")]));
    }

    #[test]
    fn a_subselect_keeps_its_qualifiers() {
        let text = "(id IN ( SELECT c.id FROM public.conversations c WHERE (c.w = messages.w)))";
        let Some(Expr::InSelect(_, select)) = expression(text) else {
            panic!("not IN")
        };
        assert_eq!(select.from[0].alias, "c");
        assert_eq!(select.from[0].schema.as_deref(), Some("public"));
    }

    #[test]
    fn what_is_not_understood_is_opaque_or_refused() {
        assert!(matches!(
            expression("a -> 'x'"),
            Some(Expr::Binary(..) | Expr::Opaque(_))
        ));
        assert!(matches!(
            expression("(a, b) = (1, 2)"),
            Some(Expr::Binary(..) | Expr::Opaque(_))
        ));
        assert!(expression("a = = b").is_none());
        assert!(matches!(
            expression("EXISTS (SELECT 1 FROM a FULL JOIN b ON a.i = b.i)"),
            Some(Expr::Opaque(_))
        ));
        assert!(matches!(
            expression("EXISTS (SELECT 1 FROM a HAVING count(*) = 0)"),
            Some(Expr::Opaque(_))
        ));
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("{}a{}", "(".repeat(5000), ")".repeat(5000));
        assert!(expression(&text).is_none());
    }
}
