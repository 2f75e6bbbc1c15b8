-- A strategy assistant for product managers: each company has conversations with an advisor that knows
-- its context and its tools. The tables name their tenant, and the application is trusted to ask for it.

create type public.tenant_user_role as enum ('admin', 'member', 'read_only');

-- What can be bought, the same for every company: reference data, nobody's own.
create table public.subscription_tiers (
    code                text primary key,
    label               text not null,
    max_users           integer not null check (max_users > 0),
    monthly_price_cents integer not null check (monthly_price_cents >= 0)
);
-- The tier a company gets when nobody says otherwise exists from the start: `tenants` refers to it.
insert into public.subscription_tiers values ('starter', 'Starter', 5, 0);

create table public.tenants (
    id                uuid primary key default gen_random_uuid(),
    subdomain         varchar(63) not null unique check (subdomain = lower(subdomain)),
    company_name      varchar(255) not null check (company_name <> ''),
    subscription_tier text not null default 'starter' references public.subscription_tiers (code),
    industry          varchar(100),
    settings          jsonb not null default '{}',
    is_active         boolean not null default true,
    trial_ends_at     timestamptz,
    created_at        timestamptz not null default now(),
    updated_at        timestamptz not null default now()
);

create table public.tenant_users (
    id            uuid primary key default gen_random_uuid(),
    tenant_id     uuid not null references public.tenants (id) on delete cascade,
    email         varchar(255) not null,
    full_name     varchar(255) not null,
    role          public.tenant_user_role not null default 'member',
    external_id   varchar(255),
    is_active     boolean not null default true,
    invited_at    timestamptz,
    last_seen_at  timestamptz,
    created_at    timestamptz not null default now(),
    constraint tenant_users_tenant_id_id_key unique (tenant_id, id),
    constraint tenant_users_tenant_id_email_key unique (tenant_id, email)
);

create table public.company_contexts (
    id            uuid primary key default gen_random_uuid(),
    tenant_id     uuid not null references public.tenants (id) on delete cascade,
    version       integer not null default 1 check (version > 0),
    mission       text,
    market        text,
    competitors   text[] not null default '{}',
    metrics       jsonb not null default '{}',
    is_current    boolean not null default true,
    created_at    timestamptz not null default now(),
    constraint company_contexts_tenant_id_id_key unique (tenant_id, id),
    constraint company_contexts_tenant_id_version_key unique (tenant_id, version)
);

create table public.strategic_conversations (
    id           uuid primary key default gen_random_uuid(),
    tenant_id    uuid not null references public.tenants (id) on delete cascade,
    user_id      uuid,
    context_id   uuid,
    title        varchar(300) not null,
    question     text not null,
    answer       text,
    framework    varchar(60),
    confidence   numeric(3, 2) check (confidence between 0 and 1),
    is_archived  boolean not null default false,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    foreign key (tenant_id, user_id) references public.tenant_users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, context_id) references public.company_contexts (tenant_id, id) on delete cascade
);
create index strategic_conversations_created_at_idx on public.strategic_conversations (created_at);

-- Tokens of the customer's Jira, Slack and Linear: the rows that must least of all be seen by another company.
create table public.tenant_integrations (
    id                    uuid primary key default gen_random_uuid(),
    tenant_id             uuid not null references public.tenants (id) on delete cascade,
    provider              varchar(50) not null,
    account_name          varchar(200),
    credentials_encrypted bytea not null,
    credentials_key_id    varchar(100) not null default 'k1',
    scopes                text[] not null default '{}',
    expires_at            timestamptz,
    is_enabled            boolean not null default true,
    created_at            timestamptz not null default now(),
    constraint tenant_integrations_tenant_id_provider_key unique (tenant_id, provider)
);

create table public.tenant_usage_logs (
    id            uuid primary key default gen_random_uuid(),
    tenant_id     uuid not null references public.tenants (id) on delete cascade,
    user_id       uuid,
    operation     varchar(100) not null,
    tokens        integer not null default 0 check (tokens >= 0),
    cost_micros   bigint not null default 0 check (cost_micros >= 0),
    duration_ms   integer,
    recorded_at   timestamptz not null default now(),
    foreign key (tenant_id, user_id) references public.tenant_users (tenant_id, id) on delete cascade
);

create table public.tenant_audit_logs (
    id            uuid primary key default gen_random_uuid(),
    tenant_id     uuid not null references public.tenants (id) on delete cascade,
    actor_email   varchar(255),
    action        varchar(100) not null,
    target        text,
    details       jsonb not null default '{}',
    ip_address    inet,
    occurred_at   timestamptz not null default now()
);
