//! Fills the key of the rows that have none: many short transactions, each of which may be the last.

use std::time::{Duration, Instant};

use super::backfill::{Backfill, MOST_BLOCKS, Window, tid};
use crate::plan::Change;
use crate::plan::apply::{Outcome, Runner, millis};
use crate::plan::attempt::{Missed, Stage};

/// How far a backfill is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Filling {
    /// Rows that got a key, over all passes.
    pub rows: u64,
    /// Blocks of the table that this pass is done with.
    pub done: u64,
    /// All of them.
    pub blocks: u64,
    /// When this pass began.
    began: Option<Instant>,
}

impl Filling {
    /// A pass over so many blocks.
    fn begin(&mut self, blocks: u64) {
        self.done = 0;
        self.blocks = blocks;
        self.began = Some(Instant::now());
    }

    /// How long this pass takes, if it goes on as it did.
    pub fn left(&self) -> Option<Duration> {
        let elapsed = self.began?.elapsed();
        if self.done == 0 || elapsed < Duration::from_secs(2) {
            return None;
        }
        // Numbers of blocks are far below what a float holds exactly.
        let (done, blocks) = (self.done as f64, self.blocks as f64);
        Some(elapsed.mul_f64((blocks / done - 1.0).max(0.0)))
    }
}

/// Where one backfill stands.
struct Fill<'f> {
    runner: &'f Runner<'f>,
    change: &'f Change,
    backfill: &'f Backfill,
    progress: Filling,
}

/// How long a batch waits for a row that somebody has locked: below `deadlock_timeout`, so that in a
/// circle it is we who give up.
const GIVE_WAY: Duration = Duration::from_millis(100);

/// Two numbers that a statement returns.
type Counts = (u64, u64);

impl Runner<'_> {
    /// Until no row is left that can have a key. Rows that others have locked are passed and met
    /// again; those that have no parent are counted.
    pub(in crate::plan) async fn fill(&self, change: &Change, backfill: &Backfill) -> Outcome {
        let mut fill = Fill {
            runner: self,
            change,
            backfill,
            progress: Filling::default(),
        };
        match fill.all().await {
            Ok(0) => Outcome::Done,
            Ok(orphans) => Outcome::Skipped(orphaned(orphans, backfill)),
            Err(outcome) => outcome,
        }
    }
}

fn orphaned(rows: u64, backfill: &Backfill) -> String {
    let have = if rows == 1 { "has" } else { "have" };
    format!(
        "{} {have} no key, because no parent with a key was found: see them with {}; NOT NULL is not set \
         and the table is not isolated, which would hide them from everybody; give them a parent, or \
         delete them, and run again",
        counted(rows),
        backfill.rest()
    )
}

fn counted(rows: u64) -> String {
    format!("{rows} row{}", if rows == 1 { "" } else { "s" })
}

