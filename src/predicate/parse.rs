//! From the text that the server prints to an [`Expr`], through squawk's PostgreSQL parser.
//!
//! What this module does not know becomes [`Expr::Opaque`]: never wrong, only unproven.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SourceFile, SyntaxKind};

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

/// The one statement of a text that parses and is not too deep.
fn statement(text: &str) -> Option<ast::Stmt> {
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
    let clause = select.select_clause()?;
    if !plain || clause.select_quantifier().is_some() {
        return None;
    }
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
    let (mut from, mut filters) = (Vec::new(), Vec::new());
    for item in select
        .from_clause()
        .into_iter()
        .flat_map(|clause| clause.items())
    {
        from_item(&item, &mut from, &mut filters)?;
    }
    if let Some(condition) = select.where_clause() {
        filters.push(expr(&condition.expr()?));
    }
    let filter = match filters.len() {
        0 => None,
        1 => filters.pop(),
        _ => Some(Expr::And(filters)),
    };
    Some(Select {
        targets,
        from,
        filter,
    })
}

/// Tables of one FROM item; `None` for outer joins, functions, sub-selects: their rows do not obey
/// the conditions as plain AND.
fn from_item(
    item: &ast::FromListItem,
    from: &mut Vec<FromTable>,
    filters: &mut Vec<Expr>,
) -> Option<()> {
    match item {
        ast::FromListItem::FromItem(ast::FromItem::RelationFromItem(relation)) => {
            from.push(from_table(relation)?);
            Some(())
        }
        ast::FromListItem::FromItem(ast::FromItem::ParenFromItem(paren)) => {
            let inner = paren
                .syntax()
                .children()
                .find_map(ast::FromListItem::cast)?;
            let aliased = paren
                .syntax()
                .children()
                .any(|child| ast::FromAlias::can_cast(child.kind()));
            if aliased {
                None
            } else {
                from_item(&inner, from, filters)
            }
        }
        ast::FromListItem::JoinExpr(join) => {
            from_item(&join.from_list_item()?, from, filters)?;
            let join = join.join()?;
            let inner = matches!(
                join.join_type(),
                None | Some(ast::JoinType::JoinInner(_) | ast::JoinType::JoinCross(_))
            );
            if !inner || join.natural_token().is_some() {
                return None;
            }
            from_item(&join.from_list_item()?, from, filters)?;
            match join.join_condition() {
                None => Some(()),
                Some(ast::JoinCondition::OnClause(on)) => {
                    filters.push(expr(&on.expr()?));
                    Some(())
                }
                Some(ast::JoinCondition::JoinUsingClause(_)) => None,
            }
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
fn identifier(written: &str) -> String {
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
            expression("EXISTS (SELECT 1 FROM a LEFT JOIN b ON a.i = b.i)"),
            Some(Expr::Opaque(_))
        ));
        assert!(matches!(
            expression("EXISTS (SELECT count(*) FROM a GROUP BY b)"),
            Some(Expr::Opaque(_))
        ));
    }

    #[test]
    fn depth_is_bounded() {
        let text = format!("{}a{}", "(".repeat(5000), ")".repeat(5000));
        assert!(expression(&text).is_none());
    }
}
