//! Canaries that are committed, for attacks that come from real logins.
//!
//! A row is committed only where taking it away again has been tried out, with everything that its
//! triggers do, and where it is recorded on disk. It is there for as long as its table is attacked.

mod journal;
mod leftovers;
mod removal;
mod traces;

use std::cell::RefCell;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

use super::arena::{Arena, Manner};
use super::canary::Nursery;
use super::eye::Eye;
use super::stage::Stage;
use super::trail::Trail;
use super::world::World;
use crate::catalog::Snapshot;
use crate::finding::Operation;
use crate::session::{Session, quote};
use journal::{Entry, Identity, Journal, Trace};
use removal::View;

pub use leftovers::clean_up;

/// Makes canaries, records them, and takes them away.
pub(super) struct Keeper {
    journal: RefCell<Journal>,
    /// The statements that make the organizations.
    prologue: RefCell<Vec<String>>,
    /// Rows that are committed now.
    committed: RefCell<Vec<Trace>>,
    /// How many rows were made, and how many of them were still there when they were removed.
    made: RefCell<(usize, usize)>,
    /// Tables whose rows could not be committed, each with the reason.
    uncommitted: RefCell<Vec<String>>,
}

/// Rows that are committed, and what made them.
pub(super) struct Planted {
    entry: Entry,
    /// The statements, for the evidence.
    pub(super) prologue: Vec<String>,
}

