//! Views that read or write past the policies, or whose filter can be looked behind.

mod readers;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::Result;

use super::LeftAlone;
use super::mark::Place;
use super::outlook;
use super::work::{Desk, Work};
use crate::catalog::{CheckOption, Oid, Relation, RelationKind, Role, Snapshot};
use crate::finding::Finding;
use crate::session::quote::literal;
use crate::tenancy::Tenancy;
use readers::Readers;

const BYPASSES: &str = "view-bypasses-rls";
const UPSERT: &str = "view-upsert-takes-rows";
const NO_BARRIER: &str = "view-without-barrier";
const NO_CHECK_OPTION: &str = "view-without-check-option";

/// What a view's own options can close.
const CHECKS: [&str; 4] = [BYPASSES, UPSERT, NO_BARRIER, NO_CHECK_OPTION];

/// The first version whose views can read with the rights of whoever runs the statement.
const INVOKERS: i32 = 15;

/// An option of a view and its value. `sql-createview`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Setting {
    Invoker,
    Barrier,
    Check(CheckOption),
}

impl Setting {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Invoker => ("security_invoker", "true"),
            Self::Barrier => ("security_barrier", "true"),
            Self::Check(CheckOption::Local) => ("check_option", "local"),
            Self::Check(CheckOption::Cascaded) => ("check_option", "cascaded"),
        }
    }

    fn set(self, view: &mut Relation) {
        match self {
            Self::Invoker => view.security_invoker = true,
            Self::Barrier => view.security_barrier = true,
            Self::Check(option) => view.check_option = Some(option),
        }
    }
}

/// What is wished of one view.
#[derive(Default)]
struct Wish {
    settings: Vec<Setting>,
    because: Vec<String>,
    closes: BTreeSet<&'static str>,
}

impl Wish {
    fn add(&mut self, setting: Setting, check: &'static str, because: String) {
        if !self.settings.contains(&setting) {
            self.settings.push(setting);
        }
        if !self.because.contains(&because) {
            self.because.push(because);
        }
        self.closes.insert(check);
    }
}

/// What is done to views, by oid, and what is not.
#[derive(Default)]
pub(super) struct Views {
    pub(super) works: BTreeMap<Oid, Work>,
    pub(super) left_alone: Vec<LeftAlone>,
}

/// Looks for them in the database as it will be once its tables are isolated, and proves there that
/// what is set closes what was found.
pub(super) fn views(desk: Desk<'_, '_>, app: &Role, isolated: &Snapshot) -> Result<Views> {
    let tenancy = Tenancy::resolve(isolated, desk.tenancy.settings)?;
    let mut search = Search {
        desk,
        readers: Readers::new(&tenancy, app),
        named: named(desk.tenancy.snapshot),
        wishes: BTreeMap::new(),
        views: Views::default(),
    };
    let found = outlook::findings(desk, isolated, &CHECKS)?;
    for finding in &found {
        search.wish(finding);
    }
    let bypassing = found.iter().filter(|finding| finding.check == BYPASSES);
    let known: BTreeSet<&str> = bypassing.map(|finding| finding.object.as_str()).collect();
    for finding in unforced(desk, isolated)? {
        if !known.contains(finding.object.as_str()) {
            search.starved(&finding);
        }
    }
    search.prove(isolated)?;
    Ok(search.done())
}

/// Every view, by its qualified name.
fn named(snapshot: &Snapshot) -> HashMap<String, &Relation> {
    let relations = snapshot.relations.values();
    relations
        .filter(|relation| relation.kind == RelationKind::View)
        .map(|view| (view.qualified(), view))
        .collect()
}

/// Views that read past policies as the owner of tables that are not forced: what they showed before
/// is gone once the tables are.
fn unforced(desk: Desk<'_, '_>, isolated: &Snapshot) -> Result<Vec<Finding>> {
    let mut snapshot = isolated.clone();
    for oid in desk.tenancy.tables.keys() {
        if let Some(relation) = snapshot.relations.get_mut(oid) {
            relation.force_row_security = false;
        }
    }
    outlook::findings(desk, &snapshot, &[BYPASSES])
}

struct Search<'t, 'a> {
    desk: Desk<'t, 'a>,
    readers: Readers<'t>,
    /// Every view, by its qualified name.
    named: HashMap<String, &'a Relation>,
    wishes: BTreeMap<Oid, Wish>,
    views: Views,
}

