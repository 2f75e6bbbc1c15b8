//! Inserts a drafted row; what is refused is tried another way, for as long as there is one.

use anyhow::Result;

use super::super::arena::{As, setting};
use super::super::login::set_role;
use super::super::reply::Refused;
use super::super::rows::{Cell, insert};
use super::super::specimen::{self, Specimen, select_list};
use super::draft::Draft;
use super::sight::{Sight, sights};
use super::{Nursery, Place};
use crate::catalog::{Constraint, ConstraintKind, Oid, Relation, RelationKind};
use crate::session::quote;

/// How often a row is tried.
const ATTEMPTS: usize = 14;
/// How often because its keys are taken.
const BUMPS: usize = 4;

/// How a row is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Way {
    /// With columns that could be left out.
    rich: bool,
    /// With the context at the organization.
    context: bool,
    /// As a copy of a row that is there.
    clone: bool,
    /// As the application's role itself.
    role: bool,
}

/// The ways, the best first.
const WAYS: [Way; 8] = {
    const fn way(rich: bool, context: bool, clone: bool, role: bool) -> Way {
        Way {
            rich,
            context,
            clone,
            role,
        }
    }
    [
        way(true, false, false, false),
        way(false, false, false, false),
        way(true, true, false, false),
        way(false, true, false, false),
        way(true, false, true, false),
        way(true, true, true, false),
        way(true, true, false, true),
        way(false, true, false, true),
    ]
};

/// What became of an attempt.
enum Outcome {
    Planted(Specimen),
    Refused(Refused),
    /// Not refused, and still no row to work with.
    Useless(String),
}

/// What to do after a refusal.
enum Next {
    Again,
    OtherWay,
    /// With the context, or as somebody else: policies are in the way.
    Admitted,
}

/// Why planting came to an end.
pub(super) enum Failed {
    /// In the database's words.
    Because(String),
    /// This reference has to be filled after all.
    Reference(Oid),
    /// The parents are taken: the row needs new ones.
    Taken,
}

impl Nursery<'_, '_> {
    /// Inserts the row; says why none could be made.
    pub(super) async fn plant(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        relation: &Relation,
        pinned: Vec<Cell>,
    ) -> Result<Result<Specimen, Failed>> {
        let mut draft = self.draft(relation, place.organization, pinned).await?;
        let wanted = sights(self.world, relation, place.organization);
        let as_tenant = self.as_tenant;
        let mut ways = WAYS.iter().copied().filter(|way| way.context || !as_tenant);
        let Some(mut way) = ways.next() else {
            return Ok(Err(Failed::Because("there is no way to try".to_owned())));
        };
        let (mut first, mut bumps) = (None, 0);
        for _ in 0..ATTEMPTS {
            let why = match self.attempt(place, (&mut draft, way), &wanted).await? {
                Outcome::Planted(specimen) => return Ok(Ok(specimen)),
                Outcome::Useless(why) => (why, Next::OtherWay),
                Outcome::Refused(refused) => {
                    if let Some(oid) = missing_parent(relation, &refused, &draft) {
                        return Ok(Err(Failed::Reference(oid)));
                    }
                    let taken = is_taken(&refused);
                    bumps += usize::from(taken);
                    if taken && bumps > BUMPS {
                        return Ok(Err(Failed::Taken));
                    }
                    let next = self.learn(&mut draft, &refused).await?;
                    (refused.text, next)
                }
            };
            let (text, next) = why;
            // Of several reasons the first is the one that the row met as it was meant.
            first.get_or_insert(text);
            match next {
                Next::Again => {}
                Next::OtherWay => match ways.next() {
                    Some(other) => way = other,
                    None => break,
                },
                Next::Admitted => {
                    match ways.find(|other| other.context && (!way.context || other.role)) {
                        Some(other) => way = other,
                        None => break,
                    }
                }
            }
        }
        let why = first.unwrap_or_default();
        Ok(Err(Failed::Because(format!(
            "a row for {} could not be made: {why}",
            relation.qualified()
        ))))
    }

