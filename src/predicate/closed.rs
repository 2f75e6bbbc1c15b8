//! Predicates that depend on nothing but the tenant key and the context: the server can be asked
//! what they are worth, without a row and without calling anybody's function.

use super::expr::{Expr, Select};
use super::{Need, Prover};
use crate::catalog::{Policy, Relation};

impl Prover<'_> {
    /// The effective predicate of a need as the server prints it, where it is closed.
    pub fn closed(&self, relation: &Relation, need: Need, key: &str) -> Option<String> {
        let policies = self.applicable(relation, need);
        let side = |permissive: bool| -> Option<Vec<&str>> {
            let policies = policies.iter().filter(|one| one.permissive == permissive);
            policies.map(|policy| printed(policy, need)).collect()
        };
        let (permissive, restrictive) = (side(true)?, side(false)?);
        if permissive.is_empty() {
            return None;
        }
        let mut all = permissive.iter().chain(&restrictive);
        if !all.all(|text| self.is_closed(relation, text, key)) {
            return None;
        }
        let any: Vec<String> = permissive.iter().map(|text| format!("({text})")).collect();
        let mut whole = format!("({})", any.join(" OR "));
        for text in restrictive {
            whole += &format!(" AND ({text})");
        }
        Some(whole)
    }

    /// Whether an expression over a row of the relation reads its key and the context, and calls
    /// nothing but PostgreSQL's own functions.
    pub fn is_closed(&self, relation: &Relation, text: &str, key: &str) -> bool {
        let Some(expr) = self.parse(text) else {
            return false;
        };
        let context = &self.tenancy.settings.tenancy.context;
        let mut closed = true;
        expr.walk(&mut |part| {
            closed &= match part {
                Expr::Column { table, name } => {
                    name == key && table.as_deref().is_none_or(|table| table == relation.name)
                }
                Expr::Call(name, arguments) => match (name.as_str(), arguments.first()) {
                    ("current_setting", Some(setting)) => names(setting, context),
                    (name, _) => !name.contains(['.', '"']),
                },
                Expr::Cast(_, ty) => !ty.contains(['.', '"']),
                Expr::Binary(operator, ..) => !operator.contains(char::is_alphabetic),
                Expr::Scalar(select) => reads_no_table(select),
                Expr::Opaque(text) => is_harmless(text, context),
                Expr::Exists(_)
                | Expr::InSelect(..)
                | Expr::As(..)
                | Expr::Parameter(_)
                | Expr::Argument(_) => false,
                _ => true,
            };
            closed
        });
        closed
    }
}

/// As the server prints it; `None` where it lets everything pass, which needs no trial.
fn printed(policy: &Policy, need: Need) -> Option<&str> {
    match need {
        Need::Select | Need::UpdateOld | Need::Delete => policy.using.as_deref(),
        Need::Insert | Need::UpdateNew => policy.check.as_deref().or(policy.using.as_deref()),
    }
}

fn reads_no_table(select: &Select) -> bool {
    select.from.is_empty()
}

/// The name of a setting, which is printed with a cast.
fn names(argument: &Expr, context: &str) -> bool {
    match argument {
        Expr::Cast(inner, _) => names(inner, context),
        Expr::Literal(name) => name.eq_ignore_ascii_case(context),
        _ => false,
    }
}

/// What is not understood may still hold no name but those of operators, types and functions of
/// PostgreSQL's own, and ask for no other setting. A collation may be anybody's: it only compares.
fn is_harmless(text: &str, context: &str) -> bool {
    let lower = text.to_lowercase();
    let (body, collation) = match lower.rsplit_once(" collate ") {
        Some((body, collation)) => (body, collation.trim()),
        None => (lower.as_str(), ""),
    };
    let mut unquoted = String::new();
    let mut settings = Vec::new();
    for (nth, part) in body.split('\'').enumerate() {
        match nth % 2 {
            0 => unquoted += part,
            _ => {
                if unquoted.ends_with("current_setting(") {
                    settings.push(part);
                }
                unquoted += "?";
            }
        }
    }
    let word = |wanted: &str| {
        let mut words = unquoted.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        words.any(|word| word == wanted)
    };
    let asks = unquoted.matches("current_setting").count();
    asks == settings.len()
        && settings
            .iter()
            .all(|name| name.eq_ignore_ascii_case(context))
        && !unquoted.contains(['.', '"', ';', '$'])
        && !word("select")
        && !word("operator")
        && !word("from")
        && collation
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | '"' | '-'))
}

#[cfg(test)]
mod tests {
    use super::is_harmless;

    #[test]
    fn what_is_not_understood_may_compare_and_compute() {
        let harmless = [
            "string_to_array(k, '.'::text) && string_to_array(current_setting('app.t'::text, true), '.'::text)",
            "k = current_setting('app.t'::text, true) collate blog.loose",
            "k COLLATE \"C\"",
        ];
        for text in harmless {
            assert!(is_harmless(text, "app.t"), "{text}");
        }
        let not = [
            "public.f(k)",
            "k operator(public.=) 'a'",
            "(select 1 from t)",
            "k = current_setting('app.other'::text)",
            "k = current_setting(('app.'::text || k))",
            "k = 'a'; drop table t",
            "k = $1",
        ];
        for text in not {
            assert!(!is_harmless(text, "app.t"), "{text}");
        }
    }
}
