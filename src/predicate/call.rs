//! Functions that the proof knows, as values.

use super::branch::{Branches, sure};
use super::eval::Evaluation;
use super::expr::Expr;
use super::plpgsql;
use super::scope::Scope;
use super::value::Value;

impl Evaluation<'_, '_> {
    pub(super) fn call(&mut self, name: &str, arguments: &[Expr], scope: &Scope<'_>) -> Branches {
        let plain = name.strip_prefix("pg_catalog.").unwrap_or(name);
        match (plain, arguments) {
            ("current_setting", [setting]) => sure(self.setting(setting, false, scope)),
            ("current_setting", [setting, missing_ok]) => {
                let lenient = *missing_ok == Expr::Bool(true);
                sure(self.setting(setting, lenient, scope))
            }
            (plpgsql::RAISE, []) => {
                self.raises = true;
                sure(Value::Null)
            }
            ("nullif", [value, other]) => self.nullif(value, other, scope),
            ("coalesce", _) => self.coalesce(arguments, scope),
            ("greatest" | "least", _) => self.one_of(plain, arguments, scope),
            ("lower" | "upper" | "btrim" | "ltrim" | "rtrim" | "trim", [inner])
            | ("left" | "right" | "substr" | "substring", [inner, _, ..]) => {
                let rest: Vec<Value> = arguments[1..]
                    .iter()
                    .map(|argument| self.value(argument, scope))
                    .collect();
                let inner = self.values(inner, scope);
                self.each(inner, |this, value| this.folded(plain, value, &rest))
            }
            (_, []) if self.session(plain).is_some() => {
                sure(self.session(plain).unwrap_or(Value::Null))
            }
            _ => match self.inlined(name, arguments, scope) {
                Some(expr) => self.deeper(|this| this.values(&expr, scope)),
                None if self.is_condition_call(plain) => {
                    let truth = self.call_truth(name, arguments, scope);
                    super::branch::of_condition(truth)
                }
                None => sure(self.made_of(plain, arguments, scope)),
            },
        }
    }

    /// What one of PostgreSQL's own functions makes of a row, of constants and of what the session
    /// chooses, is as free as those are. What it makes of a key or a context is not known.
    fn made_of(&mut self, name: &str, arguments: &[Expr], scope: &Scope<'_>) -> Value {
        let text = shown(name, arguments);
        if arguments.is_empty() || self.prover.is_own_function(name) || asks_server(name) {
            return Value::Opaque(text);
        }
        let values: Vec<Value> = arguments
            .iter()
            .map(|argument| self.value(argument, scope))
            .collect();
        super::branch::loose(&values, name).unwrap_or(Value::Opaque(text))
    }

    fn is_condition_call(&self, name: &str) -> bool {
        name == "starts_with"
    }

    /// Who the session is.
    fn session(&self, function: &str) -> Option<Value> {
        let user = |name: Option<&str>| Value::User {
            sql: match name {
                Some(_) => function.to_owned(),
                None => format!("{function}()"),
            },
            name: name.map(str::to_owned),
        };
        let login = self.prover.tenancy.app.map(|role| role.name.as_str());
        let current = self.prover.current_user();
        Some(match function {
            // In a SECURITY DEFINER function it is the owner, whoever calls.
            "current_user" | "current_role" | "user" if self.definer => {
                Value::Text(self.prover.role_name().to_owned())
            }
            "current_user" | "current_role" | "user" => user(current),
            "session_user" => user(login),
            "pg_backend_pid" | "inet_client_addr" | "system_user" => user(None),
            _ => return None,
        })
    }
}

/// Functions of PostgreSQL's that look at more than what they are given.
fn asks_server(name: &str) -> bool {
    [
        "pg_",
        "has_",
        "current_",
        "set_config",
        "txid",
        "inet_",
        "to_reg",
        "random",
        "row_security",
    ]
    .iter()
    .any(|prefix| name.starts_with(prefix))
}

/// A call that is not followed, for a message.
fn shown(name: &str, arguments: &[Expr]) -> String {
    match arguments {
        [] => format!("{name}()"),
        _ => format!("{name}(…)"),
    }
}
