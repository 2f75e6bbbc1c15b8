//! Key types, with values that are told apart only by those who compare exactly.

pub(super) struct Kind {
    pub(super) sql: &'static str,
    /// What `tenantctl.toml` calls it.
    pub(super) key_type: &'static str,
    /// Made before the tables.
    pub(super) setup: &'static str,
    /// Each is the context once. No condition names them all: somebody may always come who is none
    /// of those that a policy lists.
    pub(super) tenants: &'static [&'static str],
    /// Conditions that only this type has; see [`super::policies::COMMON`] for the others.
    pub(super) atoms: &'static [&'static str],
}

pub(super) const UUID: Kind = Kind {
    sql: "uuid",
    key_type: "uuid",
    setup: "",
    tenants: &[
        "aaaaaaaa-0000-4000-8000-000000000001",
        "aaaaaaaa-0000-4000-8000-000000000002",
        "cccccccc-0000-4000-8000-000000000003",
        "dddddddd-0000-4000-8000-000000000004",
    ],
    atoms: &[
        "tenant = current_setting('app.t')::uuid",
        "lower(tenant::text) = current_setting('app.t', true)",
        "tenant::text like current_setting('app.t', true)",
        "tenant::text like current_setting('app.t', true) || '%'",
        "starts_with(tenant::text, current_setting('app.t', true))",
        "left(tenant::text, 8) = left(current_setting('app.t', true), 8)",
        "left(tenant::text, 36) = left(current_setting('app.t', true), 36)",
        "tenant::varchar(36) = current_setting('app.t', true)",
        "tenant::varchar(8) = current_setting('app.t', true)::varchar(8)",
        "tenant = any ('{aaaaaaaa-0000-4000-8000-000000000002,cccccccc-0000-4000-8000-000000000003}'::uuid[])",
    ],
};

pub(super) const TEXT: Kind = Kind {
    sql: "text",
    key_type: "text",
    setup: "",
    tenants: &["acme", "ACME", "acme_labs", "acme-labs"],
    atoms: &[
        "tenant = current_setting('app.t', true)",
        "tenant = (select current_setting('app.t'))",
        "lower(tenant) = lower(current_setting('app.t', true))",
        "tenant like current_setting('app.t', true)",
        "tenant like current_setting('app.t', true) || '%'",
        "tenant ilike current_setting('app.t', true)",
        "tenant not like 'acme'",
        "tenant like 'acme%'",
        "starts_with(tenant, current_setting('app.t', true))",
        "left(tenant, 4) = left(current_setting('app.t', true), 4)",
        "substr(tenant, 1, 4) = substr(current_setting('app.t', true), 1, 4)",
        "btrim(tenant) = btrim(current_setting('app.t', true))",
        "tenant || '!' = current_setting('app.t', true) || '!'",
        "tenant::varchar = current_setting('app.t', true)::varchar",
        "tenant::varchar(4) = current_setting('app.t', true)::varchar(4)",
        "coalesce(tenant, current_setting('app.t', true)) = current_setting('app.t', true)",
        "tenant = any (string_to_array('acme-labs,acme', ','))",
    ],
};

pub(super) const BIGINT: Kind = Kind {
    sql: "bigint",
    key_type: "bigint",
    setup: "",
    tenants: &["1", "12", "7000000002", "123"],
    atoms: &[
        "tenant = current_setting('app.t', true)::numeric",
        "tenant::numeric = nullif(current_setting('app.t', true), '')::numeric",
        "tenant::text like current_setting('app.t', true) || '%'",
        "starts_with(tenant::text, current_setting('app.t', true))",
        "tenant::varchar(20) = current_setting('app.t', true)",
        "tenant::varchar(1) = current_setting('app.t', true)::varchar(1)",
        "tenant = any ('{12,7000000002}'::bigint[])",
        "tenant::text = left(current_setting('app.t', true), 20)",
    ],
};

pub(super) const NUMERIC: Kind = Kind {
    sql: "numeric",
    key_type: "text",
    setup: "",
    tenants: &["1", "2", "30"],
    atoms: &[
        "tenant::int = nullif(current_setting('app.t', true), '')::int",
        "tenant::numeric(4, 0) = nullif(current_setting('app.t', true), '')::numeric(4, 0)",
    ],
};

pub(super) const ENUM: Kind = Kind {
    sql: "public.plan",
    key_type: "text",
    setup: "create type public.plan as enum ('free', 'pro', 'big', 'huge');",
    tenants: &["free", "pro", "big", "huge"],
    atoms: &[
        "tenant = current_setting('app.t')::public.plan",
        "lower(tenant::text) = lower(current_setting('app.t', true))",
        "tenant = any ('{pro,big}'::public.plan[])",
    ],
};

pub(super) const PADDED: Kind = Kind {
    sql: "character(12)",
    key_type: "text",
    setup: "",
    tenants: &["acme", "ACME", "acme-labs"],
    atoms: &[
        "tenant = current_setting('app.t', true)",
        "tenant::char(4) = current_setting('app.t', true)::char(4)",
        "tenant::char(12) = current_setting('app.t', true)::char(12)",
        "rtrim(tenant) = rtrim(current_setting('app.t', true))",
    ],
};

pub(super) const VARCHAR: Kind = Kind {
    sql: "varchar(20)",
    key_type: "text",
    setup: "",
    tenants: &["acme", "Acme", "acme-labs"],
    atoms: &[
        "tenant = current_setting('app.t', true)",
        "upper(tenant) = upper(current_setting('app.t', true))",
        "tenant::varchar(4) = current_setting('app.t', true)::varchar(4)",
        "tenant between current_setting('app.t', true) and current_setting('app.t', true) || '~'",
    ],
};
