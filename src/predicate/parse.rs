//! From the text that the server prints to an [`Expr`], through squawk's PostgreSQL parser.
//!
//! What this module does not know becomes [`Expr::Opaque`]: never wrong, only unproven.

use squawk_syntax::ast::{self, AstNode, BinOp, LitKind, PostfixOp, PrefixOp};
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use super::expr::{Expr, FromTable, Select};

/// Longer texts are not parsed: the parser recurses.
const MAX_BYTES: usize = 32 * 1024;
/// Deeper parentheses are not parsed, for the same reason.
const MAX_DEPTH: usize = 200;

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
    if text.len() > MAX_BYTES || depth(text) > MAX_DEPTH {
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

fn depth(text: &str) -> usize {
    let (mut now, mut most) = (0usize, 0usize);
    for byte in text.bytes() {
        match byte {
            b'(' => now += 1,
            b')' => now = now.saturating_sub(1),
            _ => {}
        }
        most = most.max(now);
    }
    most
}

fn select(select: &ast::Select) -> Option<Select> {
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

fn opaque(node: &SyntaxNode) -> Expr {
    Expr::Opaque(node.text().to_string())
}

fn expr(node: &ast::Expr) -> Expr {
    known(node).unwrap_or_else(|| opaque(node.syntax()))
}

/// `None` for what is not understood.
fn known(node: &ast::Expr) -> Option<Expr> {
    Some(match node {
        ast::Expr::NameRef(name) => keyword_value(name).unwrap_or_else(|| Expr::Column {
            table: None,
            name: name.text(),
        }),
        ast::Expr::FieldExpr(field) => field_expr(field)?,
        ast::Expr::Literal(literal) => literal_value(literal)?,
        ast::Expr::ParenExpr(paren) => paren_expr(paren)?,
        ast::Expr::CastExpr(cast) => cast_expr(cast)?,
        ast::Expr::PrefixExpr(prefix) => {
            let inner = expr(&prefix.expr()?);
            match prefix.op()? {
                PrefixOp::Not(_) => Expr::Not(Box::new(inner)),
                PrefixOp::Minus(_) => match inner {
                    Expr::Literal(number) => Expr::Literal(format!("-{number}")),
                    _ => return None,
                },
                _ => return None,
            }
        }
        ast::Expr::PostfixExpr(postfix) => {
            let inner = Box::new(expr(&postfix.expr()?));
            match postfix.op()? {
                PostfixOp::IsNull(_) => Expr::IsNull(inner),
                PostfixOp::NotNull(_) => Expr::Not(Box::new(Expr::IsNull(inner))),
                _ => return None,
            }
        }
        ast::Expr::BinExpr(binary) => binary_expr(binary)?,
        ast::Expr::BetweenExpr(between) => between_expr(between)?,
        ast::Expr::CaseExpr(case) => case_expr(case)?,
        ast::Expr::CallExpr(call) => call_expr(call)?,
        _ => return None,
    })
}

/// `CURRENT_USER` and its like are keywords, not columns.
fn keyword_value(name: &ast::NameRef) -> Option<Expr> {
    let word = [
        name.current_user_token(),
        name.current_role_token(),
        name.session_user_token(),
        name.user_token(),
        name.system_user_token(),
        name.current_catalog_token(),
        name.current_schema_token(),
        name.current_date_token(),
        name.current_time_token(),
        name.current_timestamp_token(),
        name.localtime_token(),
        name.localtimestamp_token(),
    ];
    let word = word.into_iter().flatten().next()?;
    Some(Expr::Call(word.text().to_lowercase(), Vec::new()))
}

fn field_expr(field: &ast::FieldExpr) -> Option<Expr> {
    if field.star_token().is_some() {
        return None;
    }
    let name = field.field()?.text();
    let table = match field.base()? {
        ast::Expr::NameRef(base) => base.text(),
        ast::Expr::FieldExpr(base) => match (base.base()?, base.field()?) {
            (ast::Expr::NameRef(schema), table) => format!("{}.{}", schema.text(), table.text()),
            _ => return None,
        },
        _ => return None,
    };
    Some(Expr::Column {
        table: Some(table),
        name,
    })
}

fn literal_value(literal: &ast::Literal) -> Option<Expr> {
    Some(match literal.kind()? {
        LitKind::True(_) => Expr::Bool(true),
        LitKind::False(_) => Expr::Bool(false),
        LitKind::Null(_) => Expr::Null,
        LitKind::IntNumber(token) | LitKind::NumericNumber(token) => {
            Expr::Literal(token.text().to_owned())
        }
        LitKind::PositionalParam(_) => Expr::Parameter(literal.positional_param_index()?),
        LitKind::String(_)
        | LitKind::EscString(_)
        | LitKind::DollarQuotedString(_)
        | LitKind::UnicodeEscString(_) => Expr::Literal(literal.string_value()?),
        _ => return None,
    })
}

fn paren_expr(paren: &ast::ParenExpr) -> Option<Expr> {
    if let Some(inner) = paren.expr() {
        return Some(expr(&inner));
    }
    Some(Expr::Scalar(Box::new(select(&paren.select()?)?)))
}

fn cast_expr(cast: &ast::CastExpr) -> Option<Expr> {
    let inner = match (cast.expr(), cast.literal()) {
        (Some(inner), _) => expr(&inner),
        (None, Some(literal)) => literal_value(&literal)?,
        (None, None) => return None,
    };
    let ty = cast.ty()?.syntax().text().to_string();
    Some(Expr::Cast(
        Box::new(inner),
        ty.split_whitespace().collect::<Vec<_>>().join(" "),
    ))
}

fn binary_expr(binary: &ast::BinExpr) -> Option<Expr> {
    let (left, right) = (binary.lhs()?, binary.rhs()?);
    let both = || (Box::new(expr(&left)), Box::new(expr(&right)));
    let comparison = |spelling: &str| {
        let (l, r) = both();
        Expr::Binary(spelling.to_owned(), l, r)
    };
    Some(match binary.op()? {
        BinOp::And(_) => junction(expr(&left), expr(&right), true),
        BinOp::Or(_) => junction(expr(&left), expr(&right), false),
        BinOp::Eq(_) => return any_or_equal(&left, &right),
        BinOp::Neq(_) | BinOp::Neqb(_) => comparison("<>"),
        BinOp::LAngle(_) => comparison("<"),
        BinOp::RAngle(_) => comparison(">"),
        BinOp::Lteq(_) => comparison("<="),
        BinOp::Gteq(_) => comparison(">="),
        BinOp::Like(_) => comparison("~~"),
        BinOp::CustomOp(op) => {
            let spelling: String = op.tokens().map(|token| token.text().to_owned()).collect();
            comparison(&spelling)
        }
        BinOp::IsNotDistinctFrom(_) => {
            let (l, r) = both();
            Expr::Same(l, r)
        }
        BinOp::IsDistinctFrom(_) => {
            let (l, r) = both();
            Expr::Not(Box::new(Expr::Same(l, r)))
        }
        BinOp::Is(_) => is_test(expr(&left), &expr(&right))?,
        BinOp::IsNot(_) => Expr::Not(Box::new(is_test(expr(&left), &expr(&right))?)),
        BinOp::In(_) => in_list(&left, &right)?,
        BinOp::NotIn(_) => Expr::Not(Box::new(in_list(&left, &right)?)),
        _ => return None,
    })
}

/// Flattens `a AND (b AND c)`.
fn junction(left: Expr, right: Expr, and: bool) -> Expr {
    let mut items = Vec::new();
    for side in [left, right] {
        match side {
            Expr::And(inner) if and => items.extend(inner),
            Expr::Or(inner) if !and => items.extend(inner),
            other => items.push(other),
        }
    }
    if and {
        Expr::And(items)
    } else {
        Expr::Or(items)
    }
}

fn is_test(value: Expr, what: &Expr) -> Option<Expr> {
    let value = Box::new(value);
    Some(match what {
        Expr::Null => Expr::IsNull(value),
        Expr::Bool(true) => Expr::IsTrue(value),
        Expr::Bool(false) => Expr::IsTrue(Box::new(Expr::Not(value))),
        _ => return None,
    })
}

fn any_or_equal(left: &ast::Expr, right: &ast::Expr) -> Option<Expr> {
    let item = Box::new(expr(left));
    let any = match right {
        ast::Expr::CallExpr(call) => call.any_fn(),
        _ => None,
    };
    let Some(any) = any else {
        return Some(Expr::Binary("=".into(), item, Box::new(expr(right))));
    };
    if let Some(ast::SelectVariant::Select(inner)) = any.select_variant() {
        return Some(Expr::InSelect(item, Box::new(select(&inner)?)));
    }
    match any.expr()? {
        // ANY (ARRAY(SELECT …)): the array holds the rows, so it is IN.
        ast::Expr::ArrayExpr(array) if array.select_variant().is_some() => {
            match array.select_variant()? {
                ast::SelectVariant::Select(inner) => {
                    Some(Expr::InSelect(item, Box::new(select(&inner)?)))
                }
                _ => None,
            }
        }
        ast::Expr::ArrayExpr(array) => Some(Expr::OneOf(
            item,
            array.exprs().map(|item| expr(&item)).collect(),
        )),
        _ => None,
    }
}

fn in_list(left: &ast::Expr, right: &ast::Expr) -> Option<Expr> {
    let item = Box::new(expr(left));
    match right {
        ast::Expr::ParenExpr(paren) => match paren.select() {
            Some(inner) => Some(Expr::InSelect(item, Box::new(select(&inner)?))),
            None => Some(Expr::OneOf(item, vec![expr(&paren.expr()?)])),
        },
        ast::Expr::TupleExpr(tuple) => Some(Expr::OneOf(
            item,
            tuple.exprs().map(|item| expr(&item)).collect(),
        )),
        _ => None,
    }
}

fn between_expr(between: &ast::BetweenExpr) -> Option<Expr> {
    if between.between_symmetry().is_some() {
        return None;
    }
    let target = expr(&between.target()?);
    let bound = |spelling: &str, edge: ast::Expr| {
        Expr::Binary(
            spelling.into(),
            Box::new(target.clone()),
            Box::new(expr(&edge)),
        )
    };
    let inside = Expr::And(vec![
        bound(">=", between.start()?),
        bound("<=", between.end()?),
    ]);
    Some(if between.not_token().is_some() {
        Expr::Not(Box::new(inside))
    } else {
        inside
    })
}

fn case_expr(case: &ast::CaseExpr) -> Option<Expr> {
    let subject = case.expr().map(|subject| expr(&subject));
    let mut arms = Vec::new();
    for arm in case.when_clause_list()?.when_clauses() {
        let condition = expr(&arm.condition()?);
        let condition = match &subject {
            None => condition,
            Some(subject) => {
                Expr::Binary("=".into(), Box::new(subject.clone()), Box::new(condition))
            }
        };
        arms.push((condition, expr(&arm.then()?)));
    }
    let otherwise = match case.else_clause() {
        Some(clause) => expr(&clause.expr()?),
        None => Expr::Null,
    };
    Some(Expr::Case(arms, Box::new(otherwise)))
}

fn call_expr(call: &ast::CallExpr) -> Option<Expr> {
    if let Some(exists) = call.exists_fn() {
        let ast::SelectVariant::Select(inner) = exists.select_variant()? else {
            return None;
        };
        return Some(Expr::Exists(Box::new(select(&inner)?)));
    }
    let plain = call.filter_clause().is_none()
        && call.over_clause().is_none()
        && call.within_clause().is_none();
    let name = match call.expr()? {
        ast::Expr::NameRef(name) => name.text(),
        ast::Expr::FieldExpr(field) => match field_expr(&field)? {
            Expr::Column {
                table: Some(schema),
                name,
            } => format!("{schema}.{name}"),
            _ => return None,
        },
        _ => return None,
    };
    let list = call.arg_list()?;
    if !plain || list.star_token().is_some() || list.all_or_distinct().is_some() {
        return None;
    }
    let mut arguments = Vec::new();
    for argument in list.args() {
        if argument.variadic_token().is_some() {
            return None;
        }
        arguments.push(expr(&argument.expr()?));
    }
    Some(Expr::Call(name.to_lowercase(), arguments))
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
