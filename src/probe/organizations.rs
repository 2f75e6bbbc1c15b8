//! Which two organizations play attacker and victim.

use std::collections::HashMap;

use anyhow::Result;

use super::eye::Eye;
use crate::exit::usage;
use crate::session::quote;
use crate::settings::KeyType;
use crate::tenancy::{Reach, Tenancy};

/// The organizations of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cast {
    pub(super) a: String,
    pub(super) b: String,
    /// More of them to look from, B first.
    pub(super) others: Vec<String>,
    /// Which of A and B are not in the registry yet and have to be made up for the run.
    pub(super) made_up: Vec<String>,
}

/// How many organizations are considered.
const CANDIDATES: usize = 50;
/// How many contexts a table is read from, beside A's.
const SWEEP: usize = 4;

/// Takes the organizations that were asked for, or picks those with rows in most tables.
pub(super) async fn cast(
    eye: &Eye<'_>,
    tenancy: &Tenancy<'_>,
    asked: Option<&(String, String)>,
) -> Result<Cast> {
    let registry = tenancy.registry.qualified();
    let id = quote::ident(&tenancy.settings.tenancy.registry_id);
    if let Some((a, b)) = asked {
        return as_asked(eye, tenancy, (a, b)).await;
    }
    let sql = format!("select {id}::text from {registry} order by {id} limit {CANDIDATES}");
    let ids: Vec<String> = first_column(&eye.ask(&sql).await?);
    let mut made_up = Vec::new();
    let mut chosen = match ids.len() {
        0 | 1 => ids,
        2 => similar_first(&ids, tenancy),
        _ => {
            let scores = scores(eye, tenancy, &ids).await?;
            let mut ids = ids;
            // Stable: the registry's order decides between equals.
            ids.sort_by_key(|id| std::cmp::Reverse(scores.get(id).copied().unwrap_or(0)));
            similar_first(&ids, tenancy)
        }
    };
    for nth in chosen.len()..2 {
        let id = canary_id(tenancy.settings.tenancy.key_type, nth);
        made_up.push(id.clone());
        chosen.push(id);
    }
    Ok(Cast {
        others: chosen[1..].iter().take(SWEEP).cloned().collect(),
        b: chosen[1].clone(),
        a: chosen[0].clone(),
        made_up,
    })
}

/// Two that nobody has, for rows that are committed.
pub(super) fn made_up(tenancy: &Tenancy<'_>) -> Cast {
    let kind = tenancy.settings.tenancy.key_type;
    let (a, b) = match kind {
        // One begins with the other: some policies compare no more than that.
        KeyType::Text => (
            "tenantctl-canary".to_owned(),
            "tenantctl-canary-b".to_owned(),
        ),
        _ => (canary_id(kind, 2), canary_id(kind, 3)),
    };
    Cast {
        others: vec![b.clone()],
        a,
        b,
        made_up: Vec::new(),
    }
}

async fn as_asked(eye: &Eye<'_>, tenancy: &Tenancy<'_>, (a, b): (&str, &str)) -> Result<Cast> {
    if a == b {
        return Err(usage(
            "--org was given the same organization twice; two different ones are needed",
        ));
    }
    let registry = tenancy.registry.qualified();
    let id = quote::ident(&tenancy.settings.tenancy.registry_id);
    let mut spelled = Vec::new();
    for wanted in [a, b] {
        let sql = format!(
            "select {id}::text from {registry} where {id} = {}",
            quote::literal(wanted)
        );
        // A malformed id is refused by the server; that is not there either.
        let found = first_column(&eye.ask_as(wanted, &sql).await?);
        let found = found.into_iter().next().ok_or_else(|| {
            usage(format!(
                "--org {wanted}: no such organization in {registry} ({id})"
            ))
        })?;
        spelled.push(found);
    }
    Ok(Cast {
        others: vec![spelled[1].clone()],
        b: spelled.swap_remove(1),
        a: spelled.swap_remove(0),
        made_up: Vec::new(),
    })
}

/// In how many tables each organization has rows.
async fn scores(
    eye: &Eye<'_>,
    tenancy: &Tenancy<'_>,
    ids: &[String],
) -> Result<HashMap<String, usize>> {
    let list: Vec<String> = ids
        .iter()
        .map(|id| format!("({})", quote::literal(id)))
        .collect();
    let kind = tenancy.settings.tenancy.key_type.sql();
    let mut scores = HashMap::new();
    for table in tenancy.by_name() {
        let (Reach::Key { .. }, Some(key)) = (table.reach, tenancy.key_column(table.oid)) else {
            continue;
        };
        let sql = format!(
            "select o.id from (values {}) o(id) where exists (select from {} x where x.{} = \
             o.id::{kind})",
            list.join(", "),
            tenancy.relation(table).qualified(),
            quote::ident(&key.name)
        );
        for id in first_column(&eye.ask(&sql).await?) {
            *scores.entry(id).or_insert(0) += 1;
        }
    }
    Ok(scores)
}

/// For text keys, a pair whose ids resemble each other goes first: policies that compare by prefix
/// or without case leak between such organizations only.
fn similar_first(ids: &[String], tenancy: &Tenancy<'_>) -> Vec<String> {
    let mut ids = ids.to_vec();
    if tenancy.settings.tenancy.key_type == KeyType::Text
        && let Some((a, b)) = resembling(&ids)
    {
        let rest = ids
            .iter()
            .enumerate()
            .filter(|(nth, _)| *nth != a && *nth != b)
            .map(|(_, id)| id.clone());
        ids = [ids[a].clone(), ids[b].clone()]
            .into_iter()
            .chain(rest)
            .collect();
    }
    ids
}

/// Two that differ in case only, or else one that begins with the other; the shorter one first.
fn resembling(ids: &[String]) -> Option<(usize, usize)> {
    let pairs =
        || (0..ids.len()).flat_map(|a| (0..ids.len()).map(move |b| (a, b)).filter(|(a, b)| a != b));
    let fold = |nth: usize| ids[nth].trim().to_lowercase();
    pairs()
        .find(|(a, b)| fold(*a) == fold(*b))
        .or_else(|| pairs().find(|(a, b)| fold(*b).starts_with(&fold(*a))))
}

fn canary_id(kind: KeyType, nth: usize) -> String {
    match kind {
        KeyType::Uuid => format!("7e4a4c71-0000-4000-8000-0000000000a{nth}"),
        KeyType::Bigint => format!("900719900000000{nth}"),
        KeyType::Integer => format!("214700000{nth}"),
        KeyType::Text => format!("tenantctl-canary-{nth}"),
    }
}

fn first_column(reply: &super::reply::Reply) -> Vec<String> {
    reply
        .rows()
        .iter()
        .filter_map(|row| row.first().cloned().flatten())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::resembling;

    fn ids(list: &[&str]) -> Vec<String> {
        list.iter().map(|id| (*id).to_owned()).collect()
    }

    #[test]
    fn case_before_prefix_and_the_shorter_attacks() {
        assert_eq!(
            resembling(&ids(&["x", "acme-labs", "acme", "ACME"])),
            Some((2, 3))
        );
        assert_eq!(resembling(&ids(&["x", "acme-labs", "acme"])), Some((2, 1)));
        assert_eq!(resembling(&ids(&["x", "y"])), None);
    }
}
