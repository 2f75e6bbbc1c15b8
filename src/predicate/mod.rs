//! Does the effective policy pin the tenant key to the context?
//!
//! The claim, for one role, table and command: *the effective predicate is true, and context = A,
//! implies tenant key = A*. A row of another tenant B is evaluated symbolically ([`eval`]) in each
//! [`Situation`] of the context; the formula that comes out ([`truth`]) either can never be true
//! (proved), can be true whatever the parts are that we do not understand (leaking), or neither
//! (unproven). Which policies apply to which command: `CREATE POLICY`, table "Policies Applied by
//! Command Type".

mod compare;
mod depth;
mod eval;
mod expr;
mod form;
mod inline;
mod judge;
mod lower;
mod parse;
mod scope;
mod subselect;
mod truth;
mod value;
mod view;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::catalog::{Function, Oid, Policy, PolicyCommand, Relation};
use crate::tenancy::{Reach, Tenancy};

pub use eval::Situation;
pub use expr::{Expr, FromTable, Select};
pub use form::Form;
pub use judge::{Answer, Leak};
pub use parse::{expression, query};
use value::TypeKind;

/// Which predicate of a table a command has to pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Rows that SELECT returns.
    Select,
    /// Rows that INSERT may write.
    Insert,
    /// Rows that UPDATE may change; a blind UPDATE is not subject to SELECT policies.
    UpdateOld,
    /// What UPDATE may make of them.
    UpdateNew,
    /// Rows that DELETE may remove; a blind DELETE is not subject to SELECT policies.
    Delete,
}

/// Proves for one effective role.
pub struct Prover<'a> {
    tenancy: &'a Tenancy<'a>,
    /// The role that statements run as.
    role: Oid,
    /// It and every role whose privileges it has: policies TO them apply.
    roles: BTreeSet<Oid>,
    /// Columns that some via table refers to.
    parents: HashSet<(Oid, i16)>,
    functions: HashMap<String, Vec<&'a Function>>,
    parsed: RefCell<HashMap<String, Option<Rc<Expr>>>>,
    answers: RefCell<HashMap<judge::Shape, Answer>>,
}

impl<'a> Prover<'a> {
    /// A prover for statements that run as `role`, which has the privileges of `roles`.
    pub fn new(tenancy: &'a Tenancy<'a>, role: Oid, roles: BTreeSet<Oid>) -> Self {
        let parents = tenancy
            .tables
            .values()
            .filter_map(|table| match table.reach {
                Reach::Via {
                    parent,
                    parent_column,
                    ..
                } => Some((parent, parent_column)),
                _ => None,
            })
            .collect();
        let mut functions: HashMap<String, Vec<&Function>> = HashMap::new();
        for function in tenancy.snapshot.functions.values() {
            let name = format!("{}.{}", function.schema_name, function.name).to_lowercase();
            functions.entry(name).or_default().push(function);
        }
        Self {
            tenancy,
            role,
            roles,
            parents,
            functions,
            parsed: RefCell::default(),
            answers: RefCell::default(),
        }
    }

    /// Whether row-level security filters this role's statements on a table, and if not, why.
    /// `ddl-rowsecurity`: superusers and BYPASSRLS always bypass, the owner unless FORCE, and a
    /// role that has the owner's privileges counts as the owner.
    pub fn unfiltered(&self, relation: &Relation) -> Option<String> {
        let snapshot = self.tenancy.snapshot;
        let role = snapshot.roles.get(&self.role);
        let name = snapshot.role_name(self.role);
        if role.is_some_and(|role| role.superuser) {
            return Some(format!("{name} is a superuser, whom no policy binds"));
        }
        if role.is_some_and(|role| role.bypass_rls) {
            return Some(format!("{name} has BYPASSRLS"));
        }
        if !relation.row_security {
            return Some(format!(
                "row-level security is not enabled on {}",
                relation.qualified()
            ));
        }
        if self.roles.contains(&relation.owner) && !relation.force_row_security {
            let owner = snapshot.role_name(relation.owner);
            let who = if relation.owner == self.role {
                format!("{name} owns {}", relation.qualified())
            } else {
                format!(
                    "{name} has the privileges of {owner}, who owns {}",
                    relation.qualified()
                )
            };
            return Some(format!("{who}, and row-level security is not forced"));
        }
        None
    }

    /// Whether no policy anywhere binds the role: a superuser, or BYPASSRLS.
    pub fn is_unbound(&self) -> bool {
        let role = self.tenancy.snapshot.roles.get(&self.role);
        role.is_some_and(|role| role.superuser || role.bypass_rls)
    }

