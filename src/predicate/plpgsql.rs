//! PL/pgSQL functions that come down to one expression.

use super::expr::Expr;
use super::parse;

/// The expression that a body returns; `None` where it does more than compute one.
pub(super) fn expression(text: &str) -> Option<Expr> {
    let lower = text.to_ascii_lowercase();
    let inner = lower.strip_prefix("begin")?;
    let inner = inner.trim().trim_end_matches(';').trim_end();
    let statement = inner.strip_suffix("end")?.trim();
    let value = statement.strip_prefix("return")?.trim().strip_suffix(';')?;
    let from = value.as_ptr() as usize - lower.as_ptr() as usize;
    parse::expression(text.get(from..from + value.len())?.trim())
}
