//! What bodies show and change, over a database that exists here only.

use super::Walker;
use super::state::Account;
use crate::catalog::made_up::{APP, World};
use crate::predicate::Expr;
use crate::tenancy::Tenancy;

fn account(world: &World, name: &str) -> Account {
    let tenancy = Tenancy::resolve(&world.snapshot, &world.settings).unwrap();
    let walker = Walker::new(&tenancy);
    let mut functions = world.snapshot.functions.values();
    let function = functions.find(|function| function.name == name).unwrap();
    walker.called(function, APP)
}

/// The names of the tables whose rows a body shows, and whether all of it was understood.
fn shown(header: &str, body: &str) -> (Vec<String>, bool) {
    let world = World::new()
        .function(
            "title_of(p text)",
            "sql",
            "SELECT title FROM notes WHERE id = p",
        )
        .function(
            "give(p text, OUT t text)",
            "plpgsql",
            "BEGIN SELECT title INTO t FROM notes WHERE id = p; END",
        )
        .function(header, "plpgsql", body);
    let name = header.split('(').next().unwrap();
    let account = account(&world, name);
    let mut names: Vec<String> = Vec::new();
    for done in &account.shown {
        // Rows that only the path depends on are not shown.
        let own = done.rows.iter().map(|at| &done.arm.rows[*at]);
        let inner = done.arm.inner.iter().flat_map(|arm| &arm.rows);
        names.extend(
            own.chain(inner)
                .map(|row| world.snapshot.relations[&row.relation].name.clone()),
        );
    }
    names.sort();
    names.dedup();
    (names, account.unknown.is_empty())
}

/// Bodies that show a note.
const SHOWS: &[(&str, &str)] = &[
    (
        "f(p text)",
        "BEGIN RETURN (SELECT title FROM notes WHERE id = p); END",
    ),
    (
        "f(p text)",
        "DECLARE v text := (SELECT title FROM notes UNION SELECT title FROM notes); BEGIN RETURN v; END",
    ),
    (
        "f(p text)",
        "DECLARE v text; BEGIN v := n.title FROM notes n LEFT JOIN notes o ON o.id = n.id; RETURN v; END",
    ),
    (
        "f(p text, OUT t text)",
        "BEGIN SELECT title INTO t FROM notes WHERE id = p; END",
    ),
    (
        "f(p text)",
        "DECLARE v text; BEGIN v := give(p); RETURN v; END",
    ),
    (
        "f(p text)",
        "BEGIN RAISE NOTICE 'x' USING DETAIL = (SELECT title FROM notes); END",
    ),
    (
        "f(p text)",
        "BEGIN ASSERT p = 'x', (SELECT title FROM notes); END",
    ),
    (
        "f(p text)",
        "BEGIN RETURN NEXT (SELECT title FROM notes); END",
    ),
    (
        "f(p text)",
        "DECLARE r record; BEGIN FOR r IN SELECT title FROM notes LOOP RETURN NEXT r.title; END LOOP; END",
    ),
    (
        "f(p text)",
        "DECLARE c CURSOR (k text) FOR SELECT title FROM notes WHERE id = k; v text; BEGIN OPEN c(p); FETCH c INTO v; RETURN v; END",
    ),
    (
        "f(p text)",
        "DECLARE v text; BEGIN EXECUTE 'SELECT title FROM notes WHERE id = $1' INTO v USING p; RETURN v; END",
    ),
    (
        "f(p text)",
        "DECLARE v text; BEGIN SELECT title INTO v FROM notes; PERFORM 1/0; RETURN NULL; EXCEPTION WHEN others THEN RETURN v; END",
    ),
    (
        "f(p text)",
        "DECLARE v text; BEGIN BEGIN IF p = 'x' THEN SELECT title INTO v FROM notes; RAISE EXCEPTION 'x'; END IF; EXCEPTION WHEN others THEN NULL; END; RETURN v; END",
    ),
    (
        "f(p text)",
        "BEGIN <<b>> BEGIN EXIT b; END; RETURN (SELECT title FROM notes); END",
    ),
    (
        "f(p text)",
        "<<o>> DECLARE v text; BEGIN DECLARE v text; BEGIN SELECT title INTO o.v FROM notes; END; RETURN v; END",
    ),
    (
        "f(p text)",
        "DECLARE v text; w text; BEGIN LOOP w := v; SELECT title INTO v FROM notes; CONTINUE; END LOOP; RETURN w; END",
    ),
    (
        "f(p text)",
        "DECLARE r bin; BEGIN r.line := (SELECT title FROM notes); RETURN r.line; END",
    ),
    (
        "f(p text)",
        "BEGIN CREATE TEMP TABLE s (t text); INSERT INTO s SELECT title FROM notes; RETURN (SELECT t FROM s); END",
    ),
    (
        "f(p text)",
        "BEGIN RETURN array_to_string(ARRAY[title_of(p)], ','); END",
    ),
    (
        "f(p text)",
        "BEGIN CASE p WHEN 'x' THEN RETURN 'y'; ELSE RETURN (SELECT title FROM notes); END CASE; END",
    ),
];

