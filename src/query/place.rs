//! Ties every column of an expression to the row, sub-select or variable that it means.

use super::Record;
use super::names::{Columns, Item, Level, Sight, member};
use super::read::Reader;
use crate::predicate::{Expr, FromTable, Select};

/// Resolves expressions at one point of a query.
pub(super) struct Placer<'r, 'a, 's> {
    pub(super) reader: &'r Reader<'a>,
    pub(super) sight: Sight<'s>,
    /// Rows that variables brought along.
    pub(super) records: Vec<Record>,
}

impl Placer<'_, '_, '_> {
    pub(super) fn place(&mut self, expr: &Expr) -> Expr {
        match expr {
            Expr::Column { table, name } => self.column(table.as_deref(), name),
            Expr::Parameter(number) => self.column(None, &format!("${}", number + 1)),
            Expr::Literal(_) | Expr::Bool(_) | Expr::Null | Expr::Opaque(_) | Expr::Argument(_) => {
                expr.clone()
            }
            Expr::Cast(inner, ty) => Expr::Cast(self.boxed(inner), ty.clone()),
            Expr::Call(name, items) => self.call(name, items),
            Expr::And(items) => Expr::And(self.each(items)),
            Expr::Or(items) => Expr::Or(self.each(items)),
            Expr::Not(inner) => Expr::Not(self.boxed(inner)),
            Expr::IsNull(inner) => Expr::IsNull(self.boxed(inner)),
            Expr::IsTrue(inner) => Expr::IsTrue(self.boxed(inner)),
            Expr::Binary(op, left, right) => {
                let (left, right) = (self.boxed(left), self.boxed(right));
                match member(&left, &right).filter(|_| op == "->>") {
                    Some(column) => column,
                    None => Expr::Binary(op.clone(), left, right),
                }
            }
            Expr::Same(left, right) => Expr::Same(self.boxed(left), self.boxed(right)),
            Expr::InArray(left, right) => Expr::InArray(self.boxed(left), self.boxed(right)),
            Expr::Row(items) => Expr::Row(self.each(items)),
            Expr::As(role, inner) => Expr::As(*role, self.boxed(inner)),
            Expr::OneOf(item, list) => Expr::OneOf(self.boxed(item), self.each(list)),
            Expr::Case(arms, otherwise) => Expr::Case(
                arms.iter()
                    .map(|(condition, result)| (self.place(condition), self.place(result)))
                    .collect(),
                self.boxed(otherwise),
            ),
            Expr::Scalar(select) => match self.select(select) {
                Some(select) => Expr::Scalar(Box::new(select)),
                None => Expr::Opaque("a sub-select".into()),
            },
            Expr::Exists(select) => match self.select(select) {
                Some(select) => Expr::Exists(Box::new(select)),
                None => Expr::Opaque("a sub-select".into()),
            },
            Expr::InSelect(item, select) => match self.select(select) {
                Some(select) => Expr::InSelect(self.boxed(item), Box::new(select)),
                None => Expr::Opaque("a sub-select".into()),
            },
        }
    }

    fn call(&mut self, name: &str, items: &[Expr]) -> Expr {
        let items = self.each(items);
        if let Some(context) = &self.sight.level.frame.context {
            // The session's own context is out of sight, for functions that look at it too.
            let bare = name.strip_prefix("pg_catalog.").unwrap_or(name);
            let reads = matches!(items.first(), Some(Expr::Literal(setting))
                if setting.eq_ignore_ascii_case(self.reader.context));
            if bare == "current_setting" && reads {
                return context.clone();
            }
            if !self
                .reader
                .functions(self.sight.level.frame, name, items.len())
                .is_empty()
            {
                return Expr::Opaque(format!("{name}() under another context"));
            }
        }
        Expr::Call(
            self.reader.function_name(self.sight.level.frame, name),
            items,
        )
    }

    fn boxed(&mut self, expr: &Expr) -> Box<Expr> {
        Box::new(self.place(expr))
    }

    fn each(&mut self, items: &[Expr]) -> Vec<Expr> {
        items.iter().map(|item| self.place(item)).collect()
    }

    fn column(&mut self, table: Option<&str>, name: &str) -> Expr {
        match self.sight.meaning(table, name) {
            Some((value, record)) => {
                if let Some(record) = record
                    && !self.records.contains(&record)
                {
                    self.records.push(record);
                }
                value
            }
            None => Expr::Opaque(match table {
                Some(table) => format!("{table}.{name}"),
                None => name.to_owned(),
            }),
        }
    }

    /// A sub-select inside an expression: its own tables shadow what is around it.
    fn select(&mut self, select: &Select) -> Option<Select> {
        let (mut items, mut from) = (Vec::new(), Vec::new());
        let frame = self.sight.level.frame;
        for table in &select.from {
            if table.schema.is_none() && frame.makes(&table.name) {
                return None;
            }
            let relation = self.reader.relation(
                self.sight.level.frame,
                table.schema.as_deref(),
                &table.name,
            )?;
            let alias = self.reader.alias(&table.alias);
            let schema = (table.alias == table.name).then(|| relation.schema_name.to_string());
            items.push(Item::table(&table.alias, schema, &alias, relation));
            from.push(FromTable {
                schema: Some(relation.schema_name.to_string()),
                name: relation.name.clone(),
                alias,
            });
        }
        let outer = self.sight;
        let mut inner = Placer {
            reader: self.reader,
            sight: Level::inside(outer.level.frame, &outer).seeing(&items),
            records: Vec::new(),
        };
        let targets = select
            .targets
            .iter()
            .map(|(value, name)| (inner.place(value), name.clone()))
            .collect();
        let filter = select.filter.as_ref().map(|filter| inner.place(filter));
        let records = inner.records;
        for record in records {
            if !self.records.contains(&record) {
                self.records.push(record);
            }
        }
        Some(Select {
            targets,
            from,
            filter,
        })
    }
}

/// Whether an item's columns are not known.
pub(super) fn is_any(item: &Item) -> bool {
    matches!(item.columns, Columns::Any(_))
}
