//! `pg_service.conf`: named sets of connection settings.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;

use super::environment::Environment;
use super::keys::Settings;
use crate::exit;

/// The settings of a service: from the user's file, else from the system's.
pub(super) fn load(name: &str, file: Option<&str>, env: &Environment) -> anyhow::Result<Settings> {
    let named = file.map(PathBuf::from);
    let must_exist = named.is_some();
    let users = named.or_else(|| env.home.as_ref().map(|home| home.join(".pg_service.conf")));
    let systems = env
        .config_dirs
        .iter()
        .map(|dir| dir.join("pg_service.conf"));
    for (nth, path) in users.into_iter().chain(systems).enumerate() {
        let text = match fs::read(&path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(_) if !(must_exist && nth == 0) => continue,
            Err(error) => {
                return Err(exit::usage(format!("{error}")))
                    .with_context(|| format!("cannot read the service file {}", path.display()));
            }
        };
        let found = group(&text, name)
            .with_context(|| format!("the service file {} is wrong", path.display()))?;
        if let Some(settings) = found {
            return Ok(settings);
        }
    }
    Err(exit::usage(format!(
        "the connection service \"{name}\" is not defined in any service file"
    )))
}

/// The settings under `[name]`, or nothing where the file has no such group.
fn group(text: &str, name: &str) -> anyhow::Result<Option<Settings>> {
    let mut found: Option<Settings> = None;
    for (nth, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(header) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            if header.split(']').next() == Some(name) && header.contains(']') {
                found = Some(Settings::default());
            }
            continue;
        }
        let Some(settings) = &mut found else { continue };
        let number = nth + 1;
        let (key, value) = line
            .split_once('=')
            .ok_or_else(|| exit::usage(format!("line {number} is not key=value")))?;
        if key == "service" || key == "servicefile" {
            return Err(exit::usage(format!("line {number} names another service")));
        }
        let mut one = Settings::default();
        one.set(key, value.to_owned())
            .with_context(|| format!("line {number}"))?;
        // Within a group the first value of a key counts.
        settings.fill_from(one);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str, name: &str) -> Option<Vec<(String, String)>> {
        group(text, name).unwrap().map(|settings| {
            settings
                .pairs()
                .map(|(k, v)| (k.to_owned(), v.to_owned()))
                .collect()
        })
    }

    #[test]
    fn reads_the_named_group_only() {
        let file = "# shops\n[other]\nhost=wrong\n\n[shop]\nhost=db\nhost=later\n port=5433 \n[next]\nuser=x\n";
        let expected = vec![
            ("host".to_owned(), "db".to_owned()),
            ("port".to_owned(), "5433".to_owned()),
        ];
        assert_eq!(pairs(file, "shop"), Some(expected));
        assert_eq!(pairs(file, "sho"), None);
    }

    #[test]
    fn names_the_line_that_is_wrong() {
        let error = |text: &str| format!("{:#}", group(text, "a").err().unwrap());
        assert!(error("[a]\nhost db").contains("line 2"));
        assert!(error("[a]\n\nservice=b").contains("line 3 names another service"));
        assert!(error("[a]\nhots=b").contains("did you mean host"));
        // What is wrong in another group does not matter.
        assert!(group("[b]\nhots=b\n[a]\nhost=x", "a").unwrap().is_some());
    }
}
