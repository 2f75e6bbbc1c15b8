//! Two organizations take turns on the same connections: whoever holds one must see its own rows
//! and never the other's, however often it changes hands.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures_util::future::try_join_all;
use tokio_postgres::Client;

use super::arena::{As, LIMITS, setting};
use super::channel::Channel;
use super::evidence::{self, Scene};
use super::eye::Eye;
use super::login::Attacker;
use super::organizations;
use super::reply::{Refused, Reply};
use super::specimen;
use super::world::{World, Writes};
use crate::finding::{Class, Finding, Severity};
use crate::session::error::explain;
use crate::session::{Connector, Pool, Purpose, Session, quote};
use crate::tenancy::Tenancy;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-interleaved",
    title: "on shared connections one organization saw a row of the other",
    tries: "two organizations take turns on the connections of a pool, thousands of times and by every way of setting the \
            context that ends with its transaction or is set anew; each reads what both have rows in",
    why: "what a single switch holds back a race, a cached plan or a function that remembers may still let through",
    class: Class::Context,
    severity: Severity::Critical,
};

/// Connections that the organizations share.
const CONNECTIONS: usize = 4;
/// Who wants one at a time: more than there are, so that each changes hands.
const WORKERS: usize = 8;
/// Turns before a connection is given back.
const BURST: usize = 10;
/// No more than this, however many turns were asked for.
const LIMIT: Duration = Duration::from_secs(5);

/// What is needed.
pub struct Setup<'a> {
    /// The administrator's connection, to know which rows there are.
    pub admin: &'a Connector,
    /// The application role's own login, where one was given.
    pub app: Option<&'a Connector>,
    /// The database as the configuration reads it.
    pub tenancy: &'a Tenancy<'a>,
    /// The two organizations by their registry ids, where they were given.
    pub organizations: Option<(String, String)>,
    /// The tables to read, as reports spell them: those whose plain reads held.
    pub tables: BTreeSet<String>,
    /// How many turns.
    pub switches: usize,
}

/// What came of it.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Interleaved {
    /// Turns taken: a context set, rows of both asked for.
    pub switches: usize,
    /// Connections that changed hands.
    pub connections: usize,
    /// Tables with rows of both.
    pub tables: usize,
    /// How often a row of the other organization was seen.
    pub seen: usize,
    /// What was seen.
    #[serde(skip)]
    pub findings: Vec<Finding>,
    /// Why something was not tried.
    #[serde(skip)]
    pub notes: Vec<String>,
}

/// A way of saying whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// SET LOCAL in a transaction.
    Local,
    /// set_config(…, true) in a transaction.
    Function,
    /// SET for the session; only on connections of our own.
    Session,
    /// SET LOCAL, and a statement that was planned once for both.
    Prepared,
    /// SET LOCAL and the query in one message, without BEGIN.
    Message,
}

/// A table with rows of both.
pub(super) struct Ground {
    name: String,
    /// Returns two booleans: whether A's row is there, and whether B's is.
    query: String,
}

/// Everything that the turns share.
pub(super) struct Turns<'a> {
    pub(super) world: &'a World<'a>,
    pub(super) grounds: Vec<Ground>,
    /// What opens a transaction of the application's.
    pub(super) opening: &'a str,
    pub(super) ways: &'a [Way],
    left: Cell<usize>,
    until: Instant,
    found: RefCell<Vec<(String, Way, bool)>>,
    /// (table, organization) whose own row was seen: without it silence says nothing.
    controls: RefCell<BTreeSet<(usize, bool)>>,
    refused: RefCell<Option<String>>,
    taken: Cell<usize>,
}

/// Lets A and B take turns on the connections of a pool of the application's.
///
/// # Errors
/// Nobody can act as the application role, or a connection is lost.
pub async fn run(setup: Setup<'_>) -> Result<Interleaved> {
    let role = &setup.tenancy.settings.tenancy.app_role;
    let reading = setup.admin.open(Purpose::Read).await?;
    let eye = Eye::new(&reading, &setup.tenancy.settings.tenancy.context);
    let attacker = Attacker::find(setup.admin, setup.app, role).await?;
    let cast = organizations::cast(&eye, setup.tenancy, setup.organizations.as_ref()).await?;
    let how = (
        Writes::Refused(String::new()),
        BTreeMap::new(),
        attacker.as_login,
    );
    let world = World::gather(&reading, setup.tenancy, &cast, how).await?;
    let grounds = grounds(&eye, &world, &setup.tables).await?;
    reading.close().await;
    if grounds.is_empty() || setup.switches == 0 {
        return Ok(Interleaved::default());
    }
    let ways = [Way::Local, Way::Function, Way::Session, Way::Prepared];
    let turns = Turns::new(
        (&world, grounds),
        (&attacker.opening, &ways),
        setup.switches,
    );
    let pool = attacker.connector.attack_pool(CONNECTIONS)?;
    let workers = (0..WORKERS).map(|nth| turns.borrowing(&pool, nth));
    try_join_all(workers).await?;
    pool.close();
    Ok(turns.outcome(CONNECTIONS))
}

