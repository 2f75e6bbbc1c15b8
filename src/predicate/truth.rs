//! Formulas over atoms in SQL's three-valued logic, and whether they can come out true.

use std::collections::BTreeMap;

/// More atoms than this are not enumerated; the answer is then *unknown*.
const MAX_ATOMS: usize = 9;

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
            other => Self::IsTrue(Box::new(other)),
        }
    }

    fn atoms(&self, into: &mut Vec<usize>) {
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
    fn value(&self, of: &dyn Fn(usize) -> Known) -> Known {
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
                Known::No | Known::Null => Known::No,
            },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Known {
    Yes,
    No,
    Null,
    Hidden,
}

impl Known {
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, _) | (_, Self::No) => Self::No,
            (Self::Hidden, _) | (_, Self::Hidden) => Self::Hidden,
            (Self::Null, _) | (_, Self::Null) => Self::Null,
            _ => Self::Yes,
        }
    }

    fn not(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
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

/// Who decides whether an atom is true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum AtomKind {
    /// The row does: `subject` equals a constant. Two constants exclude each other.
    Equals { subject: String, constant: String },
    /// The row does: `subject` is NULL, which excludes any comparison with it.
    IsNull { subject: String },
    /// The row does, in some other way.
    Free { subject: String },
    /// The session does: it may set the setting `subject` to anything; `exact` where only one value
    /// will do.
    Session { subject: String, exact: bool },
    /// Some other row does, which any tenant can have.
    Exists { subject: String },
    /// Nobody can tell.
    Opaque,
}

impl AtomKind {
    fn subject(&self) -> Option<&str> {
        match self {
            Self::Equals { subject, .. }
            | Self::IsNull { subject }
            | Self::Free { subject }
            | Self::Session { subject, .. }
            | Self::Exists { subject } => Some(subject),
            Self::Opaque => None,
        }
    }
}

/// The atoms of one proof, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Atoms(Vec<Atom>);

/// Whether a formula can be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Under no assignment.
    Never,
    /// With these atoms as they are here, whatever the opaque ones are.
    Yes(Vec<Atom>),
    /// Perhaps; these atoms stand between us and an answer.
    Perhaps(Vec<String>),
}

impl Atoms {
    /// The formula that is this atom.
    pub(super) fn atom(&mut self, text: impl Into<String>, kind: AtomKind) -> Truth {
        let atom = Atom {
            text: text.into(),
            kind,
        };
        let at = self
            .0
            .iter()
            .position(|known| *known == atom)
            .unwrap_or_else(|| {
                self.0.push(atom);
                self.0.len() - 1
            });
        Truth::Atom(at)
    }

    /// Can the formula be true?
    pub(super) fn solve(&self, formula: &Truth) -> Outcome {
        let mut used = Vec::new();
        formula.atoms(&mut used);
        let names = || {
            used.iter()
                .map(|atom| self.0[*atom].text.clone())
                .collect::<Vec<_>>()
        };
        if used.len() > MAX_ATOMS {
            return Outcome::Perhaps(names());
        }
        if !self
            .assignments(&used, false)
            .any(|is| satisfied(formula, &is))
        {
            return Outcome::Never;
        }
        let witness = self
            .assignments(&used, true)
            .filter(|is| self.consistent(is))
            .filter(|is| satisfied(formula, is))
            .min_by_key(|is| is.values().filter(|value| **value == Known::Yes).count());
        match witness {
            Some(is) => Outcome::Yes(self.needed(formula, is)),
            None => Outcome::Perhaps(
                used.iter()
                    .filter(|atom| self.0[**atom].kind == AtomKind::Opaque)
                    .map(|atom| self.0[*atom].text.clone())
                    .collect(),
            ),
        }
    }

    /// The atoms of a witness without which the formula would not be true.
    fn needed(&self, formula: &Truth, mut is: BTreeMap<usize, Known>) -> Vec<Atom> {
        let atoms: Vec<usize> = is.keys().copied().collect();
        for atom in atoms {
            let value = is.insert(atom, Known::Hidden);
            if !satisfied(formula, &is)
                && let Some(value) = value
            {
                is.insert(atom, value);
            }
        }
        is.iter()
            .filter_map(|(atom, value)| {
                let known = self.0[*atom].clone();
                match value {
                    Known::Yes => Some(known),
                    Known::No => Some(Atom {
                        text: format!("not ({})", known.text),
                        ..known
                    }),
                    Known::Null | Known::Hidden => None,
                }
            })
            .collect()
    }

