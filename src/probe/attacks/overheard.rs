//! What the server says aloud: messages, details, hints and notices that quote the other
//! organization's data.

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::ear::Ear;
use super::super::markers::Markers;
use crate::finding::{Class, Severity};
use crate::session::quote;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-error-text",
    title: "an error or a notice quotes another organization's row",
    tries: "every message, detail, hint, context and notice that an attack as A brings about is searched \
            for values of B's row that no other row has and that the attack itself did not send",
    why: "PostgreSQL withholds the values of rows that a policy hides; triggers and functions that run as \
          their owner do not",
    class: Class::Oracle,
    severity: Severity::High,
};

/// From here on the arena listens for the values of B's row.
pub(super) fn listen(case: &Case<'_, '_>, arena: &mut Arena<'_>) {
    let mut markers = Markers::default();
    if let Some(row) = &case.b {
        let snapshot = case.world.tenancy.snapshot;
        markers.add(snapshot, case.relation, row);
    }
    arena.ear = Ear {
        markers,
        attacker: case.world.a.clone(),
        ..Ear::default()
    };
}

/// Reports what was heard.
pub(super) async fn report(case: &mut Case<'_, '_>, arena: &mut Arena<'_>) -> Result<()> {
    let snapshot = case.world.tenancy.snapshot;
    for heard in arena.ear.take() {
        let relation = &snapshot.relations[&heard.marker.oid];
        let same = format!(
            "{} where {}::text = {}",
            relation.qualified(),
            quote::ident(&heard.marker.column),
            quote::literal(&heard.marker.value)
        );
        // A canary is not there for the administrator's own session; a second row may be A's.
        if case.eye.count(&same, 2).await?.is_none_or(|rows| rows > 1) {
            continue;
        }
        let steps: Vec<(As<'_>, &str)> = heard
            .steps
            .iter()
            .map(|(context, sql)| {
                let who = context.as_deref().map_or(As::Unset, As::Context);
                (who, sql.as_str())
            })
            .collect();
        let message = format!(
            "what the server says to one organization's statement quotes {} of another one's row in {}",
            quote::ident(&heard.marker.column),
            case.name
        );
        let leak = Leak {
            channel: &CHANNEL,
            class: CHANNEL.class,
            severity: CHANNEL.severity,
            message,
            steps: &steps,
        };
        case.leak(arena, None, leak);
        return Ok(());
    }
    Ok(())
}
