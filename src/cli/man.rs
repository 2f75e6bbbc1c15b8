//! `tenantctl man`: the manual pages.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use clap_mangen::Man;

use super::Context;
use crate::exit::{Code, usage};

/// Print the manual page, or write the pages of all commands into a folder.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
To read it here: tenantctl man | man -l -
To install them: tenantctl man --dir ~/.local/share/man/man1")]
pub(super) struct Options {
    /// Write one page a command into this folder, made where it is missing
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Options {
    pub(super) fn run(self, context: &Context) -> Result<Code> {
        let pages = pages()?;
        let Some(dir) = self.dir else {
            let (_, page) = pages.into_iter().next().context("there is no page")?;
            context.output()?.write(&page)?;
            return Ok(Code::Done);
        };
        if context.globals.output.is_some() {
            return Err(usage("--dir and --output exclude each other"));
        }
        write(&pages, &dir).with_context(|| format!("cannot write to {}", dir.display()))?;
        context.note(&format!("{} pages are in {}", pages.len(), dir.display()));
        Ok(Code::Done)
    }
}

fn write(pages: &[(String, String)], dir: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(dir)?;
    for (name, page) in pages {
        std::fs::write(dir.join(name), page)?;
    }
    Ok(())
}

/// Every page with the name of its file, the program's own first.
fn pages() -> Result<Vec<(String, String)>> {
    let mut command = super::command();
    // Hands the global options down, so that every page has them.
    command.build();
    let mut pages = Vec::new();
    collect(&command, &mut pages)?;
    Ok(pages)
}

fn collect(command: &clap::Command, pages: &mut Vec<(String, String)>) -> Result<()> {
    let name = command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
        .to_owned();
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(name.to_uppercase())
        .manual("tenantctl")
        .render(&mut page)
        .context("cannot write the manual page")?;
    let page = String::from_utf8(page).context("cannot write the manual page")?;
    pages.push((format!("{name}.1"), page));
    for subcommand in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        collect(subcommand, pages)?;
    }
    Ok(())
}
