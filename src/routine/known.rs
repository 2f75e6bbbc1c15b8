//! What calls came to: none is followed twice that would come to the same.
//!
//! Functions that call one another in circles lead to more ways than can be walked. What a call does
//! depends on what it is given and, where it was cut short, on the calls around it; only then is it
//! followed once more, and that not for ever.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use super::state::Account;
use super::walk::Walker;
use crate::catalog::{Function, Oid};
use crate::predicate::{Expr, ROW_MARK};
use crate::query::{Arm, Binding, Frame};

/// Functions inside each other beyond which they are not followed.
const MAX_CALLS: usize = 12;
/// Bodies that are walked for one call from outside before what is known in part has to do.
const MAX_AGAIN: usize = 64;
/// Bodies that are walked for one call from outside at all.
const MAX_WALKS: usize = 2048;
/// Ways to call one function that are kept.
const MAX_KEPT: usize = 64;

/// A function that is being walked.
pub(super) struct Open {
    pub(super) function: Oid,
    /// Functions that it did not go into because they are being walked themselves.
    pub(super) cuts: BTreeSet<Oid>,
}

/// A call that was followed.
struct Known {
    frame: Frame,
    account: Rc<Account>,
    /// How many functions it was inside.
    inside: usize,
    cuts: BTreeSet<Oid>,
}

impl Known {
    /// Whether the same is called: as whom, with what, and under which context.
    fn is_of(&self, frame: &Frame) -> bool {
        let known = &self.frame;
        (known.role, known.caller) == (frame.role, frame.caller)
            && known.path == frame.path
            && known.context == frame.context
            && known.names == frame.names
            && known.made == frame.made
    }

    /// Whether nothing more would come of following it inside these.
    fn is_exact(&self, frame: &Frame, open: &[Open]) -> bool {
        let deeper = open.len() >= self.inside && frame.depth >= self.frame.depth;
        let on_the_way = |cut: &Oid| open.iter().any(|one| one.function == *cut);
        (self.account.unknown.is_empty() || deeper) && self.cuts.iter().all(on_the_way)
    }
}

/// All calls that were followed.
#[derive(Default)]
pub(super) struct Followed {
    known: HashMap<Oid, Vec<Known>>,
    /// Functions of which something is known that was cut short by one on the way.
    cut: BTreeSet<Oid>,
    /// Bodies that were walked since the call from outside.
    walks: usize,
}

impl Followed {
    fn keep(&mut self, function: Oid, known: Known) {
        let from_outside = known.inside == 0;
        if !known.cuts.is_empty() {
            self.cut.insert(function);
        }
        let kept = self.known.entry(function).or_default();
        kept.retain(|old| !old.is_of(&known.frame));
        if kept.len() < MAX_KEPT {
            kept.push(known);
        }
        if from_outside {
            // Nothing is on the way any more that these stopped at.
            for function in std::mem::take(&mut self.cut) {
                if let Some(kept) = self.known.get_mut(&function) {
                    kept.retain(|known| known.cuts.is_empty());
                }
            }
        }
    }
}

impl Walker<'_> {
    /// What a call in that frame does.
    pub(super) fn follow_into(&self, function: &Function, frame: Frame) -> Rc<Account> {
        let inside = self.open.borrow().len();
        if inside == 0 {
            self.followed.borrow_mut().walks = 0;
        }
        if let Some(account) = self.goes_round(function) {
            return Rc::new(account);
        }
        if let Some(known) = self.recall(function, &frame) {
            return known;
        }
        let walks = self.followed.borrow().walks;
        let too_much = match () {
            () if inside >= MAX_CALLS => Some("calls nested too deeply at"),
            () if walks >= MAX_WALKS => Some("too many calls at"),
            () => None,
        };
        if let Some(why) = too_much {
            let mut account = Account::default();
            account.doubt(format!("{why} {}", function.signature()));
            return Rc::new(account);
        }
        self.followed.borrow_mut().walks = walks + 1;
        let (account, cuts) = self.walk(function, frame.clone());
        let account = Rc::new(account);
        let known = Known {
            frame,
            account: Rc::clone(&account),
            inside,
            cuts,
        };
        self.followed.borrow_mut().keep(function.oid, known);
        account
    }

    /// What a call of a function comes to inside itself.
    fn goes_round(&self, function: &Function) -> Option<Account> {
        let mut open = self.open.borrow_mut();
        let at = open.iter().position(|one| one.function == function.oid)?;
        let mut account = Account::default();
        // What it does inside itself it does for a caller who passes the same, if anyone may call it.
        if at > 0 {
            account.doubt(format!("{} calls itself", function.signature()));
        }
        open.last_mut()?.cuts.insert(function.oid);
        Some(account)
    }

    fn recall(&self, function: &Function, frame: &Frame) -> Option<Rc<Account>> {
        let (followed, mut open) = (self.followed.borrow(), self.open.borrow_mut());
        let kept = followed.known.get(&function.oid)?;
        let known = kept.iter().find(|known| known.is_of(frame))?;
        // What was cut short says so: it is unproven at best.
        if !known.is_exact(frame, &open) && followed.walks < MAX_AGAIN {
            return None;
        }
        if let Some(around) = open.last_mut() {
            around.cuts.extend(&known.cuts);
        }
        Some(Rc::clone(&known.account))
    }

    /// The same rows once more: what a function reads at a second call need not be what it read at
    /// the first. Those that it was given stay what they are.
    pub(super) fn anew(&self, arms: Vec<Arm>, given: &BTreeSet<String>) -> Vec<Arm> {
        let mut names = BTreeMap::new();
        arms.into_iter()
            .map(|arm| self.renamed(arm, given, &mut names))
            .collect()
    }

    fn renamed(
        &self,
        mut arm: Arm,
        given: &BTreeSet<String>,
        names: &mut BTreeMap<String, String>,
    ) -> Arm {
        for row in arm
            .rows
            .iter_mut()
            .filter(|row| !given.contains(&row.alias))
        {
            let name = names.entry(row.alias.clone()).or_insert_with(|| {
                let wish = row.alias.split(ROW_MARK).next().unwrap_or_default();
                self.reader.alias(wish)
            });
            row.alias.clone_from(name);
        }
        arm.inner = std::mem::take(&mut arm.inner)
            .into_iter()
            .map(|inner| self.renamed(inner, given, names))
            .collect();
        let again = |expr: &Expr| {
            expr.map(|table, name, _| {
                Some(Expr::Column {
                    table: Some(names.get(table?)?.clone()),
                    name: name.to_owned(),
                })
            })
        };
        arm.conditions = arm.conditions.iter().map(again).collect();
        arm.calls = arm.calls.iter().map(again).collect();
        for (_, value) in &mut arm.targets {
            *value = again(value);
        }
        arm
    }
}

/// What the rows are called that bindings bring along.
pub(super) fn rows_of<'b>(bindings: impl IntoIterator<Item = &'b Binding>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for binding in bindings {
        if let Binding::Record(record) = binding {
            let mut waiting = vec![record.as_ref()];
            while let Some(arm) = waiting.pop() {
                found.extend(arm.rows.iter().map(|row| row.alias.clone()));
                waiting.extend(&arm.inner);
            }
        }
    }
    found
}
