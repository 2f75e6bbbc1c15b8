//! What is passed: keys and values of the other organization's rows, wildcards, nothing, injections.

use super::super::super::rows::made_up;
use super::super::super::specimen::Specimen;
use super::super::super::world::World;
use super::targets::{Parameter, Target};
use crate::audit;
use crate::catalog::{Column, Oid, Relation};
use crate::routine;
use crate::session::quote;

/// One value for each parameter that is passed; the rest keep their defaults.
pub(super) type Given = Vec<Option<String>>;

/// Calls of one function.
const MOST: usize = 40;
/// How many columns of the same type are tried for a parameter whose name says nothing.
const TURNS: usize = 4;
/// Beginnings of names that are shorter say nothing.
const SHORTEST: usize = 3;
/// Text that ends a literal, where a body pastes it into SQL.
const INJECTIONS: [&str; 3] = ["' or true --", "x' or 'x' = 'x", "1 or true"];

/// Every set of arguments, likely ones first, none twice.
pub(super) fn sets(
    target: &Target<'_>,
    world: &World<'_>,
    victims: &[(Oid, Specimen)],
) -> Vec<Given> {
    let mut sets = Vec::new();
    let parameters = &target.parameters;
    let required = parameters.len().saturating_sub(target.function.defaults);
    if required == 0 && !parameters.is_empty() {
        sets.push(Vec::new());
    }
    let aims = |turn| {
        victims.iter().map(move |(oid, row)| Aim {
            world,
            relation: &world.tenancy.snapshot.relations[oid],
            row,
            turn,
        })
    };
    for turn in 0..TURNS {
        for aim in aims(turn) {
            sets.push(aim.values(parameters));
            if turn == 0 && required < parameters.len() {
                sets.push(aim.values(&parameters[..required]));
            }
        }
    }
    let first = aims(0).next().map(|aim| aim.values(parameters));
    // An injection may change more than one row: only where the call cannot write.
    if !target.is_volatile() && routine::executes(&target.function.body) {
        let injected = INJECTIONS
            .into_iter()
            .filter_map(|text| with_text(parameters, first.as_ref(), text));
        sets.extend(injected);
        for aim in aims(0) {
            let texts = aim.extracting();
            let texts = texts.iter();
            sets.extend(texts.filter_map(|text| with_text(parameters, first.as_ref(), text)));
        }
        sets.extend(aims(0).flat_map(|aim| aim.named(parameters)));
    }
    sets.extend(
        ["%", ""]
            .into_iter()
            .filter_map(|text| with_text(parameters, first.as_ref(), text)),
    );
    sets.push(vec![None; parameters.len()]);
    let mut unique: Vec<Given> = Vec::new();
    for set in sets {
        if !unique.contains(&set) {
            unique.push(set);
        }
    }
    unique.truncate(MOST);
    unique
}

/// The same with one text for every text; `None` where it takes none.
fn with_text(parameters: &[Parameter], values: Option<&Given>, text: &str) -> Option<Given> {
    let mut changed = values?.clone();
    for (value, parameter) in changed.iter_mut().zip(parameters) {
        if is_text(parameter) {
            *value = Some(text.to_owned());
        }
    }
    parameters.iter().any(is_text).then_some(changed)
}

/// The arguments as SQL.
pub(super) fn render(target: &Target<'_>, given: &Given) -> String {
    let passed: Vec<String> = given
        .iter()
        .zip(&target.parameters)
        .enumerate()
        .map(|(at, (value, parameter))| {
            let last = at + 1 == target.parameters.len();
            let variadic = if target.variadic && last {
                "variadic "
            } else {
                ""
            };
            let concrete = match parameter.type_name.as_str() {
                name if name.starts_with("any") || name == "\"any\"" => "text",
                name => name,
            };
            match value {
                Some(value) => format!("{variadic}{}::{concrete}", quote::literal(value)),
                None => format!("{variadic}null::{concrete}"),
            }
        })
        .collect();
    passed.join(", ")
}

