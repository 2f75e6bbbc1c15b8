//! Statements that make a database odd: each may fail, many do, and the rest is kept.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, RngExt};

/// Names that have to be quoted, or look like something else.
const NAMES: [&str; 24] = [
    "plain",
    "Mixed Case",
    "with\"quote",
    "with'apostrophe",
    "new\nline",
    "tab\there",
    "back\\slash",
    "select",
    "user",
    "current_user",
    "täbelle_表_🐘",
    "%I %s {table} {}",
    "$1",
    "$tag$",
    "1st",
    " ",
    ".",
    "a.b",
    "--",
    "/* open",
    "e\u{301}\u{202e}\u{feff}",
    "pg_like",
    "organization_id",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

/// Conditions, `K` for the key, `C` for the context, `T` for a table.
const CONDITIONS: [&str; 30] = [
    "K = C",
    "K = (select C)",
    "K::text = current_setting('app.t', true)",
    "exists (select from T x where x = x)",
    "K in (select null::uuid)",
    "(K, 1) = (C, 1)",
    "(K, 1) > (C, 1)",
    "K = any (array[C, null])",
    "K = all (select C)",
    "tableoid > 0 and ctid is not null",
    "T is not null",
    "T::text like '%'",
    "to_jsonb(T) ->> 'id' = current_setting('app.t', true)",
    "case K when C then true else null end",
    "K operator(pg_catalog.=) C",
    "K is not distinct from C",
    "not not not (K <> C)",
    "coalesce(null, null, K = C)",
    "nullif(K = C, false)",
    "K between C and C",
    "(with w as (select C as c) select K = c from w)",
    "(select bool_or(K = c) from unnest(array[C]) u (c))",
    "exists (select from T a join T b using (id) left join lateral (select a.id) l on true where a.id = T.id)",
    "(select count(*) over () from T limit 1) > 0",
    "current_setting('app.t')::uuid = K",
    "row(K) = row(C)",
    "K::text collate \"C\" = C::text",
    "K::text similar to C::text",
    "xmin::text <> '' or grouping_is_no_column",
    "''''::text = '''' and E'\\\\' <> '\\' and $q$;$q$ <> ''",
];

/// What a function may have in it, parsed by nobody.
const BODIES: [&str; 12] = [
    "select 1",
    "select count(*) from T",
    "delete from T; select count(*) from T where K = C",
    "this is no SQL at all (",
    "select '",
    "select $$",
    "",
    ";;;",
    "select f(f(f(n))) from T, T, T",
    "with recursive r as (select 1 union all select * from r) select * from r",
    "begin execute 'select ' || n; end",
    "/* /* */ select 1 -- \u{0001}",
];

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
    app: String,
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

    /// What only a superuser who edits the catalogs can do, and what disks do by themselves.
    fn sabotage(&mut self) -> String {
        let oid = self.rng.next_u32() % 30_000;
        let picked = "(select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public' and c.relname !~ '^registry' order by md5(c.oid::text || ";
        let picked = format!("{picked}'{oid}') limit 1)");
        let function = format!(
            "(select oid from pg_proc where oid >= 16384 order by md5(oid::text || '{oid}') limit 1)"
        );
        let app = format!("'{}'", self.app.replace('\'', "''"));
        match self.rng.random_range(0..20) {
            0 => format!("delete from pg_class where oid = {picked}"),
            1 => format!("delete from pg_proc where oid = {function}"),
            2 => format!("update pg_class set relowner = {oid} where oid = {picked}"),
            3 => format!(
                "update pg_class set relacl = array[makeaclitem({oid}, {oid}, 'SELECT', true)] where oid = {picked}"
            ),
            4 => format!(
                "insert into pg_inherits (inhrelid, inhparent, inhseqno, inhdetachpending) values ({picked}, {oid}, 1, false)"
            ),
            5 => format!(
                "insert into pg_inherits (inhrelid, inhparent, inhseqno, inhdetachpending) select {picked}, {picked}, 1, false"
            ),
            6 => format!("delete from pg_rewrite where ev_class = {picked}"),
            7 => format!("delete from pg_attribute where attrelid = {picked} and attnum = 1"),
            8 => format!(
                "update pg_policy set polroles = array[{oid}]::oid[] where md5(oid::text) < '4'"
            ),
            9 => "update pg_policy set polroles = '{}' where md5(oid::text) < '2'".to_owned(),
            10 => format!(
                "update pg_attribute set atttypid = {oid} where attrelid = {picked} and attnum = 1"
            ),
            11 => format!(
                "update pg_proc set prolang = {oid}, proowner = {oid} where oid = {function}"
            ),
            12 => "delete from pg_type where typname in ('d2', 'comp')".to_owned(),
            13 => format!(
                "update pg_index set indisvalid = false, indisready = false where indrelid = {picked}"
            ),
            14 => format!("delete from pg_attrdef where adrelid = {picked}"),
            15 => format!("update pg_class set relkind = 'v' where oid = {picked}"),
            16 => format!(
                "update pg_constraint set confrelid = {oid}, conkey = '{{99}}' where conrelid = {picked}"
            ),
            17 => format!(
                "delete from pg_authid where oid >= 16384 and quote_ident(rolname) <> {app} and md5(oid::text || '{oid}') < '4'"
            ),
            18 => format!(
                "update pg_policy set polqual = null, polcmd = '?' where polrelid = {picked}"
            ),
            _ => format!(
                "update pg_rewrite set ev_type = '4', rulename = 'odd' where ev_class = {picked}"
            ),
        }
    }
}
