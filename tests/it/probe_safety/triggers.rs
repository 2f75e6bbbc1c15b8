//! Triggers that could reach outside of the database.

use super::{busy_shop, contents, notes, probe, said};
use crate::support::Db;

/// A shop whose orders are told to another server, or would be.
fn talkative(body: &str) -> Db {
    let db = busy_shop();
    db.sql(&format!(
        "create function public.tell() returns trigger language plpgsql as $$
             begin {body}; return new; end $$;
         create trigger tell before insert or update on public.orders
             for each row execute function public.tell()"
    ));
    db
}

#[test]
fn they_are_named_and_their_tables_not_written_to() {
    let db = talkative("if false then perform dblink_exec('host=elsewhere', 'call it()'); end if");
    let before = contents(&db);
    let run = probe(&db, &[]).run().expect_code(4);
    let insert = said(&run, "public.orders", "insert");
    for part in [
        "unproven",
        "trigger tell of public.orders",
        "dblink_exec",
        "--yes-fire-triggers",
    ] {
        assert!(insert.contains(part), "{part} is not in {insert}");
    }
    assert!(said(&run, "public.orders", "select").starts_with("held"));
    // A deleted organization takes its orders along.
    assert!(said(&run, "public.items", "insert").starts_with("held"));
    assert!(notes(&run).contains("not written to"), "{}", notes(&run));
    let run = probe(&db, &["--yes-fire-triggers"]).run().expect_code(0);
    assert!(said(&run, "public.orders", "insert").starts_with("held"));
    assert_eq!(contents(&db), before);
}

#[test]
fn what_waits_for_the_commit_matters_where_there_is_one() {
    let db = talkative("perform pg_notify('orders', new.id::text)");
    let run = probe(&db, &[]).run().expect_code(0);
    assert!(said(&run, "public.orders", "insert").starts_with("held"));
    let run = probe(&db, &["--login"]).run().expect_code(4);
    let insert = said(&run, "public.orders", "insert");
    assert!(insert.contains("pg_notify"), "{insert}");
}