/// The tables among these that have a row of each, which the application may look for by its key.
pub(super) async fn grounds(
    eye: &Eye<'_>,
    world: &World<'_>,
    tables: &BTreeSet<String>,
) -> Result<Vec<Ground>> {
    let mut grounds = Vec::new();
    for table in world.tenancy.by_name() {
        let relation = world.tenancy.relation(table);
        let name = relation.qualified();
        let Some(rights) = world.rights.get(&table.oid) else {
            continue;
        };
        if !tables.contains(&name) {
            continue;
        }
        let mut conditions = Vec::new();
        for organization in [&world.a, &world.b] {
            let row = specimen::fetch(eye, world, table.oid, organization).await?;
            conditions.extend(row.and_then(|row| specimen::condition(relation, rights, &row)));
        }
        if let [a, b] = conditions.as_slice() {
            let exists = |row: &str| format!("exists (select 1 from {name} where {row})");
            grounds.push(Ground {
                query: format!("select {}, {}", exists(a), exists(b)),
                name,
            });
        }
    }
    Ok(grounds)
}

impl<'a> Turns<'a> {
    pub(super) fn new(
        (world, grounds): (&'a World<'a>, Vec<Ground>),
        (opening, ways): (&'a str, &'a [Way]),
        switches: usize,
    ) -> Self {
        Self {
            world,
            grounds,
            opening,
            ways,
            left: Cell::new(switches),
            until: Instant::now() + LIMIT,
            found: RefCell::default(),
            controls: RefCell::default(),
            refused: RefCell::default(),
            taken: Cell::new(0),
        }
    }

    /// Borrows connections of the pool, a burst of turns each.
    async fn borrowing(&self, pool: &Pool, first: usize) -> Result<()> {
        let mut nth = first;
        while self.goes_on() {
            let client = match pool.get().await {
                Ok(client) => client,
                // The role's connection limit, for instance: the others go on with fewer.
                Err(error) => {
                    let why = format!("{error:#}");
                    self.refused.borrow_mut().get_or_insert(why);
                    return Ok(());
                }
            };
            self.burst(&client, nth).await?;
            nth += WORKERS;
        }
        Ok(())
    }

    /// Takes turns on one session, among others that a pooler hands the same connections.
    pub(super) async fn on(&self, session: &Session, first: usize) -> Result<()> {
        let mut nth = first;
        while self.goes_on() {
            self.burst(session, nth).await?;
            nth += 1;
        }
        Ok(())
    }

    fn goes_on(&self) -> bool {
        self.left.get() > 0 && Instant::now() < self.until
    }

    /// Turns on one table, one way, first one organization, then the other, and so on.
    async fn burst(&self, client: &Client, nth: usize) -> Result<()> {
        let at = nth % self.grounds.len();
        let way = self.ways[(nth / self.grounds.len()) % self.ways.len()];
        let ground = &self.grounds[at];
        let mut query = ground.query.clone();
        if way == Way::Prepared {
            let prepare = format!(
                "begin; {LIMITS} {} set local plan_cache_mode = force_generic_plan; \
                 prepare tenantctl_turn as {query}; commit",
                self.opening
            );
            self.ask(client, &prepare).await?;
            query = "execute tenantctl_turn".to_owned();
        }
        for turn in 0..BURST {
            if !self.goes_on() {
                break;
            }
            self.left.set(self.left.get() - 1);
            // Neighbours begin with different organizations, so that both are at work at once.
            let is_b = (turn + nth) % 2 == 1;
            let answer = self.ask(client, &self.message(way, is_b, &query)).await?;
            self.taken.set(self.taken.get() + 1);
            let Some([own, other]) = answer.map(|[a, b]| if is_b { [b, a] } else { [a, b] }) else {
                break;
            };
            if own {
                self.controls.borrow_mut().insert((at, is_b));
            }
            if other {
                let leak = (ground.name.clone(), way, is_b);
                self.found.borrow_mut().push(leak);
            }
        }
        if way == Way::Prepared {
            self.ask(client, "deallocate tenantctl_turn").await?;
        }
        Ok(())
    }

