//! The sessions of a run: one lane attacks one table at a time, several lanes several.

use anyhow::{Context as _, Result};
use tokio::sync::OnceCell;

use super::login::Attacker;
use super::trail::Trail;
use super::world::World;
use crate::session::error::explain;
use crate::session::{Connector, Purpose, Session};

/// The sessions that attack one table. They stay open: connecting costs more than most attacks.
pub(super) struct Lane {
    /// The administrator's eye.
    pub(super) reading: Session,
    /// The attacker's.
    pub(super) session: Session,
    /// The attacker's, which never sets the context: what a session sees before it does is an
    /// attack of its own.
    pub(super) fresh: Session,
    second: OnceCell<Session>,
    admin: OnceCell<Session>,
    pub(super) trail: Trail,
}

/// Fewer tables than this are attacked faster than another lane is opened.
const WORTHWHILE: usize = 16;
/// How many tables are attacked at once, at most: more do not pay, and the server is others' too.
const MOST: usize = 3;
/// Sessions that a lane may open, for the connection limits.
const SESSIONS: i64 = 4;
/// Connections that stay free for everybody else.
const SPARE: i64 = 10;

impl Lane {
    async fn open(admin: &Connector, attacker: &Attacker) -> Result<Self> {
        Self::around(admin.open(Purpose::Read).await?, attacker).await
    }

    /// A lane whose eye is open already.
    pub(super) async fn around(reading: Session, attacker: &Attacker) -> Result<Self> {
        Ok(Self {
            reading,
            session: attacker.open().await?,
            fresh: attacker.open().await?,
            second: OnceCell::new(),
            admin: OnceCell::new(),
            trail: Trail::default(),
        })
    }

    /// The administrator's attacking session: in its transactions rows are made up.
    pub(super) async fn admin(&self, admin: &Connector) -> Result<&Session> {
        self.admin
            .get_or_try_init(|| admin.open(Purpose::Attack))
            .await
    }

    /// A login of the victim's own.
    pub(super) async fn second(&self, attacker: &Attacker) -> Result<&Session> {
        self.second.get_or_try_init(|| attacker.open()).await
    }

    pub(super) async fn close(self) {
        self.session.close().await;
        self.fresh.close().await;
        self.reading.close().await;
        for session in [self.second, self.admin] {
            if let Some(session) = session.into_inner() {
                session.close().await;
            }
        }
    }
}

/// More lanes beside the first, where there is work for them and room on the server.
pub(super) async fn more(
    first: &Lane,
    (admin, attacker): (&Connector, &Attacker),
    (world, tables): (&World<'_>, usize),
) -> Result<Vec<Lane>> {
    let mut lanes = Vec::new();
    let wanted = (tables / WORTHWHILE).min(MOST - 1);
    if wanted == 0 {
        return Ok(lanes);
    }
    let room = room(&first.reading, world).await? / SESSIONS;
    for _ in 0..wanted.min(usize::try_from(room).unwrap_or(0)) {
        // Somebody else may have taken the room: fewer lanes take longer and find the same.
        match Lane::open(admin, attacker).await {
            Ok(lane) => lanes.push(lane),
            Err(_) => break,
        }
    }
    Ok(lanes)
}

/// How many connections may be taken and leave others enough.
async fn room(reading: &Session, world: &World<'_>) -> Result<i64> {
    let sql = "select (pg_catalog.current_setting('max_connections')::int8 \
               - pg_catalog.current_setting('superuser_reserved_connections')::int8 \
               - (select pg_catalog.sum(numbackends)::int8 from pg_catalog.pg_stat_database))";
    let row = reading
        .query_typed(sql, &[])
        .await
        .map_err(explain)
        .context("cannot count the server's connections")?;
    let free: i64 = match row.first() {
        Some(row) => row.try_get(0).map_err(explain)?,
        None => 0,
    };
    let limit = world
        .tenancy
        .app
        .map_or(-1, |role| i64::from(role.connection_limit));
    Ok(match (world.as_login, limit) {
        // The application needs its own.
        (true, 0..) => (free - SPARE).min(limit / 2),
        _ => free - SPARE,
    })
}
