//! From squawk's syntax tree of an expression to an [`Expr`].
//!
//! What this module does not know becomes [`Expr::Opaque`]: never wrong, only unproven.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode, BinOp, LitKind, PostfixOp, PrefixOp};

use super::expr::Expr;
use super::nested;

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
        ast::Expr::TupleExpr(tuple) => Expr::Row(tuple.exprs().map(|item| expr(&item)).collect()),
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
    nested::scalar(paren.syntax())
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
        BinOp::Neq(_) | BinOp::Neqb(_) => return all_or_unequal(&left, &right),
        BinOp::LAngle(_) => comparison("<"),
        BinOp::RAngle(_) => comparison(">"),
        BinOp::Lteq(_) => comparison("<="),
        BinOp::Gteq(_) => comparison(">="),
        BinOp::Plus(_) => comparison("+"),
        BinOp::Minus(_) => comparison("-"),
        BinOp::Star(_) => comparison("*"),
        BinOp::Slash(_) => comparison("/"),
        BinOp::Percent(_) => comparison("%"),
        BinOp::Like(_) => comparison("~~"),
        BinOp::NotLike(_) => comparison("!~~"),
        BinOp::Ilike(_) => comparison("~~*"),
        BinOp::NotIlike(_) => comparison("!~~*"),
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
    let item = expr(left);
    let any = match right {
        ast::Expr::CallExpr(call) => call.any_fn(),
        _ => None,
    };
    let Some(any) = any else {
        return Some(Expr::Binary(
            "=".into(),
            Box::new(item),
            Box::new(expr(right)),
        ));
    };
    match any.select_variant() {
        Some(rows) => nested::contains(&item, rows.syntax()),
        None => in_array(item, &any.expr()?),
    }
}

/// `x <> ALL (…)` is NOT IN.
fn all_or_unequal(left: &ast::Expr, right: &ast::Expr) -> Option<Expr> {
    let item = expr(left);
    let all = match right {
        ast::Expr::CallExpr(call) => call.all_fn(),
        _ => None,
    };
    let Some(all) = all else {
        return Some(Expr::Binary(
            "<>".into(),
            Box::new(item),
            Box::new(expr(right)),
        ));
    };
    let found = match all.select_variant() {
        Some(rows) => nested::contains(&item, rows.syntax())?,
        None => in_array(item, &all.expr()?)?,
    };
    Some(Expr::Not(Box::new(found)))
}

fn in_array(item: Expr, array: &ast::Expr) -> Option<Expr> {
    match array {
        ast::Expr::ArrayExpr(array) => array_expr(array, item),
        ast::Expr::ParenExpr(paren) => match paren.expr() {
            Some(inner) => in_array(item, &inner),
            None => Some(Expr::InArray(Box::new(item), Box::new(expr(array)))),
        },
        ast::Expr::CastExpr(cast) => typed_array(item, cast),
        other => Some(Expr::InArray(Box::new(item), Box::new(expr(other)))),
    }
}

/// `item` is one of `(ARRAY[…])::uuid[]`, or of another array of that type.
fn typed_array(item: Expr, cast: &ast::CastExpr) -> Option<Expr> {
    let mut inner = cast.expr();
    while let Some(ast::Expr::ParenExpr(paren)) = &inner
        && let Some(within) = paren.expr()
    {
        inner = Some(within);
    }
    let Expr::Cast(value, ty) = cast_expr(cast)? else {
        return None;
    };
    let listed = match (&inner, ty.strip_suffix("[]")) {
        (Some(ast::Expr::ArrayExpr(array)), Some(element)) => {
            Some((array_expr(array, item.clone())?, element))
        }
        _ => None,
    };
    Some(match listed {
        Some((Expr::OneOf(item, list), element)) => {
            let typed = |one| Expr::Cast(Box::new(one), element.to_owned());
            Expr::OneOf(item, list.into_iter().map(typed).collect())
        }
        // ARRAY(SELECT …), whose rows are cast; what that does to them is not followed.
        Some(_) => return None,
        None => Expr::InArray(Box::new(item), Box::new(Expr::Cast(value, ty))),
    })
}

/// `item` is one of an array that is written out.
fn array_expr(array: &ast::ArrayExpr, item: Expr) -> Option<Expr> {
    match array.select_variant() {
        // ARRAY(SELECT …): it holds the rows, so it is IN.
        Some(rows) => nested::contains(&item, rows.syntax()),
        None => Some(Expr::OneOf(
            Box::new(item),
            array.exprs().map(|item| expr(&item)).collect(),
        )),
    }
}

fn in_list(left: &ast::Expr, right: &ast::Expr) -> Option<Expr> {
    let item = expr(left);
    match right {
        ast::Expr::ParenExpr(paren) => match paren.expr() {
            None => nested::contains(&item, paren.syntax()),
            Some(one) => Some(Expr::OneOf(Box::new(item), vec![expr(&one)])),
        },
        ast::Expr::TupleExpr(tuple) => Some(Expr::OneOf(
            Box::new(item),
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
        return nested::exists(exists.select_variant()?.syntax());
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
    // DISTINCT changes no aggregate that is followed.
    if !plain || (list.star_token().is_some() && !name.eq_ignore_ascii_case("count")) {
        return None;
    }
    let mut arguments = Vec::new();
    for argument in list.args() {
        if argument.variadic_token().is_some() {
            return None;
        }
        arguments.push(match argument.func_arg_expr()? {
            ast::FuncArgExpr::Expr(value) => expr(&value),
            ast::FuncArgExpr::NamedArg(named) => {
                let name = named.name()?.syntax().text().to_string();
                let name = Expr::Column {
                    table: None,
                    name: name.trim().trim_matches('"').to_owned(),
                };
                Expr::Binary("=>".into(), Box::new(name), Box::new(expr(&named.expr()?)))
            }
        });
    }
    Some(Expr::Call(name.to_lowercase(), arguments))
}
