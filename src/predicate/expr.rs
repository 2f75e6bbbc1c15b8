//! A small expression tree: what a policy says, without the parser's detail.

use crate::catalog::Oid;

/// An expression, as far as the proof needs to tell kinds apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expr {
    /// `organization_id`, `messages.id`; the qualifier is verbatim and may be `schema.table`.
    Column {
        /// Table name or alias; `None` at the top level of a policy.
        table: Option<String>,
        /// Name.
        name: String,
    },
    /// A string or a number.
    Literal(String),
    /// TRUE or FALSE.
    Bool(bool),
    /// NULL.
    Null,
    /// `$1`, or a function's parameter by name while it is being inlined.
    Parameter(usize),
    /// `x::type`; the type without its modifier's spaces.
    Cast(Box<Expr>, String),
    /// A function by its name as printed, lower-cased where it was not quoted.
    Call(String, Vec<Expr>),
    /// AND
    And(Vec<Expr>),
    /// OR
    Or(Vec<Expr>),
    /// NOT
    Not(Box<Expr>),
    /// A binary operator by its spelling.
    Binary(String, Box<Expr>, Box<Expr>),
    /// IS NOT DISTINCT FROM; IS DISTINCT FROM is its negation.
    Same(Box<Expr>, Box<Expr>),
    /// IS NULL
    IsNull(Box<Expr>),
    /// IS TRUE
    IsTrue(Box<Expr>),
    /// `x IN (a, b)` and `x = ANY (ARRAY[a, b])`
    OneOf(Box<Expr>, Vec<Expr>),
    /// `x = ANY (array)`, where the array is not written out.
    InArray(Box<Expr>, Box<Expr>),
    /// CASE: (condition, result) pairs, then ELSE.
    Case(Vec<(Expr, Expr)>, Box<Expr>),
    /// A sub-select used as a value.
    Scalar(Box<Select>),
    /// EXISTS
    Exists(Box<Select>),
    /// `x IN (SELECT …)` and `x = ANY (SELECT …)`; several columns where `x` is a row.
    InSelect(Box<Expr>, Box<Select>),
    /// `(a, b)`, to be compared with another.
    Row(Vec<Expr>),
    /// What a role that the function runs as makes of it.
    As(Oid, Box<Expr>),
    /// What the caller of a routine passed: anything.
    Argument(String),
    /// What is not understood, by its text.
    Opaque(String),
}

/// A sub-select or a view's query of the plain kind: inner joins, no grouping, no set operation.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Select {
    /// Result columns with their names.
    pub targets: Vec<(Expr, Option<String>)>,
    /// Tables.
    pub from: Vec<FromTable>,
    /// WHERE and every ON, AND-ed.
    pub filter: Option<Expr>,
}

/// A table in FROM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FromTable {
    /// Schema, verbatim.
    pub schema: Option<String>,
    /// Name, verbatim.
    pub name: String,
    /// What its columns are qualified with.
    pub alias: String,
}

impl Expr {
    /// Every sub-expression, itself first; sub-selects' filters and targets are entered too. Where
    /// `visit` answers false, what is below is left out.
    pub fn walk(&self, visit: &mut dyn FnMut(&Self) -> bool) {
        if !visit(self) {
            return;
        }
        match self {
            Self::Column { .. }
            | Self::Literal(_)
            | Self::Bool(_)
            | Self::Null
            | Self::Parameter(_)
            | Self::Argument(_)
            | Self::Opaque(_) => {}
            Self::Cast(inner, _)
            | Self::Not(inner)
            | Self::IsNull(inner)
            | Self::IsTrue(inner)
            | Self::As(_, inner) => {
                inner.walk(visit);
            }
            Self::Call(_, items) | Self::And(items) | Self::Or(items) | Self::Row(items) => {
                items.iter().for_each(|item| item.walk(visit));
            }
            Self::Binary(_, left, right) | Self::Same(left, right) | Self::InArray(left, right) => {
                left.walk(visit);
                right.walk(visit);
            }
            Self::OneOf(item, list) => {
                item.walk(visit);
                list.iter().for_each(|item| item.walk(visit));
            }
            Self::Case(arms, otherwise) => {
                for (condition, result) in arms {
                    condition.walk(visit);
                    result.walk(visit);
                }
                otherwise.walk(visit);
            }
            Self::Scalar(select) | Self::Exists(select) => select.walk(visit),
            Self::InSelect(item, select) => {
                item.walk(visit);
                select.walk(visit);
            }
        }
    }
}

/// Makes another expression of one.
pub trait Rewrite {
    /// What stands in the place of a column; a parameter is a column that is called `$1`. Its
    /// qualifier, its name, and the sub-selects around it, the innermost last. `None` leaves it.
    fn column(&mut self, _table: Option<&str>, _name: &str, _around: &[&Select]) -> Option<Expr> {
        None
    }

