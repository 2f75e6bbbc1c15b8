//! From policies to an answer: proved, denied, leaking with a witness, or unproven.

use std::collections::BTreeSet;

use super::eval::{Evaluation, Situation, identity};
use super::expr::Expr;
use super::scope::{Identity, Scope};
use super::solve::Outcome;
use super::truth::{Atom, AtomKind};
use super::types::TypeKind;
use super::value::Subject;
use super::written::Written;
use super::{Need, Prover};
use crate::catalog::{Policy, Relation};
use crate::tenancy::Reach;

/// What the catalogs say about one (role, table, need).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No row of another tenant passes; the reason is a sentence.
    Proved(String),
    /// No permissive policy applies: nothing passes at all.
    Denied,
    /// Rows of another tenant pass.
    Leaking(Leak),
    /// Cannot be told; names the sub-expression that stopped the proof.
    Unproven(String),
}

impl Answer {
    /// From best to worst.
    pub fn rank(&self) -> u8 {
        match self {
            Self::Denied => 0,
            Self::Proved(_) => 1,
            Self::Unproven(_) => 2,
            Self::Leaking(_) => 3,
        }
    }
}

fn is_set(atoms: &[Atom], setting: &Subject) -> bool {
    atoms.iter().any(|atom| match &atom.kind {
        AtomKind::Session { subject, .. } => subject == setting && !atom.text.starts_with("not ("),
        _ => false,
    })
}

fn is_exact_setting(atom: &Atom) -> bool {
    matches!(atom.kind, AtomKind::Session { exact: true, .. })
}

/// A counterexample.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    /// What the context is meanwhile.
    pub situation: Situation,
    /// What has to be true of the row or the session; empty: any row passes.
    pub conditions: Vec<String>,
    /// Whether some of them are the row's: then some rows pass, not all.
    pub by_row: bool,
    /// Whether some of them are settings other than the context, which the session chooses.
    pub by_setting: bool,
    /// The policies that let it through, by name.
    pub policies: Vec<String>,
    /// Whether one of them is nothing but `true`.
    pub literally_true: bool,
    /// What the application writes first to let itself in.
    pub written: Vec<Written>,
}

impl Leak {
    pub(super) fn of(situation: Situation, atoms: &[Atom]) -> Self {
        let by_row = |atom: &Atom| match &atom.kind {
            AtomKind::Session { .. } | AtomKind::Written(_) => false,
            AtomKind::Exists { of_row, .. } => *of_row,
            AtomKind::IsNull { subject } | AtomKind::Equals { subject, .. } => {
                !subject.is_inner() && !subject.is_setting()
            }
            AtomKind::Free { subject } => !subject.is_inner(),
            AtomKind::Joined { left, right } => !left.is_inner() && !right.is_inner(),
            AtomKind::Mapping { .. } | AtomKind::Opaque => true,
        };
        let written: Vec<Written> = atoms
            .iter()
            .filter_map(|atom| match &atom.kind {
                AtomKind::Written(written) => Some(written.clone()),
                _ => None,
            })
            .collect();
        // What the row has to be that was written says the statement itself.
        let told = |atom: &&Atom| match &atom.kind {
            // Nor what a setting is not, where it is said what it is.
            AtomKind::Session { subject, .. } => {
                !atom.text.starts_with("not (") || !is_set(atoms, subject)
            }
            AtomKind::Equals { subject, .. } => written.is_empty() || !subject.is_inner(),
            _ => true,
        };
        Self {
            situation,
            conditions: atoms
                .iter()
                .filter(told)
                .map(|atom| atom.text.clone())
                .collect(),
            by_row: atoms.iter().any(by_row),
            by_setting: atoms
                .iter()
                .any(|atom| matches!(atom.kind, AtomKind::Session { .. })),
            policies: Vec::new(),
            literally_true: false,
            written: written.clone(),
        }
    }

    /// Whether every row of every tenant passes.
    pub fn is_total(&self) -> bool {
        !self.by_row && self.situation != Situation::NoKey
    }

    /// As the end of a sentence.
    pub fn words(&self) -> String {
        if self.conditions.is_empty() {
            format!("any row passes {}", self.situation.words())
        } else {
            format!(
                "rows pass {} when {}",
                self.situation.words(),
                self.conditions.join(" and ")
            )
        }
    }
}

/// What an answer depends on, so that tables of one shape are proved once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape {
    predicate: Expr,
    need: Need,
    /// The key's name, or the relation itself where a sub-select makes its names matter.
    key: String,
    nullable: bool,
    kind: TypeKind,
}

