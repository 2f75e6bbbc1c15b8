//! Statements for psql that show what a finding says.
//!
//! They are pasted by an administrator: what they write is rolled back, and where running them would
//! stop others (every row locked, a table taken exclusively) they ask the planner instead.

use super::engine::Engine;
use crate::catalog::{Column, Oid, Privilege, Relation};
use crate::predicate::{Leak, Need, Situation, Written, WrittenColumn, WrittenValue};
use crate::session::quote;
use crate::tenancy::Reach;

/// The setting in which a statement finds a value of another organization's: the application may
/// not be able to read one.
const OTHER: &str = "tenantctl.other";

/// Chains of parents longer than this are cut; the configuration cannot make a cycle.
const MAX_PARENTS: usize = 32;

impl Engine<'_> {
    /// Counts rows by organization as the application sees them, with the context at one of the
    /// registry's; `None` while there is no such role.
    pub(super) fn evidence(&self, object: &str, key: Option<&str>) -> Option<String> {
        self.as_app(
            &[self.context(Situation::OtherTenant)?],
            &rows(object, key),
            "rows of more than one organization",
        )
    }

    /// A call as the application makes it.
    pub(super) fn calls(&self, call: &str) -> Option<String> {
        self.as_app(
            &[self.context(Situation::OtherTenant)?],
            call,
            "give it another organization's values",
        )
    }

    /// Shows that a leak is one. A row that only some rows are like is made up first, where asked:
    /// the table may have none today.
    pub(super) fn shows(
        &self,
        relation: &Relation,
        (need, leak): (Need, &Leak),
        with_row: bool,
    ) -> Option<String> {
        let mut settings: Vec<String> = self.context(leak.situation).into_iter().collect();
        settings.extend(chosen(leak));
        let object = relation.qualified();
        let explain = "EXPLAIN (COSTS OFF)";
        let filter = "the filter is all that holds it back";
        match need {
            Need::Select => {
                let key = self.tenancy.key_column(relation.oid);
                let rows = rows(&object, key.map(|key| key.name.as_str()));
                if leak.by_row && with_row {
                    settings.extend(self.made_up(relation, leak));
                }
                let comment = match leak.situation {
                    Situation::OtherTenant => "rows of more than one organization",
                    Situation::NoKey => "rows that name no organization among them",
                    _ => "rows, although no organization is chosen",
                };
                let rows = match leak.written.first() {
                    None => rows,
                    Some(written) => {
                        settings.push(set(OTHER, &self.of_another(relation)?));
                        format!("{} {rows}", self.first_writes(written))
                    }
                };
                self.as_app(&settings, &rows, comment)
            }
            Need::Delete => self.as_app(
                &settings,
                &format!("{explain} DELETE FROM {object};"),
                filter,
            ),
            Need::UpdateOld => {
                let column = quote::ident(&self.changeable(relation)?.name);
                let update = format!("{explain} UPDATE {object} SET {column} = DEFAULT;");
                self.as_app(&settings, &update, filter)
            }
            Need::Insert | Need::UpdateNew => {
                settings.push(set(OTHER, &self.of_another(relation)?));
                let write = self.write(relation, need)?;
                self.as_app(&settings, &write, "it is accepted")
            }
        }
    }

    /// The statement with which the application lets itself in.
    fn first_writes(&self, written: &Written) -> String {
        let context = quote::literal(&self.tenancy.settings.tenancy.context);
        let value = |column: &WrittenColumn| match &column.to {
            WrittenValue::Context => format!("current_setting({context})::{}", column.ty),
            WrittenValue::Other => format!("current_setting('{OTHER}')::{}", column.ty),
            WrittenValue::OfRow(name) => quote::literal(&format!("{name} of a row that it wants")),
            WrittenValue::Constant(text) => quote::literal(text),
            WrittenValue::Expression(sql) => sql.clone(),
        };
        let statement = written.render(&value);
        if written.role == self.app {
            return format!("{statement};");
        }
        let (other, app) = (&written.role, &self.app);
        format!("SET LOCAL ROLE {other}; {statement}; SET LOCAL ROLE {app};")
    }

    /// A transaction of the application's that leaves nothing behind; `None` while the role does not
    /// exist: nobody can be what is not there.
    pub(super) fn as_app(
        &self,
        settings: &[String],
        statement: &str,
        comment: &str,
    ) -> Option<String> {
        self.tenancy.app?;
        let settings: String = settings.iter().map(|set| format!("{set} ")).collect();
        Some(format!(
            "BEGIN; {settings}SET LOCAL ROLE {}; {statement} ROLLBACK;  -- {comment}",
            self.app
        ))
    }

    /// Brings the context into a situation; a fresh session has none.
    fn context(&self, situation: Situation) -> Option<String> {
        let context = &self.tenancy.settings.tenancy.context;
        match situation {
            Situation::NoContext => None,
            Situation::EmptyContext => Some(set(context, "''")),
            Situation::OtherTenant | Situation::NoKey => {
                let (id, registry) = (self.registry_id(), self.tenancy.registry.qualified());
                Some(set(
                    context,
                    &format!("(SELECT {id}::text FROM {registry} LIMIT 1)"),
                ))
            }
        }
    }

    fn registry_id(&self) -> String {
        let column = self.tenancy.key_column(self.tenancy.registry.oid);
        quote::ident(column.map_or("id", |column| column.name.as_str()))
    }

    /// A value that makes a row of this table another organization's: its id, or that of one of its
    /// rows in the parent.
    fn of_another(&self, relation: &Relation) -> Option<String> {
        match self.tenancy.tables.get(&relation.oid)?.reach {
            // A new organization of one's own making would be nobody else's.
            Reach::Registry { .. } | Reach::Key { .. } => Some(format!(
                "(SELECT {id}::text FROM {registry} WHERE {condition} LIMIT 1)",
                id = self.registry_id(),
                registry = self.tenancy.registry.qualified(),
                condition = self.is_other(self.tenancy.registry.oid, 0)?
            )),
            Reach::Via {
                parent,
                parent_column,
                ..
            } => {
                let table = self.snapshot().relations.get(&parent)?;
                Some(format!(
                    "(SELECT {}::text FROM {} WHERE {} LIMIT 1)",
                    quote::ident(&table.attribute(parent_column)?.name),
                    table.qualified(),
                    self.is_other(parent, 0)?
                ))
            }
        }
    }

    /// The condition that a row belongs to another organization than the context's.
    fn is_other(&self, oid: Oid, depth: usize) -> Option<String> {
        let relation = self.snapshot().relations.get(&oid)?;
        let column = |number: i16, of: &Relation| {
            of.attribute(number)
                .map(|column| quote::ident(&column.name))
        };
        match self.tenancy.tables.get(&oid)?.reach {
            Reach::Registry { column: key } | Reach::Key { column: key } => Some(format!(
                "{}::text IS DISTINCT FROM current_setting({}, true)",
                column(key, relation)?,
                quote::literal(&self.tenancy.settings.tenancy.context)
            )),
            Reach::Via {
                column: link,
                parent,
                parent_column,
            } if depth < MAX_PARENTS => {
                let table = self.snapshot().relations.get(&parent)?;
                Some(format!(
                    "{} IN (SELECT {} FROM {} WHERE {})",
                    column(link, relation)?,
                    column(parent_column, table)?,
                    table.qualified(),
                    self.is_other(parent, depth + 1)?
                ))
            }
            Reach::Via { .. } => None,
        }
    }

    /// Writes one row that belongs to another organization.
    fn write(&self, relation: &Relation, need: Need) -> Option<String> {
        let object = relation.qualified();
        let link = match self.tenancy.tables.get(&relation.oid)?.reach {
            Reach::Registry { column } | Reach::Key { column } | Reach::Via { column, .. } => {
                column
            }
        };
        let column = relation.attribute(link)?;
        let ty = self.type_name(column);
        let value = format!("nullif(current_setting('{OTHER}'), '')::{ty}");
        let name = quote::ident(&column.name);
        if need == Need::UpdateNew {
            return Some(format!(
                "UPDATE {object} SET {name} = {value} WHERE ctid = (SELECT ctid FROM {object} LIMIT 1);"
            ));
        }
        Some(self.insert(relation, vec![(link, value)]))
    }

    /// Adds one row with these columns, and any value where there must be one.
    fn insert(&self, relation: &Relation, mut row: Vec<(i16, String)>) -> String {
        let needed = |column: &&Column| {
            column.not_null && !column.has_default && column.identity.is_none() && !column.generated
        };
        for column in relation.columns.iter().filter(needed) {
            if !row.iter().any(|(number, _)| *number == column.number) {
                row.push((column.number, self.sample_of(column)));
            }
        }
        let name = |number| {
            relation
                .attribute(number)
                .map(|column| quote::ident(&column.name))
        };
        let (names, values): (Vec<_>, Vec<_>) = row
            .into_iter()
            .filter_map(|(number, value)| Some((name(number)?, value)))
            .unzip();
        format!(
            "INSERT INTO {} ({}) VALUES ({});",
            relation.qualified(),
            names.join(", "),
            values.join(", ")
        )
    }

    /// The counterexample's row, added by the administrator: another organization's, as the
    /// conditions have it.
    fn made_up(&self, relation: &Relation, leak: &Leak) -> Vec<String> {
        let wanted = |condition: &String| {
            let (column, value) = column_of(condition)?;
            Some((relation.column(column)?.number, value))
        };
        let row: Vec<_> = leak.conditions.iter().filter_map(wanted).collect();
        let reach = self
            .tenancy
            .tables
            .get(&relation.oid)
            .map(|table| table.reach);
        let Some(Reach::Key { column: key } | Reach::Via { column: key, .. }) = reach else {
            return Vec::new();
        };
        let (Some(column), Some(other)) = (relation.attribute(key), self.of_another(relation))
        else {
            return Vec::new();
        };
        let ty = self.type_name(column);
        let mut whole = vec![(key, format!("nullif(current_setting('{OTHER}'), '')::{ty}"))];
        whole.extend(row);
        vec![set(OTHER, &other), self.insert(relation, whole)]
    }

    /// A column that a blind UPDATE may set.
    fn changeable<'r>(&self, relation: &'r Relation) -> Option<&'r Column> {
        let whole = self
            .powers
            .may(self.snapshot(), relation, Privilege::Update);
        let granted = self.powers.columns(relation, Privilege::Update);
        let key = self.tenancy.key_column(relation.oid).map(|key| key.number);
        let may = |column: &&Column| whole || granted.contains(&column.name.as_str());
        let mut columns = relation.columns.iter().filter(may);
        let first = columns.clone().next();
        columns.find(|column| Some(column.number) != key).or(first)
    }

    /// Any value that the column takes.
    fn sample_of(&self, column: &Column) -> String {
        let snapshot = self.snapshot();
        let base = snapshot.types.get(&snapshot.base_type(column.type_oid));
        match base.and_then(|ty| ty.labels.first()) {
            Some(label) => quote::literal(label),
            None => sample(&self.type_name(column)).to_owned(),
        }
    }

    fn type_name(&self, column: &Column) -> String {
        let snapshot = self.snapshot();
        let base = snapshot.base_type(column.type_oid);
        snapshot
            .types
            .get(&base)
            .map_or_else(|| "text".to_owned(), |ty| ty.name.clone())
    }
}

