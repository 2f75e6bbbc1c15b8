//! What the `org` commands print: tables for people, JSON for programs.

use comfy_table::{Cell, CellAlignment, Table};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::table::plain_table;
use crate::org::{Created, Organization, Page, TableCount};
use crate::session::quote::{printable, shell_word};

/// Version of the JSON below.
const SCHEMA_VERSION: u8 = 1;

/// How `org create` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CreateFormat {
    /// One line for people.
    Table,
    /// An object with id, name, slug and created.
    Json,
    /// The id and nothing else.
    Id,
}

/// What `org create` prints.
pub fn created(done: &Created, format: CreateFormat) -> String {
    let organization = &done.organization;
    match format {
        CreateFormat::Id => format!("{}\n", organization.id),
        CreateFormat::Json => line(&json!({
            "id": organization.id,
            "name": organization.name,
            "slug": organization.slug,
            "created": done.created,
        })),
        CreateFormat::Table => {
            let label = match (&organization.name, &organization.slug) {
                (Some(name), Some(slug)) => format!("organization {name} (slug {slug})"),
                (Some(one), None) | (None, Some(one)) => format!("organization {one}"),
                (None, None) => "organization".to_owned(),
            };
            let label = printable(&label);
            let id = printable(&organization.id);
            if done.created {
                format!("created {label}, id {id}\n")
            } else {
                format!("{label} exists already, id {id}; nothing was changed\n")
            }
        }
    }
}

/// What `org list` prints.
#[derive(Debug)]
pub struct Listing<'a> {
    /// The page.
    pub page: &'a Page,
    /// Rows per organization and table, where asked for.
    pub counts: Option<&'a [TableCount]>,
    /// Whether row security hides some of the registry from the connection.
    pub filtered: bool,
    /// Whether the registry says who is active.
    pub has_active: bool,
    /// Whether the registry has slugs.
    pub has_slug: bool,
}

impl Listing<'_> {
    /// For programs.
    pub fn json(&self) -> String {
        let organizations: Vec<Value> = self
            .page
            .organizations
            .iter()
            .map(|one| object(one, self.counts))
            .collect();
        let mut document = json!({
            "schema_version": SCHEMA_VERSION,
            "command": "org list",
            "organizations": organizations,
            "total": self.page.total,
            "next": self.page.next,
            "filtered": self.filtered,
        });
        if let (Some(counts), Some(document)) = (self.counts, document.as_object_mut()) {
            document.insert("tables".to_owned(), totals(counts));
        }
        line(&document)
    }

    /// For people; `fit` cuts it to the terminal.
    pub fn table(&self, fit: bool) -> String {
        let page = self.page;
        if page.organizations.is_empty() {
            return "no organizations\n".to_owned();
        }
        let mut header = vec!["id", "name"];
        if self.has_slug {
            header.push("slug");
        }
        if self.has_active {
            header.push("active");
        }
        if self.counts.is_some() {
            header.push("rows");
        }
        let mut table = new_table(&header, fit);
        for one in &page.organizations {
            let mut row = vec![cell(&one.id), cell(one.name.as_deref().unwrap_or(""))];
            if self.has_slug {
                row.push(cell(one.slug.as_deref().unwrap_or("")));
            }
            if self.has_active {
                row.push(cell(yes_or_no(one.active)));
            }
            if let Some(counts) = self.counts {
                row.push(sum(counts, |count| count.of(&one.id)));
            }
            table.add_row(row);
        }
        let mut text = format!("{table}\n");
        if let Some(counts) = self.counts {
            text.push_str(&format!(
                "\n{}\n",
                count_table(counts, TableCount::total, fit)
            ));
        }
        text.push_str(&match &page.next {
            Some(next) => format!(
                "{} of {} organizations; the next page: --after {}\n",
                page.organizations.len(),
                page.total,
                shell_word(next)
            ),
            None if page.organizations.len() as i64 == page.total => {
                format!("{} organization{}\n", page.total, plural(page.total))
            }
            None => format!(
                "the last {} of {} organizations\n",
                page.organizations.len(),
                page.total
            ),
        });
        text
    }
}

/// What `org show` prints, for programs.
pub fn show_json(organization: &Organization, counts: Option<&[TableCount]>) -> String {
    line(&json!({
        "schema_version": SCHEMA_VERSION,
        "command": "org show",
        "organization": object(organization, counts),
    }))
}

/// What `org show` prints, for people.
pub fn show_table(organization: &Organization, counts: Option<&[TableCount]>, fit: bool) -> String {
    let mut table = new_table(&[], fit);
    table.add_row([cell("id"), cell(&organization.id)]);
    for (key, value) in [("name", &organization.name), ("slug", &organization.slug)] {
        if let Some(value) = value {
            table.add_row([cell(key), cell(value)]);
        }
    }
    if organization.active.is_some() {
        table.add_row([cell("active"), cell(yes_or_no(organization.active))]);
    }
    let mut text = format!("{table}\n");
    if let Some(counts) = counts {
        let of = |count: &TableCount| count.of(&organization.id);
        text.push_str(&format!("\n{}\n", count_table(counts, of, fit)));
    }
    text
}

