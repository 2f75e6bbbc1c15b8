//! Which columns a made-up row gives, and the candidates for each.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::super::rows::Cell;
use super::super::specimen::Specimen;
use super::super::value::lore::Kinds;
use super::super::value::palette::bare;
use super::super::value::search::Field;
use super::super::value::wish::{Wish, Wishes};
use super::super::value::{Mark, Palette, Shape, fits, mentions, replaced};
use super::document::merged;
use crate::catalog::{Column, ConstraintKind, Relation, Snapshot};
use crate::session::quote;

/// A row to be made.
pub(super) struct Draft<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) relation: &'a Relation,
    pub(super) shape: Rc<Shape>,
    pub(super) kinds: Rc<Kinds>,
    pub(super) mark: Mark,
    /// Values that are not up to the draft: the tenant key, references.
    pub(super) pinned: Vec<Cell>,
    /// Whether columns that could be left out get values too, so that sums and lists change.
    pub(super) rich: bool,
    /// Columns that have to be given after all.
    pub(super) must: BTreeSet<i16>,
    /// A row to copy what is not pinned and not unique from.
    pub(super) template: Option<Specimen>,
    /// Where it is partitioned and has met no partition: the bounds of some.
    pub(super) leaves: Option<Rc<Vec<String>>>,
    /// The organization, where the tenant key is generated.
    pub(super) key: Option<(String, String)>,
}

/// A candidate for a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Candidate {
    /// The column is left out: this is its default.
    Default(String),
    /// The column is left out, and is null then.
    Absent,
    /// Null, although it could be something else.
    Null,
    /// In the type's text form.
    Text(String),
    /// To be computed by the server.
    Sql(String),
}

/// What is asked of a column.
pub(super) struct Wanted<'w> {
    pub(super) wishes: &'w Wishes,
    /// Columns that are given for their own sake.
    pub(super) given: &'w BTreeSet<i16>,
    /// Whether a condition looks at it.
    pub(super) constrained: bool,
    /// Whether it decides about the remainder of a hash partition.
    pub(super) hashed: bool,
}

/// Conditions on a new row.
#[derive(Default)]
pub(super) struct Conditions {
    /// Those that must not be false.
    pub(super) checks: Vec<String>,
    /// Those that must be true.
    pub(super) truths: Vec<String>,
}

/// How many keys are tried to meet the remainder of a hash partition.
const HASHES: u32 = 48;
/// More wishes for one column are not looked at.
const MOST: usize = 60;

impl<'a> Draft<'a> {
    pub(super) fn palette<'p>(&'p self, mark: &'p Mark) -> Palette<'p> {
        Palette {
            snapshot: self.snapshot,
            kinds: &self.kinds,
            mark,
        }
    }

