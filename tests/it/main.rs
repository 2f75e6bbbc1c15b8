//! The real program against real servers, in a world that holds nothing of the developer's own.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on has failed; clippy knows only #[test] functions as tests"
)]

#[allow(
    dead_code,
    unused_imports,
    reason = "the tests that use the rest of it are still being written"
)]
mod support;

mod audit;
mod checks;
mod configuration;
mod connecting;
mod documents;
mod generated;
mod harness;
mod organizations;
mod output;
mod probing;
mod proposing;
mod provisioning;
mod roles;
mod tls;
