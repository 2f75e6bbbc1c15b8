//! Fills a draft: asks the server which candidates fit together.

use std::collections::BTreeSet;

use anyhow::Result;

use super::super::arena::{Arena, As};
use super::super::login::set_role;
use super::super::reply::Reply;
use super::super::rows::Cell;
use super::super::value::search::{Field, Search, groups};
use super::super::value::wish::Wishes;
use super::draft::{Candidate, Draft, Wanted};
use super::sight::Sight;
use crate::catalog::Column;
use crate::session::quote;

/// Candidates that are tried one by one where one of them spoils a search.
const MOST_SINGLE: usize = 80;

impl Draft<'_> {
    /// The cells of the new row. Where no candidates fit together, the first ones are taken, and
    /// the server will say what is wrong with them.
    pub(super) async fn cells(&self, arena: &mut Arena<'_>, sights: &[Sight]) -> Result<Vec<Cell>> {
        let given: BTreeSet<i16> = self.given().iter().map(|column| column.number).collect();
        let hard = self.hard(&given);
        let mut texts: Vec<&String> = hard.iter().map(|(text, _)| text).collect();
        texts.extend(sights.iter().map(|sight| &sight.predicate));
        let wishes = self.wishes(&texts);
        let mut uses: Vec<Vec<String>> = hard.iter().map(|(text, _)| self.uses(text)).collect();
        let seen = sights.iter().flat_map(|sight| self.uses(&sight.predicate));
        uses.push(seen.collect());
        let (mut cells, mut done) = (Vec::new(), BTreeSet::new());
        for places in groups(&uses) {
            let columns: BTreeSet<&String> = places.iter().flat_map(|at| &uses[*at]).collect();
            let conditions: Vec<&Hard> = places.iter().filter_map(|at| hard.get(*at)).collect();
            let group = self.group((&columns, conditions), (&wishes, &given));
            let sighted = places.contains(&hard.len());
            let sights = if sighted { sights } else { &[] };
            cells.extend(self.choose(arena, group, sights).await?);
            done.extend(columns.into_iter().cloned());
        }
        let columns = &self.relation.columns;
        let rest = columns
            .iter()
            .filter(|c| given.contains(&c.number) && !done.contains(&c.name));
        for column in rest {
            let wanted = Wanted {
                wishes: &wishes,
                given: &given,
                constrained: false,
                hashed: false,
            };
            let first = self.candidates(column, &wanted).into_iter().next();
            cells.extend(first.and_then(|first| cell(column, &first, None)));
        }
        cells.sort_by_key(|cell| columns.iter().position(|c| c.name == cell.column));
        Ok(cells)
    }

    /// The conditions that have to be thought of, and whether each must be true: those on columns
    /// that are given, and those that choose among rows.
    fn hard(&self, given: &BTreeSet<i16>) -> Vec<Hard> {
        let conditions = self.conditions();
        let by_given = |text: &String| {
            let mut columns = self.relation.columns.iter();
            let uses = self.uses(text);
            columns.any(|column| given.contains(&column.number) && uses.contains(&column.name))
        };
        let checks = conditions.checks.into_iter().filter(by_given);
        let checks = checks.map(|text| (text, false)).collect::<Vec<_>>();
        let truths = conditions.truths.into_iter().map(|text| (text, true));
        checks.into_iter().chain(truths).collect()
    }

    fn group<'g>(
        &'g self,
        (columns, conditions): (&BTreeSet<&String>, Vec<&'g Hard>),
        (wishes, given): (&'g Wishes, &BTreeSet<i16>),
    ) -> Group<'g> {
        let hash = "satisfies_hash_partition(";
        let wanted = Wanted {
            wishes,
            given,
            constrained: true,
            hashed: conditions.iter().any(|(text, _)| text.contains(hash)),
        };
        let used = self
            .relation
            .columns
            .iter()
            .filter(|column| columns.contains(&column.name));
        Group {
            fields: used
                .map(|column| (column, self.candidates(column, &wanted)))
                .collect(),
            conditions,
            derived: &wishes.derived,
        }
    }

    /// The best combination of one group.
    async fn choose(
        &self,
        arena: &mut Arena<'_>,
        group: Group<'_>,
        sights: &[Sight],
    ) -> Result<Vec<Cell>> {
        let mut search = self.search(&group);
        let open = search.fields.iter().any(|field| field.candidates.len() > 1);
        let empty = search
            .fields
            .iter()
            .any(|field| field.candidates.is_empty());
        let mut row = None;
        if !empty && (open || !search.derived.is_empty()) {
            for sight in sights.iter().map(Some).chain([None]) {
                row = self.ask(arena, (&mut search, sight)).await?;
                if row.is_some() {
                    break;
                }
            }
        }
        let (mut cells, mut at) = (Vec::new(), 0);
        for (column, candidates) in &group.fields {
            let derived = search
                .derived
                .iter()
                .position(|(name, _)| *name == column.name);
            if let (Some(nth), Some(row)) = (derived, &row) {
                let value = row.get(search.fields.len() * 2 + nth).cloned().flatten();
                let column = column.name.clone();
                cells.push(Cell { column, value });
                continue;
            }
            let told = row.as_ref().and_then(|row| row.get(at..at + 2));
            at += if derived.is_none() { 2 } else { 0 };
            let place = told.and_then(|told| told[0].as_deref()?.parse::<usize>().ok());
            let value = told.and_then(|told| told[1].clone());
            let taken = candidates.get(place.unwrap_or(0));
            cells.extend(taken.and_then(|taken| cell(column, taken, value)));
        }
        Ok(cells)
    }

    fn search(&self, group: &Group<'_>) -> Search {
        let derived: Vec<(String, String)> = group
            .derived
            .iter()
            .filter(|(name, body)| {
                let within =
                    |name: &String| group.fields.iter().any(|(column, _)| column.name == *name);
                within(name) && self.uses(body).iter().all(within)
            })
            .cloned()
            .collect();
        let fields = group
            .fields
            .iter()
            .filter(|(column, _)| !derived.iter().any(|(name, _)| *name == column.name))
            .map(|(column, candidates)| self.field(column, candidates))
            .collect::<Vec<_>>();
        let known = |name: &String| group.fields.iter().any(|(column, _)| column.name == *name);
        let generated = self
            .relation
            .columns
            .iter()
            .filter_map(|column| {
                Some((
                    column.name.clone(),
                    self.shape.generated.get(&column.number)?.clone(),
                ))
            })
            .filter(|(_, body)| self.uses(body).iter().all(known))
            .collect();
        let of = |wanted: bool| {
            let texts = group
                .conditions
                .iter()
                .filter(move |(_, truth)| *truth == wanted);
            texts.map(|(text, _)| text.clone()).collect()
        };
        Search {
            alias: self.relation.name.clone(),
            fields,
            derived,
            generated,
            checks: of(false),
            truths: of(true),
        }
    }

    /// One search; where it fails because of a candidate, once more without those that fail.
    async fn ask(
        &self,
        arena: &mut Arena<'_>,
        (search, sight): (&mut Search, Option<&Sight>),
    ) -> Result<Option<Vec<Option<String>>>> {
        let mut reply = look(arena, search, sight).await?;
        // Neither a type, a domain nor an expression takes everything.
        let spoilt = reply.refused().is_some_and(|refused| {
            refused.state.starts_with("22") || refused.state.starts_with("23")
        });
        if spoilt && sight.is_none() {
            self.prune(arena, search).await?;
            reply = look(arena, search, sight).await?;
        }
        Ok(reply.rows().first().cloned())
    }

    /// Leaves those candidates out that their type, or a condition on nothing but them, does not
    /// take. Their places must stay.
    async fn prune(&self, arena: &mut Arena<'_>, search: &mut Search) -> Result<()> {
        let (mut tried, whole) = (0, search.clone());
        for field in &mut search.fields {
            let alone = |body: &String| self.uses(body).iter().all(|name| *name == field.name);
            let mut one = whole.clone();
            one.derived.clear();
            one.generated.retain(|(_, body)| alone(body));
            one.checks.retain(alone);
            one.truths.retain(alone);
            // What nothing refers to is not computed.
            for (name, _) in &one.generated {
                one.checks
                    .push(format!("{} is not null", quote::ident(name)));
            }
            for candidate in &mut field.candidates {
                tried += 1;
                if tried > MOST_SINGLE {
                    return Ok(());
                }
                one.fields = vec![Field {
                    candidates: vec![candidate.clone()],
                    name: field.name.clone(),
                    type_name: field.type_name.clone(),
                }];
                let reply = arena.rehearse(&[(As::Unset, &one.sql())]).await?;
                if reply.refused().is_some() {
                    "null".clone_into(candidate);
                }
            }
        }
        Ok(())
    }
}

