//! What a scalar expression is worth to the proof, for one row of another tenant.

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
    /// TRUE or FALSE.
    Bool(bool),
    /// NULL, or an expression that raises.
    Null,
    /// A column whose content nothing ties to a tenant: `subject` names it.
    Row { subject: String },
    /// Another setting, or an argument: the session may choose it. `name` says which.
    Setting { name: String },
    /// A function of the key or the context that may map two tenants to one value.
    Lossy { text: String, of: Side },
    /// Not known.
    Opaque(String),
}

/// What a lossy value was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Key,
    Context,
}

impl Value {
    /// For messages and as the identity of an atom's subject.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Key => "the row's tenant".into(),
            Self::Context => "the context".into(),
            Self::Parent { .. } => "the row's parent".into(),
            Self::Text(text) => format!("'{text}'"),
            Self::Bool(value) => value.to_string(),
            Self::Null => "NULL".into(),
            Self::Row { subject } => subject.clone(),
            Self::Setting { name } => name.clone(),
            Self::Lossy { text, .. } | Self::Opaque(text) => text.clone(),
        }
    }
}

/// How a type treats values of the tenant key's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeKind {
    /// text and varchar without a length: every value keeps its spelling.
    Text,
    /// uuid: one value, several spellings.
    Uuid,
    /// int2, int4, int8.
    Integer,
    /// bool
    Boolean,
    /// Anything else: taken to be lossy.
    Other,
}

impl TypeKind {
    /// By the name that the server prints in a cast.
    pub(super) fn of(name: &str) -> Self {
        match name.strip_prefix("pg_catalog.").unwrap_or(name) {
            "text" | "character varying" | "varchar" => Self::Text,
            "uuid" => Self::Uuid,
            "bigint" | "integer" | "int8" | "int4" | "int" => Self::Integer,
            "boolean" | "bool" => Self::Boolean,
            _ => Self::Other,
        }
    }
}

/// Whether a cast to `to` keeps two different tenants different, for a key of type `key`.
///
/// A cast that raises instead is as good: no row comes of it.
pub(super) fn keeps_apart(key: TypeKind, to: TypeKind) -> bool {
    match key {
        // Two texts may spell one uuid, or one number.
        TypeKind::Text => to == TypeKind::Text,
        TypeKind::Uuid => matches!(to, TypeKind::Uuid | TypeKind::Text),
        TypeKind::Integer => matches!(to, TypeKind::Integer | TypeKind::Text),
        TypeKind::Boolean | TypeKind::Other => false,
    }
}
