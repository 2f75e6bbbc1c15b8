//! Which column is the tenant key, and which table is the registry: the two are found together.

use std::collections::BTreeSet;

use anyhow::Result;

use super::scope::{Scope, primary_key};
use super::{Choice, Hints, Note, words};
use crate::catalog::{Column, Oid, Relation};
use crate::exit::usage;
use crate::settings::KeyType;

/// How many candidates are compared; the best of thousands are among the first few.
const MANY: usize = 200;

/// A column name and the registry that it could name a row of.
#[derive(Clone)]
pub(super) struct Candidate<'a> {
    pub(super) key: String,
    pub(super) key_type: KeyType,
    pub(super) registry: &'a Relation,
    pub(super) id: &'a Column,
    /// Tables other than the registry that have the column.
    pub(super) having: BTreeSet<Oid>,
    /// Those with a foreign key from it to the registry.
    pub(super) referencing: BTreeSet<Oid>,
    /// Those with a policy that compares it with a setting.
    policed: usize,
    score: f64,
}

/// The best candidate and the next ones.
pub(super) fn choose<'a>(scope: &Scope<'a>, hints: &Hints) -> Result<Vec<Candidate<'a>>> {
    let mut found = candidates(scope, hints);
    let scores: Vec<f64> = found.iter().map(|one| score(one, &found)).collect();
    for (candidate, score) in found.iter_mut().zip(scores) {
        candidate.score = score;
    }
    found.sort_by(|a, b| {
        let by_name = || (&a.key, a.registry.verbatim()).cmp(&(&b.key, b.registry.verbatim()));
        b.score.total_cmp(&a.score).then_with(by_name)
    });
    let told = hints.key.is_some() || hints.registry.is_some();
    if found
        .first()
        .is_some_and(|best| told && !best.having.is_empty() || convinces(scope, best))
    {
        return Ok(found);
    }
    Err(nothing(scope, hints, &found))
}

/// Structure that could as well be chance does not convince: one column in one table, say, whose
/// name is no word for a tenant and which no policy mentions.
fn convinces(scope: &Scope<'_>, candidate: &Candidate<'_>) -> bool {
    let named = words::is_tenant_word(&words::stem(&candidate.key));
    let having = candidate.having.len();
    let most = having >= 3 && 2 * having >= scope.tables.len();
    having >= 1 && (named || candidate.policed > 0)
        || having >= 2 && !candidate.referencing.is_empty()
        || most
}

fn nothing(scope: &Scope<'_>, hints: &Hints, found: &[Candidate<'_>]) -> anyhow::Error {
    let what = match (&hints.key, &hints.registry) {
        (Some(key), Some(registry)) => format!(
            "no table has a column {key} that could name a row of {registry}"
        ),
        (Some(key), None) => format!(
            "no table was found that column {key} names a row of; give it with --registry schema.table"
        ),
        (None, Some(registry)) => format!(
            "no column was found that names a row of {registry}; give it with --key COLUMN"
        ),
        (None, None) => "no column was found that names a row's tenant: looked for one that most tables share and that references one table, give it with --key COLUMN and --registry schema.table".to_owned(),
    };
    let seen = found.first().map_or_else(String::new, |best| {
        format!("; the nearest is {} ({})", best.key, best.evidence(scope))
    });
    usage(format!(
        "{what} ({} looked at in database {}{seen})",
        words::counted(scope.tables.len(), "table"),
        scope.snapshot.server.database
    ))
}

fn candidates<'a>(scope: &Scope<'a>, hints: &Hints) -> Vec<Candidate<'a>> {
    let mut found: Vec<Candidate<'a>> = Vec::new();
    let mut add = |key: &str, registry: &'a Relation, id: &'a Column| {
        let wanted = hints.key.as_ref().is_none_or(|wanted| wanted == key)
            && hints
                .registry
                .as_ref()
                .is_none_or(|wanted| *wanted == registry.verbatim());
        let known = found
            .iter()
            .any(|one| one.key == key && one.registry.oid == registry.oid);
        if let (true, false, Some(key_type)) = (wanted, known, scope.key_type(id)) {
            found.push(Candidate::new(scope, key, key_type, (registry, id)));
        }
    };
    for table in &scope.tables {
        for reference in scope.references(table) {
            // A table's tree of itself is no tenancy.
            if reference.table.oid != table.oid {
                add(&reference.column.name, reference.table, reference.target);
            }
        }
    }
    // Where foreign keys are missing, names have to do.
    for (registry, id, name) in by_their_names(scope, hints) {
        add(name, registry, id);
    }
    // Each is compared with each below.
    found.sort_by_key(|one| std::cmp::Reverse(one.points()));
    found.truncate(MANY);
    found
}

/// Columns without a foreign key, and the tables that they are about by their names.
fn by_their_names<'a>(
    scope: &Scope<'a>,
    hints: &Hints,
) -> Vec<(&'a Relation, &'a Column, &'a str)> {
    let registries: Vec<_> = scope
        .tables
        .iter()
        .filter_map(|table| Some((*table, primary_key(table)?)))
        .filter(|(_, id)| scope.key_type(id).is_some())
        .collect();
    let mut found = Vec::new();
    for (name, having) in &scope.by_column {
        let told = hints.key.as_deref() == Some(*name) && hints.registry.is_some();
        let stem = words::stem(name);
        // A column such as `name` or `status` is about nothing else.
        if !told && stem == words::plain(name) {
            continue;
        }
        for (registry, id) in &registries {
            if !told && !words::is_about(&stem, &registry.name) {
                continue;
            }
            let fits = having.iter().any(|(table, column)| {
                table.oid != registry.oid && scope.key_type(column) == scope.key_type(id)
            });
            if fits {
                found.push((*registry, *id, *name));
            }
        }
    }
    found
}