impl<'a> Search<'_, 'a> {
    fn snapshot(&self) -> &'a Snapshot {
        self.desk.tenancy.snapshot
    }

    fn view(&self, finding: &Finding) -> Option<&'a Relation> {
        self.named.get(&finding.object).copied()
    }

    fn leave(&mut self, view: &Relation, reason: String) {
        let object = view.qualified();
        if !self
            .views
            .left_alone
            .iter()
            .any(|left| left.object == object)
        {
            self.views.left_alone.push(LeftAlone { object, reason });
        }
    }

    fn wish(&mut self, finding: &Finding) {
        let Some(view) = self.view(finding) else {
            return;
        };
        let wish = |setting, check, because: &str| (setting, check, because.to_owned());
        let (setting, check, because) = match finding.check.as_str() {
            NO_BARRIER => wish(
                Setting::Barrier,
                NO_BARRIER,
                "only its own WHERE filters, and a caller's function may be evaluated before it",
            ),
            NO_CHECK_OPTION => wish(
                Setting::Check(fitting(self.snapshot(), view)),
                NO_CHECK_OPTION,
                "new rows are not asked for its conditions, and no policy binds its owner",
            ),
            UPSERT => return self.invokers(view, UPSERT, false),
            _ => return self.invokers(view, BYPASSES, false),
        };
        let wish = self.wishes.entry(view.oid).or_default();
        wish.add(setting, check, because);
    }

    fn starved(&mut self, finding: &Finding) {
        if let Some(view) = self.view(finding) {
            self.invokers(view, BYPASSES, true);
        }
    }

    /// The views below, or this one, that are to read with the rights of whoever runs the statement.
    fn invokers(&mut self, view: &Relation, check: &'static str, starving: bool) {
        let readers = self.readers.past(view, starving);
        if readers.is_empty() {
            let reason = "it shows what a materialized view stores, which no option changes: revoke the \
                          application's privileges on it, and grant SELECT on a security_barrier \
                          view above that filters by the context";
            return self.leave(view, reason.to_owned());
        }
        if self.snapshot().server.major() < INVOKERS {
            let reason = format!(
                "it reads tenant tables as its owner, and views with security_invoker come with \
                 PostgreSQL {INVOKERS}: ALTER VIEW {} OWNER TO a role that the policies bind and \
                 that may read the tables, or revoke the application's privileges on it",
                view.qualified()
            );
            return self.leave(view, reason);
        }
        let lacking = self.readers.lacking(self.desk, view, &readers);
        if !lacking.is_empty() {
            let reason = format!(
                "it reads tenant tables as its owner; with security_invoker the application would \
                 need what it has not: {}",
                lacking.join("; ")
            );
            return self.leave(view, reason);
        }
        for reader in readers {
            let because = self.readers.because(reader, starving);
            let wish = self.wishes.entry(reader).or_default();
            wish.add(Setting::Invoker, check, because);
        }
    }

    /// Takes back what does not close what was found.
    fn prove(&mut self, isolated: &Snapshot) -> Result<()> {
        // A check option may uncover an upsert, which reading as the caller closes: once a view.
        let mut tried = BTreeSet::new();
        while !self.wishes.is_empty() {
            let mut again = false;
            for finding in outlook::findings(self.desk, &self.after(isolated), &CHECKS)? {
                let Some(view) = self.view(&finding) else {
                    continue;
                };
                let wish = self.wishes.remove(&view.oid);
                let invoker = |wish: &Wish| wish.settings.contains(&Setting::Invoker);
                if finding.check == UPSERT
                    && wish.is_some_and(|wish| !invoker(&wish))
                    && tried.insert(view.oid)
                {
                    self.invokers(view, UPSERT, false);
                    again = true;
                } else {
                    let fix = finding.fix.as_deref().unwrap_or_default();
                    let reason = format!("no option of it closes this: {}; {fix}", finding.message);
                    self.leave(view, reason);
                }
            }
            if !again {
                break;
            }
        }
        Ok(())
    }

    /// The catalogs as all wishes would have them.
    fn after(&mut self, isolated: &Snapshot) -> Snapshot {
        let mut after = isolated.clone();
        for (oid, wish) in &mut self.wishes {
            // What reads as its caller is bound by the policies, and needs no more than that.
            if wish.settings.contains(&Setting::Invoker) {
                wish.settings.retain(|setting| *setting == Setting::Invoker);
            }
            if let Some(view) = after.relations.get_mut(oid) {
                wish.settings.iter().for_each(|setting| setting.set(view));
            }
        }
        after
    }

    fn done(mut self) -> Views {
        for (oid, wish) in std::mem::take(&mut self.wishes) {
            if let Some(view) = self.snapshot().relations.get(&oid) {
                let work = self.work(view, wish);
                self.views.works.insert(oid, work);
            }
        }
        self.views
    }

    fn work(&self, view: &Relation, wish: Wish) -> Work {
        let name = view.qualified();
        let mut work = Work::default();
        let mut was = BTreeMap::new();
        let settings: Vec<String> = wish
            .settings
            .iter()
            .map(|setting| {
                let (option, value) = setting.words();
                was.insert(option.to_owned(), view.option(option).map(str::to_owned));
                format!("{option} = {value}")
            })
            .collect();
        let undo: Vec<String> = was
            .iter()
            .map(|(option, value)| set_back(&name, option, value.as_deref()))
            .collect();
        work.statements
            .push(format!("ALTER VIEW {name} SET ({})", settings.join(", ")));
        work.undo.extend(undo);
        work.because = wish.because;
        wish.closes.into_iter().for_each(|check| work.closes(check));
        work.stamp(self.desk, &Place::relation(view), |mark| {
            for (option, value) in was {
                mark.options.entry(option).or_insert(value);
            }
        });
        work
    }
}

/// The statement that makes an option what it was.
pub(super) fn set_back(view: &str, option: &str, was: Option<&str>) -> String {
    match was {
        None => format!("ALTER VIEW {view} RESET ({option})"),
        Some(value) => format!("ALTER VIEW {view} SET ({option} = {})", literal(value)),
    }
}

/// Options that a mark may tell of: a comment is anybody's text.
pub(super) fn is_ours(option: &str) -> bool {
    ["security_invoker", "security_barrier", "check_option"].contains(&option)
}

/// Above another view its conditions count as well.
fn fitting(snapshot: &Snapshot, view: &Relation) -> CheckOption {
    let below = view.rules.iter().filter(|rule| rule.event == '1');
    let mut below = below.flat_map(|rule| &rule.refers_to);
    let is_view = |oid: &Oid| {
        let relation = snapshot.relations.get(oid);
        *oid != view.oid && relation.is_some_and(|below| below.kind == RelationKind::View)
    };
    if below.any(is_view) {
        CheckOption::Cascaded
    } else {
        CheckOption::Local
    }
}
