//! `--add-key`, for `plan` and `apply`.

use anyhow::Result;

use crate::catalog::{Comments, Snapshot};
use crate::exit::usage;
use crate::plan::add_key::{self, AddKey};
use crate::plan::{Choice, Plan};
use crate::settings::{Settings, Via};
use crate::tenancy::Tenancy;

/// A table that gets a tenant key of its own.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Adding {
    /// Give this table a tenant key of its own, filled from its parent, and isolate it; nothing else
    /// is planned
    #[arg(long, value_name = "TABLE", requires = "from")]
    add_key: Option<String>,
    /// How a row of that table leads to its parent: "column -> schema.table.column"
    #[arg(long, value_name = "REFERENCE", requires = "add_key")]
    from: Option<String>,
    /// How many rows get their key in one transaction
    #[arg(long, value_name = "ROWS", default_value = "5000", requires = "add_key",
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    batch_size: u32,
    /// The pause after each of those, as a share of the time that it took; 0 is none
    #[arg(long, value_name = "SHARE", default_value = "0.5", requires = "add_key", value_parser = share)]
    throttle: f64,
}

fn share(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(share) if (0.0..=100.0).contains(&share) => Ok(share),
        _ => Err("write a number from 0 to 100, such as 0.5".to_owned()),
    }
}

impl Adding {
    /// What is asked for, if anything is.
    pub(super) fn wish(&self) -> Result<Option<AddKey>> {
        let (Some(table), Some(from)) = (&self.add_key, &self.from) else {
            return Ok(None);
        };
        if from
            .split("->")
            .next()
            .is_some_and(|columns| columns.contains(','))
        {
            return Err(usage(
                "--from: a reference of several columns is not supported; name one column that \
                 equals one that is unique in the parent by itself",
            ));
        }
        let Some(via) = Via::parse(from) else {
            return Err(usage(format!(
                "--from \"{from}\" is not of the form \"column -> schema.table.column\""
            )));
        };
        Ok(Some(AddKey {
            table: table.clone(),
            from: via,
            batch_size: self.batch_size,
            throttle: self.throttle,
        }))
    }
}

/// Everything that isolation lacks, or what one table lacks that gets a key.
pub(super) fn plan(
    (snapshot, comments): (&Snapshot, &Comments),
    settings: &Settings,
    choice: &Choice,
    wish: Option<&AddKey>,
) -> Result<Plan> {
    match wish {
        Some(wish) => add_key::plan(snapshot, comments, settings, (choice, wish)),
        None => Plan::make(&Tenancy::resolve(snapshot, settings)?, comments, choice),
    }
}
