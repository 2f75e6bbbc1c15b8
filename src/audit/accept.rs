//! `[[allow]]`: findings that were looked at and accepted, and entries that no longer hold.

use crate::finding::{Class, Finding, Severity};
use crate::settings::Allow;

/// A finding that an entry hides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// What was found.
    pub finding: Finding,
    /// Why it is accepted.
    pub reason: String,
}

/// Splits findings into those that stand and those that are accepted; adds a finding for every
/// entry that has expired, and for every one that matches nothing although its check ran.
///
/// `today` is the server's date, `YYYY-MM-DD`.
pub fn accept(
    findings: Vec<Finding>,
    entries: &[Allow],
    today: &str,
    ran: &dyn Fn(&str) -> bool,
) -> (Vec<Finding>, Vec<Accepted>) {
    let expired = |entry: &Allow| entry.expires.as_deref().is_some_and(|last| today > last);
    let (mut standing, mut accepted) = (Vec::new(), Vec::new());
    let mut used = vec![false; entries.len()];
    for finding in findings {
        let entry = entries.iter().enumerate().find(|(_, entry)| {
            entry.check == finding.check && same_object(&entry.object, &finding.object)
        });
        match entry {
            Some((at, entry)) => {
                used[at] = true;
                if expired(entry) {
                    standing.push(finding);
                } else {
                    accepted.push(Accepted {
                        finding,
                        reason: entry.reason.clone(),
                    });
                }
            }
            None => standing.push(finding),
        }
    }
    for (entry, used) in entries.iter().zip(used) {
        if used && expired(entry) {
            standing.push(about(
                entry,
                "allow-expired",
                Severity::Low,
                format!(
                    "the [[allow]] of {} on {} expired on {} and hides nothing any more",
                    entry.check,
                    entry.object,
                    entry.expires.as_deref().unwrap_or("?")
                ),
            ));
        } else if !used && ran(&entry.check) {
            standing.push(about(entry, "allow-stale", Severity::Info, format!(
                "the [[allow]] of {} on {} matches nothing: what it accepted is gone, or its name is wrong",
                entry.check, entry.object
            )));
        }
    }
    (standing, accepted)
}

fn about(entry: &Allow, check: &str, severity: Severity, message: String) -> Finding {
    Finding {
        check: check.to_owned(),
        class: Class::None,
        severity,
        object: entry.object.clone(),
        message,
        path: Vec::new(),
        evidence: None,
        fix: None,
    }
}

/// Spelled the same, or the same without quotes, or a function without its argument types.
fn same_object(entry: &str, object: &str) -> bool {
    let bare = |text: &str| text.replace('"', "");
    entry == object
        || bare(entry) == bare(object)
        || object
            .split_once('(')
            .is_some_and(|(name, _)| bare(entry) == bare(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(object: &str) -> Finding {
        Finding {
            check: "rls-not-enabled".into(),
            class: Class::RlsOff,
            severity: Severity::Critical,
            object: object.into(),
            message: "m".into(),
            path: vec![],
            evidence: None,
            fix: None,
        }
    }

    fn entry(object: &str, expires: Option<&str>) -> Allow {
        Allow {
            check: "rls-not-enabled".into(),
            object: object.into(),
            reason: "looked at".into(),
            expires: expires.map(str::to_owned),
        }
    }

    #[test]
    fn an_entry_hides_its_finding_until_its_last_day() {
        let hide = |today: &str| {
            accept(
                vec![finding("public.\"A\"")],
                &[entry("public.A", Some("2027-06-30"))],
                today,
                &|_| true,
            )
        };
        let (standing, accepted) = hide("2027-06-30");
        assert!(standing.is_empty() && accepted.len() == 1);
        let (standing, accepted) = hide("2027-07-01");
        assert!(accepted.is_empty());
        let checks: Vec<_> = standing
            .iter()
            .map(|finding| finding.check.as_str())
            .collect();
        assert_eq!(checks, ["rls-not-enabled", "allow-expired"]);
    }

    #[test]
    fn an_entry_that_matches_nothing_is_stale_if_its_check_ran() {
        let (standing, _) = accept(vec![], &[entry("public.gone", None)], "2026-01-01", &|_| {
            true
        });
        assert_eq!(standing[0].check, "allow-stale");
        let (standing, _) = accept(vec![], &[entry("public.gone", None)], "2026-01-01", &|_| {
            false
        });
        assert!(standing.is_empty());
    }
}
