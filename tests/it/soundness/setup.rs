//! The tables that made-up policies are put on, and those that they look at.

use super::kinds::Kind;

/// Rows of the tables under policies: every tenant with everything.
pub(super) fn tables(kind: &Kind, names: &[String], app: &str) -> String {
    let quoted: Vec<String> = kind.tenants.iter().map(|id| format!("('{id}')")).collect();
    let tenants = quoted.join(", ");
    let empty = if kind.sql == "text" { "(''), " } else { "" };
    let k = kind.sql;
    let mut sql = format!(
        "create table public.model as
         select row_number() over ()::int as id, t::{k} as tenant, o::{k} as other, s as status, f as flag
         from (values {tenants}, (null)) t (t), (values {tenants}, {empty}(null)) o (o),
              (values ('a'), ('b'), ('c'), (null)) s (s), (values (true), (false), (null)) f (f);\n"
    );
    for name in names {
        sql += &format!(
            "create table {name} (id int primary key, tenant {k}, other {k}, status text, flag bool);
             insert into {name} select * from public.model;
             alter table {name} enable row level security, force row level security;
             grant select on {name} to {app};\n"
        );
    }
    sql
}

/// Tables of links, each written in another way, and functions that look at them.
pub(super) fn links(kind: &Kind, app: &str) -> String {
    let k = kind.sql;
    let current = format!("nullif(current_setting('app.t', true), '')::{k}");
    let mut sql = String::new();
    for (name, column, grants, check) in [
        ("links", "tenant", "select", ""),
        ("open_links", "tenant", "select, insert", ""),
        ("moved_links", "tenant", "select, update (sub)", ""),
        ("noted_links", "tenant", "select, update (note)", ""),
        ("own_links", "tenant", "select, insert", "and sub = tenant"),
        ("bare_links", "org", "select, insert", "bare"),
        ("fixed_links", "org", "select", "bare"),
        ("plain_links", "tenant", "select", "bare"),
    ] {
        sql += &format!(
            "create table public.{name} ({column} {k}, sub {k}, role text, note text);
             grant {grants} on public.{name} to {app};\n"
        );
        if check != "bare" {
            sql += &format!(
                "alter table public.{name} enable row level security;
                 create policy own on public.{name} using (tenant = {current})
                     with check (tenant = {current} {check});\n"
            );
        }
    }
    sql + &format!(
        "create table public.members (org {k}, login text);
         create table public.shares (row_id int, org {k});
         create table public.open_shares (row_id int, org {k});
         grant select on public.members, public.shares to {app};
         grant select, insert on public.open_shares to {app};\n"
    ) + &functions(kind)
}

fn functions(kind: &Kind) -> String {
    let k = kind.sql;
    let current = format!("nullif(current_setting('app.t', true), '')::{k}");
    let definer = "stable security definer set search_path = pg_catalog, pg_temp";
    format!(
        "create function public.current_t() returns {k} language sql stable as $$ select {current} $$;
         create function public.current_pl() returns {k} language plpgsql stable as $$
         declare
             found text := current_setting('app.t', true);
         begin
             if found is null or found = '' then
                 return null;
             end if;
             return found::{k};
         end $$;
         create function public.same(a {k}, b {k}) returns bool language sql immutable as $$ select a = b $$;
         create function public.is_linked(who {k}) returns bool language sql {definer} as $$
             select exists (select 1 from public.links where tenant = {current} and sub = who) $$;
         create function public.is_linked_pl(who {k}) returns bool language plpgsql {definer} as $$
         declare
             found bool;
         begin
             select true into found from public.links l where l.tenant = {current} and l.sub = who;
             return coalesce(found, false);
         end $$;
         create function public.may_see(who {k}) returns bool language plpgsql {definer} as $$
         begin
             if who = {current} then
                 return true;
             elsif {current} is null then
                 raise exception 'nobody asks';
             end if;
             perform 1 from public.fixed_links l where l.org = {current} and l.sub = who;
             if not found then
                 return false;
             end if;
             return true;
         end $$;
         create function public.is_open(who {k}) returns bool language sql {definer} as $$
             select exists (select 1 from public.open_links where tenant = {current} and sub = who) $$;
         create function public.is_member(who {k}) returns bool language sql stable as $$
             select exists (select 1 from public.members m
                            where m.org = who and m.login = current_setting('app.other', true)) $$;
         create function public.any_share(share int) returns bool language sql {definer} as $$
             select exists (select 1 from public.shares s where s.row_id = share) $$;
         create function public.my_tenants() returns setof {k} language sql {definer} as $$
             select l.sub from public.links l where l.tenant = {current} $$;
         create function public.first_link() returns {k} language sql {definer} as $$
             select l.sub from public.links l where l.tenant = {current} limit 1 $$;\n"
    )
}

