//! The run: sessions, the two organizations, every table, every other relation, the verdicts.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result};

use super::arena::Arena;
use super::attacks;
use super::canary::Nursery;
use super::case::{BLIND_LIMIT, Case};
use super::eye::Eye;
use super::ledger::Ledger;
use super::login::{Attacker, set_role};
use super::markers::Markers;
use super::organizations::{self, Cast};
use super::others;
use super::rights::Rights;
use super::specimen::{self, Specimen};
use super::world::{World, Writes};
use super::{Outcome, Setup, glob, objects, rights, settings, summary, surfaces};
use crate::catalog::Oid;
use crate::exit::usage;
use crate::session::conninfo::Host;
use crate::session::{Purpose, Session};
use crate::tenancy::{Reach, TenantTable};

/// Attacks everything the application role can reach and rolls all of it back.
///
/// # Errors
/// The role does not exist or nobody can act as it; a connection is lost. What the server refuses
/// during an attack is no error but an answer.
pub async fn run(setup: Setup<'_>) -> Result<Outcome> {
    let role = &setup.tenancy.settings.tenancy.app_role;
    if setup.tenancy.app.is_none() {
        return Err(usage(format!(
            "[tenancy] app_role: role {role} does not exist on this server"
        )));
    }
    let reading = setup.admin.open(Purpose::Read).await?;
    let eye = Eye::new(&reading, &setup.tenancy.settings.tenancy.context);
    let attacker = Attacker::find(setup.admin, setup.app, role).await?;
    let cast = organizations::cast(&eye, setup.tenancy, setup.organizations.as_ref()).await?;
    let world = World {
        tenancy: setup.tenancy,
        rights: rights::load(&reading, role).await?,
        app_roles: rights::roles_of(&reading, role).await?,
        a: cast.a.clone(),
        b: cast.b.clone(),
        others: cast.others.clone(),
        writes: writes(&setup),
        as_login: attacker.as_login,
    };
    let stage = Stage {
        setup: &setup,
        world: &world,
        eye: &eye,
        attacker: &attacker,
        cast: &cast,
    };
    let outcome = stage.play().await;
    reading.close().await;
    outcome
}

/// Whether this server and database may be written to, in transactions that are rolled back.
fn writes(setup: &Setup<'_>) -> Writes {
    let server = &setup.tenancy.snapshot.server;
    if setup.read_only {
        return Writes::Refused("--read-only".to_owned());
    }
    if server.in_recovery {
        return Writes::Refused("the server is a standby".to_owned());
    }
    let mut names = vec![server.database.clone()];
    for endpoint in &setup.admin.target().endpoints {
        match &endpoint.host {
            Host::Tcp(host) => names.push(host.clone()),
            Host::Unix(folder) => names.push(folder.display().to_string()),
        }
    }
    for pattern in &setup.tenancy.settings.probe.refuse {
        if let Some(name) = names.iter().find(|name| glob::matches(pattern, name)) {
            return Writes::Refused(format!("{name} matches [probe] refuse \"{pattern}\""));
        }
    }
    Writes::Allowed
}

pub(super) struct Stage<'s, 'w> {
    pub(super) setup: &'s Setup<'s>,
    pub(super) world: &'s World<'w>,
    pub(super) eye: &'s Eye<'s>,
    pub(super) attacker: &'s Attacker,
    pub(super) cast: &'s Cast,
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
}

impl Stage<'_, '_> {
    async fn play(&self) -> Result<Outcome> {
        let session = self.attacker.open().await?;
        // Never sets the context: what a session sees before it does is an attack of its own.
        let fresh = self.attacker.open().await?;
        // Is handed from one organization to the next, as a pool does.
        let reused = self.attacker.open().await?;
        let mut collected = Collected::default();
        if self.attacker.as_login
            && let Some(finding) = settings::preset(&fresh, self.world).await?
        {
            collected.ledger.leak(None, finding);
        }
        let tables = self.world.tenancy.by_name();
        let others = others::targets(self.world);
        let functions = objects::targets(self).await?;
        let total = tables.len() + others.len() + functions.len();
        for table in tables {
            let name = self.world.tenancy.relation(table).qualified();
            (self.setup.progress)(total, &name);
            self.table(table, [&session, &fresh, &reused], &mut collected)
                .await
                .with_context(|| format!("cannot finish the attacks on {name}"))?;
        }
        for relation in others {
            (self.setup.progress)(total, &relation.qualified());
            surfaces::attack(self, relation, (&session, &mut collected))
                .await
                .with_context(|| {
                    format!("cannot finish the attacks on {}", relation.qualified())
                })?;
        }
        for target in &functions {
            let name = target.function.signature();
            (self.setup.progress)(total, &name);
            objects::call(self, target, (&session, &mut collected))
                .await
                .with_context(|| format!("cannot finish the attacks on {name}"))?;
        }
        objects::attack(self, &session, &mut collected).await?;
        session.close().await;
        fresh.close().await;
        reused.close().await;
        Ok(self.outcome(collected))
    }

