//! Which functions are called, and what is known of each before it is.

use std::collections::BTreeMap;

use anyhow::Result;
use tokio_postgres::types::Type;

use super::super::Stage;
use crate::audit::{self, Reading};
use crate::catalog::{Function, Oid};
use crate::finding::{Coverage, Verdict};
use crate::session::error::explain;

/// A parameter that a call passes something for.
#[derive(Clone, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) type_oid: Oid,
    /// As SQL writes it.
    pub(crate) type_name: String,
    /// An OUT parameter of a procedure: its place is held by NULL.
    pub(crate) out: bool,
}

/// A function or procedure that the application may call.
#[derive(Debug)]
pub(crate) struct Target<'t> {
    pub(crate) function: &'t Function,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether its language keeps to the database.
    pub(crate) trusted: bool,
    pub(crate) variadic: bool,
    pub(crate) returns: String,
    /// What its body says; `None` for one that works with its caller's own rights.
    pub(crate) reading: Option<Reading>,
}

impl Target<'_> {
    /// The name of a call.
    pub(crate) fn name(&self) -> String {
        crate::session::quote::qualified(&self.function.schema_name, &self.function.name)
    }

    /// Verdicts of reading that leave something open.
    pub(crate) fn doubts(&self) -> impl Iterator<Item = &Coverage> {
        let rows = self.reading.iter().flat_map(|reading| &reading.coverage);
        rows.filter(|row| row.verdict >= Verdict::Unproven)
    }

    pub(crate) fn is_volatile(&self) -> bool {
        self.function.volatility == 'v'
    }
}

/// Every function that the application may call and that is no extension's.
pub(crate) async fn targets<'t>(stage: &Stage<'_, 't>) -> Result<Vec<Target<'t>>> {
    let tenancy = stage.world.tenancy;
    let role = stage.world.app_role();
    let sql = include_str!("../../../../sql/probe/functions.sql");
    let rows = stage.eye.read(sql, &[(&role, Type::NAME)]).await?;
    let mut readings = audit::readings(tenancy);
    let mut found = Vec::new();
    for row in &rows {
        let oid: Oid = row.try_get(0).map_err(explain)?;
        // One that was made since the snapshot was taken.
        let Some(function) = tenancy.snapshot.functions.get(&oid) else {
            continue;
        };
        let target = read(row, function).map_err(explain)?;
        let unpassable = |parameter: &Parameter| {
            matches!(
                parameter.type_name.as_str(),
                "internal" | "cstring" | "trigger"
            )
        };
        if target.parameters.iter().any(unpassable) {
            continue;
        }
        let reading = readings.remove(&oid);
        found.push(Target {
            reading: reading.or_else(|| of_parts(&readings, function)),
            ..target
        });
    }
    Ok(found)
}

/// What is known of the functions that an aggregate is made of.
fn of_parts(readings: &BTreeMap<Oid, Reading>, function: &Function) -> Option<Reading> {
    let mut parts = function
        .aggregates
        .iter()
        .filter_map(|oid| readings.get(oid))
        .cloned();
    let mut whole = parts.next()?;
    for part in parts {
        whole.coverage.extend(part.coverage);
        whole.touches.extend(part.touches);
    }
    Some(whole)
}

fn read<'t>(
    row: &tokio_postgres::Row,
    function: &'t Function,
) -> Result<Target<'t>, tokio_postgres::Error> {
    let types: Vec<Oid> = row.try_get(4)?;
    let type_names: Vec<String> = row.try_get(5)?;
    let names: Vec<String> = row.try_get(6)?;
    let outs: Vec<bool> = row.try_get(7)?;
    let parameters = types.into_iter().zip(type_names).zip(names).zip(outs);
    Ok(Target {
        function,
        trusted: row.try_get(1)?,
        variadic: row.try_get(2)?,
        returns: row.try_get(3)?,
        parameters: parameters
            .map(|(((type_oid, type_name), name), out)| Parameter {
                name,
                type_oid,
                type_name,
                out,
            })
            .collect(),
        reading: None,
    })
}
