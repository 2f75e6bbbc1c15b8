//! The reader of queries: what they run as, and where their names are looked up.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use squawk_syntax::ast;

use super::{Arm, Binding, Names};
use crate::catalog::{Function, Oid, Relation, Snapshot};
use crate::predicate::{Expr, ROW_MARK, parse};
use crate::tenancy::{Reach, Tenancy};

/// Ways through one query beyond which it is not followed.
pub(super) const MAX_ARMS: usize = 64;
/// Rows side by side beyond which it is not followed.
pub(super) const MAX_ROWS: usize = 96;
/// Views, sub-selects and functions inside each other.
pub(super) const MAX_DEPTH: usize = 160;

/// What a statement runs as, and what its names mean.
#[derive(Clone, Debug)]
pub struct Frame {
    /// The role whose rights it has: a view's owner, or the caller.
    pub role: Oid,
    /// The current user, as which a view with `security_invoker` reads.
    pub caller: Oid,
    /// Schemas in which unqualified names are looked up.
    pub path: Vec<String>,
    /// Variables.
    pub names: Names,
    /// What the context was set to on the way; `None` while it is the session's own.
    pub context: Option<Expr>,
    /// Temporary tables that were made on the way, by name.
    pub made: HashMap<String, Rc<Vec<Arm>>>,
    /// What the cursors go over, by name.
    pub cursors: HashMap<String, Rc<Vec<Arm>>>,
    pub(super) ctes: Vec<Rc<Cte>>,
    pub(super) through: Vec<Oid>,
    /// How many views, sub-selects and functions this is inside.
    pub depth: usize,
}

/// A query of WITH.
#[derive(Debug)]
pub(super) struct Cte {
    pub(super) name: String,
    pub(super) columns: Vec<String>,
    pub(super) query: ast::WithQuery,
    /// Those that it may refer to.
    pub(super) before: Vec<Rc<Self>>,
    /// Its own name means itself.
    pub(super) recursive: bool,
}

impl Frame {
    /// Statements of that role.
    pub fn new(role: Oid, path: Vec<String>) -> Self {
        Self {
            role,
            caller: role,
            path,
            names: Names::default(),
            context: None,
            made: HashMap::new(),
            cursors: HashMap::new(),
            ctes: Vec::new(),
            through: Vec::new(),
            depth: 0,
        }
    }
}

impl Frame {
    /// Whether a bare name means a query of WITH or a table that was made on the way.
    pub(super) fn makes(&self, name: &str) -> bool {
        self.made.contains_key(name) || self.ctes.iter().any(|cte| cte.name == name)
    }
}

/// Opens calls of functions in FROM.
pub trait Calls {
    /// The rows that a call returns; `None` where it is not known.
    fn rows(&self, function: &Function, arguments: Vec<Binding>, frame: &Frame)
    -> Option<Vec<Arm>>;
}

/// Takes queries apart over one snapshot.
pub struct Reader<'a> {
    pub(super) snapshot: &'a Snapshot,
    tenancy: &'a Tenancy<'a>,
    /// The setting that carries the context.
    pub(super) context: &'a str,
    by_name: HashMap<&'a str, Vec<&'a Relation>>,
    functions: HashMap<&'a str, Vec<&'a Function>>,
    parsed: RefCell<HashMap<Oid, Option<ast::Stmt>>>,
    serial: Cell<usize>,
}

impl<'a> Reader<'a> {
    /// A reader for that tenancy.
    pub fn new(tenancy: &'a Tenancy<'a>) -> Self {
        let snapshot = tenancy.snapshot;
        let mut by_name: HashMap<&str, Vec<&Relation>> = HashMap::new();
        for relation in snapshot.relations.values() {
            by_name.entry(&relation.name).or_default().push(relation);
        }
        let mut functions: HashMap<&str, Vec<&Function>> = HashMap::new();
        for function in snapshot.functions.values() {
            functions.entry(&function.name).or_default().push(function);
        }
        Self {
            snapshot,
            tenancy,
            context: &tenancy.settings.tenancy.context,
            by_name,
            functions,
            parsed: RefCell::default(),
            serial: Cell::new(0),
        }
    }

