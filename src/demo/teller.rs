//! Does what the story says, shows it, and fails loudly where it comes out differently.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::facts::Facts;
use super::scenario::Script;
use super::shell;
use super::stage::Stage;
use super::story::{Act, Rows, Run, Show, Step, Who};
use crate::cli::Context;
use crate::exit::Code;
use crate::report::story::{Story, plain};
use crate::session::error::{explain, sqlstate};
use crate::settings::{self, Overrides};

/// Tells the story.
pub(super) struct Teller<'a> {
    context: &'a Context,
    stage: &'a Stage,
    script: &'a Script,
    story: Story,
    facts: Facts,
    /// What came out as it must.
    checked: usize,
}

/// What statements have returned.
struct Answer {
    columns: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl<'a> Teller<'a> {
    pub(super) fn new(
        context: &'a Context,
        script: &'a Script,
        story: Story,
        stage: &'a Stage,
    ) -> Result<Self> {
        let settings = settings::load(&Overrides {
            config: Some(stage.folder().join("tenantctl.toml")),
            ..Overrides::default()
        })?;
        Ok(Self {
            context,
            stage,
            script,
            story,
            facts: Facts::of(script, &settings),
            checked: 0,
        })
    }

    /// The story, to be ended, and how many commands and statements it has checked.
    pub(super) fn end(self) -> (Story, usize) {
        (self.story, self.checked)
    }

    /// How a shell would get here.
    pub(super) fn introduce(&mut self) -> Result<()> {
        self.story.aside(&self.stage.server())?;
        let folder = self.stage.folder().to_string_lossy();
        self.story.typed("$", &format!("cd {}", shell(&folder)))?;
        let words = self
            .stage
            .variables()
            .map(|(name, value)| format!("{name}={}", shell(&value)));
        self.story
            .typed("$", &format!("export {}", words.join(" ")))
    }

    /// One step of the story.
    pub(super) async fn tell(&mut self, step: &Step) -> Result<()> {
        self.story.heading(step.title, &self.facts.fill(step.why))?;
        for act in step.acts {
            let done = match act {
                Act::Load => self.load().await,
                Act::Run(run) => self.run(run).await,
                Act::Sql(who, sql, rows) => self.sql(*who, sql, *rows).await,
                Act::Passfile => self.passfile(),
            };
            done.with_context(|| format!("the demo failed in \"{}\"", step.title))?;
            self.checked += 1;
        }
        Ok(())
    }

    async fn load(&mut self) -> Result<()> {
        self.story
            .typed("$", &format!("createdb {}", self.script.name))?;
        self.story.typed(
            "$",
            "psql -q -v ON_ERROR_STOP=1 -f schema.sql -f data.sql > /dev/null",
        )?;
        self.stage.load(self.script).await
    }

    fn passfile(&mut self) -> Result<()> {
        let role = self.facts.get("app");
        let line = format!("(umask 077; echo \"*:*:*:{role}:$(cat app.password)\" > ~/.pgpass)");
        self.stage.write_passfile(role)?;
        self.story.typed("$", &line)
    }

    async fn run(&mut self, run: &Run) -> Result<()> {
        let args: Vec<String> = run.args.iter().map(|arg| self.facts.fill(arg)).collect();
        let words: Vec<String> = args.iter().map(|arg| shell(arg)).collect();
        let line = format!("tenantctl {}", words.join(" "));
        self.story.typed("$", &line)?;
        let output = self.stage.run(&args, self.story.coloured()).await?;
        let [stdout, stderr] = [output.stdout, output.stderr]
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let code = output.status.code();
        if was_interrupted(output.status) {
            // A terminal's Ctrl-C is for both of us, and the other was faster: our turn comes now.
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let wanted = self.facts.fill(run.says);
        if code != Some(run.exit) || !plain(&stdout).contains(&wanted) {
            self.story.printed(&stderr)?;
            self.story.printed(&stdout)?;
            bail!(
                "`{line}` must exit with {} and say \"{wanted}\", and this was {}; that is a defect of tenantctl or of \
                 this PostgreSQL, please report it with all of the above",
                run.exit,
                output.status
            );
        }
        self.story.printed(&stderr)?;
        self.show(run.show, &stdout)?;
        if run.exit != 0 {
            self.story.aside(&format!("(exit code {})", run.exit))?;
        }
        Ok(())
    }

    fn show(&mut self, show: Show, stdout: &str) -> Result<()> {
        match show {
            Show::All => self.story.printed(stdout),
            Show::Some(excerpt) => self.story.excerpt(stdout, excerpt),
            Show::Organization(name) => {
                let created: Value =
                    serde_json::from_str(stdout).context("org create printed no JSON")?;
                let id = created["id"].as_str().context("org create printed no id")?;
                self.facts.learn(name.to_owned(), id.to_owned());
                self.story.printed(stdout)
            }
            Show::Finding(check, key) => self.finding(check, key, stdout),
        }
    }

    /// Takes one finding at the view out of a report in JSON.
    fn finding(&mut self, check: &str, key: &str, stdout: &str) -> Result<()> {
        let report: Value = serde_json::from_str(stdout).context("the report is no JSON")?;
        let view = self.facts.get("view").to_owned();
        let found = report["findings"]
            .as_array()
            .and_then(|findings| {
                findings
                    .iter()
                    .find(|finding| finding["check"] == check && finding["object"] == view)
            })
            .with_context(|| format!("the report has no finding of {check} at {view}"))?;
        let value = found[key]
            .as_str()
            .with_context(|| format!("the finding of {check} at {view} has no {key}"))?;
        self.facts.learn(format!("{check}.{key}"), value.to_owned());
        let keys = ["check", "object", key];
        let shown = keys
            .map(|key| format!("\"{key}\": {}\n", found[key]))
            .concat();
        self.story.aside("… (one finding, in part:)")?;
        self.story.printed(&shown)
    }

    async fn sql(&mut self, who: Who, template: &str, wanted: Rows) -> Result<()> {
        let sql = self.facts.fill(template);
        self.typed(who, &sql)?;
        let role = (who == Who::App).then(|| self.facts.get("app"));
        let answer = self.ask(role, &sql).await;
        let answer = match answer {
            Err(error) if matches!(wanted, Rows::Nothing) && is_refusal(&error) => {
                return self.story.printed(&format!("ERROR:  {error:#}"));
            }
            other => other.with_context(|| format!("running: {sql}"))?,
        };
        self.story.rows(&answer.columns, &answer.rows)?;
        match wanted {
            Rows::Any => {}
            Rows::Nothing => ensure!(answer.rows.is_empty(), "rows came of: {sql}"),
            Rows::With(value) => {
                let value = self.facts.fill(value);
                let has = |row: &Vec<String>| row.contains(&value);
                ensure!(
                    !answer.rows.is_empty() && answer.rows.iter().all(has),
                    "rows with {value} must come of: {sql}"
                );
            }
        }
        Ok(())
    }

    /// Shows statements as in psql.
    fn typed(&mut self, who: Who, sql: &str) -> Result<()> {
        let (login, last) = match who {
            Who::Admin => (String::new(), '#'),
            Who::App => (format!(" -U {}", shell(self.facts.get("app"))), '>'),
        };
        self.story.typed("$", &format!("psql -q{login}"))?;
        let mut first = true;
        for line in sql.lines() {
            let middle = if first { '=' } else { '-' };
            let prompt = format!("{}{middle}{last}", self.script.name);
            self.story.typed(&prompt, line)?;
            first = line.trim_end().ends_with(';');
        }
        Ok(())
    }

    async fn ask(&self, role: Option<&str>, sql: &str) -> Result<Answer> {
        let (connector, session) = self.stage.session(role).await?;
        self.context.register(&connector);
        let messages = session.simple_query(sql).await.map_err(explain);
        session.close().await;
        let mut answer = Answer {
            columns: Vec::new(),
            rows: Vec::new(),
        };
        for message in messages? {
            match message {
                SimpleQueryMessage::RowDescription(columns) => {
                    answer.columns = columns
                        .iter()
                        .map(|column| column.name().to_owned())
                        .collect();
                }
                SimpleQueryMessage::Row(row) => answer.rows.push(
                    (0..row.len())
                        .map(|index| row.get(index).unwrap_or_default().to_owned())
                        .collect(),
                ),
                _ => {}
            }
        }
        Ok(answer)
    }
}

/// Whether a program ended by a signal that people send; early ones find no handler yet.
fn was_interrupted(status: ExitStatus) -> bool {
    let signal = status.signal();
    [
        (Code::Interrupted, libc::SIGINT),
        (Code::Terminated, libc::SIGTERM),
    ]
    .into_iter()
    .any(|(code, number)| status.code() == Some(i32::from(code.number())) || signal == Some(number))
}

fn is_refusal(error: &anyhow::Error) -> bool {
    sqlstate(error) == Some(SqlState::INSUFFICIENT_PRIVILEGE)
}
