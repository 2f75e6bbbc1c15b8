//! Keys of made-up organizations that a careless comparison takes for each other.

use crate::catalog::Column;
use crate::session::quote;

/// Values of one type, in groups: a conversion that refuses one of a group refuses the group.
pub(super) fn groups(type_name: &str, column: &Column) -> Vec<Vec<String>> {
    match type_name {
        "uuid" => vec![uuids()],
        "smallint" => vec![numbers(&[
            1, 2, 3, 10, 11, 12, 21, 100, 101, 256, 257, 1000, 1001,
        ])],
        "integer" => vec![integers()],
        "bigint" => vec![
            integers(),
            // More than a double holds, and more than an integer holds.
            numbers(&[
                9_007_199_254_740_992,
                9_007_199_254_740_993,
                9_007_199_254_740_994,
                4_294_967_297,
                4_294_967_298,
                1,
            ]),
        ],
        "text" | "character varying" => texts(column),
        _ => Vec::new(),
    }
}

fn numbers(values: &[i64]) -> Vec<String> {
    values.iter().map(i64::to_string).collect()
}

fn integers() -> Vec<String> {
    numbers(&[
        1,
        2,
        3,
        7,
        10,
        11,
        12,
        21,
        100,
        101,
        110,
        1000,
        1001,
        65_536,
        65_537,
        16_777_216,
        16_777_217,
        2_147_483_646,
    ])
}

/// The first ones differ in their last digit only, the rest in every one.
fn uuids() -> Vec<String> {
    let alike = (1..=4).map(|n| format!("7e4a4c71-0000-4000-8000-00000000000{n}"));
    let spread = (0u64..24).map(|n| {
        // A multiplicative sequence: spread, and the same in every run.
        let mixed = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let low = mixed.rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        format!(
            "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
            mixed >> 32,
            (mixed >> 16) & 0xffff,
            mixed & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    });
    alike.chain(spread).collect()
}

fn texts(column: &Column) -> Vec<Vec<String>> {
    const WORDS: [&str; 30] = [
        "acme",
        "acme-labs",
        "acme_labs",
        "ACME",
        "acme ",
        " acme",
        "acmé",
        "bacme",
        "acm",
        "a",
        "b",
        "acme.eu",
        "acme.eu.north",
        "acme.us",
        "other.eu",
        "acme/eu",
        "acme,other",
        "other",
        "acme%",
        "a_me",
        "beta",
        "gamma",
        "delta",
        "epsilon",
        "zeta",
        "kappa",
        "lambda",
        "sigma",
        "42",
        "43",
    ];
    const NUMERALS: [&str; 8] = ["42", "042", "0042", "43", "7", "007", "1042", "4"];
    let room = usize::try_from(column.type_mod - 4)
        .ok()
        .filter(|room| *room > 0);
    let fits = |text: &&str| room.is_none_or(|room| text.chars().count() <= room);
    let list = |texts: &[&str]| {
        let fitting = texts.iter().copied().filter(|text| fits(text));
        fitting.map(str::to_owned).collect::<Vec<_>>()
    };
    let numbers = list(&["9007199254740992", "9007199254740993"]);
    vec![
        list(&WORDS),
        list(&NUMERALS),
        numbers,
        uuids()
            .into_iter()
            .filter(|text| fits(&text.as_str()))
            .collect(),
    ]
}

/// The values as rows of a relation: `(values ('a'::text), …) as orders(organization_id)`.
pub(super) fn rows(values: &[String], type_name: &str, (relation, column): (&str, &str)) -> String {
    let values: Vec<String> = values
        .iter()
        .map(|value| format!("({}::{type_name})", quote::literal(value)))
        .collect();
    format!(
        "(values {}) as {}({})",
        values.join(", "),
        quote::ident(relation),
        quote::ident(column)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_uuids_and_differ() {
        let all = uuids();
        assert!(all.iter().all(|id| id.len() == 36), "{all:?}");
        let distinct: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
    }
}
