//! Lists of values that several types share.

/// A number, and small ones that more conditions like.
pub(super) fn numbers(first: &str) -> Vec<String> {
    let mut found = vec![first.to_owned()];
    for other in ["1", "0", "2", "5", "10", "100", "-1"] {
        if other != first {
            found.push(other.to_owned());
        }
    }
    found
}

pub(super) fn list(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// Days that grow with the salt.
pub(super) fn day(salt: u32) -> String {
    let (year, month, day) = (2001 + salt / 336 % 20, salt / 28 % 12 + 1, salt % 28 + 1);
    format!("{year}-{month:02}-{day:02}")
}

/// One day of its own, two that are in order, and first and last ones.
pub(super) fn days(salt: u32, time: &str) -> Vec<String> {
    [
        day(salt).as_str(),
        "2001-01-01",
        "2001-01-02",
        "2030-01-01",
        "1980-01-01",
        "2024-06-30",
    ]
    .iter()
    .map(|day| format!("{day}{time}"))
    .collect()
}

pub(super) fn bits(name: &str, modifier: i32, salt: u32) -> Vec<String> {
    let length = usize::try_from(modifier).unwrap_or(1).clamp(1, 4096);
    let length = if name == "bit" {
        length
    } else {
        length.min(32)
    };
    let digits = format!("{salt:0length$b}");
    vec![
        digits[digits.len() - length..].to_owned(),
        "1".repeat(length),
    ]
}

pub(super) fn bytes(text: &str) -> String {
    let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("\\x{hex}")
}

pub(super) fn letter(salt: u32) -> char {
    char::from(b'a' + u8::try_from(salt % 26).unwrap_or(0))
}