    /// What stands in the place of a routine's argument.
    fn argument(&mut self, _name: &str) -> Option<Expr> {
        None
    }

    /// What stands in the place of a table in FROM.
    fn table(&mut self, table: &FromTable) -> FromTable {
        table.clone()
    }
}

/// Changes nothing but columns.
struct Columns<F>(F);

impl<F: FnMut(Option<&str>, &str, &[&Select]) -> Option<Expr>> Rewrite for Columns<F> {
    fn column(&mut self, table: Option<&str>, name: &str, around: &[&Select]) -> Option<Expr> {
        (self.0)(table, name, around)
    }
}

impl Expr {
    /// The same expression with other columns; see [`Rewrite::column`].
    pub fn map(&self, of: impl FnMut(Option<&str>, &str, &[&Select]) -> Option<Self>) -> Self {
        self.rewrite(&mut Columns(of))
    }

    /// The same expression with other names.
    pub fn rewrite(&self, by: &mut dyn Rewrite) -> Self {
        self.rewrite_in(&[], by)
    }

    fn rewrite_in(&self, around: &[&Select], by: &mut dyn Rewrite) -> Self {
        match self {
            Self::Cast(inner, ty) => Self::Cast(inner.boxed_in(around, by), ty.clone()),
            Self::Not(inner) => Self::Not(inner.boxed_in(around, by)),
            Self::IsNull(inner) => Self::IsNull(inner.boxed_in(around, by)),
            Self::IsTrue(inner) => Self::IsTrue(inner.boxed_in(around, by)),
            Self::As(role, inner) => Self::As(*role, inner.boxed_in(around, by)),
            Self::And(items) => Self::And(each_in(items, around, by)),
            Self::Or(items) => Self::Or(each_in(items, around, by)),
            Self::Row(items) => Self::Row(each_in(items, around, by)),
            Self::Call(name, items) => Self::Call(name.clone(), each_in(items, around, by)),
            Self::Binary(op, left, right) => {
                let left = left.boxed_in(around, by);
                Self::Binary(op.clone(), left, right.boxed_in(around, by))
            }
            Self::Same(left, right) => {
                Self::Same(left.boxed_in(around, by), right.boxed_in(around, by))
            }
            Self::InArray(left, right) => {
                Self::InArray(left.boxed_in(around, by), right.boxed_in(around, by))
            }
            Self::OneOf(item, list) => {
                Self::OneOf(item.boxed_in(around, by), each_in(list, around, by))
            }
            Self::Case(arms, otherwise) => Self::Case(
                arms.iter()
                    .map(|(when, then)| (when.rewrite_in(around, by), then.rewrite_in(around, by)))
                    .collect(),
                otherwise.boxed_in(around, by),
            ),
            Self::Scalar(select) => Self::Scalar(Box::new(select.rewrite_in(around, by))),
            Self::Exists(select) => Self::Exists(Box::new(select.rewrite_in(around, by))),
            Self::InSelect(item, select) => Self::InSelect(
                item.boxed_in(around, by),
                Box::new(select.rewrite_in(around, by)),
            ),
            Self::Column { table, name } => by
                .column(table.as_deref(), name, around)
                .unwrap_or_else(|| self.clone()),
            Self::Parameter(number) => by
                .column(None, &format!("${}", number + 1), around)
                .unwrap_or_else(|| self.clone()),
            Self::Argument(name) => by.argument(name).unwrap_or_else(|| self.clone()),
            Self::Literal(_) | Self::Bool(_) | Self::Null | Self::Opaque(_) => self.clone(),
        }
    }

    fn boxed_in(&self, around: &[&Select], by: &mut dyn Rewrite) -> Box<Self> {
        Box::new(self.rewrite_in(around, by))
    }
}

fn each_in(items: &[Expr], around: &[&Select], by: &mut dyn Rewrite) -> Vec<Expr> {
    items
        .iter()
        .map(|item| item.rewrite_in(around, by))
        .collect()
}

impl Select {
    fn rewrite_in(&self, around: &[&Self], by: &mut dyn Rewrite) -> Self {
        let from: Vec<FromTable> = self.from.iter().map(|table| by.table(table)).collect();
        let mut around = around.to_vec();
        around.push(self);
        Self {
            targets: self
                .targets
                .iter()
                .map(|(target, name)| (target.rewrite_in(&around, by), name.clone()))
                .collect(),
            from,
            filter: self
                .filter
                .as_ref()
                .map(|filter| filter.rewrite_in(&around, by)),
        }
    }

    /// Every expression in it.
    pub fn walk(&self, visit: &mut dyn FnMut(&Expr) -> bool) {
        self.targets
            .iter()
            .for_each(|(target, _)| target.walk(visit));
        if let Some(filter) = &self.filter {
            filter.walk(visit);
        }
    }
}
