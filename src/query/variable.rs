//! The variables of a routine.

use std::collections::HashMap;
use std::rc::Rc;

use super::{Arm, Record};
use crate::predicate::Expr;

/// What a variable of a routine stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// A value.
    Value(Expr),
    /// A row that a query put there.
    Record(Record),
    /// Anything.
    Unknown,
}

impl Binding {
    /// One of several: all their rows, and nothing that is sure of any.
    pub fn blend(bindings: &[Self]) -> Self {
        let mut whole = Arm {
            limited: true,
            ..Arm::default()
        };
        let mut names: Option<Vec<&String>> = None;
        for binding in bindings {
            let Self::Record(record) = binding else {
                continue;
            };
            let mut joined = whole.beside(record);
            joined.conditions.clear();
            whole = joined;
            let own: Vec<&String> = record.targets.iter().map(|(name, _)| name).collect();
            names = match names {
                Some(known) if known != own => Some(Vec::new()),
                _ => Some(own),
            };
        }
        if whole.rows.is_empty() && whole.inner.is_empty() && whole.calls.is_empty() {
            return Self::Unknown;
        }
        let names = names.unwrap_or_default();
        let value = |name: &str| Expr::Opaque(format!("one of several values of {name}"));
        whole.targets = names
            .iter()
            .map(|name| ((*name).clone(), value(name)))
            .collect();
        if whole.targets.is_empty() {
            whole.targets.push(("?".into(), value("a variable")));
        }
        Self::Record(Rc::new(whole))
    }
}

/// The variables of a routine, by name in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    current: HashMap<String, Binding>,
    /// What the declarations of each block around here hid.
    hidden: Vec<Vec<(String, Option<Binding>)>>,
}

impl Names {
    /// Sets a variable.
    pub fn bind(&mut self, name: &str, binding: Binding) {
        self.current.insert(name.to_lowercase(), binding);
    }

    /// Sets a variable of whichever block around here has one of that name.
    pub fn bind_all(&mut self, name: &str, binding: &Binding) {
        let name = name.to_lowercase();
        for (known, old) in self.hidden.iter_mut().flatten() {
            if *known == name && old.is_some() {
                *old = Some(binding.clone());
            }
        }
        self.bind(&name, binding.clone());
    }

    /// A variable.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        self.current.get(&name.to_lowercase())
    }

    /// All of them.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.current.keys()
    }

    /// Enters a block; how deep that is.
    pub fn enter(&mut self) -> usize {
        self.hidden.push(Vec::new());
        self.hidden.len()
    }

    /// Declares a variable of the block.
    pub fn declare(&mut self, name: &str, binding: Binding) {
        let name = name.to_lowercase();
        let old = self.current.insert(name.clone(), binding);
        if let Some(block) = self.hidden.last_mut() {
            block.push((name, old));
        }
    }

    /// Leaves all blocks deeper than that: what they hid is back.
    pub fn leave(&mut self, depth: usize) {
        while self.hidden.len() > depth {
            for (name, old) in self.hidden.pop().into_iter().flatten().rev() {
                match old {
                    Some(old) => self.current.insert(name, old),
                    None => self.current.remove(&name),
                };
            }
        }
    }

    /// Takes in that it may be as in `other` as well.
    pub fn blend(&mut self, other: &Self) {
        for (name, theirs) in &other.current {
            let ours = self.current.get(name);
            if ours != Some(theirs) {
                let both: Vec<Binding> = ours.into_iter().chain([theirs]).cloned().collect();
                self.current.insert(name.clone(), Binding::blend(&both));
            }
        }
    }
}
