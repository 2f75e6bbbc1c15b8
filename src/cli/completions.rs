//! `tenantctl completions`: the script that completes a shell's command lines.

use anyhow::{Context as _, Result};
use clap_complete::Shell;

use super::Context;
use crate::exit::Code;

/// Print the completion script of a shell.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Where it goes:
  bash        ~/.local/share/bash-completion/completions/tenantctl
  zsh         a folder of $fpath, as _tenantctl
  fish        ~/.config/fish/completions/tenantctl.fish
  elvish      eval (tenantctl completions elvish | slurp), in rc.elv
  powershell  tenantctl completions powershell | Out-String | Invoke-Expression, in $PROFILE")]
pub(super) struct Options {
    /// The shell
    shell: Shell,
}

impl Options {
    pub(super) fn run(self, context: &Context) -> Result<Code> {
        let output = context.output()?;
        output.write(&script(self.shell)?)?;
        Ok(Code::Done)
    }
}

/// The script for a shell.
fn script(shell: Shell) -> Result<String> {
    let mut command = super::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut command, name, &mut script);
    String::from_utf8(script).context("cannot write the completion script")
}
