//! `*` and `?` patterns for the names that a writing probe must keep away from.

/// Whether the whole of `text` fits `pattern`, whatever the case of letters.
pub(super) fn matches(pattern: &str, text: &str) -> bool {
    let fold = |s: &str| s.to_lowercase().chars().collect::<Vec<_>>();
    fits(&fold(pattern), &fold(text))
}

/// Goes back only to the last star: linear in practice, quadratic at worst.
fn fits(pattern: &[char], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, fits) in [
            ("*prod*", "shop_production", true),
            ("*prod*", "shop", false),
            ("prod", "production", false),
            ("db?.example", "db1.example", true),
            ("db?.example", "db.example", false),
            ("*.prod.example", "a.b.prod.example", true),
            ("*a*b", "xxaxxbxxab", true),
            ("*a*b", "xxaxxbxxa", false),
            ("PROD*", "prod-eu", true),
            ("", "", true),
            ("*", "", true),
            ("", "x", false),
        ] {
            assert_eq!(matches(pattern, text), fits, "{pattern} {text}");
        }
    }
}
