//! Formulas over atoms in SQL's three-valued logic.

use super::value::Subject;
use super::written::Written;

/// A formula.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Truth {
    True,
    False,
    /// NULL, and also an expression that raises: no row either way.
    Null,
    Atom(usize),
    And(Vec<Truth>),
    Or(Vec<Truth>),
    Not(Box<Truth>),
    /// `x IS TRUE`: never NULL.
    IsTrue(Box<Truth>),
}

impl Truth {
    pub(super) fn and(items: Vec<Self>) -> Self {
        let mut kept = Vec::new();
        for item in items {
            match item {
                Self::True => {}
                Self::False => return Self::False,
                Self::And(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::True,
            1 => kept.remove(0),
            _ => Self::And(kept),
        }
    }

    pub(super) fn or(items: Vec<Self>) -> Self {
        let mut kept = Vec::new();
        for item in items {
            match item {
                Self::False => {}
                Self::True => return Self::True,
                Self::Or(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::False,
            1 => kept.remove(0),
            _ => Self::Or(kept),
        }
    }

    pub(super) fn not(inner: Self) -> Self {
        match inner {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Null => Self::Null,
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    pub(super) fn is_true(inner: Self) -> Self {
        match inner {
            Self::True => Self::True,
            Self::False | Self::Null => Self::False,
            Self::IsTrue(inner) => Self::IsTrue(inner),
            other => Self::IsTrue(Box::new(other)),
        }
    }

    /// `x IS NULL` of a condition.
    pub(super) fn is_unknown(inner: Self) -> Self {
        let (yes, no) = (
            Self::is_true(inner.clone()),
            Self::is_true(Self::not(inner)),
        );
        Self::and(vec![Self::not(yes), Self::not(no)])
    }

    /// The same with these atoms FALSE.
    pub(super) fn without(&self, atoms: &[usize]) -> Self {
        let each = |items: &[Self]| items.iter().map(|item| item.without(atoms)).collect();
        match self {
            Self::Atom(atom) if atoms.contains(atom) => Self::False,
            Self::And(items) => Self::and(each(items)),
            Self::Or(items) => Self::or(each(items)),
            Self::Not(inner) => Self::not(inner.without(atoms)),
            Self::IsTrue(inner) => Self::is_true(inner.without(atoms)),
            other => other.clone(),
        }
    }

    pub(super) fn atoms(&self, into: &mut Vec<usize>) {
        match self {
            Self::True | Self::False | Self::Null => {}
            Self::Atom(atom) => {
                if !into.contains(atom) {
                    into.push(*atom);
                }
            }
            Self::And(items) | Self::Or(items) => items.iter().for_each(|item| item.atoms(into)),
            Self::Not(inner) | Self::IsTrue(inner) => inner.atoms(into),
        }
    }

    /// Kleene's evaluation. A `Hidden` atom is one whose value is not known: what comes out
    /// `Yes` or `No` in spite of it holds whatever it is.
    pub(super) fn value(&self, of: &dyn Fn(usize) -> Known) -> Known {
        match self {
            Self::True => Known::Yes,
            Self::False => Known::No,
            Self::Null => Known::Null,
            Self::Atom(atom) => of(*atom),
            Self::And(items) => items
                .iter()
                .map(|item| item.value(of))
                .fold(Known::Yes, Known::and),
            Self::Or(items) => items
                .iter()
                .map(|item| item.value(of).not())
                .fold(Known::Yes, Known::and)
                .not(),
            Self::Not(inner) => inner.value(of).not(),
            Self::IsTrue(inner) => match inner.value(of) {
                Known::Yes => Known::Yes,
                Known::Hidden => Known::Hidden,
                Known::Never | Known::No | Known::Null => Known::No,
            },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    Yes,
    No,
    Null,
    /// Not known yet.
    Hidden,
    /// Not known which of FALSE and NULL; TRUE it is not.
    Never,
}

impl Known {
    pub(super) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Null, Self::Hidden) | (Self::Hidden, Self::Null) => Self::Never,
            (Self::Hidden, _) | (_, Self::Hidden) => Self::Hidden,
            (Self::Null, _) | (_, Self::Null) => Self::Null,
            _ => Self::Yes,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            // Its negation is TRUE or NULL.
            Self::Never => Self::Hidden,
            other => other,
        }
    }
}

/// Something that may be true or not, as far as the catalogs tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Atom {
    /// As it reads in a message.
    pub(super) text: String,
    pub(super) kind: AtomKind,
}

impl Atom {
    /// What holds where it does not.
    pub(super) fn negated(&self) -> Self {
        let none = |table: &str, of_row: bool| Self {
            text: match of_row {
                true => format!("{table} has no such row"),
                false => format!("{table} has no row that passes"),
            },
            kind: AtomKind::Exists {
                table: table.to_owned(),
                of_row,
            },
        };
        let kind = match &self.kind {
            AtomKind::Written(written) => return none(&written.table, true),
            AtomKind::Mapping { table } => return none(table, true),
            AtomKind::Exists { table, of_row } => return none(table, *of_row),
            // Any other value will do.
            AtomKind::Session { subject, to, .. } => AtomKind::Session {
                subject: subject.clone(),
                to: to.clone(),
                exact: false,
            },
            kind => kind.clone(),
        };
        Self {
            text: format!("not ({})", self.text),
            kind,
        }
    }
}

/// What a column is compared with.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Constant {
    /// The row's tenant.
    Key,
    /// The tenant in the context.
    Context,
    /// The id of the row's parent.
    Parent,
    /// Who the session is.
    User(String),
    Text(String),
}

/// Who decides whether an atom is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AtomKind {
    /// The row does: `subject` equals a constant. Two constants exclude each other; for sure, where
    /// the comparison is `exact`.
    Equals {
        subject: Subject,
        constant: Constant,
        exact: bool,
    },
    /// Two rows do: their columns are equal.
    Joined { left: Subject, right: Subject },
    /// The row does: `subject` is NULL, which excludes any comparison with it.
    IsNull { subject: Subject },
    /// The row does, in some other way.
    Free { subject: Subject },
    /// The session does: it may set the setting `subject` to anything; `exact` where only one value
    /// will do, which is `to` where that is known.
    Session {
        subject: Subject,
        exact: bool,
        to: Option<Constant>,
    },
    /// Some other row does, which any tenant can have; `of_row` where it hangs on the row.
    Exists { table: String, of_row: bool },
    /// What a table says that the application cannot write: the team's word that this row is for
    /// this context.
    Mapping { table: String },
    /// The application itself does, by writing to a table first.
    Written(Written),
    /// Nobody can tell.
    Opaque,
}
