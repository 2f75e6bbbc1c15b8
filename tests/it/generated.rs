//! Files that are made from the program's own definitions, committed, and compared here.
//!
//! `UPDATE=1 cargo test --test it generated` writes them anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use tenantctl::check::{Check, Engine};
use tenantctl::finding::Severity;
use tenantctl::probe::channel;
use tenantctl::probe::remedy::remedy;

use crate::support::{Db, World};

const UPDATE: &str = "UPDATE=1 cargo test --test it generated";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Compares a folder with what it must hold, file by file; or makes it so.
#[track_caller]
fn compare(folder: &Path, wanted: &BTreeMap<String, String>) {
    let shown = folder.strip_prefix(root()).unwrap().display().to_string();
    if std::env::var_os("UPDATE").is_some() {
        let _ = fs::remove_dir_all(folder);
        fs::create_dir_all(folder).unwrap();
        for (name, text) in wanted {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let entries = fs::read_dir(folder).map(|entries| entries.map(Result::unwrap));
    let entries = entries.unwrap_or_else(|why| panic!("{shown}: {why}; run {UPDATE}"));
    let found: BTreeMap<String, String> = entries
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read_to_string(entry.path()).unwrap())
        })
        .collect();
    let [found_names, wanted_names] = [&found, wanted].map(|of| of.keys().collect::<Vec<_>>());
    assert_eq!(found_names, wanted_names, "{shown} is stale: run {UPDATE}");
    for (name, text) in wanted {
        assert!(
            found[name] == *text,
            "{shown}/{name} is stale: run {UPDATE}"
        );
    }
}

#[test]
fn completions_are_up_to_date() {
    let world = World::new();
    let shells = [
        ("bash", "tenantctl.bash"),
        ("zsh", "_tenantctl"),
        ("fish", "tenantctl.fish"),
        ("elvish", "tenantctl.elv"),
        ("powershell", "_tenantctl.ps1"),
    ];
    let scripts = shells.map(|(shell, file)| {
        let run = world.tenantctl(["completions", shell]).run().expect_code(0);
        assert!(run.stdout.contains("completions"), "{shell}");
        assert_eq!(run.stderr, "");
        (file.to_owned(), run.stdout)
    });
    compare(&root().join("completions"), &BTreeMap::from(scripts));
}

#[test]
fn man_pages_are_up_to_date() {
    let world = World::new();
    let run = world.tenantctl(["man", "--dir", "pages"]).run();
    let run = run.expect_code(0).says(&["pages are in pages"]);
    assert_eq!(run.stdout, "");
    let pages = fs::read_dir(world.dir().join("pages")).unwrap();
    let pages: BTreeMap<String, String> = pages
        .map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let text = world.read(&format!("pages/{name}"));
            (name, text)
        })
        .collect();
    let main = world.tenantctl(["man"]).run().expect_code(0);
    assert_eq!(main.stdout, pages["tenantctl.1"]);
    assert!(pages.contains_key("tenantctl-completions.1"));
    compare(&root().join("docs/man"), &pages);
}

#[test]
fn the_list_of_checks_is_up_to_date() {
    let checks = tenantctl::check::shipped().unwrap();
    let path = root().join("docs/checks.md");
    let wanted = list(&checks);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == wanted, "docs/checks.md is stale: run {UPDATE}");
    for check in checks {
        assert!(found.contains(&format!("\n## {}\n", check.id)));
    }
}

/// Compares what stands between two markers of the README; or makes it so.
#[track_caller]
fn compare_readme(name: &str, wanted: &str) {
    let path = root().join("README.md");
    let readme = fs::read_to_string(&path).unwrap();
    let (begin, end) = (
        format!("<!-- begin {name} -->\n"),
        format!("<!-- end {name} -->\n"),
    );
    let (before, rest) = readme.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    let wanted = format!("```text\n{}\n```\n", wanted.trim_end());
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, [before, &begin, &wanted, &end, after].concat()).unwrap();
        return;
    }
    assert_eq!(found, wanted, "README.md is stale: run {UPDATE}");
}