fn is_text(parameter: &Parameter) -> bool {
    matches!(
        parameter.type_name.as_str(),
        "text" | "character varying" | "name"
    ) || parameter.type_name.ends_with("citext")
}

/// One row of the other organization's, from which values are taken.
struct Aim<'a> {
    world: &'a World<'a>,
    relation: &'a Relation,
    row: &'a Specimen,
    /// Which of several columns that fit.
    turn: usize,
}

impl Aim<'_> {
    fn values(&self, parameters: &[Parameter]) -> Given {
        let mut seen: Vec<Oid> = Vec::new();
        parameters
            .iter()
            .map(|parameter| {
                let position = seen
                    .iter()
                    .filter(|oid| **oid == parameter.type_oid)
                    .count();
                seen.push(parameter.type_oid);
                if parameter.out {
                    None
                } else {
                    self.value(parameter, position)
                }
            })
            .collect()
    }

    /// The table's name for the first text, and a key for what follows: a getter for every table.
    fn named(&self, parameters: &[Parameter]) -> Vec<Given> {
        let Some(at) = parameters.iter().position(is_text) else {
            return Vec::new();
        };
        let names = [self.relation.name.clone(), self.relation.qualified()];
        let sets = names.into_iter().map(|name| {
            let mut values = self.values(parameters);
            values[at] = Some(name);
            for (value, parameter) in values.iter_mut().zip(parameters).skip(at + 1) {
                if is_text(parameter) {
                    *value = self.key();
                }
            }
            values
        });
        sets.collect()
    }

    /// Text that makes the server quote a value of the row in an error: as an expression, and behind a literal.
    fn extracting(&self) -> Vec<String> {
        let snapshot = self.world.tenancy.snapshot;
        let is_text = |column: &&Column| {
            let found = snapshot.types.get(&snapshot.base_type(column.type_oid));
            let text = found.is_some_and(|found| found.category == 'S' && found.kind != 'e');
            text && self.row.cell(self.relation, &column.name).is_some()
        };
        let columns = self.relation.columns.iter().filter(is_text).take(TURNS);
        let texts = columns.flat_map(|column| {
            let value = format!(
                "(select x.{}::text from {} x where {} limit 1)::integer",
                quote::ident(&column.name),
                self.relation.qualified(),
                self.world.belongs(self.relation.oid, "x", &self.world.b)
            );
            [format!("' or 1 = {value} --"), value]
        });
        texts.collect()
    }

    fn key(&self) -> Option<String> {
        let keys = super::super::super::specimen::key_columns(self.relation, &|_| true)?;
        let own = keys
            .iter()
            .rev()
            .find_map(|column| self.row.cell(self.relation, &column.name));
        own.map(str::to_owned)
    }

    fn value(&self, parameter: &Parameter, position: usize) -> Option<String> {
        let name = plain(&parameter.name);
        if let Some(element) = parameter.type_name.strip_suffix("[]") {
            let one = self.cell(&name, &|column| self.type_name(column) == element, position);
            return Some(match one {
                Some(value) => array_of(&value),
                None => "{}".to_owned(),
            });
        }
        if matches!(parameter.type_name.as_str(), "json" | "jsonb") {
            return Some(self.document());
        }
        if self.turn == 0 && self.names_the_tenant(&name) && self.is_key_type(parameter) {
            return Some(self.world.b.clone());
        }
        let snapshot = self.world.tenancy.snapshot;
        let base = snapshot.base_type(parameter.type_oid);
        let like_text = is_text(parameter);
        let fits = |column: &Column| {
            let there = snapshot.base_type(column.type_oid);
            let category = snapshot.types.get(&there).map(|found| found.category);
            there == base || (like_text && category == Some('S'))
        };
        let as_row = || (parameter.type_name == self.relation.qualified()).then(|| self.literal());
        self.cell(&name, &fits, position)
            .or_else(as_row)
            .or_else(|| made(self.world, parameter.type_oid))
    }

    /// A column's value: the one of that name, or the next one of the type. Secrets are not passed: whoever has to
    /// know one has been told.
    fn cell(&self, name: &str, fits: &dyn Fn(&Column) -> bool, position: usize) -> Option<String> {
        let value = |column: &&Column| {
            self.row
                .cell(self.relation, &column.name)
                .map(str::to_owned)
        };
        let usable: Vec<&Column> = self
            .relation
            .columns
            .iter()
            .filter(|column| fits(column) && !audit::is_secret(&column.name))
            .filter(|column| value(column).is_some())
            .collect();
        let same = |column: &&&Column| plain(&column.name) == name;
        let like = |column: &&&Column| {
            let column = plain(&column.name);
            !name.is_empty() && (column.ends_with(name) || name.ends_with(&column))
        };
        let named = usable
            .iter()
            .find(same)
            .or_else(|| usable.iter().find(like));
        let named = named.filter(|_| self.turn == 0);
        let nth = || usable.get((position + self.turn) % usable.len().max(1));
        named.or_else(nth).and_then(value)
    }

    fn names_the_tenant(&self, name: &str) -> bool {
        let settings = &self.world.tenancy.settings.tenancy;
        let (key, registry) = (
            plain(&settings.key),
            plain(&self.world.tenancy.registry.name),
        );
        let (key, registry) = (key.trim_end_matches("id"), registry.trim_end_matches('s'));
        // `org` for organizations, and no `id` for whatever there is.
        let short = name.trim_end_matches("id");
        let begins = |long: &str, short: &str| short.len() >= SHORTEST && long.starts_with(short);
        begins(name, key) || begins(name, registry) || begins(registry, short)
    }

    fn is_key_type(&self, parameter: &Parameter) -> bool {
        parameter.type_name == self.world.key_type().sql() || is_text(parameter)
    }

    fn type_name(&self, column: &Column) -> &str {
        let snapshot = self.world.tenancy.snapshot;
        let found = snapshot.types.get(&snapshot.base_type(column.type_oid));
        found.map_or("", |found| &found.name)
    }

    /// The row as JSON in a list, which is how most take it.
    fn document(&self) -> String {
        let cells = self
            .relation
            .columns
            .iter()
            .filter(|column| !audit::is_secret(&column.name));
        let object: serde_json::Map<String, serde_json::Value> = cells
            .filter_map(|column| {
                let value = self.row.cell(self.relation, &column.name)?;
                Some((column.name.clone(), value.into()))
            })
            .collect();
        let object = serde_json::Value::Object(object);
        match self.turn % 2 {
            0 => serde_json::Value::Array(vec![object]).to_string(),
            _ => object.to_string(),
        }
    }

    /// The row as a composite value.
    fn literal(&self) -> String {
        let quoted = |cell: &Option<String>| match cell {
            Some(value) => format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\"\"")),
            None => String::new(),
        };
        let cells: Vec<String> = self.row.cells.iter().map(quoted).collect();
        format!("({})", cells.join(","))
    }
}

fn array_of(value: &str) -> String {
    format!(
        "{{\"{}\"}}",
        value.replace('\\', "\\\\").replace('"', "\\\"")
    )
}

/// Some value of the type.
fn made(world: &World<'_>, type_oid: Oid) -> Option<String> {
    made_up(world.tenancy.snapshot, &Column::of_type(type_oid))
}

/// A name without the marks that keep parameters and columns apart.
fn plain(name: &str) -> String {
    let name = name.to_lowercase();
    let name = name.trim_start_matches('_');
    let bare = ["p_", "in_", "v_", "arg_", "_"]
        .iter()
        .find_map(|mark| name.strip_prefix(mark));
    bare.unwrap_or(name).replace('_', "")
}

#[cfg(test)]
mod tests {
    use super::{array_of, plain};

    #[test]
    fn marks_of_parameters_are_left_out() {
        assert_eq!(plain("p_order_id"), "orderid");
        assert_eq!(plain("_Email"), "email");
        assert_eq!(plain("price"), "price");
    }

    #[test]
    fn an_array_of_one_keeps_what_is_in_it() {
        assert_eq!(array_of("a\"b\\c"), "{\"a\\\"b\\\\c\"}");
    }
}
