//! One lane's view of a run, and how a tenant table is attacked on it.

use std::collections::{BTreeSet, HashMap};

use anyhow::Result;

use super::Setup;
use super::arena::{Arena, Manner};
use super::asked;
use super::attacks;
use super::canary::Nursery;
use super::case::{BLIND_LIMIT, Case};
use super::committed::{Keeper, Planted};
use super::eye::Eye;
use super::lanes::Lane;
use super::ledger::Ledger;
use super::login::{Attacker, set_role};
use super::markers::Markers;
use super::organizations::Cast;
use super::rights::Rights;
use super::specimen::{self, Specimen};
use super::world::{World, Writes};
use crate::catalog::Oid;
use crate::finding::Operation;
use crate::session::{Purpose, Session};
use crate::tenancy::{Reach, TenantTable};

/// What attacks need; the sessions are this lane's own, the rest is shared.
pub(super) struct Stage<'s, 'w> {
    pub(super) setup: &'s Setup<'s>,
    pub(super) world: &'s World<'w>,
    pub(super) eye: &'s Eye<'s>,
    pub(super) attacker: &'s Attacker,
    pub(super) cast: &'s Cast,
    pub(super) lane: &'s Lane,
    /// Who commits canaries, where that was asked for.
    pub(super) keeper: Option<&'s Keeper>,
}

/// What is collected on the way.
#[derive(Default)]
pub(super) struct Collected {
    pub(super) ledger: Ledger,
    pub(super) attempts: usize,
    /// Tenant tables without a row of A's or of B's.
    pub(super) lacking: BTreeSet<Oid>,
    /// How many tables were attacked with rows made up for them.
    pub(super) canaries: usize,
    /// Tables whose triggers ran.
    pub(super) firing: Vec<String>,
    pub(super) a: Markers,
    pub(super) b: Markers,
    /// Tables whose policies apply to the administrator.
    pub(super) half_seen: Vec<String>,
    /// What the administrator saw after the attacks.
    pub(super) aftermath: Vec<String>,
}

impl Collected {
    /// Adds what another one holds.
    pub(super) fn absorb(&mut self, other: Self) {
        self.ledger.absorb(other.ledger);
        self.attempts += other.attempts;
        self.lacking.extend(other.lacking);
        self.canaries += other.canaries;
        self.firing.extend(other.firing);
        self.half_seen.extend(other.half_seen);
        self.a.absorb(other.a);
        self.b.absorb(other.b);
    }
}

impl Stage<'_, '_> {
    /// How a transaction of attacks is opened here.
    pub(super) fn arena<'a>(&'a self, opening: &'a str, read_only: bool) -> Manner<'a> {
        Manner {
            context: self.world.context(),
            opening,
            read_only: read_only || self.world.writes != Writes::Allowed,
            trail: &self.lane.trail,
        }
    }

    /// What has to be there before anything else, for the evidence: the organizations of canaries.
    pub(super) fn prologue(&self) -> Vec<String> {
        self.keeper.map(Keeper::prologue).unwrap_or_default()
    }

    /// The administrator's attacking session of this lane; opened once.
    pub(super) async fn admin(&self) -> Result<&Session> {
        self.lane.admin(self.setup.admin).await
    }

    /// The administrator becomes the application role for the rest of the transaction; the error is
    /// why he may not.
    pub(super) async fn become_app(&self, arena: &mut Arena<'_>) -> Result<Result<(), String>> {
        let reply = arena.prepare(&set_role(self.world.app_role())).await?;
        Ok(match reply.refused() {
            None => Ok(()),
            Some(refused) => Err(format!("SET ROLE is refused: {}", refused.text)),
        })
    }

