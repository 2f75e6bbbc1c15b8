//! What the names in a statement mean: rows of FROM, columns of sub-selects, variables.

use super::read::Frame;
use super::variable::Binding;
use super::{Arm, Record};
use crate::catalog::Relation;
use crate::predicate::Expr;

/// The columns of one FROM item.
#[derive(Clone, Debug)]
pub(super) enum Columns {
    /// A table's own.
    Of { alias: String, names: Vec<String> },
    /// What a sub-select computes.
    Computed(Vec<(String, Expr)>),
    /// Columns that are not known, all worth the same.
    Any(Expr),
}

/// A FROM item in sight.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: String,
    /// The schema, where the item is a table without an alias.
    pub(super) schema: Option<String>,
    pub(super) columns: Columns,
}

impl Item {
    pub(super) fn table(name: &str, schema: Option<String>, alias: &str, of: &Relation) -> Self {
        let names = of.columns.iter().map(|column| column.name.clone());
        Self {
            name: name.to_owned(),
            schema,
            columns: Columns::Of {
                alias: alias.to_owned(),
                names: names.collect(),
            },
        }
    }

    /// The value of one of its columns.
    pub(super) fn column(&self, name: &str) -> Option<Expr> {
        match &self.columns {
            Columns::Of { alias, names } => {
                names
                    .iter()
                    .any(|known| known == name)
                    .then(|| Expr::Column {
                        table: Some(alias.clone()),
                        name: name.to_owned(),
                    })
            }
            Columns::Computed(columns) => columns
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.clone()),
            Columns::Any(value) => Some(value.clone()),
        }
    }

    /// All of them, for `*`.
    pub(super) fn all(&self) -> Vec<(String, Expr)> {
        match &self.columns {
            Columns::Of { names, .. } => names
                .iter()
                .filter_map(|name| Some((name.clone(), self.column(name)?)))
                .collect(),
            Columns::Computed(columns) => columns.clone(),
            Columns::Any(value) => vec![("*".into(), value.clone())],
        }
    }

    /// The same item where an outer join found nothing.
    pub(super) fn absent(&self) -> Self {
        let nulls = self.all().into_iter().map(|(name, _)| (name, Expr::Null));
        let columns = match &self.columns {
            Columns::Any(_) => Columns::Any(Expr::Null),
            _ => Columns::Computed(nulls.collect()),
        };
        Self {
            columns,
            ..self.clone()
        }
    }

    fn is_called(&self, table: &str) -> bool {
        self.name == table
            || self
                .schema
                .as_ref()
                .is_some_and(|schema| format!("{schema}.{}", self.name) == table)
    }
}

/// A level of a query: as whom and with which WITH it is read, and what is around it.
#[derive(Clone, Copy)]
pub(super) struct Level<'s> {
    pub(super) frame: &'s Frame,
    outer: Option<&'s Sight<'s>>,
}

impl<'s> Level<'s> {
    /// The outermost level.
    pub(super) fn of(frame: &'s Frame) -> Self {
        Self { frame, outer: None }
    }

    /// A query inside another, which sees what is around it.
    pub(super) fn inside(frame: &'s Frame, outer: &'s Sight<'s>) -> Self {
        Self {
            frame,
            outer: Some(outer),
        }
    }

    /// The same level with other queries of WITH in sight.
    pub(super) fn within(self, frame: &'s Frame) -> Self {
        Self { frame, ..self }
    }

    /// With FROM items in sight.
    pub(super) fn seeing(self, items: &'s [Item]) -> Sight<'s> {
        Sight { level: self, items }
    }
}

/// What is in sight at some point of a query, from the inside out.
#[derive(Clone, Copy)]
pub(super) struct Sight<'s> {
    pub(super) level: Level<'s>,
    pub(super) items: &'s [Item],
}

/// A value, and the row that a variable brought with it.
pub(super) type Meaning = (Expr, Option<Record>);

