//! `~/.pgpass`: passwords by host, port, database and user.

use std::fs;
use std::path::Path;

use crate::secret::SecretString;

/// What to look up. `host` is what was asked for, not the address it resolved to.
pub(super) struct Login<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
    pub(super) dbname: &'a str,
    pub(super) user: &'a str,
}

/// Reads the file, or says why it is not used. A missing file is nothing to talk about.
pub(super) fn read(path: &Path, notes: &mut Vec<String>) -> Option<SecretString> {
    let meta = fs::metadata(path).ok()?;
    let shown = path.display();
    if !meta.is_file() {
        notes.push(format!(
            "password file {shown} is ignored: it is not a plain file"
        ));
        return None;
    }
    if is_open_to_others(&meta) {
        notes.push(format!(
            "password file {shown} is ignored: group or others may read it (chmod 0600 {shown})"
        ));
        return None;
    }
    let bytes = fs::read(path).ok()?;
    Some(SecretString::from(
        String::from_utf8_lossy(&bytes).into_owned(),
    ))
}

#[cfg(unix)]
fn is_open_to_others(meta: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o077 != 0
}

#[cfg(not(unix))]
fn is_open_to_others(_: &fs::Metadata) -> bool {
    false
}

/// The password of the first line that fits.
pub(super) fn find(file: &str, login: &Login<'_>) -> Option<SecretString> {
    let port = login.port.to_string();
    let wanted = [login.host, &port, login.dbname, login.user];
    file.lines()
        .filter(|line| !line.starts_with('#'))
        .find_map(|line| {
            let mut rest = line;
            for field in wanted {
                rest = strip_field(rest, field)?;
            }
            Some(SecretString::from(unescape(rest)))
        })
}

/// Strips a field that fits and its colon. `*` fits anything; a backslash escapes `:` and itself.
fn strip_field<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    if let Some(rest) = text.strip_prefix("*:") {
        return Some(rest);
    }
    let mut field = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            ':' => return (field == wanted).then(|| &text[at + 1..]),
            '\\' => field.extend(chars.next().map(|(_, escaped)| escaped)),
            c => field.push(c),
        }
    }
    None
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        // A backslash at the very end stands for itself.
        out.push(if c == '\\' {
            chars.next().unwrap_or(c)
        } else {
            c
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::ExposeSecret;

    fn look_up(file: &str, host: &str, user: &str) -> Option<String> {
        let login = Login {
            host,
            port: 5432,
            dbname: "shop",
            user,
        };
        find(file, &login).map(|password| password.expose_secret().to_owned())
    }

    #[test]
    fn first_line_that_fits() {
        let file =
            "#db:5432:shop:ann:no\ndb:5433:shop:ann:port\ndb:5432:shop:ann:one\n*:*:*:*:any\n";
        assert_eq!(look_up(file, "db", "ann").as_deref(), Some("one"));
        assert_eq!(look_up(file, "db", "bob").as_deref(), Some("any"));
        assert_eq!(look_up("db:5432:shop:ann", "db", "ann"), None);
    }

    #[test]
    fn escapes() {
        let file = "\\:\\:1:*:*:ann:a\\:b\\\\c:d\ndb:*:*:back\\\\slash:x\\";
        assert_eq!(look_up(file, "::1", "ann").as_deref(), Some("a:b\\c:d"));
        assert_eq!(look_up(file, "db", "back\\slash").as_deref(), Some("x\\"));
    }

    #[test]
    fn star_only_alone() {
        assert_eq!(look_up("*b:*:*:*:x", "db", "ann"), None);
    }
}
