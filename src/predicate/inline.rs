//! Functions that are one expression: what a call of them stands for.

use std::rc::Rc;

use super::expr::{Expr, FromTable, Rewrite, Select};
use super::{Prover, parse, plpgsql};
use crate::catalog::{Function, Oid};

/// The expression that a call stands for, with its arguments in place; `None` where the function
/// is not known, is overloaded, or does more than compute one expression.
pub(super) fn expression(prover: &Prover<'_>, name: &str, arguments: &[Expr]) -> Option<Expr> {
    let function = prover.function(name, arguments.len())?;
    if function.returns_set {
        return None;
    }
    let body = prover.body(function)?;
    let definer = function.security_definer.then_some(function.owner);
    let arguments = in_order(function, arguments)?;
    let arguments = passed(prover, definer, &arguments);
    let bound = body.rewrite(&mut Parameters {
        prover,
        function: &function.name,
        names: &parameter_names(function),
        arguments: &arguments,
    });
    Some(match definer {
        Some(owner) => Expr::As(owner, Box::new(bound)),
        None => bound,
    })
}

/// What each parameter is given: by place, by name, or by its default.
fn in_order(function: &Function, arguments: &[Expr]) -> Option<Vec<Expr>> {
    let names = parameter_names(function);
    let count = match function.argument_types.is_empty() {
        true => 0,
        false => function.argument_types.split(", ").count(),
    };
    let mut given: Vec<Option<Expr>> = vec![None; count];
    for (at, argument) in arguments.iter().enumerate() {
        let (place, value) = match argument {
            Expr::Binary(op, name, value) if op == "=>" => {
                let Expr::Column { table: None, name } = name.as_ref() else {
                    return None;
                };
                let place = names.iter().position(|known| known == name)?;
                (place, value.as_ref().clone())
            }
            value => (at, value.clone()),
        };
        *given.get_mut(place)? = Some(value);
    }
    if given.iter().all(Option::is_some) {
        return given.into_iter().collect();
    }
    let defaults = parse::query(&format!("select {}", function.default_values.as_deref()?))?;
    let first = count.checked_sub(defaults.targets.len())?;
    let fill = |(at, value): (usize, Option<Expr>)| {
        value.or_else(|| {
            let (value, _) = defaults.targets.get(at.checked_sub(first)?)?;
            Some(value.clone())
        })
    };
    given.into_iter().enumerate().map(fill).collect()
}

/// Whether a function returns rows.
pub(super) fn returns_set(prover: &Prover<'_>, name: &str, arguments: &[Expr]) -> bool {
    let function = prover.function(name, arguments.len());
    function.is_some_and(|function| function.returns_set)
}

/// The rows that a set-returning function stands for, and the role that reads them.
pub(super) fn rows(prover: &Prover<'_>, name: &str, arguments: &[Expr]) -> Option<(Oid, Select)> {
    let function = prover.function(name, arguments.len())?;
    let Expr::Scalar(select) = &*prover.body(function)? else {
        return None;
    };
    let definer = function.security_definer.then_some(function.owner);
    let bound = Expr::Scalar(select.clone()).rewrite(&mut Parameters {
        prover,
        function: &function.name,
        names: &parameter_names(function),
        arguments: &passed(prover, definer, &in_order(function, arguments)?),
    });
    match bound {
        Expr::Scalar(select) => Some((definer.unwrap_or(prover.role), *select)),
        _ => None,
    }
}

/// Whether a function may look at tables; what is not followed may.
pub(super) fn may_read_table(prover: &Prover<'_>, name: &str, arguments: usize) -> bool {
    let Some(function) = prover.function(name, arguments) else {
        return false;
    };
    if let Some(known) = prover.readers.borrow().get(&function.oid) {
        return *known;
    }
    // A function that calls itself reads what the rest of it reads.
    prover.readers.borrow_mut().insert(function.oid, false);
    let reads = match prover.body(function) {
        Some(body) => prover.reads_table(&body),
        None => true,
    };
    prover.readers.borrow_mut().insert(function.oid, reads);
    reads
}

/// What the caller made is the caller's, also where a function runs as its owner.
fn passed(prover: &Prover<'_>, definer: Option<Oid>, arguments: &[Expr]) -> Vec<Expr> {
    let owned = |argument: &Expr| match (definer, argument) {
        (Some(_), Expr::Call(..) | Expr::Cast(..) | Expr::Scalar(_)) => {
            Expr::As(prover.role, Box::new(argument.clone()))
        }
        _ => argument.clone(),
    };
    arguments.iter().map(owned).collect()
}

impl Prover<'_> {
    /// The body of a function as one expression, its tables found; each is parsed once.
    fn body(&self, function: &Function) -> Option<Rc<Expr>> {
        if let Some(known) = self.bodies.borrow().get(&function.oid) {
            return known.clone();
        }
        let mut tables = Tables {
            prover: self,
            path: search_path(function),
        };
        let found = match function.language.as_str() {
            "plpgsql" => plpgsql::expression(self, function),
            _ => body(function).map(|body| body.rewrite(&mut tables)),
        };
        let body = found.map(Rc::new);
        self.bodies.borrow_mut().insert(function.oid, body.clone());
        body
    }
}