/// What the tables of links hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Links {
    /// What a team would write: an organization, but for one, is linked to itself.
    Sound,
    /// Nothing.
    None,
    /// Sound, but for one half of the tables, which hold nothing.
    Some(&'static str),
    /// Sound, and nobody is a member of anything.
    Memberless,
    /// Everything that the types allow.
    Anything,
    /// The same, but for one half of the tables, which hold nothing.
    AnythingBut(&'static str),
}

const LINKS: [(&str, &str); 8] = [
    ("links", "tenant"),
    ("open_links", "tenant"),
    ("moved_links", "tenant"),
    ("noted_links", "tenant"),
    ("own_links", "tenant"),
    ("bare_links", "org"),
    ("fixed_links", "org"),
    ("plain_links", "tenant"),
];

/// Fills the tables of links.
pub(super) fn fill(kind: &Kind, app: &str, links: Links) -> String {
    let k = kind.sql;
    let names: Vec<String> = LINKS
        .iter()
        .map(|(name, _)| format!("public.{name}"))
        .collect();
    let mut sql = format!(
        "truncate public.members, public.shares, public.open_shares, {};\n",
        names.join(", ")
    );
    let all: Vec<String> = kind
        .tenants
        .iter()
        .map(|id| format!("('{id}'::{k})"))
        .collect();
    let linked = all[..all.len() - 1].join(", ");
    let all = all.join(", ");
    let (pairs, logins, shares) = match links {
        Links::None => return sql,
        Links::Sound | Links::Some(_) | Links::Memberless => (
            format!("select a, a, r from (values {linked}) a (a), (values ('a'), (null)) r (r)"),
            format!("select a, btrim(a::text) from (values {all}) a (a)"),
            "select id, tenant from public.model where tenant is not null".to_owned(),
        ),
        Links::Anything | Links::AnythingBut(_) => (
            format!(
                "select a, b, r from (values {all}, (null)) a (a), (values {all}, (null)) b (b),
                             (values ('a'), (null)) r (r)"
            ),
            format!("select a, btrim(b::text) from (values {all}) a (a), (values {all}) b (b)"),
            format!("select id, a from public.model, (values {all}) a (a)"),
        ),
    };
    let filled = |column: &str| match links {
        Links::Some(half) => half == column,
        Links::AnythingBut(half) => half != column,
        _ => true,
    };
    for (name, column) in LINKS.into_iter().filter(|(_, column)| filled(column)) {
        sql += &format!("insert into public.{name} ({column}, sub, role) {pairs};\n");
    }
    if links == Links::Memberless {
        return sql;
    }
    sql + &format!(
        "insert into public.members {logins}
             union all select a, l from (values {all}) a (a), (values ('on'), ('{app}')) l (l);
         insert into public.shares {shares};\n"
    )
}

/// What a session sees of tables, job by job: the numbers of those that show something. `before` is
/// run first, and undone; an error shows nothing.
pub(super) const SHOWN: &str = "
create function public.shown(jobs json) returns text language plpgsql as $$
declare
    job json;
    found bool;
    numbers text := '';
begin
    for job in select * from json_array_elements(jobs) loop
        found := false;
        begin
            if job ->> 'before' is not null then
                execute job ->> 'before';
            end if;
            execute format('select exists (select from %s where %s)', job ->> 'table', job ->> 'where')
                into found;
            if job ->> 'before' is not null then
                raise exception 'undo';
            end if;
        exception when others then
            null;
        end;
        if found then
            numbers := numbers || ' ' || (job ->> 'number');
        end if;
    end loop;
    return numbers;
end $$;";
