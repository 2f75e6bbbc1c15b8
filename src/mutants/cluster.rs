//! Roles, memberships and settings of a server as statements for another one. No passwords.

use super::derive::BOOTSTRAP;
use crate::catalog::{Membership, Oid, Role, Snapshot};
use crate::session::quote;

/// Settings that are lists of names, kept quoted in the catalog: quoting the whole would make one
/// name of them. `GUC_LIST_QUOTE`.
const LISTS: [&str; 3] = ["search_path", "temp_tablespaces", "unix_socket_directories"];

/// The role that initdb made there; the copy's is renamed to it.
pub(super) fn bootstrap(snapshot: &Snapshot) -> &str {
    snapshot
        .roles
        .get(&BOOTSTRAP)
        .map_or(crate::sandbox::SUPERUSER, |role| &role.name)
}

/// Everybody but the first superuser and PostgreSQL's own, then who is a member of what, then what
/// is set for whom. Each statement by itself: one that is refused leaves the others standing.
pub(super) fn statements(snapshot: &Snapshot) -> Vec<String> {
    let mut sql: Vec<String> = snapshot
        .roles
        .values()
        .filter(|role| role.oid != BOOTSTRAP && !role.name.starts_with("pg_"))
        .map(create)
        .collect();
    sql.extend(
        snapshot
            .memberships
            .iter()
            .filter(|known| !is_predefined(snapshot, known.member))
            .map(|known| grant(snapshot, known)),
    );
    // What is set for all databases first: what is set for this one wins over it.
    for of_role in snapshot.role_settings.iter().filter(|of| of.role != 0) {
        let role = quote::ident(snapshot.role_name(of_role.role));
        sql.extend(settings(&format!("alter role {role}"), &of_role.settings));
    }
    let all = |of: &&crate::catalog::RoleSetting| of.role == 0 && of.database == 0;
    for of_all in snapshot.role_settings.iter().filter(all) {
        sql.extend(settings("alter role all", &of_all.settings));
    }
    sql
}

/// What belongs to a database and not to what is in it: its owner, its access list, its settings.
pub(super) fn database(snapshot: &Snapshot, name: &str) -> Vec<String> {
    let server = &snapshot.server;
    let name = quote::ident(name);
    let role = |oid: Oid| match oid {
        0 => "public".to_owned(),
        oid => quote::ident(snapshot.role_name(oid)),
    };
    let mut sql = vec![format!(
        "alter database {name} owner to {}",
        role(server.database_owner)
    )];
    if let Some(acl) = &server.database_acl {
        sql.push(format!("revoke all on database {name} from public"));
        sql.extend(acl.iter().map(|item| {
            let option = if item.grantable {
                " with grant option"
            } else {
                ""
            };
            format!(
                "grant {} on database {name} to {}{option}",
                item.privilege.word(),
                role(item.grantee)
            )
        }));
    }
    let own = |of: &&crate::catalog::RoleSetting| of.role == 0 && of.database != 0;
    for of_database in snapshot.role_settings.iter().filter(own) {
        sql.extend(settings(
            &format!("alter database {name}"),
            &of_database.settings,
        ));
    }
    sql
}

fn is_predefined(snapshot: &Snapshot, role: Oid) -> bool {
    snapshot.role_name(role).starts_with("pg_")
}

/// Without a limit on connections: several of us work at once.
fn create(role: &Role) -> String {
    let flags = [
        ("superuser", role.superuser),
        ("inherit", role.inherit),
        ("createrole", role.create_role),
        ("createdb", role.create_db),
        ("login", role.login),
        ("replication", role.replication),
        ("bypassrls", role.bypass_rls),
    ];
    let words = flags.map(|(word, on)| match on {
        true => format!(" {word}"),
        false => format!(" no{word}"),
    });
    format!("create role {}{}", quote::ident(&role.name), words.concat())
}

fn grant(snapshot: &Snapshot, known: &Membership) -> String {
    let role = |oid| quote::ident(snapshot.role_name(oid));
    let options = match (known.inherit, known.set, known.admin) {
        (Some(inherit), Some(set), admin) => {
            format!(" with admin {admin}, inherit {inherit}, set {set}")
        }
        (_, _, true) => " with admin option".to_owned(),
        (_, _, false) => String::new(),
    };
    format!(
        "grant {} to {}{options}",
        role(known.role),
        role(known.member)
    )
}

fn settings(alter: &str, settings: &[String]) -> Vec<String> {
    settings
        .iter()
        .filter_map(|setting| setting.split_once('='))
        // A library that is not there would keep everybody out.
        .filter(|(name, _)| !name.ends_with("_preload_libraries"))
        .map(|(name, value)| {
            let value = match LISTS.contains(&name) && !value.is_empty() {
                true => value.to_owned(),
                false => quote::literal(value),
            };
            format!("{alter} set {} to {value}", super::derive::setting(name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_names_stays_one() {
        let given = [
            "search_path=\"$user\", app".to_owned(),
            "app.x=it's".to_owned(),
        ];
        assert_eq!(
            settings("alter role r", &given),
            [
                "alter role r set search_path to \"$user\", app",
                "alter role r set app.x to 'it''s'"
            ]
        );
        let library = ["session_preload_libraries=x".to_owned()];
        assert!(settings("alter role r", &library).is_empty());
    }
}