/// `set_config` for the transaction.
fn set(name: &str, value: &str) -> String {
    format!(
        "SELECT set_config({}, {value}, true);",
        quote::literal(name)
    )
}

fn rows(object: &str, key: Option<&str>) -> String {
    match key {
        Some(key) => {
            let key = quote::ident(key);
            format!("SELECT {key}, count(*) FROM {object} GROUP BY {key};")
        }
        None => format!("SELECT * FROM {object} LIMIT 10;"),
    }
}

/// The settings other than the context that the counterexample gives a value.
fn chosen(leak: &Leak) -> Vec<String> {
    let named = |condition: &String| {
        let (name, value) = condition.strip_prefix("setting ")?.split_once(" = '")?;
        let value = value.strip_suffix('\'')?;
        Some(set(name, &quote::literal(value)))
    };
    leak.conditions.iter().filter_map(named).collect()
}

/// The column that a condition on the row speaks of, and a value that meets it.
fn column_of(condition: &str) -> Option<(&str, String)> {
    let (subject, value) = if let Some(subject) = condition.strip_suffix(" is true") {
        (subject, "true".to_owned())
    } else if let Some(subject) = condition.strip_suffix(" IS NULL") {
        (subject, "NULL".to_owned())
    } else {
        let (subject, value) = condition.split_once(" = ")?;
        let literal = value.strip_prefix('\'')?.strip_suffix('\'')?;
        (subject, quote::literal(literal))
    };
    let (_, column) = subject.rsplit_once('.')?;
    Some((column, value))
}

