//! How one of PostgreSQL's own programs connects to the same place: libpq's variables and a
//! password file. Never a connection string, which every user of the machine could read.

use super::target::{Host, SessionAttrs, Target};
use super::tls::Roots;
use crate::secret::{ExposeSecret, SecretString};

impl Target {
    /// The variables that make libpq connect here; the password is in [`Target::passfile`].
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        let list = |each: &dyn Fn(&super::Endpoint) -> String| {
            let all: Vec<String> = self.endpoints.iter().map(each).collect();
            all.join(",")
        };
        let mut variables = vec![
            ("PGHOST", list(&|at| host(&at.host))),
            ("PGPORT", list(&|at| at.port.to_string())),
            ("PGUSER", self.user.clone()),
            ("PGDATABASE", self.dbname.clone()),
            ("PGAPPNAME", self.application_name.clone()),
            ("PGSSLMODE", self.tls.mode.word().to_owned()),
        ];
        if self.endpoints.iter().any(|at| at.addr.is_some()) {
            let addr = list(&|at| at.addr.map(|addr| addr.to_string()).unwrap_or_default());
            variables.push(("PGHOSTADDR", addr));
        }
        if let Some(options) = &self.options {
            variables.push(("PGOPTIONS", options.clone()));
        }
        if let Some(limit) = self.connect_timeout {
            variables.push(("PGCONNECT_TIMEOUT", limit.as_secs().max(2).to_string()));
        }
        if self.session_attrs != SessionAttrs::Any {
            let word = match self.session_attrs {
                SessionAttrs::ReadWrite => "read-write",
                SessionAttrs::ReadOnly => "read-only",
                SessionAttrs::Primary => "primary",
                SessionAttrs::Standby => "standby",
                SessionAttrs::PreferStandby | SessionAttrs::Any => "prefer-standby",
            };
            variables.push(("PGTARGETSESSIONATTRS", word.to_owned()));
        }
        variables.extend(self.certificates());
        variables
    }

    /// Lines for a password file of the program's own; nothing where there is no password.
    pub fn passfile(&self) -> Option<SecretString> {
        let mut lines = String::new();
        for endpoint in &self.endpoints {
            let Some(password) = self.password_for(endpoint) else {
                continue;
            };
            // What libpq was built to take for the default folder of sockets, nobody else knows.
            for place in [endpoint.passfile_host(), host(&endpoint.host)] {
                let fields = [&place, &endpoint.port.to_string(), "*", &self.user].map(escape);
                lines += &format!(
                    "{}:{}\n",
                    fields.join(":"),
                    escape(password.expose_secret())
                );
            }
        }
        (!lines.is_empty()).then(|| SecretString::from(lines))
    }

    fn certificates(&self) -> Vec<(&'static str, String)> {
        let path = |file: &Option<super::tls::File>| {
            let found = file.as_ref().and_then(|file| file.to_read());
            found.map(|path| path.display().to_string())
        };
        let root = match &self.tls.roots {
            Roots::System => Some("system".to_owned()),
            Roots::File(file) => path(file),
        };
        [
            ("PGSSLROOTCERT", root),
            ("PGSSLCERT", path(&self.tls.cert)),
            ("PGSSLKEY", path(&self.tls.key)),
            ("PGSSLCRL", path(&self.tls.crl)),
            ("PGSSLNEGOTIATION", self.tls.direct.then(|| "direct".into())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
    }
}

fn host(host: &Host) -> String {
    match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    }
}

/// A field of a password file: a colon and a backslash have to be escaped.
fn escape(field: &str) -> String {
    field.replace('\\', "\\\\").replace(':', "\\:")
}

#[cfg(test)]
mod tests {
    use super::super::{Environment, resolve};
    use super::*;

    fn target(url: &str) -> Target {
        resolve(Some(url), &Environment::of(|_| None)).unwrap()
    }

    #[test]
    fn a_program_is_told_by_variables_and_the_password_by_a_file() {
        let target = target("postgresql://me:a%3Ab%5C@db.example:6000/shop?sslmode=require");
        let variables = target.variables();
        let value = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| value.as_str())
        };
        assert_eq!(value("PGHOST"), Some("db.example"));
        assert_eq!(value("PGPORT"), Some("6000"));
        assert_eq!(value("PGSSLMODE"), Some("require"));
        assert!(variables.iter().all(|(_, value)| !value.contains("a:b")));
        let lines = target.passfile().unwrap();
        let first = lines.expose_secret().lines().next().unwrap().to_owned();
        assert_eq!(first, "db.example:6000:*:me:a\\:b\\\\");
    }

    #[test]
    fn without_a_password_there_is_no_file() {
        assert!(
            target("postgresql://me@db.example/shop")
                .passfile()
                .is_none()
        );
    }
}
