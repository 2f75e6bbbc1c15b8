//! Catalogs that are broken: a function is gone from under what calls it, and the server cannot print it.

use crate::support::{Db, Server};
use tenantctl::sandbox::Options;

const SCHEMA: &str = r"
create role app login;
create table registry (id uuid primary key);
create function own(uuid) returns boolean stable language sql return $1 = nullif(current_setting('app.t', true), '')::uuid;
create function gone(uuid) returns boolean stable language sql return $1 is not null;
create table sound (id int primary key, organization_id uuid not null references registry);
create table lost (id int primary key, organization_id uuid not null references registry);
create index on sound (organization_id);
create index on lost (organization_id);
create index on lost ((gone(organization_id)));
alter table registry enable row level security;
alter table sound enable row level security;
alter table lost enable row level security;
create policy p on registry to app using (own(id));
create policy p on sound to app using (own(organization_id));
create policy p on lost to app using (own(organization_id) and gone(organization_id));
create view lost_view as select * from sound where gone(organization_id);
create view sound_view with (security_invoker = true) as select * from sound;
create function lost_call(a uuid, b boolean default gone(null)) returns setof sound security definer language sql
    begin atomic select * from sound where gone(a); end;
create rule lost_rule as on update to lost where gone(old.organization_id) do also delete from sound;
grant select, insert, update, delete on sound, lost, lost_view, sound_view to app;
grant select on registry to app;
";

#[test]
fn what_the_server_cannot_print_is_unproven_and_the_rest_is_judged() {
    let server = Server::own(Options::default());
    let db = Db::on(&server);
    db.sql(SCHEMA);
    db.sql("set allow_system_table_mods = on; delete from pg_proc where proname = 'gone'");
    db.config("[tenancy]\nkey = \"organization_id\"\nregistry = \"public.registry\"\napp_role = \"app\"\ncontext = \"app.t\"\n");
    let run = db.tenantctl(["audit", "--format", "json"]).run();
    let report = run.json();
    let verdicts = |object: &str| -> Vec<(String, String)> {
        let rows = report["coverage"].as_array().unwrap().iter();
        let rows = rows.filter(|row| row["object"] == object);
        rows.map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or_default().to_owned();
            (text("verdict"), text("reason"))
        })
        .collect()
    };
    let sound = verdicts("public.sound");
    assert!(!sound.is_empty());
    assert!(
        sound.iter().all(|(verdict, _)| verdict == "proved"),
        "{sound:?}"
    );
    for object in ["public.lost", "public.lost_view"] {
        let lost = verdicts(object);
        assert!(
            lost.iter().any(|(verdict, why)| verdict == "unproven"
                && why.contains("the server cannot print this: cache lookup failed")),
            "{object}: {lost:?}"
        );
        assert!(
            lost.iter().all(|(verdict, _)| verdict != "proved"),
            "{object}: {lost:?}"
        );
    }
    let call = report["coverage"].as_array().unwrap().iter();
    let mut call = call.filter(|row| row["object"].as_str().unwrap().contains("lost_call"));
    assert!(call.any(|row| row["verdict"] != "proved"), "{report:#}");
}
