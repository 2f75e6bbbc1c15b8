//! Sub-selects of expressions: set operations, DISTINCT, GROUP BY, LIMIT, outer joins.
//!
//! What may leave rows out of a result becomes a condition that nobody can tell.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::expr::{Expr, Select};
use super::lower::expr;
use super::parse;

/// `EXISTS (…)`
pub(super) fn exists(node: &SyntaxNode) -> Option<Expr> {
    let rows = of(node, true)?;
    rows.test(&|select| Expr::Exists(Box::new(select)))
}

/// `item IN (…)`
pub(super) fn contains(item: &Expr, node: &SyntaxNode) -> Option<Expr> {
    let rows = of(node, false)?;
    rows.test(&|select| Expr::InSelect(Box::new(item.clone()), Box::new(select)))
}

/// A sub-select that is a value.
pub(super) fn scalar(node: &SyntaxNode) -> Option<Expr> {
    match of(node, false)? {
        Rows::Select(select) => Some(Expr::Scalar(Box::new(select))),
        _ => None,
    }
}

/// What a query returns.
enum Rows {
    Select(Select),
    /// VALUES: rows of values.
    Values(Vec<Vec<Expr>>),
    Union(Vec<Rows>),
    Intersect(Vec<Rows>),
    /// Not all of them, perhaps.
    Some(Box<Rows>, String),
}

impl Rows {
    fn test(&self, ask: &dyn Fn(Select) -> Expr) -> Option<Expr> {
        let each = |rows: &[Self]| -> Option<Vec<Expr>> {
            rows.iter().map(|rows| rows.test(ask)).collect()
        };
        Some(match self {
            Self::Select(select) => ask(select.clone()),
            Self::Values(rows) => Expr::Or(
                rows.iter()
                    .map(|row| {
                        ask(Select {
                            targets: row.iter().map(|value| (value.clone(), None)).collect(),
                            from: Vec::new(),
                            filter: None,
                        })
                    })
                    .collect(),
            ),
            Self::Union(rows) => Expr::Or(each(rows)?),
            // Of EXISTS, that both have rows says less than that they share one.
            Self::Intersect(rows) => {
                let mut all = each(rows)?;
                all.push(Expr::Opaque("what INTERSECT leaves".into()));
                Expr::And(all)
            }
            Self::Some(rows, limit) => {
                Expr::And(vec![rows.test(ask)?, Expr::Opaque(limit.clone())])
            }
        })
    }

    fn some(self, limit: Option<String>) -> Self {
        match (limit, self) {
            (None, rows) => rows,
            (Some(limit), Self::Select(mut select)) => {
                let limit = Expr::Opaque(limit);
                select.filter = Some(match select.filter {
                    Some(filter) => Expr::And(vec![filter, limit]),
                    None => limit,
                });
                Self::Select(select)
            }
            (Some(limit), rows) => Self::Some(Box::new(rows), limit),
        }
    }
}

/// The query that a node is, or that it holds in parentheses; `any` where one row is as good as
/// another.
fn of(node: &SyntaxNode, any: bool) -> Option<Rows> {
    if let Some(select) = ast::Select::cast(node.clone()) {
        return plain(&select, any);
    }
    if let Some(compound) = ast::CompoundSelect::cast(node.clone()) {
        return combined(&compound, any);
    }
    if let Some(paren) = ast::ParenSelect::cast(node.clone()) {
        let inner = of(paren.select()?.syntax(), any)?;
        let limit = limited(paren.tail_clauses(), any);
        return (paren.with_clause().is_none()).then(|| inner.some(limit));
    }
    if let Some(values) = ast::Values::cast(node.clone()) {
        return listed(&values);
    }
    // ( SELECT … ), as an expression
    if ast::ParenExpr::can_cast(node.kind()) {
        let inner = node
            .children()
            .find(|child| ast::SelectVariant::can_cast(child.kind()))?;
        return of(&inner, any);
    }
    None
}

fn listed(values: &ast::Values) -> Option<Rows> {
    let rows = values
        .row_list()?
        .rows()
        .map(|row| row.exprs().map(|value| expr(&value)).collect())
        .collect();
    let tail = values.tail_clauses().next().is_some() || values.with_clause().is_some();
    (!tail).then_some(Rows::Values(rows))
}

fn combined(compound: &ast::CompoundSelect, any: bool) -> Option<Rows> {
    let arms: Vec<SyntaxNode> = compound
        .syntax()
        .children()
        .filter(|child| ast::SelectVariant::can_cast(child.kind()))
        .collect();
    let [left, right] = arms.as_slice() else {
        return None;
    };
    let (left, right) = (of(left, any)?, of(right, any)?);
    let keyword = |kind: SyntaxKind| {
        compound
            .syntax()
            .children_with_tokens()
            .any(|child| child.kind() == kind)
    };
    let rows = if keyword(SyntaxKind::INTERSECT_KW) {
        Rows::Intersect(vec![left, right])
    } else if keyword(SyntaxKind::EXCEPT_KW) {
        Rows::Some(Box::new(left), "what EXCEPT leaves".into())
    } else {
        Rows::Union(vec![left, right])
    };
    Some(rows.some(limited(compound.tail_clauses(), any)))
}

fn plain(select: &ast::Select, any: bool) -> Option<Rows> {
    let clause = select.select_clause()?;
    let distinct_on = clause
        .select_quantifier()
        .is_some_and(|quantifier| quantifier.syntax().text().to_string().contains('('));
    // Without GROUP BY, or with an empty one, there is a row where there are none.
    let groups = select
        .group_by_clause()
        .map(|clause| clause.syntax().text().to_string().to_lowercase());
    let empty_group = groups.as_deref().is_some_and(|text| {
        ["()", "rollup", "cube", "grouping"]
            .iter()
            .any(|word| text.contains(word))
    });
    let refused = select.with_clause().is_some()
        || select.window_clause().is_some()
        || (select.having_clause().is_some() && groups.is_none());
    if refused || empty_group || distinct_on {
        return None;
    }
    let mut limit = limited(select.tail_clauses(), any);
    if let Some(having) = select.having_clause() {
        limit = Some(having.syntax().text().to_string());
    }
    let body = parse::body(select)?;
    let found = Rows::Select(body.select);
    let rows = match body.outer {
        None => found,
        Some(outer) => Rows::Union(vec![found, Rows::Select(outer)]),
    };
    Some(rows.some(limit))
}

/// What LIMIT and OFFSET may leave out.
fn limited(tails: impl Iterator<Item = ast::SelectTailClause>, any: bool) -> Option<String> {
    tails
        .filter(|tail| {
            let text = tail.syntax().text().to_string();
            let number = text.split_whitespace().nth(1).map(str::parse::<u32>);
            match tail {
                ast::SelectTailClause::LimitClause(_) => !any || !matches!(number, Some(Ok(1..))),
                ast::SelectTailClause::OffsetClause(_) | ast::SelectTailClause::FetchClause(_) => {
                    true
                }
                _ => false,
            }
        })
        .map(|tail| tail.syntax().text().to_string())
        .next()
}
