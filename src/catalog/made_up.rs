//! A small database that exists in tests only: organizations, their notes, and a bin that belongs
//! to nobody.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{
    Column, Function, Oid, Relation, RelationKind, Role, Rule, Schema, Server, Snapshot, Type,
};
use crate::settings::{
    KeyType, MissingContext, Policy, PolicyForm, Probe, Registry, Settings, Tables, Tenancy,
};

/// The schema `public`.
const PUBLIC: Oid = 1;
/// Types.
const TEXT: Oid = 11;
const VOID: Oid = 12;
/// The application's role.
pub(crate) const APP: Oid = 21;
/// Owner of everything: a superuser.
pub(crate) const OWNER: Oid = 22;

/// A database and how tenancy works in it.
pub(crate) struct World {
    pub(crate) snapshot: Snapshot,
    pub(crate) settings: Settings,
}

impl World {
    /// organizations (id, name), notes (id, organization_id, title), bin (note, line).
    pub(crate) fn new() -> Self {
        let mut world = Self {
            snapshot: snapshot(),
            settings: settings(),
        };
        world.relation("organizations", &["id", "name"], None);
        world.relation("notes", &["id", "organization_id", "title"], None);
        world.relation("bin", &["note", "line"], None);
        world
    }

    /// Adds a view.
    pub(crate) fn view(mut self, name: &str, columns: &[&str], query: &str) -> Self {
        self.relation(name, columns, Some(query));
        self
    }

    /// Adds a SECURITY DEFINER function that returns text.
    pub(crate) fn function(mut self, header: &str, language: &str, body: &str) -> Self {
        let (name, rest) = header.split_once('(').unwrap();
        let arguments = rest.trim_end_matches(')').to_owned();
        let inputs = arguments
            .split(", ")
            .filter(|a| !a.is_empty() && !a.starts_with("OUT "));
        let oid = self.next();
        let function = Function {
            oid,
            schema: PUBLIC,
            schema_name: "public".into(),
            name: name.to_owned(),
            argument_types: vec!["text"; inputs.count()].join(", "),
            arguments,
            defaults: 0,
            default_values: None,
            used_by_catalog: false,
            aggregates: Vec::new(),
            owner: OWNER,
            kind: 'f',
            language: language.to_owned(),
            security_definer: true,
            leakproof: false,
            volatility: 'v',
            config: vec!["search_path=public, pg_temp".into()],
            acl: None,
            returns: if body.contains("/* void */") {
                VOID
            } else {
                TEXT
            },
            returns_set: body.contains("next"),
            cost: 100.0,
            body: body.to_owned(),
            of_extension: false,
        };
        self.snapshot.functions.insert(oid, function);
        self
    }

    /// Adds a rule to a table.
    pub(crate) fn rule(mut self, table: &str, event: char, definition: &str) -> Self {
        let found = self
            .snapshot
            .relations
            .values_mut()
            .find(|known| known.name == table);
        found.unwrap().rules.push(Rule {
            oid: 0,
            name: "r".into(),
            event,
            refers_to: Vec::new(),
            definition: Some(definition.to_owned()),
        });
        self
    }

    fn next(&self) -> Oid {
        let all = self.snapshot.relations.len() + self.snapshot.functions.len();
        100 + Oid::try_from(all).unwrap()
    }

    fn relation(&mut self, name: &str, columns: &[&str], view: Option<&str>) {
        let oid = self.next();
        let column = |(at, name): (usize, &&str)| Column {
            number: i16::try_from(at + 1).unwrap(),
            name: (*name).to_owned(),
            type_oid: TEXT,
            type_mod: -1,
            not_null: true,
            has_default: false,
            identity: None,
            generated: false,
            acl: None,
        };
        let relation = Relation {
            oid,
            schema: PUBLIC,
            schema_name: Arc::from("public"),
            name: name.to_owned(),
            kind: if view.is_some() {
                RelationKind::View
            } else {
                RelationKind::Table
            },
            owner: OWNER,
            row_security: true,
            rewritten: false,
            force_row_security: true,
            is_partition: false,
            unlogged: false,
            security_invoker: false,
            security_barrier: false,
            check_option: None,
            options: Vec::new(),
            updatable: 0,
            of_extension: false,
            estimated_rows: -1.0,
            acl: None,
            columns: columns.iter().enumerate().map(column).collect(),
            policies: Vec::new(),
            indexes: Vec::new(),
            constraints: Vec::new(),
            triggers: Vec::new(),
            parents: Vec::new(),
            rules: Vec::new(),
            definition: view.map(str::to_owned),
            owned_by: None,
        };
        let name = ("public".to_owned(), name.to_owned());
        self.snapshot.by_name.insert(name, oid);
        self.snapshot.relations.insert(oid, relation);
    }
}

fn snapshot() -> Snapshot {
    let role = |oid, name: &str, superuser| Role {
        oid,
        name: name.to_owned(),
        superuser,
        inherit: true,
        create_role: false,
        create_db: false,
        login: true,
        replication: false,
        bypass_rls: false,
        connection_limit: -1,
    };
    let ty = |name: &str, category| Type {
        name: name.to_owned(),
        kind: 'b',
        base: 0,
        not_null: false,
        constrained: false,
        category,
        element: 0,
        labels: Vec::new(),
    };
    let public = Schema {
        oid: PUBLIC,
        name: "public".into(),
        owner: OWNER,
        acl: None,
    };
    Snapshot {
        server: Server {
            version_num: 150_000,
            version: "15.0".into(),
            database: "made_up".into(),
            database_oid: 1,
            database_owner: OWNER,
            database_acl: None,
            in_recovery: false,
            publishes: false,
            session_role: OWNER,
            today: "2026-01-01".into(),
        },
        roles: BTreeMap::from([
            (APP, role(APP, "app", false)),
            (OWNER, role(OWNER, "owner", true)),
        ]),
        memberships: Vec::new(),
        schemas: BTreeMap::from([(PUBLIC, public)]),
        relations: BTreeMap::new(),
        functions: BTreeMap::new(),
        types: HashMap::from([(TEXT, ty("text", 'S')), (VOID, ty("void", 'P'))]),
        role_settings: Vec::new(),
        default_acls: Vec::new(),
        event_triggers: Vec::new(),
        by_name: HashMap::new(),
    }
}

fn settings() -> Settings {
    Settings {
        tenancy: Tenancy {
            key: "organization_id".into(),
            key_type: KeyType::Text,
            context: "app.organization".into(),
            registry: "public.organizations".into(),
            registry_id: "id".into(),
            app_role: "app".into(),
            schemas: vec!["public".into()],
        },
        tables: Tables {
            shared: Vec::new(),
            key: BTreeMap::new(),
            via: BTreeMap::new(),
        },
        registry: Registry {
            name: None,
            slug: None,
            active: None,
        },
        policy: Policy {
            name: "p".into(),
            guard: false,
            missing_context: MissingContext::Deny,
            form: PolicyForm::Subselect,
        },
        probe: Probe { refuse: Vec::new() },
        role: crate::settings::Role {
            connection_limit: -1,
        },
        allow: Vec::new(),
    }
}