#[derive(Serialize)]
struct Total<'a> {
    table: &'a str,
    rows: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

fn totals(counts: &[TableCount]) -> Value {
    let all: Vec<Total<'_>> = counts
        .iter()
        .map(|count| Total {
            table: &count.table,
            rows: count.total(),
            reason: count.rows.as_ref().err().map(String::as_str),
        })
        .collect();
    json!(all)
}

fn object(organization: &Organization, counts: Option<&[TableCount]>) -> Value {
    let mut object = Map::new();
    object.insert("id".to_owned(), json!(organization.id));
    object.insert("name".to_owned(), json!(organization.name));
    object.insert("slug".to_owned(), json!(organization.slug));
    object.insert("active".to_owned(), json!(organization.active));
    if let Some(counts) = counts {
        let rows: Map<String, Value> = counts
            .iter()
            .map(|count| (count.table.clone(), json!(count.of(&organization.id))))
            .collect();
        object.insert("rows".to_owned(), Value::Object(rows));
    }
    Value::Object(object)
}

/// Tables and their rows, and the sum.
fn count_table(
    counts: &[TableCount],
    rows: impl Fn(&TableCount) -> Option<i64>,
    fit: bool,
) -> String {
    let mut table = new_table(&["table", "rows"], fit);
    for count in counts {
        table.add_row([cell(&count.table), number(rows(count))]);
    }
    table.add_row([cell("total"), sum(counts, rows)]);
    table.to_string()
}

/// What was counted, together; a `≥` where something was not.
fn sum(counts: &[TableCount], rows: impl Fn(&TableCount) -> Option<i64>) -> Cell {
    let known: Vec<i64> = counts.iter().filter_map(rows).collect();
    let total: i64 = known.iter().sum();
    let least = if known.len() < counts.len() {
        "≥ "
    } else {
        ""
    };
    Cell::new(format!("{least}{total}")).set_alignment(CellAlignment::Right)
}

fn new_table(header: &[&str], fit: bool) -> Table {
    let mut table = plain_table(None);
    if !fit {
        table.force_no_tty();
    }
    if !header.is_empty() {
        table.set_header(header.iter().copied());
    }
    table
}

fn cell(text: &str) -> Cell {
    Cell::new(printable(text))
}

fn number(value: Option<i64>) -> Cell {
    // What was not counted is not zero.
    let text = value.map_or_else(|| "?".to_owned(), |value| value.to_string());
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn yes_or_no(value: Option<bool>) -> &'static str {
    match value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    }
}

fn plural(count: i64) -> &'static str {
    if count == 1 { "" } else { "s" }
}

fn line(value: &Value) -> String {
    format!("{value}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn organization(id: &str, name: &str) -> Organization {
        Organization {
            id: id.into(),
            name: Some(name.into()),
            slug: Some(name.to_lowercase()),
            active: Some(true),
        }
    }

    fn counts() -> Vec<TableCount> {
        vec![
            TableCount {
                table: "public.orders".into(),
                rows: Ok(BTreeMap::from([("1".to_owned(), 3)])),
            },
            TableCount {
                table: "public.files".into(),
                rows: Err("permission denied".into()),
            },
        ]
    }

    #[test]
    fn created_as_json_is_the_contract() {
        let done = Created {
            organization: organization("1", "Acme"),
            created: true,
        };
        assert_eq!(
            created(&done, CreateFormat::Json),
            "{\"id\":\"1\",\"name\":\"Acme\",\"slug\":\"acme\",\"created\":true}\n"
        );
        assert_eq!(created(&done, CreateFormat::Id), "1\n");
    }

    #[test]
    fn what_was_not_counted_is_null_and_not_zero() {
        let text = show_json(&organization("2", "B"), Some(&counts()));
        assert!(
            text.contains("\"rows\":{\"public.orders\":0,\"public.files\":null}"),
            "{text}"
        );
    }

    #[test]
    fn a_name_cannot_steer_the_terminal() {
        let page = Page {
            organizations: vec![organization("1", "a\u{1b}[2Jb")],
            total: 1,
            next: None,
        };
        let listing = Listing {
            page: &page,
            counts: Some(&counts()),
            filtered: false,
            has_active: true,
            has_slug: true,
        };
        let text = listing.table(false);
        assert!(!text.contains('\u{1b}'), "{text}");
        assert!(text.contains("\\u{1b}[2Jb"), "{text}");
        assert!(text.contains("1 organization\n"), "{text}");
        assert!(
            text.contains("≥ 3"),
            "what was not counted is missing from the sum: {text}"
        );
    }
}
