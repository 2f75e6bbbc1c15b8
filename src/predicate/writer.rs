//! Whether the application can write the very row that a policy looks for.

use super::eval::Evaluation;
use super::scope::{Identity, Scope};
use super::solve::Outcome;
use super::subselect::Row;
use super::truth::{AtomKind, Constant, Truth};
use super::written::{Written, WrittenColumn, WrittenValue};
use super::{Expr, Need, subselect};
use crate::catalog::{Column, ConstraintKind, Privilege, Relation};
use crate::paths::Powers;
use crate::session::quote;

/// What the application can do to a row that lets it in.
pub(super) enum Access {
    /// Nothing.
    No,
    /// Write it.
    Yes(Written),
    /// Nobody can tell; the reason.
    Maybe(String),
}

impl Access {
    fn rank(&self) -> u8 {
        match self {
            Self::No => 0,
            Self::Maybe(_) => 1,
            Self::Yes(_) => 2,
        }
    }

    /// The worse of two for the tenants.
    fn or(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }
}

/// The row that is wanted.
struct Wanted<'w> {
    row: &'w Row<'w>,
    formula: &'w Truth,
    /// What its columns have to be.
    columns: Vec<(String, WrittenValue)>,
}

impl From<&Constant> for WrittenValue {
    fn from(constant: &Constant) -> Self {
        match constant {
            Constant::Context => Self::Context,
            Constant::Key => Self::Other,
            Constant::Parent => Self::OfRow("id".into()),
            Constant::User(sql) => Self::Expression(sql.clone()),
            Constant::Text(text) => Self::Constant(text.clone()),
        }
    }
}

const BEFORE: i16 = 2;
const ON_INSERT: i16 = 4;
const ON_UPDATE: i16 = 16;

