//! Finds the configuration file, merges the command line over it, fills in defaults.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Result;

use super::{
    Allow, KeyType, MissingContext, Policy, PolicyForm, Probe, Registry, Role, Settings, Tables,
    Tenancy, Via, file, validate,
};
use crate::exit::usage;

/// A configuration of more than this many bytes is not one.
const MAX_BYTES: u64 = 4 * 1024 * 1024;

/// What the command line says about tenancy; wins over the file.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Configuration")]
pub struct Overrides {
    /// Configuration file [default: ./tenantctl.toml]
    #[arg(
        long,
        global = true,
        env = "TENANTCTL_CONFIG",
        hide_env_values = true,
        value_name = "FILE"
    )]
    pub config: Option<PathBuf>,
    /// Login role of the application; overrides [tenancy] app_role
    #[arg(long, global = true, value_name = "ROLE")]
    pub app_role: Option<String>,
    /// Schema with tenant tables; may be repeated; overrides [tenancy] schemas
    #[arg(long = "schema", global = true, value_name = "SCHEMA")]
    pub schemas: Vec<String>,
    /// Column that names a row's tenant; overrides [tenancy] key
    #[arg(long, global = true, value_name = "COLUMN")]
    pub key: Option<String>,
    /// Type of that column; overrides [tenancy] key_type
    #[arg(long, global = true, value_name = "TYPE")]
    pub key_type: Option<KeyType>,
    /// Setting that carries the current tenant; overrides [tenancy] context
    #[arg(long, global = true, value_name = "SETTING")]
    pub context: Option<String>,
    /// Table of tenants, as schema.table; overrides [tenancy] registry
    #[arg(long, global = true, value_name = "TABLE")]
    pub registry: Option<String>,
}

/// Reads, merges and validates; every error is a usage error (exit code 2).
pub fn load(overrides: &Overrides) -> Result<Settings> {
    let (file, source) = read(overrides.config.as_deref())?;
    let in_file = |message: String| match &source {
        Some(path) => usage(format!("{}: {message}", path.display())),
        None => usage(message),
    };
    let settings = merge(file, overrides).map_err(|missing| match &source {
        Some(_) => in_file(missing),
        None => usage(format!(
            "{missing}, and there is no tenantctl.toml here: run `tenantctl init` to write one, or name it with --config"
        )),
    })?;
    validate::check(&settings).map_err(in_file)?;
    Ok(settings)
}

fn read(named: Option<&Path>) -> Result<(file::File, Option<PathBuf>)> {
    let default = Path::new("tenantctl.toml");
    let path = match named {
        Some(path) => path,
        None if default.exists() => default,
        None => return Ok((file::File::default(), None)),
    };
    let refuse = |why: String| {
        usage(format!(
            "cannot read configuration {}: {why}",
            path.display()
        ))
    };
    let meta = std::fs::metadata(path).map_err(|error| refuse(error.to_string()))?;
    if !meta.is_file() {
        return Err(refuse("it is not a file".into()));
    }
    if meta.len() > MAX_BYTES {
        return Err(refuse(format!(
            "line 1: {} bytes are no configuration",
            meta.len()
        )));
    }
    let bytes = std::fs::read(path).map_err(|error| refuse(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let line = error.as_bytes()[..error.utf8_error().valid_up_to()]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count();
        refuse(format!("line {}: not UTF-8", line + 1))
    })?;
    let file =
        file::parse(&text).map_err(|message| usage(format!("{}: {message}", path.display())))?;
    Ok((file, Some(path.to_path_buf())))
}

/// Command line, then file, then default; `Err` names the first key that has none of them.
fn merge(file: file::File, over: &Overrides) -> Result<Settings, String> {
    let tenancy = merge_tenancy(file.tenancy, over)?;
    let via = merge_via(file.tables.via)?;
    Ok(Settings {
        tenancy,
        tables: Tables {
            shared: file.tables.shared,
            key: file.tables.key,
            via,
        },
        registry: Registry {
            name: file.registry.name,
            slug: file.registry.slug,
            active: file.registry.active,
        },
        policy: Policy {
            name: file
                .policy
                .name
                .unwrap_or_else(|| "{table}_org_isolation".into()),
            guard: file.policy.guard.unwrap_or(true),
            missing_context: file.policy.missing_context.unwrap_or(MissingContext::Deny),
            form: file.policy.form.unwrap_or(PolicyForm::Subselect),
        },
        probe: Probe {
            refuse: file.probe.refuse,
        },
        role: Role {
            connection_limit: file.role.connection_limit.unwrap_or(50),
        },
        allow: file
            .allow
            .into_iter()
            .map(allow)
            .collect::<Result<_, _>>()?,
    })
}