impl Prover<'_> {
    /// Judges a tenant table. Row-level security is taken to apply; see
    /// [`unfiltered`](Prover::unfiltered).
    pub fn judge(&self, relation: &Relation, need: Need) -> Answer {
        let policies = self.applicable(relation, need);
        if !policies.iter().any(|policy| policy.permissive) {
            return Answer::Denied;
        }
        let predicate = self.effective(&policies, need);
        let shape = self.shape(relation, need, predicate);
        if let Some(known) = self.answers.borrow().get(&shape) {
            return self.blame(known.clone(), relation, need, &policies);
        }
        let answer = self.prove(relation, &shape.predicate, self.situations(relation, need));
        self.answers.borrow_mut().insert(shape, answer.clone());
        self.blame(answer, relation, need, &policies)
    }

    /// Judges any predicate on the rows of a tenant table.
    pub(super) fn prove(
        &self,
        relation: &Relation,
        predicate: &Expr,
        situations: Vec<Situation>,
    ) -> Answer {
        let mut unproven = None;
        let mut trusted = BTreeSet::new();
        for situation in situations {
            match self.outcome(relation, predicate, situation, identity(situation)) {
                Outcome::Never => {}
                Outcome::Trusted(tables) => trusted.extend(tables),
                Outcome::Yes(atoms) => return Answer::Leaking(Leak::of(situation, &atoms)),
                Outcome::Perhaps(atoms) => {
                    unproven.get_or_insert(format!(
                        "cannot tell {}: it depends on {}",
                        situation.words(),
                        atoms.join(" and ")
                    ));
                }
            }
        }
        match unproven {
            Some(reason) => Answer::Unproven(reason),
            None => Answer::Proved(self.proof_words(relation, trusted)),
        }
    }

    fn proof_words(&self, relation: &Relation, trusted: BTreeSet<String>) -> String {
        let implied = match self.tenancy.key_column(relation.oid) {
            Some(key) => format!(
                "every permissive policy that applies implies {} = context",
                crate::session::quote::ident(&key.name)
            ),
            None => {
                "every permissive policy that applies implies that the parent row is the context's"
                    .into()
            }
        };
        if trusted.is_empty() {
            return implied;
        }
        let app = crate::session::quote::ident(&self.tenancy.settings.tenancy.app_role);
        let tables: Vec<String> = trusted.into_iter().collect();
        format!(
            "{implied}, as far as {}, which {app} cannot write to its advantage, says",
            tables.join(" and ")
        )
    }

    fn outcome(
        &self,
        relation: &Relation,
        predicate: &Expr,
        situation: Situation,
        identity: Identity,
    ) -> Outcome {
        let mut evaluation = Evaluation::new(self, situation, self.key_kind(relation));
        let scope = Scope {
            relation,
            alias: relation.name.clone(),
            identity,
            outer: None,
            beside: None,
        };
        let truth = evaluation.truth(predicate, &scope);
        match evaluation.atoms.solve(&truth) {
            // Which of its parts the server looks at first decides between a row and an error.
            Outcome::Yes(atoms)
                if evaluation.raises
                    || (evaluation.casts_setting && atoms.iter().any(is_exact_setting)) =>
            {
                Outcome::Perhaps(vec![
                    "whether the statement fails before it shows a row".into(),
                ])
            }
            other => other,
        }
    }

    fn situations(&self, relation: &Relation, need: Need) -> Vec<Situation> {
        let mut situations = vec![
            Situation::OtherTenant,
            Situation::NoContext,
            Situation::EmptyContext,
        ];
        let reads_old = matches!(need, Need::Select | Need::UpdateOld | Need::Delete);
        if reads_old && self.key_is_nullable(relation) {
            situations.push(Situation::NoKey);
        }
        situations
    }

    fn key_is_nullable(&self, relation: &Relation) -> bool {
        self.tenancy.key_column(relation.oid).is_some_and(|key| {
            let domain = self.tenancy.snapshot.types.get(&key.type_oid);
            !key.not_null && !domain.is_some_and(|ty| ty.not_null)
        })
    }

    /// The type of the tenant's id: a via table's is its topmost parent's.
    pub(super) fn key_kind(&self, relation: &Relation) -> TypeKind {
        let mut oid = relation.oid;
        for _ in 0..32 {
            match self.tenancy.tables.get(&oid).map(|table| table.reach) {
                Some(Reach::Via { parent, .. }) => oid = parent,
                _ => break,
            }
        }
        self.tenancy
            .key_column(oid)
            .map_or(TypeKind::Other, |key| self.kind_of(key))
    }

    fn shape(&self, relation: &Relation, need: Need, predicate: Expr) -> Shape {
        let has_table = self.reads_table(&predicate);
        let key = match self.tenancy.key_column(relation.oid) {
            Some(key) if !has_table => key.name.clone(),
            _ => format!("{}", relation.oid),
        };
        Shape {
            predicate,
            need,
            key,
            nullable: self.key_is_nullable(relation),
            kind: self.key_kind(relation),
        }
    }

    /// Names the policies that let the counterexample through on their own.
    fn blame(
        &self,
        answer: Answer,
        relation: &Relation,
        need: Need,
        policies: &[&Policy],
    ) -> Answer {
        let Answer::Leaking(mut leak) = answer else {
            return answer;
        };
        let (permissive, restrictive): (Vec<&Policy>, Vec<&Policy>) =
            policies.iter().partition(|policy| policy.permissive);
        for policy in permissive {
            let mut alone = vec![policy];
            alone.extend(restrictive.iter().copied());
            let predicate = self.effective(&alone, need);
            let outcome = self.outcome(
                relation,
                &predicate,
                leak.situation,
                identity(leak.situation),
            );
            if matches!(outcome, Outcome::Yes(_)) {
                leak.policies.push(policy.name.clone());
                leak.literally_true |= self.side(policy, need) == Expr::Bool(true);
            }
        }
        Answer::Leaking(leak)
    }
}
