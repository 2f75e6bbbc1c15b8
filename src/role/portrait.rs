//! What `role show` knows of the role: attributes, memberships, privileges, the verdict.

use serde::Serialize;

use super::fitness::{Unfit, fitness};
use super::grants;
use crate::catalog::{Privilege, Relation, Role};
use crate::plan::acts_as;
use crate::session::quote::ident;
use crate::tenancy::{Reach, Tenancy};

/// A role as `role show` presents it.
#[derive(Clone, Debug, Serialize)]
pub struct Portrait {
    /// Contract version.
    pub schema_version: u8,
    /// The role.
    pub role: String,
    /// Whether it exists.
    pub exists: bool,
    /// Whether nothing speaks against it.
    pub fit: bool,
    /// LOGIN, SUPERUSER and so on, with connection limit.
    pub attributes: Vec<Fact>,
    /// Roles that it is a member of, directly.
    pub member_of: Vec<String>,
    /// Privileges by kind of table.
    pub privileges: Vec<Rights>,
    /// Why it is not fit.
    pub unfit: Vec<Reason>,
}

/// One attribute.
#[derive(Clone, Debug, Serialize)]
pub struct Fact {
    /// Name.
    pub name: &'static str,
    /// Value, in words.
    pub value: String,
}

/// One kind of table.
#[derive(Clone, Debug, Serialize)]
pub struct Rights {
    /// `tenant tables`, `registry`, `shared tables`.
    pub on: &'static str,
    /// How many there are.
    pub tables: usize,
    /// Each privilege that is held, with the number of tables.
    pub held: Vec<(String, usize)>,
}

/// One reason and its fix.
#[derive(Clone, Debug, Serialize)]
pub struct Reason {
    /// What is wrong.
    pub reason: String,
    /// What mends it.
    pub fix: String,
}

impl From<Unfit> for Reason {
    fn from(unfit: Unfit) -> Self {
        Self {
            reason: unfit.reason,
            fix: unfit.fix,
        }
    }
}

impl Portrait {
    /// Looks at the role of `[tenancy] app_role`.
    pub fn of(tenancy: &Tenancy<'_>) -> Self {
        let unfit: Vec<Reason> = fitness(tenancy).into_iter().map(Reason::from).collect();
        let mut portrait = Self {
            schema_version: 1,
            role: tenancy.settings.tenancy.app_role.clone(),
            exists: tenancy.app.is_some(),
            fit: unfit.is_empty(),
            attributes: Vec::new(),
            member_of: Vec::new(),
            privileges: Vec::new(),
            unfit,
        };
        if let Some(app) = tenancy.app {
            portrait.attributes = attributes(app);
            portrait.member_of = member_of(tenancy, app);
            portrait.privileges = privileges(tenancy, app);
        }
        portrait
    }
}

fn attributes(app: &Role) -> Vec<Fact> {
    let limit = match app.connection_limit {
        -1 => "none".to_owned(),
        limit => limit.to_string(),
    };
    let mut facts: Vec<Fact> = [
        ("login", app.login),
        ("superuser", app.superuser),
        ("bypassrls", app.bypass_rls),
        ("createdb", app.create_db),
        ("createrole", app.create_role),
        ("replication", app.replication),
        ("inherit", app.inherit),
    ]
    .into_iter()
    .map(|(name, is)| Fact {
        name,
        value: if is { "yes" } else { "no" }.to_owned(),
    })
    .collect();
    facts.push(Fact {
        name: "connection limit",
        value: limit,
    });
    facts
}

fn member_of(tenancy: &Tenancy<'_>, app: &Role) -> Vec<String> {
    let memberships = tenancy.snapshot.memberships.iter();
    let mut names: Vec<String> = memberships
        .filter(|membership| membership.member == app.oid)
        .map(|membership| ident(tenancy.snapshot.role_name(membership.role)))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn privileges(tenancy: &Tenancy<'_>, app: &Role) -> Vec<Rights> {
    let roles = acts_as(tenancy.snapshot, app.oid);
    let rights = |on: &'static str, wanted: &dyn Fn(&Relation) -> bool| {
        let tables: Vec<&Relation> = grants::tables(tenancy)
            .into_iter()
            .filter(|table| wanted(table))
            .collect();
        let held = [
            Privilege::Select,
            Privilege::Insert,
            Privilege::Update,
            Privilege::Delete,
            Privilege::Truncate,
            Privilege::References,
            Privilege::Trigger,
            Privilege::Maintain,
        ]
        .into_iter()
        .map(|what| {
            let holds = |table: &&&Relation| {
                roles.contains(&table.owner) || tenancy.snapshot.granted(table, &roles, what)
            };
            (what.word().to_owned(), tables.iter().filter(holds).count())
        })
        .filter(|(_, count)| *count > 0)
        .collect();
        Rights {
            on,
            tables: tables.len(),
            held,
        }
    };
    let reach = |table: &Relation| tenancy.tables.get(&table.oid).map(|table| table.reach);
    vec![
        rights("tenant tables", &|table| {
            reach(table).is_some_and(|reach| !matches!(reach, Reach::Registry { .. }))
        }),
        rights("registry", &|table| {
            matches!(reach(table), Some(Reach::Registry { .. }))
        }),
        rights("shared tables", &|table| reach(table).is_none()),
    ]
}
