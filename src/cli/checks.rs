//! `tenantctl checks`

use std::fmt::Write;

use anyhow::Result;
use comfy_table::Cell;

use super::Context;
use super::audit;
use crate::audit::parameters;
use crate::check::{self, Check, Engine};
use crate::exit::Code;
use crate::probe::channel::{self, Channel};
use crate::probe::{self, remedy};
use crate::report::{Format, pretty, style, table};
use crate::session::quote;
use crate::tenancy::Tenancy;

/// Every check: why, how to see it in psql, how to mend it
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// List the checks
    List {
        /// How to write the list
        #[arg(long, value_name = "FORMAT", default_value = "table")]
        format: Format,
    },
    /// Explain a check and print its query
    Show {
        /// The check's id
        id: String,
        /// Connect, and print the SET lines for this database before the query
        #[arg(long)]
        set: bool,
    },
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        let checks = check::shipped()?;
        let output = context.output()?;
        let text = match self.command {
            Command::List {
                format: Format::Table,
            } => list(&checks) + &channels(),
            Command::List {
                format: Format::Json,
            } => json(&checks),
            Command::Show { id, .. } if id.starts_with(probe::PREFIX) => show_channel(&id)?,
            Command::Show { id, set } => {
                let check = check::find(&checks, &id)?;
                let settings = if set {
                    Some(set_lines(context).await?)
                } else {
                    None
                };
                show(check, settings.as_deref())
            }
        };
        output.write(&text)?;
        Ok(Code::Done)
    }
}

fn list(checks: &[Check]) -> String {
    let mut rows = table::plain_table(None);
    rows.set_header(["check", "severity", "class", "what is wrong"]);
    for check in checks {
        rows.add_row([
            Cell::new(&check.id),
            Cell::new(style::severity(check.severity)),
            Cell::new(check.class.word()),
            Cell::new(&check.title),
        ]);
    }
    format!(
        "{rows}\n{} checks; the severity of a finding follows its path\n",
        checks.len()
    )
}

/// What a probe tries.
fn channels() -> String {
    let mut rows = table::plain_table(None);
    rows.set_header(["channel", "severity", "class", "what comes through"]);
    let mut count = 0;
    for channel in channel::all() {
        rows.add_row([
            Cell::new(channel.id),
            Cell::new(style::severity(channel.severity)),
            Cell::new(channel.class.word()),
            Cell::new(channel.title),
        ]);
        count += 1;
    }
    format!("\n{rows}\n{count} channels of the probe\n")
}

fn channel_json(channel: &Channel) -> serde_json::Value {
    let remedy = remedy::remedy(channel.id);
    serde_json::json!({
        "id": channel.id,
        "title": channel.title,
        "class": channel.class,
        "severity": channel.severity,
        "engine": "probe",
        "why": channel.why,
        "tries": channel.tries,
        "see": remedy.map(|remedy| remedy.see),
        "mend": remedy.map(|remedy| remedy.mend),
    })
}

fn json(checks: &[Check]) -> String {
    let mut rows: Vec<_> = checks
        .iter()
        .map(|check| {
            serde_json::json!({
                "id": check.id,
                "title": check.title,
                "class": check.class,
                "severity": check.severity,
                "engine": check.engine.word(),
                "why": check.why,
                "mend": check.mend,
                "no_path": check.no_path,
                "source": check.source,
            })
        })
        .collect();
    rows.extend(channel::all().map(channel_json));
    pretty(&rows)
}

fn show(check: &Check, settings: Option<&str>) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  {}  {}\n",
        style::bold(&check.id),
        style::severity(check.severity),
        check.class.word()
    );
    let _ = writeln!(out, "{}\n", check.title);
    let _ = writeln!(out, "why     {}\n", check.why);
    if let Some(mend) = &check.mend {
        let _ = writeln!(out, "mend    {mend}\n");
    }
    if let Some(no_path) = &check.no_path {
        let _ = writeln!(out, "no path {no_path}\n");
    }
    if let Some(source) = &check.source {
        let _ = writeln!(out, "source  {source}\n");
    }
    let decided = match check.engine {
        Engine::Sql => "the query decides; no rows means clean",
        Engine::Paths => "the access-path engine decides; the query is evidence to look at by hand",
        Engine::Predicate => {
            "the predicate proof decides; the query is evidence to look at by hand"
        }
        Engine::Server => {
            "the server's version decides, against the list that ships with tenantctl"
        }
    };
    let _ = writeln!(out, "engine  {decided}\n");
    match settings {
        Some(settings) => out.push_str(settings),
        None => {
            let _ = writeln!(
                out,
                "-- In psql, set what the query reads first: tenantctl checks show {} --set prints it.",
                check.id
            );
        }
    }
    let _ = writeln!(out, "{};", check.sql);
    out
}

/// A channel of the probe: what it tries, why, how to see it in psql and how to mend it.
fn show_channel(id: &str) -> Result<String> {
    let channel = channel::nearest(id)?;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}  {}  {}\n",
        style::bold(channel.id),
        style::severity(channel.severity),
        channel.class.word()
    );
    let _ = writeln!(out, "{}\n", channel.title);
    let _ = writeln!(out, "tries   {}\n", channel.tries);
    let _ = writeln!(out, "why     {}\n", channel.why);
    if let Some(remedy) = remedy::remedy(channel.id) {
        let _ = writeln!(out, "mend    {}\n", remedy.mend);
        let _ = writeln!(
            out,
            "-- In psql, with the names and values of your own; a finding has them filled in (tenantctl probe --details).\n\
             begin; set local role APP; set local CONTEXT = 'A';\n{}\nrollback;",
            remedy.see
        );
    }
    Ok(out)
}

/// `set tenantctl.… = '…';` for the database and the configuration at hand.
async fn set_lines(context: &Context) -> Result<String> {
    let settings = context.settings()?;
    let (session, snapshot) = audit::snapshot(context).await?;
    session.close().await;
    let tenancy = Tenancy::resolve(&snapshot, &settings)?;
    let mut lines = String::from("set search_path = pg_catalog;\n");
    for (name, value) in parameters(&tenancy) {
        let _ = writeln!(lines, "set {name} = {};", quote::literal(&value));
    }
    Ok(lines)
}
