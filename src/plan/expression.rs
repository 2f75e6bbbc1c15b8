//! The predicate of a policy: the SQL we write, and the text that the server prints for it.
//!
//! Both are built side by side, so that a policy can be recognised as ours without writing one to
//! a server first. The printed form was read from PostgreSQL 14, 15 and 18, where it is the same.

mod via;

use std::fmt;

use crate::catalog::{Column, Oid, Snapshot};
use crate::session::quote::{ident, literal};
use crate::settings::{MissingContext, PolicyForm, Settings};
use crate::tenancy::{Tenancy, TenantTable};

/// USING and WITH CHECK, each as written and as printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    /// USING, as we write it.
    pub using: String,
    /// WITH CHECK, as we write it.
    pub check: String,
    /// USING, as `pg_get_expr` prints it with a search_path of pg_catalog.
    pub printed_using: String,
    /// WITH CHECK, likewise.
    pub printed_check: String,
    /// What a reader should know about the types.
    pub remark: Option<String>,
}

/// Why no policy is written for a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyProblem {
    /// The key's type has no equality that we could name without knowing its operators.
    Type {
        /// The column.
        column: String,
        /// Its type, as the server prints it.
        found: String,
    },
    /// The way to the tenant ends nowhere.
    Lost,
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type { column, found } => write!(
                f,
                "its column {column} is of type {found}; a tenant key is a uuid, an integer, a \
                 text or an enum"
            ),
            Self::Lost => {
                f.write_str("its way to a table with the tenant key is not in the catalogs")
            }
        }
    }
}

mod types {
    //! Built-in types, by oid.
    pub(super) const INT8: u32 = 20;
    pub(super) const INT2: u32 = 21;
    pub(super) const INT4: u32 = 23;
    pub(super) const TEXT: u32 = 25;
    pub(super) const BPCHAR: u32 = 1042;
    pub(super) const VARCHAR: u32 = 1043;
    pub(super) const NUMERIC: u32 = 1700;
    pub(super) const UUID: u32 = 2950;

    pub(super) fn is_integer(oid: u32) -> bool {
        [INT2, INT4, INT8].contains(&oid)
    }
}

/// A piece of SQL in its two spellings.
#[derive(Clone, Debug)]
struct Pair {
    written: String,
    printed: String,
}

impl Expression {
    /// The predicate that pins a table's rows to the context.
    ///
    /// # Errors
    /// The key's type is one for which none can be written.
    pub fn of(tenancy: &Tenancy<'_>, table: &TenantTable) -> Result<Self, KeyProblem> {
        let builder = Builder { tenancy };
        let relation = tenancy.relation(table);
        if let Some(number) = table.reach.key() {
            let column = relation.attribute(number).ok_or(KeyProblem::Lost)?;
            let test = builder.key_test(column, None)?;
            let printed = test.printed;
            return Ok(Self {
                using: test.written.clone(),
                check: test.written,
                printed_using: printed.clone(),
                printed_check: printed,
                remark: builder.remark(column),
            });
        }
        let chain = builder.chain(table)?;
        let using = builder.through_array(&chain, 0)?;
        let check = builder.through_exists(&chain, 0)?;
        Ok(Self {
            using: using.written,
            check: check.written,
            printed_using: using.printed,
            printed_check: check.printed,
            remark: None,
        })
    }

    /// Whether a policy's printed expressions are these. A missing WITH CHECK counts as USING.
    pub fn is(&self, using: Option<&str>, check: Option<&str>) -> bool {
        let same = |found: Option<&str>, ours: &str| {
            found.is_some_and(|found| squeeze(found) == squeeze(ours))
        };
        let check = check.or(using);
        same(using, &self.printed_using) && same(check, &self.printed_check)
    }
}

/// Types of keys, other than enums, that a policy is written for.
pub(super) const KEY_TYPES: [u32; 8] = [
    types::UUID,
    types::INT2,
    types::INT4,
    types::INT8,
    types::TEXT,
    types::VARCHAR,
    types::BPCHAR,
    types::NUMERIC,
];

/// The context as a value of a type, as a policy is written; none is text.
pub(super) fn value(settings: &Settings, cast: Option<&str>) -> String {
    context(settings, cast).written
}

struct Builder<'t, 'a> {
    tenancy: &'t Tenancy<'a>,
}

