//! One call, and what it told: rows, an error, notices, the context that it left.

use anyhow::Result;

use super::super::super::arena::{Arena, As};
use super::super::super::reply::Reply;
use super::super::super::world::World;
use super::arguments::{Given, render};
use super::targets::Target;
use crate::session::quote;

/// Rows of a result that are looked at.
const MOST_ROWS: usize = 100;
/// Brings RAISE DEBUG and all above it to the caller, who may choose so.
const CHATTY: &str = "set local client_min_messages = 'debug1'";
const READ_ONLY: &str = "set local transaction_read_only = on";

/// What a call told its caller.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Told {
    /// Rows, one text each.
    pub(super) rows: Vec<String>,
    /// The error's text, with its SQLSTATE.
    pub(super) error: Option<String>,
    pub(super) notices: Vec<String>,
    /// What the context is afterwards.
    pub(super) context: Option<String>,
    pub(super) timed_out: bool,
}

impl Told {
    /// The error and the notices, as one text.
    pub(in super::super) fn messages(&self) -> String {
        let parts = self.error.iter().chain(&self.notices);
        parts.cloned().collect::<Vec<_>>().join("\n")
    }

    /// Everything, as one text.
    pub(super) fn text(&self) -> String {
        let parts = self.rows.iter().chain(&self.error).chain(&self.notices);
        parts.cloned().collect::<Vec<_>>().join("\n")
    }
}

/// The statement of a call.
pub(super) fn statement(target: &Target<'_>, given: &Given) -> String {
    let call = format!("{}({})", target.name(), render(target, given));
    match (target.function.kind, target.returns.as_str()) {
        ('p', _) => format!("call {call}"),
        // A portal keeps the rights with which it was opened.
        (_, "refcursor") => {
            format!("select pg_catalog.cursor_to_xml({call}, {MOST_ROWS}, true, false, '')")
        }
        _ => format!("select {call} limit {MOST_ROWS}"),
    }
}

/// Calls it in a savepoint; one that promises not to write is held to it.
pub(super) async fn call(
    arena: &mut Arena<'_>,
    world: &World<'_>,
    (target, who, sql): (&Target<'_>, As<'_>, &str),
) -> Result<Told> {
    let context = format!(
        "select pg_catalog.current_setting({}, true)",
        quote::literal(world.context())
    );
    let mut steps = vec![(As::Unset, CHATTY)];
    if !target.is_volatile() {
        steps.push((As::Unset, READ_ONLY));
    }
    steps.extend([(who, sql), (As::Unset, context.as_str())]);
    let reply = arena.script(&steps).await?;
    Ok(told(arena, reply))
}

/// Reads the answers of a script whose last two statements are the call and a look at the context.
pub(in super::super) fn told(arena: &Arena<'_>, reply: Reply) -> Told {
    let mut told = Told {
        notices: arena.notices.clone(),
        ..Told::default()
    };
    match reply {
        Reply::Refused(refused) => {
            told.timed_out = refused.timed_out();
            told.error = Some(refused.said);
        }
        Reply::Done(mut answers) => {
            told.context = answers
                .pop()
                .and_then(|answer| answer.rows.into_iter().next()?.into_iter().next()?);
            let rows = answers.pop().map(|answer| answer.rows).unwrap_or_default();
            told.rows = rows
                .into_iter()
                .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
                .collect();
        }
    }
    told
}
