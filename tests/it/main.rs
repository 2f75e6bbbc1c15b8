//! The real program against real servers, in a world that holds nothing of the developer's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stderr,
    reason = "clippy counts only #[test] functions as tests, and their helpers fail and report likewise"
)]

mod support;

mod add_key;
mod audit;
mod canaries;
mod channels;
mod checks;
mod circles;
mod configuration;
mod connecting;
mod constraints;
mod corpus;
mod demo;
mod documents;
mod explain;
mod fuzz;
mod generated;
mod harness;
mod killed;
mod lockout;
mod named;
mod objects;
mod organizations;
mod output;
mod pooler;
mod privileges;
mod privileges_plan;
mod probe_safety;
mod probing;
mod proposing;
mod provisioning;
mod reverting;
mod roles;
mod scenarios;
mod secrets;
mod self_test;
mod signals;
mod soundness;
mod tls;
mod traffic;
mod views_plan;
mod watchdog;