// One test for both blocks: they are written to the same file.
#[test]
fn the_readme_shows_what_the_program_prints() {
    let help = World::new().tenantctl(["-h"]).run().expect_code(0).stdout;
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    compare_readme("commands", commands);
    let db = Db::new();
    db.shop();
    // What is known of the server's version is not what the README is about.
    let args = ["audit", "--skip", "server-known-cve"];
    let run = db.tenantctl(args).run().expect_code(1);
    let report = run.redacted(&run.stdout);
    let report = report
        .replace("db_NNNN", "shop")
        .replace("app_NNNN", "app_user");
    let (heading, rest) = report.split_once('\n').unwrap();
    let (heading, _) = heading.split_once(" (PostgreSQL ").unwrap();
    let command = args.join(" ");
    let shown = format!("$ tenantctl {command}\n{heading} (PostgreSQL 15.18)\n{rest}");
    compare_readme("audit", &shown);
}

/// `docs/checks.md`.
fn list(checks: &[Check]) -> String {
    let mut text = format!(
        "# The checks\n\n\
         <!-- Made from the headers of checks/*/check.sql: {UPDATE} -->\n\n\
         {} checks. `tenantctl checks show ID` prints one with its SQL, ready to paste into psql; `checks/<id>/`\n\
         has the fixtures that it is tested with. The severity is the usual one: a finding follows the path that it\n\
         opens, and may be worse or milder. How to add one: `checks/README.md`.\n\n\
         | check | severity | what it finds |\n|---|---|---|\n",
        checks.len()
    );
    let mut worst_first: Vec<&Check> = checks.iter().collect();
    worst_first.sort_by_key(|check| std::cmp::Reverse(check.severity));
    for check in worst_first {
        let (id, severity) = (&check.id, check.severity.word());
        writeln!(text, "| [{id}](#{id}) | {severity} | {} |", check.title).unwrap();
    }
    for check in checks {
        section(&mut text, check);
    }
    channels(&mut text);
    text
}

/// What the probe tries, and what its findings are called.
fn channels(text: &mut String) {
    text.push_str(
        "\n# What the probe tries\n\n\
         A finding of the probe names its channel, has the statements that repeat it, and is explained by\n\
         `tenantctl checks show ID` as well.\n\n\
         | channel | severity | what comes through |\n|---|---|---|\n",
    );
    for channel in channel::all() {
        let (id, severity) = (channel.id, channel.severity.word());
        writeln!(text, "| [{id}](#{id}) | {severity} | {} |", channel.title).unwrap();
    }
    for channel in channel::all() {
        let (id, severity) = (channel.id, channel.severity.word());
        let class = channel.class.word();
        writeln!(text, "\n## {id}\n\n**{}**\n", channel.title).unwrap();
        writeln!(text, "Usually {severity} · class {class}\n").unwrap();
        writeln!(text, "Tried: {}\n\nWhy: {}", channel.tries, channel.why).unwrap();
        let remedy = remedy(id).unwrap();
        writeln!(
            text,
            "\nIn psql: `{}`\n\nTo mend it: {}",
            remedy.see, remedy.mend
        )
        .unwrap();
    }
}

fn section(text: &mut String, check: &Check) {
    let decided = match check.engine {
        Engine::Sql => "by its own query",
        Engine::Paths => "by the access paths; its query is the evidence",
        Engine::Predicate => "by the proof of the policies; its query is the evidence",
        Engine::Server => "by the server's version",
    };
    let class = serde_json::to_value(check.class).unwrap();
    let (id, title, severity) = (&check.id, &check.title, Severity::word(check.severity));
    let class = class.as_str().unwrap();
    writeln!(text, "\n## {id}\n\n**{title}**\n").unwrap();
    writeln!(
        text,
        "Usually {severity} · class {class} · decided {decided}\n"
    )
    .unwrap();
    writeln!(text, "{}", check.why).unwrap();
    if let Some(mend) = &check.mend {
        writeln!(text, "\nTo mend it: {mend}").unwrap();
    }
    if let Some(no_path) = &check.no_path {
        writeln!(text, "\nWithout a path from the login: {no_path}").unwrap();
    }
    if let Some(source) = &check.source {
        let source = match source.strip_prefix("https://") {
            Some(_) => format!("<{source}>"),
            None => source.clone(),
        };
        writeln!(text, "\nSource: {source}").unwrap();
    }
}
