//! `demo`: the story comes out in every scenario, on every version, and leaves nothing behind.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{
    Invocation, Outcome, SIGINT, SIGTERM, Session, World, for_each_version, server,
};

const SCENARIOS: [&str; 3] = ["education", "strategy", "cms"];

fn demo(world: &World, args: &[&str]) -> Invocation {
    let major = server().major().to_string();
    let demo = world.tenantctl(["demo", "--pg-version", &major]);
    demo.args(args)
}

/// The folder of the server, as the story names it.
fn folder(story: &str) -> PathBuf {
    let line = story.lines().find_map(|line| line.strip_prefix("$ cd "));
    let home = PathBuf::from(line.expect("the story says where it happens"));
    home.parent().unwrap().to_path_buf()
}

#[track_caller]
fn left_nothing(folder: &Path) {
    assert!(!folder.exists(), "{} is still there", folder.display());
    // A server knows its folder: it is on its command line.
    let name = folder.file_name().unwrap().to_string_lossy().into_owned();
    let alive = Command::new("ps").args(["-eo", "args"]).output().unwrap();
    let alive = String::from_utf8_lossy(&alive.stdout).into_owned();
    assert!(!alive.contains(&name), "a process of {name} is still there");
}

#[track_caller]
fn told_to_the_end(run: &Outcome) {
    let story = &run.stdout;
    assert!(story.contains("\n10. Mended\n"), "{story}");
    let last = story.lines().last().unwrap();
    assert!(last.starts_with("verdict: isolated   "), "{last}");
    assert!(!story.contains("attacked with SET ROLE"), "{story}");
    // What the probe printed when it held: every row of its table, in every column.
    let probed = story.split("7. Does it hold?").nth(1).unwrap();
    let probed = probed.split("$ tenantctl probe").nth(1).unwrap();
    let rows: Vec<&str> = probed
        .lines()
        .take_while(|line| !line.contains("verdict:"))
        .filter(|line| line.starts_with("   public."))
        .collect();
    assert!(rows.len() >= 7, "{probed}");
    for row in rows {
        let words: Vec<&str> = row.split_whitespace().skip(1).collect();
        // A sequence is only read.
        let read = words == ["held", "-", "-", "-"];
        assert!(
            words == ["held"; 4] || (read && row.contains("_seq")),
            "{row}"
        );
    }
}

/// The lines of a story without what differs from run to run or from server to server.
fn lasting(story: &str) -> Vec<String> {
    let ids = story.split("{\"id\":\"").skip(1);
    let ids: Vec<&str> = ids.filter_map(|rest| rest.split('"').next()).collect();
    let mut story = story.to_owned();
    if let [a, b] = ids[..] {
        // The README's, and as long, so that lines break where they broke there.
        story = story
            .replace(a, "58bfafe5-0540-4ea8-837f-0d736ab523cc")
            .replace(b, "8ebde7ae-dad2-48d5-90d3-ea318dc82776");
    }
    let stable = |line: &str| {
        let line = line.split(" (PostgreSQL ").next().unwrap();
        // Which low findings there are depends on the server's version.
        line.split("   findings: ")
            .next()
            .unwrap()
            .trim_end()
            .to_owned()
    };
    story.lines().map(stable).collect()
}

/// The README's recording is trimmed, but every line of it is printed, in that order.
#[track_caller]
fn as_in_the_readme(run: &Outcome) {
    if server().major() < 15 {
        // Its views are mended in another way.
        return;
    }
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(readme).unwrap();
    let recording = readme.split("<!-- begin demo -->").nth(1).unwrap();
    let recording = recording.split("```").nth(1).unwrap();
    let recording: Vec<String> = lasting(recording).split_off(2);
    let story = lasting(&run.stdout);
    let mut rest = story.iter();
    let mut seen = 0;
    for line in recording.iter().filter(|line| *line != "[…]") {
        assert!(rest.any(|told| told == line), "README.md is stale: {line}");
        seen += 1;
    }
    assert!(seen > 40, "the recording has only {seen} lines");
}

