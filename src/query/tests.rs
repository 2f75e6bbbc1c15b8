//! The arms of queries, over a database that exists here only.

use super::{Arm, Binding, Calls, Effect, Frame, Reader};
use crate::catalog::Function;
use crate::catalog::made_up::{OWNER, World};
use crate::predicate::{Expr, parse};
use crate::tenancy::Tenancy;
use squawk_syntax::ast::AstNode;

/// No function is opened.
struct Closed;

impl Calls for Closed {
    fn rows(&self, _: &Function, _: Vec<Binding>, _: &Frame) -> Option<Vec<Arm>> {
        None
    }
}

fn effect(world: &World, text: &str) -> Effect {
    let tenancy = Tenancy::resolve(&world.snapshot, &world.settings).unwrap();
    let reader = Reader::new(&tenancy);
    let frame = Frame::new(OWNER, vec!["public".into()]);
    let statement = parse::statement(text).unwrap();
    reader.statement(statement.syntax(), &frame, &Closed)
}

/// `notes, bin if 2; limited` for each arm: its rows, how many conditions hold, and what is open.
fn arms(world: &World, text: &str) -> Vec<String> {
    let found = effect(world, text);
    assert_eq!(found.unknown, Vec::<String>::new(), "{text}");
    found.shown.iter().map(|arm| words(world, arm)).collect()
}

fn words(world: &World, arm: &Arm) -> String {
    let name = |row: &super::Row| world.snapshot.relations[&row.relation].name.clone();
    let rows: Vec<String> = arm.rows.iter().map(name).collect();
    let mut text = format!("{} if {}", rows.join(", "), arm.conditions.len());
    if arm.limited {
        text.push_str("; limited");
    }
    for inner in &arm.inner {
        text.push_str(&format!(" ({})", words(world, inner)));
    }
    text
}

fn unknown(world: &World, text: &str) -> bool {
    !effect(world, text).unknown.is_empty()
}

#[test]
fn every_kind_of_from_item_keeps_its_rows() {
    let world = World::new().view("v", &["t"], "SELECT title FROM public.notes WHERE id = '1'");
    for (text, expected) in [
        (
            "SELECT title FROM notes n WHERE n.id = '1' AND title = 'x'",
            "notes if 2",
        ),
        ("TABLE notes", "notes if 0"),
        ("SELECT t FROM v WHERE t = 'x'", "notes if 2"),
        (
            "SELECT * FROM ONLY notes TABLESAMPLE system (1)",
            "notes if 0",
        ),
        (
            "SELECT * FROM (SELECT * FROM notes) s, bin",
            "notes, bin if 0",
        ),
        (
            "SELECT * FROM bin, LATERAL (SELECT 1 FROM notes WHERE id = note) l",
            "bin, notes if 1",
        ),
        (
            "SELECT * FROM unnest((SELECT array_agg(title) FROM notes)) x",
            " if 0 (notes if 0)",
        ),
        (
            "SELECT * FROM ROWS FROM (unnest((SELECT array_agg(title) FROM notes))) x",
            " if 0 (notes if 0)",
        ),
        ("SELECT (SELECT title FROM notes)", " if 0 (notes if 0)"),
        (
            "SELECT ARRAY(SELECT title FROM notes)",
            " if 0 (notes if 0)",
        ),
        ("VALUES ((SELECT title FROM notes))", " if 0 (notes if 0)"),
        ("SELECT n FROM notes n", "notes if 0"),
    ] {
        assert_eq!(arms(&world, text), [expected], "{text}");
    }
}

#[test]
fn a_query_of_with_is_not_the_table_that_it_reads() {
    let world = World::new();
    let text = "WITH notes AS (SELECT * FROM notes WHERE id = '1') SELECT title FROM notes";
    assert_eq!(arms(&world, text), ["notes if 1"]);
    // The rows so far limit a recursive query in a way that is not followed.
    let text = "WITH RECURSIVE t AS (SELECT id FROM notes WHERE id = '1' UNION SELECT n.id FROM notes n, t) SELECT * FROM t";
    assert_eq!(arms(&world, text), ["notes if 1", "notes if 0; limited"]);
    let text = "WITH d (a) AS (DELETE FROM notes WHERE id = '1' RETURNING title) SELECT a FROM d";
    assert_eq!(arms(&world, text), ["notes if 1"]);
}

#[test]
fn what_is_not_there_is_not_nothing() {
    let world = World::new();
    assert!(unknown(&world, "SELECT * FROM elsewhere"));
    assert!(unknown(&world, "INSERT INTO elsewhere SELECT * FROM notes"));
    assert!(!unknown(&world, "SELECT relname FROM pg_class"));
}

