//! Types, as far as a cast may make two tenants one.

/// How a type treats values of the tenant key's type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum TypeKind {
    /// text and varchar without a length: every value keeps its spelling.
    Text,
    /// varchar(n): a cast cuts what is longer.
    Varchar(u32),
    /// char(n), which pads; 0 where the length is not known or has no bound.
    Padded(u32),
    /// uuid: one value, several spellings.
    Uuid,
    /// int2, int4, int8.
    Integer,
    /// numeric without a scale.
    Numeric,
    /// An enum: its labels.
    Enum,
    /// bool
    Boolean,
    /// Anything else: taken to be lossy.
    Other,
}

impl TypeKind {
    /// By the name that the server prints in a cast.
    pub(super) fn of(name: &str) -> Self {
        let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
        let (base, length) = match name.split_once('(') {
            Some((base, rest)) => (base.trim_end(), rest.trim_end_matches(')').parse().ok()),
            None => (name, None),
        };
        match (base, length) {
            ("text" | "character varying" | "varchar", None) if base == name => Self::Text,
            ("character varying" | "varchar", Some(length)) => Self::Varchar(length),
            ("character" | "char" | "bpchar", Some(length)) => Self::Padded(length),
            ("character" | "bpchar", None) if base == name => Self::Padded(0),
            ("uuid", None) => Self::Uuid,
            ("bigint" | "integer" | "smallint" | "int8" | "int4" | "int2" | "int", None) => {
                Self::Integer
            }
            ("numeric" | "decimal", None) if base == name => Self::Numeric,
            ("boolean" | "bool", None) => Self::Boolean,
            _ => Self::Other,
        }
    }

    /// Whether every value is spelled one way, so that equal texts and equal values are one.
    pub(super) fn is_spelled_one_way(self) -> bool {
        matches!(self, Self::Uuid | Self::Integer)
    }

    /// Whether it is text of any length, without padding.
    pub(super) fn is_text(self) -> bool {
        matches!(self, Self::Text | Self::Varchar(_))
    }

    /// Whether equality of values of the two types is that of their spelling by the server.
    pub(super) fn is_exact_with(self, other: Self) -> bool {
        match self {
            Self::Text | Self::Varchar(_) => other.is_text(),
            Self::Uuid | Self::Integer | Self::Enum => self == other,
            _ => false,
        }
    }

    /// The longest spelling of a value, where there is one.
    pub(super) fn longest(self) -> Option<u32> {
        match self {
            Self::Uuid => Some(36),
            Self::Integer => Some(20),
            Self::Enum => Some(63),
            Self::Padded(length) if length > 0 => Some(length),
            Self::Varchar(length) => Some(length),
            _ => None,
        }
    }
}

/// Whether a cast to `to` keeps two different tenants different, for a key of type `key`.
///
/// A cast that raises instead is as good: no row comes of it.
pub(super) fn keeps_apart(key: TypeKind, to: TypeKind) -> bool {
    use TypeKind::{Boolean, Enum, Integer, Numeric, Other, Padded, Text, Uuid, Varchar};
    let fits = |length: u32| key.longest().is_some_and(|longest| longest <= length);
    match (key, to) {
        (Boolean | Other, _) => false,
        // Two texts may spell one uuid, or one number.
        (_, Text) => true,
        (Uuid, Uuid) | (Integer, Integer | Numeric) | (Numeric, Numeric) | (Enum, Enum) => true,
        (Padded(_), Padded(0)) => true,
        (Uuid | Integer | Enum, Padded(0)) => true,
        (Uuid | Integer | Enum | Padded(_), Varchar(length) | Padded(length)) => fits(length),
        (Varchar(_), Varchar(length)) => fits(length),
        _ => false,
    }
}

/// Whether a cast to `to` surely makes some two tenants one: it cuts.
pub(super) fn cuts(key: TypeKind, to: TypeKind) -> bool {
    use TypeKind::{Padded, Text, Uuid, Varchar};
    match (key, to) {
        (Text, Varchar(_)) => true,
        (Text, Padded(length)) => length > 0,
        (Varchar(whole) | Padded(whole), Varchar(length) | Padded(length)) => {
            (1..whole).contains(&length)
        }
        (Uuid, Varchar(length) | Padded(length)) => (1..36).contains(&length),
        _ => false,
    }
}
