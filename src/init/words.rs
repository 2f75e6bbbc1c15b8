//! What names say: stems, plurals, and the words that products have for a tenant.

/// What products call their customer. A hint only: structure weighs more.
const TENANT_WORDS: [&str; 12] = [
    "tenant",
    "organization",
    "organisation",
    "org",
    "workspace",
    "account",
    "company",
    "customer",
    "client",
    "team",
    "site",
    "store",
];

/// Words for a person. Most tables of an application say who did something; that is seldom whose
/// the row is.
const PERSON_WORDS: [&str; 11] = [
    "user", "person", "people", "member", "author", "creator", "owner", "employee", "profile",
    "staff", "admin",
];

/// Tables in which migration tools keep their books, lower case.
const BOOKKEEPING: [&str; 20] = [
    "schema_migrations",
    "ar_internal_metadata",
    "alembic_version",
    "flyway_schema_history",
    "databasechangelog",
    "databasechangeloglock",
    "_prisma_migrations",
    "__efmigrationshistory",
    "django_migrations",
    "goose_db_version",
    "knex_migrations",
    "knex_migrations_lock",
    "refinery_schema_history",
    "_sqlx_migrations",
    "__diesel_schema_migrations",
    "pgmigrations",
    "migrations",
    "schema_version",
    "atlas_schema_revisions",
    "gorp_migrations",
];

/// Letters and digits, lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

/// What a key's name is about: `organization` for `organization_id`, `organizationId`.
pub(super) fn stem(column: &str) -> String {
    let plain = plain(column);
    for ending in ["uuid", "guid", "id", "key", "ref"] {
        if let Some(stem) = plain.strip_suffix(ending).filter(|stem| !stem.is_empty()) {
            return stem.to_owned();
        }
    }
    plain
}

/// A table's name, plain and without the endings of a plural.
fn singulars(table: &str) -> Vec<String> {
    let plain = plain(table);
    let mut forms = vec![plain.clone()];
    for (ending, singular) in [("ies", "y"), ("es", ""), ("s", "")] {
        forms.extend(
            plain
                .strip_suffix(ending)
                .map(|rest| format!("{rest}{singular}")),
        );
    }
    forms
}

/// Whether a table is, by its name, the one that a key is about: `core_tenant` for `tenant_id`,
/// `organizations` for `org_id`.
pub(super) fn is_about(stem: &str, table: &str) -> bool {
    stem.len() >= 3
        && singulars(table).iter().any(|form| {
            form.ends_with(stem) || form.starts_with(stem) && form.len() <= 4 * stem.len()
        })
}

/// Whether the stem of a key is a word for a tenant.
pub(super) fn is_tenant_word(stem: &str) -> bool {
    TENANT_WORDS.contains(&stem)
}

/// Whether a table is, by its name, one of people.
pub(super) fn is_of_people(table: &str) -> bool {
    PERSON_WORDS.iter().any(|word| is_about(word, table))
}

/// Whether a column may name a tenant although nothing proves it.
pub(super) fn hints_at(column: &str, stem: &str) -> bool {
    let plain = plain(column);
    (stem.len() >= 3 && plain.contains(stem)) || is_tenant_word(&self::stem(column))
}

/// Whether a migration tool keeps its books there.
pub(super) fn is_bookkeeping(table: &str) -> bool {
    BOOKKEEPING.contains(&table.to_lowercase().as_str())
}

/// `organizationId` and `organization-id` as `organization_id`: a setting's name is not quoted.
pub(super) fn snake(name: &str) -> String {
    let mut out = String::new();
    let mut after_lower = false;
    for c in name.chars() {
        if c.is_uppercase() && after_lower {
            out.push('_');
        }
        after_lower = c.is_lowercase() || c.is_ascii_digit();
        if c.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    let out = out.trim_matches('_');
    if out.is_empty() || out.starts_with(|c: char| c.is_numeric()) {
        format!("tenant_{out}").trim_end_matches('_').to_owned()
    } else {
        out.to_owned()
    }
}

/// "1 table", "2 tables".
pub(super) fn counted(count: usize, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// Whether `word` stands in `text` as a whole identifier, quoted or not.
pub(super) fn mentions(text: &str, word: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(inside) && !after.is_some_and(inside)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stems() {
        for (column, expected) in [
            ("organization_id", "organization"),
            ("tenantId", "tenant"),
            ("org_uuid", "org"),
            ("id", "id"),
            ("tenant", "tenant"),
        ] {
            assert_eq!(stem(column), expected);
        }
    }

    #[test]
    fn tables_that_a_key_is_about() {
        for (stem, table) in [
            ("organization", "organizations"),
            ("company", "companies"),
            ("tenant", "core_tenant"),
            ("org", "organizations"),
            ("tenant", "Tenant"),
            ("branch", "branches"),
        ] {
            assert!(is_about(stem, table), "{stem} {table}");
        }
        for (stem, table) in [("user", "orders"), ("or", "orders"), ("file", "users")] {
            assert!(!is_about(stem, table), "{stem} {table}");
        }
    }

    #[test]
    fn tables_of_people() {
        assert!(is_of_people("users"));
        assert!(is_of_people("auth_user"));
        assert!(is_of_people("people"));
        assert!(!is_of_people("organizations"));
        assert!(!is_of_people("customers"));
    }

    #[test]
    fn snakes() {
        for (name, expected) in [
            ("organizationId", "organization_id"),
            ("tenant id", "tenant_id"),
            ("2nd", "tenant_2nd"),
            ("--", "tenant"),
        ] {
            assert_eq!(snake(name), expected);
        }
    }

    #[test]
    fn whole_identifiers_only() {
        assert!(mentions("(org_id = x)", "org_id"));
        assert!(mentions("(\"tenantId\" = x)", "tenantId"));
        assert!(!mentions("(big_org_id = x)", "org_id"));
        assert!(!mentions("(org_ids = x)", "org_id"));
    }
}
