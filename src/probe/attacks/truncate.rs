//! TRUNCATE, judged from the privilege alone: executing it would lock the table against everybody.

use super::super::case::Case;
use super::super::channel::Channel;
use crate::finding::{Class, Finding, Operation, Severity};
use crate::session::quote;

pub(super) const CHANNEL: Channel = Channel {
    id: "probe-truncate",
    title: "the application may TRUNCATE another organization's rows away",
    tries: "nothing is executed: TRUNCATE takes an ACCESS EXCLUSIVE lock. Judged from the privilege",
    why: "no policy applies to TRUNCATE: it empties the table for every organization",
    class: Class::Privilege,
    severity: Severity::Critical,
};

pub(super) fn judge(case: &mut Case<'_, '_>) {
    if !(case.rights.usage && case.rights.truncate && case.relation.kind.is_table()) {
        return;
    }
    let finding = Finding {
        check: CHANNEL.id.to_owned(),
        class: case.class(Class::Privilege),
        severity: CHANNEL.severity,
        object: case.name.clone(),
        message: format!(
            "{} may TRUNCATE {}: no policy applies to it, and every organization's rows go \
             (judged from the privilege, not executed)",
            case.world.app_role(),
            case.name
        ),
        path: vec![
            case.world.app_role().to_owned(),
            format!("TRUNCATE on {}", case.name),
        ],
        evidence: Some(format!(
            "select has_table_privilege({}, {}, 'truncate');",
            quote::literal(case.world.app_role()),
            quote::literal(&case.name)
        )),
        fix: Some(format!(
            "REVOKE TRUNCATE ON {} FROM {};",
            case.name,
            quote::ident(case.world.app_role())
        )),
    };
    case.ledger.leak(Some(Operation::Delete), finding);
}
