//! Whether a text could be a value of a type, so that one wrong wish does not spoil a whole search.

/// Whether the type's input would most likely take it; `name` is a bare type name.
pub(in crate::probe) fn fits(name: &str, modifier: i32, text: &str) -> bool {
    let number = || text.parse::<f64>().is_ok_and(f64::is_finite);
    let length =
        |of: usize| modifier < 5 || usize::try_from(modifier - 4).is_ok_and(|most| of <= most);
    match name {
        "text" | "citext" | "name" => true,
        "character varying" | "character" => length(text.chars().count()),
        "smallint" => text.parse::<i16>().is_ok(),
        "integer" => text.parse::<i32>().is_ok(),
        "bigint" => text.parse::<i64>().is_ok(),
        "oid" | "xid" | "cid" => text.parse::<u32>().is_ok(),
        "numeric" => number() && fits_numeric(modifier, text),
        "real" | "double precision" | "money" => number(),
        "uuid" => {
            let digits = text.chars().filter(char::is_ascii_hexdigit).count();
            digits == 32
                && text
                    .chars()
                    .all(|c| c.is_ascii_hexdigit() || "{}-".contains(c))
        }
        "boolean" => matches!(text, "true" | "false" | "t" | "f"),
        "date" | "timestamp without time zone" | "timestamp with time zone" => {
            let infinite = matches!(text, "infinity" | "-infinity");
            infinite || (text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('-'))
        }
        "time without time zone" | "time with time zone" => text.contains(':'),
        "interval" => text.chars().any(|c| c.is_ascii_digit()),
        "json" | "jsonb" => serde_json::from_str::<serde_json::Value>(text).is_ok(),
        "inet" | "cidr" => {
            let start = text.split('/').next().unwrap_or_default();
            start.parse::<std::net::IpAddr>().is_ok()
        }
        "bytea" => text.is_ascii(),
        "bit" => {
            usize::try_from(modifier).is_ok_and(|length| text.len() == length) && is_bits(text)
        }
        "bit varying" => is_bits(text),
        _ => true,
    }
}

fn is_bits(text: &str) -> bool {
    text.chars().all(|c| matches!(c, '0' | '1'))
}

/// `numeric(precision, scale)` holds so many digits before the point.
fn fits_numeric(modifier: i32, text: &str) -> bool {
    if modifier < 4 {
        return true;
    }
    let (precision, scale) = (((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0x7ff);
    let scale = if scale > 1023 { scale - 2048 } else { scale };
    let whole = text
        .trim_start_matches(['-', '+'])
        .split('.')
        .next()
        .unwrap_or_default();
    let digits = whole.trim_start_matches('0').len();
    i32::try_from(digits).is_ok_and(|digits| digits <= precision - scale)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn texts_and_types() {
        for (name, modifier, text, fit) in [
            ("integer", -1, "5", true),
            ("integer", -1, "x", false),
            ("smallint", -1, "40000", false),
            ("numeric", (3 << 16) + 2 + 4, "9.5", true),
            ("numeric", (3 << 16) + 2 + 4, "10", false),
            ("character varying", 7, "abc", true),
            ("character varying", 7, "abcd", false),
            ("uuid", -1, "00000000-0000-0000-0000-000000000000", true),
            ("uuid", -1, "nil", false),
            ("date", -1, "2020-01-01", true),
            ("date", -1, "17", false),
            ("jsonb", -1, "{\"a\": 1}", true),
            ("jsonb", -1, "a", false),
            ("inet", -1, "10.0.0.0/8", true),
            ("inet", -1, "4", false),
            ("bit", 3, "101", true),
            ("bit", 3, "10", false),
        ] {
            assert_eq!(fits(name, modifier, text), fit, "{name} {text}");
        }
    }
}
