//! A session that a pool hands from one organization to the next: what the first one left behind.
//!
//! It has a session of its own, and its transactions only read, so that COMMIT commits nothing. WITH
//! HOLD cursors, temporary tables and session-wide settings that the application leaves behind itself
//! are its own doing; this is about what the policies and their functions leave.

use anyhow::Result;

use super::super::arena::{LIMITS, setting};
use super::super::case::{Case, Leak};
use super::super::channel::Channel;
use super::super::evidence::comment;
use super::super::reply::{Refused, Reply};
use crate::finding::{Class, Operation, Severity};
use crate::session::{Session, quote};

const READ: Operation = Operation::Select;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-context-left",
    title: "a reused session still shows the rows of the organization before",
    tries: "one row of B's is read with the context at B, then again without a context: after COMMIT, \
            ROLLBACK, ROLLBACK TO SAVEPOINT, RESET ALL and DISCARD ALL, in one session of its own",
    why: "poolers hand sessions on; a policy whose function keeps the organization in a setting of its \
          own, or in a temporary table, keeps it for whoever comes next",
    class: Class::Context,
    severity: Severity::Critical,
};

/// One way to hand a session on.
struct Handover {
    called: &'static str,
    /// Whether the context is set for the session instead of the transaction.
    session_wide: bool,
    /// What lies in between.
    between: &'static str,
    /// Whether that ends the transaction.
    ends: bool,
}

const HANDOVERS: [Handover; 5] = [
    Handover {
        called: "ROLLBACK TO SAVEPOINT",
        session_wide: false,
        between: "rollback to savepoint first",
        ends: false,
    },
    Handover {
        called: "ROLLBACK",
        session_wide: false,
        between: "rollback",
        ends: true,
    },
    Handover {
        called: "COMMIT",
        session_wide: false,
        between: "commit",
        ends: true,
    },
    Handover {
        called: "RESET ALL",
        session_wide: true,
        between: "reset all",
        ends: true,
    },
    Handover {
        called: "DISCARD ALL",
        session_wide: true,
        between: "discard all",
        ends: true,
    },
];

/// Reads as B and then as nobody; how many statements that took.
pub(in super::super) async fn reused(
    case: &mut Case<'_, '_>,
    (session, opening): (&Session, &str),
) -> Result<usize> {
    let Some(row) = case.b_row() else {
        return Ok(0);
    };
    if case.leaks(READ) || case.nobody_may(READ).is_some() {
        return Ok(0);
    }
    let mut attempts = 0;
    for handover in &HANDOVERS {
        // Behind a pooler a session-wide setting would be the next client's.
        if handover.session_wide && session.is_pooled() {
            continue;
        }
        attempts += 2;
        if hand_over(case, (session, opening), (handover, &row)).await? {
            break;
        }
    }
    Ok(attempts)
}

/// Whether B's row was there for nobody.
async fn hand_over(
    case: &mut Case<'_, '_>,
    (session, opening): (&Session, &str),
    (handover, row): (&Handover, &str),
) -> Result<bool> {
    let context = setting(case.world.context());
    let theirs = quote::literal(&case.world.b);
    let select = format!("select 1 from {} where {row} limit 1", case.name);
    let begin = format!("begin read only; {LIMITS} {opening}");
    let set = match handover.session_wide {
        true => format!("set {context} = {theirs};"),
        false => format!("set local {context} = {theirs};"),
    };
    let first = match (handover.session_wide, handover.ends) {
        (true, _) => vec![set.clone(), format!("{begin} {select}; commit")],
        (false, true) => vec![format!("{begin} {set} {select}")],
        (false, false) => vec![format!("{begin} savepoint first; {set} {select}")],
    };
    let seen = sees(session, &first).await?;
    let second = match handover.ends {
        true => vec![handover.between.to_owned(), format!("{begin} {select}")],
        false => vec![format!("{}; {select}", handover.between)],
    };
    let left = sees(session, &second).await?;
    // Whatever came of it: not in a transaction, and no setting.
    let _ = session.simple_query("rollback").await;
    if handover.session_wide {
        let _ = session.simple_query(&format!("reset {context}")).await;
    }
    if seen && !left {
        case.held(READ);
    }
    if seen && left && !is_preset(session, case.world.context()).await? {
        report(case, handover, [&set, &select]);
        return Ok(true);
    }
    Ok(false)
}

/// Whether the last of these brings a row; a refusal brings none.
async fn sees(session: &Session, texts: &[String]) -> Result<bool> {
    let mut rows = false;
    for text in texts {
        match session.simple_query(text).await {
            Ok(messages) => {
                let Reply::Done(answers) = Reply::read(messages) else {
                    return Ok(false);
                };
                rows = answers.iter().any(|answer| !answer.rows.is_empty());
            }
            Err(error) => {
                Refused::from_driver(error)?;
                return Ok(false);
            }
        }
    }
    Ok(rows)
}

/// A default for the role or the database is a finding of its own.
async fn is_preset(session: &Session, context: &str) -> Result<bool> {
    let sql = format!(
        "select pg_catalog.current_setting({}, true) <> ''",
        quote::literal(context)
    );
    match session.simple_query(&sql).await {
        Ok(messages) => Ok(Reply::read(messages).value() == Some("t")),
        Err(error) => Refused::from_driver(error).map(|_| false),
    }
}

fn report(case: &mut Case<'_, '_>, handover: &Handover, [set, select]: [&str; 2]) {
    let app = case.world.app_role();
    let again = match handover.ends {
        true => "BEGIN READ ONLY; ",
        false => "",
    };
    let savepoint = match handover.ends {
        true => "",
        false => "SAVEPOINT first; ",
    };
    let script = match handover.session_wide {
        true => format!(
            "{set} BEGIN READ ONLY; {select}; COMMIT; {}; {again}{select}; ROLLBACK;",
            handover.between
        ),
        false => format!(
            "BEGIN READ ONLY; {savepoint}{set} {select}; {}; {again}{select}; ROLLBACK;",
            handover.between
        ),
    };
    let script = format!("{} {script}", comment(&format!("as {app}")));
    let leak = Leak {
        channel: &CHANNEL,
        class: case.class(Class::Context),
        severity: CHANNEL.severity,
        message: format!(
            "after {} a session still shows rows of {} of the organization before",
            handover.called, case.name
        ),
        steps: &[],
    };
    case.leak_by(script, Some(READ), leak);
}
