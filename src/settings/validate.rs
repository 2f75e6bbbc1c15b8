//! What can be refused before anything connects: names that PostgreSQL could not hold.

use super::Settings;

/// NAMEDATALEN - 1.
const MAX_NAME_BYTES: usize = 63;

/// `Err` says which key and why.
pub(super) fn check(settings: &Settings) -> Result<(), String> {
    let tenancy = &settings.tenancy;
    identifier("[tenancy] key", &tenancy.key)?;
    identifier("[tenancy] registry_id", &tenancy.registry_id)?;
    identifier("[tenancy] app_role", &tenancy.app_role)?;
    setting("[tenancy] context", &tenancy.context)?;
    qualified("[tenancy] registry", &tenancy.registry)?;
    if tenancy.schemas.is_empty() {
        return Err("[tenancy] schemas is empty: name the schemas with tenant tables".into());
    }
    for schema in &tenancy.schemas {
        identifier("[tenancy] schemas", schema)?;
    }
    for table in settings
        .tables
        .shared
        .iter()
        .chain(settings.tables.key.keys())
    {
        qualified("[tables]", table)?;
    }
    for (table, column) in &settings.tables.key {
        identifier(&format!("[tables.key] \"{table}\""), column)?;
    }
    for (table, via) in &settings.tables.via {
        qualified("[tables.via]", table)?;
        identifier(&format!("[tables.via] \"{table}\""), &via.column)?;
    }
    for (key, column) in [
        ("[registry] name", &settings.registry.name),
        ("[registry] slug", &settings.registry.slug),
        ("[registry] active", &settings.registry.active),
    ] {
        if let Some(column) = column {
            identifier(key, column)?;
        }
    }
    identifier("[policy] name", &settings.policy.name)?;
    if !settings.policy.name.contains("{table}") && settings.policy.name.is_empty() {
        return Err("[policy] name is empty".into());
    }
    if settings.role.connection_limit < -1 {
        return Err("[role] connection_limit must be -1 (none) or more".into());
    }
    Ok(())
}

fn identifier(key: &str, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("{key}: an identifier cannot be empty"));
    }
    if name.contains('\0') {
        return Err(format!("{key}: an identifier cannot hold a NUL byte"));
    }
    if name.len() > MAX_NAME_BYTES {
        return Err(format!(
            "{key}: invalid identifier, {} bytes; PostgreSQL keeps {MAX_NAME_BYTES}",
            name.len()
        ));
    }
    Ok(())
}

fn qualified(key: &str, name: &str) -> Result<(), String> {
    match name.split_once('.') {
        Some((schema, table))
            if !schema.is_empty() && !table.is_empty() && !name.contains('\0') =>
        {
            Ok(())
        }
        _ => Err(format!(
            "{key}: \"{name}\" is not a table's full name; write schema.table"
        )),
    }
}

/// A setting's name as the server accepts it (guc.c, `valid_custom_variable_name`): identifiers
/// joined by dots. It stands in SQL as a literal; this is a typing aid, not the protection.
fn setting(key: &str, name: &str) -> Result<(), String> {
    let part = |part: &str| {
        let mut chars = part.chars();
        chars
            .next()
            .is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || !c.is_ascii())
            && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$' || !c.is_ascii())
    };
    if name.split('.').all(part) {
        Ok(())
    } else {
        Err(format!(
            "{key}: invalid setting name \"{name}\"; write it like app.current_tenant"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_dotted_identifiers() {
        assert!(setting("context", "app.current_organization_id").is_ok());
        for bad in ["app.x; drop", "", "app.", ".x", "app.1x", "app x"] {
            assert!(setting("context", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_table_is_qualified() {
        assert!(qualified("registry", "My Shop.Order Items").is_ok());
        for bad in ["orders", ".orders", "public."] {
            assert!(qualified("registry", bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sixty_three_bytes_are_the_limit() {
        assert!(identifier("key", &"é".repeat(31)).is_ok());
        assert!(identifier("key", &"é".repeat(32)).is_err());
    }
}
