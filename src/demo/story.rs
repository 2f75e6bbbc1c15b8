//! The story, as data: what is done, in which order, and what must come of it.
//!
//! `{name}` stands for what the scenario says or what an earlier step has learned.

use crate::report::story::Excerpt;

/// A heading, and what is done below it.
pub(super) struct Step {
    pub(super) title: &'static str,
    pub(super) why: &'static str,
    pub(super) acts: &'static [Act],
}

/// One thing that is done.
pub(super) enum Act {
    /// The scenario's files are loaded into a new database.
    Load,
    /// Our own program.
    Run(Run),
    /// Statements.
    Sql(Who, &'static str, Rows),
    /// The role's password goes where libpq finds it.
    Passfile,
}

/// Our own program, with the exit code and the words without which the story has failed.
pub(super) struct Run {
    pub(super) args: &'static [&'static str],
    pub(super) exit: i32,
    pub(super) says: &'static str,
    pub(super) show: Show,
}

/// Which part of an output is shown, and what is learned from it.
#[derive(Clone, Copy)]
pub(super) enum Show {
    /// Everything.
    All,
    /// Some paragraphs.
    Some(Excerpt),
    /// A line of JSON with an organization's id, to be known by this name.
    Organization(&'static str),
    /// Of a JSON report what this check found at the view: this key, `{<check>.<key>}` afterwards.
    Finding(&'static str, &'static str),
}

/// Who runs statements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Who {
    /// The superuser.
    Admin,
    /// The application, by its own login.
    App,
}

/// What statements must return.
#[derive(Clone, Copy)]
pub(super) enum Rows {
    /// Nothing: no rows, or a refusal for want of a privilege.
    Nothing,
    /// Whatever it is.
    Any,
    /// At least one row, and this value in each.
    With(&'static str),
}

const fn run(args: &'static [&'static str], exit: i32, says: &'static str, show: Show) -> Act {
    Act::Run(Run {
        args,
        exit,
        says,
        show,
    })
}

const fn some(skip: usize, first: usize, last: usize) -> Show {
    Show::Some(Excerpt { skip, first, last })
}

const fn evidence(rows: Rows) -> Act {
    Act::Sql(Who::App, "{probe-view.evidence}", rows)
}

/// All of it, after the server was started.
pub(super) const STORY: [Step; 9] = [
    Step {
        title: "2. A system without isolation",
        why: "{about}",
        acts: &[Act::Load, Act::Sql(Who::Admin, "{look}", Rows::Any)],
    },
    Step {
        title: "3. What is open",
        why: "audit reads the catalogs, and says for every table which path leads a login of the application to \
              the rows of others. It exits with 1: a build would fail here.",
        acts: &[run(&["audit"], 1, "verdict: leaking", some(0, 2, 1))],
    },
    Step {
        title: "4. A login for the application",
        why: "No superuser, owner of nothing, and no more privileges than it needs. The password is generated and \
              goes into a file; the server only ever sees its SCRAM verifier.",
        acts: &[
            run(
                &[
                    "role",
                    "create",
                    "--revoke-public",
                    "--write-password",
                    "app.password",
                ],
                0,
                "role {app} created",
                Show::All,
            ),
            Act::Passfile,
        ],
    },
    Step {
        title: "5. Isolation",
        why: "plan prints what is missing, as SQL with its locks; apply makes it, one short transaction a table; \
              then there is nothing left to plan.",
        acts: &[
            run(
                &["plan", "--format", "sql"],
                0,
                "CREATE POLICY",
                some(1, 1, 0),
            ),
            run(&["apply", "--yes"], 0, "changes made", Show::All),
            run(&["plan", "--check"], 0, "nothing to change", Show::All),
        ],
    },
    Step {
        title: "6. Two organizations, each with rows of its own",
        why: "The rows come from the application, logged in as {app}. In every transaction it says for whom it \
              works, and sees nothing else.",
        acts: &[
            run(
                &["org", "create", "{organization_a}", "--format", "json"],
                0,
                "\"created\":true",
                Show::Organization("a"),
            ),
            run(
                &["org", "create", "{organization_b}", "--format", "json"],
                0,
                "\"created\":true",
                Show::Organization("b"),
            ),
            Act::Sql(
                Who::App,
                "begin;\nset local {context} = '{a}';\n{rows_a}\ncommit;",
                Rows::Nothing,
            ),
            Act::Sql(
                Who::App,
                "begin;\nset local {context} = '{b}';\n{rows_b}\ncommit;",
                Rows::Nothing,
            ),
            Act::Sql(
                Who::App,
                "begin; set local {context} = '{b}'; select count(*) from {table}; commit;",
                Rows::With("1"),
            ),
        ],
    },
    Step {
        title: "7. Does it hold?",
        why: "audit proves it from the policies. probe does not believe it: it logs in twice as {app}, works as the \
              two organizations, and tries to read, add, change and delete what belongs to the other. Everything \
              is rolled back.",
        acts: &[
            run(&["audit"], 0, "verdict: isolated", some(0, 2, 1)),
            run(
                &["probe", "--org", "{a}", "--org", "{b}"],
                0,
                "verdict: isolated",
                Show::All,
            ),
        ],
    },
    Step {
        title: "8. Somebody adds a report",
        why: "A harmless view, made by a migration, and therefore owned by the superuser: it reads the table as he \
              would. No policy was touched, and every row of everybody is open.",
        acts: &[
            Act::Sql(
                Who::Admin,
                "create view {view} as\n  {report};\ngrant select on {view} to {app};",
                Rows::Nothing,
            ),
            run(&["audit"], 1, "view-bypasses-rls", some(0, 2, 1)),
            run(
                &["probe", "--org", "{a}", "--org", "{b}"],
                1,
                "probe-view",
                some(0, 2, 1),
            ),
        ],
    },
    Step {
        title: "9. The proof",
        why: "The report for programs carries the statements that prove the leak. Here they are, run by the \
              application's login with the context at {organization_a}: the id in the answer is {organization_b}'s.",
        acts: &[
            run(
                &["probe", "--org", "{a}", "--org", "{b}", "--format", "json"],
                1,
                "\"verdict\": \"leaking\"",
                Show::Finding("probe-view", "evidence"),
            ),
            evidence(Rows::With("{b}")),
        ],
    },
    Step {
        title: "10. Mended",
        why: "By the fix that audit's finding carries, word for word. The same statements then find nothing, and \
              verify, which is audit and probe in one, has the last word.",
        acts: &[
            run(
                &["audit", "--format", "json"],
                1,
                "\"verdict\": \"leaking\"",
                Show::Finding("view-bypasses-rls", "fix"),
            ),
            Act::Sql(Who::Admin, "{view-bypasses-rls.fix}", Rows::Nothing),
            evidence(Rows::Nothing),
            run(
                &["verify", "--org", "{a}", "--org", "{b}"],
                0,
                "verdict: isolated",
                some(0, 0, 1),
            ),
        ],
    },
];
