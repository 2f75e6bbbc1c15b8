//! Mutants beside a table: views, functions, new tables, privileges of schema and database.

use super::{Ground, NAME, OfTable, Target};
use crate::catalog::RelationKind;
use crate::mutants::kind;
use crate::mutants::mutant::Mutant;
use crate::session::quote;

pub(super) const KINDS: &[OfTable] = &[
    view,
    view_without_barrier,
    matview,
    function,
    function_by_argument,
    leakproof,
];

fn grant_select(t: &Target<'_>, object: &str) -> String {
    format!("grant select on {object} to {}", t.app)
}

fn view(t: &Target<'_>) -> Option<Mutant> {
    let view = t.fresh();
    let sql = vec![
        format!("create view {view} as select * from {}", t.name),
        grant_select(t, &view),
    ];
    Some(t.mutant(&kind::VIEW, sql).opening([view]))
}

fn view_without_barrier(t: &Target<'_>) -> Option<Mutant> {
    let view = t.fresh();
    let sql = vec![
        format!(
            "create view {view} as select * from {} where {}::text = {}",
            t.name,
            t.key()?,
            t.context()
        ),
        grant_select(t, &view),
    ];
    Some(t.mutant(&kind::VIEW_NO_BARRIER, sql).opening([view]))
}

fn matview(t: &Target<'_>) -> Option<Mutant> {
    let view = t.fresh();
    let sql = vec![
        format!(
            "create materialized view {view} as select * from {}",
            t.name
        ),
        grant_select(t, &view),
    ];
    Some(t.mutant(&kind::MATVIEW, sql).opening([view]))
}

/// CREATE FUNCTION in the table's schema, for everybody to call; returns rows of the table.
fn definer(t: &Target<'_>, (kind, arguments): (&'static kind::Kind, &str), body: &str) -> Mutant {
    let function = format!("{}({arguments})", t.fresh());
    let create = format!(
        "create function {function} returns setof {} language sql stable security definer \
         set search_path = pg_catalog, pg_temp as {}",
        t.name,
        quote::literal(body)
    );
    let grant = format!("grant execute on function {function} to {}", t.app);
    t.mutant(kind, vec![create, grant]).opening([function])
}

fn function(t: &Target<'_>) -> Option<Mutant> {
    let body = format!("select * from {}", t.name);
    Some(definer(t, (&kind::FUNCTION, ""), &body))
}

fn function_by_argument(t: &Target<'_>) -> Option<Mutant> {
    let body = format!("select * from {} where {}::text = $1", t.name, t.key()?);
    Some(definer(t, (&kind::FUNCTION_ARGUMENT, "text"), &body))
}

fn leakproof(t: &Target<'_>) -> Option<Mutant> {
    let function = format!("{}(text)", t.fresh());
    let body = "begin raise notice '%', $1; return true; end";
    let sql = vec![
        format!(
            "create function {function} returns boolean language plpgsql stable leakproof \
             cost 0.0001 as {}",
            quote::literal(body)
        ),
        format!("grant execute on function {function} to {}", t.app),
    ];
    t.may
        .select
        .then(|| t.mutant(&kind::LEAKPROOF, sql).opening([function]))
}

/// What a schema has once, whatever its tables are.
pub(super) fn once(ground: &Ground<'_>) -> Vec<Mutant> {
    let Some(target) = ground.first() else {
        return Vec::new();
    };
    let mut mutants = vec![
        new_table(ground),
        statistics(&target),
        default_privileges(&target),
        create(&target),
        database_context(ground),
        schema_owner(&target),
        database_owner(ground),
    ];
    mutants.extend(shared(ground));
    mutants.extend(invokers(ground, &target));
    mutants
}

fn app(ground: &Ground<'_>) -> String {
    quote::ident(&ground.app.name)
}

fn new_table(ground: &Ground<'_>) -> Mutant {
    let tenancy = &ground.tenancy.settings.tenancy;
    let registry = ground.tenancy.registry;
    let table = quote::qualified(&registry.schema_name, NAME);
    let sql = vec![
        format!(
            "create table {table} as select {} as {}, 'note'::text as note from {}",
            quote::ident(&tenancy.registry_id),
            quote::ident(&tenancy.key),
            registry.qualified()
        ),
        format!("grant select on {table} to {}", app(ground)),
    ];
    Mutant::new(&kind::NEW_TABLE, table, sql)
}

