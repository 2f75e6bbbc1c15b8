//! Statements other than queries: settings, temporary tables, TRUNCATE.

use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::known::rows_of;
use super::state::{Account, State};
use super::walk::Walker;
use crate::predicate::Expr;
use crate::query::{Arm, Stored};

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
        "create" if matches!(word(1), "temp" | "temporary" | "unlogged") => {
            empty_table(statement, state, account);
        }
        "grant" => hand_over(statement, state, account),
        "call" => {
            call(walker, statement, state, account);
        }
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

/// CREATE TEMP TABLE with columns: nothing is in it yet.
fn empty_table(statement: &SyntaxNode, state: &mut State, account: &mut Account) {
    let Some(table) = ast::CreateTable::cast(statement.clone()) else {
        account.doubt("a CREATE statement of another kind than a table");
        return;
    };
    let word = |node: &SyntaxNode| node.text().to_string().trim_matches('"').to_lowercase();
    let name = table
        .syntax()
        .descendants()
        .find_map(ast::PathSegment::cast);
    let columns = table
        .syntax()
        .descendants()
        .filter_map(ast::Column::cast)
        .filter_map(|column| column.name())
        .map(|name| (word(name.syntax()), Expr::Null))
        .collect();
    if let Some(name) = name {
        let nothing = Arm {
            targets: columns,
            ..Arm::default()
        };
        let name = word(name.syntax());
        state.frame.made.insert(name, Rc::new(vec![nothing]));
    }
}

/// Puts rows into a table that was made on the way; under its own columns where they are known.
pub(super) fn store(stored: &Stored, state: &mut State) {
    let known = state.frame.made.get(&stored.name).cloned();
    let mut arms = known.as_deref().cloned().unwrap_or_default();
    let mut arm = state.under(&stored.arm);
    let columns: Vec<String> = arms
        .first()
        .map(|first| first.targets.iter().map(|(name, _)| name.clone()).collect())
        .unwrap_or_default();
    let named = arm.targets.iter().all(|(name, _)| columns.contains(name));
    if !named && columns.len() == arm.targets.len() {
        for (target, column) in arm.targets.iter_mut().zip(columns) {
            target.0 = column;
        }
    } else if !named {
        let value = Expr::Opaque(format!("a column of {}", stored.name));
        arm.targets = vec![("*".into(), value)];
    }
    if !arms.contains(&arm) {
        arms.push(arm);
    }
    state.frame.made.insert(stored.name.clone(), Rc::new(arms));
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

/// CALL: what the procedure puts into its output arguments.
pub(super) fn call(
    walker: &Walker<'_>,
    statement: &SyntaxNode,
    state: &mut State,
    account: &mut Account,
) -> Vec<Arm> {
    let text = statement.text().to_string();
    let text = text.trim().trim_end_matches(';').trim();
    let expr = text.get(4..).and_then(crate::predicate::expression);
    let Some(expr @ Expr::Call(..)) = expr else {
        account.doubt("a CALL statement");
        return Vec::new();
    };
    let arm = walker.place(&expr, state);
    if let Some((_, Expr::Call(name, arguments))) = arm.targets.first()
        && walker
            .reader
            .functions(&state.frame, name, arguments.len())
            .is_empty()
    {
        account.doubt(format!("CALL of {name}, which is not there"));
    }
    let mut called = Account::default();
    walker.follow(&arm, state, &mut called, true);
    let shown = std::mem::take(&mut called.shown).into_iter();
    account.absorb(&Rc::new(called));
    let names = &state.frame.names;
    let mut given = rows_of(names.names().filter_map(|name| names.get(name)));
    given.extend(state.path.rows.iter().map(|row| row.alias.clone()));
    walker.anew(shown.map(|shown| shown.arm.clone()).collect(), &given)
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
            // A bare word is a string.
            Some(Expr::Column { table: None, name }) if name != "default" => Expr::Literal(name),
            _ => Expr::Literal(String::new()),
        };
        switch(&value, walker, state);
    } else if name.eq_ignore_ascii_case("search_path") {
        match path_in(text) {
            Some(path) => state.frame.path = path,
            None => account.doubt("SET search_path"),
        }
    } else if matches!(
        name,
        "role" | "session" | "row_security" | "session_replication_role"
    ) {
        account.doubt(format!("SET {name}"));
    }
}

/// The schemas of a search path that is set to constants.
fn path_in(text: &str) -> Option<Vec<String>> {
    let lower = text.to_lowercase();
    let at = match (lower.find('='), lower.find(" to ")) {
        (Some(equals), _) => equals + 1,
        (None, Some(to)) => to + 4,
        (None, None) => return None,
    };
    let list = text.get(at..)?.trim().trim_end_matches(';');
    let schemas = list
        .split(',')
        .map(|schema| schema.trim().trim_matches(['"', '\'']).to_owned())
        .filter(|schema| !schema.is_empty());
    let schemas: Vec<String> = schemas.collect();
    (schemas != ["default"] && schemas != ["DEFAULT"]).then_some(schemas)
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
    } else if let [Expr::Literal(setting), value, ..] = arguments
        && setting.eq_ignore_ascii_case("search_path")
        && let Expr::Literal(path) = value
    {
        state.frame.path = path_in(&format!("={path}")).unwrap_or_default();
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
