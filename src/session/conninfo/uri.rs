//! `postgres://` URIs, as libpq reads them.

use anyhow::Context as _;

use super::keys::Settings;
use crate::exit;

/// The part after `postgres://` or `postgresql://`, where the text is a URI.
pub(super) fn body(text: &str) -> Option<&str> {
    text.strip_prefix("postgresql://")
        .or_else(|| text.strip_prefix("postgres://"))
}

/// Parses what follows the scheme. Errors never quote the URI: it may hold a password.
pub(super) fn parse(body: &str) -> anyhow::Result<Settings> {
    let mut settings = Settings::default();
    let rest = credentials(body, &mut settings)?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    // A `/` inside brackets belongs to the (wrong) address and is refused there.
    let (authority, rest) = rest.split_at(end);
    hosts(authority, &mut settings)?;
    let (path, query) = match rest.split_once('?') {
        Some((path, query)) => (path, query),
        None => (rest, ""),
    };
    if let Some(name) = path.strip_prefix('/').filter(|name| !name.is_empty()) {
        settings.set("dbname", decode(name)?)?;
    }
    parameters(query, &mut settings)?;
    Ok(settings)
}

/// Reads `user:password@` and returns what follows.
fn credentials<'a>(body: &'a str, settings: &mut Settings) -> anyhow::Result<&'a str> {
    let authority = &body[..body.find('/').unwrap_or(body.len())];
    let Some((login, _)) = authority.split_once('@') else {
        // libpq would take the first half of `user:pass/word@host` for a host and a port, and
        // the message would then show half of the password.
        let path = body.split('?').next().unwrap_or(body);
        if authority.contains(':') && path.contains('@') {
            return Err(encode_hint());
        }
        return Ok(body);
    };
    let rest = &body[login.len() + 1..];
    let until = rest.find(['/', '?']).unwrap_or(rest.len());
    if rest[..until].contains('@') {
        return Err(encode_hint());
    }
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    for (key, text) in [("user", user), ("password", password)] {
        if !text.is_empty() {
            settings.set(key, decode(text)?)?;
        }
    }
    Ok(rest)
}

fn encode_hint() -> anyhow::Error {
    exit::usage(
        "the connection URI has an @ or / where none may be: in a user name, password or database \
         name write @ as %40, / as %2F, : as %3A, ? as %3F, # as %23 and % as %25",
    )
}

/// Reads `host:port,host:port`.
fn hosts(authority: &str, settings: &mut Settings) -> anyhow::Result<()> {
    let mut names = Vec::new();
    let mut ports = Vec::new();
    for element in authority.split(',') {
        let (host, port) = host_and_port(element)?;
        names.push(host);
        ports.push(port);
    }
    let (names, ports) = (names.join(","), ports.join(","));
    // As in libpq: two empty hosts still make a list of two.
    if !names.is_empty() {
        settings.set("host", decode(&names)?)?;
    }
    if !ports.is_empty() {
        settings.set("port", decode(&ports)?)?;
    }
    Ok(())
}

fn host_and_port(element: &str) -> anyhow::Result<(&str, &str)> {
    let Some(bracketed) = element.strip_prefix('[') else {
        return Ok(element.split_once(':').unwrap_or((element, "")));
    };
    let wrong = "the connection URI has a malformed IPv6 address: write it as [::1] or [::1]:5432";
    let (address, after) = bracketed
        .split_once(']')
        .ok_or_else(|| exit::usage(wrong))?;
    if address.is_empty() {
        return Err(exit::usage(wrong));
    }
    match after.strip_prefix(':') {
        Some(port) => Ok((address, port)),
        None if after.is_empty() => Ok((address, "")),
        None => Err(exit::usage(wrong)),
    }
}

fn parameters(query: &str, settings: &mut Settings) -> anyhow::Result<()> {
    let mut rest = query;
    while !rest.is_empty() {
        let (parameter, after) = rest.split_once('&').unwrap_or((rest, ""));
        rest = after;
        let (name, value) = parameter
            .split_once('=')
            .filter(|(_, value)| !value.contains('='))
            .ok_or_else(|| {
                exit::usage("the connection URI has a parameter that is not key=value")
            })?;
        let (name, value) = (decode(name)?, decode(value)?);
        match (name.as_str(), value.as_str()) {
            // What JDBC writes.
            ("ssl", "true") => settings.set("sslmode", "require".to_owned())?,
            _ => settings.set(&name, value)?,
        }
    }
    Ok(())
}

/// Undoes percent-encoding. A plus sign is a plus sign.
fn decode(text: &str) -> anyhow::Result<String> {
    let wrong = "the connection URI has a % that is not followed by two hexadecimal digits \
                 (write a percent sign as %25)";
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16));
        let (Some(high), Some(low)) = (digit(), digit()) else {
            return Err(exit::usage(wrong));
        };
        // Two hexadecimal digits fit a byte.
        bytes.push((high * 16 + low) as u8);
    }
    if bytes.contains(&0) {
        return Err(exit::usage(
            "the connection URI has a %00, which no value may hold",
        ));
    }
    String::from_utf8(bytes)
        .map_err(|_| exit::usage("not UTF-8 after percent-decoding"))
        .context("the connection URI cannot be read")
}