    /// The policies of a table that apply to this role for a need.
    pub fn applicable<'r>(&self, relation: &'r Relation, need: Need) -> Vec<&'r Policy> {
        let commands: &[PolicyCommand] = match need {
            Need::Select => &[PolicyCommand::All, PolicyCommand::Select],
            Need::Insert => &[PolicyCommand::All, PolicyCommand::Insert],
            Need::UpdateOld | Need::UpdateNew => &[PolicyCommand::All, PolicyCommand::Update],
            Need::Delete => &[PolicyCommand::All, PolicyCommand::Delete],
        };
        relation
            .policies
            .iter()
            .filter(|policy| commands.contains(&policy.command))
            .filter(|policy| {
                policy
                    .roles
                    .iter()
                    .any(|role| *role == 0 || self.roles.contains(role))
            })
            .collect()
    }

    /// The predicate that SELECT passes on a table; `None` where nothing filters.
    fn select_predicate(&self, relation: &Relation) -> Option<Expr> {
        match self.unfiltered(relation) {
            Some(_) => None,
            None => Some(self.effective(&self.applicable(relation, Need::Select), Need::Select)),
        }
    }

    /// Permissive policies OR-ed, restrictive ones AND-ed; only restrictive ones let nothing pass.
    fn effective(&self, policies: &[&Policy], need: Need) -> Expr {
        let side = |permissive: bool| {
            policies
                .iter()
                .filter(move |policy| policy.permissive == permissive)
                .map(|policy| self.side(policy, need))
                .collect::<Vec<_>>()
        };
        let mut all = vec![Expr::Or(side(true))];
        all.extend(side(false));
        Expr::And(all)
    }

    /// USING or WITH CHECK; where WITH CHECK is missing, USING is used for new rows too.
    fn side(&self, policy: &Policy, need: Need) -> Expr {
        let text = match need {
            Need::Select | Need::UpdateOld | Need::Delete => policy.using.as_deref(),
            Need::Insert | Need::UpdateNew => policy.check.as_deref().or(policy.using.as_deref()),
        };
        match text {
            // A policy without the expression does not restrict: `FOR INSERT` has no USING, and
            // is not asked for one.
            None => Expr::Bool(true),
            Some(text) => match self.parse(text) {
                Some(expr) => (*expr).clone(),
                None => Expr::Opaque(text.to_owned()),
            },
        }
    }

    /// Thousands of tables share the text of their policies: each text is parsed once.
    fn parse(&self, text: &str) -> Option<Rc<Expr>> {
        if let Some(known) = self.parsed.borrow().get(text) {
            return known.clone();
        }
        let parsed = parse::expression(text).map(Rc::new);
        self.parsed
            .borrow_mut()
            .insert(text.to_owned(), parsed.clone());
        parsed
    }

    fn is_parent_column(&self, relation: Oid, column: i16) -> bool {
        self.parents.contains(&(relation, column))
    }

    /// What kind of type a cast names, domains peeled off.
    fn type_kind(&self, name: &str) -> TypeKind {
        match TypeKind::of(name) {
            TypeKind::Other => {
                let snapshot = self.tenancy.snapshot;
                let domain = snapshot
                    .types
                    .iter()
                    .find(|(_, ty)| ty.kind == 'd' && ty.name == name);
                match domain {
                    Some((oid, _)) => self.kind_of_oid(*oid),
                    None => TypeKind::Other,
                }
            }
            kind => kind,
        }
    }

    fn column_kind(&self, relation: Oid, column: i16) -> TypeKind {
        let relation = self.tenancy.snapshot.relations.get(&relation);
        relation
            .and_then(|relation| relation.attribute(column))
            .map_or(TypeKind::Other, |column| self.kind_of_oid(column.type_oid))
    }

    fn kind_of_oid(&self, oid: Oid) -> TypeKind {
        let snapshot = self.tenancy.snapshot;
        let base = snapshot.base_type(oid);
        snapshot
            .types
            .get(&base)
            .map_or(TypeKind::Other, |ty| TypeKind::of(&ty.name))
    }

    /// The one function of that qualified name and number of arguments.
    fn function(&self, name: &str, arguments: usize) -> Option<&'a Function> {
        let found: Vec<_> = self
            .functions
            .get(name)?
            .iter()
            .filter(|function| count_arguments(function) == arguments)
            .collect();
        match found.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}

fn count_arguments(function: &Function) -> usize {
    if function.argument_types.is_empty() {
        0
    } else {
        function.argument_types.split(", ").count()
    }
}
