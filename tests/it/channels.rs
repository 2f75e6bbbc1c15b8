//! `probe`, channel by channel: schemas in which one way of attack comes through and the plainer ones
//! do not, so that each channel shows that it is needed.

use crate::probing::{contents, evidence, found, isolated, not_held, probe, reason};
use crate::support::Db;
use crate::support::shop::{A, B, PASSWORD};

/// An isolated shop whose policies on orders are replaced.
fn with_policies(sql: &str) -> Db {
    let db = isolated();
    db.sql(
        "drop policy orders_org_isolation on public.orders;
         drop policy orders_org_guard on public.orders",
    );
    db.sql(sql);
    db
}

/// What the policies of an isolated shop say, by its own setting.
const OWN: &str =
    "organization_id = nullif(current_setting('app.current_organization_id', true), '')::uuid";

/// The evidence runs as it stands and leaves nothing behind.
#[track_caller]
fn repeats(db: &Db, script: &str) -> Vec<Vec<Option<String>>> {
    let before = contents(db);
    let rows = if script.starts_with("/* as an administrator */") {
        db.sql(script)
    } else {
        db.sql_as(&db.role("app"), PASSWORD, script)
            .unwrap_or_else(|why| panic!("{}: {script}", why.code))
    };
    assert_eq!(contents(db), before, "{script}");
    rows
}

#[test]
fn a_plan_that_holds_the_context_is_found_by_cursors_and_prepared_statements() {
    let db = with_policies(
        "create function public.org() returns uuid language sql immutable
             as $$ select nullif(current_setting('app.current_organization_id', true), '')::uuid $$;
         create policy own on public.orders using (organization_id = public.org())
             with check (organization_id = public.org())",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        ["probe-cursor public.orders", "probe-prepared public.orders"]
    );
    for check in ["probe-cursor", "probe-prepared"] {
        let rows = repeats(&db, &evidence(&run, check));
        assert_eq!(rows.last().unwrap(), &[Some("1".to_owned())]);
    }
    let fix = run.json()["findings"][0]["fix"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(fix, "ALTER FUNCTION public.org() STABLE;");
    db.sql(&fix);
    probe(&db, &[], 0);
}

#[test]
fn what_a_policy_leaves_in_the_session_is_found_after_commit() {
    let db = with_policies(
        "create function public.org() returns uuid language plpgsql as $$
         declare v text := nullif(current_setting('app.current_organization_id', true), '');
         begin
             if v is null then
                 v := nullif(current_setting('app.last', true), '');
             else
                 perform set_config('app.last', v, false);
             end if;
             return v::uuid;
         end $$;
         create policy own on public.orders using (organization_id = public.org())
             with check (organization_id = public.org())",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-context-left public.orders"]);
    let script = evidence(&run, "probe-context-left");
    assert!(
        script.contains("COMMIT") || script.contains("commit"),
        "{script}"
    );
    // Once where it may be seen, and once more where it may not.
    assert_eq!(repeats(&db, &script).len(), 2);
}

#[test]
fn a_context_in_capitals_opens_what_the_id_itself_does_not() {
    let db = with_policies(&format!(
        "create policy own on public.orders using (
             current_setting('app.current_organization_id', true) ~* '^[0-9a-f-]{{36}}$'
             and ({OWN} or current_setting('app.current_organization_id', true) ~ '^[^a-z]+$'))
         with check ({OWN})"
    ));
    let run = probe(&db, &[], 1);
    assert!(
        found(&run).contains(&"probe-context-spelling public.orders".to_owned()),
        "{:?}",
        found(&run)
    );
    let script = evidence(&run, "probe-context-spelling");
    assert!(script.contains(&A.to_uppercase()), "{script}");
    assert_eq!(repeats(&db, &script), [[Some("1".into())]]);
}

#[test]
fn a_blind_delete_with_an_empty_context_is_found() {
    let db = with_policies(&format!(
        "create policy s on public.orders for select using ({OWN});
         create policy d on public.orders for delete using (organization_id = coalesce(
             nullif(current_setting('app.current_organization_id', true), '')::uuid, organization_id))"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-delete public.orders"]);
    repeats(&db, &evidence(&run, "probe-delete"));
}

#[test]
fn on_a_large_table_a_blind_delete_is_judged_from_the_policies() {
    let db = isolated();
    db.sql(&format!(
        "insert into public.orders (organization_id)
         select '{A}' from generate_series(1, 10100)"
    ));
    let run = probe(&db, &[], 0);
    let why = reason(&run, "public.orders", "delete");
    assert!(
        why.contains("judged from the policies, not executed"),
        "{why}"
    );
    db.sql(
        "drop policy orders_org_guard on public.orders;
         create policy cleanup on public.orders for delete using (true)",
    );
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-delete public.orders"]);
    let why = reason(&run, "public.orders", "delete");
    assert!(
        why.contains("judged from the policies, not executed"),
        "{why}"
    );
    repeats(&db, &evidence(&run, "probe-delete"));
}

