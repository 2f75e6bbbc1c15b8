//! A small expression tree: what a policy says, without the parser's detail.

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
    /// CASE: (condition, result) pairs, then ELSE.
    Case(Vec<(Expr, Expr)>, Box<Expr>),
    /// A sub-select used as a value.
    Scalar(Box<Select>),
    /// EXISTS
    Exists(Box<Select>),
    /// `x IN (SELECT …)` and `x = ANY (SELECT …)`
    InSelect(Box<Expr>, Box<Select>),
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
            Self::Cast(inner, _) | Self::Not(inner) | Self::IsNull(inner) | Self::IsTrue(inner) => {
                inner.walk(visit);
            }
            Self::Call(_, items) | Self::And(items) | Self::Or(items) => {
                items.iter().for_each(|item| item.walk(visit));
            }
            Self::Binary(_, left, right) | Self::Same(left, right) => {
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

impl Expr {
    /// The expression with parts replaced: where `swap` answers, its answer; elsewhere the same.
    pub fn map(&self, swap: &dyn Fn(&Self) -> Option<Self>) -> Self {
        if let Some(other) = swap(self) {
            return other;
        }
        let boxed = |inner: &Self| Box::new(inner.map(swap));
        let each = |items: &[Self]| items.iter().map(|item| item.map(swap)).collect();
        match self {
            Self::Column { .. }
            | Self::Literal(_)
            | Self::Bool(_)
            | Self::Null
            | Self::Parameter(_)
            | Self::Argument(_)
            | Self::Opaque(_) => self.clone(),
            Self::Cast(inner, ty) => Self::Cast(boxed(inner), ty.clone()),
            Self::Not(inner) => Self::Not(boxed(inner)),
            Self::IsNull(inner) => Self::IsNull(boxed(inner)),
            Self::IsTrue(inner) => Self::IsTrue(boxed(inner)),
            Self::Call(name, items) => Self::Call(name.clone(), each(items)),
            Self::And(items) => Self::And(each(items)),
            Self::Or(items) => Self::Or(each(items)),
            Self::Binary(op, left, right) => Self::Binary(op.clone(), boxed(left), boxed(right)),
            Self::Same(left, right) => Self::Same(boxed(left), boxed(right)),
            Self::OneOf(item, list) => Self::OneOf(boxed(item), each(list)),
            Self::Case(arms, otherwise) => Self::Case(
                arms.iter()
                    .map(|(condition, result)| (condition.map(swap), result.map(swap)))
                    .collect(),
                boxed(otherwise),
            ),
            Self::Scalar(select) => Self::Scalar(Box::new(select.map(swap))),
            Self::Exists(select) => Self::Exists(Box::new(select.map(swap))),
            Self::InSelect(item, select) => Self::InSelect(boxed(item), Box::new(select.map(swap))),
        }
    }
}

impl Select {
    fn map(&self, swap: &dyn Fn(&Expr) -> Option<Expr>) -> Self {
        Self {
            targets: self
                .targets
                .iter()
                .map(|(target, name)| (target.map(swap), name.clone()))
                .collect(),
            from: self.from.clone(),
            filter: self.filter.as_ref().map(|filter| filter.map(swap)),
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
