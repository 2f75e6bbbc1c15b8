//! Mutants of the application's role. Roles belong to the whole server: each has its undo.

use super::objects::setting;
use super::{Ground, NAME, OfTable, Target};
use crate::mutants::kind::{self, Kind};
use crate::mutants::mutant::Mutant;
use crate::session::quote;

/// Those that are about one table and a role beside.
pub(super) const KINDS_OF_TABLES: &[OfTable] = &[group_policy];

/// A group's policy shows every row; the guard names the application's role, and so is not asked
/// after SET ROLE.
fn group_policy(t: &Target<'_>) -> Option<Mutant> {
    let schema = quote::ident(&t.relation.schema_name);
    let mut sql = vec![
        format!("create role {NAME} nologin"),
        format!("grant {NAME} to {}", t.app),
        format!("grant usage on schema {schema} to {NAME}"),
        format!("grant select on {} to {NAME}", t.name),
        format!(
            "create policy {NAME} on {} for select to {NAME} using (true)",
            t.name
        ),
    ];
    let guards = t.relation.policies.iter().filter(|p| !p.permissive);
    sql.extend(guards.map(|policy| {
        let name = quote::ident(&policy.name);
        format!("alter policy {name} on {} to {}", t.name, t.app)
    }));
    let undo = vec![format!("drop role {NAME}")];
    let mutant = Mutant::of_role(&kind::GROUP_POLICY, &t.name, (sql, undo));
    t.may.select.then_some(mutant)
}

/// What the role has once, whatever the tables are.
pub(super) fn once(ground: &Ground<'_>) -> Vec<Mutant> {
    let Some(target) = ground.first() else {
        return Vec::new();
    };
    let mut mutants = vec![role_context(ground), member_of_bypasser(&target)];
    mutants.extend(attributes(ground));
    mutants.extend(member_of_owner(&target));
    mutants.extend(read_all_data(&target));
    for (kind, role) in [
        (&kind::SERVER_FILES, "pg_read_server_files"),
        (&kind::SERVER_PROGRAMS, "pg_execute_server_program"),
    ] {
        mutants.extend(member(ground, kind, role));
    }
    mutants
}

fn of_role(ground: &Ground<'_>, kind: &'static Kind, sql: Vec<String>, undo: String) -> Mutant {
    Mutant::of_role(kind, &ground.app.name, (sql, vec![undo]))
}

fn role_context(ground: &Ground<'_>) -> Mutant {
    let (app, context) = (
        quote::ident(&ground.app.name),
        setting(&ground.tenancy.settings.tenancy.context),
    );
    let sql = format!(
        "alter role {app} set {context} = {}",
        quote::literal(&ground.organization)
    );
    let undo = format!("alter role {app} reset {context}");
    of_role(ground, &kind::ROLE_CONTEXT, vec![sql], undo)
}

fn attributes<'g>(ground: &'g Ground<'_>) -> impl Iterator<Item = Mutant> + 'g {
    let role = ground.app;
    let app = quote::ident(&role.name);
    [
        (&kind::BYPASSRLS, "bypassrls", role.bypass_rls),
        (&kind::SUPERUSER, "superuser", role.superuser),
        (&kind::REPLICATION, "replication", role.replication),
        (&kind::CREATEROLE, "createrole", role.create_role),
    ]
    .into_iter()
    .filter(|(_, _, has)| !has)
    .map(move |(kind, word, _)| {
        let sql = vec![format!("alter role {app} {word}")];
        of_role(ground, kind, sql, format!("alter role {app} no{word}"))
    })
}

/// Membership in a role that the application is not a member of yet.
fn member(ground: &Ground<'_>, kind: &'static Kind, role: &str) -> Option<Mutant> {
    let found = ground.tenancy.snapshot.role(role)?;
    let app = ground.app;
    let known = ground.tenancy.snapshot.memberships.iter();
    let already = known
        .filter(|known| known.member == app.oid)
        .any(|known| known.role == found.oid);
    let (role, name) = (quote::ident(role), quote::ident(&app.name));
    let sql = vec![format!("grant {role} to {name}")];
    (!already && found.oid != app.oid)
        .then(|| of_role(ground, kind, sql, format!("revoke {role} from {name}")))
}

fn member_of_owner(t: &Target<'_>) -> Option<Mutant> {
    let owner = t.ground.tenancy.snapshot.role_name(t.relation.owner);
    member(t.ground, &kind::MEMBER_OF_OWNER, owner)
}

fn member_of_bypasser(t: &Target<'_>) -> Mutant {
    let schema = quote::ident(&t.relation.schema_name);
    let sql = vec![
        format!("create role {NAME} nologin bypassrls"),
        format!("grant {NAME} to {}", t.app),
        format!("grant usage on schema {schema} to {NAME}"),
        format!("grant select on {} to {NAME}", t.name),
    ];
    let undo = format!("drop role {NAME}");
    of_role(t.ground, &kind::MEMBER_OF_BYPASSER, sql, undo)
}

/// The predefined role bypasses no policy; what has none, and no grant, it opens.
fn read_all_data(t: &Target<'_>) -> Option<Mutant> {
    let mut mutant = member(t.ground, &kind::READ_ALL_DATA, "pg_read_all_data")?;
    let view = t.fresh();
    mutant.sql.push(format!(
        "create materialized view {view} as select * from {}",
        t.name
    ));
    // Nobody but its owner; default privileges may have granted it.
    mutant
        .sql
        .push(format!("revoke all on {view} from public, {}", t.app));
    Some(mutant)
}