impl Fill<'_> {
    /// How many rows stay without a key.
    async fn all(&mut self) -> Result<u64, Outcome> {
        let blocks = self.size().await?;
        self.progress.begin(blocks);
        self.stretch(0, blocks).await?;
        let mut waiting = Instant::now();
        let mut pause = Duration::from_millis(50);
        loop {
            let before = self.progress.rows;
            let (orphans, locked) = self.rest().await?;
            if locked == 0 {
                return Ok(orphans);
            }
            if self.progress.rows > before {
                waiting = Instant::now();
                pause = Duration::from_millis(50);
            }
            let patience = self.runner.patience.max_wait;
            if waiting.elapsed() + pause >= patience {
                return Err(Outcome::Skipped(format!(
                    "{} without a key stayed locked by other transactions for {} s: run again when \
                     those have ended",
                    counted(locked),
                    patience.as_secs()
                )));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(Duration::from_secs(5));
        }
    }

    /// Fills what others let go of since; how many rows have no key for want of a parent, and how
    /// many could have had one when they were looked at.
    async fn rest(&mut self) -> Result<Counts, Outcome> {
        let blocks = self.size().await?;
        self.progress.begin(blocks);
        let (mut orphans, mut fillable) = (0, 0);
        let mut at = 0;
        while at < blocks {
            let end = at + MOST_BLOCKS;
            let (none, could) = self.ask(&self.backfill.survey(&tid(at), &tid(end))).await?;
            orphans += none - could;
            fillable += could;
            if could > 0 {
                self.stretch(at, end.min(blocks)).await?;
            }
            at = end;
            self.progress.done = at.min(blocks);
            self.runner.observer.fills(self.change, &self.progress);
        }
        Ok((orphans, fillable))
    }

    /// Fills the rows of these blocks, as far as nobody else has them locked.
    async fn stretch(&mut self, first: u64, end: u64) -> Result<(), Outcome> {
        let batch = self.backfill.batch_size;
        let mut window = Window {
            at: first,
            ..Window::first(batch)
        };
        while window.at < end {
            let until = window.end().min(end);
            let started = Instant::now();
            let (picked, filled, all) = self.window(window, until).await?;
            let pause = started.elapsed().mul_f64(self.backfill.throttle);
            window = window.next(picked, batch, all);
            self.progress.rows += filled;
            self.progress.done = window.at.min(end);
            self.runner.observer.fills(self.change, &self.progress);
            // A sleep of nothing takes up to a millisecond.
            if !pause.is_zero() {
                tokio::time::sleep(pause).await;
            }
        }
        Ok(())
    }

    /// One transaction: how many rows it looked at and filled, and whether those were all that can be
    /// filled now.
    async fn window(&self, window: Window, until: u64) -> Result<(u64, u64, bool), Outcome> {
        let (from, until) = (tid(window.at), tid(until));
        let batch = self.backfill.batch_size;
        if window.is_small(batch) {
            let direct = self.backfill.direct(&from, &until);
            if let Some((_, filled)) = self.once(&direct).await {
                return Ok((filled, filled, true));
            }
        }
        let limit = window.limit(batch);
        let limit = limit.map_or_else(|| "all".to_owned(), |limit| limit.to_string());
        let one_by_one = Backfill::one_by_one();
        if !window.is_small(batch) {
            let quick = self.backfill.quick(&from, &until, &limit);
            if let Some((picked, filled)) = self.once(&format!("{one_by_one} {quick}")).await {
                return Ok((picked, filled, false));
            }
        }
        let batch = self.backfill.batch(&from, &until, &limit);
        let (picked, filled) = self.ask(&format!("{one_by_one} {batch}")).await?;
        Ok((picked, filled, false))
    }

    async fn size(&self) -> Result<u64, Outcome> {
        let question = format!("{}, 0", self.backfill.size());
        Ok(self.ask(&question).await?.0)
    }

    /// One attempt that gives way at once; whatever else is wrong, the careful one will say.
    async fn once(&self, text: &str) -> Option<Counts> {
        let limit = GIVE_WAY.min(self.runner.patience.lock_timeout);
        let messages = self.runner.tried(&whole(text, limit)).await.ok()?;
        counts(&messages)
    }

    /// One transaction, tried again while a lock on the table is in the way.
    async fn ask(&self, text: &str) -> Result<Counts, Outcome> {
        if let Err(error) = self.runner.exclusive.check() {
            return Err(Outcome::Failed(format!("{error:#}")));
        }
        let limit = self.runner.patience.lock_timeout;
        let whole = whole(text, limit);
        let attempt = async || -> Result<Counts, Missed> {
            let messages = self.runner.watched(&whole, limit).await?;
            counts(&messages).ok_or_else(|| Missed::because("the server returned no counts"))
        };
        self.runner
            .patiently(self.change, &Stage::Batch, attempt)
            .await
    }
}

fn whole(text: &str, lock_timeout: Duration) -> String {
    format!(
        "begin; set local lock_timeout = {}; {} {text}; commit",
        millis(lock_timeout),
        Backfill::settings()
    )
}

fn counts(messages: &[tokio_postgres::SimpleQueryMessage]) -> Option<Counts> {
    messages.iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => {
            Some((row.get(0)?.parse().ok()?, row.get(1)?.parse().ok()?))
        }
        _ => None,
    })
}
