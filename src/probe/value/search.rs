//! Which candidates fit together: a query over all combinations, with the conditions as its WHERE.
//!
//! The server evaluates the very text of a CHECK, a bound or a policy, so that nothing about
//! operators, collations or functions has to be known here. Combinations are bounded.

use crate::session::quote;

/// A column and what it may be.
#[derive(Clone, Debug)]
pub(in crate::probe) struct Field {
    pub(in crate::probe) name: String,
    /// Its type as SQL, without a modifier and without a domain's CHECKs.
    pub(in crate::probe) type_name: String,
    /// SQL of each candidate, the best first.
    pub(in crate::probe) candidates: Vec<String>,
}

/// Columns whose values depend on each other.
#[derive(Clone, Debug, Default)]
pub(in crate::probe) struct Search {
    /// What the conditions call the row.
    pub(in crate::probe) alias: String,
    pub(in crate::probe) fields: Vec<Field>,
    /// Columns computed from the fields.
    pub(in crate::probe) derived: Vec<(String, String)>,
    /// Generated columns, computed from both.
    pub(in crate::probe) generated: Vec<(String, String)>,
    /// Conditions that must not be false, as of a CHECK.
    pub(in crate::probe) checks: Vec<String>,
    /// Conditions that must be true, as of a policy.
    pub(in crate::probe) truths: Vec<String>,
}

/// How many combinations are looked at.
const COMBINATIONS: usize = 4_000;

impl Search {
    /// The query: for each field, the place of the value that was taken and the value; then the
    /// derived columns.
    pub(in crate::probe) fn sql(&self) -> String {
        let lists = self.bounded();
        let mut from = Vec::new();
        let mut columns = Vec::new();
        let mut ranks = Vec::new();
        for (nth, (field, candidates)) in self.fields.iter().zip(&lists).enumerate() {
            let values: Vec<String> = candidates
                .iter()
                .enumerate()
                .map(|(rank, sql)| format!("({rank}, ({sql})::{})", field.type_name))
                .collect();
            from.push(format!("(values {}) v{nth}(r, x)", values.join(", ")));
            columns.push(format!("v{nth}.x as {}", quote::ident(&field.name)));
            columns.push(format!("v{nth}.r as tenantctl_r{nth}"));
            ranks.push(format!("v{nth}.r"));
        }
        columns.push(format!("{} as tenantctl_rank", ranks.join(" + ")));
        let mut row = format!(
            "select {} from {}",
            columns.join(", "),
            from.join(" cross join ")
        );
        for level in [&self.derived, &self.generated] {
            if !level.is_empty() {
                let more: Vec<String> = level
                    .iter()
                    .map(|(name, sql)| format!("({sql}) as {}", quote::ident(name)))
                    .collect();
                row = format!("select made.*, {} from ({row}) made", more.join(", "));
            }
        }
        let checks = self
            .checks
            .iter()
            .map(|text| format!("({text}) is not false"));
        let truths = self.truths.iter().map(|text| format!("({text}) is true"));
        let conditions: Vec<String> = checks.chain(truths).collect();
        let mut filter = String::new();
        if !conditions.is_empty() {
            filter = format!(" where {}", conditions.join(" and "));
        }
        format!(
            "select {} from ({row}) {}{filter} order by tenantctl_rank, {} limit 1",
            self.targets().join(", "),
            quote::ident(&self.alias),
            (0..self.fields.len())
                .map(|nth| format!("tenantctl_r{nth}"))
                .collect::<Vec<_>>()
                .join(", ")
        )
    }

    fn targets(&self) -> Vec<String> {
        let fields = self.fields.iter().enumerate().flat_map(|(nth, field)| {
            [
                format!("tenantctl_r{nth}"),
                format!("{}::text", quote::ident(&field.name)),
            ]
        });
        let derived = self
            .derived
            .iter()
            .map(|(name, _)| format!("{}::text", quote::ident(name)));
        fields.chain(derived).collect()
    }

    /// The candidates, cut so that there are not too many combinations: the longest list first.
    fn bounded(&self) -> Vec<&[String]> {
        let mut lists: Vec<&[String]> = self
            .fields
            .iter()
            .map(|field| field.candidates.as_slice())
            .collect();
        let product = |lists: &[&[String]]| {
            lists
                .iter()
                .fold(1_usize, |all, list| all.saturating_mul(list.len().max(1)))
        };
        while product(&lists) > COMBINATIONS {
            let Some(longest) = lists.iter_mut().max_by_key(|list| list.len()) else {
                break;
            };
            if longest.len() <= 1 {
                break;
            }
            *longest = &longest[..longest.len() - 1];
        }
        lists
    }
}

/// Conditions that share a column, and so have to be looked at together: groups of their places.
pub(in crate::probe) fn groups(uses: &[Vec<String>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<(Vec<usize>, Vec<&String>)> = Vec::new();
    for (place, columns) in uses.iter().enumerate() {
        let mut joined = (vec![place], columns.iter().collect::<Vec<_>>());
        let mut rest = Vec::new();
        for group in groups {
            if group.1.iter().any(|column| joined.1.contains(column)) {
                joined.0.extend(&group.0);
                joined.1.extend(&group.1);
            } else {
                rest.push(group);
            }
        }
        joined.0.sort_unstable();
        rest.push(joined);
        groups = rest;
    }
    let mut places: Vec<Vec<usize>> = groups.into_iter().map(|(places, _)| places).collect();
    places.sort();
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, count: usize) -> Field {
        Field {
            name: name.to_owned(),
            type_name: "integer".to_owned(),
            candidates: (0..count).map(|nth| nth.to_string()).collect(),
        }
    }

    #[test]
    fn conditions_are_the_where() {
        let search = Search {
            alias: "Order".to_owned(),
            fields: vec![field("a", 2)],
            derived: vec![("b".to_owned(), "(a * 2)".to_owned())],
            checks: vec!["a < b".to_owned()],
            truths: vec!["true".to_owned()],
            ..Search::default()
        };
        assert_eq!(
            search.sql(),
            "select tenantctl_r0, a::text, b::text from (select made.*, ((a * 2)) as b from (select \
             v0.x as a, v0.r as tenantctl_r0, v0.r as tenantctl_rank from (values (0, (0)::integer), \
             (1, (1)::integer)) v0(r, x)) made) \"Order\" where (a < b) is not false and (true) is \
             true order by tenantctl_rank, tenantctl_r0 limit 1"
        );
    }

    #[test]
    fn combinations_are_bounded() {
        let search = Search {
            fields: (0..12).map(|nth| field(&format!("c{nth}"), 50)).collect(),
            ..Search::default()
        };
        let product: usize = search.bounded().iter().map(|list| list.len()).product();
        assert!(product <= COMBINATIONS, "{product}");
        assert!(search.bounded().iter().all(|list| !list.is_empty()));
    }

    #[test]
    fn what_shares_a_column_goes_together() {
        let uses: Vec<Vec<String>> = [&["a", "b"][..], &["c"], &["b", "d"], &["d", "c"], &["e"]]
            .iter()
            .map(|columns| columns.iter().map(|c| (*c).to_owned()).collect())
            .collect();
        assert_eq!(groups(&uses), [vec![0, 1, 2, 3], vec![4]]);
    }
}
