//! `plan` against the plain reads of the catalogs, `apply` against psql with the same statements.

use std::process::{Command, Stdio};

use crate::bench::{Bench, RUNS, median, middle, peak, ratio, time};

impl Bench {
    /// Nothing is isolated yet: everything is planned.
    pub(crate) fn plan(&self, tables: usize) {
        let database = format!("plan_{tables}");
        self.tables(&database, tables, false);
        self.sql(&database, "vacuum analyze");
        let config = self.config();
        let psql = self.floor(&database);
        let ours = median(|| time(self.tool(&database, &config).args(["plan", "--quiet"])));
        ratio(
            &format!("plan    {tables} tables"),
            ours,
            "psql, six catalogs",
            psql,
        );
        let memory = peak(self.tool(&database, &config).args(["plan", "--quiet"]));
        println!("        peak memory {} MiB", memory / 1024);
        self.sql("postgres", &format!("drop database {database}"));
    }

    /// Policies and indexes on all of them.
    pub(crate) fn apply(&self, tables: usize) {
        let config = self.config();
        let mut ours = Vec::new();
        let mut psql = Vec::new();
        for round in 0..RUNS {
            let (one, other) = (format!("apply_{round}"), format!("script_{round}"));
            self.tables(&one, tables, false);
            self.tables(&other, tables, false);
            let plan = Command::output(
                self.tool(&other, &config)
                    .args(["plan", "--format", "sql"])
                    .stdout(Stdio::piped()),
            )
            .unwrap();
            let script = self.file("plan.sql", &String::from_utf8(plan.stdout).unwrap());
            psql.push(time(
                self.psql(&other)
                    .args(["-v", "ON_ERROR_STOP=1", "-f"])
                    .arg(&script),
            ));
            ours.push(time(
                self.tool(&one, &config).args(["apply", "--yes", "--quiet"]),
            ));
            self.sql("postgres", &format!("drop database {one}"));
            self.sql("postgres", &format!("drop database {other}"));
        }
        ratio(
            &format!("apply   {tables} tables"),
            middle(ours),
            "psql, the same statements",
            middle(psql),
        );
        let database = "apply_memory";
        self.tables(database, tables, false);
        let memory = peak(
            self.tool(database, &config)
                .args(["apply", "--yes", "--quiet"]),
        );
        println!("        peak memory {} MiB", memory / 1024);
        self.sql("postgres", &format!("drop database {database}"));
    }
}
