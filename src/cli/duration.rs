//! Durations on the command line: `2s`, `500ms`, `1min`; a bare number is seconds.

use std::time::Duration;

/// For clap.
pub(super) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis: u64 = match unit.trim() {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" | "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err("write it like 500ms, 2s, 1min or 1h".into()),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| "write it like 500ms, 2s, 1min or 1h".to_owned())?;
    number
        .checked_mul(millis)
        // More than the server's own timeouts can say.
        .filter(|millis| i32::try_from(*millis).is_ok())
        .map(Duration::from_millis)
        .ok_or_else(|| "at most 596h".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units() {
        assert_eq!(parse("2s"), Ok(Duration::from_secs(2)));
        assert_eq!(parse("2"), Ok(Duration::from_secs(2)));
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("1min"), Ok(Duration::from_secs(60)));
        for bad in ["", "s", "-1", "1 week", "99999999999h", "1.5s"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
