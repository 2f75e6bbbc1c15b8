//! Whether a formula can come out true.
//!
//! An atom may stand for a row that is found: where it is true, a formula of its own holds for that
//! row. Two searches over the same atoms. That nothing satisfies a formula is said only where no
//! assignment does that equality allows; that something does, only where one row can surely be so.

use std::collections::BTreeMap;

use super::theory;
use super::truth::{Atom, AtomKind, Known, Truth};

/// Assignments that are looked at before the answer is *perhaps*.
const BUDGET: usize = 200_000;

/// The atoms of one proof, each once.
#[derive(Clone, Debug, Default)]
pub(super) struct Atoms {
    atoms: Vec<Atom>,
    /// What holds where an atom is true.
    meant: BTreeMap<usize, Truth>,
}

/// Whether a formula can be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Under no assignment.
    Never,
    /// Only if one of these tables says so, which the application cannot write.
    Trusted(Vec<String>),
    /// With these atoms as they are here, whatever the opaque ones are.
    Yes(Vec<Atom>),
    /// Perhaps; these atoms stand between us and an answer.
    Perhaps(Vec<String>),
}

/// One search.
struct Search<'s> {
    atoms: &'s Atoms,
    formula: &'s Truth,
    used: Vec<usize>,
    is: Vec<Known>,
    /// Atoms that are not true, by assumption.
    pinned: &'s [usize],
    /// Looking for a witness: opaque atoms stay hidden, the others are true or not.
    witness: bool,
    left: usize,
    best: Option<Vec<Known>>,
}

impl Atoms {
    /// The formula that is this atom.
    pub(super) fn atom(&mut self, text: impl Into<String>, kind: AtomKind) -> Truth {
        let atom = Atom {
            text: text.into(),
            kind,
        };
        let known = self.atoms.iter().enumerate();
        let at = known
            .filter(|(at, _)| !self.meant.contains_key(at))
            .find_map(|(at, known)| (*known == atom).then_some(at))
            .unwrap_or_else(|| {
                self.atoms.push(atom);
                self.atoms.len() - 1
            });
        Truth::Atom(at)
    }

    /// The formula that a row is found for which `meant` holds; no two of them are one.
    pub(super) fn found(&mut self, text: String, kind: AtomKind, meant: Truth) -> Truth {
        let known = self.meant.iter().find(|(at, known)| {
            let atom = &self.atoms[**at];
            **known == meant && atom.text == text && atom.kind == kind
        });
        let at = match known {
            Some((at, _)) => *at,
            None => {
                self.atoms.push(Atom { text, kind });
                self.meant.insert(self.atoms.len() - 1, meant);
                self.atoms.len() - 1
            }
        };
        Truth::Atom(at)
    }

    /// The atoms of a formula, and of what they mean.
    fn used(&self, formula: &Truth) -> Vec<usize> {
        let mut used = Vec::new();
        formula.atoms(&mut used);
        let mut at = 0;
        while at < used.len() {
            if let Some(meant) = self.meant.get(&used[at]) {
                meant.atoms(&mut used);
            }
            at += 1;
        }
        used
    }

    /// What a formula comes to where what is true means what it means.
    fn value(&self, formula: &Truth, is: &[Known]) -> Known {
        let of = |atom: usize| is[atom];
        let found = self.meant.iter().filter(|(at, _)| is[**at] == Known::Yes);
        found
            .map(|(_, meant)| meant.value(&of))
            .fold(formula.value(&of), Known::and)
    }

    /// The atoms of a formula that are of some kind.
    pub(super) fn which(&self, formula: &Truth, wanted: &dyn Fn(&AtomKind) -> bool) -> Vec<usize> {
        let mut used = Vec::new();
        formula.atoms(&mut used);
        used.retain(|atom| wanted(&self.atoms[*atom].kind));
        used
    }

    pub(super) fn kind(&self, atom: usize) -> &AtomKind {
        &self.atoms[atom].kind
    }