fn statistics(t: &Target<'_>) -> Mutant {
    let object = "pg_catalog.pg_statistic";
    let sql = vec![format!("analyze {}", t.name), grant_select(t, object)];
    Mutant::new(&kind::STATISTICS, object.to_owned(), sql)
}

fn default_privileges(t: &Target<'_>) -> Mutant {
    let schema = quote::ident(&t.relation.schema_name);
    let owner = quote::ident(t.ground.tenancy.snapshot.role_name(t.relation.owner));
    let sql = vec![format!(
        "alter default privileges for role {owner} in schema {schema} \
         grant select, insert, update, delete on tables to public"
    )];
    Mutant::new(&kind::DEFAULT_PRIVILEGES, schema, sql).opening([owner])
}

fn create(t: &Target<'_>) -> Mutant {
    let schema = quote::ident(&t.relation.schema_name);
    let sql = vec![format!("grant create on schema {schema} to {}", t.app)];
    Mutant::new(&kind::CREATE, schema, sql)
}

fn database_context(ground: &Ground<'_>) -> Mutant {
    let context = &ground.tenancy.settings.tenancy.context;
    let sql = vec![of_database(&format!(
        "set {} = {}",
        setting(context),
        quote::literal(&ground.organization)
    ))];
    Mutant::new(&kind::DATABASE_CONTEXT, context.clone(), sql)
}

/// A setting's name as SQL: each part quoted by itself.
pub(in crate::mutants) fn setting(name: &str) -> String {
    name.split('.')
        .map(quote::ident)
        .collect::<Vec<_>>()
        .join(".")
}

/// ALTER DATABASE of the one that runs it, whatever it is called.
fn of_database(action: &str) -> String {
    format!(
        "do $do$ begin execute pg_catalog.format('alter database %I ', \
         pg_catalog.current_database()) || {}; end $do$",
        quote::literal(action)
    )
}

fn schema_owner(t: &Target<'_>) -> Mutant {
    let schema = quote::ident(&t.relation.schema_name);
    let sql = vec![format!("alter schema {schema} owner to {}", t.app)];
    Mutant::new(&kind::SCHEMA_OWNER, schema, sql).opening([t.ground.app.name.clone()])
}

fn database_owner(ground: &Ground<'_>) -> Mutant {
    let sql = vec![of_database(&format!("owner to {}", app(ground)))];
    Mutant::new(&kind::DATABASE_OWNER, ground.app.name.clone(), sql).opening_everything()
}

fn shared(ground: &Ground<'_>) -> Option<Mutant> {
    let oid = ground.tenancy.shared.iter().next()?;
    let table = ground.tenancy.snapshot.relations.get(oid)?;
    let name = table.qualified();
    let sql = vec![format!(
        "grant insert, update, delete on {name} to {}",
        app(ground)
    )];
    (!table.row_security).then(|| Mutant::new(&kind::SHARED_WRITABLE, name, sql))
}

/// Views that run as whoever asks, over a table that is closed to him.
fn invokers(ground: &Ground<'_>, target: &Target<'_>) -> Vec<Mutant> {
    let relations = ground.tenancy.snapshot.relations.values();
    let mut views: Vec<_> = relations
        .filter(|view| view.kind == RelationKind::View && view.security_invoker)
        .filter(|view| {
            let read = view.rules.iter().flat_map(|rule| &rule.refers_to);
            let closed = |oid| ground.closed().any(|table| table.relation.oid == oid);
            read.copied().any(closed)
        })
        .collect();
    views.sort_by_key(|view| view.qualified());
    let limit = if ground.tables == 0 {
        usize::MAX
    } else {
        ground.tables
    };
    views
        .into_iter()
        .take(limit)
        .map(|view| {
            let name = view.qualified();
            let sql = vec![
                format!("alter view {name} set (security_invoker = false)"),
                format!("alter view {name} owner to {}", target.superuser()),
                grant_select(target, &name),
            ];
            Mutant::new(&kind::INVOKER_OFF, name, sql)
        })
        .collect()
}
