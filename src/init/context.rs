//! Which setting carries the tenant: read from the policies and functions that are there.
//!
//! A plain scan of the text is enough for a proposal; what policies mean is for `predicate`.

use std::collections::BTreeMap;

use super::key::Candidate;
use super::scope::Scope;
use super::{Choice, Note, words};

const CALL: &str = "current_setting(";

#[derive(Default)]
struct Seen {
    policies: usize,
    functions: usize,
    /// Policies that mention the key next to it.
    with_key: usize,
    /// Policies that read it without `missing_ok`.
    raising: usize,
}

/// The context, and the evidence that the policies raise without it, if they do.
pub(super) fn choose(scope: &Scope<'_>, best: &Candidate<'_>) -> (Choice, Option<String>) {
    let seen = scan(scope, best);
    let mut found: Vec<(&String, &Seen)> = seen.iter().collect();
    found.sort_by_key(|(name, seen)| {
        let rank = (seen.with_key, seen.policies, seen.functions);
        (std::cmp::Reverse(rank), name.as_str())
    });
    let notes = |(name, seen): &(&String, &Seen)| Note {
        name: (*name).clone(),
        why: seen.evidence(),
    };
    let Some((name, first)) = found.first() else {
        let value = format!("app.current_{}", words::snake(&best.key));
        return (
            Choice {
                value,
                why: "a proposal: no policy and no function reads a setting yet; use what your application sets".to_owned(),
                others: Vec::new(),
            },
            None,
        );
    };
    let raises = (first.policies > 0 && first.raising == first.policies)
        .then(|| "the policies that are there read it without a default".to_owned());
    let choice = Choice {
        value: (*name).clone(),
        why: first.evidence(),
        others: found[1..].iter().take(3).map(notes).collect(),
    };
    (choice, raises)
}

impl Seen {
    fn evidence(&self) -> String {
        let policies = match self.policies {
            0 => None,
            1 => Some("1 policy reads it".to_owned()),
            count => Some(format!("{count} policies read it")),
        };
        let functions = match self.functions {
            0 => None,
            1 => Some("1 function reads it".to_owned()),
            count => Some(format!("{count} functions read it")),
        };
        let both: Vec<String> = policies.into_iter().chain(functions).collect();
        both.join(", ")
    }
}

fn scan(scope: &Scope<'_>, best: &Candidate<'_>) -> BTreeMap<String, Seen> {
    let mut seen: BTreeMap<String, Seen> = BTreeMap::new();
    for table in &scope.tables {
        let key = if table.oid == best.registry.oid {
            &best.id.name
        } else {
            &best.key
        };
        for policy in &table.policies {
            let mut names: BTreeMap<String, (bool, bool)> = BTreeMap::new();
            for text in [&policy.using, &policy.check].into_iter().flatten() {
                let near = words::mentions(text, key);
                for (name, lenient) in settings_in(text) {
                    let entry = names.entry(name).or_default();
                    entry.0 |= near;
                    entry.1 |= !lenient;
                }
            }
            for (name, (near, raising)) in names {
                let seen = seen.entry(name).or_default();
                seen.policies += 1;
                seen.with_key += usize::from(near);
                seen.raising += usize::from(raising);
            }
        }
    }
    for function in scope
        .snapshot
        .functions
        .values()
        .filter(|f| !f.of_extension)
    {
        let mut names: Vec<String> = settings_in(&function.body).map(|(name, _)| name).collect();
        names.sort_unstable();
        names.dedup();
        for name in names {
            seen.entry(name).or_default().functions += 1;
        }
    }
    seen
}

/// Names of custom settings that are read, and whether a missing one is null there.
fn settings_in(text: &str) -> impl Iterator<Item = (String, bool)> + '_ {
    text.match_indices(CALL).filter_map(|(at, _)| {
        let rest = text[at + CALL.len()..].trim_start();
        let (name, after) = rest.strip_prefix('\'')?.split_once('\'')?;
        let arguments = after.split(')').next().unwrap_or_default().to_lowercase();
        // PostgreSQL's own settings have no dot.
        name.contains('.')
            .then(|| (name.to_owned(), arguments.contains("true")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_found_in_printed_and_typed_text() {
        let text = "(id = (NULLIF(current_setting('app.a'::text, true), ''::text))::uuid) \
                    OR x = current_setting( 'b.c', FALSE) OR current_setting('search_path') = ''";
        let found: Vec<_> = settings_in(text).collect();
        assert_eq!(
            found,
            [("app.a".to_owned(), true), ("b.c".to_owned(), false)]
        );
    }
}