    fn message(&self, way: Way, is_b: bool, query: &str) -> String {
        let whose = if is_b { &self.world.b } else { &self.world.a };
        let (context, value) = (setting(self.world.context()), quote::literal(whose));
        let local = format!("set local {context} = {value};");
        let opening = self.opening;
        match way {
            Way::Local | Way::Prepared => {
                format!("begin read only; {LIMITS} {opening} {local} {query}; commit")
            }
            Way::Function => format!(
                "begin read only; {LIMITS} {opening} select pg_catalog.set_config({}, {value}, true); \
                 {query}; commit",
                quote::literal(self.world.context())
            ),
            Way::Session => {
                format!(
                    "set {context} = {value}; begin read only; {LIMITS} {opening} {query}; commit"
                )
            }
            Way::Message => format!("{LIMITS} {opening} {local} {query}"),
        }
    }

    /// The last row of two booleans that the statements return; `None` where they were refused.
    async fn ask(&self, client: &Client, sql: &str) -> Result<Option<[bool; 2]>> {
        let messages = match client.simple_query(sql).await {
            Ok(messages) => messages,
            Err(error) => {
                let refused = Refused::from_driver(error)?;
                self.refused.borrow_mut().get_or_insert(refused.text);
                let ended = client.batch_execute("rollback").await;
                ended
                    .map_err(explain)
                    .context("cannot roll back a turn that was refused")?;
                return Ok(None);
            }
        };
        let Reply::Done(answers) = Reply::read(messages) else {
            return Ok(None);
        };
        let rows = answers.iter().rev().flat_map(|answer| &answer.rows);
        let both = rows.filter(|row| row.len() == 2).map(|row| {
            let truth = |at: usize| row[at].as_deref() == Some("t");
            [truth(0), truth(1)]
        });
        Ok(both.into_iter().next())
    }

    /// What the turns came to.
    pub(super) fn outcome(self, connections: usize) -> Interleaved {
        let mut notes = Vec::new();
        let controls = self.controls.borrow();
        let blind = self.grounds.iter().enumerate().filter(|(at, _)| {
            ![false, true]
                .iter()
                .all(|is_b| controls.contains(&(*at, *is_b)))
        });
        let blind: Vec<&str> = blind.map(|(_, ground)| ground.name.as_str()).collect();
        // Few turns do not reach every table.
        if self.taken.get() >= self.grounds.len() * BURST * WORKERS && !blind.is_empty() {
            notes.push(format!(
                "taking turns says nothing of {}: an organization did not see its own row",
                blind.join(", ")
            ));
        }
        if let Some(why) = self.refused.take() {
            notes.push(format!(
                "some turns on shared connections were refused: {why}"
            ));
        }
        let found = self.found.borrow();
        let mut findings: Vec<Finding> = Vec::new();
        for (name, way, is_b) in found.iter() {
            if !findings.iter().any(|known| known.object == *name) {
                findings.push(self.finding(name, *way, *is_b));
            }
        }
        Interleaved {
            switches: self.taken.get(),
            connections,
            tables: self.grounds.len() - blind.len(),
            seen: found.len(),
            findings,
            notes,
        }
    }

    fn finding(&self, name: &str, way: Way, is_b: bool) -> Finding {
        let app = self.world.app_role();
        let query = self.grounds.iter().find(|ground| ground.name == name);
        let query = query.map_or("", |ground| &ground.query);
        let (own, other) = match is_b {
            true => (&self.world.b, &self.world.a),
            false => (&self.world.a, &self.world.b),
        };
        let scene = Scene {
            context: self.world.context(),
            role: app,
            prologue: &[],
            as_login: self.world.as_login,
        };
        let steps = [(As::Context(other), query), (As::Context(own), query)];
        Finding {
            check: CHANNEL.id.to_owned(),
            class: CHANNEL.class,
            severity: CHANNEL.severity,
            object: name.to_owned(),
            message: format!(
                "on a connection that organizations take turns on, one saw a row of the other ({})",
                way.words()
            ),
            path: vec![
                app.to_owned(),
                format!("SELECT on {name}"),
                "a connection that another organization used before".to_owned(),
            ],
            evidence: Some(evidence::script(&scene, &steps)),
            fix: None,
        }
    }
}

impl Way {
    fn words(self) -> &'static str {
        match self {
            Self::Local => "SET LOCAL",
            Self::Function => "set_config(…, true)",
            Self::Session => "SET",
            Self::Prepared => "SET LOCAL, and a prepared statement",
            Self::Message => "SET LOCAL in the query's own message",
        }
    }
}