impl Keeper {
    /// Opens the record.
    pub(super) async fn begin(eye: &Eye<'_>, (world, folder): (&World<'_>, &Path)) -> Result<Self> {
        are_free(eye, world).await?;
        let counting = eye
            .ask("select pg_catalog.current_setting('track_counts')")
            .await?;
        if counting.value() != Some("on") {
            bail!(
                "cannot commit canaries: track_counts is off, and without it nobody can tell what \
                 triggers write; leave out --login"
            );
        }
        let identity = identity(eye).await?;
        Ok(Self {
            journal: RefCell::new(Journal::begin(folder, &identity)?),
            prologue: RefCell::default(),
            committed: RefCell::default(),
            made: RefCell::default(),
            uncommitted: RefCell::default(),
        })
    }

    /// Makes the two organizations, which stay until the end.
    pub(super) async fn organizations(&self, stage: &Stage<'_, '_>) -> Result<()> {
        let world = stage.world;
        let planted = self
            .plant(stage, 0, async |nursery, arena| {
                for id in [&world.a, &world.b] {
                    let row = (world.tenancy.registry.oid, id.as_str());
                    if let Err(why) = nursery.provide(arena, row).await? {
                        return Ok(Err(why));
                    }
                }
                Ok(Ok(()))
            })
            .await?;
        match planted {
            Ok(planted) => *self.prologue.borrow_mut() = planted.prologue,
            Err(why) => bail!(
                "cannot make organizations for the canaries: {why}; without --login attacks use \
                 rows that are rolled back"
            ),
        }
        Ok(())
    }

    /// The statements that make the organizations, for the evidence.
    pub(super) fn prologue(&self) -> Vec<String> {
        self.prologue.borrow().clone()
    }

    /// Lets `make` make rows, and commits them; the error is why they were not.
    pub(super) async fn plant(
        &self,
        stage: &Stage<'_, '_>,
        salt: u32,
        make: impl AsyncFnOnce(&mut Nursery<'_, '_>, &mut Arena<'_>) -> Result<Result<(), String>>,
    ) -> Result<Result<Planted, String>> {
        let session = stage.admin().await?;
        let known = self.committed.borrow().clone();
        let view = View {
            eye: stage.eye,
            snapshot: stage.world.tenancy.snapshot,
            known: &known,
        };
        let planted = Arena::committed(session, stage.arena("", false), async |arena| {
            let made = self.make(arena, (stage, view, salt), make).await?;
            if made.is_err() {
                arena.start_over().await?;
            }
            Ok(made)
        })
        .await?;
        if let Ok(planted) = &planted {
            let rows = planted.entry.rows.clone();
            self.made.borrow_mut().0 += rows.len();
            self.committed.borrow_mut().extend(rows);
        }
        Ok(planted)
    }

    async fn make(
        &self,
        arena: &mut Arena<'_>,
        (stage, view, salt): (&Stage<'_, '_>, View<'_>, u32),
        make: impl AsyncFnOnce(&mut Nursery<'_, '_>, &mut Arena<'_>) -> Result<Result<(), String>>,
    ) -> Result<Result<Planted, String>> {
        let id = arena
            .prepare("select pg_catalog.pg_current_xact_id()::text")
            .await?;
        let id = id.value().context("the transaction has no id")?.to_owned();
        let before = match traces::counts(arena, &[]).await? {
            Ok(before) => before,
            Err(why) => return Ok(Err(why)),
        };
        let mut nursery = Nursery::new(stage.world, stage.eye, &stage.cast.made_up).salted(salt);
        if let Err(why) = make(&mut nursery, arena).await? {
            return Ok(Err(why));
        }
        nursery.clear_context(arena).await?;
        let prologue = arena.prologue.clone();
        for sql in [
            "set constraints all immediate",
            "set local row_security = off",
        ] {
            if let Some(refused) = arena.prepare(sql).await?.refused() {
                return Ok(Err(format!("it could not be committed: {}", refused.text)));
            }
        }
        let rows = match made(arena, view, &before).await? {
            Ok(rows) => rows,
            Err(why) => return Ok(Err(why)),
        };
        let mut gone = rows.iter().map(|row| row.oid);
        if let Some(why) = gone.find_map(|oid| stage.world.may(Operation::Delete, oid).err()) {
            return Ok(Err(why.to_owned()));
        }
        if let Err(why) = removal::rehearse(arena, view, (&before, &rows)).await? {
            return Ok(Err(why));
        }
        let entry = self.journal.borrow_mut().made(id, rows)?;
        Ok(Ok(Planted { entry, prologue }))
    }

    /// Takes rows away; what cannot be removed now is tried once more at the end.
    pub(super) async fn take_back(&self, stage: &Stage<'_, '_>, planted: Planted) -> Result<()> {
        let session = stage.admin().await?;
        let around = (stage.eye, stage.world.tenancy.snapshot);
        let manner = stage.arena("", false);
        let _ = self
            .remove(session, manner, (around, &planted.entry))
            .await?;
        Ok(())
    }

    async fn remove(
        &self,
        session: &Session,
        manner: Manner<'_>,
        ((eye, snapshot), entry): ((&Eye<'_>, &Snapshot), &Entry),
    ) -> Result<Result<(), String>> {
        let known: Vec<Trace> = self.committed.borrow().clone();
        let view = View {
            eye,
            snapshot,
            known: &known,
        };
        match removal::remove(session, manner, (view, entry)).await? {
            Ok(gone) => {
                self.made.borrow_mut().1 += gone.unwrap_or(0);
                self.committed
                    .borrow_mut()
                    .retain(|row| !entry.rows.contains(row));
                self.journal.borrow_mut().removed(entry.number)?;
                Ok(Ok(()))
            }
            Err(why) => Ok(Err(why)),
        }
    }

    /// Remembers why the rows of a table were not committed.
    pub(super) fn not_committed(&self, table: &str, why: &str) {
        let text = format!("{table} ({why})");
        self.uncommitted.borrow_mut().push(text);
    }

    /// Takes away what is left, and makes sure that nothing is; the notes for the report.
    ///
    /// # Errors
    /// Something stays: it is named, and so is the record of it.
    pub(super) async fn end(
        &self,
        (session, eye): (&Session, &Eye<'_>),
        world: &World<'_>,
    ) -> Result<Vec<String>> {
        let trail = Trail::default();
        let manner = Manner::of_admin(world.context(), &trail);
        let mut last = None;
        // One that refers to another one has to go first: the younger ones do.
        for _ in 0..3 {
            let mut entries = self.journal.borrow().entries.clone();
            entries.reverse();
            for entry in entries {
                let around = (eye, world.tenancy.snapshot);
                if let Err(why) = self.remove(session, manner, (around, &entry)).await? {
                    last = Some(why);
                }
            }
        }
        self.journal.borrow().finish(last)?;
        nothing_left(eye, world).await?;
        Ok(notes(*self.made.borrow(), &self.uncommitted.borrow()))
    }
}

/// What the transaction made; the error is why it must not be committed.
async fn made(
    arena: &mut Arena<'_>,
    view: View<'_>,
    before: &traces::Counts,
) -> Result<Result<Vec<Trace>, String>> {
    let after = match traces::counts(arena, &[]).await? {
        Ok(after) => after,
        Err(why) => return Ok(Err(why)),
    };
    let touched = traces::since(before, &after);
    let relations = &view.snapshot.relations;
    if let Some((oid, _)) = touched.iter().find(|(_, [_, _, deleted])| *deleted > 0) {
        let table = relations
            .get(oid)
            .map_or_else(String::new, |r| r.qualified());
        return Ok(Err(format!("a trigger deletes rows of {table}")));
    }
    let rows = match traces::own((arena, &[]), view.snapshot, &touched).await? {
        Ok(rows) => rows,
        Err(why) => return Ok(Err(why)),
    };
    Ok(match view.stranger(&rows).await? {
        Ok(None) => Ok(rows
            .into_iter()
            .filter(|row| !view.known.contains(row))
            .collect()),
        Ok(Some(row)) => Err(removal::changes(&row)),
        Err(why) => Err(why),
    })
}

/// Makes sure that no row names one of the canaries' organizations.
async fn nothing_left(eye: &Eye<'_>, world: &World<'_>) -> Result<()> {
    let registry = world.tenancy.registry.oid;
    let sql = format!(
        "select 1 from {} x where {} or {} limit 1",
        world.tenancy.registry.qualified(),
        world.belongs(registry, "x", &world.a),
        world.belongs(registry, "x", &world.b)
    );
    if !eye.ask(&sql).await?.rows().is_empty() {
        bail!(
            "organization {} or {} of the canaries is still in {}",
            world.a,
            world.b,
            world.tenancy.registry.qualified()
        );
    }
    Ok(())
}

fn notes((made, gone): (usize, usize), uncommitted: &[String]) -> Vec<String> {
    let mut notes = vec![format!(
        "{made} canaries were committed under two organizations made up for it, and removed"
    )];
    if gone < made {
        notes.push(format!(
            "{} of them were gone before they were removed: somebody else removes such rows",
            made - gone
        ));
    }
    if !uncommitted.is_empty() {
        notes.push(format!(
            "attacked with rows that were rolled back, as without --login, because they could not \
             be committed: {}",
            uncommitted.join("; ")
        ));
    }
    notes
}

/// The organizations of the canaries must be nobody's.
async fn are_free(eye: &Eye<'_>, world: &World<'_>) -> Result<()> {
    let registry = world.tenancy.registry;
    for id in [&world.a, &world.b] {
        let sql = format!(
            "select 1 from {} x where {}",
            registry.qualified(),
            world.belongs(registry.oid, "x", id)
        );
        if !eye.ask(&sql).await?.rows().is_empty() {
            bail!(
                "{} has organization {} already, which --login makes up for its canaries: another \
                 probe is running, or one was killed on a machine where the record of its canaries \
                 is; run tenantctl probe --cleanup there",
                registry.qualified(),
                quote::printable(id)
            );
        }
    }
    Ok(())
}

async fn identity(eye: &Eye<'_>) -> Result<Identity> {
    let reply = eye
        .ask(
            "select (select system_identifier::text from pg_catalog.pg_control_system()), \
             d.oid::text, d.datname::text from pg_catalog.pg_database d \
             where d.datname = pg_catalog.current_database()",
        )
        .await?;
    if let Some(refused) = reply.refused() {
        bail!("cannot tell which database this is: {}", refused.text);
    }
    let row = reply
        .rows()
        .first()
        .context("cannot tell which database this is")?;
    let text = |at: usize| row.get(at).cloned().flatten().unwrap_or_default();
    Ok(Identity {
        system: text(0),
        database_oid: text(1).parse().unwrap_or(0),
        database: text(2),
    })
}