#[test]
fn every_way_out_of_a_body_shows() {
    for (header, body) in SHOWS {
        assert_eq!(
            shown(header, body),
            (vec!["notes".to_owned()], true),
            "{body}"
        );
    }
}

#[test]
fn what_stays_inside_is_not_shown() {
    for body in [
        "DECLARE v text; BEGIN SELECT title INTO v FROM notes WHERE id = p; RETURN 'done'; END",
        "DECLARE v text; BEGIN SELECT title INTO v FROM notes WHERE id = p; RETURN; END",
        "DECLARE v text; BEGIN DECLARE v text; BEGIN SELECT title INTO v FROM notes; END; RETURN v; END",
        "BEGIN PERFORM title FROM notes; END",
    ] {
        assert_eq!(shown("f(p text)", body), (Vec::new(), true), "{body}");
    }
    let world = World::new().function("f()", "sql", "/* void */ SELECT title FROM notes");
    assert!(account(&world, "f").shown.is_empty());
}

#[test]
fn what_is_not_understood_is_said() {
    for body in [
        "BEGIN EXECUTE 'SELECT ' || p; END",
        "BEGIN EXECUTE 'DO ''x'''; END",
        "BEGIN RETURN (SELECT title FROM elsewhere); END",
        "BEGIN RETURN query_to_xml(p, true, true, ''); END",
        "DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE p; RETURN 'x'; END",
        "BEGIN CALL nowhere(p); END",
        "BEGIN SELECT; SELECT FROM WHERE; END",
    ] {
        assert!(!shown("f(p text)", body).1, "{body}");
    }
    let world = World::new().function("f()", "plpython3u", "return 1");
    assert!(!account(&world, "f").unknown.is_empty());
}

#[test]
fn calls_anywhere_do_what_they_do() {
    for body in [
        "BEGIN WHILE purge() = 'x' LOOP END LOOP; END",
        "BEGIN PERFORM * FROM purge(); END",
        "BEGIN PERFORM ARRAY[purge()]; END",
        "BEGIN FOR i IN 1..length(purge()) LOOP END LOOP; END",
        "BEGIN LOOP EXIT WHEN purge() = 'x'; END LOOP; END",
        "BEGIN CASE WHEN purge() = 'x' THEN NULL; ELSE NULL; END CASE; END",
    ] {
        let world = World::new()
            .function("purge()", "sql", "DELETE FROM notes RETURNING title")
            .function("f()", "plpgsql", body);
        let account = account(&world, "f");
        assert!(!account.changes.is_empty(), "{body}");
        assert_eq!(account.unknown, Vec::<String>::new(), "{body}");
    }
}

#[test]
fn found_is_of_the_last_statement() {
    let body = "DECLARE v text; BEGIN SELECT 'x' INTO v; PERFORM 1 FROM bin WHERE note = p;
        IF NOT FOUND THEN RETURN (SELECT title FROM notes); END IF; RETURN NULL; END";
    assert_eq!(shown("f(p text)", body).0, ["notes"]);
    let body = "DECLARE v text; BEGIN SELECT 'x' INTO v;
        IF NOT FOUND THEN RETURN (SELECT title FROM notes); END IF; RETURN NULL; END";
    assert_eq!(shown("f(p text)", body).0, Vec::<String>::new());
}

