//! Which rows a batch takes, as SQL, and how many blocks of the table the next one looks at.

use super::AddKey;
use super::subject::Subject;
use crate::catalog::{Oid, Relation};
use crate::session::quote::{ident, literal};

/// One table whose rows get their parent's key. All names are SQL.
#[derive(Clone, Debug, PartialEq)]
pub struct Backfill {
    /// The table or partition.
    pub table: Oid,
    /// Where the keys come from.
    pub parent: Oid,
    /// The parent's column that is referred to, and its key.
    pub read: [i16; 2],
    /// The most rows in one transaction.
    pub batch_size: u64,
    /// The pause after a batch, as a share of its time.
    pub throttle: f64,
    name: String,
    key: String,
    /// The parent, the column that leads to it, its key, and the column that is referred to.
    reference: [String; 4],
    /// The parent's key for the row `t`.
    parents: String,
}

/// Blocks looked at in one statement at most: 64 MiB, read in a tenth of a second.
pub(super) const MOST_BLOCKS: u64 = 8192;

/// Rows in a block of 8 KiB at most: `MaxHeapTuplesPerPage`.
const MOST_ROWS: u64 = 291;

/// So many times a batch a transaction may be where rows are far narrower than they were just before.
const MOST_FOLD: u64 = 4;

impl Backfill {
    pub(super) fn new(subject: &Subject<'_>, leaf: &Relation, wish: &AddKey) -> Self {
        let reference = [
            subject.parent.qualified(),
            ident(&subject.column.name),
            ident(&subject.parent_key.name),
            ident(&subject.parent_column.name),
        ];
        let [parent, column, parent_key, parent_column] = &reference;
        let parents = format!(
            "(select parent.{parent_key} from {parent} as parent where parent.{parent_column} = t.{column})"
        );
        Self {
            table: leaf.oid,
            parent: subject.parent.oid,
            read: [subject.parent_column.number, subject.parent_key.number],
            batch_size: u64::from(wish.batch_size),
            throttle: wish.throttle,
            name: leaf.qualified(),
            key: ident(subject.key),
            reference,
            parents,
        }
    }