    /// The columns that are given for their own sake.
    pub(super) fn given(&self) -> Vec<&'a Column> {
        let unique: BTreeSet<i16> = self
            .relation
            .indexes
            .iter()
            .filter(|index| index.unique)
            .flat_map(|index| index.columns.iter().copied())
            .collect();
        self.relation
            .columns
            .iter()
            .filter(|column| !column.generated)
            .filter(|column| {
                let kept = self.template.as_ref().is_some_and(|row| {
                    row.cell(self.relation, &column.name).is_some() && column.identity.is_none()
                });
                self.is_pinned(column)
                    || self.must.contains(&column.number)
                    || self.is_needed(column)
                    || unique.contains(&column.number)
                    || kept
                    || (self.rich && self.counts(column))
            })
            .collect()
    }

    pub(super) fn is_pinned(&self, column: &Column) -> bool {
        self.pinned.iter().any(|cell| cell.column == column.name)
    }

    /// No row without it.
    fn is_needed(&self, column: &Column) -> bool {
        let by_domain = self.domains(column).any(|oid| {
            self.snapshot
                .types
                .get(&oid)
                .is_some_and(|found| found.not_null)
        });
        (column.not_null || by_domain) && !column.has_default && column.identity.is_none()
    }

    /// Whether a value may be given for its own sake: a default other than a number's most likely
    /// means something, and a reference is not made up.
    fn counts(&self, column: &Column) -> bool {
        let base = self.snapshot.base_type(column.type_oid);
        let number = || {
            let found = self.snapshot.types.get(&base);
            found.is_some_and(|found| found.category == 'N')
        };
        let reference = self.relation.constraints.iter().any(|constraint| {
            constraint.kind == ConstraintKind::Foreign
                && constraint.columns.contains(&column.number)
        });
        column.identity.is_none() && !reference && (!column.has_default || number())
    }

    /// The column's type and, where that is a domain, those that it is made of.
    fn domains(&self, column: &Column) -> impl Iterator<Item = crate::catalog::Oid> + '_ {
        let mut next = Some(column.type_oid);
        std::iter::from_fn(move || {
            let oid = next?;
            let found = self.snapshot.types.get(&oid);
            next = found
                .filter(|found| found.kind == 'd')
                .map(|found| found.base);
            Some(oid)
        })
        .take(64)
    }

    /// Everything that the row has to fulfil, apart from what policies want.
    pub(super) fn conditions(&self) -> Conditions {
        let mut found = Conditions::default();
        found
            .checks
            .extend(self.shape.checks.iter().map(|(_, body)| body.clone()));
        found.truths.extend(self.shape.bound.clone());
        if let Some(leaves) = self.leaves.as_ref().filter(|leaves| !leaves.is_empty()) {
            let any: Vec<String> = leaves.iter().map(|bound| format!("({bound})")).collect();
            found.truths.push(any.join(" or "));
        }
        for column in self.given() {
            let name = quote::ident(&column.name);
            for oid in self.domains(column) {
                let checks = self.kinds.checks.get(&oid).into_iter().flatten();
                found
                    .checks
                    .extend(checks.map(|body| replaced(body, "VALUE", &name)));
            }
        }
        for column in self
            .relation
            .columns
            .iter()
            .filter(|column| column.generated)
        {
            let name = quote::ident(&column.name);
            match &self.key {
                Some((key, organization)) if *key == column.name => {
                    found
                        .truths
                        .push(format!("{name}::text = {}", quote::literal(organization)));
                }
                _ if column.not_null => found.truths.push(format!("{name} is not null")),
                _ => {}
            }
        }
        found
    }

    /// What the conditions, and generated columns, would like the columns to be.
    pub(super) fn wishes(&self, conditions: &[&String]) -> Wishes {
        let names: Vec<&str> = self
            .relation
            .columns
            .iter()
            .map(|c| c.name.as_str())
            .collect();
        let mut wishes = Wishes::default();
        for condition in conditions {
            wishes.read(condition, &names, &self.mark);
        }
        for column in self
            .relation
            .columns
            .iter()
            .filter(|column| column.generated)
        {
            let Some(body) = self.shape.generated.get(&column.number) else {
                continue;
            };
            let wanted = match &self.key {
                Some((key, organization)) if *key == column.name => Some(organization.clone()),
                _ => self
                    .palette(&self.mark)
                    .of(column.type_oid, column.type_mod)
                    .into_iter()
                    .next(),
            };
            if let Some(wanted) = wanted {
                wishes.read_value(body, (&wanted, &names, &self.mark));
            }
        }
        wishes.derived.retain(|(name, _)| {
            let column = self.relation.column(name);
            column.is_some_and(|column| !column.generated && !self.is_pinned(column))
        });
        wishes
    }

    /// The columns that a condition uses: ordinary ones, and those that generated ones are made of.
    pub(super) fn uses(&self, condition: &str) -> Vec<String> {
        let mut found = Vec::new();
        for column in &self.relation.columns {
            if !mentions(condition, &column.name) {
                continue;
            }
            match self.shape.generated.get(&column.number) {
                None => found.push(column.name.clone()),
                Some(body) => {
                    let below = self
                        .relation
                        .columns
                        .iter()
                        .filter(|below| !below.generated && mentions(body, &below.name));
                    found.extend(below.map(|below| below.name.clone()));
                }
            }
        }
        found
    }

    /// Candidates for a column, the best first.
    pub(super) fn candidates(&self, column: &Column, wanted: &Wanted<'_>) -> Vec<Candidate> {
        if let Some(cell) = self.pinned.iter().find(|cell| cell.column == column.name) {
            return vec![cell.value.clone().map_or(Candidate::Null, Candidate::Text)];
        }
        let mut found = Vec::new();
        if !wanted.given.contains(&column.number) {
            found.push(self.left_out(column));
        }
        let kept = self.template.as_ref().filter(|_| !self.is_unique(column));
        let kept = kept.and_then(|row| row.cell(self.relation, &column.name));
        found.extend(kept.map(|value| Candidate::Text(value.to_owned())));
        let samples = self
            .palette(&self.mark)
            .of(column.type_oid, column.type_mod);
        // What is recognised goes first, then what was wished for.
        found.extend(samples.first().cloned().map(Candidate::Text));
        found.extend(self.wanted(column, wanted.wishes, &samples));
        found.extend(samples.into_iter().map(Candidate::Text));
        if wanted.hashed {
            for salt in 1..=HASHES {
                let mark = Mark {
                    side: self.mark.side,
                    salt: self.mark.salt + salt,
                    brief: self.mark.brief,
                };
                let first = self
                    .palette(&mark)
                    .of(column.type_oid, column.type_mod)
                    .into_iter()
                    .next();
                found.extend(first.map(Candidate::Text));
            }
        }
        if wanted.constrained && !self.is_needed(column) && !column.not_null {
            found.push(Candidate::Null);
        }
        let mut seen = Vec::new();
        found.retain(|one| {
            !seen.contains(one) && {
                seen.push(one.clone());
                true
            }
        });
        found
    }

    fn left_out(&self, column: &Column) -> Candidate {
        match self.shape.defaults.get(&column.number) {
            // To evaluate it for each combination would use the sequence up.
            Some(default) if default.contains("nextval(") => Candidate::Absent,
            Some(default) => Candidate::Default(default.clone()),
            None => Candidate::Absent,
        }
    }

    fn is_unique(&self, column: &Column) -> bool {
        self.relation.indexes.iter().any(|index| {
            (index.unique || index.exclusion)
                && (index.columns.contains(&column.number)
                    || index
                        .expressions
                        .as_ref()
                        .is_some_and(|text| mentions(text, &column.name)))
        })
    }

    fn wanted(&self, column: &Column, wishes: &Wishes, samples: &[String]) -> Vec<Candidate> {
        let base = self.snapshot.base_type(column.type_oid);
        let name = self
            .snapshot
            .types
            .get(&base)
            .map_or("", |found| bare(&found.name));
        let mut found = Vec::new();
        if matches!(name, "json" | "jsonb") {
            found.extend(merged(wishes.of(&column.name), &self.mark).map(Candidate::Text));
        }
        let labels = self
            .snapshot
            .types
            .get(&base)
            .map_or(&[][..], |found| &found.labels);
        for wish in wishes.of(&column.name).iter().take(MOST) {
            if let Wish::Sql(sql) = wish {
                found.push(Candidate::Sql(sql.clone()));
            }
            for text in wish.text(&self.mark, samples) {
                let known = labels.is_empty() || labels.contains(&text);
                if known && fits(name, column.type_mod, &text) {
                    found.push(Candidate::Text(text));
                }
            }
        }
        found
    }

    /// The column as the search sees it.
    pub(super) fn field(&self, column: &Column, candidates: &[Candidate]) -> Field {
        Field {
            name: column.name.clone(),
            type_name: self.type_name(column),
            candidates: candidates.iter().map(Candidate::sql).collect(),
        }
    }

    /// Its type without a modifier, a domain's CHECKs, and an implied length.
    fn type_name(&self, column: &Column) -> String {
        let base = self.snapshot.base_type(column.type_oid);
        let name = match self.snapshot.types.get(&base) {
            Some(found) if base != column.type_oid => found.name.clone(),
            _ => self
                .shape
                .types
                .get(&column.number)
                .cloned()
                .unwrap_or_default(),
        };
        match name.as_str() {
            "character" => "pg_catalog.bpchar".to_owned(),
            "bit" => "bit varying".to_owned(),
            _ => name,
        }
    }
}

impl Candidate {
    fn sql(&self) -> String {
        match self {
            Self::Absent | Self::Null => "null".to_owned(),
            Self::Default(sql) | Self::Sql(sql) => sql.clone(),
            Self::Text(text) => quote::literal(text),
        }
    }
}
