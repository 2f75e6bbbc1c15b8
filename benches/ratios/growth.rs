//! How an audit grows: with tables, with roles and their memberships, with views over views.

use std::time::Duration;

use super::bench::{Bench, TOOL, middle, ms, time_to};

/// Tables of each database, made one from the other.
const SIZES: [usize; 3] = [1_000, 10_000, 50_000];
const RUNS: usize = 3;

impl Bench {
    pub(crate) fn growth(&self) {
        println!("growth  {TOOL}");
        self.views();
        self.functions();
        self.more_and_more_tables();
        self.roles();
    }

    fn timed(&self, database: &str) -> Duration {
        let config = self.config();
        let mut tool = self.tool(database, &config);
        tool.arg("audit").arg("--quiet");
        let times = (0..RUNS).map(|_| time_to(&mut tool, &[0, 1, 4]));
        middle(times.collect())
    }

    fn more_and_more_tables(&self) {
        let mut known: Option<(usize, Duration)> = None;
        for tables in SIZES {
            let database = format!("growth_{tables}");
            match known {
                None => self.tables(&database, tables, true),
                Some((before, _)) => {
                    let create = format!("create database {database} template growth_{before}");
                    self.sql("postgres", &create);
                    self.more_tables(&database, before..tables, true);
                    self.sql("postgres", &format!("drop database growth_{before}"));
                }
            }
            self.sql(&database, "vacuum analyze");
            let took = self.timed(&database);
            let linear = known.map_or(1.0, |(before, then)| {
                let factor = tables as f64 / before as f64;
                took.as_secs_f64() / then.as_secs_f64() / factor
            });
            println!(
                "growth  {tables} tables {:>28}   {linear:.2} x linear",
                ms(took)
            );
            known = Some((tables, took));
        }
        let last = SIZES[SIZES.len() - 1];
        self.sql("postgres", &format!("drop database growth_{last}"));
    }

    /// A chain of views, and a ladder in which each view reads both below it: twice as many ways with
    /// every rung.
    fn views(&self) {
        self.tables("views", 10, true);
        self.sql(
            "views",
            "create view chain_0 as select * from t0;
             create view left_0 as select * from t1;
             create view right_0 as select * from t2;
             do $$ begin
                 for i in 1..50 loop
                     execute format('create view chain_%s as select * from chain_%s', i, i - 1);
                 end loop;
                 for i in 1..25 loop
                     execute format('create view left_%s as select * from left_%s union all select * from right_%s', i, i - 1, i - 1);
                     execute format('create view right_%s as select * from right_%s union all select * from left_%s', i, i - 1, i - 1);
                 end loop;
             end $$;
             grant select on chain_50 to bench_app",
        );
        println!(
            "growth  a chain of 50 views {:>18}",
            ms(self.timed("views"))
        );
        self.sql("views", "grant select on left_25 to bench_app");
        println!(
            "growth  a ladder of 25 rungs {:>17}",
            ms(self.timed("views"))
        );
    }

    /// Functions that call each other in a circle, each as its owner.
    fn functions(&self) {
        self.tables("functions", 10, true);
        self.sql(
            "functions",
            "set check_function_bodies = off;
             do $$ begin
                 for i in 0..99 loop
                     execute format('create function circle_%s(n int) returns bigint language sql security definer as
                         ''select count(*) from t0 where circle_%s(n) > 0 or circle_%s(n) > 0''', i, (i + 1) % 100, (i + 7) % 100);
                 end loop;
             end $$",
        );
        println!(
            "growth  100 functions in circles {:>13}",
            ms(self.timed("functions"))
        );
    }

    /// 10,000 roles below the application's: chains 300 deep, a wide fan, a ladder with twice as many
    /// ways at every rung; a third of them only by SET ROLE.
    pub(crate) fn roles(&self) {
        self.tables("roles", 100, true);
        let option = "case i % 3 when 0 then 'inherit' else 'noinherit' end";
        self.sql(
            "roles",
            &format!(
                "do $$ begin
                     for i in 0..9999 loop execute format('create role r%s %s', i, {option}); end loop;
                 end $$"
            ),
        );
        let grants = [
            "select i, i - 1 from generate_series(1, 5999) i where i % 300 <> 0 union all select null, i from generate_series(299, 5999, 300) i",
            "select 6000, i from generate_series(6001, 8999) i union all select null, 6000",
            "select i + a, i + b - 2 from generate_series(9002, 9998, 2) i, generate_series(0, 1) a, generate_series(0, 1) b union all select null, 9998",
        ];
        for edges in grants {
            self.sql(
                "roles",
                &format!(
                    "do $$ declare edge record; options text; begin
                         for edge in select * from ({edges}) e (holder, granted) loop
                             options := case when current_setting('server_version_num')::int < 160000 then ''
                                 when edge.granted % 3 = 1 then ' with inherit false' when edge.granted % 3 = 2 then ' with inherit true, set false' else '' end;
                             execute format('grant r%s to %s', edge.granted, coalesce('r' || edge.holder, 'bench_app')) || options;
                         end loop;
                     end $$"
                ),
            );
        }
        println!("growth  10,000 roles {:>25}", ms(self.timed("roles")));
    }
}
