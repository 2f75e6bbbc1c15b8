//! Which columns of the registry hold an organization's name, its slug, and whether it is active.

use super::Choice;
use super::scope::{Scope, is_unique};
use super::words;
use crate::catalog::{Column, Oid, Relation};

/// Usual names, best first.
const NAMES: [&str; 6] = [
    "name",
    "displayname",
    "companyname",
    "title",
    "legalname",
    "label",
];
const SLUGS: [&str; 8] = [
    "slug",
    "subdomain",
    "identifier",
    "handle",
    "shortname",
    "urlname",
    "code",
    "key",
];
const ACTIVES: [&str; 5] = ["isactive", "active", "enabled", "isenabled", "activated"];

/// `bool`, `text`, `varchar`.
const BOOL: Oid = 16;
const TEXTS: [Oid; 2] = [25, 1043];

pub(super) struct Columns {
    pub(super) name: Option<Choice>,
    pub(super) slug: Option<Choice>,
    pub(super) active: Option<Choice>,
}

pub(super) fn choose(scope: &Scope<'_>, registry: &Relation, id: &Column) -> Columns {
    let base = |column: &Column| scope.snapshot.base_type(column.type_oid);
    let of = |types: &[Oid]| -> Vec<&Column> {
        let fits = |column: &&Column| types.contains(&base(column)) && column.number != id.number;
        // citext and the like are told by their category only.
        let text = |column: &&Column| {
            types == TEXTS
                && column.number != id.number
                && scope
                    .snapshot
                    .types
                    .get(&base(column))
                    .is_some_and(|t| t.name.ends_with("citext"))
        };
        registry
            .columns
            .iter()
            .filter(|column| fits(column) || text(column))
            .collect()
    };
    let texts = of(&TEXTS);
    let usual = |columns: &[&'_ Column], names: &[&str]| -> Option<String> {
        let exactly = |name: &str| columns.iter().find(|column| column.name == name);
        let plainly = |name: &str| {
            columns
                .iter()
                .find(|column| words::plain(&column.name) == name)
        };
        let found = names
            .iter()
            .find_map(|name| exactly(name).or_else(|| plainly(name)));
        found.map(|column| column.name.clone())
    };
    let name = usual(&texts, &NAMES).or_else(|| {
        let ending = texts
            .iter()
            .find(|column| words::plain(&column.name).ends_with("name"));
        ending.map(|column| column.name.clone())
    });
    let slug = usual(&texts, &SLUGS).filter(|slug| Some(slug) != name.as_ref());
    let unique = |column: &str| {
        registry
            .column(column)
            .is_some_and(|column| is_unique(registry, column))
    };
    Columns {
        name: name.map(|value| choice(value, "a text called so")),
        slug: slug.map(|value| {
            let why = if unique(&value) {
                "a text with a unique index"
            } else {
                "a text called so; without a unique index two organizations may take the same"
            };
            choice(value, why)
        }),
        active: usual(&of(&[BOOL]), &ACTIVES).map(|value| choice(value, "a boolean called so")),
    }
}

fn choice(value: String, why: &str) -> Choice {
    Choice {
        value,
        why: why.to_owned(),
        others: Vec::new(),
    }
}