    /// Can the formula be true?
    pub(super) fn solve(&self, formula: &Truth) -> Outcome {
        let Some(model) = self.model(formula, &[]) else {
            return Outcome::Never;
        };
        let is_mapping = |atom: &usize| matches!(self.atoms[*atom].kind, AtomKind::Mapping { .. });
        let mappings: Vec<usize> = self.used(formula).into_iter().filter(is_mapping).collect();
        let model = match mappings.is_empty() {
            true => model,
            false => match self.model(formula, &mappings) {
                Some(model) => model,
                None => return Outcome::Trusted(self.tables(&mappings)),
            },
        };
        let mut search = Search::new(self, formula, &mappings, true);
        search.run();
        match search.best {
            Some(is) => Outcome::Yes(self.needed(formula, is)),
            None => Outcome::Perhaps(self.stopped(formula, model)),
        }
    }

    /// Whether nothing satisfies the formula while `pinned` atoms are not true.
    pub(super) fn never(&self, formula: &Truth, pinned: &[usize]) -> bool {
        self.model(formula, pinned).is_none()
    }

    /// Some assignment that satisfies it; an empty one where the search was given up.
    fn model(&self, formula: &Truth, pinned: &[usize]) -> Option<Vec<Known>> {
        let mut search = Search::new(self, formula, pinned, false);
        search.run();
        match (search.best, search.left) {
            (None, 0) => Some(vec![Known::Hidden; self.atoms.len()]),
            (best, _) => best,
        }
    }

