//! The whole story on a throwaway server, told while it happens and checked at every step.

mod facts;
mod scenario;
mod stage;
mod story;
mod teller;

use anyhow::Result;

pub use scenario::Scenario;

use crate::cli::Context;
use crate::exit::Code;
use crate::report::story::Story;
use crate::sandbox::{Kept, Options, Wanted};
use stage::Stage;
use teller::Teller;

/// What was asked for.
pub struct Setup {
    /// Which system.
    pub scenario: Scenario,
    /// Leave the server running.
    pub keep: bool,
    /// Fetch nothing.
    pub offline: bool,
    /// Which server.
    pub wanted: Wanted,
}

/// Tells the story. The server is gone afterwards, however it ends, unless it is to be kept.
///
/// # Errors
/// There is no server to be had, or a step did not come out as the story has it.
pub async fn run(context: &Context, setup: Setup) -> Result<Code> {
    let script = setup.scenario.script();
    let mut story = Story::begin(context.globals.output.as_deref())?;
    story.heading(
        "1. A throwaway server",
        "A real PostgreSQL in a temporary folder, on a unix socket, gone when this ends. What is typed below could \
         be typed by you; what is printed is what these commands print.",
    )?;
    let options = Options {
        wanted: setup.wanted,
        offline: setup.offline,
        keep: setup.keep,
        ..Options::default()
    };
    let stage = Stage::start(options, script, context.globals.quiet).await?;
    let mut teller = Teller::new(context, script, story, &stage)?;
    teller.introduce()?;
    for step in &story::STORY {
        teller.tell(step).await?;
    }
    let (mut story, checked) = teller.end();
    if setup.keep {
        let kept = stage.keep()?;
        how_to_go_on(&mut story, script.name, &kept)?;
    }
    story.end(&format!(
        "verdict: isolated   {checked} commands and statements came out as they must"
    ))?;
    Ok(Code::Done)
}

fn how_to_go_on(story: &mut Story, database: &str, kept: &Kept) -> Result<()> {
    let folder = kept.directory.join(stage::FOLDER);
    let [host, home] =
        [kept.directory.join("socket"), folder].map(|path| shell(&path.to_string_lossy()));
    story.heading(
        "The server is still there",
        "These lines connect a shell to it. ~/.pgpass and app.password in that folder hold the application's password.",
    )?;
    story.typed("$", &format!("cd {home}"))?;
    story.typed(
        "$",
        &format!("export HOME=$PWD PGHOST={host} PGUSER=postgres PGDATABASE={database}"),
    )?;
    story.typed("$", "psql")?;
    story.typed("$", "tenantctl verify")?;
    story.prose("\nThis ends it, and removes everything:")?;
    story.typed("$", &kept.stop)
}

/// A word as a shell takes it.
fn shell(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(shell("--org"), "--org");
        assert_eq!(shell("Alder School"), "'Alder School'");
        assert_eq!(shell("it's"), r"'it'\''s'");
        assert_eq!(shell(""), "''");
    }
}
