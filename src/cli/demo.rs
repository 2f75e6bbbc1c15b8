//! `tenantctl demo`

use std::path::PathBuf;

use anyhow::Result;

use super::Context;
use crate::demo::{self, Scenario};
use crate::exit::{Code, usage};
use crate::sandbox::Wanted;

/// The whole story on a throwaway server: from no isolation to a verdict, a leak, and its end
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Which system to tell it about
    #[arg(long, value_name = "SCENARIO", default_value = "education")]
    scenario: Scenario,
    /// Leave the server running at the end, and say how to connect and how to stop it
    #[arg(long)]
    keep: bool,
    /// Folder of PostgreSQL's server programs [default: found, or else fetched]
    #[arg(long, value_name = "DIR")]
    pg_bin: Option<PathBuf>,
    /// Major version of the server [default: the highest that is installed]
    #[arg(long, value_name = "N")]
    pg_version: Option<u32>,
    /// Do not fetch server programs where none are installed
    #[arg(long)]
    offline: bool,
}

impl Options {
    pub(super) async fn run(self, context: &Context) -> Result<Code> {
        // Whoever names a database expects something to happen there.
        if context.globals.database_url.is_some() {
            return Err(usage(
                "demo brings a server of its own and never touches another: leave --database-url out",
            ));
        }
        demo::run(
            context,
            demo::Setup {
                scenario: self.scenario,
                keep: self.keep,
                offline: self.offline,
                wanted: Wanted {
                    major: self.pg_version,
                    pg_bin: self.pg_bin,
                },
            },
        )
        .await
    }
}
