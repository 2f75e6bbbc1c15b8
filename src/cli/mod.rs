//! What can be typed. Lists the commands and dispatches; no command's logic is in here.

mod apply;
mod ask;
mod audit;
mod changes;
mod checks;
mod completions;
mod context;
mod demo;
mod duration;
mod init;
mod lockout;
mod man;
mod org;
mod plan;
mod probe;
mod revert;
mod role;
mod self_test;
mod verify;

use std::io::Write;

use clap::{CommandFactory, Parser, Subcommand};

pub use context::{Context, Globals};

use crate::exit::{Code, code_of};

/// Provision, audit and attack tenant isolation in a shared PostgreSQL database.
#[derive(Debug, Parser)]
#[command(
    name = "tenantctl",
    version,
    about,
    propagate_version = true,
    disable_help_subcommand = true,
    after_long_help = AFTER_HELP
)]
struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

const AFTER_HELP: &str = "\
Exit codes:
  0    done; for audit, probe and verify: isolation holds
  1    findings at or above --fail-on (default medium), or a leak
  2    the command line or the configuration is wrong
  3    could not finish: connection, privilege, timeout, lock; no verdict was reached
  4    nothing leaked, but something stays unproven (--allow-unproven makes it 0)
  130  interrupted (Ctrl-C); 143 terminated

Connection: --database-url, $TENANTCTL_DATABASE_URL, $DATABASE_URL, then libpq's own
(PGHOST, PGPORT, PGUSER, PGDATABASE, PGPASSWORD, PGPASSFILE, PGSERVICE, PGSSLMODE, …).";

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Options),
    Role(role::Options),
    Plan(plan::Options),
    Apply(apply::Options),
    Revert(revert::Options),
    Org(org::Options),
    Audit(audit::Options),
    Probe(probe::Options),
    Verify(verify::Options),
    Checks(checks::Options),
    Demo(demo::Options),
    Completions(completions::Options),
    Man(man::Options),
}

/// The whole program: parses, runs, reports an error, returns the code.
pub fn main() -> Code {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return usage(&error),
    };
    let context = Context::new(cli.globals);
    let outcome = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(until_signal(&context, run(cli.command, &context))));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            context.say_error(&error);
            code_of(&error)
        }
    }
}

/// The command line as clap sees it, for completions and man pages.
pub fn command() -> clap::Command {
    Cli::command()
}

async fn run(command: Command, context: &Context) -> anyhow::Result<Code> {
    match command {
        Command::Init(options) => options.run(context).await,
        Command::Role(options) => options.run(context).await,
        Command::Plan(options) => options.run(context).await,
        Command::Apply(options) => options.run(context).await,
        Command::Revert(options) => options.run(context).await,
        Command::Org(options) => options.run(context).await,
        Command::Audit(options) => options.run(context).await,
        Command::Probe(options) => options.run(context).await,
        Command::Verify(options) => options.run(context).await,
        Command::Checks(options) => options.run(context).await,
        Command::Demo(options) => options.run(context).await,
        Command::Completions(options) => options.run(context),
        Command::Man(options) => options.run(context),
    }
}

/// clap's own texts: help and version to stdout, mistakes to stderr.
fn usage(error: &clap::Error) -> Code {
    // A closed pipe on `--help | head` is nobody's mistake.
    let _ = error.print();
    let _ = std::io::stdout().flush();
    if error.use_stderr() {
        Code::Usage
    } else {
        Code::Done
    }
}

/// Runs until done or until SIGINT or SIGTERM; then cancels what the server is still running.
async fn until_signal(
    context: &Context,
    work: impl Future<Output = anyhow::Result<Code>>,
) -> anyhow::Result<Code> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let code = tokio::select! {
        outcome = work => return outcome,
        _ = interrupt.recv() => Code::Interrupted,
        _ = terminate.recv() => Code::Terminated,
    };
    context.interrupt().await;
    context.note(
        "interrupted: the running statement was cancelled, open transactions are rolled back",
    );
    context.end().await;
    Ok(code)
}