    /// Every assignment. With `hide`, opaque atoms are hidden and free ones are left out of the
    /// NULLs that a witness does not need.
    fn assignments<'s>(
        &'s self,
        used: &'s [usize],
        hide: bool,
    ) -> impl Iterator<Item = BTreeMap<usize, Known>> + 's {
        let choices = move |atom: usize| -> &'static [Known] {
            match (hide, &self.0[atom].kind) {
                (true, AtomKind::Opaque) => &[Known::Hidden],
                (true, _) => &[Known::No, Known::Yes],
                (false, AtomKind::IsNull { .. }) => &[Known::No, Known::Yes],
                (false, _) => &[Known::No, Known::Yes, Known::Null],
            }
        };
        let total: usize = used.iter().map(|atom| choices(*atom).len()).product();
        (0..total).map(move |mut code| {
            used.iter()
                .map(|atom| {
                    let of = choices(*atom);
                    let value = of[code % of.len()];
                    code /= of.len();
                    (*atom, value)
                })
                .collect()
        })
    }

    /// Whether one row can have all these atoms at once.
    fn consistent(&self, is: &BTreeMap<usize, Known>) -> bool {
        let mut by_subject: BTreeMap<&str, Vec<(&AtomKind, Known)>> = BTreeMap::new();
        for (atom, value) in is {
            let kind = &self.0[*atom].kind;
            if let Some(subject) = kind.subject() {
                by_subject.entry(subject).or_default().push((kind, *value));
            }
        }
        by_subject.values().all(|atoms| {
            let yes = |wanted: fn(&AtomKind) -> bool| {
                atoms
                    .iter()
                    .filter(|(kind, is)| *is == Known::Yes && wanted(kind))
                    .count()
            };
            let equal = yes(|kind| matches!(kind, AtomKind::Equals { .. }));
            let null = yes(|kind| matches!(kind, AtomKind::IsNull { .. }));
            let loose = atoms
                .iter()
                .filter(|(kind, _)| {
                    matches!(kind, AtomKind::Free { .. } | AtomKind::Session { .. })
                })
                .count();
            // A NULL subject makes its comparisons NULL, which a witness does not use; two loose
            // comparisons of one subject may contradict each other.
            equal <= 1
                && (null == 0 || atoms.len() == null)
                && (loose <= 1 && (loose == 0 || equal == 0))
        })
    }
}

fn satisfied(formula: &Truth, is: &BTreeMap<usize, Known>) -> bool {
    formula.value(&|atom| is.get(&atom).copied().unwrap_or(Known::Hidden)) == Known::Yes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn equals(atoms: &mut Atoms, subject: &str, constant: &str) -> Truth {
        atoms.atom(
            format!("{subject} = {constant}"),
            AtomKind::Equals {
                subject: subject.into(),
                constant: constant.into(),
            },
        )
    }

    #[test]
    fn a_contradiction_is_no_witness() {
        let mut atoms = Atoms::default();
        let (a, b) = (
            equals(&mut atoms, "status", "a"),
            equals(&mut atoms, "status", "b"),
        );
        assert!(matches!(
            atoms.solve(&Truth::and(vec![a, b])),
            Outcome::Perhaps(_)
        ));
    }

    #[test]
    fn excluded_middle_needs_one_atom() {
        let mut atoms = Atoms::default();
        let a = equals(&mut atoms, "status", "a");
        let always = Truth::or(vec![a.clone(), Truth::not(a)]);
        assert!(matches!(atoms.solve(&always), Outcome::Yes(_)));
    }

    #[test]
    fn an_opaque_atom_decides_nothing() {
        let mut atoms = Atoms::default();
        let f = atoms.atom("f()", AtomKind::Opaque);
        assert_eq!(atoms.solve(&f), Outcome::Perhaps(vec!["f()".into()]));
        let either = Truth::or(vec![f.clone(), Truth::True]);
        assert_eq!(atoms.solve(&either), Outcome::Yes(vec![]));
        assert_eq!(
            atoms.solve(&Truth::and(vec![f, Truth::Null])),
            Outcome::Never
        );
    }

    #[test]
    fn null_is_not_true() {
        let atoms = Atoms::default();
        assert_eq!(atoms.solve(&Truth::not(Truth::Null)), Outcome::Never);
        assert_eq!(
            atoms.solve(&Truth::not(Truth::is_true(Truth::Null))),
            Outcome::Yes(vec![])
        );
    }
}
