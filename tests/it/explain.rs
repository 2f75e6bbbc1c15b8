//! `audit --explain`: what people read about one object, its JSON, and what it does to the exit code.
#![allow(
    clippy::too_many_lines,
    reason = "a snapshot is as long as what it shows"
)]

use crate::support::{Db, Outcome};

/// An isolated shop with some doors left open.
fn leaky() -> Db {
    let db = Db::new();
    db.isolated_shop();
    let (app, staff) = (db.role("app"), db.role("staff"));
    let (night, office) = (db.role("night"), db.role("office"));
    db.sql(&format!(
        "create role {staff}; create role {night} bypassrls; create role {office};
         grant {staff}, {night} to {app};
         revoke all on public.orders from {app};
         delete from public.orders where total = 20;
         grant select, insert, delete on public.orders to {staff};
         grant update (total) on public.orders to {app};
         drop policy orders_org_guard on public.orders;
         alter table public.orders add is_public boolean not null default false;
         create policy shared on public.orders for select using (is_public);
         create policy late on public.orders for delete to {staff} using (true);
         create policy back_office on public.orders to {office} using (true);
         create policy small on public.orders as restrictive for insert with check (total < 100);
         create view public.report as select id, organization_id from public.orders;
         create function public.everything() returns setof public.orders language sql
             security definer set search_path = pg_catalog, pg_temp as 'select * from public.orders';
         grant select on public.report to {staff};"
    ));
    db
}

fn explain(db: &Db, object: &str, more: &[&str]) -> Outcome {
    db.tenantctl(["audit", "--explain", object].iter().chain(more))
        .run()
}