impl Sight<'_> {
    /// What a column reference means.
    pub(super) fn meaning(&self, table: Option<&str>, name: &str) -> Option<Meaning> {
        let mut level = Some(self);
        while let Some(sight) = level {
            let values = sight.items.iter().filter_map(|item| {
                let may = table.is_none_or(|table| item.is_called(table));
                // A function's unknown columns answer to their item's name only, unless nothing
                // else is there.
                let any = matches!(item.columns, Columns::Any(_));
                let named = table.is_some() || item.name == name || sight.items.len() == 1;
                item.column(name).filter(|_| may && (!any || named))
            });
            // A merged column of an outer join is that of the side which is there.
            let values: Vec<Expr> = values.collect();
            let there = values.iter().find(|value| **value != Expr::Null);
            if let Some(value) = there.or(values.first()) {
                return Some((value.clone(), None));
            }
            level = sight.level.outer;
        }
        self.variable(table, name)
    }

    fn variable(&self, table: Option<&str>, name: &str) -> Option<Meaning> {
        let Some(table) = table else {
            return match self.level.frame.names.get(name)? {
                Binding::Value(value) => Some((value.clone(), None)),
                // A record of one column, or a scalar that was selected.
                Binding::Record(record) => match record.targets.as_slice() {
                    [(_, value)] => Some((value.clone(), Some(record.clone()))),
                    columns => Some((whole(columns), Some(record.clone()))),
                },
                Binding::Unknown => Some((Expr::Opaque(format!("variable {name}")), None)),
            };
        };
        // `function.parameter`
        if let Some(Binding::Value(value)) = self.level.frame.names.get(&format!("{table}.{name}"))
        {
            return Some((value.clone(), None));
        }
        let Some(binding) = self.level.frame.names.get(table) else {
            // `block.variable`
            return self.variable(None, name);
        };
        match binding {
            Binding::Record(record) => {
                let value = record.targets.iter().find(|(known, _)| known == name);
                let value = match value {
                    Some((_, value)) => value.clone(),
                    None => Expr::Opaque(format!("{table}.{name}")),
                };
                Some((value, Some(record.clone())))
            }
            Binding::Value(Expr::Null) => Some((Expr::Null, None)),
            Binding::Value(_) | Binding::Unknown => {
                Some((Expr::Opaque(format!("{table}.{name}")), None))
            }
        }
    }
}

/// Stands for a row as a whole: its columns by name.
pub(super) const RECORD: &str = "record";

fn whole(columns: &[(String, Expr)]) -> Expr {
    let named = columns.iter().map(|(name, value)| {
        let name = Expr::Literal(name.clone());
        Expr::Binary("=>".into(), Box::new(name), Box::new(value.clone()))
    });
    Expr::Call(RECORD.to_owned(), named.collect())
}

/// The columns of a value that is a row as a whole, or one of several.
pub fn fields(value: &Expr) -> Option<Vec<(String, Expr)>> {
    match value {
        Expr::Cast(inner, _) => fields(inner),
        Expr::Call(name, columns) if name == RECORD => columns
            .iter()
            .map(|column| match column {
                Expr::Binary(_, name, value) => match name.as_ref() {
                    Expr::Literal(name) => Some((name.clone(), value.as_ref().clone())),
                    _ => None,
                },
                _ => None,
            })
            .collect(),
        Expr::Call(name, rows) if name.ends_with("coalesce") => {
            let rows: Vec<_> = rows.iter().map(fields).collect::<Option<_>>()?;
            Some(each_field(&rows, |values| {
                Expr::Call("coalesce".into(), values)
            }))
        }
        Expr::Case(arms, otherwise) => {
            let mut rows: Vec<_> = arms
                .iter()
                .map(|(_, row)| fields(row))
                .collect::<Option<_>>()?;
            rows.push(fields(otherwise)?);
            let pick = |mut values: Vec<Expr>| {
                let last = values.pop().unwrap_or(Expr::Null);
                let conditions = arms.iter().map(|(condition, _)| condition.clone());
                Expr::Case(conditions.zip(values).collect(), Box::new(last))
            };
            Some(each_field(&rows, pick))
        }
        _ => None,
    }
}

/// The same column of several rows, made into one.
fn each_field(
    rows: &[Vec<(String, Expr)>],
    make: impl Fn(Vec<Expr>) -> Expr,
) -> Vec<(String, Expr)> {
    let Some((first, rest)) = rows.split_first() else {
        return Vec::new();
    };
    first
        .iter()
        .map(|(name, value)| {
            let mut values = vec![value.clone()];
            for row in rest {
                let found = row.iter().find(|(known, _)| known == name);
                values.push(found.map_or(Expr::Null, |(_, value)| value.clone()));
            }
            (name.clone(), make(values))
        })
        .collect()
}

/// What `to_jsonb(row) ->> 'column'` is.
pub(super) fn member(document: &Expr, name: &Expr) -> Option<Expr> {
    let (Expr::Call(made, arguments), Expr::Literal(name)) = (document, name) else {
        return None;
    };
    let bare = made.strip_prefix("pg_catalog.").unwrap_or(made);
    match (bare, arguments.as_slice()) {
        ("to_jsonb" | "to_json" | "row_to_json", [Expr::Call(record, columns)])
            if record == RECORD =>
        {
            columns.iter().find_map(|column| match column {
                Expr::Binary(_, known, value) if **known == Expr::Literal(name.clone()) => {
                    Some(Expr::Cast(value.clone(), "text".into()))
                }
                _ => None,
            })
        }
        _ => None,
    }
}

/// The rows that variables brought along, added to an arm.
pub(super) fn with_records(arm: &mut Arm, records: &[Record]) {
    for record in records {
        let joined = arm.beside(record);
        arm.rows = joined.rows;
        arm.inner = joined.inner;
        arm.calls = joined.calls;
        for condition in &record.conditions {
            if !arm.conditions.contains(condition) {
                arm.conditions.push(condition.clone());
            }
        }
        arm.limited |= record.limited;
    }
}