    pub(super) fn arena<'a>(
        &'a self,
        opening: &'a str,
        read_only: bool,
    ) -> (&'a str, &'a str, bool) {
        let read_only = read_only || self.world.writes != Writes::Allowed;
        (self.world.context(), opening, read_only)
    }

    /// One tenant table, with rows that are there or, where one is missing, with canaries.
    async fn table(
        &self,
        table: &TenantTable,
        [session, fresh, reused]: [&Session; 3],
        collected: &mut Collected,
    ) -> Result<()> {
        let none = Rights::default();
        let rights = self.world.rights.get(&table.oid).unwrap_or(&none);
        let mut case = self.case(table, rights).await?;
        let snapshot = self.world.tenancy.snapshot;
        for (row, markers) in [(&case.a, &mut collected.a), (&case.b, &mut collected.b)] {
            if let Some(row) = row {
                markers.add(snapshot, case.relation, row);
            }
        }
        let reachable = rights.selects_any()
            || rights.inserts_any()
            || rights.updates_any()
            || rights.deletes();
        let lacking = case.a.is_none() || case.b.is_none();
        if lacking {
            collected.lacking.insert(table.oid);
        }
        if case
            .relation
            .triggers
            .iter()
            .any(|trigger| trigger.enabled != 'D')
        {
            collected.firing.push(case.name.clone());
        }
        let staged = reachable
            && lacking
            && self.world.writes == Writes::Allowed
            && self.with_canaries(&mut case, collected).await?;
        if !staged {
            let opening = self.attacker.opening.as_str();
            let ((), attempts) =
                Arena::rolled_back(fresh, self.arena(opening, false), async |arena| {
                    attacks::never_set(&mut case, arena).await
                })
                .await?;
            collected.attempts += attempts;
            let ((), attempts) =
                Arena::rolled_back(session, self.arena(opening, false), async |arena| {
                    attacks::all(&mut case, arena).await
                })
                .await?;
            collected.attempts += attempts;
            collected.attempts += attacks::reused(&mut case, (reused, opening)).await?;
        }
        collected.ledger.absorb(case.ledger);
        Ok(())
    }

    /// Attacks in an administrator's transaction in which the missing rows are made first; `false`
    /// where they could not be made, and the case then knows why.
    async fn with_canaries(
        &self,
        case: &mut Case<'_, '_>,
        collected: &mut Collected,
    ) -> Result<bool> {
        let session = self.setup.admin.open(Purpose::Attack).await?;
        let role = set_role(self.world.app_role());
        let (a, b) = (case.a.clone(), case.b.clone());
        let mut nursery = Nursery::new(self.world, self.eye, &self.cast.made_up);
        let (staged, attempts) =
            Arena::rolled_back(&session, self.arena("", false), async |arena| {
                if let Err(why) = nursery.stage(case, arena).await? {
                    return Ok(Err(why));
                }
                if let Some(refused) = arena.prepare(role.trim_end_matches(';')).await?.refused() {
                    return Ok(Err(format!("SET ROLE is refused: {}", refused.text)));
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

    fn outcome(&self, mut collected: Collected) -> Outcome {
        let suffix = if self.world.as_login {
            ""
        } else {
            " with SET ROLE"
        };
        let notes = summary::notes(self, &collected);
        summary::exemption(self.world, &mut collected.ledger);
        let (findings, coverage) = collected.ledger.close(suffix);
        Outcome {
            findings,
            coverage,
            notes,
            as_login: self.world.as_login,
            organizations: (self.world.a.clone(), self.world.b.clone()),
            attempts: collected.attempts,
        }
    }
}
