//! What every part of the audit reasons with, and where it puts what it found.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use crate::catalog::{Oid, Relation, Snapshot};
use crate::finding::{By, Cause, Coverage, Operation, Severity, Verdict};
use crate::paths::{Access, Powers};
use crate::predicate::{Prover, Written, WrittenColumn, WrittenValue};
use crate::session::quote;
use crate::tenancy::Tenancy;

/// A finding before its check's title and class are looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) check: &'static str,
    pub(super) severity: Severity,
    pub(super) object: String,
    pub(super) message: String,
    pub(super) path: Vec<String>,
    pub(super) evidence: Option<String>,
    pub(super) fix: Option<String>,
}

/// The engines over one snapshot, for one application role.
pub(super) struct Engine<'a> {
    pub(super) tenancy: &'a Tenancy<'a>,
    /// The application role's name, quoted where PostgreSQL would.
    pub(super) app: String,
    pub(super) powers: Powers,
    pub(super) prover: Rc<Prover<'a>>,
    others: RefCell<HashMap<Oid, Rc<Prover<'a>>>>,
    pub(super) found: Vec<Found>,
    pub(super) coverage: Vec<Coverage>,
}

impl<'a> Engine<'a> {
    pub(super) fn new(tenancy: &'a Tenancy<'a>) -> Self {
        let snapshot = tenancy.snapshot;
        let powers = match tenancy.app {
            Some(role) => Powers::of(snapshot, role.oid),
            // Nobody yet: judged as if it had been created and granted what it needs.
            None => Powers {
                role: 0,
                held: BTreeSet::from([0]),
                becomes: Default::default(),
            },
        };
        let prover = Rc::new(Prover::new(tenancy, powers.role, powers.held.clone()));
        Self {
            tenancy,
            app: quote::ident(&tenancy.settings.tenancy.app_role),
            powers,
            prover,
            others: RefCell::default(),
            found: Vec::new(),
            coverage: Vec::new(),
        }
    }

    pub(super) fn snapshot(&self) -> &'a Snapshot {
        self.tenancy.snapshot
    }

    /// What the application may do with a relation. A role that does not exist yet will be granted
    /// the four operations on tenant tables.
    pub(super) fn access(&self, relation: &Relation) -> Access {
        if self.tenancy.app.is_none() && self.tenancy.tables.contains_key(&relation.oid) {
            return Access {
                operations: Operation::ALL.to_vec(),
                columns_only: false,
            };
        }
        Access::of(self.snapshot(), &self.powers, relation)
    }

    /// A prover for statements that run as another role, such as a view's owner.
    pub(super) fn prover_for(&self, role: Oid) -> Rc<Prover<'a>> {
        if role == self.powers.role {
            return Rc::clone(&self.prover);
        }
        let mut others = self.others.borrow_mut();
        let prover = others.entry(role).or_insert_with(|| {
            let held = Powers::of(self.snapshot(), role).held;
            Rc::new(Prover::new(self.tenancy, role, held))
        });
        Rc::clone(prover)
    }

    pub(super) fn report(&mut self, found: Found) {
        self.found.push(found);
    }

    pub(super) fn cover(
        &mut self,
        object: &str,
        operation: Operation,
        verdict: Verdict,
        reason: impl Into<String>,
    ) {
        self.coverage.push(Coverage {
            object: object.to_owned(),
            operation,
            verdict,
            by: By::Audit,
            reason: reason.into(),
            cause: None,
        });
    }

    /// A leaking row, with the finding that it follows from.
    pub(super) fn cover_leak(
        &mut self,
        object: &str,
        operation: Operation,
        reason: impl Into<String>,
        (check, at): (&'static str, &str),
    ) {
        self.cover(object, operation, Verdict::Leaking, reason);
        if let Some(last) = self.coverage.last_mut() {
            last.cause = Some(Cause {
                check: check.to_owned(),
                object: at.to_owned(),
            });
        }
    }

    /// Statements for an administrator's psql that count rows by organization as the application
    /// sees them, with the context at one of the registry's; `None` while there is no such role.
    pub(super) fn evidence(&self, object: &str, key: Option<&str>) -> Option<String> {
        self.evidence_after(object, key, None)
    }

    /// The same, after the application has written something.
    pub(super) fn evidence_after(
        &self,
        object: &str,
        key: Option<&str>,
        written: Option<&Written>,
    ) -> Option<String> {
        // Nobody can be what does not exist.
        self.tenancy.app?;
        let context = &self.tenancy.settings.tenancy.context;
        let select = match key {
            Some(key) => {
                let key = quote::ident(key);
                format!("SELECT {key}, count(*) FROM {object} GROUP BY {key};")
            }
            None => format!("SELECT * FROM {object} LIMIT 10;"),
        };
        let registry = self.tenancy.registry;
        let id = self
            .tenancy
            .key_column(registry.oid)
            .map_or("id", |column| column.name.as_str());
        let (id, registry) = (quote::ident(id), registry.qualified());
        let mut set = format!(
            "set_config({}, (SELECT {id}::text FROM {registry} LIMIT 1), true)",
            quote::literal(context)
        );
        let mut write = String::new();
        if let Some(written) = written {
            set += &format!(
                ", set_config('tenantctl.other', (SELECT {id}::text FROM {registry} OFFSET 1 LIMIT 1), true)"
            );
            let value = |column: &WrittenColumn| match &column.to {
                WrittenValue::Context => {
                    format!(
                        "current_setting({})::{}",
                        quote::literal(context),
                        column.ty
                    )
                }
                WrittenValue::Other => {
                    format!("current_setting('tenantctl.other')::{}", column.ty)
                }
                WrittenValue::OfRow(name) => format!("'{name} of a row that it wants'"),
                WrittenValue::Constant(text) => quote::literal(text),
                WrittenValue::Expression(sql) => sql.clone(),
            };
            write = format!("{}; ", written.render(&value));
            if written.role != self.app {
                let (other, app) = (&written.role, &self.app);
                write = format!("SET LOCAL ROLE {other}; {write}SET LOCAL ROLE {app}; ");
            }
        }
        Some(format!(
            "BEGIN; SELECT {set}; SET LOCAL ROLE {}; {write}{select} ROLLBACK;  -- rows of more than one organization",
            self.app
        ))
    }
}

/// `public.a, public.b and 3 more`.
pub(super) fn few(names: &[String]) -> String {
    const SHOWN: usize = 3;
    let shown = names
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
