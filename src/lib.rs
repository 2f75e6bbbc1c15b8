//! tenantctl: provision, audit, attack and operate tenant isolation in a shared PostgreSQL.
//!
//! Data flows one way: [`session`] connects, [`catalog`] reads one snapshot, [`tenancy`] reads the
//! snapshot through the configuration ([`settings`]), then [`plan`], [`audit`] and [`probe`] reason
//! or act, and [`report`] writes. What only reads a snapshot is pure and needs no server.

pub mod audit;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod demo;
pub mod exit;
pub mod finding;
pub mod init;
pub mod mutants;
pub mod org;
pub mod paths;
pub mod plan;
pub mod predicate;
pub mod probe;
pub mod query;
pub mod report;
pub mod role;
pub mod routine;
pub mod sandbox;
pub mod secret;
pub mod session;
pub mod settings;
pub mod tenancy;
