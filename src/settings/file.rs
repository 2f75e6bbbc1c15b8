//! `tenantctl.toml` as it is written: strict, unvalidated, every key optional.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{KeyType, MissingContext, PolicyForm};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    pub(super) tenancy: Tenancy,
    pub(super) tables: Tables,
    pub(super) registry: Registry,
    pub(super) policy: Policy,
    pub(super) probe: Probe,
    pub(super) role: Role,
    pub(super) allow: Vec<Allow>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tenancy {
    pub(super) key: Option<String>,
    pub(super) key_type: Option<KeyType>,
    pub(super) context: Option<String>,
    pub(super) registry: Option<String>,
    pub(super) registry_id: Option<String>,
    pub(super) app_role: Option<String>,
    pub(super) schemas: Option<Vec<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Tables {
    pub(super) shared: Vec<String>,
    pub(super) key: BTreeMap<String, String>,
    pub(super) via: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Registry {
    pub(super) name: Option<String>,
    pub(super) slug: Option<String>,
    pub(super) active: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Policy {
    pub(super) name: Option<String>,
    pub(super) guard: Option<bool>,
    pub(super) missing_context: Option<MissingContext>,
    pub(super) form: Option<PolicyForm>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Probe {
    pub(super) refuse: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Role {
    pub(super) connection_limit: Option<i32>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Allow {
    pub(super) check: String,
    pub(super) object: String,
    pub(super) reason: Option<String>,
    pub(super) expires: Option<toml::value::Datetime>,
}

/// Parses the text; the error names the line, and for an unknown key the nearest known one.
pub(super) fn parse(text: &str) -> Result<File, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| text[..span.start].matches('\n').count() + 1);
        let message = with_nearest(error.message());
        match line {
            Some(line) => format!("line {line}: {message}"),
            None => format!("line 1: {message}"),
        }
    })
}

/// Turns serde's "unknown field `x`, expected one of `a`, `b`" into a suggestion.
fn with_nearest(message: &str) -> String {
    let mut quoted = message.split('`').skip(1).step_by(2);
    let Some(unknown) = quoted
        .next()
        .filter(|_| message.starts_with("unknown field"))
    else {
        return message.replace('\n', " ");
    };
    let known: Vec<&str> = quoted.collect();
    let nearest = known.iter().max_by(|a, b| {
        strsim::jaro_winkler(a, unknown).total_cmp(&strsim::jaro_winkler(b, unknown))
    });
    match nearest {
        Some(nearest) if strsim::jaro_winkler(nearest, unknown) > 0.7 => {
            format!("unknown key `{unknown}`; did you mean `{nearest}`?")
        }
        _ => format!("unknown key `{unknown}`; known here: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_key_names_its_neighbour_and_its_line() {
        let error = parse("[tenancy]\nkey = \"a\"\ncontex = \"b\"\n").unwrap_err();
        assert_eq!(
            error,
            "line 3: unknown key `contex`; did you mean `context`?"
        );
    }

    #[test]
    fn a_key_like_none_lists_them() {
        let error = parse("[probe]\nzzz = 1\n").unwrap_err();
        assert_eq!(
            error,
            "line 2: unknown key `zzz`; did you mean `refuse`?"
                .replace("; did you mean `refuse`?", "; known here: refuse")
        );
    }

    #[test]
    fn byte_order_mark_and_crlf_are_fine() {
        let file = parse("\u{feff}[tenancy]\r\nkey = \"k\"\r\n").unwrap();
        assert_eq!(file.tenancy.key.as_deref(), Some("k"));
    }
}
