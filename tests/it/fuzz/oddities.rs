//! Statements that make a database odd: each may fail, many do, and the rest is kept.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::words::{BODIES, CONDITIONS, NAMES};

pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Names that were given so far, to refer to.
pub(super) struct Maker<'r> {
    pub(super) rng: &'r mut StdRng,
    /// Qualified and quoted.
    tables: Vec<String>,
    functions: Vec<String>,
    roles: Vec<String>,
    pub(super) app: String,
    key: String,
    made: usize,
}

impl<'r> Maker<'r> {
    pub(super) fn new(rng: &'r mut StdRng, app: &str, key: &str) -> Self {
        let app = ident(app);
        Self {
            rng,
            tables: Vec::new(),
            functions: Vec::new(),
            roles: vec![app.clone(), "public".to_owned()],
            app,
            key: ident(key),
            made: 0,
        }
    }

    /// A name that is odd and new.
    pub(super) fn name(&mut self) -> String {
        self.made += 1;
        let name = NAMES.choose(self.rng).copied().unwrap_or("t");
        if self.rng.random_bool(0.5) {
            return ident(name);
        }
        let mut cut: String = name.chars().take(12).collect();
        cut += &self.made.to_string();
        ident(&cut)
    }

    fn of(&mut self, known: &[String]) -> String {
        known
            .choose(self.rng)
            .cloned()
            .unwrap_or_else(|| "public.nothing".to_owned())
    }

    fn table(&mut self) -> String {
        let tables = self.tables.clone();
        self.of(&tables)
    }

    fn role(&mut self) -> String {
        let roles = self.roles.clone();
        self.of(&roles)
    }

    fn condition(&mut self, depth: usize) -> String {
        if depth > 0 && self.rng.random_bool(0.5) {
            let (a, b) = (self.condition(depth - 1), self.condition(depth - 1));
            return match self.rng.random_range(0..4) {
                0 => format!("({a}) and ({b})"),
                1 => format!("({a}) or ({b})"),
                2 => format!("case when {a} then {b} end"),
                _ => format!("not ({a}) is not true"),
            };
        }
        if self.rng.random_bool(0.1)
            && let Some(function) = self.functions.choose(self.rng)
        {
            return format!("{function}(1)::text <> ''");
        }
        let condition = CONDITIONS.choose(self.rng).copied().unwrap_or("true");
        let table = self.table();
        self.fill(condition, &table)
    }

    fn fill(&self, text: &str, table: &str) -> String {
        let filled = |word: &str| match word {
            "K" => self.key.clone(),
            "C" => "nullif(current_setting('app.t', true), '')::uuid".to_owned(),
            "T" => table.to_owned(),
            other => other.to_owned(),
        };
        let mut out = String::new();
        let mut word = String::new();
        for char in text.chars().chain([' ']) {
            if char.is_alphanumeric() || char == '_' {
                word.push(char);
                continue;
            }
            out += &filled(&std::mem::take(&mut word));
            out.push(char);
        }
        out
    }

    /// The next statement.
    pub(super) fn next(&mut self) -> String {
        match self.rng.random_range(0..40) {
            0..=3 => self.new_table(),
            4..=6 => self.policy(),
            7 | 8 => self.view(),
            9 | 10 => self.function(),
            11 => self.grants(),
            12 => self.columns(),
            13 => self.roles(),
            14 => self.types(),
            15 => self.children(),
            16 => self.constraint(),
            17 | 18 => self.attached(),
            19 => self.rest(),
            // Seldom: most of it leaves nothing to be read.
            20 => self.sabotage(),
            _ => self.policy(),
        }
    }

    fn new_table(&mut self) -> String {
        let name = format!("public.{}", self.name());
        let (key, app) = (self.key.clone(), self.app.clone());
        let ty = [
            "uuid",
            "text",
            "int",
            "d3",
            "uuid[]",
            "comp",
            "varchar(40)",
            "public.citext",
        ]
        .choose(self.rng)
        .copied()
        .unwrap_or("uuid");
        let ty = if self.rng.random_bool(0.6) {
            "uuid"
        } else {
            ty
        };
        let odd = self.name();
        let columns = match self.rng.random_range(0..6) {
            0 => String::new(),
            1 => format!("{key} {ty}"),
            2 => format!("{odd} int generated always as (1 + 1) stored, {key} {ty} default null"),
            _ => format!("id uuid primary key default gen_random_uuid(), {key} {ty}, {odd} text"),
        };
        let force = if self.rng.random_bool(0.7) {
            "force"
        } else {
            "no force"
        };
        let using = self.condition(1);
        let sql = format!(
            "create table {name} ({columns});
             alter table {name} enable row level security, {force} row level security;
             grant all on {name} to {app};"
        );
        self.tables.push(name.clone());
        if self.rng.random_bool(0.5) {
            // In a statement of its own, so that a refusal leaves the table.
            return format!("{sql}\0create policy p on {name} using ({using})");
        }
        sql
    }

