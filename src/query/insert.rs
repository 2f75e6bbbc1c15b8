//! INSERT, and the row that ON CONFLICT meets.

use squawk_syntax::ast::{self, AstNode};

use super::Arm;
use super::block::{Partial, Reading, Refusal};
use super::names::Level;
use super::read::Frame;
use super::syntax::{identifier, path_of};
use crate::finding::Operation;
use crate::predicate::Expr;

impl Reading<'_, '_> {
    pub(super) fn insert(
        &mut self,
        insert: &ast::Insert,
        frame: &Frame,
    ) -> Result<Vec<Arm>, Refusal> {
        let frame = &self.with(insert.with_clause(), frame)?;
        let path = path_of(insert.relation_name_ref().and_then(|name| name.path_ref()));
        let alias = insert
            .alias()
            .and_then(|alias| alias.name())
            .map(|name| name.syntax().clone());
        let (at, partial) = self.target(&path, alias, frame)?;
        let source = match insert.insert_source() {
            Some(ast::InsertSource::SelectVariant(query)) => {
                self.variant(&query, Level::of(frame))?
            }
            _ => vec![Arm::default()],
        };
        let named: Vec<String> = insert
            .column_target_list()
            .into_iter()
            .flat_map(|list| list.column_targets())
            .map(|column| identifier(column.syntax()))
            .collect();
        let mut returned = Vec::new();
        let mut given = Vec::new();
        for from in source {
            let (arm, new) = beside(&partial, from, &named);
            given.push(new);
            self.changed(Operation::Insert, at, &arm);
            self.stored(at, &path, arm.clone());
            returned.extend(self.returning(insert.returning_clause(), frame, &partial, &arm)?);
        }
        if let Some(conflict) = insert.on_conflict_clause()
            && let Some(at) = at
            && matches!(
                conflict.conflict_action(),
                Some(ast::ConflictAction::ConflictDoUpdateSet(_))
            )
        {
            self.conflict(at, &partial, &conflict, &given);
        }
        Ok(returned)
    }

    /// ON CONFLICT DO UPDATE changes the row that has the new one's values in the unique columns.
    fn conflict(
        &mut self,
        at: usize,
        partial: &Partial,
        clause: &ast::OnConflictClause,
        given: &[Arm],
    ) {
        let columns: Vec<String> = clause
            .conflict_target()
            .into_iter()
            .flat_map(|target| target.syntax().descendants().collect::<Vec<_>>())
            .filter_map(ast::NameRef::cast)
            .map(|column| identifier(column.syntax()))
            .collect();
        for new in given {
            let mut arm = partial.arm.beside(new);
            for name in &columns {
                let met = partial.items.iter().find_map(|item| item.column(name));
                let value = new.targets.iter().find(|(known, _)| known == name);
                if let (Some(met), Some((_, value))) = (met, value) {
                    arm.conditions.push(Expr::Binary(
                        "=".into(),
                        Box::new(met),
                        Box::new(value.clone()),
                    ));
                }
            }
            if columns.is_empty() {
                arm.conditions
                    .push(Expr::Opaque("which row ON CONFLICT meets".into()));
            }
            self.changed(Operation::Update, Some(at), &arm);
        }
    }
}

/// The new row beside what it is made of, and what it is made of under the columns' names.
fn beside(target: &Partial, mut from: Arm, named: &[String]) -> (Arm, Arm) {
    let mut arm = target.arm.beside(&from);
    let all = target.all();
    let mut new = Arm {
        targets: Vec::new(),
        ..from.clone()
    };
    // Where a `*` is not known, neither is what comes after it.
    let known = from.targets.iter().take_while(|(name, _)| name != "*");
    arm.limited |= from.targets.iter().any(|(name, _)| name == "*");
    for (place, (_, value)) in known.enumerate() {
        let column = match named.get(place) {
            Some(name) => all.iter().find(|(known, _)| known == name),
            None if named.is_empty() => all.get(place),
            None => None,
        };
        // A table that was made on the way has no rows of its own to speak of.
        if let Some((name, column)) = column.filter(|_| !target.arm.rows.is_empty()) {
            new.targets.push((name.clone(), value.clone()));
            arm.conditions.push(Expr::Binary(
                "=".into(),
                Box::new(column.clone()),
                Box::new(value.clone()),
            ));
        }
    }
    from.rename(named);
    arm.targets = from.targets;
    (arm, new)
}
