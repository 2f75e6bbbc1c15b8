//! Statements other than queries: settings, temporary tables, TRUNCATE.

use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::state::{Account, State};
use super::walk::Walker;
use crate::predicate::Expr;

/// Does what a statement does that is no query; false where it is one.
pub(super) fn run(
    walker: &Walker<'_>,
    statement: &SyntaxNode,
    state: &mut State,
    account: &mut Account,
) -> bool {
    let queries = ast::SelectVariant::can_cast(statement.kind())
        || ast::Insert::can_cast(statement.kind())
        || ast::Update::can_cast(statement.kind())
        || ast::Delete::can_cast(statement.kind())
        || ast::Merge::can_cast(statement.kind());
    if queries {
        return false;
    }
    let text = statement.text().to_string();
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    if let Some(made) = ast::CreateTableAs::cast(statement.clone()) {
        make(walker, &made, state, account);
        return true;
    }
    match word(0) {
        "truncate" => truncate(walker, statement, state, account),
        "set" | "reset" => set(walker, &text, &words, state, account),
        "create" if matches!(word(1), "temp" | "temporary" | "unlogged") => {}
        "grant" => hand_over(statement, state, account),
        "call" => call(walker, statement, state, account),
        // None of these shows or changes a row.
        "lock" | "analyze" | "refresh" | "drop" | "comment" | "discard" | "listen" | "unlisten"
        | "notify" | "commit" | "rollback" | "" => {}
        other => account.doubt(format!("a {} statement", other.to_uppercase())),
    }
    true
}

/// CREATE TABLE … AS keeps rows under another name.
fn make(walker: &Walker<'_>, made: &ast::CreateTableAs, state: &mut State, account: &mut Account) {
    let query = made.syntax().children().find_map(ast::SelectVariant::cast);
    let name = made
        .syntax()
        .descendants()
        .find_map(ast::PathSegment::cast)
        .map(|segment| {
            segment
                .syntax()
                .text()
                .to_string()
                .trim_matches('"')
                .to_lowercase()
        });
    match (query, name) {
        (Some(query), Some(name)) => {
            let arms = walker.run(query.syntax(), state, account);
            state.frame.made.insert(name, Rc::new(arms));
        }
        _ => account.doubt("a CREATE TABLE AS statement"),
    }
}

/// GRANT on a temporary table that was made here shows its rows to whoever it is granted to.
fn hand_over(statement: &SyntaxNode, state: &State, account: &mut Account) {
    let mut known = false;
    for segment in statement
        .descendants()
        .filter_map(ast::PathSegmentRef::cast)
    {
        let name = segment.syntax().text().to_string();
        let name = name.trim().trim_matches('"').to_lowercase();
        if let Some(arms) = state.frame.made.get(&name) {
            known = true;
            account
                .shown
                .extend(arms.iter().map(|arm| state.showing(arm)));
        }
    }
    if !known {
        account.doubt("a GRANT statement");
    }
}

fn truncate(walker: &Walker<'_>, statement: &SyntaxNode, state: &State, account: &mut Account) {
    for path in statement.descendants().filter_map(ast::PathRef::cast) {
        if path
            .syntax()
            .parent()
            .is_some_and(|above| ast::PathRef::can_cast(above.kind()))
        {
            continue;
        }
        if let Some(oid) = walker.reader.table(&state.frame, &path) {
            account.emptied.push(oid);
        }
    }
}

fn call(walker: &Walker<'_>, statement: &SyntaxNode, state: &mut State, account: &mut Account) {
    let text = statement.text().to_string();
    let text = text.trim().trim_end_matches(';').trim();
    let expr = text.get(4..).and_then(crate::predicate::expression);
    match expr {
        Some(Expr::Call(name, arguments)) => {
            let arm = walker.place(&Expr::Call(name, arguments), state);
            walker.follow(&arm, state, account, false);
        }
        _ => account.doubt("a CALL statement"),
    }
}

/// SET and RESET: the context, or something that turns protection off.
fn set(
    walker: &Walker<'_>,
    text: &str,
    words: &[String],
    state: &mut State,
    account: &mut Account,
) {
    let skip = 1 + usize::from(matches!(
        words.get(1).map(String::as_str),
        Some("local" | "session")
    ));
    let name = words.get(skip).map_or("", |word| {
        word.split('=').next().unwrap_or(word).trim_end_matches(';')
    });
    if name.eq_ignore_ascii_case(&walker.tenancy.settings.tenancy.context) {
        let value = text
            .split_once('=')
            .or_else(|| text.split_once(" TO "))
            .or_else(|| text.split_once(" to "))
            .map(|(_, value)| value.trim().trim_end_matches(';').trim());
        let value = match value.and_then(crate::predicate::expression) {
            Some(literal @ Expr::Literal(_)) => literal,
            _ => Expr::Literal(String::new()),
        };
        switch(&value, walker, state);
    } else if matches!(
        name,
        "role" | "session" | "row_security" | "session_replication_role"
    ) {
        account.doubt(format!("SET {name}"));
    }
}

/// Whether a call is one that sets the context, and what it does to the path.
pub(super) fn switches(
    walker: &Walker<'_>,
    name: &str,
    arguments: &[Expr],
    state: &mut State,
) -> bool {
    let name = name.strip_prefix("pg_catalog.").unwrap_or(name);
    if name != "set_config" {
        return false;
    }
    if let [Expr::Literal(setting), value, ..] = arguments
        && setting.eq_ignore_ascii_case(&walker.tenancy.settings.tenancy.context)
    {
        switch(value, walker, state);
    }
    true
}

/// From here on the context is `value`.
fn switch(value: &Expr, walker: &Walker<'_>, state: &mut State) {
    let context = &walker.tenancy.settings.tenancy.context;
    let mut own = false;
    value.walk(&mut |part| {
        if let Expr::Call(name, arguments) = part {
            own |= name.ends_with("current_setting")
                && matches!(arguments.first(), Some(Expr::Literal(setting))
                    if setting.eq_ignore_ascii_case(context));
        }
        true
    });
    // Nobody's is nobody's rows.
    let nobody = matches!(value, Expr::Null) || *value == Expr::Literal(String::new());
    state.frame.context = if own || nobody {
        None
    } else {
        Some(value.clone())
    };
    if own || nobody {
        state.worked_switched = false;
    }
}

impl Walker<'_> {
    /// An expression in a path's frame.
    pub(super) fn place(&self, expr: &Expr, state: &State) -> crate::query::Arm {
        self.reader.place(expr, &state.frame)
    }
}