    fn policy(&mut self) -> String {
        let (name, table, role) = (self.name(), self.table(), self.role());
        let command = ["all", "select", "insert", "update", "delete"];
        let command = command.choose(self.rng).copied().unwrap_or("all");
        let kind = if self.rng.random_bool(0.3) {
            "restrictive"
        } else {
            "permissive"
        };
        let (using, check) = (self.condition(3), self.condition(2));
        let clauses = match command {
            "insert" => format!("with check ({check})"),
            "select" | "delete" => format!("using ({using})"),
            _ => format!("using ({using}) with check ({check})"),
        };
        if self.rng.random_bool(0.1) {
            // As deep, or as long, as the server lets it.
            let many = self.rng.random_range(10..2000);
            let key = &self.key;
            let long = vec![format!("{key} is null"); many].join(" or ");
            let deep = format!("{} true {}", "not (".repeat(many / 2), ")".repeat(many / 2));
            let sum = vec!["1"; many].join(" + ");
            return format!(
                "create policy {name} on {table} using (({long}) or ({deep}) or {sum} = 1)"
            );
        }
        format!("create policy {name} on {table} as {kind} for {command} to {role} {clauses}")
    }

    fn view(&mut self) -> String {
        let name = format!("public.{}", self.name());
        let (one, other, app) = (self.table(), self.table(), self.app.clone());
        let using = self.condition(1);
        let options = [
            "",
            " with (security_barrier)",
            " with (security_invoker)",
            " with (security_invoker, security_barrier, check_option = local)",
        ];
        let options = options.choose(self.rng).copied().unwrap_or_default();
        self.tables.push(name.clone());
        let make = match self.rng.random_range(0..6) {
            0 => format!("create materialized view {name} as select * from {one}"),
            1 => format!(
                "create recursive view {name} (n) as select 1 union all select n + 1 from {name} where n < 5"
            ),
            2 => format!(
                "create or replace view {other} as select * from {one}; create or replace view {one} as select * from {other}"
            ),
            3 => format!(
                "create view {name}{options} as select a.*, b as whole from {one} a full join {other} b on {using}"
            ),
            _ => format!("create view {name}{options} as select * from {one} where {using}"),
        };
        format!("{make}\0grant all on {name} to {app}")
    }

    fn function(&mut self) -> String {
        let name = format!("public.{}", self.name());
        let table = self.table();
        let body = BODIES.choose(self.rng).copied().unwrap_or_default();
        let mut body = self.fill(body, &table);
        if self.rng.random_bool(0.3) {
            let other = self.functions.choose(self.rng).cloned();
            body = format!(
                "select {0}(n) union select {0}(n)",
                other.unwrap_or_else(|| name.clone())
            );
        }
        self.functions.push(name.clone());
        let language = ["sql", "plpgsql", "sql", "internal", "c"];
        let language = language.choose(self.rng).copied().unwrap_or("sql");
        let rights = if self.rng.random_bool(0.7) {
            "security definer"
        } else {
            ""
        };
        let volatility = ["immutable", "stable", "volatile leakproof"];
        let volatility = volatility.choose(self.rng).copied().unwrap_or("stable");
        let returns = ["bigint", "boolean", "setof record", "trigger", "void"];
        let returns = returns.choose(self.rng).copied().unwrap_or("bigint");
        let body = if language == "c" {
            "no such library', 'no such symbol".to_owned()
        } else {
            body.replace('\'', "''")
        };
        format!(
            "create or replace function {name}(n int default 1) returns {returns} language {language} {volatility} {rights} as '{body}'"
        )
    }

    fn grants(&mut self) -> String {
        let (table, role, other) = (self.table(), self.role(), self.role());
        match self.rng.random_range(0..6) {
            0 => format!("grant select (id), update (id) on {table} to {role}"),
            1 => format!("alter table {table} owner to {role}"),
            2 => format!("revoke all on {table} from public, {role}"),
            3 => format!("alter default privileges for role {other} grant all on tables to {role}"),
            4 => format!(
                "grant create on schema public to {role}; create schema authorization {role}"
            ),
            _ => format!(
                "grant truncate, references, trigger on {table} to {role} with grant option"
            ),
        }
    }

    fn columns(&mut self) -> String {
        let (table, key, name) = (self.table(), self.key.clone(), self.name());
        match self.rng.random_range(0..4) {
            0 => format!("alter table {table} drop column {key} cascade"),
            1 => format!(
                "alter table {table} drop column id cascade; alter table {table} add id uuid"
            ),
            2 => format!("alter table {table} rename column {key} to {name}"),
            _ => {
                format!("alter table {table} add {key} uuid default current_setting('app.t')::uuid")
            }
        }
    }