    /// What every transaction begins with: a policy that would hide rows raises instead.
    pub(super) fn settings() -> &'static str {
        // The team's own triggers fire, and may name tables without their schema: the search path is
        // the one that this role has by default.
        "set local search_path to default; set local row_security = off; set local jit = off;"
    }

    /// A few thousand rows are looked up one by one, however many the parent has, where the server
    /// does not know how few they are.
    pub(super) fn one_by_one() -> &'static str {
        "set local enable_hashjoin = off; set local enable_mergejoin = off;"
    }

    /// How many blocks the table has.
    pub(super) fn size(&self) -> String {
        format!(
            "select pg_catalog.pg_relation_size({}::pg_catalog.regclass) / \
             pg_catalog.current_setting('block_size')::pg_catalog.int8",
            literal(&self.name)
        )
    }

    /// Fills the rows of some blocks; returns how many it took and how many of those have a key now.
    ///
    /// Blocks, not a primary key: every table has them, and they are read once, in order. Rows that
    /// somebody has locked are left out: we wait for nobody, so nobody waits for us for longer than a
    /// batch takes, and there is no deadlock.
    pub(super) fn batch(&self, first: &str, end: &str, limit: &str) -> String {
        let Self {
            name, key, parents, ..
        } = self;
        format!(
            "with picked as materialized (
  select t.ctid as place, {parents} as parents
  from only {name} as t
  where t.ctid >= {first} and t.ctid < {end} and t.{key} is null
  limit {limit} for no key update of t skip locked
), filled as (
  update only {name} as t set {key} = picked.parents
  from picked where t.ctid = picked.place and picked.parents is not null
  returning 1
)
select (select pg_catalog.count(*) from picked), (select pg_catalog.count(*) from filled)"
        )
    }

    /// The same in one pass over a few blocks: no lock beforehand, no limit. It waits for a row that
    /// somebody has locked, so it is for a short `lock_timeout`. Of what it looked at it returns only the
    /// rows that it filled.
    pub(super) fn direct(&self, first: &str, end: &str) -> String {
        let Self { name, key, .. } = self;
        let [parent, column, parent_key, parent_column] = &self.reference;
        // There are no statistics yet about a column this new. The server takes IS NULL for one row in
        // 200 then, and looks parents up one by one that it could have hashed; num_nulls() > 0 it takes
        // for one in three.
        format!(
            "with filled as (
  update only {name} as t set {key} = parent.{parent_key}
  from {parent} as parent
  where t.ctid >= {first} and t.ctid < {end} and pg_catalog.num_nulls(t.{key}) > 0
    and parent.{parent_column} = t.{column} and parent.{parent_key} is not null
  returning 1
)
select pg_catalog.count(*), pg_catalog.count(*) from filled"
        )
    }

    /// The same as [`Backfill::direct`] for more blocks: no more than `limit` rows.
    pub(super) fn quick(&self, first: &str, end: &str, limit: &str) -> String {
        let Self { name, key, .. } = self;
        let [parent, column, parent_key, parent_column] = &self.reference;
        format!(
            "with picked as materialized (
  select array(
    select t.ctid from only {name} as t
    where t.ctid >= {first} and t.ctid < {end} and t.{key} is null
    limit {limit}
  ) as places
), filled as (
  update only {name} as t set {key} = parent.{parent_key}
  from {parent} as parent
  where t.ctid = any((select picked.places from picked)::pg_catalog.tid[]) and t.{key} is null
    and parent.{parent_column} = t.{column} and parent.{parent_key} is not null
  returning 1
)
select pg_catalog.cardinality(picked.places), (select pg_catalog.count(*) from filled) from picked"
        )
    }

    /// How many rows of some blocks have no key, and how many of those could have one.
    pub(super) fn survey(&self, first: &str, end: &str) -> String {
        let Self {
            name, key, parents, ..
        } = self;
        format!(
            "select pg_catalog.count(*), pg_catalog.count(s.parents) from (
  select {parents} as parents from only {name} as t
  where t.ctid >= {first} and t.ctid < {end} and t.{key} is null
  offset 0
) as s"
        )
    }

    /// Shows the rows that stay without a key.
    pub(super) fn rest(&self) -> String {
        format!("SELECT * FROM {} WHERE {} IS NULL", self.name, self.key)
    }

    /// The same in one statement, for psql.
    pub(super) fn script(&self) -> String {
        let place = |block: &str| format!("pg_catalog.format('(%s,0)', {block})::pg_catalog.tid");
        let batch = self.batch(
            &place("tenantctl_at"),
            &place("tenantctl_at + tenantctl_step"),
            "case when tenantctl_step > 1 then tenantctl_batch end",
        );
        let Window { blocks, .. } = Window::first(self.batch_size);
        let body = format!(
            "
declare
  tenantctl_batch constant bigint := {batch_size};
  tenantctl_at bigint;
  tenantctl_step bigint := {blocks};
  tenantctl_all bigint;
  tenantctl_picked bigint;
  tenantctl_filled bigint;
  tenantctl_sum bigint;
  tenantctl_began timestamptz;
begin
  loop
    tenantctl_at := 0;
    tenantctl_sum := 0;
    tenantctl_all := ({size});
    while tenantctl_at < tenantctl_all loop
      tenantctl_began := clock_timestamp();
      {settings} {one_by_one}
      {batch}
      into tenantctl_picked, tenantctl_filled;
      commit;
      perform pg_sleep({throttle} * extract(epoch from clock_timestamp() - tenantctl_began));
      tenantctl_sum := tenantctl_sum + tenantctl_filled;
      if tenantctl_step > 1 and tenantctl_picked >= tenantctl_batch then
        tenantctl_step := tenantctl_step / 2;
      else
        tenantctl_at := tenantctl_at + tenantctl_step;
        if tenantctl_picked < tenantctl_batch / 2 then
          tenantctl_step := least(2 * tenantctl_step, {MOST_BLOCKS});
        end if;
      end if;
    end loop;
    exit when tenantctl_sum = 0;
  end loop;
  if exists (select from only {name} where {key} is null) then
    raise exception 'rows have no key for want of a parent, or are locked'
      using hint = {rest};
  end if;
end
",
            batch_size = self.batch_size,
            size = self.size(),
            settings = Self::settings(),
            one_by_one = Self::one_by_one(),
            throttle = self.throttle,
            name = self.name,
            key = self.key,
            rest = literal(&self.rest()),
        );
        format!("DO {}", literal(&body))
    }
}

