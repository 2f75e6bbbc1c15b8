-- An education platform: schools rent AI tutors that live in Roblox worlds, and keep their files here.
-- This is how such a schema looks before anybody has thought about isolation in the database: every
-- query of the application says "where organization_id = ...", and nothing notices the one that forgets.

create type public.user_role as enum ('owner', 'admin', 'teacher', 'student', 'parent');
create type public.agent_status as enum ('initializing', 'idle', 'busy', 'error', 'offline');
create type public.file_status as enum ('pending', 'processing', 'available', 'quarantined', 'archived', 'deleted');
create type public.file_category as enum ('educational_content', 'student_submission', 'assessment', 'administrative',
                                          'media_resource', 'avatar', 'temporary', 'report', 'backup');
create type public.share_type as enum ('public_link', 'organization', 'specific_users', 'view_only', 'download');

create table public.organizations (
    id                uuid primary key default gen_random_uuid(),
    name              text not null check (name <> ''),
    slug              varchar(100) not null check (slug = lower(slug)),
    domain            varchar(255),
    description       text,
    subscription_tier varchar(20) not null default 'free'
                      check (subscription_tier in ('free', 'basic', 'professional', 'education', 'enterprise')),
    max_users         integer not null default 25 check (max_users > 0),
    settings          jsonb not null default '{}',
    is_active         boolean not null default true,
    trial_expires_at  timestamptz,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now()
);
create unique index organizations_slug_idx on public.organizations (slug);
create unique index organizations_domain_idx on public.organizations (domain);

create table public.users (
    id              uuid primary key default gen_random_uuid(),
    organization_id uuid not null references public.organizations (id) on delete cascade,
    email           varchar(255) not null,
    display_name    varchar(200) not null,
    password_hash   text,
    role            public.user_role not null default 'student',
    grade_level     smallint check (grade_level between 1 and 13),
    is_active       boolean not null default true,
    is_verified     boolean not null default false,
    last_login_at   timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    deleted_at      timestamptz,
    constraint users_organization_id_id_key unique (organization_id, id),
    constraint users_organization_id_email_key unique (organization_id, email)
);
create index users_email_idx on public.users (email);

create table public.customers (
    id                 uuid primary key default gen_random_uuid(),
    organization_id    uuid not null references public.organizations (id) on delete cascade,
    email              varchar(255) not null,
    full_name          varchar(200) not null,
    phone              varchar(40),
    stripe_customer_id varchar(100),
    billing_address    jsonb,
    balance_cents      bigint not null default 0,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    deleted_at         timestamptz,
    constraint customers_organization_id_id_key unique (organization_id, id),
    constraint customers_organization_id_email_key unique (organization_id, email)
);

create table public.roblox_environments (
    id                uuid primary key default gen_random_uuid(),
    organization_id   uuid not null references public.organizations (id) on delete cascade,
    name              varchar(200) not null,
    place_id          varchar(40),
    universe_id       varchar(40),
    api_key_encrypted bytea,
    max_players       integer not null default 30 check (max_players between 1 and 700),
    theme             varchar(60),
    configuration     jsonb not null default '{}',
    is_published      boolean not null default false,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now(),
    constraint roblox_environments_organization_id_id_key unique (organization_id, id)
);

-- No index starts with organization_id here: the application always looked agents up by their id.
create table public.agent_instances (
    id              uuid primary key default gen_random_uuid(),
    organization_id uuid not null references public.organizations (id) on delete cascade,
    environment_id  uuid,
    name            varchar(200) not null,
    agent_type      varchar(60) not null default 'tutor',
    model           varchar(100) not null default 'small',
    system_prompt   text,
    status          public.agent_status not null default 'initializing',
    tokens_used     bigint not null default 0 check (tokens_used >= 0),
    last_heartbeat  timestamptz,
    created_at      timestamptz not null default now(),
    updated_at      timestamptz not null default now(),
    foreign key (organization_id, environment_id)
        references public.roblox_environments (organization_id, id) on delete cascade
);
create index agent_instances_status_idx on public.agent_instances (status) where status <> 'offline';

-- The file store -----------------------------------------------------------------------------------

-- What the product accepts, the same for every school: reference data, nobody's own.
create table public.file_types (
    mime_type   varchar(127) primary key,
    label       text not null,
    is_allowed  boolean not null default true,
    max_bytes   bigint not null default 104857600 check (max_bytes > 0)
);

