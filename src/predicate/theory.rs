//! What equality forbids, and what one row can surely be.

use std::collections::{BTreeMap, BTreeSet};

use super::truth::{AtomKind, Constant, Known};
use super::value::{CONTEXT_MARK, KEY_MARK, Subject};

/// A thing that has one value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Term {
    Constant(Constant),
    Column(String, String, String),
}

/// Classes of equal terms.
#[derive(Default)]
struct Classes(BTreeMap<Term, Term>);

impl Classes {
    fn root(&self, term: &Term) -> Term {
        let mut at = term;
        while let Some(next) = self.0.get(at) {
            at = next;
        }
        at.clone()
    }

    fn join(&mut self, a: &Term, b: &Term) {
        let (a, b) = (self.root(a), self.root(b));
        if a != b {
            self.0.insert(a, b);
        }
    }

    fn same(&self, a: &Term, b: &Term) -> bool {
        self.root(a) == self.root(b)
    }
}

fn term(subject: &Subject) -> Term {
    match subject.column.as_str() {
        KEY_MARK if subject.alias.is_empty() => Term::Constant(Constant::Key),
        CONTEXT_MARK if subject.alias.is_empty() => Term::Constant(Constant::Context),
        _ => Term::Column(
            subject.alias.clone(),
            subject.column.clone(),
            subject.form.clone(),
        ),
    }
}

/// The column itself: what is taken out of a document by a path is a thing of its own, what is
/// converted is not.
fn base(subject: &Subject) -> Term {
    match term(subject) {
        Term::Column(alias, column, form) => {
            let path = form.split("::").next().unwrap_or_default().to_owned();
            Term::Column(alias, column, path)
        }
        constant @ Term::Constant(_) => constant,
    }
}

/// Whether an equality is one of values: what equals the same thing is equal.
fn equality(kind: &AtomKind) -> Option<(Term, Term)> {
    match kind {
        AtomKind::Equals {
            subject,
            constant,
            exact: true,
        } => Some((term(subject), Term::Constant(constant.clone()))),
        AtomKind::Joined { left, right } if left.kind.is_exact_with(right.kind) => {
            Some((term(left), term(right)))
        }
        _ => None,
    }
}

/// False where what is known so far cannot all be, whatever the rows and the session.
pub(super) fn possible<'s>(known: impl Iterator<Item = (&'s AtomKind, Known)> + Clone) -> bool {
    let mut classes = Classes::default();
    for (kind, is) in known.clone() {
        if let (Some((a, b)), Known::Yes) = (equality(kind), is) {
            classes.join(&a, &b);
        }
    }
    let unequal = |(kind, is): (&AtomKind, Known)| match equality(kind) {
        Some((a, b)) if is == Known::No => !classes.same(&a, &b),
        _ => true,
    };
    known.clone().all(unequal) && constants_differ(&classes, false) && nulls_fit(known)
}

/// A column is NULL in all that is said of it, or in nothing.
fn nulls_fit<'s>(known: impl Iterator<Item = (&'s AtomKind, Known)> + Clone) -> bool {
    let mut null: BTreeMap<Term, bool> = BTreeMap::new();
    for (kind, is) in known {
        let (subject, is_null) = match (kind, is) {
            (AtomKind::IsNull { subject }, Known::Yes) => (subject, true),
            (AtomKind::IsNull { subject }, Known::No) => (subject, false),
            (AtomKind::Equals { subject, .. }, Known::Null) => (subject, true),
            (AtomKind::Equals { subject, .. }, Known::Yes | Known::No) => (subject, false),
            _ => continue,
        };
        if *null.entry(term(subject)).or_insert(is_null) != is_null {
            return false;
        }
    }
    true
}

/// Whether no class holds two constants that cannot be one value; with `surely`, none that might
/// not be.
fn constants_differ(classes: &Classes, surely: bool) -> bool {
    let mut by_root: BTreeMap<Term, (Vec<&Constant>, BTreeSet<&Term>)> = BTreeMap::new();
    let ends = classes.0.iter().flat_map(|(a, b)| [a, b]);
    for term in ends {
        let (constants, columns) = by_root.entry(classes.root(term)).or_default();
        match term {
            Term::Constant(constant) if !constants.contains(&constant) => constants.push(constant),
            Term::Constant(_) => {}
            Term::Column(..) => {
                columns.insert(term);
            }
        }
    }
    by_root.values().all(|(constants, columns)| {
        let mut pairs = constants
            .iter()
            .enumerate()
            .flat_map(|(at, a)| constants[..at].iter().map(move |b| (*a, *b)));
        pairs.all(|(a, b)| match (a, b) {
            (Constant::Key, Constant::Context) | (Constant::Context, Constant::Key) => false,
            (Constant::Text(a), Constant::Text(b)) => !surely && may_be_one_value(a, b),
            // One of the two tenants may well be the one that is named; that something else should
            // be named so as well is asked too much.
            (Constant::Key | Constant::Context, Constant::Text(_))
            | (Constant::Text(_), Constant::Key | Constant::Context) => {
                !surely || columns.is_empty()
            }
            _ => !surely,
        })
    })
}