/// The body as an expression; one that reads tables is a sub-select.
fn body(function: &Function) -> Option<Expr> {
    // A SET clause other than search_path may change what the body reads.
    let changes_settings = function
        .config
        .iter()
        .any(|setting| !setting.starts_with("search_path="));
    if changes_settings || function.kind != 'f' {
        return None;
    }
    let text = function.body.trim();
    match function.language.as_str() {
        "sql" => {
            let text = atomic(text).unwrap_or(text);
            if let Some(value) = strip_word(text, "return") {
                return parse::expression(value.trim_end_matches(';').trim());
            }
            let query = parse::query(text)?;
            match query.targets.as_slice() {
                [(target, _)] if query.from.is_empty() && query.filter.is_none() => {
                    match function.returns_set {
                        true => None,
                        false => Some(target.clone()),
                    }
                }
                [_] => Some(Expr::Scalar(Box::new(query))),
                _ => None,
            }
        }
        _ => None,
    }
}

pub(crate) fn atomic(text: &str) -> Option<&str> {
    let inner = strip_word(strip_word(text, "begin")?.trim_start(), "atomic")?.trim();
    let inner = inner.trim_end_matches(';').trim_end();
    let end = inner.len().checked_sub(3)?;
    inner
        .get(end..)
        .filter(|word| word.eq_ignore_ascii_case("end"))?;
    inner.get(..end).map(str::trim)
}

/// The rest of a text after a leading keyword.
pub(crate) fn strip_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let head = text.get(..word.len())?;
    let rest = &text[word.len()..];
    (head.eq_ignore_ascii_case(word) && rest.starts_with(|c: char| c.is_whitespace() || c == '('))
        .then_some(rest)
}

/// Parameter names in order; empty for one without a name.
fn parameter_names(function: &Function) -> Vec<String> {
    function
        .arguments
        .split(", ")
        .map(|argument| {
            let words: Vec<&str> = argument.split_whitespace().collect();
            match words.as_slice() {
                ["IN", name, _, ..] | [name, _, ..] => name.trim_matches('"').to_owned(),
                _ => String::new(),
            }
        })
        .collect()
}

/// Schemas in which a function's SET search_path finds a table; nothing where a temporary table
/// of the caller's would be found first.
fn search_path(function: &Function) -> Vec<String> {
    let path: Vec<String> = function
        .config
        .iter()
        .find_map(|setting| setting.strip_prefix("search_path="))
        .into_iter()
        .flat_map(|path| path.split(','))
        .map(|schema| schema.trim().trim_matches('"').to_owned())
        .collect();
    match path.iter().position(|schema| schema == "pg_temp") {
        Some(at) => path[..at].to_vec(),
        None => Vec::new(),
    }
}

/// Gives the tables of a body the schema that they are found in.
struct Tables<'x, 'a> {
    prover: &'x Prover<'a>,
    path: Vec<String>,
}

impl Rewrite for Tables<'_, '_> {
    fn table(&mut self, table: &FromTable) -> FromTable {
        let mut found = table.clone();
        if found.schema.is_none() {
            let snapshot = self.prover.tenancy.snapshot;
            let holds = |schema: &&String| snapshot.find(schema, &table.name).is_some();
            found.schema = self.path.iter().find(holds).cloned();
        }
        found
    }
}

/// Puts arguments into the place of parameters. A column of a table in a body comes before a
/// parameter of its name.
struct Parameters<'x, 'a> {
    prover: &'x Prover<'a>,
    function: &'x str,
    names: &'x [String],
    arguments: &'x [Expr],
}

impl Rewrite for Parameters<'_, '_> {
    fn column(&mut self, table: Option<&str>, name: &str, around: &[&Select]) -> Option<Expr> {
        let unknown = |what: &str| Some(Expr::Opaque(what.to_owned()));
        let mut inner = around.iter().rev().flat_map(|select| &select.from);
        let bound = inner.any(|from| match table {
            Some(table) => {
                from.alias == table
                    || from.schema.as_ref().is_some_and(|schema| {
                        table.strip_prefix(schema.as_str()) == Some(&format!(".{}", from.name))
                    })
            }
            // Nobody knows the columns of a table that was not found.
            None => self
                .prover
                .find(from)
                .is_none_or(|relation| relation.column(name).is_some()),
        });
        if bound {
            return None;
        }
        if table.is_some_and(|table| table != self.function) {
            return unknown("a column of another scope");
        }
        let number = name.strip_prefix('$').and_then(|n| n.parse::<usize>().ok());
        let at = match number {
            Some(number) => number.checked_sub(1),
            None => self.names.iter().position(|known| known == name),
        };
        match at.and_then(|at| self.arguments.get(at)) {
            Some(argument) => Some(argument.clone()),
            // Not a parameter and no table: nothing that we understand.
            None => unknown(name),
        }
    }
}
