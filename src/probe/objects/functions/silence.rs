//! What it is worth that nothing came through.

use std::collections::BTreeSet;

use super::super::super::ledger::Ledger;
use super::{Attempted, Target};
use crate::finding::{Operation, Verdict};

/// Books a function through which nothing came.
pub(super) fn conclude(target: &Target<'_>, attempted: &Attempted, ledger: &mut Ledger) {
    let Some(reading) = &target.reading else {
        return;
    };
    let signature = target.function.signature();
    let calls = match attempted.calls {
        1 => "1 call".to_owned(),
        n => format!("{n} calls"),
    };
    let doubts: Vec<_> = target.doubts().collect();
    if let Some(why) = &attempted.stopped {
        ledger.unproven(&signature, Operation::Select, why.clone());
    } else if attempted.control {
        let why = format!(
            "{calls}, nothing came through, and the other organization's own call reaches its rows"
        );
        for operation in operations(target) {
            ledger.held_because(&signature, operation, why.clone());
        }
    } else if !doubts.is_empty() {
        for row in doubts {
            let why = format!(
                "{calls} and nothing came through, but the other organization's own calls reached none of its rows \
                 either: what it takes is not known; {}",
                row.reason
            );
            ledger.unproven(&row.object, row.operation, why);
        }
    } else {
        let proved = reading
            .coverage
            .iter()
            .filter(|row| row.verdict == Verdict::Proved);
        for row in proved {
            let why = format!("{calls}, nothing came through; by its body, {}", row.reason);
            ledger.held_because(&row.object, row.operation, why);
        }
    }
}

/// The operations that reading speaks of; reading rows, where it speaks of none.
fn operations(target: &Target<'_>) -> BTreeSet<Operation> {
    let rows = target.reading.iter().flat_map(|reading| &reading.coverage);
    let spoken: BTreeSet<Operation> = rows.map(|row| row.operation).collect();
    match spoken.is_empty() {
        true => BTreeSet::from([Operation::Select]),
        false => spoken,
    }
}
