//! Made-up policies. `K` in braces is the key's type, `C` the context as a key, numbers are tenants.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

use super::kinds::Kind;

/// Stands for the table in a policy.
pub(super) const TABLE: &str = "the_table";

const CONTEXT: &str = "nullif(current_setting('app.t', true), '')::{K}";

/// Conditions on the key of any type.
const COMMON: &[&str] = &[
    "tenant = {C}",
    "tenant = (select {C})",
    "{C} = tenant",
    "tenant::text = current_setting('app.t', true)",
    "tenant <> {C}",
    "not (tenant is distinct from {C})",
    "tenant is not distinct from {C}",
    "tenant = any (array[{C}, null])",
    "tenant in ({C}, {1})",
    "tenant not in ({C}, {1})",
    "tenant <> all (array[{0}, {C}])",
    "tenant = coalesce(nullif(current_setting('app.t', true), '')::{K}, {1})",
    "other = {C}",
    "tenant = nullif(current_setting('app.other', true), '')::{K}",
    "tenant = other",
    "tenant = {1}",
    "(tenant, status) = ({C}, 'a')",
    "(tenant, other) in (({C}, {0}), ({1}, {C}))",
    "tenant between {C} and {C}",
    "tenant >= {C} and tenant <= {C}",
    "tenant > {C}",
    "tenant = any (string_to_array(current_setting('app.t', true), ',')::{K}[])",
    "tenant = any (string_to_array(current_setting('app.other', true), ',')::{K}[])",
    "tenant = greatest({C}, {C})",
    "tenant = least({C}, {0})",
    "case when flag then tenant else other end = {C}",
    "coalesce(other, tenant) = {C}",
    "nullif(tenant, other) = {C}",
    "case when status = 'a' then {C} else {1} end = tenant",
    "tenant = public.current_t()",
    "public.same(tenant, {C})",
    "public.same(other, {C})",
    "tenant = public.current_pl()",
];

/// Conditions that look at a table of links.
const LINKED: &[&str] = &[
    "tenant in (select l.sub from public.links l where l.tenant = {C})",
    "exists (select 1 from public.links l where l.tenant::text = current_setting('app.t', true) and l.sub = the_table.tenant)",
    "exists (select 1 from public.links l where l.sub = the_table.tenant)",
    "tenant in (select l.sub from public.open_links l where l.tenant = {C})",
    "tenant in (select l.sub from public.bare_links l where l.org = {C} and l.role is null)",
    "tenant in (select l.sub from public.moved_links l where l.tenant = {C})",
    "tenant in (select l.sub from public.noted_links l where l.tenant = {C})",
    "tenant in (select l.sub from public.own_links l where l.tenant = {C})",
    "tenant in (select m.org from public.members m where m.login = current_setting('app.other', true))",
    "tenant in (select m.org from public.members m where m.login = current_user)",
    "tenant in (select m.org from public.members m where m.login = current_setting('app.t', true))",
    "id in (select s.row_id from public.shares s where s.org = {C})",
    "exists (select 1 from public.shares s where s.row_id = the_table.id)",
    "exists (select 1 from public.open_shares s where s.row_id = the_table.id and s.org = {C})",
    "public.is_open(tenant) and exists (select 1 from public.open_shares s where s.row_id = the_table.id and s.org = {C})",
    "not exists (select 1 from public.fixed_links l where l.org = {C} and l.sub = the_table.tenant)",
    "(select count(*) from public.fixed_links l where l.org = {C} and l.sub = the_table.tenant) > 0",
    "(select count(*) from public.fixed_links l where l.sub = the_table.tenant) = 0",
    "(select bool_or(l.sub = the_table.tenant) from public.fixed_links l where l.org = {C})",
    "current_setting('app.t', true) = '' and not (select bool_or(l.sub = the_table.tenant) from public.fixed_links l where l.org = {C})",
    "tenant = (select l.sub from public.fixed_links l where l.org = {C} limit 1)",
    "tenant in (select l.sub from public.fixed_links l where l.org = {C} order by l.sub limit 3)",
    "tenant in (select l.sub from public.fixed_links l where l.org = {C} union select l.org from public.fixed_links l where l.sub = {C})",
    "tenant in (select distinct l.sub from public.fixed_links l join public.members m on m.org = l.sub where l.org = {C})",
    "tenant in (select m.org from public.fixed_links l left join public.members m on m.org = l.sub where l.org = {C})",
    "tenant in (select l.org from public.fixed_links l left join public.members m on m.org = l.sub and m.login = current_setting('app.t', true) where m.org is null)",
    "tenant in (select l.sub from public.fixed_links l, public.members m where m.login = current_setting('app.t', true))",
    "tenant in (select l.sub from public.fixed_links l where l.org = {C} group by l.sub having count(*) > 0)",
    "tenant = any (array(select l.sub from public.fixed_links l where l.org = {C}))",
    "tenant = any ((select array_agg(l.sub) from public.fixed_links l where l.org = {C})::{K}[])",
    "(tenant, status) in (select l.sub, l.role from public.fixed_links l where l.org = {C})",
    "exists (select 1 from public.fixed_links l where (l.org = {C} and l.sub = the_table.tenant) or (l.sub = {C} and l.org = the_table.tenant))",
    "exists (select 1 from public.fixed_links l where l.org is not distinct from {C} and l.sub = the_table.tenant)",
    "exists (select 1 from public.fixed_links l where l.org = {C} and l.org = the_table.tenant)",
    "exists (select 1 from public.fixed_links l where l.org = {C} and l.sub <> the_table.tenant)",
    "exists (select 1 from public.fixed_links l where l.org <> {C} and l.sub = the_table.tenant)",
    "status in (select l.role from public.fixed_links l where l.org = {C})",
    "exists (select 1 from public.fixed_links l where l.org = {C})",
    "exists (select count(*) from public.fixed_links l where l.org = {C} and l.sub = the_table.tenant)",
    "tenant not in (select l.sub from public.fixed_links l where l.org <> {C})",
    "coalesce((select true from public.fixed_links l where l.org = {C} and l.sub = the_table.tenant limit 1), false)",
    "not exists (select 1 from public.plain_links l where l.tenant = the_table.tenant)",
    "exists (select 1 from public.plain_links l where l.tenant = the_table.tenant and l.role = 'a')",
    "exists (select 1 from public.plain_links l where l.tenant = the_table.tenant and l.sub = {C})",
    "exists (select 1 from public.plain_links l where l.tenant = {C} and l.sub = the_table.tenant)",
    "(tenant = (select l.sub from public.plain_links l where l.tenant = {C} limit 1)) is not false",
    "public.is_linked(tenant)",
    "public.is_linked_pl(tenant)",
    "public.may_see(tenant)",
    "public.is_open(tenant)",
    "public.is_member(tenant)",
    "public.any_share(id)",
    "tenant in (select public.my_tenants())",
    "tenant = (select public.first_link())",
];

