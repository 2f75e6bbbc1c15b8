//! What every test needs: servers, databases of its own, the program in a scrubbed world.
//!
//! ```ignore
//! let db = Db::new();                         // a database, dropped at the end, also on a panic
//! let app = db.role("app");                   // a role name of its own: roles belong to the cluster
//! db.sql("create table public.orders (…)");
//! db.config(&format!("[tenancy]\nkey = …"));  // ./tenantctl.toml
//! let run = db.tenantctl(["audit", "--format", "json"]).run().expect_code(1);
//! assert_eq!(run.json()["verdict"], "leaking");
//! insta::assert_snapshot!(run.text(), @"…");  // code, stdout and stderr, names and paths redacted
//! ```
//! A test that depends on the server's version goes through [`for_each_version`].

mod db;
mod dump;
mod killing;
mod run;
mod servers;
pub(crate) mod shop;
mod sql;
mod world;

pub(crate) use db::Db;
pub(crate) use run::{Invocation, Outcome, Running, SIGINT, SIGKILL, SIGTERM};
pub(crate) use servers::{
    Server, for_each_version, named as servers_named, server, tell, versions,
};
pub(crate) use sql::{Session, snapshot};
pub(crate) use world::World;