    /// One tenant table, with rows that are there or, where one is missing, with canaries.
    pub(super) async fn table(
        &self,
        table: &TenantTable,
        salt: u32,
        collected: &mut Collected,
    ) -> Result<()> {
        let rights = self.world.rights_on(table.oid);
        let mut case = self.case(table, rights).await?;
        let snapshot = self.world.tenancy.snapshot;
        for (row, markers) in [(&case.a, &mut collected.a), (&case.b, &mut collected.b)] {
            if let Some(row) = row {
                markers.add(snapshot, case.relation, row);
            }
        }
        if case.rows.is_none() {
            collected.half_seen.push(case.name.clone());
        }
        let reachable = rights.selects_any()
            || rights.inserts_any()
            || rights.updates_any()
            || rights.deletes();
        let lacking = case.a.is_none() || case.b.is_none();
        if lacking {
            collected.lacking.insert(table.oid);
        }
        let mut triggers = case.relation.triggers.iter();
        let writes = [Operation::Insert, Operation::Update, Operation::Delete]
            .iter()
            .any(|operation| self.world.may(*operation, table.oid).is_ok());
        if writes && triggers.any(|trigger| trigger.enabled != 'D') {
            collected.firing.push(case.name.clone());
        }
        let makes = reachable && lacking && self.world.writes == Writes::Allowed;
        let staged = makes
            && (self.with_committed(&mut case, salt, collected).await?
                || self.with_canaries(&mut case, salt, collected).await?);
        if !staged {
            self.as_login(&mut case, &[], collected).await?;
            if case.is_open() {
                self.as_asked(&mut case, collected).await?;
            }
        }
        collected.ledger.absorb(case.ledger);
        Ok(())
    }

    /// Attacks in the attacker's own sessions, after an administrator ran the statements of the
    /// prologue.
    async fn as_login(
        &self,
        case: &mut Case<'_, '_>,
        prologue: &[String],
        collected: &mut Collected,
    ) -> Result<()> {
        let opening = self.attacker.opening.as_str();
        let fresh = &self.lane.fresh;
        let prologue = [self.prologue(), prologue.to_vec()].concat();
        let ((), attempts) = Arena::rolled_back(fresh, self.arena(opening, false), async |arena| {
            arena.prologue.clone_from(&prologue);
            attacks::never_set(case, arena).await
        })
        .await?;
        collected.attempts += attempts;
        collected.attempts += self
            .in_sessions(async |arena| {
                arena.prologue.clone_from(&prologue);
                attacks::all(case, arena).await
            })
            .await?;
        let reused = (&self.lane.reused, opening);
        collected.attempts += attacks::reused(case, reused, &prologue).await?;
        Ok(())
    }

