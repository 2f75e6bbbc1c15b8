//! Policy expressions: parse, normalise, prove.

mod expr;
mod parse;
pub use expr::{Expr, FromTable, Select};
pub use parse::{expression, query};