impl<'a> Builder<'_, 'a> {
    fn snapshot(&self) -> &'a Snapshot {
        self.tenancy.snapshot
    }

    /// `column = (SELECT …)`.
    fn key_test(&self, column: &Column, of: Option<&str>) -> Result<Pair, KeyProblem> {
        let base = self.operand(column.type_oid);
        let found = self.snapshot().types.get(&base);
        let known = matches!(
            base,
            types::UUID
                | types::INT2
                | types::INT4
                | types::INT8
                | types::TEXT
                | types::BPCHAR
                | types::NUMERIC
        );
        if !known && found.is_none_or(|found| found.kind != 'e') {
            return Err(KeyProblem::Type {
                column: ident(&column.name),
                found: self.type_name(column.type_oid),
            });
        }
        let cast = (base != types::TEXT).then(|| self.type_name(base));
        let value = self.value(cast.as_deref());
        let bare = qualify(of, &column.name);
        Ok(Pair {
            written: format!("{bare} = {}", value.written),
            printed: format!("({} = {})", self.printed_column(column, of), value.printed),
        })
    }

    /// The context as a value of the key's type.
    fn value(&self, cast: Option<&str>) -> Pair {
        context(self.tenancy.settings, cast)
    }

    /// The type in which `=` compares a column: domains peeled off, varchar as text.
    fn operand(&self, oid: Oid) -> Oid {
        match self.snapshot().base_type(oid) {
            types::VARCHAR => types::TEXT,
            base => base,
        }
    }

    /// A type as a cast names it.
    fn type_name(&self, oid: Oid) -> String {
        // What format_type calls "character" a cast would read as character(1), and cut to a letter.
        if oid == types::BPCHAR {
            return "bpchar".to_owned();
        }
        match self.snapshot().types.get(&oid) {
            Some(found) => found.name.clone(),
            None => format!("type {oid}"),
        }
    }

    /// A column as the server prints it where it is compared.
    fn printed_column(&self, column: &Column, of: Option<&str>) -> String {
        self.explicit(column, of)
    }

    /// A column, cast where the server would cast it silently.
    fn explicit(&self, column: &Column, of: Option<&str>) -> String {
        self.cast(column, of, self.operand(column.type_oid))
    }

    fn cast(&self, column: &Column, of: Option<&str>, to: Oid) -> String {
        let bare = qualify(of, &column.name);
        if column.type_oid == to {
            bare
        } else {
            format!("({bare})::{}", self.type_name(to))
        }
    }

    fn remark(&self, column: &Column) -> Option<String> {
        let wanted = self.tenancy.settings.tenancy.key_type.sql();
        let found = self.type_name(self.operand(column.type_oid));
        (found != wanted).then(|| {
            format!(
                "its key {} is compared as {found}, its own type, not as [tenancy] key_type {wanted}",
                ident(&column.name)
            )
        })
    }
}

/// The context as a value of the key's type.
///
/// `error` raises where the setting is unknown. An empty one, which is what a setting that was
/// made LOCAL leaves behind, raises in the cast; text has no cast, so there it becomes null
/// and matches nothing.
fn context(settings: &Settings, cast: Option<&str>) -> Pair {
    let name = literal(&settings.tenancy.context);
    let raises = settings.policy.missing_context == MissingContext::Error;
    let (read, printed_read) = if raises {
        (
            format!("current_setting({name})"),
            format!("current_setting({name}::text)"),
        )
    } else {
        (
            format!("current_setting({name}, true)"),
            format!("current_setting({name}::text, true)"),
        )
    };
    let bare = raises && cast.is_some();
    let (text, printed_text, label) = if bare {
        (read, printed_read, "current_setting")
    } else {
        (
            format!("NULLIF({read}, '')"),
            format!("NULLIF({printed_read}, ''::text)"),
            "\"nullif\"",
        )
    };
    let (value, printed) = match cast {
        Some(cast) => (
            format!("{text}::{cast}"),
            format!("({printed_text})::{cast}"),
        ),
        None => (text, printed_text),
    };
    match settings.policy.form {
        PolicyForm::Subselect => Pair {
            written: format!("(SELECT {value})"),
            printed: format!("( SELECT {printed} AS {label})"),
        },
        PolicyForm::Plain => Pair {
            written: value,
            printed,
        },
    }
}

fn qualify(of: Option<&str>, column: &str) -> String {
    match of {
        Some(of) => format!("{}.{}", ident(of), ident(column)),
        None => ident(column),
    }
}

/// Runs of white space as one space, outside of quotes: the server indents what it prints.
fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote = None;
    for c in text.chars() {
        match quote {
            Some(open) => {
                out.push(c);
                if c == open {
                    quote = None;
                }
            }
            None if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            None => {
                out.push(c);
                if c == '\'' || c == '"' {
                    quote = Some(c);
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests;
