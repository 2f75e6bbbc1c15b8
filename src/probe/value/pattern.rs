//! Texts that match a pattern: LIKE, and the regular expressions that CHECKs are made of.
//!
//! PostgreSQL's "advanced" regular expressions as the documentation's section 9.7.3 has them, without
//! look-around and back references; the server says in the end whether a text matches.

/// How many times something that may be repeated is.
const TIMES: [usize; 7] = [3, 1, 2, 5, 8, 12, 20];
/// Groups in groups, and no further.
const DEPTH: usize = 20;
/// No text gets longer than this.
const LONGEST: usize = 400;

/// Texts that match a regular expression, as far as it is understood; they differ with the salt.
pub(super) fn regular(pattern: &str, salt: u32) -> Vec<String> {
    let pattern = pattern
        .trim_start_matches("(?i)")
        .trim_start_matches("***:");
    let chars: Vec<char> = pattern.chars().collect();
    let mut reader = Reader {
        chars: &chars,
        at: 0,
    };
    let Some(tree) = reader.choice(0).filter(|_| reader.at == chars.len()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for way in 0..3 {
        for times in TIMES {
            let mut writer = Writer {
                times,
                way,
                salt,
                text: String::new(),
            };
            writer.write(&tree);
            if writer.text.len() <= LONGEST && !found.contains(&writer.text) {
                found.push(writer.text);
            }
        }
    }
    found
}

/// Texts that match a LIKE pattern.
pub(super) fn like(pattern: &str, salt: u32) -> Vec<String> {
    let mut found = Vec::new();
    let digits = |length: usize| format!("{salt:0length$}");
    let fillers = [0, 5, 9, 13, 17, 30].map(|length| {
        if length == 0 {
            String::new()
        } else {
            digits(length)
        }
    });
    for filler in fillers
        .into_iter()
        .chain([salt.to_string(), "x".to_owned()])
    {
        let mut text = String::new();
        let mut chars = pattern.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => text.extend(chars.next()),
                '%' => text.push_str(&filler),
                '_' => text.push('x'),
                c => text.push(c),
            }
        }
        if !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// A regular expression.
#[derive(Debug)]
enum Tree {
    /// One of these characters.
    Class(Vec<char>),
    Sequence(Vec<Tree>),
    Choice(Vec<Tree>),
    /// At least, at most.
    Repeat(Box<Tree>, usize, Option<usize>),
}

struct Reader<'c> {
    chars: &'c [char],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += 1;
        Some(c)
    }

    fn eat(&mut self, wanted: &str) -> bool {
        let wanted: Vec<char> = wanted.chars().collect();
        let met = self.chars[self.at..].starts_with(&wanted);
        if met {
            self.at += wanted.len();
        }
        met
    }

    fn choice(&mut self, depth: usize) -> Option<Tree> {
        if depth > DEPTH {
            return None;
        }
        let mut arms = vec![self.sequence(depth)?];
        while self.eat("|") {
            arms.push(self.sequence(depth)?);
        }
        Some(match arms.len() {
            1 => arms.remove(0),
            _ => Tree::Choice(arms),
        })
    }

    fn sequence(&mut self, depth: usize) -> Option<Tree> {
        let mut items = Vec::new();
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            if matches!(c, '^' | '$') || self.eat("\\A") || self.eat("\\Z") {
                if matches!(c, '^' | '$') {
                    self.at += 1;
                }
                continue;
            }
            let atom = self.atom(depth)?;
            items.push(self.quantified(atom)?);
        }
        Some(Tree::Sequence(items))
    }

    fn atom(&mut self, depth: usize) -> Option<Tree> {
        match self.next()? {
            '(' => {
                if self.eat("?:") {
                } else if self.peek() == Some('?') {
                    // Looking around.
                    return None;
                }
                let inner = self.choice(depth + 1)?;
                self.eat(")").then_some(inner)
            }
            '[' => self.class(),
            '.' => Some(Tree::Class(letters_and_digits())),
            '\\' => self.escape().map(Tree::Class),
            c => Some(Tree::Class(vec![c])),
        }
    }

    fn quantified(&mut self, atom: Tree) -> Option<Tree> {
        let (least, most) = match self.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.at += 1;
                return self.bounded(atom);
            }
            _ => return Some(atom),
        };
        self.at += 1;
        self.eat("?");
        Some(Tree::Repeat(Box::new(atom), least, most))
    }

    /// After the brace.
    fn bounded(&mut self, atom: Tree) -> Option<Tree> {
        let least = self.number()?;
        let most = if self.eat(",") {
            self.number()
        } else {
            Some(least)
        };
        if !self.eat("}") {
            return None;
        }
        self.eat("?");
        Some(Tree::Repeat(Box::new(atom), least, most))
    }

    fn number(&mut self) -> Option<usize> {
        let from = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits: String = self.chars[from..self.at].iter().collect();
        digits.parse().ok()
    }

    fn escape(&mut self) -> Option<Vec<char>> {
        Some(match self.next()? {
            'd' => ('0'..='9').collect(),
            'w' => letters_and_digits(),
            's' => vec![' '],
            'D' | 'W' | 'S' | 'B' | 'b' | 'm' | 'M' | 'y' | 'Y' => return None,
            't' => vec!['\t'],
            'n' => vec!['\n'],
            c if c.is_alphanumeric() => return None,
            c => vec![c],
        })
    }

    /// After the bracket.
    fn class(&mut self) -> Option<Tree> {
        let negated = self.eat("^");
        let mut members = Vec::new();
        if self.eat("]") {
            members.push(']');
        }
        loop {
            if self.eat("[:") {
                members.extend(self.named()?);
                continue;
            }
            let from = match self.next()? {
                ']' => break,
                '\\' => {
                    members.extend(self.escape()?);
                    continue;
                }
                c => c,
            };
            let is_range =
                self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']');
            if is_range {
                self.at += 1;
                let to = self.next()?;
                members.extend((from..=to).take(256));
            } else {
                members.push(from);
            }
        }
        if negated {
            let all = letters_and_digits().into_iter().chain(['-', ' ', '.']);
            members = all.filter(|c| !members.contains(c)).collect();
        }
        (!members.is_empty()).then_some(Tree::Class(members))
    }

    /// After `[:`.
    fn named(&mut self) -> Option<Vec<char>> {
        let names: [(&str, Vec<char>); 8] = [
            ("alpha:]", ('a'..='z').chain('A'..='Z').collect()),
            ("alnum:]", letters_and_digits()),
            ("digit:]", ('0'..='9').collect()),
            ("lower:]", ('a'..='z').collect()),
            ("upper:]", ('A'..='Z').collect()),
            ("xdigit:]", ('0'..='9').chain('a'..='f').collect()),
            ("space:]", vec![' ']),
            ("punct:]", vec!['-', '.', '_']),
        ];
        names
            .into_iter()
            .find_map(|(name, members)| self.eat(name).then_some(members))
    }
}