impl<'a> Evaluation<'_, 'a> {
    /// Whether the application can write row `at` of a sub-select so that `formula` holds.
    pub(super) fn lets_itself_in(
        &mut self,
        rows: &[Row<'_>],
        at: usize,
        formula: &Truth,
    ) -> Access {
        let row = &rows[at];
        let wanted = Wanted {
            row,
            formula,
            columns: self.wanted_columns(row, formula),
        };
        let mut best = match self.prover.writes_indirectly(row.0) {
            Some(reason) => Access::Maybe(reason),
            None => Access::No,
        };
        let ways: Vec<_> = self
            .prover
            .family(row.0)
            .into_iter()
            .flat_map(|relation| {
                [Privilege::Insert, Privilege::Update].map(|privilege| (relation, privilege))
            })
            .collect();
        for powers in self.prover.writers().iter() {
            for (relation, privilege) in &ways {
                let access = self.may_write(&wanted, relation, powers, *privilege);
                best = best.or(access);
            }
        }
        best
    }

    fn wanted_columns(&self, row: &Row<'_>, formula: &Truth) -> Vec<(String, WrittenValue)> {
        let (relation, alias, identity) = row;
        let mut columns: Vec<(String, WrittenValue)> = Vec::new();
        let mut want = |column: &str, to: WrittenValue| {
            if relation.column(column).is_some() && !columns.iter().any(|(name, _)| name == column)
            {
                columns.push((column.to_owned(), to));
            }
        };
        if let (Identity::Other, Some(key)) =
            (identity, self.prover.tenancy.key_column(relation.oid))
        {
            want(&key.name, WrittenValue::Other);
        }
        for atom in self.atoms.which(formula, &|_| true) {
            match self.atoms.kind(atom) {
                AtomKind::Equals {
                    subject, constant, ..
                } if subject.alias == *alias => want(&subject.column, constant.into()),
                AtomKind::Joined { left, right } => {
                    let sides = [(left, right), (right, left)];
                    for (own, other) in sides.iter().filter(|(own, _)| own.alias == *alias) {
                        want(&own.column, WrittenValue::OfRow(other.text()));
                    }
                }
                _ => {}
            }
        }
        columns.sort_by_key(|(name, _)| relation.column(name).map(|column| column.number));
        columns
    }

    fn may_write(
        &mut self,
        wanted: &Wanted<'_>,
        relation: &'a Relation,
        powers: &Powers,
        privilege: Privilege,
    ) -> Access {
        let prover = self.prover;
        let Some(allowed) = prover.writable_columns(relation, powers, privilege) else {
            return Access::No;
        };
        let may = |name: &str| allowed.iter().any(|column| column == name);
        let mut doubt = obstacle(relation, privilege, wanted);
        for (name, _) in &wanted.columns {
            let Some(column) = relation.column(name) else {
                return Access::No;
            };
            match (privilege, may(name)) {
                (_, true) if column.generated || column.identity == Some('a') => {
                    doubt.get_or_insert(format!("{name} is generated"));
                }
                (_, true) | (Privilege::Update, false) => {}
                (_, false) if column.has_default => {
                    doubt.get_or_insert(format!("{name} is left to its default"));
                }
                (_, false) => return Access::No,
            }
        }
        let must =
            |column: &Column| column.not_null && !column.has_default && column.identity.is_none();
        let missing = match privilege {
            Privilege::Insert => relation.columns.iter().any(|c| must(c) && !may(&c.name)),
            // What cannot be changed stays: somebody else's row is somebody else's.
            _ => !wanted.columns.iter().any(|(name, _)| may(name)),
        };
        if missing {
            return Access::No;
        }
        let formula = self.after(wanted, relation, powers, (privilege, &allowed));
        let role = quote::ident(prover.tenancy.snapshot.role_name(powers.role));
        let role = match prover.tenancy.app {
            None => quote::ident(&prover.tenancy.settings.tenancy.app_role),
            Some(_) => role,
        };
        let verb = privilege.word();
        match self.atoms.solve(&formula) {
            Outcome::Never | Outcome::Trusted(_) => Access::No,
            Outcome::Yes(_) if doubt.is_none() => Access::Yes(Written {
                table: relation.qualified(),
                privilege: verb,
                role,
                columns: self.set_columns(wanted, relation, privilege, &allowed),
            }),
            Outcome::Yes(_) | Outcome::Perhaps(_) => {
                let because = match doubt {
                    Some(doubt) => format!(" ({doubt})"),
                    None => String::new(),
                };
                let table = relation.qualified();
                Access::Maybe(format!(
                    "whether {role}, which has {verb} on {table}, can let itself in there{because}"
                ))
            }
        }
    }

    fn set_columns(
        &self,
        wanted: &Wanted<'_>,
        relation: &Relation,
        privilege: Privilege,
        allowed: &[String],
    ) -> Vec<WrittenColumn> {
        let snapshot = self.prover.tenancy.snapshot;
        wanted
            .columns
            .iter()
            .filter(|(name, _)| privilege == Privilege::Insert || allowed.contains(name))
            .filter_map(|(name, to)| {
                let column = relation.column(name)?;
                Some(WrittenColumn {
                    name: quote::ident(name),
                    ty: snapshot
                        .types
                        .get(&column.type_oid)
                        .map_or_else(|| "text".to_owned(), |ty| ty.name.clone()),
                    to: to.clone(),
                })
            })
            .collect()
    }

    /// What holds once the row was written past the table's own policies.
    fn after(
        &mut self,
        wanted: &Wanted<'_>,
        relation: &'a Relation,
        powers: &Powers,
        (privilege, allowed): (Privilege, &[String]),
    ) -> Truth {
        let (_, alias, identity) = wanted.row;
        let own = self.prover.as_role(powers.role);
        let here = self.prover;
        let prover = own.as_deref().unwrap_or(here);
        if prover.unfiltered(relation).is_some() {
            return wanted.formula.clone();
        }
        let policy = |need: Need| prover.effective(&prover.applicable(relation, need), need);
        let mut all = vec![wanted.formula.clone()];
        self.with_prover(prover, false, |this| {
            if privilege == Privilege::Insert {
                all.push(this.on_row(&policy(Need::Insert), relation, alias, *identity));
                return;
            }
            all.push(this.on_row(&policy(Need::UpdateNew), relation, alias, *identity));
            // Of the old row, what cannot be changed is what it will be.
            let old = format!("{alias}'");
            let key = this.prover.tenancy.key_column(relation.oid);
            let keeps_key = key.is_some_and(|key| !allowed.contains(&key.name));
            let was = if keeps_key { *identity } else { Identity::Any };
            let using = subselect::called(&policy(Need::UpdateOld), relation, &old);
            let using = using.map(|table, name, around| {
                let own = match table {
                    Some(table) => table == old,
                    None => around.is_empty() && relation.column(name).is_some(),
                };
                own.then(|| Expr::Column {
                    table: Some(match allowed.iter().any(|column| column == name) {
                        true => old.clone(),
                        false => alias.clone(),
                    }),
                    name: name.to_owned(),
                })
            });
            let new = Scope {
                relation,
                alias: alias.clone(),
                identity: *identity,
                outer: None,
                beside: None,
            };
            let both = Scope {
                relation,
                alias: old.clone(),
                identity: was,
                outer: None,
                beside: Some(&new),
            };
            all.push(this.truth(&using, &both));
        });
        Truth::and(all)
    }
}

/// Something that may refuse a row although privileges and policies admit it.
fn obstacle(relation: &Relation, privilege: Privilege, wanted: &Wanted<'_>) -> Option<String> {
    let event = match privilege {
        Privilege::Insert => ON_INSERT,
        _ => ON_UPDATE,
    };
    let trigger = relation.triggers.iter().find(|trigger| {
        trigger.enabled != 'D' && trigger.flags & BEFORE != 0 && trigger.flags & event != 0
    });
    if let Some(trigger) = trigger {
        return Some(format!(
            "trigger {} may refuse it",
            quote::ident(&trigger.name)
        ));
    }
    let event = match privilege {
        Privilege::Insert => '3',
        _ => '2',
    };
    if let Some(rule) = relation.rules.iter().find(|rule| rule.event == event) {
        return Some(format!(
            "rule {} may do something else",
            quote::ident(&rule.name)
        ));
    }
    let checked = relation.constraints.iter().find(|constraint| {
        let of_wanted = |number: &&i16| {
            let column = relation.attribute(**number);
            column.is_some_and(|c| wanted.columns.iter().any(|(name, _)| *name == c.name))
        };
        constraint.kind == ConstraintKind::Check
            && constraint.columns.iter().filter(of_wanted).count() > 1
    });
    checked.map(|check| format!("constraint {} may refuse it", quote::ident(&check.name)))
}
