//! Through a pooler: whether what one client sets can reach another, and which way of setting the
//! context is safe there.
//!
//! Nothing is asked of the pooler itself: its mode is told by what it does. The tenant's own setting
//! is never set for a session, only a setting of ours: on a live pooler the next client of the
//! application would work under it.

mod clients;
mod detect;
mod verdict;
mod way;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;

use super::eye::Eye;
use super::interleave::{self, Interleaved, Turns};
use super::login;
use super::organizations;
use super::world::{World, Writes};
use crate::finding::Finding;
use crate::session::error::explain;
use crate::session::{Connector, Purpose};
use crate::tenancy::Tenancy;
use clients::Clients;

pub use detect::Mode;
pub(super) use verdict::CHANNELS;
pub use way::{Safety, Tried, Way};

/// What is needed.
pub struct Setup<'a> {
    /// The application role's login through the pooler.
    pub pooler: &'a Connector,
    /// The administrator's connection, past the pooler.
    pub admin: &'a Connector,
    /// The database as the configuration reads it.
    pub tenancy: &'a Tenancy<'a>,
    /// The two organizations by their registry ids, where they were given.
    pub organizations: Option<(String, String)>,
    /// The tables to read, as reports spell them: those whose plain reads held.
    pub tables: BTreeSet<String>,
    /// How often the organizations take turns.
    pub switches: usize,
}

/// What came of it.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Pooled {
    /// How the pooler shares connections.
    pub mode: Mode,
    /// How many clients were connected at once.
    pub clients: usize,
    /// How many connections to the server they were given.
    pub servers: usize,
    /// Each way of setting something, and whether it reached others.
    pub ways: Vec<Tried>,
    /// The way to set the context; `None` where no way is safe, or nothing can be told.
    pub use_way: Option<&'static str>,
    /// Two organizations taking turns through the pooler, by a safe way.
    pub interleaved: Option<Interleaved>,
    /// How many statements were tried.
    pub attempts: usize,
    /// What is wrong.
    #[serde(skip)]
    pub findings: Vec<Finding>,
    /// What the reader should know.
    #[serde(skip)]
    pub notes: Vec<String>,
    /// Why nothing can be told.
    #[serde(skip)]
    pub unproven: Option<String>,
}

/// Looks at the pooler as several clients of the application's.
///
/// # Errors
/// The login is not the application's, not in the administrator's database, or a connection is lost.
pub async fn run(setup: Setup<'_>) -> Result<Pooled> {
    let role = &setup.tenancy.settings.tenancy.app_role;
    let first = setup.pooler.open(Purpose::Attack).await?;
    login::check(&first, setup.pooler, setup.admin, role)
        .await
        .context("--pooler-url")?;
    let mut clients = Clients::open(setup.pooler, first).await?;
    let left = clients
        .contexts(&setup.tenancy.settings.tenancy.context)
        .await?;
    let mode = detect::mode(&mut clients).await?;
    let mut ways = Vec::new();
    // Where nothing is shared, trying would only cost the server connections.
    let worth = Way::ALL.into_iter().filter(|_| mode != Mode::Unshared);
    for way in worth {
        ways.push(way::try_out(&mut clients, mode, way).await?);
    }
    let safe = verdict::safe_way(mode, &ways);
    let interleaved = match safe {
        Some(way) if setup.switches > 0 => {
            clients.fill().await;
            interleaved(&setup, &clients, way).await?
        }
        _ => None,
    };
    let uncleaned = clients.clean().await?;
    let uncleaned = alive(setup.admin, &uncleaned).await?;
    let mut pooled = Pooled {
        mode,
        clients: clients.len(),
        servers: clients.servers(),
        use_way: safe.map(Way::what),
        attempts: clients.attempts() + interleaved.as_ref().map_or(0, |turns| turns.switches),
        ways,
        interleaved,
        findings: Vec::new(),
        notes: Vec::new(),
        unproven: None,
    };
    verdict::judge(&mut pooled, (setup.tenancy, &left));
    if uncleaned > 0 {
        pooled.notes.push(format!(
            "{uncleaned} of the pooler's connections could not be reached again and still carry what was \
             set there for the test, named {}: nothing reads it",
            clients::SENTINEL
        ));
    }
    clients.close().await;
    Ok(pooled)
}

/// How many of these connections to the server are still there.
async fn alive(admin: &Connector, pids: &BTreeSet<String>) -> Result<usize> {
    if pids.is_empty() {
        return Ok(0);
    }
    let session = admin.open(Purpose::Read).await?;
    let sql = "select a.pid::text from pg_catalog.pg_stat_activity a";
    let rows = session.query_typed(sql, &[]).await.map_err(explain)?;
    session.close().await;
    let there = rows
        .iter()
        .filter_map(|row| row.try_get::<_, String>(0).ok());
    Ok(there.filter(|pid| pids.contains(pid)).count())
}

/// The organizations take turns on the pooler's connections.
async fn interleaved(
    setup: &Setup<'_>,
    clients: &Clients<'_>,
    way: Way,
) -> Result<Option<Interleaved>> {
    let reading = setup.admin.open(Purpose::Read).await?;
    let eye = Eye::new(&reading, &setup.tenancy.settings.tenancy.context);
    let cast = organizations::cast(&eye, setup.tenancy, setup.organizations.as_ref()).await?;
    let how = (Writes::Refused(String::new()), BTreeMap::new(), true);
    let world = World::gather(&reading, setup.tenancy, &cast, how).await?;
    let grounds = interleave::grounds(&eye, &world, &setup.tables).await?;
    reading.close().await;
    if grounds.is_empty() {
        return Ok(None);
    }
    let ways: &[interleave::Way] = match way {
        Way::LocalInOneMessage => &[interleave::Way::Message],
        _ => &[interleave::Way::Local, interleave::Way::Function],
    };
    let turns = Turns::new((&world, grounds), ("", ways), setup.switches);
    let sessions = clients.sessions();
    try_join_all(
        sessions
            .iter()
            .enumerate()
            .map(|(nth, session)| turns.on(session, nth)),
    )
    .await?;
    Ok(Some(turns.outcome(clients.servers())))
}