impl<'a> Candidate<'a> {
    fn new(
        scope: &Scope<'a>,
        key: &str,
        key_type: KeyType,
        (registry, id): (&'a Relation, &'a Column),
    ) -> Self {
        let mut candidate = Self {
            key: key.to_owned(),
            key_type,
            registry,
            id,
            having: BTreeSet::new(),
            referencing: BTreeSet::new(),
            policed: 0,
            score: 0.0,
        };
        for (table, column) in scope.by_column.get(key).into_iter().flatten() {
            if table.oid == registry.oid || scope.key_type(column) != Some(key_type) {
                continue;
            }
            candidate.having.insert(table.oid);
            let references = scope
                .references(table)
                .iter()
                .any(|one| one.column.number == column.number && one.table.oid == registry.oid);
            if references {
                candidate.referencing.insert(table.oid);
            }
            let policed = table.policies.iter().any(|policy| {
                [&policy.using, &policy.check]
                    .into_iter()
                    .flatten()
                    .any(|text| text.contains("current_setting(") && words::mentions(text, key))
            });
            candidate.policed += usize::from(policed);
        }
        candidate
    }

    /// "12 of 14 tables have it, 11 reference public.organizations".
    pub(super) fn evidence(&self, scope: &Scope<'_>) -> String {
        let all = scope
            .tables
            .iter()
            .filter(|table| table.oid != self.registry.oid)
            .count();
        let have = if self.having.len() == 1 {
            "has"
        } else {
            "have"
        };
        let mut text = format!(
            "{} of {} {have} it",
            self.having.len(),
            words::counted(all, "table")
        );
        let registry = self.registry.verbatim();
        text.push_str(&match self.referencing.len() {
            0 => format!("; no foreign key, {registry} is taken by its name"),
            count if count == self.having.len() && count > 1 => {
                format!("; all of them reference {registry}")
            }
            1 => format!("; 1 references {registry}"),
            count => format!("; {count} of them reference {registry}"),
        });
        if self.policed > 0 {
            text.push_str(&format!(
                "; policies on {} compare it with a setting",
                words::counted(self.policed, "table")
            ));
        }
        text
    }

    fn points(&self) -> usize {
        let stem = words::stem(&self.key);
        self.having.len()
            + self.referencing.len()
            + self.policed
            + 2 * usize::from(words::is_about(&stem, &self.registry.name))
            + 2 * usize::from(words::is_tenant_word(&stem))
    }

    fn has_key_of(&self, other: &Self) -> bool {
        other.having.contains(&self.registry.oid)
    }
}

/// Shared by many, referencing, policed and well named is good. A registry that has a tenant key
/// itself is no registry: `projects` has `organization_id`, so `project_id` is no tenant key,
/// however many tables have it. Nor are people, unless there is nothing else.
fn score(candidate: &Candidate<'_>, all: &[Candidate<'_>]) -> f64 {
    let belongs_to = |other: &Candidate<'_>| {
        let comparable = 2 * other.having.len() >= candidate.having.len()
            || words::is_tenant_word(&words::stem(&other.key));
        other.registry.oid != candidate.registry.oid
            && comparable
            && candidate.has_key_of(other)
            && !other.has_key_of(candidate)
    };
    let mut points = f64::from(u32::try_from(candidate.points()).unwrap_or(u32::MAX));
    if all.iter().any(belongs_to) {
        points *= 0.3;
    }
    if words::is_of_people(&candidate.registry.name) {
        points *= 0.4;
    }
    points
}

/// The key as a choice, with the runners-up.
pub(super) fn key_choice(scope: &Scope<'_>, found: &[Candidate<'_>]) -> Choice {
    let best = &found[0];
    let others = found[1..]
        .iter()
        .filter(|other| other.key != best.key && convinces(scope, other))
        .filter(|other| 2.0 * other.score >= best.score)
        .take(3)
        .map(|other| Note {
            name: other.key.clone(),
            why: other.evidence(scope),
        })
        .collect();
    Choice {
        value: best.key.clone(),
        why: best.evidence(scope),
        others,
    }
}

/// The registry as a choice; the runners-up are other tables that the same key references.
pub(super) fn registry_choice(found: &[Candidate<'_>]) -> Choice {
    let best = &found[0];
    let why = |one: &Candidate<'_>| match one.referencing.len() {
        0 => format!("its name goes with {}", one.key),
        count => format!(
            "referenced by {} of {}",
            one.key,
            words::counted(count, "table")
        ),
    };
    let others = found[1..]
        .iter()
        .filter(|other| other.key == best.key)
        .take(3)
        .map(|other| Note {
            name: other.registry.verbatim(),
            why: why(other),
        })
        .collect();
    Choice {
        value: best.registry.verbatim(),
        why: why(best),
        others,
    }
}
