//! What of the process's surroundings decides where to connect, as a value that tests can make.

use std::path::PathBuf;

type Variables = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// Variables, home, user name and the places to look in.
pub struct Environment {
    variables: Variables,
    /// Where `.pgpass`, `.pg_service.conf` and `.postgresql/` are.
    pub home: Option<PathBuf>,
    /// The operating system's name for the user.
    pub user: Option<String>,
    /// Where a local server's socket may be, best first.
    pub socket_dirs: Vec<PathBuf>,
    /// Where the system's `pg_service.conf` may be, best first.
    pub config_dirs: Vec<PathBuf>,
}

impl Environment {
    /// The process's own.
    pub fn of_process() -> Self {
        let variables = |name: &str| std::env::var(name).ok();
        let account = super::account::current();
        let home = variables("HOME")
            .filter(|home| !home.is_empty())
            .map(PathBuf::from)
            .or_else(|| account.as_ref().and_then(|account| account.home.clone()));
        // The folders that Debian, Red Hat, source builds and Homebrew compile in.
        let compiled_in = [
            "/etc/postgresql-common",
            "/etc/sysconfig/pgsql",
            "/usr/local/pgsql/etc",
            "/opt/homebrew/etc",
        ];
        let config_dirs = match variables("PGSYSCONFDIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => vec![dir.into()],
            None => compiled_in.map(PathBuf::from).to_vec(),
        };
        Self {
            variables: Box::new(variables),
            home,
            user: account.map(|account| account.name),
            socket_dirs: vec!["/var/run/postgresql".into(), "/tmp".into()],
            config_dirs,
        }
    }

    /// One that knows nothing but these variables.
    pub fn of(variables: impl Fn(&str) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            variables: Box::new(variables),
            home: None,
            user: None,
            socket_dirs: Vec::new(),
            config_dirs: Vec::new(),
        }
    }

    /// A variable; empty counts as not set.
    pub(super) fn get(&self, name: &str) -> Option<String> {
        (self.variables)(name).filter(|value| !value.is_empty())
    }
}
