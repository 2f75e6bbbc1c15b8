//! Rows that are not shown but counted, compared and strung together.

use anyhow::Result;

use super::super::arena::Arena;
use super::super::case::Case;
use super::super::channel::Channel;
use super::sidelong::{ask, channel};
use crate::session::quote;

pub(super) const CHANNEL: Channel = channel(
    "probe-aggregate",
    "aggregates take in another organization's rows",
    [
        "count, min, max and string_agg over one row of B's, as A, and on a small table over all of it; \
         the same as B must not be empty",
        "an aggregate may be answered from an index or by parallel workers, and what it returns is \
         no row that a policy was asked about",
    ],
);

pub(super) async fn attack(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    row: &str,
) -> Result<()> {
    let shown = if case.reads_link() {
        format!("{}::text", case.link_name())
    } else {
        "'1'::text".to_owned()
    };
    let over = |from: &str, having: &str| {
        format!(
            "select pg_catalog.count(*), pg_catalog.min(k), pg_catalog.max(k), \
             pg_catalog.string_agg(k, ',') from (select {shown} as k from {from}) read having {having}"
        )
    };
    let one = over(
        &format!("{} where {row}", case.name),
        "pg_catalog.count(*) > 0",
    );
    ask(case, arena, (&CHANNEL, &one)).await?;
    // By the parent's id it does not show whose a row is.
    if case.is_small() && case.reads_link() && !case.is_via() {
        let own = quote::literal(&case.world.a);
        let having = format!("pg_catalog.min(k) <> {own} or pg_catalog.max(k) <> {own}");
        let all = over(&case.name, &having);
        ask(case, arena, (&CHANNEL, &all)).await?;
    }
    Ok(())
}