#[test]
fn a_field_that_was_set_is_no_longer_the_rows() {
    let body =
        "DECLARE n notes; BEGIN SELECT * INTO n FROM notes WHERE id = p; n.organization_id := 'x';
        IF n.organization_id = 'x' THEN RETURN n.title; END IF; RETURN NULL; END";
    let world = World::new().function("f(p text)", "plpgsql", body);
    for shown in account(&world, "f").shown {
        // By its id alone.
        let about = |condition: &&Expr| format!("{condition:?}").contains("organization_id");
        assert_eq!(shown.arm.conditions.iter().filter(about).count(), 0);
    }
}

#[test]
fn what_found_decides_is_decided_by_the_row() {
    let bodies = [
        "DECLARE x text; BEGIN SELECT title INTO x FROM notes WHERE id = p; IF NOT FOUND THEN RETURN 'none'; END IF; RETURN 'some'; END",
        "BEGIN PERFORM 1 FROM notes WHERE id = p; IF FOUND THEN RETURN 'some'; END IF; RETURN 'none'; END",
        "DECLARE found text; BEGIN SELECT title INTO found FROM notes WHERE id = p; RETURN coalesce(found, 'none'); END",
    ];
    for body in bodies {
        let world = World::new().function("f(p text)", "plpgsql", body);
        let shown = account(&world, "f").shown;
        let with_row = shown.iter().filter(|shown| !shown.arm.rows.is_empty());
        assert_eq!((with_row.count(), shown.len()), (1, 2), "{body}");
    }
}

#[test]
fn messages_are_not_what_a_call_returns() {
    let world = World::new()
        .function(
            "f()",
            "plpgsql",
            "BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'P0001'; END",
        )
        .function(
            "g()",
            "plpgsql",
            "BEGIN RAISE NOTICE '%', (SELECT title FROM notes); RETURN 'x'; END",
        );
    assert!(account(&world, "f").shown.is_empty());
    let said = account(&world, "g");
    assert!(said.says && said.shown.len() == 2);
}

#[test]
fn a_rule_that_selects_shows() {
    let world = World::new().rule(
        "bin",
        '3',
        "CREATE RULE r AS ON INSERT TO public.bin DO SELECT title FROM public.notes;",
    );
    let tenancy = Tenancy::resolve(&world.snapshot, &world.settings).unwrap();
    let walker = Walker::new(&tenancy);
    let bin = world.snapshot.find("public", "bin").unwrap();
    let account = walker.ruled(bin, &bin.rules[0], APP).unwrap();
    assert_eq!(account.shown.len(), 1);
}

/// Functions that each call several others: what `names` does is said by the last of them.
fn web(calls: impl Fn(usize) -> Vec<usize>, many: usize, last: &str) -> World {
    (0..many).fold(World::new(), |world, at| {
        let body = match at + 1 == many {
            true => last.to_owned(),
            false => {
                let called = calls(at).into_iter().map(|to| format!("f_{to}(p)"));
                format!("SELECT {}", called.collect::<Vec<_>>().join(" || "))
            }
        };
        world.function(&format!("f_{at}(p text)"), "sql", &body)
    })
}

/// Followed one by one, these are 8 to the power of 10 and 30 to the power of 12 ways.
#[test]
fn what_is_called_in_many_ways_is_followed_once() {
    let ladder = |last: &str| web(|at| vec![at + 1; 8], 12, last);
    let shows = account(&ladder("SELECT title FROM notes WHERE id = p"), "f_0");
    assert_eq!((shows.shown.len(), shows.unknown.len()), (12, 0));
    let changes = account(&ladder("DELETE FROM notes WHERE id = p"), "f_0");
    assert_eq!((changes.changes.len(), changes.unknown.len()), (1, 0));
    // Everybody calls everybody: what one of them does is found, and the circle is said.
    let circle = web(
        |_| (0..40).filter(|to| to % 4 != 1).collect(),
        40,
        "DELETE FROM notes WHERE id = p",
    );
    for entry in ["f_0", "f_17"] {
        let account = account(&circle, entry);
        assert!(
            account
                .unknown
                .iter()
                .any(|why| why.ends_with("calls itself"))
        );
        assert!(!account.changes.is_empty());
    }
}