/// The blocks that the next batch looks at.
///
/// It does not depend on the order in which the server finds rows: a batch that was cut off at its
/// limit is followed by another one at the same place, and what it filled has a key by then. A single
/// block has no limit, so that rows without a parent are passed, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) at: u64,
    pub(super) blocks: u64,
}

impl Window {
    /// The largest one that is small.
    pub(super) fn first(batch: u64) -> Self {
        Self {
            at: 0,
            blocks: (MOST_FOLD * batch / MOST_ROWS).clamp(1, MOST_BLOCKS),
        }
    }

    /// After the window.
    pub(super) fn end(self) -> u64 {
        self.at + self.blocks
    }

    /// Whether even the narrowest rows that there can be make no more than four batches of it.
    pub(super) fn is_small(self, batch: u64) -> bool {
        self.blocks == 1 || self.blocks * MOST_ROWS <= MOST_FOLD * batch
    }

    /// LIMIT.
    pub(super) fn limit(self, batch: u64) -> Option<u64> {
        (self.blocks > 1).then_some(batch)
    }

    /// Where to go on after so many rows were found, and whether that was all of them.
    pub(super) fn next(self, picked: u64, batch: u64, all: bool) -> Self {
        if !all && self.limit(batch).is_some_and(|limit| picked >= limit) {
            return Self {
                blocks: self.blocks / 2,
                ..self
            };
        }
        // A little less than would fit if the rows were as wide as these.
        let fitting = self.blocks * batch / picked.max(1) * 15 / 16;
        Self {
            at: self.end(),
            blocks: fitting.clamp(1, (self.blocks * 2).min(MOST_BLOCKS)),
        }
    }
}

/// A place in the table as a constant.
pub(super) fn tid(block: u64) -> String {
    // InvalidBlockNumber is the greatest number, and no block's.
    format!("'({},0)'::pg_catalog.tid", block.min(u64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Blocks with rows that can be filled and rows that cannot: every one is met, no batch is
        /// larger than it may be, and there are not many more of them than it takes.
        #[test]
        fn every_block_is_passed(
            blocks in proptest::collection::vec((0u64..100, prop::sample::select(vec![0u64, 0, 0, 3, 90])), 1..400),
            batch in 1u64..2_000,
        ) {
            let mut left = blocks.clone();
            let all: u64 = left.iter().map(|(filled, _)| filled).sum();
            let mut window = Window::first(batch);
            let mut batches = 0u64;
            while window.at < left.len() as u64 {
                batches += 1;
                let limit = window.limit(batch).filter(|_| !window.is_small(batch));
                let limit = limit.unwrap_or(u64::MAX);
                let end = usize::try_from(window.end()).unwrap().min(left.len());
                let mut picked = 0;
                for (fill, orphans) in &mut left[usize::try_from(window.at).unwrap()..end] {
                    // Orphans come first: the worst order there is.
                    picked += (*orphans).min(limit - picked);
                    let taken = (*fill).min(limit - picked);
                    picked += taken;
                    *fill -= taken;
                }
                let small = window.is_small(batch);
                let most = if small { (MOST_FOLD * batch).max(MOST_ROWS) } else { batch };
                prop_assert!(picked <= most);
                window = window.next(picked, batch, small);
            }
            prop_assert!(left.iter().all(|(fill, _)| *fill == 0));
            prop_assert!(batches <= 20 + 4 * left.len() as u64 + all / batch);
        }
    }
}