    fn tables(&self, mappings: &[usize]) -> Vec<String> {
        let mut names: Vec<String> = mappings
            .iter()
            .filter_map(|atom| match &self.atoms[*atom].kind {
                AtomKind::Mapping { table } => Some(table.clone()),
                _ => None,
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// What an answer depends on: the opaque atoms of a model that it cannot do without.
    fn stopped(&self, formula: &Truth, mut model: Vec<Known>) -> Vec<String> {
        self.relax(formula, &mut model);
        let used = self.used(formula);
        let opaque = |atom: &&usize| self.atoms[**atom].kind == AtomKind::Opaque;
        let texts = |atoms: Vec<&usize>| {
            atoms
                .into_iter()
                .map(|atom| self.atoms[*atom].text.clone())
                .collect::<Vec<_>>()
        };
        let needed: Vec<&usize> = used
            .iter()
            .filter(opaque)
            .filter(|atom| model[**atom] != Known::Hidden)
            .collect();
        if !needed.is_empty() {
            return texts(needed);
        }
        let all: Vec<&usize> = used.iter().filter(opaque).collect();
        if !all.is_empty() {
            return texts(all);
        }
        let known = self.needed(formula, model).into_iter();
        let known: Vec<String> = known.map(|atom| atom.text).collect();
        vec![format!(
            "whether all of this can be: {}",
            known.join(" and ")
        )]
    }

    /// The atoms of a witness without which the formula would not be true.
    fn needed(&self, formula: &Truth, mut is: Vec<Known>) -> Vec<Atom> {
        self.relax(formula, &mut is);
        is.iter()
            .zip(&self.atoms)
            .filter_map(|(value, atom)| match value {
                Known::Yes => Some(atom.clone()),
                Known::No => Some(atom.negated()),
                _ => None,
            })
            .collect()
    }

    /// Hides what the formula is true without.
    fn relax(&self, formula: &Truth, is: &mut [Known]) {
        for atom in 0..is.len() {
            let value = std::mem::replace(&mut is[atom], Known::Hidden);
            if self.value(formula, is) != Known::Yes {
                is[atom] = value;
            }
        }
    }

    pub(super) fn known<'s>(
        &'s self,
        is: &'s [Known],
    ) -> impl Iterator<Item = (&'s AtomKind, Known)> + Clone {
        self.atoms
            .iter()
            .zip(is)
            .filter(|(_, value)| **value != Known::Hidden)
            .map(|(atom, value)| (&atom.kind, *value))
    }
}

impl<'s> Search<'s> {
    fn new(atoms: &'s Atoms, formula: &'s Truth, pinned: &'s [usize], witness: bool) -> Self {
        let mut used = atoms.used(formula);
        if witness {
            used.retain(|atom| atoms.atoms[*atom].kind != AtomKind::Opaque);
        }
        Self {
            atoms,
            formula,
            used,
            is: vec![Known::Hidden; atoms.atoms.len()],
            pinned,
            witness,
            left: BUDGET,
            best: None,
        }
    }

    fn run(&mut self) {
        self.step(0);
    }

    fn step(&mut self, from: usize) {
        if self.left == 0 || (self.best.is_some() && !self.witness) {
            return;
        }
        self.left -= 1;
        let value = self.atoms.value(self.formula, &self.is);
        if matches!(value, Known::No | Known::Null | Known::Never) || self.is_worse() {
            return;
        }
        let known = || self.atoms.known(&self.is);
        if !theory::possible(known()) || (self.witness && !theory::plausible(known())) {
            return;
        }
        if value == Known::Yes {
            self.best = Some(self.is.clone());
            return;
        }
        let Some(at) = (from..self.used.len()).find(|at| self.is[self.used[*at]] == Known::Hidden)
        else {
            return;
        };
        let atom = self.used[at];
        for choice in self.choices(atom) {
            self.is[atom] = *choice;
            self.step(at + 1);
        }
        self.is[atom] = Known::Hidden;
    }

    /// Whether a witness with as few things that have to be true is known.
    fn is_worse(&self) -> bool {
        let count = |is: &[Known]| is.iter().filter(|value| **value == Known::Yes).count();
        self.best
            .as_ref()
            .is_some_and(|best| count(best) <= count(&self.is))
    }

    fn choices(&self, atom: usize) -> &'static [Known] {
        match self.atoms.atoms[atom].kind {
            // Not true may be NULL: a sub-select that is a value finds no row.
            _ if self.pinned.contains(&atom) && self.witness => &[Known::No],
            _ if self.pinned.contains(&atom) => &[Known::No, Known::Null],
            _ if self.witness => &[Known::No, Known::Yes],
            AtomKind::IsNull { .. } => &[Known::No, Known::Yes],
            _ => &[Known::No, Known::Yes, Known::Null],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::truth::Constant;
    use super::super::types::TypeKind;
    use super::super::value::Subject;
    use super::*;

    fn subject(column: &str) -> Subject {
        Subject {
            alias: "t".into(),
            column: column.into(),
            form: String::new(),
            kind: TypeKind::Text,
            nullable: true,
        }
    }

    fn equals(atoms: &mut Atoms, column: &str, constant: Constant) -> Truth {
        atoms.atom(
            format!("{column} = {constant:?}"),
            AtomKind::Equals {
                subject: subject(column),
                constant,
                exact: true,
            },
        )
    }

    fn is(atoms: &mut Atoms, constant: &str) -> Truth {
        equals(atoms, "status", Constant::Text(constant.into()))
    }

    #[test]
    fn one_column_is_one_thing() {
        let mut atoms = Atoms::default();
        let (a, b) = (is(&mut atoms, "a"), is(&mut atoms, "b"));
        assert_eq!(atoms.solve(&Truth::and(vec![a, b])), Outcome::Never);
        // Two spellings of a number may be one.
        let (a, b) = (is(&mut atoms, "1"), is(&mut atoms, "1.0"));
        assert!(matches!(
            atoms.solve(&Truth::and(vec![a, b])),
            Outcome::Perhaps(_)
        ));
    }

    #[test]
    fn what_equals_both_tenants_is_no_row() {
        let mut atoms = Atoms::default();
        let key = equals(&mut atoms, "other", Constant::Key);
        let context = equals(&mut atoms, "other", Constant::Context);
        let joined = atoms.atom(
            "other = third",
            AtomKind::Joined {
                left: subject("other"),
                right: subject("third"),
            },
        );
        let third = equals(&mut atoms, "third", Constant::Context);
        let both = Truth::and(vec![key.clone(), context]);
        assert_eq!(atoms.solve(&both), Outcome::Never);
        let through = Truth::and(vec![key.clone(), joined, third]);
        assert_eq!(atoms.solve(&through), Outcome::Never);
        assert!(matches!(atoms.solve(&key), Outcome::Yes(_)));
    }

    #[test]
    fn excluded_middle_needs_one_atom() {
        let mut atoms = Atoms::default();
        let a = is(&mut atoms, "a");
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
    fn a_mapping_is_believed_both_ways() {
        let mut atoms = Atoms::default();
        let says = atoms.atom(
            "links says so",
            AtomKind::Mapping {
                table: "links".into(),
            },
        );
        assert_eq!(atoms.solve(&says), Outcome::Trusted(vec!["links".into()]));
        // What it does not list is let through.
        assert!(matches!(atoms.solve(&Truth::not(says)), Outcome::Yes(_)));
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