/// Whether two spellings may stand for one value of some type.
pub(super) fn may_be_one_value(a: &str, b: &str) -> bool {
    let number = |text: &str| text.trim().parse::<f64>().is_ok();
    let letters = |text: &str| {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    letters(a) == letters(b) || (number(a) && number(b))
}

/// True where one row and one session can surely be all that is known so far.
pub(super) fn plausible<'s>(known: impl Iterator<Item = (&'s AtomKind, Known)> + Clone) -> bool {
    let mut classes = Classes::default();
    for (kind, is) in known.clone() {
        if let (Some((a, b)), Known::Yes) = (loose_equality(kind), is) {
            classes.join(&a, &b);
        }
    }
    constants_differ(&classes, true)
        && known.clone().all(|(kind, is)| match loose_equality(kind) {
            Some((a, b)) if is != Known::Yes => !classes.same(&a, &b),
            _ => true,
        })
        && tables_fit(known.clone())
        && alone(known, &classes)
}

/// That a table has one row and lacks another is asked too much.
fn tables_fit<'s>(known: impl Iterator<Item = (&'s AtomKind, Known)>) -> bool {
    let mut seen: BTreeMap<&str, (usize, bool)> = BTreeMap::new();
    for (kind, is) in known {
        if let AtomKind::Exists { table, .. } = kind {
            let (count, lacks) = seen.entry(table).or_default();
            *count += 1;
            *lacks |= is != Known::Yes;
        }
    }
    seen.values().all(|(count, lacks)| *count < 2 || !lacks)
}

fn loose_equality(kind: &AtomKind) -> Option<(Term, Term)> {
    match kind {
        AtomKind::Equals {
            subject, constant, ..
        } => Some((base(subject), Term::Constant(constant.clone()))),
        AtomKind::Joined { left, right } => Some((base(left), base(right))),
        AtomKind::Session {
            subject,
            to: Some(constant),
            ..
        } => Some((base(subject), Term::Constant(constant.clone()))),
        _ => None,
    }
}

/// Things that are said of a column or a setting in a way that nothing is known about must be all
/// that is said of it; and so must be that it is NULL.
fn alone<'s>(
    known: impl Iterator<Item = (&'s AtomKind, Known)> + Clone,
    classes: &Classes,
) -> bool {
    let mut said: Vec<(Term, &str)> = Vec::new();
    for (kind, is) in known {
        let how = match kind {
            AtomKind::IsNull { .. } if is == Known::Yes => "null",
            AtomKind::IsNull { .. } => "not null",
            AtomKind::Free { .. } | AtomKind::Session { to: None, .. } => "loose",
            _ => "equal",
        };
        let subjects: Vec<&Subject> = match kind {
            AtomKind::Equals { subject, .. }
            | AtomKind::IsNull { subject }
            | AtomKind::Session { subject, .. }
            | AtomKind::Free { subject } => vec![subject],
            AtomKind::Joined { left, right } => vec![left, right],
            _ => continue,
        };
        said.extend(subjects.into_iter().map(|s| (classes.root(&base(s)), how)));
    }
    // A condition on two tenants that is not an equality is one on both of them.
    let tenants = |(term, how): &(Term, &str)| *how == "loose" && *term == between();
    let of_tenant = |(term, _): &(Term, &str)| {
        [Constant::Key, Constant::Context]
            .into_iter()
            .any(|tenant| classes.root(&Term::Constant(tenant)) == *term)
    };
    if said.iter().any(tenants) && said.iter().any(of_tenant) {
        return false;
    }
    said.iter().enumerate().all(|(at, (term, how))| {
        let mut others = said
            .iter()
            .enumerate()
            .filter(|(i, (t, _))| *i != at && t == term);
        match *how {
            "loose" => others.all(|(_, (_, how))| *how == "not null"),
            "null" => others.all(|(_, (_, how))| *how == "null"),
            _ => true,
        }
    })
}

fn between() -> Term {
    base(&Subject::tenant(super::compare::TENANTS))
}