/// Conditions that name no tenant.
const ASIDE: &[&str] = &[
    "true",
    "false",
    "flag",
    "flag is not true",
    "status = 'a'",
    "status <> 'a'",
    "status in ('a', 'b')",
    "status like 'a%'",
    "coalesce(status, 'a') = 'a'",
    "(status, flag) = ('a', true)",
    "status is null",
    "tenant is null",
    "tenant is not null",
    "other is null",
    "current_setting('app.t', true) is null",
    "current_setting('app.t', true) = ''",
    "coalesce(current_setting('app.t', true), '') = ''",
    "current_setting('app.other', true) = 'on'",
    "current_user = 'nobody in particular'",
    "now() > '2020-01-01'",
];

fn leaf(rng: &mut StdRng, kind: &Kind) -> String {
    let from = match rng.random_range(0..10) {
        0..=2 => COMMON,
        3..=4 => kind.atoms,
        5..=6 => LINKED,
        _ => ASIDE,
    };
    filled(from.choose(rng).unwrap(), kind)
}

/// Every condition by itself: what a random run may miss.
pub(super) fn alone(kind: &Kind) -> Vec<String> {
    [COMMON, kind.atoms, LINKED, ASIDE]
        .into_iter()
        .flatten()
        .map(|condition| {
            let using = filled(condition, kind);
            format!("create policy p0 on {TABLE} using ({using});\n")
        })
        .collect()
}

fn filled(condition: &str, kind: &Kind) -> String {
    let context = CONTEXT.replace("{K}", kind.sql);
    let mut text = condition.replace("{C}", &context).replace("{K}", kind.sql);
    for (at, tenant) in kind.tenants.iter().enumerate() {
        text = text.replace(&format!("{{{at}}}"), &format!("'{tenant}'::{}", kind.sql));
    }
    text
}

fn condition(rng: &mut StdRng, kind: &Kind, depth: usize) -> String {
    if depth == 0 {
        return leaf(rng, kind);
    }
    let mut part = || condition(rng, kind, depth - 1);
    let (a, b, c) = (part(), part(), part());
    match rng.random_range(0..9) {
        0..=2 => format!("({a}) and ({b})"),
        3 | 4 => format!("({a}) or ({b})"),
        5 => format!("not ({a})"),
        6 => format!("case when {a} then {b} else {c} end"),
        7 => format!("({a}) is true"),
        _ => a,
    }
}

/// Policies of one table: one or two permissive ones, perhaps a restrictive one.
pub(super) fn policies(rng: &mut StdRng, kind: &Kind) -> String {
    let mut sql = String::new();
    for number in 0..rng.random_range(1..=2) {
        let depth = rng.random_range(0..=2);
        let using = condition(rng, kind, depth);
        sql += &format!("create policy p{number} on {TABLE} using ({using});\n");
    }
    if rng.random_bool(0.3) {
        let using = condition(rng, kind, 1);
        sql += &format!("create policy r on {TABLE} as restrictive using ({using});\n");
    }
    sql
}