/// What was printed, without what differs between versions: how a view's query reads, and what mends
/// a view.
fn shown(run: &Outcome) -> String {
    let text = run.text();
    let differs = |line: &&str| {
        line.contains("its query:") || (line.contains("fix:") && line.contains("public.report"))
    };
    let kept = text.lines().filter(|line| !differs(line));
    kept.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_table_is_explained_to_its_last_policy() {
    let db = leaky();
    let run = explain(&db, "orders", &[]).expect_code(1);
    insta::assert_snapshot!(shown(&run), @r#"
    exit 1
    --- stdout
    audit of database db_NNNN as app_NNNN (PostgreSQL [VERSION])

    public.orders  table
        a tenant table: organization_id names the organization
        owned by postgres
        row-level security is enabled and forced
        its policies bind app_NNNN
        indexes on organization_id: orders_organization_id_idx begins with it

    privileges
        SELECT, INSERT, DELETE  granted to staff_NNNN  (member of staff_NNNN)
        UPDATE (total)  granted to app_NNNN

    paths
        app_NNNN → member of staff_NNNN → SELECT, INSERT, UPDATE, DELETE on public.orders
            leaking  as app_NNNN, bound: select leaking, insert proved, update proved, delete leaking
        app_NNNN → member of staff_NNNN → SELECT on public.report → as its owner postgres → public.orders
            leaking  as postgres, not bound: postgres is a superuser, whom no policy binds
        app_NNNN → EXECUTE on public.everything() → as its owner postgres → public.orders
            leaking  as postgres, not bound: any row passes with the context at another organization

    select  rows that SELECT returns  leaking
        rows pass with the context at another organization when orders.is_public is true
        leaking  a session with app.current_organization_id = '0000000a-0000-4000-8000-000000000000'
                 and a row with organization_id = '0000000b-0000-4000-8000-000000000000', orders.is_public is true
        let through by shared
        see:  BEGIN; SELECT set_config('app.current_organization_id', (SELECT id::text FROM public.organizations LIMIT 1), true); SELECT set_config('tenantctl.other', (SELECT id::text FROM public.organizations WHERE id::text IS DISTINCT FROM current_setting('app.current_organization_id', true) LIMIT 1), true); INSERT INTO public.orders (organization_id, is_public) VALUES (nullif(current_setting('tenantctl.other'), '')::uuid, true); SET LOCAL ROLE app_NNNN; SELECT organization_id, count(*) FROM public.orders GROUP BY organization_id; ROLLBACK;  -- rows of more than one organization
        not asked  back_office (permissive): it is TO office_NNNN, whose privileges app_NNNN has not
        not asked  late (permissive): it is FOR DELETE
        asked      orders_org_isolation (permissive)
        asked      shared (permissive)
        not asked  small (restrictive): it is FOR INSERT
        effective predicate
            (   (organization_id = ( SELECT (NULLIF(current_setting('app.current_organization_id'::text, true), ''::text))::uuid AS "nullif"))  -- orders_org_isolation
             OR is_public  -- shared
            )

    insert  rows that INSERT adds  proved
        every permissive policy that applies implies organization_id = context
        not asked  back_office (permissive): it is TO office_NNNN, whose privileges app_NNNN has not
        not asked  late (permissive): it is FOR DELETE
        asked      orders_org_isolation (permissive)
        not asked  shared (permissive): it is FOR SELECT
        asked      small (restrictive)
        effective predicate
                (organization_id = ( SELECT (NULLIF(current_setting('app.current_organization_id'::text, true), ''::text))::uuid AS "nullif"))  -- orders_org_isolation
            AND (total < (100)::numeric)  -- small

    update  rows that UPDATE may change  proved
        every permissive policy that applies implies organization_id = context
        not asked  back_office (permissive): it is TO office_NNNN, whose privileges app_NNNN has not
        not asked  late (permissive): it is FOR DELETE
        asked      orders_org_isolation (permissive)
        not asked  shared (permissive): it is FOR SELECT
        not asked  small (restrictive): it is FOR INSERT
        effective predicate
                (organization_id = ( SELECT (NULLIF(current_setting('app.current_organization_id'::text, true), ''::text))::uuid AS "nullif"))  -- orders_org_isolation

    update  what UPDATE may make of them  proved
        every permissive policy that applies implies organization_id = context
        policies and predicate as for update

    delete  rows that DELETE may remove  leaking
        any row passes with the context at another organization
        leaking  a session with app.current_organization_id = '0000000a-0000-4000-8000-000000000000'
                 and a row with organization_id = '0000000b-0000-4000-8000-000000000000'
        let through by late
        see:  BEGIN; SELECT set_config('app.current_organization_id', (SELECT id::text FROM public.organizations LIMIT 1), true); SET LOCAL ROLE app_NNNN; EXPLAIN (COSTS OFF) DELETE FROM public.orders; ROLLBACK;  -- the filter is all that holds it back
        not asked  back_office (permissive): it is TO office_NNNN, whose privileges app_NNNN has not
        asked      late (permissive)
        asked      orders_org_isolation (permissive)
        not asked  shared (permissive): it is FOR SELECT
        not asked  small (restrictive): it is FOR INSERT
        effective predicate
            (   true  -- late
             OR (organization_id = ( SELECT (NULLIF(current_setting('app.current_organization_id'::text, true), ''::text))::uuid AS "nullif"))  -- orders_org_isolation
            )

    critical  public.everything()  definer-bypasses-rls
        public.everything() is SECURITY DEFINER and shows rows of public.orders as postgres, whoever's they are: any row passes with the context at another organization
        path: app_NNNN → EXECUTE on public.everything() → as its owner postgres → public.orders
        see:  BEGIN; SELECT set_config('app.current_organization_id', (SELECT id::text FROM public.organizations LIMIT 1), true); SET LOCAL ROLE app_NNNN; SELECT * FROM public.everything(); ROLLBACK;  -- give it another organization's values
        fix:  REVOKE EXECUTE ON FUNCTION public.everything() FROM PUBLIC, app_NNNN;  -- or filter by the context inside

    critical  public.orders  policy-always-true
        policy late on public.orders lets rows of another organization be deleted (a blind DELETE reads no column, so SELECT policies do not apply): any row passes with the context at another organization
        path: app_NNNN → member of staff_NNNN → DELETE on public.orders → policy late on public.orders
        see:  BEGIN; SELECT set_config('app.current_organization_id', (SELECT id::text FROM public.organizations LIMIT 1), true); SET LOCAL ROLE app_NNNN; EXPLAIN (COSTS OFF) DELETE FROM public.orders; ROLLBACK;  -- the filter is all that holds it back
        fix:  DROP POLICY late ON public.orders;  -- then: tenantctl apply

    critical  public.report  view-bypasses-rls
        view public.report reads public.orders as postgres, and postgres is a superuser, whom no policy binds: every organization's rows can be read
        path: app_NNNN → SELECT on public.report → as its owner postgres → public.orders
        see:  BEGIN; SELECT set_config('app.current_organization_id', (SELECT id::text FROM public.organizations LIMIT 1), true); SET LOCAL ROLE app_NNNN; SELECT organization_id, count(*) FROM public.report GROUP BY organization_id; ROLLBACK;  -- rows of more than one organization

    high  public.orders  policy-not-tenant
        policy shared on public.orders shows rows of another organization: rows pass with the context at another organization when orders.is_public is true
        path: app_NNNN → member of staff_NNNN → SELECT on public.orders → policy shared on public.orders
        see:  BEGIN; SELECT set_config('app.current_organization_id', (SELECT id::text FROM public.organizations LIMIT 1), true); SET LOCAL ROLE app_NNNN; SELECT organization_id, count(*) FROM public.orders GROUP BY organization_id; ROLLBACK;  -- rows of more than one organization
        fix:  DROP POLICY shared ON public.orders;  -- then: tenantctl apply

    info  public.orders  policy-for-other-roles
        permissive policy back_office (to office_NNNN) of public.orders opens rows to others than the application
        path: app_NNNN → any command on public.orders → policies that are not asked: back_office
        see:  SELECT policyname, permissive, roles, cmd FROM pg_catalog.pg_policies WHERE schemaname = 'public' AND tablename = 'orders';
        fix:  -- write restrictive policies TO PUBLIC.

    note: the verdict is about public.orders, not about the database
    verdict: leaking   findings: 3 critical, 1 high, 1 info   operations: 2 leaking, 2 proved
    "#);
}

#[test]
fn what_holds_is_explained_too() {
    let db = Db::new();
    db.isolated_shop();
    let run = explain(&db, "public.orders", &[]).expect_code(0);
    insta::assert_snapshot!(shown(&run), @r#"
    exit 0
    --- stdout
    audit of database db_NNNN as app_NNNN (PostgreSQL [VERSION])

    public.orders  table
        a tenant table: organization_id names the organization
        owned by postgres
        row-level security is enabled and forced
        its policies bind app_NNNN
        indexes on organization_id: orders_organization_id_idx begins with it

    privileges
        SELECT, INSERT, UPDATE, DELETE  granted to app_NNNN

    paths
        app_NNNN → SELECT, INSERT, UPDATE, DELETE on public.orders
            proved  as app_NNNN, bound: its policies bind, and the proofs below hold

    select  rows that SELECT returns  proved
        every permissive policy that applies implies organization_id = context
        asked      orders_org_guard (restrictive)
        asked      orders_org_isolation (permissive)
        effective predicate
                (organization_id = ( SELECT (NULLIF(current_setting('app.current_organization_id'::text, true), ''::text))::uuid AS "nullif"))  -- orders_org_isolation
            AND (organization_id = ( SELECT (NULLIF(current_setting('app.current_organization_id'::text, true), ''::text))::uuid AS "nullif"))  -- orders_org_guard

    insert  rows that INSERT adds  proved
        every permissive policy that applies implies organization_id = context
        policies and predicate as for select

    update  rows that UPDATE may change  proved
        every permissive policy that applies implies organization_id = context
        policies and predicate as for select

    update  what UPDATE may make of them  proved
        every permissive policy that applies implies organization_id = context
        policies and predicate as for select

    delete  rows that DELETE may remove  proved
        every permissive policy that applies implies organization_id = context
        policies and predicate as for select

    No findings.

    note: the verdict is about public.orders, not about the database
    verdict: isolated   findings: none   operations: 4 proved
    With the context at one organization, nothing of another. Whoever can choose the context is outside of this claim.
    "#);
}

#[test]
fn a_proof_that_stops_says_where() {
    let db = Db::new();
    db.isolated_shop();
    db.sql(
        "create function public.mine(uuid) returns boolean language plpgsql stable
             as 'declare said boolean; begin
                 execute current_setting(''app.rule'') into said using $1; return said; end';
         drop policy orders_org_guard on public.orders;
         create policy by_function on public.orders using (public.mine(organization_id));",
    );
    let report = explain(&db, "orders", &["--format", "json"])
        .expect_code(4)
        .json();
    let select = &report["explain"]["commands"][0];
    assert_eq!(select["verdict"], "unproven", "{select:#}");
    let stopped = select["stopped_by"].as_str().unwrap();
    assert!(!stopped.is_empty(), "{select:#}");
    assert!(select["reason"].as_str().unwrap().ends_with(stopped));
    assert_eq!(report["verdict"], "unproven");
}

/// The counterexample is a promise: the statement shows it, although no such row is there today.
#[test]
fn the_counterexample_can_be_pasted() {
    let db = leaky();
    let report = explain(&db, "orders", &["--format", "json"])
        .expect_code(1)
        .json();
    let select = &report["explain"]["commands"][0];
    assert_eq!(select["operation"], "select", "{select:#}");
    let example = &select["counterexample"];
    assert_eq!(example["policies"][0], "shared", "{select:#}");
    let statement = example["statement"].as_str().unwrap();
    let before = db.value("select count(*) from public.orders");
    let rows = db.sql(statement);
    let shown = rows.iter().filter(|row| row.len() == 2).count();
    assert_eq!(
        shown, 2,
        "rows of both organizations by\n{statement}\n{rows:?}"
    );
    assert_eq!(db.value("select count(*) from public.orders"), before);
}

#[test]
fn views_functions_and_roles_are_explained() {
    let db = leaky();
    let lines = |object: &str| shown(&explain(&db, object, &[]).expect_code(1));
    insta::assert_snapshot!(lines("report"), @r"
    exit 1
    --- stdout
    audit of database db_NNNN as app_NNNN (PostgreSQL [VERSION])

    public.report  view
        a view, which has no policies of its own
        owned by postgres
        reads with its owner's rights
        security_barrier is off

    privileges
        SELECT  granted to staff_NNNN  (member of staff_NNNN)

    paths
        app_NNNN → member of staff_NNNN → SELECT on public.report → as its owner postgres → public.orders
            leaking  as postgres, not bound: postgres is a superuser, whom no policy binds

    critical  public.report  view-bypasses-rls
        view public.report reads public.orders as postgres, and postgres is a superuser, whom no policy binds: every organization's rows can be read
        path: app_NNNN → SELECT on public.report → as its owner postgres → public.orders
        see:  BEGIN; SELECT set_config('app.current_organization_id', (SELECT id::text FROM public.organizations LIMIT 1), true); SET LOCAL ROLE app_NNNN; SELECT organization_id, count(*) FROM public.report GROUP BY organization_id; ROLLBACK;  -- rows of more than one organization

    note: the verdict is about public.report, not about the database
    verdict: leaking   findings: 1 critical   operations: 1 leaking
    ");
    insta::assert_snapshot!(lines("everything"), @r"
    exit 1
    --- stdout
    audit of database db_NNNN as app_NNNN (PostgreSQL [VERSION])

    public.everything()  function
        SECURITY DEFINER: runs as postgres, whom no policy binds
        language sql, VOLATILE
        pins search_path=pg_catalog, pg_temp

    privileges
        EXECUTE  granted to PUBLIC by default

    paths
        app_NNNN → EXECUTE on public.everything() → as its owner postgres → public.orders
            leaking  as postgres, not bound: any row passes with the context at another organization

    critical  public.everything()  definer-bypasses-rls
        public.everything() is SECURITY DEFINER and shows rows of public.orders as postgres, whoever's they are: any row passes with the context at another organization
        path: app_NNNN → EXECUTE on public.everything() → as its owner postgres → public.orders
        see:  BEGIN; SELECT set_config('app.current_organization_id', (SELECT id::text FROM public.organizations LIMIT 1), true); SET LOCAL ROLE app_NNNN; SELECT * FROM public.everything(); ROLLBACK;  -- give it another organization's values
        fix:  REVOKE EXECUTE ON FUNCTION public.everything() FROM PUBLIC, app_NNNN;  -- or filter by the context inside

    note: the verdict is about public.everything(), not about the database
    verdict: leaking   findings: 1 critical   operations: 1 leaking
    ");
    let night = db.role("night");
    insta::assert_snapshot!(lines(&night), @r"
    exit 1
    --- stdout
    audit of database db_NNNN as app_NNNN (PostgreSQL [VERSION])

    night_NNNN  role
        BYPASSRLS
        may use no tenant table

    paths
        app_NNNN → SET ROLE night_NNNN
            leaking  as night_NNNN, not bound: no policy binds night_NNNN

    critical  night_NNNN  app-role-may-become-bypasser
        app_NNNN may become night_NNNN, which has BYPASSRLS: no policy binds it
        path: app_NNNN → SET ROLE night_NNNN
        see:  BEGIN; SET LOCAL SESSION AUTHORIZATION app_NNNN; SET LOCAL ROLE night_NNNN; SELECT current_user; ROLLBACK;
        fix:  REVOKE night_NNNN FROM app_NNNN;

    note: the verdict is about night_NNNN, not about the database
    verdict: leaking   findings: 1 critical   operations: none
    ");
}

#[test]
fn the_json_has_the_contract_and_one_key_more() {
    let db = leaky();
    let report = explain(&db, "orders", &["--format", "json"])
        .expect_code(1)
        .json();
    let mut keys: Vec<&str> = report
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    let promised = [
        "accepted",
        "command",
        "coverage",
        "explain",
        "findings",
        "notes",
        "schema_version",
        "summary",
        "target",
        "tool",
        "unfinished",
        "verdict",
    ];
    assert_eq!(keys, promised);
    let explain = &report["explain"];
    for key in [
        "object", "kind", "facts", "grants", "paths", "commands", "indexes",
    ] {
        assert!(!explain[key].is_null(), "{key}: {explain:#}");
    }
    let through = &explain["grants"][0];
    let staff = format!("member of {}", db.role("staff"));
    assert_eq!(through["through"][0], staff.as_str(), "{through}");
    assert_eq!(explain["commands"].as_array().unwrap().len(), 5);
    // Without --explain there is nothing of it.
    let plain = db.tenantctl(["audit", "--format", "json"]).run().json();
    assert!(plain.get("explain").is_none());
    for row in report["coverage"].as_array().unwrap() {
        assert_eq!(row["object"], "public.orders");
    }
}

#[test]
fn a_name_that_nothing_has_is_a_mistake() {
    let db = leaky();
    explain(&db, "public.oders", &[])
        .expect_code(2)
        .says(&["public.oders", "did you mean public.orders?"]);
    explain(&db, "zzz", &[])
        .expect_code(2)
        .says(&["there is no relation, function or role zzz"]);
    db.sql("create schema other; create table other.orders (id int)");
    explain(&db, "orders", &[])
        .expect_code(2)
        .says(&["several", "other.orders", "public.orders"]);
    explain(&db, "public.orders", &[]).expect_code(1);
    explain(&db, "orders", &["--check", "rls-not-enabled"]).expect_code(2);
}
