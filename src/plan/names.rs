//! Names that fit into PostgreSQL's 63 bytes.

/// NAMEDATALEN - 1.
pub(super) const MAX: usize = 63;

/// `stem` + `suffix`, the stem cut so that the whole fits.
pub(super) fn fitted(stem: &str, suffix: &str) -> String {
    let room = MAX.saturating_sub(suffix.len());
    format!("{}{suffix}", cut(stem, room))
}

/// `{table}_{column}_idx`, fitted; `nth` above 0 is appended, to step aside of a name that is taken.
pub(super) fn index(table: &str, column: &str, nth: usize) -> String {
    let suffix = match nth {
        0 => "_idx".to_owned(),
        nth => format!("_idx{nth}"),
    };
    of_column(table, column, &suffix)
}

/// How the names of indexes end while they are built.
const BUILDING: [&str; 2] = ["_tenantctl_building", "_tenantctl_unique"];

/// What an index is called while it is built.
pub(super) fn building(table: &str, column: &str) -> String {
    of_column(table, column, BUILDING[0])
}

/// The same for a unique one, on columns whose names stand together.
pub(super) fn unique_building(table: &str, columns: &str) -> String {
    of_column(table, columns, BUILDING[1])
}

/// Whether a name is that of an index that is being built, or was when a run ended.
pub(super) fn is_building(name: &str) -> bool {
    BUILDING.iter().any(|suffix| name.ends_with(suffix))
}

/// A constraint on a column, fitted, likewise.
pub(super) fn constraint((table, column): (&str, &str), what: &str, nth: usize) -> String {
    match nth {
        0 => of_column(table, column, what),
        nth => of_column(table, column, &format!("{what}{nth}")),
    }
}

/// `{table}_{column}{suffix}`, fitted.
pub(super) fn of_column(table: &str, column: &str, suffix: &str) -> String {
    let room = MAX - suffix.len() - "_".len();
    // The longer one gives way, as in the server's own naming.
    let (mut table_room, mut column_room) = (table.len(), column.len());
    while table_room + column_room > room {
        if table_room > column_room {
            table_room -= 1;
        } else {
            column_room -= 1;
        }
    }
    format!(
        "{}_{}{suffix}",
        cut(table, table_room),
        cut(column, column_room)
    )
}

/// At most `room` bytes, never half a character.
fn cut(text: &str, room: usize) -> &str {
    let mut end = room.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn short_names_are_kept() {
        assert_eq!(
            index("orders", "organization_id", 0),
            "orders_organization_id_idx"
        );
        assert_eq!(
            index("orders", "organization_id", 2),
            "orders_organization_id_idx2"
        );
        assert_eq!(
            fitted("orders_org_isolation", "_guard"),
            "orders_org_isolation_guard"
        );
    }

    #[test]
    fn long_names_keep_their_suffix() {
        let guard = fitted(&"é".repeat(31), "_guard");
        assert!(guard.len() <= MAX && guard.ends_with("é_guard"), "{guard}");
        let name = index(&"t".repeat(63), "organization_id", 0);
        assert_eq!(name.len(), MAX);
        assert!(name.ends_with("_organization_id_idx"));
    }

    proptest! {
        #[test]
        fn everything_fits(table in "\\PC{1,63}", column in "\\PC{1,63}", nth in 0usize..20) {
            let name = index(&table, &column, nth);
            prop_assert!(name.len() <= MAX);
            prop_assert!(name.contains("_idx"));
            prop_assert!(fitted(&table, "_guard").len() <= MAX);
        }
    }
}
