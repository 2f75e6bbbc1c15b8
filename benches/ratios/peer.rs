//! Side by side with another tool on the same databases: `TENANTCTL_PEER_PGRLS=…/pgrls`, the linter
//! and prover from PyPI.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::bench::{Bench, median, peak, ratio, time_to};

const PEER: &str = "TENANTCTL_PEER_PGRLS";

impl Bench {
    pub(crate) fn peer(&self) {
        let Some(peer) = std::env::var_os(PEER).map(PathBuf::from) else {
            println!("peer    skipped: {PEER} does not name the program (pip install pgrls)");
            return;
        };
        for tables in [100, 10_000] {
            self.lint(&peer, tables);
        }
        self.proofs(&peer);
    }

    fn lint(&self, peer: &Path, tables: usize) {
        let database = format!("peer_{tables}");
        self.tables(&database, tables, true);
        self.sql(&database, "vacuum analyze");
        let config = self.config();
        // 1: it has something to say, which here is not the question.
        let codes = [0, 1, 4];
        let mut lint = Command::new(peer);
        lint.args(["lint", "--database-url", &self.server.url(&database)])
            .stderr(Stdio::null());
        let mut audit = self.tool(&database, &config);
        audit.arg("audit");
        let ours = median(|| time_to(&mut audit, &codes));
        let theirs = median(|| time_to(&mut lint, &codes));
        ratio(
            &format!("peer    {tables} tables"),
            ours,
            "pgrls lint",
            theirs,
        );
        let (ours, theirs) = (peak(&mut audit), peak(&mut lint));
        println!(
            "        peak memory {} MiB, {:.2} x pgrls lint ({} MiB)",
            ours / 1024,
            ours as f64 / theirs as f64,
            theirs / 1024
        );
    }

    /// The policies that `apply` writes: what each says of them.
    fn proofs(&self, peer: &Path) {
        self.tables("proofs", 20, false);
        let config = self.config();
        time_to(
            self.tool("proofs", &config)
                .args(["apply", "--yes", "--quiet"]),
            &[0],
        );
        let audit = output(
            self.tool("proofs", &config)
                .args(["audit", "--format", "json"]),
        );
        println!(
            "peer    audit: {}",
            count(&audit, &["proved", "unproven", "leaking"])
        );
        for mode in ["cross-tenant", "write"] {
            let mut verify = Command::new(peer);
            verify.args(["verify", "--mode", mode, "--format", "json"]);
            let said = output(verify.args(["--database-url", &self.server.url("proofs")]));
            let words = ["PROVEN", "UNVERIFIED", "LEAK"];
            println!(
                "peer    pgrls verify --mode {mode}: {}",
                count(&said, &words)
            );
        }
    }
}

fn output(command: &mut Command) -> String {
    let output = command.stdout(Stdio::piped()).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// How often each word is a verdict in a JSON report.
fn count(report: &str, words: &[&str]) -> String {
    let times = |word: &str| {
        let report = report.to_lowercase().replace(' ', "");
        let verdict = format!("\"verdict\":\"{}\"", word.to_lowercase());
        report.matches(&verdict).count()
    };
    let counted: Vec<String> = words
        .iter()
        .map(|word| format!("{} {word}", times(word)))
        .collect();
    counted.join(", ")
}
