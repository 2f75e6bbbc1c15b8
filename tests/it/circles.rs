//! Functions that call one another in more ways than can be followed: an audit ends, with a verdict.

use crate::support::Db;

/// Functions `name_0` to `name_19` that each call three quarters of them, and what one does besides.
fn web(name: &str, does: &str) -> String {
    format!(
        "do $$ declare called text; begin
             for i in 0..19 loop
                 select string_agg(format('{name}_%s(p)', j), ' or ') into called
                 from generate_series(0, 19) j where (i + j) % 4 <> 0;
                 execute format('create function public.{name}_%s(p uuid) returns boolean {does}', i, called);
             end loop;
         end $$;"
    )
}

#[test]
fn everybody_who_calls_everybody_is_judged() {
    let db = Db::new();
    db.isolated_shop();
    let body = "language sql security definer as
        ''select exists (select from public.orders where organization_id = p) and (%s)''";
    let plpgsql = "language plpgsql security definer as
        ''begin if %s then return true; end if; return false; end''";
    let policy = "language sql stable as ''select p is null or (%s)''";
    let webs = [
        web("shows", body),
        web("asks", plpgsql),
        web("allows", policy),
    ]
    .concat();
    db.sql(&format!(
        "set check_function_bodies = off; {webs}
         create policy in_circles on public.orders for select using (allows_0(organization_id))"
    ));
    let run = db
        .tenantctl(["audit", "--format", "json"])
        .run()
        .expect_code(1);
    let report = run.json();
    let found = report["findings"].as_array().unwrap();
    for nth in 0..20 {
        let object = format!("public.shows_{nth}(uuid)");
        assert!(
            found.iter().any(|found| found["object"] == *object),
            "{object}"
        );
    }
    let coverage = report["coverage"].as_array().unwrap();
    let orders = coverage
        .iter()
        .find(|row| row["object"] == "public.orders" && row["operation"] == "select")
        .unwrap();
    assert_ne!(orders["verdict"], "leaking", "{orders}");
}
