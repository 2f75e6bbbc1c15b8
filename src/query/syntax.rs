//! Small questions to the syntax tree.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use crate::predicate::{Expr, lower};

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

pub(super) fn alias_of(alias: Option<ast::FromAlias>, otherwise: &str) -> (String, Vec<String>) {
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

/// The query inside parentheses, if it is one.
pub(super) fn variant_in(paren: &ast::ParenExpr) -> Option<ast::SelectVariant> {
    paren.syntax().children().find_map(ast::SelectVariant::cast)
}

/// The sub-selects of an expression that are not inside another one.
pub(super) fn outermost(node: &SyntaxNode) -> Vec<ast::SelectVariant> {
    let mut found = Vec::new();
    let mut stack = vec![node.clone()];
    while let Some(next) = stack.pop() {
        for child in next.children() {
            match ast::SelectVariant::cast(child.clone()) {
                Some(query) => found.push(query),
                None => stack.push(child),
            }
        }
    }
    found
}

/// The calls in an expression, those inside its sub-selects left out.
pub(super) fn calls_in(node: &SyntaxNode) -> Vec<ast::CallExpr> {
    let mut found = Vec::new();
    let mut stack = vec![node.clone()];
    while let Some(next) = stack.pop() {
        found.extend(ast::CallExpr::cast(next.clone()));
        stack.extend(
            next.children()
                .filter(|child| !ast::SelectVariant::can_cast(child.kind())),
        );
    }
    found
}

/// Whether a part of an expression is not understood.
pub(super) fn has_opaque(expr: &Expr) -> bool {
    let mut opaque = false;
    expr.walk(&mut |part| {
        opaque |= matches!(part, Expr::Opaque(_));
        true
    });
    opaque
}

/// The conditions of CASE under which a part of an expression is looked at.
pub(super) fn turns(part: &SyntaxNode, root: &SyntaxNode) -> Vec<Expr> {
    let mut found = Vec::new();
    for above in part.ancestors().skip(1) {
        if let Some(when) = ast::WhenClause::cast(above.clone())
            && when
                .then()
                .is_some_and(|then| then.syntax().text_range().contains_range(part.text_range()))
            && !plain_case(&above)
            && let Some(condition) = when.condition()
        {
            found.push(lower::expr(&condition));
        }
        if above == *root {
            break;
        }
    }
    found
}

/// Whether a WHEN compares with the subject of its CASE.
fn plain_case(when: &SyntaxNode) -> bool {
    when.ancestors()
        .find_map(ast::CaseExpr::cast)
        .is_some_and(|case| case.expr().is_some())
}

/// The name of a result column without AS.
pub(super) fn default_name(expr: &Expr, at: usize) -> String {
    match expr {
        Expr::Column { name, .. } => name.clone(),
        Expr::Call(name, _) => name.rsplit('.').next().unwrap_or(name).to_owned(),
        Expr::Cast(inner, _) => default_name(inner, at),
        Expr::Case(..) => "case".into(),
        Expr::Exists(_) => "exists".into(),
        Expr::Scalar(select) => match select.targets.as_slice() {
            [(_, Some(name))] => name.clone(),
            [(value, None)] => default_name(value, at),
            _ => format!("?column{at}?"),
        },
        _ => format!("?column{at}?"),
    }
}

/// Conditions one by one.
pub(super) fn flatten(expr: Expr, into: &mut Vec<Expr>) {
    match expr {
        Expr::And(items) => items.into_iter().for_each(|item| flatten(item, into)),
        other => into.push(other),
    }
}
