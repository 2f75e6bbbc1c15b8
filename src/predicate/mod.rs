//! Does the effective policy pin the tenant key to the context?
//!
//! The claim, for one role, table and command: *the effective predicate is true, and context = A,
//! implies tenant key = A*. A row of another tenant B is evaluated symbolically ([`eval`]) in each
//! [`Situation`] of the context; the formula that comes out ([`truth`]) either can never be true
//! (proved), can be true whatever the parts are that we do not understand (leaking), or neither
//! (unproven). Which policies apply to which command: `CREATE POLICY`, table "Policies Applied by
//! Command Type".

mod array;
mod branch;
mod call;
mod closed;
mod compare;
pub(crate) mod depth;
mod eval;
mod expr;
mod form;
mod given;
pub(crate) mod inline;
mod judge;
pub(crate) mod lower;
mod mapping;
mod nested;
pub(crate) mod parse;
mod plpgsql;
mod privileges;
mod roles;
mod scalar;
mod scan;
mod scope;
mod solve;
mod subselect;
mod theory;
mod truth;
mod types;
mod value;
mod view;
mod writer;
mod written;

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use crate::catalog::{Column, Function, Oid, Policy, PolicyCommand, Relation};
use crate::paths::Powers;
use crate::tenancy::{Reach, Tenancy};

pub use eval::Situation;
pub use expr::{Expr, FromTable, Select};
pub use form::Form;
pub use judge::{Answer, Leak};
pub use parse::{expression, query};
pub use scan::Provers;
pub(crate) use scan::ROW_MARK;
use types::TypeKind;
pub use written::{Written, WrittenColumn, WrittenValue};

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
    walker: OnceCell<crate::routine::Walker<'a>>,
    /// The role that the session has become; 0 is the login itself.
    session: Oid,
    parsed: RefCell<HashMap<String, Option<Rc<Expr>>>>,
    answers: RefCell<HashMap<judge::Shape, Answer>>,
    /// Bodies of functions that are one expression.
    bodies: RefCell<HashMap<Oid, Option<Rc<Expr>>>>,
    /// Functions of which it is known whether they read a table.
    readers: RefCell<HashMap<Oid, bool>>,
    /// Provers of other roles: owners of functions, what the application may become.
    others: RefCell<HashMap<Oid, Rc<Prover<'a>>>>,
    /// What the application's login may act as.
    writers: OnceCell<Rc<[Powers]>>,
    /// Ways to write a table with another role's rights.
    indirect: RefCell<HashMap<Oid, Option<String>>>,
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
            walker: OnceCell::new(),
            session: 0,
            parsed: RefCell::default(),
            answers: RefCell::default(),
            bodies: RefCell::default(),
            readers: RefCell::default(),
            others: RefCell::default(),
            writers: OnceCell::new(),
            indirect: RefCell::default(),
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
                let named = |ty: &crate::catalog::Type| {
                    matches!(ty.kind, 'd' | 'e')
                        && (ty.name == name
                            || name
                                .strip_suffix(&ty.name)
                                .is_some_and(|s| s.ends_with('.')))
                };
                match snapshot.types.iter().find(|(_, ty)| named(ty)) {
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
            .map_or(TypeKind::Other, |column| self.kind_of(column))
    }

    /// What kind of type a column has, with its length where that matters.
    fn kind_of(&self, column: &Column) -> TypeKind {
        match self.kind_of_oid(column.type_oid) {
            // `atttypmod` counts a header of four bytes.
            TypeKind::Padded(0) => {
                TypeKind::Padded(u32::try_from(column.type_mod - 4).unwrap_or(0))
            }
            TypeKind::Text => match u32::try_from(column.type_mod - 4) {
                Ok(length) => TypeKind::Varchar(length),
                Err(_) => TypeKind::Text,
            },
            kind => kind,
        }
    }

    fn kind_of_oid(&self, oid: Oid) -> TypeKind {
        let snapshot = self.tenancy.snapshot;
        let base = snapshot.base_type(oid);
        snapshot.types.get(&base).map_or(TypeKind::Other, |ty| {
            if ty.kind == 'e' {
                TypeKind::Enum
            } else {
                TypeKind::of(&ty.name)
            }
        })
    }

    /// Walks bodies in PL/pgSQL.
    fn walker(&self) -> &crate::routine::Walker<'a> {
        self.walker
            .get_or_init(|| crate::routine::Walker::new(self.tenancy))
    }

    /// The one function of that qualified name and number of arguments.
    fn function(&self, name: &str, arguments: usize) -> Option<&'a Function> {
        let found: Vec<_> = self
            .functions
            .get(name)?
            .iter()
            .filter(|function| function.takes(arguments))
            .collect();
        match found.as_slice() {
            [one] => Some(one),
            _ => None,
        }
    }
}
