//! Candidates by condition: values that a CHECK, a domain, a bound or a policy mentions, and those
//! next to them.
//!
//! Nothing here decides whether a value will do. A wish that is wrong costs a candidate; one that
//! is missing may cost the row.

use std::collections::BTreeMap;

use super::palette::{Mark, in_quotes};
use super::print;
use super::{mentions, pattern};
use crate::predicate::{Expr, expression};

/// A value that a condition would like a column to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::probe) enum Wish {
    /// In the type's text form.
    Text(String),
    /// Something to be computed; it names no column.
    Sql(String),
    /// Text of so many characters.
    Length(usize),
    /// An array of so many elements.
    Count(usize),
}

/// Wishes by column.
#[derive(Debug, Default)]
pub(in crate::probe) struct Wishes {
    by_column: BTreeMap<String, Vec<Wish>>,
    /// `column = …` where the other side is made of other columns.
    pub(in crate::probe) derived: Vec<(String, String)>,
}

impl Wishes {
    /// Reads one more condition on a row with these columns.
    pub(in crate::probe) fn read(&mut self, condition: &str, columns: &[&str], mark: &Mark) {
        let mut reader = Reader {
            wishes: self,
            columns,
            mark,
        };
        match expression(condition) {
            Some(expr) => {
                reader.conjuncts(&expr);
                reader.expression(&expr);
            }
            None => reader.text(condition),
        }
    }

    /// What this generated expression over the row would have to be.
    pub(in crate::probe) fn read_value(
        &mut self,
        value: &str,
        (wanted, columns, mark): (&str, &[&str], &Mark),
    ) {
        let mut reader = Reader {
            wishes: self,
            columns,
            mark,
        };
        if let Some(expr) = expression(value) {
            reader.want(&expr, &Wish::Text(wanted.to_owned()), 0);
        }
    }

    /// What is wished for a column.
    pub(in crate::probe) fn of(&self, column: &str) -> &[Wish] {
        self.by_column.get(column).map_or(&[], Vec::as_slice)
    }
}

pub(super) struct Reader<'r> {
    wishes: &'r mut Wishes,
    pub(super) columns: &'r [&'r str],
    pub(super) mark: &'r Mark,
}