/// Columns whose values depend on each other, and the conditions that make them.
struct Group<'g> {
    fields: Vec<(&'g Column, Vec<Candidate>)>,
    conditions: Vec<&'g Hard>,
    derived: &'g [(String, String)],
}

/// A condition on the row, and whether it must be true; otherwise it must not be false.
type Hard = (String, bool);

/// Asks under the context, and as the role, for which the policies are to be looked at.
async fn look(arena: &mut Arena<'_>, search: &Search, sight: Option<&Sight>) -> Result<Reply> {
    let Some(sight) = sight else {
        return arena.rehearse(&[(As::Unset, &search.sql())]).await;
    };
    let mut narrowed = search.clone();
    narrowed.truths.push(sight.predicate.clone());
    let sql = narrowed.sql();
    let role = set_role(&sight.role);
    let steps = [
        (As::Unset, role.as_str()),
        (As::Context(&sight.context), sql.as_str()),
    ];
    let reply = arena.rehearse(&steps).await?;
    if reply
        .refused()
        .is_some_and(|refused| refused.state == "42501")
    {
        return arena.rehearse(&[(As::Context(&sight.context), &sql)]).await;
    }
    Ok(reply)
}

/// The cell of a candidate; none where the column is left out.
fn cell(column: &Column, taken: &Candidate, computed: Option<String>) -> Option<Cell> {
    let value = match taken {
        Candidate::Absent | Candidate::Default(_) => return None,
        Candidate::Null => None,
        Candidate::Text(text) => Some(text.clone()),
        Candidate::Sql(_) => Some(computed?),
    };
    Some(Cell {
        column: column.name.clone(),
        value,
    })
}
