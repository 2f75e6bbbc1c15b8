//! Trigger functions that run as their owner when the application changes a row.

use std::collections::BTreeSet;

use super::engine::Engine;
use super::functions::judge;
use crate::catalog::Relation;
use crate::finding::Operation;
use crate::routine::Walker;
use crate::session::quote;

pub(super) fn audit(engine: &mut Engine<'_>, walker: &Walker<'_>) {
    let mut tables: Vec<&Relation> = engine.snapshot().relations.values().collect();
    tables.sort_by_key(|table| (table.schema_name.clone(), table.name.clone()));
    let mut seen = BTreeSet::new();
    for table in tables {
        let access = engine.access(table);
        for trigger in &table.triggers {
            let fires = [
                (4, Operation::Insert),
                (8, Operation::Delete),
                (16, Operation::Update),
            ]
            .into_iter()
            .find(|(bit, operation)| trigger.flags & bit != 0 && access.allows(*operation));
            let function = engine.snapshot().functions.get(&trigger.function);
            let (Some((_, operation)), Some(function)) = (fires, function) else {
                continue;
            };
            let runs = trigger.enabled != 'D' && function.security_definer;
            if !runs || function.of_extension || !seen.insert((function.oid, table.oid)) {
                continue;
            }
            let account = walker.fired(function, (table, trigger), engine.powers.role);
            let entry = vec![
                engine.app.clone(),
                format!(
                    "{} on {}",
                    operation.word().to_uppercase(),
                    table.qualified()
                ),
                format!(
                    "trigger {} calls {}",
                    quote::ident(&trigger.name),
                    function.signature()
                ),
            ];
            judge(engine, function, &account, entry);
        }
    }
}
