//! Where a walk through a body stands, and what it has come across.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use squawk_syntax::SyntaxNode;

use crate::catalog::Oid;
use crate::finding::Operation;
use crate::predicate::Expr;
use crate::query::{Arm, Binding, Frame, Stored, Use};

/// Reasons to doubt that are kept: one is enough.
const MAX_REASONS: usize = 16;

/// Ways to show rows through calls beyond which they are not followed.
const MAX_SHOWN: usize = 512;

/// What a routine does.
#[derive(Clone, Debug, Default)]
pub struct Account {
    /// Rows that it returns or raises; rows that only the path to there depends on are not meant.
    pub shown: Vec<Rc<Use>>,
    /// What it changes.
    pub changes: Vec<Use>,
    /// What it copies into tables.
    pub stored: Vec<Stored>,
    /// Rows on which a decision rests that the caller is told of.
    pub told: Vec<Arm>,
    /// What was not understood, and so may do anything.
    pub unknown: Vec<String>,
    /// It tells rows in messages: not all that is shown is what it returns.
    pub says: bool,
    /// It sets the context to something else, works under it and leaves it there.
    pub left_switched: bool,
    /// Tables that it changes by TRUNCATE, whose rows no condition limits.
    pub emptied: Vec<Oid>,
    /// What the routines did that were called on the way, which [`Self::whole`] takes in.
    called: Vec<Rc<Self>>,
}

impl Account {
    /// Adds what a routine did that was called on the way; what it returned is the caller's to use.
    pub(super) fn absorb(&mut self, called: &Rc<Self>) {
        if self.called.iter().any(|known| Rc::ptr_eq(known, called)) {
            return;
        }
        self.called.push(Rc::clone(called));
        for reason in &called.unknown {
            self.doubt(reason);
        }
        self.says |= called.says;
        self.left_switched |= called.left_switched;
    }

    /// With what everything did that was called on the way, each once however many ways lead there.
    pub(super) fn whole(&self) -> Self {
        let mut whole = self.clone();
        let mut waiting: Vec<Rc<Self>> = whole.called.drain(..).rev().collect();
        let mut seen = HashSet::new();
        while let Some(called) = waiting.pop() {
            if !seen.insert(Rc::as_ptr(&called)) {
                continue;
            }
            whole.changes.extend(called.changes.iter().cloned());
            whole.stored.extend(called.stored.iter().cloned());
            whole.told.extend(called.told.iter().cloned());
            whole.emptied.extend(&called.emptied);
            waiting.extend(called.called.iter().rev().cloned());
        }
        whole
    }

    /// Adds what a call shows at the end of a path.
    pub(super) fn shows(&mut self, called: &Rc<Use>, state: &State) {
        if self.shown.len() >= MAX_SHOWN {
            self.doubt("it shows rows in too many ways");
        } else if state.path == Arm::default() {
            self.shown.push(Rc::clone(called));
        } else {
            self.shown.push(Rc::new(Use {
                arm: state.under(&called.arm),
                ..called.as_ref().clone()
            }));
        }
    }

    /// Something was not understood.
    pub(super) fn doubt(&mut self, reason: impl AsRef<str>) {
        let reason = reason.as_ref();
        if self.unknown.len() < MAX_REASONS && !self.unknown.iter().any(|known| known == reason) {
            self.unknown.push(reason.to_owned());
        }
    }
}

/// EXIT or CONTINUE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Leaving {
    /// The loop or block that is meant; the innermost loop without one.
    pub(super) label: Option<String>,
    /// CONTINUE: there is a next turn.
    pub(super) again: bool,
}

/// A cursor's query.
#[derive(Debug)]
pub(super) struct Cursor {
    pub(super) query: SyntaxNode,
    pub(super) arguments: Vec<String>,
    /// What was passed when it was opened.
    pub(super) given: Vec<Binding>,
}

/// One path through a body.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) frame: Frame,
    /// What was true at every turn, and the rows that it was true of.
    pub(super) path: Arm,
    /// EXIT or CONTINUE: nothing more is done up to the loop or block that is meant.
    pub(super) leaving: Option<Leaving>,
    /// Cursors that were declared or opened, by name.
    pub(super) cursors: HashMap<String, Rc<Cursor>>,
    /// Rows were read or changed since the context was set to something else.
    pub(super) worked_switched: bool,
}

impl State {
    pub(super) fn new(frame: Frame) -> Self {
        Self {
            frame,
            path: Arm::default(),
            leaving: None,
            cursors: HashMap::new(),
            worked_switched: false,
        }
    }

    /// Whether a handler finds the same here as there.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.frame.names == other.frame.names
            && self.frame.context == other.frame.context
            && self.frame.made == other.frame.made
    }

    /// Stops leaving at the loop or block of that label.
    pub(super) fn arrive(&mut self, label: Option<&String>, of_loop: bool) {
        let here = self
            .leaving
            .as_ref()
            .is_some_and(|leaving| match &leaving.label {
                Some(meant) => Some(meant) == label,
                None => of_loop,
            });
        if here {
            self.leaving = None;
        }
    }

    /// An arm under the conditions of the path that leads to it.
    pub(super) fn under(&self, arm: &Arm) -> Arm {
        Arm {
            targets: arm.targets.clone(),
            ..arm.beside(&self.path)
        }
    }

    /// An arm that is shown at the end of this path.
    pub(super) fn showing(&self, arm: &Arm) -> Rc<Use> {
        Rc::new(Use {
            operation: Operation::Select,
            rows: (0..arm.rows.len()).collect(),
            arm: self.under(arm),
        })
    }

    /// Goes on only where `condition`, with the rows of `arm`, is true.
    pub(super) fn suppose(&mut self, arm: &Arm, condition: Expr) {
        self.path = self.path.beside(&Arm {
            inner: Vec::new(),
            ..arm.clone()
        });
        self.path.conditions.push(condition);
    }
}
