//! A slug out of a name: what may stand in a URL or a host name.

/// A DNS label holds no more.
pub(super) const MAX_SLUG: usize = 63;

/// Letters with marks, lower case, and what they are folded to.
const FOLDED: [(&str, &str); 31] = [
    ("àáâãäåāăąǎạảấầậ", "a"),
    ("æ", "ae"),
    ("çćĉċč", "c"),
    ("ďđ", "d"),
    ("ð", "d"),
    ("èéêëēĕėęěẹếềệ", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįıǐị", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŋ", "n"),
    ("òóôõöøōŏőǒơọốồộớờợ", "o"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("þ", "th"),
    ("ùúûüũūŭůűųǔưụứừự", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
    ("ﬁ", "fi"),
    ("ﬂ", "fl"),
    ("ª", "a"),
    ("º", "o"),
    ("²", "2"),
    ("³", "3"),
    ("¹", "1"),
];

/// Makes a slug of at most `room` characters: lower case, marks folded, everything else a dash.
///
/// `Err` holds the first letter that cannot be folded: to leave it out would make the same slug
/// out of different names, and to keep it would not be safe in a host name.
pub fn slug(name: &str, room: usize) -> Result<String, char> {
    let mut out = String::new();
    for c in name.chars().flat_map(char::to_lowercase) {
        match c {
            'a'..='z' | '0'..='9' => out.push(c),
            // An apostrophe stands inside a word, a combining mark on a letter.
            '\'' | '\u{2019}' | '\u{300}'..='\u{36f}' => {}
            c if c.is_alphanumeric() => out.push_str(fold(c).ok_or(c)?),
            _ if out.is_empty() || out.ends_with('-') => {}
            _ => out.push('-'),
        }
    }
    out.truncate(room.min(MAX_SLUG));
    out.truncate(out.trim_end_matches('-').len());
    Ok(out)
}

/// Whether a slug that was typed is one: `Err` says why not.
pub(super) fn check(slug: &str) -> Result<(), String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    let outer = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if slug.is_empty() {
        return Err("the slug is empty".into());
    }
    if slug.len() > MAX_SLUG {
        return Err(format!(
            "the slug has {} bytes, more than {MAX_SLUG}",
            slug.len()
        ));
    }
    if !slug.chars().all(inner) || !slug.starts_with(outer) || !slug.ends_with(outer) {
        return Err(format!(
            "the slug \"{slug}\" is not one: lower-case letters a-z and digits, with - _ . only between them"
        ));
    }
    Ok(())
}

fn fold(c: char) -> Option<&'static str> {
    FOLDED
        .iter()
        .find(|(letters, _)| letters.contains(c))
        .map(|(_, folded)| *folded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_become_slugs() {
        for (name, expected) in [
            ("Acme", "acme"),
            ("Acme, Inc.", "acme-inc"),
            ("O'Reilly & Sons", "oreilly-sons"),
            ("Große Käserei", "grosse-kaserei"),
            ("Café e\u{301}toile", "cafe-etoile"),
            ("İzmir Łódź", "izmir-lodz"),
            ("  --- ", ""),
            ("1; drop table x", "1-drop-table-x"),
        ] {
            assert_eq!(slug(name, 63).as_deref(), Ok(expected), "{name}");
        }
    }

    #[test]
    fn a_letter_that_cannot_be_folded_is_named() {
        assert_eq!(slug("Acme 東京", 63), Err('東'));
        assert_eq!(slug("שלום", 63), Err('ש'));
    }

    #[test]
    fn a_long_name_is_cut_and_ends_in_no_dash() {
        assert_eq!(slug("ab cd", 3).as_deref(), Ok("ab"));
        assert_eq!(slug(&"a".repeat(1000), 63).unwrap().len(), 63);
    }

    #[test]
    fn typed_slugs_are_checked() {
        for good in ["acme", "a", "acme-2", "a.b_c"] {
            assert_eq!(check(good), Ok(()));
        }
        for bad in [
            "", "-a", "a-", "Acme", "a b", "a'b", "1; drop", "שלום", "e\u{301}",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_made_is_accepted(name in "\\PC{0,80}", room in 1usize..80) {
            if let Ok(slug) = slug(&name, room) {
                prop_assert!(slug.is_empty() || check(&slug).is_ok(), "{}", slug);
            }
        }
    }
}
