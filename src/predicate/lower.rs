//! From squawk's syntax tree of an expression to an [`Expr`].
//!
//! What this module does not know becomes [`Expr::Opaque`]: never wrong, only unproven.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, BinOp, LitKind, PostfixOp, PrefixOp};

use super::expr::Expr;
use super::parse::select;

fn opaque(node: &SyntaxNode) -> Expr {
    Expr::Opaque(node.text().to_string())
}

pub(crate) fn expr(node: &ast::Expr) -> Expr {
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