    /// The relation that a name in a statement means.
    pub(super) fn relation(
        &self,
        frame: &Frame,
        schema: Option<&str>,
        name: &str,
    ) -> Option<&'a Relation> {
        let named = self.by_name.get(name)?;
        let within = |schema: &str| named.iter().find(|known| *known.schema_name == *schema);
        match schema {
            Some(schema) => within(schema).copied(),
            None => match frame.path.iter().find_map(|schema| within(schema)) {
                Some(found) => Some(found),
                // The path at the time of the call is not known: the only one of that name.
                None => (named.len() == 1).then(|| named[0]),
            },
        }
    }

    /// Tables that hold tenants' rows, in one schema or in any.
    pub(super) fn tenant_tables(&self, schema: Option<&str>) -> Vec<&'a Relation> {
        self.tenancy
            .by_name()
            .into_iter()
            .map(|table| self.tenancy.relation(table))
            .filter(|relation| schema.is_none_or(|schema| *relation.schema_name == *schema))
            .collect()
    }

    /// The columns that say whose a table's rows are.
    pub(super) fn keys(&self, relation: &Relation) -> Vec<String> {
        let table = self.tenancy.tables.get(&relation.oid);
        let number = table.map(|table| match table.reach {
            Reach::Registry { column } | Reach::Key { column } | Reach::Via { column, .. } => {
                column
            }
        });
        number
            .and_then(|number| relation.attribute(number))
            .map(|column| column.name.clone())
            .into_iter()
            .collect()
    }

    /// The functions that a call may mean: by qualified or bare name and number of arguments.
    pub fn functions(&self, frame: &Frame, name: &str, arguments: usize) -> Vec<&'a Function> {
        let (schema, bare) = match name.rsplit_once('.') {
            Some((schema, bare)) => (Some(schema), bare),
            None => (None, name),
        };
        let Some(named) = self.functions.get(bare) else {
            return Vec::new();
        };
        let fits = |function: &&&Function| function.takes(arguments);
        match schema {
            Some(schema) => named
                .iter()
                .filter(fits)
                .filter(|function| *function.schema_name == *schema)
                .copied()
                .collect(),
            None => {
                let first = frame.path.iter().find_map(|schema| {
                    let here: Vec<_> = named
                        .iter()
                        .filter(fits)
                        .filter(|function| *function.schema_name == **schema)
                        .copied()
                        .collect();
                    (!here.is_empty()).then_some(here)
                });
                first.unwrap_or_else(|| named.iter().filter(fits).copied().collect())
            }
        }
    }

    /// A function's name with its schema, where that is known.
    pub(super) fn function_name(&self, frame: &Frame, name: &str) -> String {
        if name.contains('.') {
            return name.to_owned();
        }
        match self.functions.get(name).map(Vec::as_slice) {
            Some([one]) => format!("{}.{}", one.schema_name, one.name),
            Some(several) => frame
                .path
                .iter()
                .find(|schema| several.iter().any(|known| *known.schema_name == ***schema))
                .map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}")),
            None => name.to_owned(),
        }
    }

    /// A name for a row that no other row has.
    pub fn alias(&self, wish: &str) -> String {
        let serial = self.serial.get() + 1;
        self.serial.set(serial);
        format!("{wish}{ROW_MARK}{serial}")
    }

    /// The relation that a name in a statement of that frame means.
    pub fn table(&self, frame: &Frame, path: &ast::PathRef) -> Option<Oid> {
        let path = super::syntax::path_of(Some(path.clone()));
        let found = match path.as_slice() {
            [name] => self.relation(frame, None, name),
            [schema, name] => self.relation(frame, Some(schema), name),
            _ => None,
        };
        found.map(|relation| relation.oid)
    }

    /// An expression in a frame, as the one result of an arm with the rows that variables bring.
    pub fn place(&self, expr: &Expr, frame: &Frame) -> Arm {
        let mut placer = super::place::Placer {
            reader: self,
            sight: super::names::Level::of(frame).seeing(&[]),
            records: Vec::new(),
        };
        let value = placer.place(expr);
        let mut arm = Arm::default();
        super::names::with_records(&mut arm, &placer.records);
        arm.targets.push(("?".into(), value));
        arm
    }

    /// A view's query.
    pub(super) fn definition(&self, view: &Relation) -> Option<ast::Stmt> {
        if let Some(known) = self.parsed.borrow().get(&view.oid) {
            return known.clone();
        }
        let parsed = view.definition.as_deref().and_then(parse::statement);
        self.parsed.borrow_mut().insert(view.oid, parsed.clone());
        parsed
    }
}

/// What a call's argument is worth inside: the value, with the rows that it came from.
pub fn argument(value: Expr, arm: &Arm) -> Binding {
    let mut has_row = false;
    value.walk(&mut |expr| {
        has_row |= matches!(expr, Expr::Column { .. });
        true
    });
    if has_row {
        Binding::Record(Rc::new(Arm {
            targets: vec![("?".into(), value)],
            ..arm.clone()
        }))
    } else {
        Binding::Value(value)
    }
}
