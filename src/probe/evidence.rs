//! Statements to paste into psql that repeat a leak.

use super::arena::{As, setting};
use crate::session::quote;

/// Under which circumstances a leak was seen.
pub(super) struct Scene<'a> {
    /// The setting that carries the context.
    pub(super) context: &'a str,
    /// The application role.
    pub(super) role: &'a str,
    /// What an administrator ran first; then the attack is his, by SET ROLE.
    pub(super) prologue: &'a [String],
    /// Whether the attacker had logged in.
    pub(super) as_login: bool,
}

/// One transaction that is rolled back at its end, on one line.
pub(super) fn script(scene: &Scene<'_>, steps: &[(As<'_>, &str)]) -> String {
    let mut lines = Vec::new();
    let by_login = scene.as_login && scene.prologue.is_empty();
    if by_login {
        lines.push(comment(&format!("as {}", scene.role)));
    } else {
        lines.push(comment("as an administrator"));
    }
    lines.push("BEGIN;".to_owned());
    lines.extend(scene.prologue.iter().map(|sql| format!("{sql};")));
    if !by_login {
        lines.push(format!("SET LOCAL ROLE {};", quote::ident(scene.role)));
    }
    let mut now: Option<&str> = None;
    for (who, sql) in steps {
        match who {
            As::Context(value) if now != Some(value) => {
                lines.push(format!(
                    "SET LOCAL {} = {};",
                    setting(scene.context),
                    quote::literal(value)
                ));
                now = Some(value);
            }
            As::Unset if now.is_none() => lines.push(comment(&format!(
                "in a fresh session: {} was never set",
                scene.context
            ))),
            _ => {}
        }
        lines.push(format!("{sql};"));
    }
    lines.push("ROLLBACK;".to_owned());
    lines.join(" ")
}

/// A comment that ends where it should, whatever is in it.
pub(super) fn comment(text: &str) -> String {
    format!("/* {} */", quote::printable(text).replace("*/", "* /"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene<'a>(prologue: &'a [String], as_login: bool) -> Scene<'a> {
        Scene {
            context: "app.Tenant",
            role: "App",
            prologue,
            as_login,
        }
    }

    #[test]
    fn as_a_login() {
        let text = script(
            &scene(&[], true),
            &[
                (As::Context("it's"), "delete from t"),
                (As::Context("b"), "select 1"),
                (As::Context("b"), "select 2"),
            ],
        );
        assert_eq!(
            text,
            "/* as App */ BEGIN; SET LOCAL app.\"Tenant\" = 'it''s'; delete from t; \
             SET LOCAL app.\"Tenant\" = 'b'; select 1; select 2; ROLLBACK;"
        );
    }

    #[test]
    fn with_canaries_an_administrator_repeats_it() {
        let text = script(
            &scene(&["insert into t values (1)".to_owned()], true),
            &[(As::Unset, "select 1")],
        );
        assert_eq!(
            text,
            "/* as an administrator */ BEGIN; insert into t values (1); SET LOCAL ROLE \"App\"; \
             /* in a fresh session: app.Tenant was never set */ select 1; ROLLBACK;"
        );
    }

    #[test]
    fn a_name_does_not_end_a_comment() {
        assert_eq!(comment("a*/; drop"), "/* a* /; drop */");
    }
}
