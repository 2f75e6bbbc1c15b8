//! A constraint that rows break: how many, and how to look at them. Nothing is done about them.

use anyhow::Error;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::error::SqlState;

use super::{Change, Kind};
use crate::session::Session;
use crate::session::error::sqlstate;

/// What to say of a change that rows stood in the way of; `None` where something else did.
pub(super) async fn why(session: &Session, change: &Change, error: &Error) -> Option<String> {
    if change.kind == Kind::Constraint
        && sqlstate(error)? == SqlState::DEPENDENT_OBJECTS_STILL_EXIST
    {
        return Some(format!("something else needs it, so it stays: {error:#}"));
    }
    let rows = change.hindered_by.as_ref()?;
    let broken = [
        SqlState::CHECK_VIOLATION,
        SqlState::FOREIGN_KEY_VIOLATION,
        SqlState::UNIQUE_VIOLATION,
    ];
    if !broken.contains(&sqlstate(error)?) {
        return None;
    }
    let many = match count(session, rows).await {
        Some(count) if count == "1" => "1 row breaks it".to_owned(),
        Some(count) => format!("{count} rows break it"),
        None => "this role may not see how many rows break it".to_owned(),
    };
    Some(format!(
        "{many}, and none was touched ({error:#}); look at them: {rows}"
    ))
}

/// Where row-level security binds us, not all of them would be counted: then the server refuses.
async fn count(session: &Session, rows: &str) -> Option<String> {
    let question = format!(
        "begin read only; set local row_security = off; set local search_path = pg_catalog; \
         select pg_catalog.count(*) from ({rows}) as hindering; commit"
    );
    let Ok(messages) = session.simple_query(&question).await else {
        // Otherwise the next change would begin in a transaction that failed. If this fails as well the
        // connection is gone, and the next change says so.
        let _ = session.batch_execute("rollback").await;
        return None;
    };
    messages.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    })
}
