//! What a column has to be so that an expression over it is a certain value.

use super::mentions;
use super::wish::{Reader, Wish, bare, constant};
use crate::predicate::Expr;

/// How far into an expression a wish is passed on.
const DEPTH: usize = 12;

impl Reader<'_> {
    /// The wish for an expression, passed on to the column inside of it.
    pub(super) fn want(&mut self, of: &Expr, wish: &Wish, depth: usize) {
        if depth > DEPTH {
            return;
        }
        match of {
            Expr::Column { name, .. } => self.add(name, wish.clone()),
            Expr::Cast(inner, _) => self.want(inner, wish, depth + 1),
            Expr::Call(name, items) => self.through_call((bare(name), items), wish, depth + 1),
            Expr::Binary(op, left, right) => {
                self.through_operator((op, left, right), wish, depth + 1);
            }
            Expr::Opaque(text) => {
                let columns = self.columns.iter().copied();
                let used: Vec<&str> = columns.filter(|column| mentions(text, column)).collect();
                used.into_iter()
                    .for_each(|column| self.add(column, wish.clone()));
            }
            _ => {}
        }
    }

    fn through_call(&mut self, (name, items): (&str, &[Expr]), wish: &Wish, depth: usize) {
        let Some(first) = items.first() else {
            return;
        };
        let number = || match wish {
            Wish::Text(text) => text.parse::<usize>().ok(),
            _ => None,
        };
        match (name, wish) {
            ("length" | "char_length" | "character_length" | "octet_length", _) => {
                if let Some(length) = number().filter(|length| *length <= 10_000) {
                    self.want(first, &Wish::Length(length), depth);
                }
            }
            ("array_length" | "cardinality" | "jsonb_array_length", _) => {
                if let Some(count) = number().filter(|count| *count <= 1000) {
                    self.want(first, &Wish::Count(count), depth);
                }
            }
            ("jsonb_typeof" | "json_typeof", Wish::Text(kind)) => {
                let sample = match kind.as_str() {
                    "array" => "[]",
                    "string" => "\"tenantctl\"",
                    "number" => "1",
                    "boolean" => "true",
                    "null" => "null",
                    _ => "{}",
                };
                self.want(first, &Wish::Text(sample.to_owned()), depth);
            }
            ("split_part", Wish::Text(text)) => self.split(items, text, depth),
            ("left" | "substr" | "substring" | "substring_index", Wish::Text(text)) => {
                self.want(
                    first,
                    &Wish::Text(format!("{text}-{}", self.mark.salt)),
                    depth,
                );
                self.want(first, wish, depth);
            }
            ("jsonb_extract_path_text" | "json_extract_path_text", Wish::Text(text)) => {
                let path: Option<Vec<String>> = items[1..].iter().map(constant).collect();
                if let Some(path) = path {
                    self.document(first, (&path, text), depth);
                }
            }
            ("current_setting" | "num_nonnulls" | "num_nulls", _) => {}
            (
                "nullif" | "coalesce" | "lower" | "upper" | "btrim" | "trim" | "ltrim" | "rtrim",
                _,
            ) => {
                self.want(first, wish, depth);
            }
            _ => {
                for item in items {
                    self.want(item, wish, depth);
                }
            }
        }
    }

    fn through_operator(
        &mut self,
        (op, left, right): (&str, &Expr, &Expr),
        wish: &Wish,
        depth: usize,
    ) {
        match (op, constant(right), wish) {
            ("->" | "->>", Some(key), Wish::Text(text)) => {
                self.document(left, (&[key], text), depth);
            }
            ("#>" | "#>>", Some(path), Wish::Text(text)) => {
                let path = path.trim_matches(['{', '}']);
                let path: Vec<String> = path
                    .split(',')
                    .map(|key| key.trim_matches('"').to_owned())
                    .collect();
                self.document(left, (&path, text), depth);
            }
            ("||", Some(end), Wish::Text(text)) => {
                if let Some(start) = text.strip_suffix(&end) {
                    self.want(left, &Wish::Text(start.to_owned()), depth);
                }
            }
            ("||", None, Wish::Text(text)) => {
                let rest =
                    constant(left).and_then(|start| text.strip_prefix(&start).map(str::to_owned));
                if let Some(rest) = rest {
                    self.want(right, &Wish::Text(rest), depth);
                }
            }
            ("%" | "+" | "-" | "*" | "/", Some(_), _) => self.want(left, wish, depth),
            _ => {}
        }
    }

    /// A document that holds this text at the end of the path.
    fn document(&mut self, of: &Expr, (path, text): (&[String], &str), depth: usize) {
        let mut value = serde_json::Value::String(text.to_owned());
        // What `->` was asked for is a document itself.
        if let Ok(inner @ serde_json::Value::Object(_)) = serde_json::from_str(text) {
            value = inner;
        }
        for key in path.iter().rev() {
            value = serde_json::json!({ key: value });
        }
        self.want(of, &Wish::Text(value.to_string()), depth);
    }

    /// Text of which the n-th part is this.
    fn split(&mut self, items: &[Expr], text: &str, depth: usize) {
        let [first, delimiter, nth] = items else {
            return;
        };
        let (Some(delimiter), Some(nth)) = (constant(delimiter), constant(nth)) else {
            return;
        };
        let Some(nth) = nth
            .parse::<usize>()
            .ok()
            .filter(|nth| (1..=20).contains(nth))
        else {
            return;
        };
        let mut parts = vec![self.mark.salt.to_string(); nth - 1];
        parts.push(text.to_owned());
        parts.push(self.mark.text());
        self.want(first, &Wish::Text(parts.join(&delimiter)), depth);
        if nth > 1 {
            // A path that begins with its delimiter.
            parts[0].clear();
            self.want(first, &Wish::Text(parts.join(&delimiter)), depth);
        }
    }
}