#[test]
fn constraints_over_all_organizations_are_oracles_whatever_their_form() {
    let db = isolated();
    db.sql(&format!(
        "alter table public.orders add column number text, add column open boolean not null default false,
             add column slot int4range, add exclude using gist (slot with &&);
         create unique index orders_number on public.orders (lower(number)) where open;
         insert into public.orders (organization_id, number, open, slot)
             values ('{B}', 'No-17', true, '[10,20)')"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(
        found(&run),
        [
            "probe-exclusion public.orders",
            "probe-unique public.orders"
        ]
    );
    let app = db.role("app");
    for (check, code) in [("probe-exclusion", "23P01"), ("probe-unique", "23505")] {
        let script = evidence(&run, check);
        let refused = db.sql_as(&app, PASSWORD, &script).unwrap_err();
        assert_eq!(refused.code, code, "{script}");
    }
    // With the tenant in them they tell nothing.
    db.sql(
        "drop index public.orders_number;
         alter table public.orders drop constraint orders_slot_excl;
         create unique index on public.orders (organization_id, lower(number)) where open",
    );
    probe(&db, &[], 0);
}

#[test]
fn a_cascade_from_an_own_parent_to_another_ones_child_is_found() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "create table public.tariffs (id uuid primary key, organization_id uuid not null, name text);
         create table public.contracts (organization_id uuid not null, id int, tariff uuid not null
             references public.tariffs on delete cascade, primary key (organization_id, id));
         create index on public.tariffs (organization_id);
         alter table public.tariffs enable row level security, force row level security;
         alter table public.contracts enable row level security, force row level security;
         create policy own on public.tariffs using ({OWN});
         create policy own on public.contracts using ({OWN});
         grant select, insert, update, delete on public.tariffs to {app};
         grant select on public.contracts to {app};
         insert into public.tariffs values ('{A}', '{A}', 'x'), ('{B}', '{B}', 'y');
         insert into public.contracts values ('{A}', 1, '{A}'), ('{B}', 1, '{B}')"
    ));
    // Nobody can guess a uuid, so as long as nobody refers to it there is nothing to show.
    probe(&db, &[], 0);
    db.sql(&format!(
        "insert into public.contracts values ('{B}', 2, '{A}')"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-cascade public.contracts"]);
    let script = evidence(&run, "probe-cascade");
    let counts = repeats(&db, &script);
    assert_eq!(
        counts,
        [[Some("1".to_owned())], [Some("0".to_owned())]],
        "{script}"
    );
    assert_eq!(db.value("select count(*) from public.contracts"), "3");
}

#[test]
fn an_error_that_quotes_another_organizations_row_is_found() {
    let db = isolated();
    db.sql(&format!(
        "alter table public.orders add column note text;
         update public.orders set note = 'Layoffs in May' where organization_id = '{B}';
         create function public.busy() returns trigger language plpgsql security definer
             set search_path = pg_catalog, pg_temp as $$
         begin
             raise exception 'not now' using detail = (select 'first comes ' || note from public.orders
                 where organization_id <> new.organization_id and note is not null limit 1);
         end $$;
         create trigger busy before insert on public.orders for each row execute function public.busy()"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-error-text public.orders"]);
    let script = evidence(&run, "probe-error-text");
    assert!(!script.contains("Layoffs"), "{script}");
    let refused = db.sql_as(&db.role("app"), PASSWORD, &script).unwrap_err();
    assert_eq!(refused.code, "P0001", "{script}");
}

#[test]
fn a_view_is_written_through_and_its_check_option_closes_it() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "create view public.my_orders with (security_barrier) as
             select id, organization_id, total from public.orders where {OWN};
         grant select, insert, update, delete on public.my_orders to {app}"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-view-write public.my_orders"]);
    assert_eq!(
        not_held(&run),
        [
            "public.my_orders insert leaking",
            "public.my_orders update leaking"
        ]
    );
    let rows = repeats(&db, &evidence(&run, "probe-view-write"));
    assert_eq!(rows.len(), 2, "B has one more: {rows:?}");
    db.sql(run.json()["findings"][0]["fix"].as_str().unwrap());
    // The check looks at the new row only: with the key's column in its hands, A takes B's row over.
    let run = probe(&db, &[], 1);
    let why = reason(&run, "public.my_orders", "insert");
    assert!(why.contains("takes its row over"), "{why}");
    repeats(&db, &evidence(&run, "probe-view-write"));
    db.sql(&format!(
        "revoke update on public.my_orders from {app};
         grant update (total) on public.my_orders to {app}"
    ));
    let run = probe(&db, &[], 0);
    assert_eq!(not_held(&run), [""; 0]);
}

#[test]
fn what_instead_of_triggers_and_rules_write_is_found_below() {
    let db = isolated();
    let app = db.role("app");
    db.sql(&format!(
        "create view public.form as select id, total from public.orders where {OWN};
         create function public.save() returns trigger language plpgsql security definer
             set search_path = pg_catalog, pg_temp as $$
         begin
             update public.orders set total = new.total where id = new.id;
             return new;
         end $$;
         create trigger save instead of insert on public.form for each row execute function public.save();
         create view public.bin as select id, total from public.orders where {OWN};
         create rule empty as on delete to public.bin do instead delete from public.orders where id = old.id;
         grant select, insert on public.form to {app};
         grant select, delete on public.bin to {app}"
    ));
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-view-write public.form"]);
    assert!(!not_held(&run).contains(&"public.bin delete leaking".to_owned()));
    repeats(&db, &evidence(&run, "probe-view-write"));
    // On empty tables, too: with rows made up for it.
    db.sql("delete from public.orders");
    let run = probe(&db, &[], 1);
    assert_eq!(found(&run), ["probe-view-write public.form"]);
    assert_eq!(db.value("select count(*) from public.orders"), "0");
}
