//! A mutant: what is broken, how, and where a finding counts.

use super::kind::Kind;

/// Isolation, broken in one place.
#[derive(Clone, Debug)]
pub struct Mutant {
    /// In which way.
    pub kind: &'static Kind,
    /// What was changed, as findings spell it.
    pub object: String,
    /// Where a finding kills it: the object, and what the change opens.
    pub opens: Opens,
    /// The statements, one transaction.
    pub sql: Vec<String>,
    /// For what belongs to the whole server: the statements that undo it exactly.
    pub undo: Vec<String>,
}

/// Where a finding kills a mutant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opens {
    /// At one of these.
    At(Vec<String>),
    /// Anywhere: what a role may do concerns every object.
    Everything,
}

impl Mutant {
    /// Changes something that belongs to the database.
    pub(super) fn new(kind: &'static Kind, object: String, sql: Vec<String>) -> Self {
        Self {
            kind,
            opens: Opens::At(vec![object.clone()]),
            object,
            sql,
            undo: Vec::new(),
        }
    }

    /// Changes a role, which all databases share.
    pub(super) fn of_role(
        kind: &'static Kind,
        role: &str,
        (sql, undo): (Vec<String>, Vec<String>),
    ) -> Self {
        Self {
            opens: Opens::Everything,
            undo,
            ..Self::new(kind, role.to_owned(), sql)
        }
    }

    /// A finding there counts, too.
    pub(super) fn opening(mut self, objects: impl IntoIterator<Item = String>) -> Self {
        if let Opens::At(at) = &mut self.opens {
            at.extend(objects);
        }
        self
    }

    /// A finding anywhere counts.
    pub(super) fn opening_everything(mut self) -> Self {
        self.opens = Opens::Everything;
        self
    }

    /// Whether it touches what all databases share, and so must be tried alone.
    pub(super) fn is_of_server(&self) -> bool {
        !self.undo.is_empty()
    }

    /// Whether a finding at this object counts.
    pub(super) fn counts(&self, object: &str) -> bool {
        match &self.opens {
            Opens::At(at) => at.iter().any(|known| known == object),
            Opens::Everything => true,
        }
    }
}