#[test]
fn every_scenario_ends_with_a_clean_verdict() {
    for scenario in SCENARIOS {
        let world = World::new();
        let run = demo(&world, &["--scenario", scenario]).run().expect_code(0);
        assert_eq!(run.stderr, "");
        told_to_the_end(&run);
        if scenario == "education" {
            as_in_the_readme(&run);
        }
        assert_eq!(
            run.stdout.matches("(exit code 1)").count(),
            5,
            "{}",
            run.stdout
        );
        assert!(
            !run.stdout.contains('\u{1b}'),
            "colours where nobody sees them"
        );
        left_nothing(&folder(&run.stdout));
        // The template of a server is kept for the next one, in the user's own cache folder; as root
        // it lies elsewhere.
        let left: Vec<_> = fs::read_dir(world.dir())
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .filter(|name| name != ".cache")
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn the_story_is_the_same_on_every_version() {
    for_each_version(|server| {
        let world = World::new();
        let version = server.major().to_string();
        let demo = world.tenantctl(["demo", "--pg-version", &version]);
        let run = demo.run().expect_code(0);
        told_to_the_end(&run);
        assert!(run.stdout.contains(&format!("PostgreSQL {version}.")));
    });
}

/// What is asked of the database that a kept demo leaves.
#[track_caller]
fn ask(world: &World, folder: &Path, database: &str, args: &[&str]) -> Value {
    let home = folder.join("demo");
    let config = home.join("tenantctl.toml");
    world
        .tenantctl(args)
        .args(["--format", "json", "--config", &config.to_string_lossy()])
        .env("PGHOST", &folder.join("socket").to_string_lossy())
        .env("PGUSER", "postgres")
        .env("PGDATABASE", database)
        .env("PGPASSFILE", &home.join(".pgpass").to_string_lossy())
        .run()
        .expect_code(0)
        .json()
}

#[test]
fn what_is_kept_is_isolated_and_can_be_stopped() {
    for scenario in SCENARIOS {
        let world = World::new();
        let run = demo(&world, &["--keep", "--scenario", scenario]);
        let run = run.run().expect_code(0);
        let folder = folder(&run.stdout);
        let password = fs::read_to_string(folder.join("demo/app.password")).unwrap();
        assert!(
            !run.stdout.contains(password.trim()),
            "the password is shown"
        );
        let log = fs::read_to_string(folder.join("log")).unwrap();
        assert!(!log.contains(password.trim()), "the password is logged");

        let audit = ask(&world, &folder, scenario, &["audit"]);
        for severity in ["critical", "high", "medium"] {
            assert_eq!(audit["summary"][severity], 0, "{scenario}: {severity}");
        }
        let probe = ask(&world, &folder, scenario, &["probe"]);
        let rows = probe["coverage"].as_array().unwrap();
        assert!(rows.len() >= 28, "{scenario}: {} rows", rows.len());
        for row in rows {
            assert_eq!(row["verdict"], "held", "{scenario}: {row}");
        }

        let stop = run
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix("$ kill "));
        let stop = format!("kill {}", stop.expect("the story says how to stop it"));
        assert!(
            Command::new("sh")
                .args(["-c", &stop])
                .status()
                .unwrap()
                .success()
        );
        left_nothing(&folder);
    }
}

#[test]
fn without_a_server_it_says_what_to_install() {
    let world = World::new();
    let none = ["demo", "--offline", "--pg-version", "97"];
    let run = world.tenantctl(none).run().expect_code(3);
    let run = run.says(&[
        "found no PostgreSQL 97 server programs\n",
        "--offline forbids fetching one\n",
        "\n    Debian, Ubuntu  apt-get install postgresql\n",
    ]);
    assert!(!run.stdout.contains("2. "), "{}", run.stdout);
    // A folder that was named and holds none is a mistake on the command line.
    let empty = world.dir().to_string_lossy().into_owned();
    let named = ["demo", "--offline", "--pg-bin", &empty];
    let run = world.tenantctl(named).run().expect_code(2);
    run.says(&["there is no postgres in "]);
}

#[test]
fn it_takes_no_database_of_somebody_else() {
    let world = World::new();
    let args = ["demo", "--database-url", "postgresql://localhost/shop"];
    let run = world.tenantctl(args).run().expect_code(2);
    assert_eq!(run.says(&["leave --database-url out"]).stdout, "");
}

#[test]
fn an_interrupt_takes_the_server_along() {
    // Into a file, so that what was told so far can be read while it runs.
    for (args, signal, code) in [(&[][..], SIGINT, 130), (&["--keep"][..], SIGTERM, 143)] {
        for far in ["2. A system", "$ tenantctl audit", "7. Does it hold?"] {
            let world = World::new();
            let path = world.dir().join("story");
            let file = fs::File::create(&path).unwrap();
            let running = demo(&world, args).stdout(file).start();
            let deadline = Instant::now() + Duration::from_secs(60);
            while !world.read("story").contains(far) {
                assert!(Instant::now() < deadline, "never came to {far}");
                std::thread::sleep(Duration::from_millis(5));
            }
            running.signal(signal);
            running.wait().expect_code(code).says(&["interrupted"]);
            let story = world.read("story");
            assert!(!story.contains("10. Mended"), "{story}");
            left_nothing(&folder(&story));
        }
    }
}

#[test]
fn a_story_that_comes_out_differently_is_a_failure() {
    // Somebody opens a hole of his own before the story comes to its first clean verdict.
    let world = World::new();
    let path = world.dir().join("story");
    let file = fs::File::create(&path).unwrap();
    let running = demo(&world, &[]).stdout(file).start();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !world.read("story").contains("tenantctl role create") {
        assert!(Instant::now() < deadline);
        std::thread::sleep(Duration::from_millis(1));
    }
    let folder = folder(&world.read("story"));
    let socket = folder.join("socket").display().to_string();
    let url = format!("postgresql:///education?host={socket}&user=postgres");
    let saboteur = Session::open(&url).unwrap();
    saboteur.sql("create view public.everybody as select * from public.users; grant select on public.everybody to public");
    drop(saboteur);
    let run = running.wait().expect_code(3);
    run.says(&[
        "the demo failed in \"7. Does it hold?\"",
        "must exit with 0",
    ]);
    left_nothing(&folder);
}