fn merge_tenancy(file: file::Tenancy, over: &Overrides) -> Result<Tenancy, String> {
    let need = |given: &Option<String>, filed: Option<String>, key: &str| {
        given
            .clone()
            .or(filed)
            .ok_or_else(|| format!("[tenancy] {key} is not set"))
    };
    Ok(Tenancy {
        key: need(&over.key, file.key, "key")?,
        key_type: over.key_type.or(file.key_type).unwrap_or(KeyType::Uuid),
        context: need(&over.context, file.context, "context")?,
        registry: need(&over.registry, file.registry, "registry")?,
        registry_id: file.registry_id.unwrap_or_else(|| "id".into()),
        app_role: need(&over.app_role, file.app_role, "app_role")?,
        schemas: if over.schemas.is_empty() {
            file.schemas.unwrap_or_else(|| vec!["public".into()])
        } else {
            over.schemas.clone()
        },
    })
}

fn merge_via(steps: BTreeMap<String, String>) -> Result<BTreeMap<String, Via>, String> {
    steps
        .into_iter()
        .map(|(table, step)| match Via::parse(&step) {
            Some(via) => Ok((table, via)),
            None => Err(format!(
                "[tables.via] \"{table}\" = \"{step}\" is not of the form \"column -> schema.table.column\""
            )),
        })
        .collect()
}

fn allow(raw: file::Allow) -> Result<Allow, String> {
    let here = format!(
        "[[allow]] check = \"{}\", object = \"{}\"",
        raw.check, raw.object
    );
    let reason = raw
        .reason
        .filter(|reason| !reason.trim().is_empty())
        .ok_or_else(|| format!("{here} has no reason: say why the finding is accepted"))?;
    let expires = match raw.expires {
        None => None,
        Some(when) => Some(
            when.date
                .map(|date| date.to_string())
                .ok_or_else(|| format!("{here}: expires is not a date"))?,
        ),
    };
    Ok(Allow {
        check: raw.check,
        object: raw.object,
        reason,
        expires,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, over: &Overrides) -> Result<Settings, String> {
        merge(file::parse(text)?, over)
    }

    const MINIMAL: &str =
        "[tenancy]\nkey='k'\ncontext='app.t'\nregistry='public.orgs'\napp_role='app'\n";

    #[test]
    fn the_command_line_wins_over_the_file() {
        let over = Overrides {
            app_role: Some("other".into()),
            ..Overrides::default()
        };
        let settings = parse(MINIMAL, &over).unwrap();
        assert_eq!(settings.tenancy.app_role, "other");
        assert_eq!(settings.tenancy.schemas, ["public"]);
        assert_eq!(settings.tenancy.key_type, KeyType::Uuid);
    }

    #[test]
    fn a_missing_key_is_named() {
        let error = parse("[tenancy]\nkey='k'\n", &Overrides::default()).unwrap_err();
        assert_eq!(error, "[tenancy] context is not set");
    }

    #[test]
    fn an_allow_without_a_reason_is_refused() {
        let text = format!("{MINIMAL}[[allow]]\ncheck='a'\nobject='b'\n");
        assert!(
            parse(&text, &Overrides::default())
                .unwrap_err()
                .contains("has no reason")
        );
    }

    #[test]
    fn an_expiry_is_a_date() {
        let text =
            format!("{MINIMAL}[[allow]]\ncheck='a'\nobject='b'\nreason='c'\nexpires=2027-06-30\n");
        let settings = parse(&text, &Overrides::default()).unwrap();
        assert_eq!(settings.allow[0].expires.as_deref(), Some("2027-06-30"));
    }

    #[test]
    fn via_needs_an_arrow_and_a_qualified_column() {
        let text = format!("{MINIMAL}[tables.via]\n'public.i' = 'order_id -> orders.id'\n");
        assert!(
            parse(&text, &Overrides::default())
                .unwrap_err()
                .contains("not of the form")
        );
        let text = format!("{MINIMAL}[tables.via]\n'public.i' = 'order_id -> public.orders.id'\n");
        let via = parse(&text, &Overrides::default()).unwrap().tables.via;
        assert_eq!(via["public.i"].parent, "public.orders.id");
    }
}
