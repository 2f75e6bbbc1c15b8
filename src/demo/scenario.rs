//! The three systems that the story can be told about: what differs between them.

/// Which system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Scenario {
    /// Schools that rent AI tutors, and their file store; uuid keys
    Education,
    /// Companies that talk to a strategy assistant; a missing context is an error
    Strategy,
    /// A content management system for many sites; numbers as keys
    Cms,
}

/// A system: its files, and the names and statements that the story needs.
pub(super) struct Script {
    /// Of the database, and for `--scenario`.
    pub(super) name: &'static str,
    /// One sentence.
    pub(super) about: &'static str,
    /// `tenantctl.toml`.
    pub(super) config: &'static str,
    /// Its tables.
    pub(super) schema: &'static str,
    /// Their rows.
    pub(super) data: &'static str,
    /// A query that gives an idea of the data.
    pub(super) look: &'static str,
    /// Two customers who sign up during the story.
    pub(super) organizations: [&'static str; 2],
    /// What the application stores for the first, who is `{a}`.
    pub(super) rows_a: &'static str,
    /// And for the second, who is `{b}`.
    pub(super) rows_b: &'static str,
    /// The table whose rows the application then looks at.
    pub(super) table: &'static str,
    /// The view that breaks it all.
    pub(super) view: &'static str,
    /// Its query.
    pub(super) report: &'static str,
}

impl Scenario {
    pub(super) fn script(self) -> &'static Script {
        match self {
            Self::Education => &EDUCATION,
            Self::Strategy => &STRATEGY,
            Self::Cms => &CMS,
        }
    }
}

macro_rules! file {
    ($scenario:literal, $name:literal) => {
        include_str!(concat!("../../sql/scenarios/", $scenario, "/", $name))
    };
}

const EDUCATION: Script = Script {
    name: "education",
    about: "Schools rent AI tutors and keep their files in one database; organization_id says whose a row is, \
            and nothing but the application's own queries keeps the schools apart.",
    config: file!("education", "tenantctl.toml"),
    schema: file!("education", "schema.sql"),
    data: file!("education", "data.sql"),
    look: "select o.name, count(*) as files from organizations o \
           join files f on f.organization_id = o.id group by o.name order by o.name;",
    organizations: ["Alder School", "Birch Academy"],
    rows_a: "insert into users (organization_id, email, display_name, role)
  values ('{a}', 'mia@alder.example', 'Mia Lind', 'teacher');
insert into customers (organization_id, email, full_name, balance_cents)
  values ('{a}', 'office@alder.example', 'Alder Office', 12500);
insert into files (organization_id, filename, storage_path)
  values ('{a}', 'term-plan.pdf', 'plans/term-plan.pdf');",
    rows_b: "insert into users (organization_id, email, display_name, role)
  values ('{b}', 'otto@birch.example', 'Otto Reyes', 'admin');
insert into customers (organization_id, email, full_name, balance_cents)
  values ('{b}', 'bursar@birch.example', 'Birch Bursar', -990);
insert into files (organization_id, filename, storage_path)
  values ('{b}', 'exam-answers.pdf', 'exams/answers.pdf');",
    table: "files",
    view: "public.customer_balances",
    report: "select organization_id, full_name, balance_cents from public.customers",
};

const STRATEGY: Script = Script {
    name: "strategy",
    about: "Companies ask an assistant about their strategy; the answers, and the tokens of their tools, lie in one \
            database, and nothing but the application's own queries keeps the companies apart.",
    config: file!("strategy", "tenantctl.toml"),
    schema: file!("strategy", "schema.sql"),
    data: file!("strategy", "data.sql"),
    look: "select t.company_name, count(*) as conversations from tenants t \
           join strategic_conversations c on c.tenant_id = t.id group by t.company_name order by t.company_name;",
    organizations: ["Alder Foods", "Birch Robotics"],
    rows_a: "insert into tenant_users (tenant_id, email, full_name, role)
  values ('{a}', 'mia@alder.example', 'Mia Lind', 'admin');
insert into strategic_conversations (tenant_id, title, question)
  values ('{a}', 'Oat milk', 'Do we enter the oat milk market?');
insert into tenant_integrations (tenant_id, provider, account_name, credentials_encrypted)
  values ('{a}', 'jira', 'alder.atlassian.example', '\\x616c6465');",
    rows_b: "insert into tenant_users (tenant_id, email, full_name, role)
  values ('{b}', 'otto@birch.example', 'Otto Reyes', 'admin');
insert into strategic_conversations (tenant_id, title, question)
  values ('{b}', 'Layoffs', 'How do we close the Malmo plant?');
insert into tenant_integrations (tenant_id, provider, account_name, credentials_encrypted)
  values ('{b}', 'slack', 'birch', '\\x62697263');",
    table: "strategic_conversations",
    view: "public.connected_tools",
    report: "select tenant_id, provider, account_name from public.tenant_integrations",
};

const CMS: Script = Script {
    name: "cms",
    about: "Many web sites share one content management system and its database; tenant_id says whose a page is, and \
            nothing but the application's own queries keeps the sites apart.",
    config: file!("cms", "tenantctl.toml"),
    schema: file!("cms", "schema.sql"),
    data: file!("cms", "data.sql"),
    look: "select t.name, count(*) as pages from core_tenant t \
           join webpages_webpage p on p.tenant_id = t.id group by t.name order by t.name;",
    organizations: ["Alder Bakery", "Birch Gallery"],
    rows_a: "insert into webpages_pagetheme (tenant_id, name) values ({a}, 'Crumbs');
insert into webpages_webpage (tenant_id, slug, title, is_published)
  values ({a}, 'bread', 'Our bread', true);
insert into content_namespace (tenant_id, name, slug) values ({a}, 'Recipes', 'recipes');",
    rows_b: "insert into webpages_pagetheme (tenant_id, name) values ({b}, 'White cube');
insert into webpages_webpage (tenant_id, slug, title, is_published)
  values ({b}, 'spring-auction', 'Reserve prices, not public yet', false);
insert into content_namespace (tenant_id, name, slug) values ({b}, 'Artists', 'artists');",
    table: "webpages_webpage",
    view: "public.page_titles",
    report: "select tenant_id, slug, title from public.webpages_webpage",
};