    fn roles(&mut self) -> String {
        let (role, name) = (self.role(), self.name());
        self.roles.push(name.clone());
        let attributes = [
            "login",
            "noinherit bypassrls",
            "superuser",
            "createrole replication",
        ];
        let attributes = attributes.choose(self.rng).copied().unwrap_or_default();
        let mut sql = format!(
            "create role {name} {attributes}\0grant {name} to {role}\0grant {role} to {name}"
        );
        if self.rng.random_bool(0.3) {
            let deep = self.rng.random_range(5..60);
            for level in 0..deep {
                let (one, next) = (format!("deep{level}"), format!("deep{}", level + 1));
                sql += &format!("\0create role {next}; create role {one}\0grant {next} to {one}");
            }
            sql += &format!("\0grant deep0 to {}", self.app);
        }
        sql
    }

    fn types(&mut self) -> String {
        let name = self.name();
        [
            "create domain d1 as uuid; create domain d2 as d1 not null; create domain d3 as d2 check (value is not null)",
            "create type comp as (a int, b uuid); create type empty as ()",
            "create type mood as enum ('', 'a''b', E'new\\nline'); create type span as range (subtype = uuid)",
            "create type shell",
            "create extension citext schema public",
        ]
        .choose(self.rng)
        .map(|sql| format!("{sql}\0create domain public.{name} as d3[]"))
        .unwrap_or_default()
    }

    fn children(&mut self) -> String {
        let (parent, name, other) = (self.table(), self.name(), self.table());
        let (key, app) = (self.key.clone(), self.app.clone());
        let top = self.name();
        self.tables.push(format!("public.{name}"));
        match self.rng.random_range(0..3) {
            0 => format!("create table public.{name} () inherits ({parent}, {other}); grant all on public.{name} to {app}"),
            1 => format!("create table public.{name} (like {parent} including all)"),
            _ => format!(
                "create table public.{top} (id int, {key} uuid) partition by list (id);
                 create table public.{name} partition of public.{top} default partition by range ({key});
                 create table public.leaf partition of public.{name} default;
                 grant all on public.{top}, public.{name}, public.leaf to {app}"
            ),
        }
    }

    fn constraint(&mut self) -> String {
        let (table, other, key) = (self.table(), self.table(), self.key.clone());
        let using = self.condition(1);
        match self.rng.random_range(0..6) {
            0 => format!(
                "alter table {table} add foreign key (id) references {other} on delete cascade"
            ),
            1 => format!(
                "create unique index on {table} (lower({key}::text), id) where {key} is not null"
            ),
            2 => format!("alter table {table} add exclude using btree (({key}::text) with =)"),
            3 => format!("alter table {table} add check ({using}) not valid"),
            4 => format!(
                "alter table {table} add foreign key ({key}) references {table} (id) not valid"
            ),
            _ => format!("create index on {table} ({key}) include (id)"),
        }
    }

    fn attached(&mut self) -> String {
        let (table, other, name) = (self.table(), self.table(), self.name());
        let functions = self.functions.clone();
        let function = self.of(&functions);
        match self.rng.random_range(0..5) {
            0 => format!(
                "create trigger {name} before insert on {table} for each row execute function {function}(1)"
            ),
            1 => format!(
                "create rule {name} as on delete to {table} do instead (delete from {other}; select 1)"
            ),
            2 => format!("create rule {name} as on insert to {table} do also notify x"),
            3 => format!("create statistics public.{name} on id, xmin from {table}"),
            _ => format!("create publication {name} for table {table}"),
        }
    }

    fn rest(&mut self) -> String {
        let (name, app, table) = (self.name(), self.app.clone(), self.table());
        match self.rng.random_range(0..6) {
            0 => format!(
                "create foreign data wrapper {name}; create server {name} foreign data wrapper {name}; create foreign table public.{name} (id int, {} uuid) server {name}; grant all on public.{name} to {app}",
                self.key
            ),
            1 => format!(
                "create sequence public.{name} owned by {table}.id; grant all on sequence public.{name} to {app}"
            ),
            2 => format!(
                "alter role {app} set app.t = 'x'; alter role {app} set search_path = '', \"$user\", {name}"
            ),
            3 => "select lo_create(0); alter role all set app.t to ''".to_owned(),
            4 => format!(
                "comment on table {table} is E'\\n''\"'; security label on table {table} is 'x'"
            ),
            _ => format!(
                "create schema {name}; create table {name}.{name} ({} uuid); grant usage on schema {name} to {app}",
                self.key
            ),
        }
    }
}