    async fn attempt(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        (draft, way): (&mut Draft<'_>, Way),
        wanted: &[Sight],
    ) -> Result<Outcome> {
        draft.rich = way.rich;
        draft.template = None;
        if way.clone {
            draft.template = super::any_row(self.eye, draft.relation).await?;
            if draft.template.is_none() {
                return Ok(Outcome::Useless("there is no row to copy".to_owned()));
            }
        }
        let cells = draft.cells(place.arena, wanted).await?;
        let sql = insert(draft.relation, &cells);
        let early = asked_early(draft);
        self.try_to(place, (draft.relation, &sql), (way, early.as_deref()))
            .await
    }

    async fn try_to(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        (relation, sql): (&Relation, &str),
        (way, early): (Way, Option<&str>),
    ) -> Result<Outcome> {
        let list = select_list(relation, &quote::ident(&relation.name));
        let returning = format!("{sql} returning {list}");
        let organization = place.organization;
        let role = set_role(self.world.app_role());
        let who = if way.context {
            As::Context(organization)
        } else {
            As::Unset
        };
        let mut steps = vec![(who, "select 1")];
        if way.role {
            steps.push((As::Unset, &role));
        }
        let at = steps.len();
        steps.push((As::Unset, &returning));
        steps.extend(early.map(|sql| (As::Unset, sql)));
        if way.role {
            steps.push((As::Unset, "reset role"));
        }
        let reply = place.arena.rehearse(&steps).await?;
        if let Some(refused) = reply.refused() {
            return Ok(Outcome::Refused(refused.clone()));
        }
        let row = reply.answer(at).and_then(|answer| answer.rows.first());
        let Some(row) = row else {
            let why = format!(
                "a row for {} was accepted and not written",
                relation.qualified()
            );
            return Ok(Outcome::Useless(why));
        };
        let specimen = specimen::from_row(row.clone());
        let key = self.world.tenancy.key_column(relation.oid);
        let whose = key.and_then(|key| specimen.cell(relation, &key.name));
        if key.is_some() && whose != Some(organization) {
            // Attacking with it would be a false alarm.
            let why = "a trigger gives it to another organization".to_owned();
            return Ok(Outcome::Useless(why));
        }
        place.arena.keep().await?;
        self.record(place, (relation, sql), way);
        Ok(Outcome::Planted(specimen))
    }

    /// Notes what has to be done to have the row once more.
    fn record(
        &mut self,
        place: &mut Place<'_, '_, '_>,
        (relation, sql): (&Relation, &str),
        way: Way,
    ) {
        if way.context {
            self.as_tenant = true;
            let context = setting(self.world.context());
            let value = quote::literal(place.organization);
            self.note(place, format!("set local {context} = {value}"));
        }
        if way.role {
            self.note(place, set_role(self.world.app_role()));
        }
        self.note_row(place, (relation, sql.to_owned()));
        if way.role {
            self.note(place, "reset role".to_owned());
        }
    }

    /// What a refusal says about the next attempt.
    async fn learn(&mut self, draft: &mut Draft<'_>, refused: &Refused) -> Result<Next> {
        let relation = draft.relation;
        match refused.state.as_str() {
            "23505" | "23P01" => {
                self.salt += 7;
                draft.mark.salt = self.salt;
                Ok(Next::Again)
            }
            "23502" => {
                let column = refused
                    .column
                    .as_ref()
                    .and_then(|name| relation.column(name));
                let new = column.is_some_and(|column| draft.must.insert(column.number));
                Ok(if new { Next::Again } else { Next::OtherWay })
            }
            "23514" if refused.constraint.is_none() => {
                let partitioned = relation.kind == RelationKind::Partitioned;
                if !partitioned || draft.leaves.is_some() {
                    return Ok(Next::OtherWay);
                }
                let leaves = self.world.lore.leaves(self.eye, relation).await?;
                draft.leaves = Some(leaves);
                Ok(Next::Again)
            }
            "42501" => Ok(Next::Admitted),
            _ => Ok(Next::OtherWay),
        }
    }
}

/// References that defaults fill and that would only be looked at when the transaction ends: asked
/// now, a parent that is missing can still be made.
fn asked_early(draft: &Draft<'_>) -> Option<String> {
    let relation = draft.relation;
    let by_default = |number: &i16| {
        relation
            .attribute(*number)
            .is_some_and(|column| column.has_default && !draft.is_pinned(column))
    };
    let names: Vec<String> = relation
        .constraints
        .iter()
        .filter(|constraint| constraint.kind == ConstraintKind::Foreign && constraint.deferrable)
        .filter(|constraint| constraint.columns.iter().any(by_default))
        .map(|constraint| quote::qualified(&relation.schema_name, &constraint.name))
        .collect();
    (!names.is_empty()).then(|| format!("set constraints {} immediate", names.join(", ")))
}

fn is_taken(refused: &Refused) -> bool {
    matches!(refused.state.as_str(), "23505" | "23P01")
}

/// The foreign key that was violated, where its columns were not filled on purpose.
fn missing_parent(relation: &Relation, refused: &Refused, draft: &Draft<'_>) -> Option<Oid> {
    if refused.state != "23503" {
        return None;
    }
    let name = refused.constraint.as_deref()?;
    let open = |constraint: &&Constraint| {
        constraint.kind == ConstraintKind::Foreign
            && constraint.name == name
            && constraint.columns.iter().any(|number| {
                relation
                    .attribute(*number)
                    .is_some_and(|column| !draft.is_pinned(column))
            })
    };
    relation
        .constraints
        .iter()
        .find(open)
        .map(|constraint| constraint.oid)
}