create table public.files (
    id                 uuid primary key default gen_random_uuid(),
    organization_id    uuid not null references public.organizations (id) on delete cascade,
    uploaded_by        uuid,
    filename           varchar(255) not null check (filename <> ''),
    storage_path       text not null,
    mime_type          varchar(127) references public.file_types (mime_type),
    size_bytes         bigint not null default 0 check (size_bytes >= 0),
    checksum           char(64),
    status             public.file_status not null default 'pending',
    category           public.file_category not null default 'educational_content',
    tags               text[] not null default '{}',
    metadata           jsonb not null default '{}',
    -- how long the law and the school's contract want it kept
    retention_days     integer check (retention_days > 0),
    retention_until    date,
    legal_hold         boolean not null default false,
    -- what is in it about children (FERPA, COPPA, GDPR)
    contains_pii       boolean not null default false,
    contains_student_data boolean not null default false,
    requires_consent   boolean not null default false,
    consent_obtained   boolean not null default false,
    consent_by         text,
    consent_at         timestamptz,
    virus_scanned_at   timestamptz,
    created_at         timestamptz not null default now(),
    updated_at         timestamptz not null default now(),
    -- soft delete: the row stays until its retention ends
    is_deleted         boolean not null default false,
    deleted_at         timestamptz,
    deleted_by         uuid,
    constraint files_organization_id_id_key unique (organization_id, id),
    constraint files_organization_id_storage_path_key unique (organization_id, storage_path),
    constraint files_soft_delete check (is_deleted or deleted_at is null),
    foreign key (organization_id, uploaded_by) references public.users (organization_id, id) on delete cascade,
    foreign key (organization_id, deleted_by) references public.users (organization_id, id) on delete cascade
);
create index files_not_deleted_idx on public.files (created_at) where not is_deleted;

-- A version belongs to an organization only through its file: the table has no organization_id.
create table public.file_versions (
    id             uuid primary key default gen_random_uuid(),
    file_id        uuid not null references public.files (id) on delete cascade,
    version_number integer not null default 1 check (version_number > 0),
    storage_path   text not null,
    size_bytes     bigint not null default 0 check (size_bytes >= 0),
    checksum       char(64),
    change_note    text,
    is_current     boolean not null default false,
    created_at     timestamptz not null default now(),
    unique (file_id, version_number)
);

create table public.file_shares (
    id               uuid primary key default gen_random_uuid(),
    organization_id  uuid not null references public.organizations (id) on delete cascade,
    file_id          uuid not null,
    share_type       public.share_type not null default 'view_only',
    share_token      uuid not null default gen_random_uuid() unique,
    shared_with      uuid,
    can_download     boolean not null default false,
    password_hash    text,
    max_downloads    integer check (max_downloads > 0),
    download_count   integer not null default 0 check (download_count >= 0),
    expires_at       timestamptz,
    is_active        boolean not null default true,
    created_at       timestamptz not null default now(),
    revoked_at       timestamptz,
    foreign key (organization_id, file_id) references public.files (organization_id, id) on delete cascade,
    foreign key (organization_id, shared_with) references public.users (organization_id, id) on delete cascade
);
create index file_shares_file_id_idx on public.file_shares (file_id);

create table public.storage_quotas (
    id                uuid primary key default gen_random_uuid(),
    organization_id   uuid not null unique references public.organizations (id) on delete cascade,
    total_quota_bytes bigint not null default 1073741824 check (total_quota_bytes >= 0),
    used_bytes        bigint not null default 0 check (used_bytes >= 0),
    file_count        integer not null default 0 check (file_count >= 0),
    warning_percent   smallint not null default 80 check (warning_percent between 1 and 100),
    is_enforced       boolean not null default true,
    recalculated_at   timestamptz,
    updated_at        timestamptz not null default now()
);

create table public.file_access_logs (
    id              uuid primary key default gen_random_uuid(),
    organization_id uuid not null references public.organizations (id) on delete cascade,
    file_id         uuid,
    user_id         uuid,
    action          varchar(30) not null default 'view',
    ip_address      inet,
    user_agent      text,
    was_granted     boolean not null default true,
    accessed_at     timestamptz not null default now(),
    foreign key (organization_id, file_id) references public.files (organization_id, id) on delete cascade,
    foreign key (organization_id, user_id) references public.users (organization_id, id) on delete cascade
);
create index file_access_logs_accessed_at_idx on public.file_access_logs (accessed_at);
