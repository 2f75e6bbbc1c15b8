//! What a change of a row sets off: triggers and rules.

use std::rc::Rc;

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::state::{Account, State};
use super::walk::Walker;
use crate::catalog::{Function, Oid, Relation, RelationKind, Rule, Trigger};
use crate::predicate::{Expr, parse};
use crate::query::{Arm, Binding, Names, Row};

impl Walker<'_> {
    /// What a trigger's function does when `role` changes rows of `table`: a table's rows are
    /// `role`'s own; what it writes to a view is whatever it likes.
    pub fn fired(
        &self,
        function: &Function,
        (table, trigger): (&Relation, &Trigger),
        role: Oid,
    ) -> Account {
        let mut frame = self.inside(function, &self.frame(role));
        let mut names = self.changed_rows(table, role);
        for name in &trigger.transition {
            let rows = vec![self.own_row(table, name, role)];
            frame.made.insert(name.clone(), Rc::new(rows));
        }
        for word in [
            "tg_op",
            "tg_table_name",
            "tg_table_schema",
            "tg_name",
            "tg_when",
        ] {
            names.bind(word, Binding::Value(Expr::Opaque(word.to_owned())));
        }
        frame.names = names;
        self.follow_into(function, frame).whole()
    }

    /// What a rule of `table` does in place of, or beside, a change that `role` makes: its actions
    /// have the rights of the table's owner. `None` where it does not parse. `rules-privileges`.
    pub fn ruled(&self, table: &Relation, rule: &Rule, role: Oid) -> Option<Account> {
        let stmt = parse::statement(rule.definition.as_deref()?)?;
        let mut frame = self.frame(table.owner);
        frame.caller = role;
        frame.names = self.changed_rows(table, role);
        if table.kind != RelationKind::View {
            // No policy is asked: not what is written, nor, past them, what is there.
            frame.names.bind("new", anything(table));
            let old = self.own_row(table, "old", table.owner);
            frame.names.bind("old", Binding::Record(Rc::new(old)));
        }
        let mut account = Account::default();
        let actions = stmt.syntax().descendants().filter(|node| {
            let kind = node.kind();
            ast::Insert::can_cast(kind)
                || is_action(node)
                || ast::Update::can_cast(kind)
                || ast::Delete::can_cast(kind)
        });
        for action in actions {
            let mut state = State::new(frame.clone());
            let shown = self.run(&action, &mut state, &mut account);
            account
                .shown
                .extend(shown.iter().map(|arm| state.showing(arm)));
        }
        Some(account.whole())
    }

    /// NEW and OLD: a table's rows are `role`'s own; what is written to a view is anything.
    fn changed_rows(&self, table: &Relation, role: Oid) -> Names {
        let mut names = Names::default();
        if table.kind == RelationKind::View {
            names.bind("new", anything(table));
            let old = match self.view(table, &self.frame(role)).as_deref() {
                Ok([arm]) => Binding::Record(Rc::new(arm.clone())),
                _ => Binding::Unknown,
            };
            names.bind("old", old);
        } else {
            for name in ["new", "old"] {
                let arm = self.own_row(table, name, role);
                names.bind(name, Binding::Record(Rc::new(arm)));
            }
        }
        names
    }

    /// A row that `role` may have: its policies filter it.
    fn own_row(&self, table: &Relation, name: &str, role: Oid) -> Arm {
        let alias = self.reader.alias(name);
        let columns = table.columns.iter().map(|column| {
            let value = Expr::Column {
                table: Some(alias.clone()),
                name: column.name.clone(),
            };
            (column.name.clone(), value)
        });
        Arm {
            targets: columns.collect(),
            rows: vec![Row {
                relation: table.oid,
                alias: alias.clone(),
                as_role: role,
                through: Vec::new(),
                switched: false,
            }],
            ..Arm::default()
        }
    }
}

/// A row that the caller writes as it likes.
fn anything(table: &Relation) -> Binding {
    let fields = table.columns.iter().map(|column| {
        let value = Expr::Argument(format!("new.{}", column.name));
        (column.name.clone(), value)
    });
    Binding::Record(Rc::new(Arm {
        targets: fields.collect(),
        ..Arm::default()
    }))
}

/// Whether a query is an action of a rule: its rows go to whoever sets the rule off.
fn is_action(node: &SyntaxNode) -> bool {
    let above = node.parent().map(|above| above.kind());
    ast::SelectVariant::can_cast(node.kind())
        && above
            .is_some_and(|kind| ast::RuleDo::can_cast(kind) || ast::RuleStmtList::can_cast(kind))
}
