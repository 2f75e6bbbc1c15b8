//! What a scalar expression is worth to the proof, for one row of another tenant.

use super::types::TypeKind;

/// A value, as far as it matters whose it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// The row's tenant: never the context's.
    Key,
    /// The tenant in the context, or one spelled like it.
    Context,
    /// The id of the row's parent of that relation and column, whose tenant is the row's.
    Parent { relation: u32, column: i16 },
    /// A constant.
    Text(String),
    /// Who the session is, in a way that it does not choose: the function that tells, and the
    /// answer where it is known.
    User { sql: String, name: Option<String> },
    /// TRUE or FALSE.
    Bool(bool),
    /// NULL, or an expression that raises.
    Null,
    /// A column whose content nothing ties to a tenant.
    Row { subject: Subject },
    /// Another setting, which the session may choose: `name` says which.
    Setting { name: String },
    /// A function of the key or the context.
    Derived(Derived),
    /// Not known.
    Opaque(String),
}

/// What was made of the key or the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Derived {
    /// How, with [`KEY_MARK`] or [`CONTEXT_MARK`] in it.
    pub(super) text: String,
    pub(super) of: Side,
    pub(super) how: How,
}

/// What a function does to tenants that differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// They still do.
    Apart,
    /// Some two of them do not any more.
    Merged,
    /// Nobody knows.
    Unknown,
}

/// What a derived value was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Key,
    Context,
}

/// Stands for the key in a derived value's text, so that both sides can be compared.
pub(super) const KEY_MARK: &str = "the row's tenant";
/// Likewise for the context.
pub(super) const CONTEXT_MARK: &str = "the context";

/// A column of a row in sight, and what was read from it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Subject {
    /// What the row is called; rows of sub-selects carry a number behind `#`.
    pub(super) alias: String,
    /// The column.
    pub(super) column: String,
    /// What was taken out of its value: `->>'id'`, `::uuid`.
    pub(super) form: String,
    pub(super) kind: TypeKind,
    pub(super) nullable: bool,
}

/// In a subject's form, comes before the expression that its value is a part of.
pub(super) const MADE: &str = " in ";

impl Subject {
    /// The row's tenant, the context, or both, where a condition is about them.
    pub(super) fn tenant(mark: &str) -> Self {
        Self {
            alias: String::new(),
            column: mark.to_owned(),
            form: String::new(),
            kind: TypeKind::Other,
            nullable: true,
        }
    }

    /// Whether the row is one of a sub-select.
    pub(super) fn is_inner(&self) -> bool {
        self.alias.contains('#')
    }

    /// Whether it is a setting, or what the session passed.
    pub(super) fn is_setting(&self) -> bool {
        self.alias.is_empty() && self.column != KEY_MARK && self.column != CONTEXT_MARK
    }

    pub(super) fn with(mut self, form: &str, kind: TypeKind) -> Self {
        self.form.push_str(form);
        self.kind = kind;
        // A path may lead nowhere.
        self.nullable |= form.starts_with(['-', '#']);
        self
    }

    pub(super) fn text(&self) -> String {
        if let Some(at) = self.form.rfind(MADE) {
            return self.form[at + MADE.len()..].to_owned();
        }
        let alias = self.alias.split('#').next().unwrap_or_default();
        let dot = if alias.is_empty() { "" } else { "." };
        format!("{alias}{dot}{}{}", self.column, self.form)
    }
}

impl Value {
    /// For messages.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Key => KEY_MARK.into(),
            Self::Context => CONTEXT_MARK.into(),
            Self::Parent { .. } => "the row's parent".into(),
            Self::Text(text) => format!("'{text}'"),
            Self::User { sql, .. } => sql.clone(),
            Self::Bool(value) => value.to_string(),
            Self::Null => "NULL".into(),
            Self::Row { subject } => subject.text(),
            Self::Setting { name } => name.clone(),
            Self::Derived(derived) => derived.text.clone(),
            Self::Opaque(text) => text.clone(),
        }
    }

    /// Which side it is of, where it is of one.
    pub(super) fn side(&self) -> Option<Side> {
        match self {
            Self::Key => Some(Side::Key),
            Self::Context => Some(Side::Context),
            Self::Derived(derived) => Some(derived.of),
            _ => None,
        }
    }
}
