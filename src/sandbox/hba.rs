//! The server's `pg_hba.conf`: who gets in, and by what.

use super::SUPERUSER;
use super::server::Auth;

/// Writes the file: the caller's own lines first, because the first match wins.
pub(super) fn text(auth: Auth, first: &[String]) -> String {
    let mut lines: Vec<String> = first.to_vec();
    let everybody = match auth {
        Auth::Trust => "trust",
        Auth::Scram => "scram-sha-256",
    };
    for database in ["all", "replication"] {
        // The folder of the socket lets nobody in but the server's user and root.
        lines.push(format!("local {database} {SUPERUSER} trust"));
        lines.push(format!("local {database} all {everybody}"));
        lines.push(format!("host {database} all 127.0.0.1/32 {everybody}"));
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_superuser_is_trusted_unless_everybody_is() {
        let strict = text(
            Auth::Scram,
            &["hostssl all all 127.0.0.1/32 cert".to_owned()],
        );
        assert!(
            strict.starts_with("hostssl all all 127.0.0.1/32 cert\nlocal all postgres trust\n")
        );
        assert_eq!(strict.matches("trust").count(), 2);
        assert_eq!(text(Auth::Trust, &[]).matches("scram").count(), 0);
    }
}