/// Any value of a type: what stands there is not what is tested.
fn sample(ty: &str) -> &'static str {
    let bare = ty.split('(').next().unwrap_or(ty);
    match bare {
        _ if bare.ends_with("[]") => "'{}'",
        "uuid" => "gen_random_uuid()",
        "text" | "character varying" | "character" | "name" | "citext" => "'x'",
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" | "money" => {
            "'1'"
        }
        "boolean" => "false",
        "date" | "timestamp without time zone" | "timestamp with time zone" => "now()",
        "time without time zone" | "time with time zone" => "'00:00'",
        "json" | "jsonb" => "'{}'",
        "bytea" => "''",
        "interval" => "'1 day'",
        "inet" | "cidr" => "'127.0.0.1'",
        // A range, a type of somebody's own: for the reader to fill in.
        _ => "NULL",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_on_the_row_is_a_column_and_a_value() {
        let column = |text| column_of(text).map(|(name, value)| format!("{name}: {value}"));
        assert_eq!(
            column("t.is_public is true").as_deref(),
            Some("is_public: true")
        );
        assert_eq!(column("t.kind = 'x'").as_deref(), Some("kind: 'x'"));
        assert_eq!(
            column("t.gone_at IS NULL").as_deref(),
            Some("gone_at: NULL")
        );
        assert_eq!(column("something else"), None);
    }

    #[test]
    fn a_setting_that_opens_the_door_is_set() {
        let leak = Leak {
            situation: Situation::OtherTenant,
            conditions: vec!["setting app.support = 'on'".into(), "t.kind = 'x'".into()],
            by_row: true,
            by_setting: true,
            policies: vec![],
            literally_true: false,
            written: vec![],
        };
        assert_eq!(
            chosen(&leak),
            ["SELECT set_config('app.support', 'on', true);"]
        );
    }
}
