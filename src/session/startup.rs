//! The settings of a session, by what it is for.

use std::time::Duration;

use super::quote;

/// What a session is for; decides its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Reading catalogs: cannot write, sees only `pg_catalog` without a schema.
    Read,
    /// Making changes: ends with us, even while it waits for a lock.
    Change,
    /// Attacking: the server as the application sees it, except for the timeouts.
    Attack,
}

/// How long a session lets the server work and wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For one statement.
    pub statement: Duration,
    /// For one lock.
    pub lock: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            statement: Duration::from_mins(5),
            lock: Duration::from_secs(5),
        }
    }
}

/// Shows whether the settings arrived; a pooler may drop them without a word.
pub(super) const MARK: &str = "tenantctl.session";

/// Only [`Purpose::Read`] sets it.
pub(super) const READ_ONLY: &str = "default_transaction_read_only";

/// An abandoned transaction ends after this: it holds locks and keeps VACUUM from its work.
const IDLE_LIMIT: Duration = Duration::from_mins(10);

/// The settings that a session starts with.
pub(super) struct Startup {
    /// May be changed by the user's own `options`.
    soft: Vec<(&'static str, String)>,
    /// May not.
    hard: Vec<(&'static str, String)>,
}

impl Startup {
    pub(super) fn of(purpose: Purpose, timeouts: Timeouts) -> Self {
        let ms = |limit: Duration| limit.as_millis().to_string();
        let mut soft = vec![("lock_timeout", ms(timeouts.lock))];
        let mut hard = vec![(MARK, "1".to_owned())];
        match purpose {
            Purpose::Read => {
                soft.push(("statement_timeout", ms(timeouts.statement)));
                soft.push(("idle_in_transaction_session_timeout", ms(IDLE_LIMIT)));
                // Catalog queries are short, and compiling them costs more than it saves.
                soft.push(("jit", "off".to_owned()));
                // Nor do they outlast the start of a worker.
                soft.push(("max_parallel_workers_per_gather", "0".to_owned()));
                // Room to hash 10,000 policies; a limit, not a reservation.
                soft.push(("work_mem", "64MB".to_owned()));
                hard.push((READ_ONLY, "on".to_owned()));
                hard.push(("search_path", "pg_catalog,pg_temp".to_owned()));
            }
            // An index build may take hours; the caller limits what should be short.
            Purpose::Change => {
                soft.push(("idle_in_transaction_session_timeout", ms(IDLE_LIMIT)));
            }
            Purpose::Attack => soft.push(("statement_timeout", ms(timeouts.statement))),
        }
        Self { soft, hard }
    }

    /// Takes out a setting that has to wait until the server was looked at.
    pub(super) fn take(&mut self, name: &str) -> Option<(&'static str, String)> {
        let at = self.hard.iter().position(|(key, _)| *key == name)?;
        Some(self.hard.remove(at))
    }

    /// As the `options` of a startup message, around the user's own: the last one counts.
    pub(super) fn options(&self, users: Option<&str>) -> String {
        let render = |settings: &[(&str, String)]| {
            let words = settings
                .iter()
                .map(|(key, value)| format!("-c {key}={}", escape(value)));
            words.collect::<Vec<_>>().join(" ")
        };
        [
            &render(&self.soft),
            users.unwrap_or_default(),
            &render(&self.hard),
        ]
        .map(str::trim)
        .join(" ")
        .replace("  ", " ")
    }

    /// As statements that hold for one transaction.
    pub(super) fn local(&self) -> String {
        let settings = self.soft.iter().chain(&self.hard);
        settings
            .map(|(key, value)| set("set local", key, value))
            .collect()
    }
}

/// One `SET` statement.
pub(super) fn set(verb: &str, key: &str, value: &str) -> String {
    // A list keeps its commas outside of the quotes.
    let values: Vec<String> = value.split(',').map(quote::literal).collect();
    format!("{verb} {key} = {}; ", values.join(", "))
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace(' ', "\\ ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_users_options_beat_timeouts_but_not_read_only() {
        let startup = Startup::of(Purpose::Read, Timeouts::default());
        let options = startup.options(Some("-c statement_timeout=1 -c search_path=evil"));
        let at = |needle: &str| options.find(needle).unwrap();
        assert!(at("statement_timeout=300000") < at("statement_timeout=1 "));
        assert!(at("search_path=evil") < at("search_path=pg_catalog,pg_temp"));
        assert!(options.ends_with("-c search_path=pg_catalog,pg_temp"));
    }

    #[test]
    fn an_attacker_has_no_settings_but_timeouts() {
        let options = Startup::of(Purpose::Attack, Timeouts::default()).options(None);
        assert_eq!(
            options,
            "-c lock_timeout=5000 -c statement_timeout=300000 -c tenantctl.session=1"
        );
    }

    #[test]
    fn local_statements() {
        let local = Startup::of(Purpose::Read, Timeouts::default()).local();
        assert!(local.contains("set local search_path = 'pg_catalog', 'pg_temp'; "));
        assert!(local.contains("set local default_transaction_read_only = 'on'; "));
    }
}