impl Reader<'_> {
    pub(super) fn add(&mut self, column: &str, wish: Wish) {
        if self.columns.contains(&column) {
            let list = self.wishes.by_column.entry(column.to_owned()).or_default();
            if !list.contains(&wish) {
                list.push(wish);
            }
        }
    }

    /// Conditions that must hold whatever else does: `total = quantity * price`.
    fn conjuncts(&mut self, expr: &Expr) {
        match expr {
            Expr::And(items) => items.iter().for_each(|item| self.conjuncts(item)),
            Expr::Binary(op, left, right) if op == "=" => {
                for (one, other) in [(left, right), (right, left)] {
                    self.derive(one, other);
                }
            }
            _ => {}
        }
    }

    fn derive(&mut self, one: &Expr, other: &Expr) {
        let Expr::Column { name, .. } = uncast(one) else {
            return;
        };
        let columns = self.columns;
        let column = |name: &str| {
            columns
                .contains(&name)
                .then(|| crate::session::quote::ident(name))
        };
        let constant = print::sql(other, &|_| None).is_some();
        let bare = matches!(uncast(other), Expr::Column { .. });
        let others = names(other);
        // One column may follow from others, but not in a circle.
        let derived = |name: &String| self.wishes.derived.iter().any(|(known, _)| known == name);
        let circular = others.contains(name) || derived(name) || others.iter().any(derived);
        if constant || bare || circular || !columns.contains(&name.as_str()) {
            return;
        }
        if let Some(sql) = print::sql(other, &column) {
            self.wishes.derived.push((name.clone(), sql));
        }
    }

    /// What is not parsed: every constant in it, for every column in it.
    fn text(&mut self, text: &str) {
        let constants = constants(text);
        for column in self.columns.iter().copied() {
            if mentions(text, column) {
                for constant in &constants {
                    self.add(column, Wish::Text(constant.clone()));
                }
            }
        }
    }

    fn expression(&mut self, expr: &Expr) {
        let mut nodes = Vec::new();
        expr.walk(&mut |node| {
            nodes.push(node.clone());
            true
        });
        for node in nodes {
            self.node(&node);
        }
    }

    fn node(&mut self, node: &Expr) {
        match node {
            Expr::Binary(op, left, right) => self.comparison(op, left, right),
            Expr::Same(left, right) => self.comparison("=", left, right),
            Expr::OneOf(item, list) => {
                for one in list {
                    self.equal(item, one);
                }
            }
            Expr::Call(name, items) => self.call(name, items),
            Expr::Opaque(text) => self.text(text),
            _ => {}
        }
    }

    fn call(&mut self, name: &str, items: &[Expr]) {
        match (bare(name), items) {
            ("starts_with", [text, start]) => {
                if let Some(start) = constant(start) {
                    let whole = format!("{start}{}", self.mark.salt);
                    self.want(text, &Wish::Text(whole), 0);
                    self.want(text, &Wish::Text(start), 0);
                }
            }
            // Compared with nothing: `cardinality(tags) > 0` is met by its own comparison.
            ("regexp_like", [text, pattern, ..]) => self.matching(text, pattern),
            _ => {}
        }
    }

    fn comparison(&mut self, op: &str, left: &Expr, right: &Expr) {
        match op {
            "=" | "<>" | "<" | "<=" | ">" | ">=" => {
                self.equal(left, right);
                self.equal(right, left);
            }
            "~" | "~*" => self.matching(left, right),
            "~~" | "~~*" => {
                if let Some(pattern) = constant(right) {
                    for text in pattern::like(&pattern, self.mark.salt) {
                        self.want(left, &Wish::Text(text), 0);
                    }
                }
            }
            "@>" | "&&" => {
                if let Some(value) = constant(right) {
                    self.want(left, &Wish::Text(value), 0);
                }
            }
            "<@" => {
                if let Some(value) = constant(right) {
                    self.want(left, &Wish::Text(value), 0);
                }
            }
            "?" => {
                if let Some(key) = constant(right) {
                    let value = serde_json::json!({ key: self.mark.text() });
                    self.want(left, &Wish::Text(value.to_string()), 0);
                }
            }
            _ => {}
        }
    }

    fn matching(&mut self, text: &Expr, pattern: &Expr) {
        if let Some(pattern) = constant(pattern) {
            for text_of_it in pattern::regular(&pattern, self.mark.salt) {
                self.want(text, &Wish::Text(text_of_it), 0);
            }
        }
    }

    /// `left` is near `right`, which is a constant or can be computed.
    fn equal(&mut self, left: &Expr, right: &Expr) {
        if let (Expr::Row(left), Expr::Row(right)) = (left, right) {
            for (left, right) in left.iter().zip(right) {
                self.equal(left, right);
            }
            return;
        }
        match constant(right) {
            Some(value) => {
                for near in near(&value) {
                    self.want(left, &Wish::Text(near), 0);
                }
                self.computed(left, right);
            }
            None => {
                if let Some(sql) = print::sql(right, &|_| None) {
                    self.want(left, &Wish::Sql(sql), 0);
                    self.computed(left, right);
                }
            }
        }
    }

    /// Where it is a point in time: a day before and after.
    fn computed(&mut self, left: &Expr, right: &Expr) {
        let timely = match right {
            Expr::Cast(_, ty) => ty.starts_with("date") || ty.starts_with("timestamp"),
            Expr::Literal(_) => false,
            _ => true,
        };
        if let Some(sql) = print::sql(right, &|_| None).filter(|_| timely) {
            for shift in [
                "- interval '1 day'",
                "+ interval '1 day'",
                "- interval '40 years'",
            ] {
                self.want(left, &Wish::Sql(format!("({sql} {shift})")), 0);
            }
        }
    }
}

fn uncast(expr: &Expr) -> &Expr {
    match expr {
        Expr::Cast(inner, _) => uncast(inner),
        other => other,
    }
}

fn names(expr: &Expr) -> Vec<String> {
    let mut found = Vec::new();
    expr.walk(&mut |node| {
        if let Expr::Column { name, .. } = node {
            found.push(name.clone());
        }
        true
    });
    found
}

/// A constant's text.
pub(super) fn constant(expr: &Expr) -> Option<String> {
    match uncast(expr) {
        Expr::Literal(text) => Some(text.clone()),
        Expr::Bool(value) => Some(value.to_string()),
        _ => None,
    }
}

/// A value and, for a number, its neighbours.
fn near(value: &str) -> Vec<String> {
    let mut found = vec![value.to_owned()];
    if let Ok(number) = value.parse::<i64>() {
        found.extend([1, -1].map(|step| number.saturating_add(step).to_string()));
    } else if let Ok(number) = value.parse::<f64>().map(f64::floor)
        && number.abs() < 1e15
    {
        // A fraction: the whole numbers around it.
        found.extend([0.0, 1.0, -1.0].map(|step| format!("{}", number + step)));
    }
    found
}

/// String constants and numbers in SQL text.
fn constants(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (nth, part) in text.split('\'').enumerate() {
        if nth % 2 == 1 {
            found.push(part.to_owned());
            continue;
        }
        let numbers = part.split(|c: char| !(c.is_ascii_digit() || c == '.'));
        found.extend(
            numbers
                .filter(|n| n.parse::<f64>().is_ok())
                .map(str::to_owned),
        );
    }
    found.truncate(40);
    found
}

/// The last part of a qualified function's name, without quotes.
pub(super) fn bare(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name).trim_matches('"')
}

