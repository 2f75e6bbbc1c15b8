//! A statement that is prepared under one organization's context and run under another's.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::Case;
use super::super::channel::Channel;
use super::super::reply::Reply;
use super::sidelong::{channel, settle, weigh};
use crate::finding::{Class, Operation};
use crate::session::quote;

pub(super) const CHANNEL: Channel = Channel {
    class: Class::Context,
    ..channel(
        "probe-prepared",
        "a prepared statement keeps the context under which it was planned",
        [
            "one row of B's by a statement that is prepared and run with the context at B, which must \
             return it, and run again with the context at A: by PREPARE, by the extended protocol, and \
             with a parameter under plan_cache_mode = force_generic_plan",
            "a generic plan is kept for the session, and poolers keep sessions: where a policy calls a \
             function that is wrongly IMMUTABLE, every later organization reads with the first one's \
             context",
        ],
    )
};

const NAME: &str = "tenantctl_probe";

pub(super) async fn attack(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    row: &str,
) -> Result<()> {
    let plain = format!("prepare {NAME} as select 1 from {} where {row}", case.name);
    by_sql(case, arena, (&plain, &format!("execute {NAME}"))).await?;
    if let Some(link) = case.b_link.clone().filter(|_| case.reads_link()) {
        let generic = format!(
            "prepare {NAME} (text) as select 1 from {} where {}::text = $1 limit 1",
            case.name,
            case.link_name()
        );
        let execute = format!("execute {NAME} ({})", quote::literal(&link));
        by_sql(case, arena, (&generic, &execute)).await?;
    }
    by_protocol(case, arena, row).await?;
    with_cause(case, &CHANNEL);
    Ok(())
}

async fn by_sql(
    case: &mut Case<'_, '_>,
    arena: &mut Arena<'_>,
    (prepare, execute): (&str, &str),
) -> Result<()> {
    let away = format!("deallocate {NAME}");
    let steps = [
        (As::Unset, "set local plan_cache_mode = force_generic_plan"),
        (case.as_b(), prepare),
        (case.as_b(), execute),
        (case.as_a(), execute),
        (As::Unset, away.as_str()),
    ];
    let reply = arena.script(&steps).await?;
    if let Reply::Done(answers) = &reply {
        let found = (answers.get(3), answers.get(2));
        // The setting comes first, so that it is not taken for a session without a context.
        let told = [
            steps[1],
            (case.as_b(), steps[0].1),
            steps[2],
            steps[3],
            steps[4],
        ];
        weigh(case, arena, (&CHANNEL, &told), found);
    } else {
        // Prepared statements outlive the savepoint; that there is none is no news.
        arena.script(&[(As::Unset, &away)]).await?;
    }
    settle(case, &reply);
    Ok(())
}

async fn by_protocol(case: &mut Case<'_, '_>, arena: &mut Arena<'_>, row: &str) -> Result<()> {
    let sql = format!("select '1'::text from {} where {row} limit 1", case.name);
    let reply = arena.prepared(&[case.as_b(), case.as_a()], &sql).await?;
    if let Reply::Done(answers) = &reply {
        let prepare = format!("prepare {NAME} as {sql}");
        let (execute, away) = (format!("execute {NAME}"), format!("deallocate {NAME}"));
        let told = [
            (case.as_b(), prepare.as_str()),
            (case.as_b(), execute.as_str()),
            (case.as_a(), execute.as_str()),
            (case.as_a(), away.as_str()),
        ];
        weigh(
            case,
            arena,
            (&CHANNEL, &told),
            (answers.get(1), answers.first()),
        );
    }
    settle(case, &reply);
    Ok(())
}

/// Names the function that makes a plan out of the context, where there is one.
pub(super) fn with_cause(case: &mut Case<'_, '_>, channel: &Channel) {
    if !case.leaks(Operation::Select) {
        return;
    }
    let policies = case.relation.policies.iter();
    let texts: Vec<&str> = policies
        .flat_map(|policy| [policy.using.as_deref(), policy.check.as_deref()])
        .flatten()
        .collect();
    let snapshot = case.world.tenancy.snapshot;
    let mut folded: Vec<&crate::catalog::Function> = snapshot
        .functions
        .values()
        .filter(|function| function.volatility == 'i' && !function.of_extension)
        .filter(|function| {
            let call = format!("{}(", quote::ident(&function.name));
            texts.iter().any(|text| text.contains(&call))
        })
        .collect();
    folded.sort_by_key(|function| function.signature());
    let fix: Vec<String> = folded
        .iter()
        .map(|function| format!("ALTER FUNCTION {} STABLE;", function.signature()))
        .collect();
    if !fix.is_empty() {
        case.ledger.mend(channel.id, &case.name, &fix.join(" "));
    }
}