    /// Attacks in a transaction of the attacker's, and, where canaries are committed, one of the
    /// victim's own; how many were made.
    pub(super) async fn in_sessions(
        &self,
        work: impl AsyncFnOnce(&mut Arena<'_>) -> Result<()>,
    ) -> Result<usize> {
        let manner = self.arena(self.attacker.opening.as_str(), false);
        let session = &self.lane.session;
        let ((), attempts) = if self.keeper.is_some() {
            let second = self.lane.second(self.attacker).await?;
            Arena::of_two(session, (second, &self.world.b), manner, async |arena| {
                work(arena).await
            })
            .await?
        } else {
            Arena::rolled_back(session, manner, async |arena| work(arena).await).await?
        };
        Ok(attempts)
    }

    /// Attacks with rows that are committed for as long as it takes; `false` where they could not
    /// be.
    async fn with_committed(
        &self,
        case: &mut Case<'_, '_>,
        salt: u32,
        collected: &mut Collected,
    ) -> Result<bool> {
        let Some(keeper) = self.keeper else {
            return Ok(false);
        };
        let before = (case.a.clone(), case.b.clone());
        let planted = keeper
            .plant(self, salt, async |nursery, arena| {
                nursery.stage(case, arena).await
            })
            .await?;
        let planted: Planted = match planted {
            Ok(planted) => planted,
            Err(why) => {
                (case.a, case.b) = before;
                keeper.not_committed(&case.name, &why);
                return Ok(false);
            }
        };
        let prologue = planted.prologue.clone();
        let attacked = self.as_login(case, &prologue, collected).await;
        keeper.take_back(self, planted).await?;
        attacked.map(|()| true)
    }

    /// Attacks in an administrator's transaction in which the missing rows are made first; `false`
    /// where they could not be made, and the case then knows why.
    ///
    /// They are made twice: looking for values that the policies like sets the context, and a
    /// session that ever had one is no longer as it was before. So the first transaction finds out
    /// how, and the attacks happen in a second one, of a session of its own, that only repeats what
    /// worked.
    async fn with_canaries(
        &self,
        case: &mut Case<'_, '_>,
        salt: u32,
        collected: &mut Collected,
    ) -> Result<bool> {
        let (a, b) = (case.a.clone(), case.b.clone());
        let mut nursery = Nursery::new(self.world, self.eye, &self.cast.made_up).salted(salt);
        let session = self.admin().await?;
        let (rehearsed, _) = Arena::rolled_back(session, self.arena("", false), async |arena| {
            nursery.stage(case, arena).await
        })
        .await?;
        let mut staged = rehearsed;
        if staged.is_ok() {
            staged = self.perform((case, collected), &nursery).await?;
        }
        if staged.is_ok() && case.is_open() {
            case.asked = asked::settings(case);
        }
        if !case.asked.is_empty() {
            let first = std::mem::take(&mut case.ledger);
            // It could be done once already.
            let _ = self.perform((case, collected), &nursery).await?;
            let second = std::mem::take(&mut case.ledger);
            case.ledger = first.improved_by(second);
        }
        match staged {
            Ok(()) => {
                collected.canaries += 1;
                Ok(true)
            }
            Err(why) => {
                (case.a, case.b) = (a, b);
                case.missing = Some(why);
                Ok(false)
            }
        }
    }

    /// Makes the rows of a rehearsal again and attacks them.
    async fn perform(
        &self,
        (case, collected): (&mut Case<'_, '_>, &mut Collected),
        nursery: &Nursery<'_, '_>,
    ) -> Result<Result<(), String>> {
        let session = self.setup.admin.open(Purpose::Attack).await?;
        let (staged, attempts) =
            Arena::rolled_back(&session, self.arena("", false), async |arena| {
                arena.prologue = self.prologue();
                if let Err(why) = nursery.replay(case, arena).await? {
                    return Ok(Err(why));
                }
                case.set_asked(arena).await?;
                if let Err(why) = self.become_app(arena).await? {
                    return Ok(Err(why));
                }
                if !nursery.clear_context(arena).await? {
                    attacks::never_set(case, arena).await?;
                }
                attacks::all(case, arena).await?;
                Ok(Ok(()))
            })
            .await?;
        session.close().await;
        collected.attempts += attempts;
        Ok(staged)
    }

    /// Once more with what the policies ask for beside the context, where that may tell more.
    async fn as_asked(&self, case: &mut Case<'_, '_>, collected: &mut Collected) -> Result<()> {
        case.asked = asked::settings(case);
        if case.asked.is_empty() {
            return Ok(());
        }
        let first = std::mem::take(&mut case.ledger);
        // A session that had a setting is not as it was before: the others go on without it.
        let session = self.attacker.open().await?;
        let manner = self.arena(self.attacker.opening.as_str(), false);
        let ((), attempts) = Arena::rolled_back(&session, manner, async |arena| {
            case.set_asked(arena).await?;
            attacks::all(case, arena).await
        })
        .await?;
        session.close().await;
        collected.attempts += attempts;
        let second = std::mem::take(&mut case.ledger);
        case.ledger = first.improved_by(second);
        Ok(())
    }

    async fn case<'c>(
        &'c self,
        table: &'c TenantTable,
        rights: &'c Rights,
    ) -> Result<Case<'c, 'c>> {
        let relation = self.world.tenancy.relation(table);
        let mut rows = [None, None];
        let mut links = [None, None];
        for (nth, organization) in [&self.world.a, &self.world.b].into_iter().enumerate() {
            rows[nth] = specimen::fetch(self.eye, self.world, table.oid, organization).await?;
            links[nth] = self.link(table, organization, rows[nth].as_ref()).await?;
        }
        let [a, b] = rows;
        let [a_link, b_link] = links;
        Ok(Case {
            world: self.world,
            eye: self.eye,
            table,
            relation,
            rights,
            name: relation.qualified(),
            a,
            b,
            a_link,
            b_link,
            kin: HashMap::new(),
            asked: Vec::new(),
            missing: None,
            rows: self
                .eye
                .count(&relation.qualified(), BLIND_LIMIT + 1)
                .await?,
            ledger: Ledger::default(),
        })
    }

    /// What makes a row this organization's: its id, or the id of a parent of its own.
    async fn link(
        &self,
        table: &TenantTable,
        organization: &str,
        row: Option<&Specimen>,
    ) -> Result<Option<String>> {
        let Reach::Via {
            column,
            parent,
            parent_column,
        } = table.reach
        else {
            return Ok(Some(organization.to_owned()));
        };
        let relation = self.world.tenancy.relation(table);
        let own = relation
            .attribute(column)
            .and_then(|column| row?.cell(relation, &column.name));
        if let Some(value) = own {
            return Ok(Some(value.to_owned()));
        }
        let up = &self.world.tenancy.snapshot.relations[&parent];
        let Some(there) = up.attribute(parent_column) else {
            return Ok(None);
        };
        let found = specimen::fetch(self.eye, self.world, parent, organization).await?;
        Ok(found.and_then(|row| row.cell(up, &there.name).map(str::to_owned)))
    }
}