impl Wish {
    /// The wish in the text form of a column's type; `None` for what is computed.
    pub(in crate::probe) fn text(&self, mark: &Mark, samples: &[String]) -> Vec<String> {
        match self {
            Self::Text(text) => vec![text.clone()],
            Self::Sql(_) => Vec::new(),
            Self::Length(length) => lengths(*length, mark),
            Self::Count(count) => {
                let Some(sample) = samples.first() else {
                    return Vec::new();
                };
                let one = sample.trim_matches(['{', '}']);
                if sample.starts_with('[') || sample.starts_with("{\"tenantctl\":") {
                    return vec![format!("[{}]", vec!["1"; *count].join(","))];
                }
                let one = if one.is_empty() {
                    in_quotes("1")
                } else {
                    one.to_owned()
                };
                vec![format!("{{{}}}", vec![one; *count].join(","))]
            }
        }
    }
}

/// Texts of a length: recognisable, capital, and digits.
fn lengths(length: usize, mark: &Mark) -> Vec<String> {
    let text = mark.text();
    let padded = if text.len() >= length {
        text[text.len() - length..].to_owned()
    } else {
        format!("{text}{}", "x".repeat(length - text.len()))
    };
    let digits = format!("{:0length$}", mark.salt);
    let digits = digits[digits.len() - length..].to_owned();
    let mut found = vec![padded];
    if length > 0 {
        found.extend(pattern::regular(&format!("^[A-Z]{{{length}}}$"), mark.salt));
        found.extend(pattern::regular(&format!("^[a-z]{{{length}}}$"), mark.salt));
    }
    found.push(digits);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: Mark = Mark {
        side: 'b',
        salt: 107,
        brief: false,
    };

    fn wishes(condition: &str, columns: &[&str]) -> Wishes {
        let mut wishes = Wishes::default();
        wishes.read(condition, columns, &MARK);
        wishes
    }

    fn texts(condition: &str, column: &str) -> Vec<String> {
        let wishes = wishes(condition, &[column]);
        let list = wishes.of(column).iter();
        list.flat_map(|wish| wish.text(&MARK, &["{\"x\"}".to_owned()]))
            .collect()
    }

    #[test]
    fn lists_as_the_server_prints_them() {
        let list = "(status = ANY (ARRAY['open'::text, 'closed'::text]))";
        assert_eq!(texts(list, "status"), ["open", "closed"]);
        let list = "((status)::text = ANY ((ARRAY['open'::character varying, 'done'::character varying])::text[]))";
        assert_eq!(texts(list, "status"), ["open", "done"]);
    }

    #[test]
    fn bounds_and_their_neighbours() {
        let found = texts("((rating >= 1) AND (rating <= 5))", "rating");
        assert!(
            ["1", "2", "5", "4"]
                .iter()
                .all(|value| found.contains(&(*value).to_owned())),
            "{found:?}"
        );
        let found = texts("(price > 0.5)", "price");
        assert!(found.contains(&"1".to_owned()), "{found:?}");
    }

    #[test]
    fn lengths_and_patterns() {
        let found = texts("(char_length(code) = 3)", "code");
        assert!(found.iter().any(|text| text.len() == 3), "{found:?}");
        let found = texts("(slug ~ '^[a-z]+$'::text)", "slug");
        assert!(
            found
                .iter()
                .all(|text| text.chars().all(|c| c.is_ascii_lowercase()))
        );
        assert!(texts("(number ~~ 'PO-%'::text)", "number").contains(&"PO-107".to_owned()));
    }

    #[test]
    fn into_documents() {
        let found = texts("((doc ->> 'kind'::text) = 'note'::text)", "doc");
        assert_eq!(found, ["{\"kind\":\"note\"}"]);
        let found = texts("(((doc -> 'a'::text) ->> 'b'::text) = 'c'::text)", "doc");
        assert_eq!(found, ["{\"a\":{\"b\":\"c\"}}"]);
        let mut wishes = Wishes::default();
        wishes.read_value("((doc ->> 'org'::text))::uuid", ("x", &["doc"], &MARK));
        assert_eq!(wishes.of("doc"), [Wish::Text("{\"org\":\"x\"}".to_owned())]);
    }

    #[test]
    fn a_part_of_a_path() {
        let mut wishes = Wishes::default();
        wishes.read_value("split_part(path, '/'::text, 2)", ("acme", &["path"], &MARK));
        let paths = ["107/acme/tenantctl-b-107", "/acme/tenantctl-b-107"];
        assert_eq!(
            wishes.of("path"),
            paths.map(|path| Wish::Text(path.to_owned()))
        );
    }

    #[test]
    fn time_that_the_server_computes() {
        let found = wishes("(born < (CURRENT_DATE - '18 years'::interval))", &["born"]);
        let sql = Wish::Sql("(current_date - ('18 years'::interval))".to_owned());
        assert_eq!(found.of("born")[0], sql);
        assert!(found.of("born").len() > 2);
    }

    #[test]
    fn what_follows_from_other_columns() {
        let found = wishes(
            "((total = (quantity * price)) AND (a = b))",
            &["total", "quantity", "price", "a", "b"],
        );
        assert_eq!(
            found.derived,
            [("total".to_owned(), "(quantity * price)".to_owned())]
        );
    }

    #[test]
    fn what_cannot_be_parsed_lends_its_constants() {
        let found = texts("(f(kind) OVER 'x' = = 7)", "kind");
        assert_eq!(found, ["x", "7"]);
    }
}
