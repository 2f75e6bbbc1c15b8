//! Documents that cannot rot: their command lines parse, their links lead somewhere, and what
//! contributors are told to run is what CI runs.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// Everything that people are given to read, with its path.
fn documents() -> Vec<(String, String)> {
    let mut paths: Vec<String> = [
        "README.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "checks/README.md",
    ]
    .map(str::to_owned)
    .to_vec();
    for entry in fs::read_dir(root().join("docs")).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if Path::new(&name).extension().is_some_and(|end| end == "md") {
            paths.push(format!("docs/{name}"));
        }
    }
    let read = paths.into_iter().map(|path| (path.clone(), read(&path)));
    read.collect()
}

/// The lines in code blocks of these languages.
fn code<'a>(text: &'a str, languages: &[&str]) -> Vec<&'a str> {
    let (mut inside, mut wanted, mut lines) = (false, false, Vec::new());
    for line in text.lines() {
        if let Some(language) = line.trim_start().strip_prefix("```") {
            inside = !inside;
            wanted = inside && languages.contains(&language.trim());
        } else if wanted {
            lines.push(line);
        }
    }
    lines
}

/// The command lines of tenantctl in a document: in blocks of shell and YAML, and between backticks.
fn command_lines(text: &str) -> BTreeSet<String> {
    let blocks = code(text, &["sh", "yaml", "console"]).into_iter();
    let blocks = blocks.map(|line| {
        let line = line.trim().trim_start_matches("- ");
        let line = line.strip_prefix("run: ").unwrap_or(line);
        line.strip_prefix("$ ").unwrap_or(line)
    });
    // Every second piece of a line is between backticks.
    let spans = text
        .lines()
        .filter(|line| !line.starts_with("```"))
        .flat_map(|line| line.split('`').skip(1).step_by(2));
    blocks
        .chain(spans)
        .map(|line| line.replace("cargo run --release -- ", "tenantctl "))
        .map(|line| line.replace("--check ID", "--check rls-not-forced"))
        .filter(|line| line.starts_with("tenantctl "))
        .collect()
}

/// Splits as a shell would, as far as documents need it.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote, mut some) = (vec![], String::new(), None, false);
    for c in line.chars() {
        match (quote, c) {
            (None, '|' | '#' | '>') => break,
            (None, '\'' | '"') => (quote, some) = (Some(c), true),
            (None, ' ') if some => words.push(std::mem::take(&mut word)),
            (None, ' ') => {}
            (Some(open), c) if c == open => quote = None,
            (_, c) => word.push(c),
        }
        some = quote.is_some() || !word.is_empty() || (some && c != ' ');
    }
    if some {
        words.push(word);
    }
    words
}

#[test]
fn every_command_line_in_a_document_parses() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for (path, text) in documents() {
        for line in command_lines(&text) {
            let words = words(&line);
            seen += 1;
            let parsed = tenantctl::cli::command().try_get_matches_from(&words);
            if let Err(why) = parsed {
                wrong.push(format!("{path}: {line}\n{why}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 5, "only {seen} command lines were found");
}

#[test]
fn every_link_leads_to_a_file() {
    for (path, text) in documents() {
        let folder = root().join(&path);
        let folder = folder.parent().unwrap();
        for link in text.split("](").skip(1) {
            let (target, _) = link.split_once(')').unwrap();
            let (target, _) = target.split_once('#').unwrap_or((target, ""));
            if target.is_empty() || target.starts_with("https://") {
                continue;
            }
            assert!(folder.join(target).exists(), "{path}: {target}");
        }
    }
}

#[test]
fn contributors_run_what_ci_runs() {
    let script = read(".ci/run");
    let script: Vec<&str> = script.lines().collect();
    let told = read("CONTRIBUTING.md");
    let told = code(&told, &["sh"]);
    assert!(told.len() >= 3, "{told:?}");
    for line in &told {
        assert!(script.contains(line), ".ci/run does not run: {line}");
    }
    let readme = read("README.md");
    let commands = code(&readme, &["sh"]);
    assert_eq!(commands[0], "cargo run --release -- demo");
    assert_eq!(commands[1], *script.last().unwrap(), "the README's second");
}

#[test]
fn words_are_split_as_a_shell_does() {
    assert_eq!(words("a --b 'c d' \"e\" | f # g"), ["a", "--b", "c d", "e"]);
    assert_eq!(words("a '' b"), ["a", "", "b"]);
}

#[test]
fn exit_codes_are_the_same_in_every_text() {
    use tenantctl::exit::Code;
    let help = tenantctl::cli::command().render_long_help().to_string();
    let page = read("docs/exit-codes.md");
    for code in [
        Code::Done,
        Code::Findings,
        Code::Usage,
        Code::Failed,
        Code::Unproven,
        Code::Interrupted,
        Code::Terminated,
    ] {
        let number = code.number();
        assert!(page.contains(&format!("\n| {number} | ")), "{number}");
        assert!(help.contains(&number.to_string()), "{number}");
    }
}