#[test]
fn an_outer_join_has_an_arm_without_the_other_side() {
    let world = World::new();
    assert_eq!(
        arms(
            &world,
            "SELECT 1 FROM bin LEFT JOIN notes ON note = id WHERE title = 'x'"
        ),
        ["bin, notes if 2", "bin if 1"]
    );
    let found = effect(
        &world,
        "SELECT id FROM organizations RIGHT JOIN notes USING (id)",
    );
    let shown = |arm: &Arm| matches!(arm.targets[0].1, Expr::Column { .. });
    assert!(found.shown.iter().all(shown), "{:?}", found.shown);
    assert_eq!(found.shown.len(), 2);
}

#[test]
fn star_shows_merged_columns_once() {
    let world = World::new();
    let found = effect(&world, "SELECT * FROM notes JOIN organizations USING (id)");
    let names: Vec<&str> = found.shown[0]
        .targets
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names, ["id", "organization_id", "title", "name"]);
}

#[test]
fn set_operations() {
    let world = World::new();
    for (text, expected) in [
        (
            "SELECT title FROM notes UNION SELECT line FROM bin",
            vec!["notes if 0", "bin if 0"],
        ),
        (
            "SELECT title FROM notes EXCEPT SELECT line FROM bin",
            vec!["notes if 0; limited"],
        ),
        (
            "SELECT title FROM notes INTERSECT SELECT line FROM bin",
            vec!["notes if 0; limited", "bin if 0; limited"],
        ),
    ] {
        assert_eq!(arms(&world, text), expected, "{text}");
    }
    // The first side names the columns.
    let text =
        "SELECT 1 FROM (SELECT id AS k FROM notes UNION SELECT note FROM bin) s WHERE s.k = '1'";
    let found = effect(&world, text);
    for arm in &found.shown {
        let opaque = arm.conditions.iter().any(super::syntax::has_opaque);
        assert!(!opaque, "{arm:?}");
    }
}

#[test]
fn a_filter_that_limits_all_aggregates_is_a_condition() {
    let world = World::new();
    for (text, expected) in [
        (
            "SELECT count(*) FILTER (WHERE id = '1') FROM notes",
            "notes if 1",
        ),
        (
            "SELECT coalesce(max(title) FILTER (WHERE id = '1'), 'x') FROM notes",
            "notes if 1",
        ),
        (
            "SELECT count(*) FILTER (WHERE id = '1'), count(*) FROM notes",
            "notes if 0",
        ),
        (
            "SELECT title, count(*) FILTER (WHERE id = '1') FROM notes GROUP BY title",
            "notes if 0",
        ),
    ] {
        assert_eq!(arms(&world, text), [expected], "{text}");
    }
}

#[test]
fn what_is_copied_comes_from_the_rows_that_it_names() {
    let world = World::new();
    let stored = |text: &str| -> Vec<usize> {
        effect(&world, text)
            .stored
            .iter()
            .map(|stored| stored.rows.len())
            .collect()
    };
    assert_eq!(stored("INSERT INTO bin SELECT id, title FROM notes"), [1]);
    assert_eq!(
        stored("UPDATE bin SET line = title FROM notes WHERE id = note"),
        [1]
    );
    assert_eq!(
        stored("UPDATE bin SET line = (SELECT title FROM notes)"),
        [0]
    );
    assert!(stored("UPDATE bin SET line = line || 'x' FROM notes WHERE id = note").is_empty());
    assert!(stored("INSERT INTO bin VALUES ('1', 'x')").is_empty());
}

#[test]
fn setting_several_columns_at_once_sets_the_key() {
    let world = World::new();
    for text in [
        "UPDATE notes SET (organization_id, title) = ('a', 'x') WHERE id = '1'",
        "UPDATE notes SET (title, organization_id) = (SELECT line, note FROM bin)",
        "UPDATE notes SET organization_id = 'a'",
    ] {
        assert_eq!(effect(&world, text).uses.len(), 2, "{text}");
    }
    assert_eq!(effect(&world, "UPDATE notes SET title = 'x'").uses.len(), 1);
}

#[test]
fn merge_changes_what_it_says() {
    use crate::finding::Operation;
    let world = World::new();
    let done = |when: &str| -> Vec<Operation> {
        let text = format!("MERGE INTO notes n USING bin b ON n.id = b.note {when}");
        effect(&world, &text)
            .uses
            .iter()
            .map(|done| done.operation)
            .collect()
    };
    assert_eq!(done("WHEN MATCHED THEN DELETE"), [Operation::Delete]);
    assert_eq!(
        done("WHEN MATCHED THEN UPDATE SET title = 'x'"),
        [Operation::Update]
    );
    assert_eq!(
        done("WHEN NOT MATCHED THEN INSERT (id, title) VALUES (b.note, b.line)"),
        [Operation::Insert]
    );
}