fn letters_and_digits() -> Vec<char> {
    ('a'..='z').chain('0'..='9').collect()
}

struct Writer {
    times: usize,
    /// Which arm of a choice.
    way: usize,
    salt: u32,
    text: String,
}

impl Writer {
    fn write(&mut self, tree: &Tree) {
        if self.text.len() > LONGEST {
            return;
        }
        match tree {
            Tree::Class(members) => self.text.push(self.one_of(members)),
            Tree::Sequence(items) => items.iter().for_each(|item| self.write(item)),
            Tree::Choice(arms) => self.write(&arms[self.way % arms.len()]),
            Tree::Repeat(inner, least, most) => {
                let times = self.times.max(*least).min(most.unwrap_or(usize::MAX));
                for _ in 0..times.min(LONGEST) {
                    self.write(inner);
                }
            }
        }
    }

    /// Another one at each place and for each salt.
    fn one_of(&self, members: &[char]) -> char {
        let place = u32::try_from(self.text.len()).unwrap_or(0);
        let mixed = (self.salt ^ place.wrapping_mul(0x9e37_79b9)).wrapping_mul(0x85eb_ca6b);
        let nth = (mixed >> 12) as usize % members.len();
        members[nth]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All that is generated, for a look at it.
    fn first(pattern: &str) -> String {
        regular(pattern, 101).remove(0)
    }

    #[test]
    fn literals_and_anchors() {
        assert_eq!(first("^abc$"), "abc");
        assert_eq!(first("^INV\\-\\.x$"), "INV-.x");
        assert_eq!(regular("^(open|closed)$", 7)[0], "open");
        assert!(regular("^(open|closed)$", 7).contains(&"closed".to_owned()));
    }

    #[test]
    fn classes_and_counts() {
        for text in regular("^[A-Z]{3}-\\d{4}$", 101) {
            let (letters, digits) = text.split_once('-').unwrap();
            assert!(
                letters.len() == 3 && letters.chars().all(|c| c.is_ascii_uppercase()),
                "{text}"
            );
            assert!(
                digits.len() == 4 && digits.chars().all(|c| c.is_ascii_digit()),
                "{text}"
            );
        }
        for text in regular("^[a-z0-9]+(-[a-z0-9]+)*$", 5) {
            assert!(
                !text.is_empty() && !text.starts_with('-') && !text.ends_with('-'),
                "{text}"
            );
        }
        for text in regular("^[^@]+@[^@]+\\.[a-z]{2,}$", 5) {
            assert_eq!(text.matches('@').count(), 1, "{text}");
        }
        assert!(
            regular("^[[:upper:]]{2}$", 9)[0]
                .chars()
                .all(|c| c.is_ascii_uppercase())
        );
        assert!(
            regular("^[]a]$", 9)[0]
                .chars()
                .all(|c| matches!(c, ']' | 'a'))
        );
    }

    #[test]
    fn lengths_vary_where_they_may() {
        let lengths: Vec<usize> = regular("^[a-z]+$", 1).iter().map(String::len).collect();
        assert!(
            [1, 2, 3, 5, 8, 12]
                .iter()
                .all(|length| lengths.contains(length)),
            "{lengths:?}"
        );
    }

    #[test]
    fn rows_differ() {
        assert_ne!(regular("^[a-z]{8}$", 101), regular("^[a-z]{8}$", 102));
    }

    #[test]
    fn what_is_not_understood_gives_nothing() {
        for pattern in ["(?=a)b", "(a", "[a", "a{2", "\\y"] {
            assert!(regular(pattern, 1).is_empty(), "{pattern}");
        }
    }

    #[test]
    fn patterns_of_like() {
        let found = like("PO-%", 17);
        assert!(
            ["PO-", "PO-17", "PO-x", "PO-00017"]
                .iter()
                .all(|text| found.contains(&(*text).to_owned()))
        );
        assert_eq!(like("a\\%_", 17), ["a%x"]);
    }
}
