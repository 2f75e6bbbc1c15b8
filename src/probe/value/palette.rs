//! Candidates by type: what a column of this type may hold, the recognisable one first.

use super::lore::Kinds;
use super::samples::{bits, bytes, day, days, letter, list, numbers};
use super::tokens::replaced;
use super::wish::Wishes;
use crate::catalog::{Oid, Snapshot};

/// What a made-up value is recognised by.
#[derive(Clone, Debug)]
pub(in crate::probe) struct Mark {
    /// A letter for the organization that the row is made for.
    pub(in crate::probe) side: char,
    /// Differs from one new row to the next.
    pub(in crate::probe) salt: u32,
    /// A row of hundreds of columns has to fit into a page.
    pub(in crate::probe) brief: bool,
}

impl Mark {
    /// Text that nobody writes by chance.
    pub(in crate::probe) fn text(&self) -> String {
        let word = if self.brief { "tc" } else { "tenantctl-" };
        format!("{word}{}-{}", self.side, self.salt)
    }

    /// A number of at most `digits` digits, odd-looking where there is room.
    fn number(&self, digits: u32) -> String {
        let salt = u64::from(self.salt);
        match digits {
            0 => "0".to_owned(),
            1..=3 => (salt % 10_u64.pow(digits)).to_string(),
            4 => (7300 + salt % 700).to_string(),
            _ => (73_000 + salt % 7_000).to_string(),
        }
    }
}

/// Makes candidates.
#[derive(Clone, Copy, Debug)]
pub(in crate::probe) struct Palette<'a> {
    pub(in crate::probe) snapshot: &'a Snapshot,
    pub(in crate::probe) kinds: &'a Kinds,
    pub(in crate::probe) mark: &'a Mark,
}

/// Arrays of arrays of row types of ranges, and no further.
const DEPTH: usize = 6;

impl Palette<'_> {
    /// Candidates in the type's own text form; none for a type that is not known.
    pub(in crate::probe) fn of(&self, oid: Oid, modifier: i32) -> Vec<String> {
        self.within(oid, modifier, 0)
    }

    fn within(&self, oid: Oid, modifier: i32, depth: usize) -> Vec<String> {
        if depth > DEPTH {
            return Vec::new();
        }
        let base = self.snapshot.base_type(oid);
        let checks = self.kinds.checks.get(&oid).filter(|_| depth > 0);
        if let Some(checks) = checks {
            return self.of_domain(checks, (base, modifier, depth));
        }
        if let Some(fields) = self.kinds.fields.get(&base) {
            return self.row(fields, depth);
        }
        if let Some(element) = self.kinds.elements.get(&base) {
            return self.array(*element, -1, depth);
        }
        if let Some(range) = self.kinds.multiranges.get(&base) {
            let ranges = self.range(*range, depth);
            let mut found: Vec<String> = ranges
                .iter()
                .filter(|range| *range != "empty")
                .map(|range| format!("{{{range}}}"))
                .collect();
            found.push("{}".to_owned());
            return found;
        }
        if self.kinds.ranges.contains_key(&base) {
            return self.range(base, depth);
        }
        let Some(found) = self.snapshot.types.get(&base) else {
            return Vec::new();
        };
        if found.kind == 'e' {
            // Labels turn with the salt, so that a unique one is met sooner or later.
            let mut labels = found.labels.clone();
            if !labels.is_empty() {
                let by = self.mark.salt as usize / 100 % labels.len();
                labels.rotate_left(by);
            }
            return labels;
        }
        if found.category == 'A' && found.element != 0 {
            return self.array(found.element, modifier, depth);
        }
        self.simple(bare(&found.name), modifier)
    }

    /// Inside of another value nobody asks the server about a domain: what its CHECKs mention goes
    /// first.
    fn of_domain(
        &self,
        checks: &[String],
        (base, modifier, depth): (Oid, i32, usize),
    ) -> Vec<String> {
        let samples = self.within(base, modifier, depth);
        let mut wishes = Wishes::default();
        for check in checks {
            wishes.read(&replaced(check, "VALUE", "value"), &["value"], self.mark);
        }
        let wished = wishes.of("value").iter();
        let mut found: Vec<String> = wished
            .flat_map(|wish| wish.text(self.mark, &samples))
            .collect();
        found.extend(samples);
        found
    }

    fn row(&self, fields: &[(Oid, i32)], depth: usize) -> Vec<String> {
        let cell = |(oid, modifier): &(Oid, i32)| {
            let value = self.within(*oid, *modifier, depth + 1).into_iter().next();
            value.map_or_else(String::new, |value| in_quotes(&value))
        };
        let cells: Vec<String> = fields.iter().map(cell).collect();
        vec![format!("({})", cells.join(","))]
    }

    fn array(&self, element: Oid, modifier: i32, depth: usize) -> Vec<String> {
        let items = self.within(element, modifier, depth + 1);
        let Some(first) = items.first() else {
            return vec!["{}".to_owned()];
        };
        let list = |items: &[String]| {
            let items: Vec<String> = items.iter().map(|item| in_quotes(item)).collect();
            format!("{{{}}}", items.join(","))
        };
        let mut found = vec![list(std::slice::from_ref(first))];
        found.extend(
            items
                .iter()
                .skip(1)
                .take(5)
                .map(|one| list(std::slice::from_ref(one))),
        );
        if let Some(two) = items.get(..2) {
            found.push(list(two));
        }
        found.push("{}".to_owned());
        found
    }

    fn range(&self, range: Oid, depth: usize) -> Vec<String> {
        let Some(subtype) = self.kinds.ranges.get(&range) else {
            return Vec::new();
        };
        let base = self.snapshot.base_type(*subtype);
        let name = self
            .snapshot
            .types
            .get(&base)
            .map(|found| bare(&found.name));
        let salt = self.mark.salt;
        let mut found = match name.unwrap_or_default() {
            "date" => vec![format!("[{},{})", day(salt), day(salt + 1))],
            "timestamp without time zone" | "timestamp with time zone" => vec![format!(
                "[\"{} 10:00:00+00\",\"{} 11:00:00+00\")",
                day(salt),
                day(salt)
            )],
            "smallint" | "integer" | "bigint" | "numeric" | "double precision" | "real" => {
                vec![
                    format!("[{},{})", salt * 10, salt * 10 + 5),
                    "[1,2)".to_owned(),
                ]
            }
            _ => {
                let ends = self.within(*subtype, -1, depth + 1);
                let of = |end: &String| format!("[{0},{0}]", in_quotes(end));
                ends.first().map(of).into_iter().collect()
            }
        };
        found.push("empty".to_owned());
        found
    }

    /// Types that are made of nothing else.
    fn simple(&self, name: &str, modifier: i32) -> Vec<String> {
        let salt = self.mark.salt;
        match name {
            "text" | "character varying" | "citext" | "name" => self.texts(modifier),
            "character" | "\"char\"" => self.fixed(name, modifier),
            "bit" | "bit varying" => bits(name, modifier, salt),
            "numeric" => self.numeric(modifier),
            "uuid" => vec![format!("7e4a4c71-0000-4000-8000-{salt:012x}")],
            "smallint" => numbers(&self.mark.number(4)),
            "integer" | "bigint" | "real" | "double precision" | "money" | "oid" | "xid"
            | "cid" | "xid8" => numbers(&self.mark.number(5)),
            "boolean" => list(&["false", "true"]),
            "date" => days(salt, ""),
            "timestamp without time zone" | "timestamp with time zone" => {
                days(salt, " 10:00:00+00")
            }
            "time without time zone" | "time with time zone" => {
                list(&["10:00:00+00", "12:00:00+00", "00:00:00+00"])
            }
            "interval" => list(&["1 day", "1 hour", "0", "2 days"]),
            "json" | "jsonb" => vec![
                format!("{{\"tenantctl\": \"{}\"}}", self.mark.text()),
                "{}".to_owned(),
                "[]".to_owned(),
                format!("\"{}\"", self.mark.text()),
            ],
            "bytea" => vec![bytes(&self.mark.text()), "\\x00".to_owned()],
            "xml" => vec![format!("<tenantctl>{}</tenantctl>", self.mark.text())],
            _ => self.rare(name, modifier),
        }
    }

    fn rare(&self, name: &str, modifier: i32) -> Vec<String> {
        let salt = self.mark.salt;
        let (high, low) = (salt / 250 % 250, salt % 250 + 1);
        match name {
            "inet" | "cidr" => vec![
                format!("10.73.{high}.{low}"),
                "127.0.0.1".to_owned(),
                format!("fd73::{salt:x}"),
                "10.0.0.0/8".to_owned(),
            ],
            "macaddr" => vec![format!("02:73:00:00:{high:02x}:{low:02x}")],
            "macaddr8" => vec![format!("02:73:00:00:00:00:{high:02x}:{low:02x}")],
            "point" => vec![format!("({salt},1)"), "(0,0)".to_owned()],
            "line" => vec![format!("{{1,1,{salt}}}")],
            "lseg" => vec![format!("[({salt},0),({salt},1)]")],
            "box" => vec![format!("({salt}.5,1),({salt},0)")],
            "path" => vec![format!("[({salt},0),({salt},1)]")],
            "polygon" => vec![format!("(({salt},0),({salt},1),({salt}.5,1))")],
            "circle" => vec![format!("<({salt},0),0.25>")],
            "tsvector" | "tsquery" => vec![format!("'{}'", self.mark.text())],
            "jsonpath" => list(&["$"]),
            "pg_lsn" => vec![format!("0/{salt:X}")],
            "pg_snapshot" | "txid_snapshot" => list(&["1:1:"]),
            "tid" => vec![format!("(0,{low})")],
            "regclass" => list(&["pg_catalog.pg_class"]),
            "regtype" => list(&["integer"]),
            "regproc" => list(&["pg_catalog.now"]),
            "regprocedure" => list(&["pg_catalog.now()"]),
            "regoper" => list(&["pg_catalog.!~~*"]),
            "regoperator" => list(&["pg_catalog.+(integer,integer)"]),
            "regrole" => list(&["pg_monitor"]),
            "regnamespace" => list(&["pg_catalog"]),
            "regcollation" => list(&["pg_catalog.\"C\""]),
            "regconfig" => list(&["pg_catalog.simple"]),
            "regdictionary" => list(&["pg_catalog.simple"]),
            "refcursor" => vec![self.mark.text()],
            "hstore" => vec![format!("tenantctl=>{}", self.mark.text())],
            "ltree" => vec![format!("tenantctl.n{salt}")],
            "vector" | "halfvec" => {
                let length = usize::try_from(modifier).unwrap_or(3).clamp(1, 16_000);
                vec![format!("[{}]", vec!["1"; length].join(","))]
            }
            "semver" => list(&["1.0.0"]),
            "geometry" | "geography" => list(&["POINT(0 0)", "POLYGON((0 0,0 1,1 1,0 0))"]),
            _ => Vec::new(),
        }
    }

    fn texts(&self, modifier: i32) -> Vec<String> {
        let text = self.mark.text();
        let salt = self.mark.salt;
        let all = [
            text.clone(),
            format!("t{}{salt}", self.mark.side),
            format!("{text}@example.org"),
            format!("https://example.org/{text}"),
            format!("T{salt}"),
            salt.to_string(),
            "a".to_owned(),
            "A".to_owned(),
        ];
        let mut found: Vec<String> = Vec::new();
        for one in all {
            let one = cut(&one, modifier);
            if !found.contains(&one) {
                found.push(one);
            }
        }
        found
    }

    /// `char(n)`, and the one-byte `"char"`.
    fn fixed(&self, name: &str, modifier: i32) -> Vec<String> {
        if name == "\"char\"" {
            return vec![letter(self.mark.salt).to_string()];
        }
        let length = usize::try_from(modifier - 4).unwrap_or(1).max(1);
        let salt = self.mark.salt;
        if length < 4 {
            let of = |shift: u32| -> String {
                (0..length)
                    .map(|nth| letter(salt / 26_u32.pow(u32::try_from(nth).unwrap_or(0)) + shift))
                    .collect()
            };
            return vec![of(0), of(0).to_uppercase(), of(7)];
        }
        let text = self.mark.text();
        let padded = format!("{text}{}", "x".repeat(length));
        let digits = format!("{salt:0length$}");
        vec![
            cut(&text, modifier),
            padded[..length].to_owned(),
            digits[digits.len() - length..].to_owned(),
        ]
    }

    fn numeric(&self, modifier: i32) -> Vec<String> {
        if modifier < 4 {
            return numbers(&self.mark.number(5));
        }
        let (precision, scale) = (((modifier - 4) >> 16) & 0xffff, (modifier - 4) & 0x7ff);
        // Eleven bits with a sign, from PostgreSQL 15 on.
        let scale = if scale > 1023 { scale - 2048 } else { scale };
        let digits = u32::try_from(precision - scale).unwrap_or(0);
        if digits == 0 {
            return list(&["0", "0.1", "0.01"]);
        }
        numbers(&self.mark.number(digits))
    }
}

/// An element of an array, a field of a row, an end of a range: all three read this.
pub(super) fn in_quotes(value: &str) -> String {
    let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
    format!("\"{escaped}\"")
}

/// A type's name without its modifier and schema.
pub(in crate::probe) fn bare(name: &str) -> &str {
    let name = name.split('(').next().unwrap_or(name).trim();
    name.rsplit('.').next().unwrap_or(name)
}

/// Cuts text to the length that `varchar(n)` says; what is left differs from row to row.
pub(in crate::probe) fn cut(text: &str, modifier: i32) -> String {
    match usize::try_from(modifier - 4) {
        Ok(length) if length > 0 && length < text.len() && text.is_ascii() => {
            text[text.len() - length..].to_owned()
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<T>(salt: u32, use_it: impl Fn(&Palette<'_>) -> T) -> T {
        let snapshot = crate::catalog::made_up::World::new().snapshot;
        let mark = Mark {
            side: 'b',
            salt,
            brief: false,
        };
        use_it(&Palette {
            snapshot: &snapshot,
            kinds: &Kinds::default(),
            mark: &mark,
        })
    }

    #[test]
    fn long_text_keeps_its_end() {
        assert_eq!(cut("tenantctl-17", 4 + 5), "tl-17");
        assert_eq!(cut("tenantctl-17", -1), "tenantctl-17");
        assert_eq!(cut("tenantctl-17", 4 + 50), "tenantctl-17");
    }

    #[test]
    fn type_names() {
        assert_eq!(bare("character varying(20)"), "character varying");
        assert_eq!(bare("extensions.citext"), "citext");
    }

    #[test]
    fn a_fixed_length_is_met() {
        for length in 1..12 {
            with(101, |palette| {
                for value in palette.simple("character", 4 + length) {
                    assert_eq!(value.len(), usize::try_from(length).unwrap(), "{value}");
                }
                for value in palette.simple("bit", length) {
                    assert_eq!(value.len(), usize::try_from(length).unwrap(), "{value}");
                }
            });
        }
    }

    #[test]
    fn a_number_fits_its_precision() {
        // numeric(3,2), numeric(10,2), numeric(2,2).
        for (precision, scale, digits) in [(3, 2, 1), (10, 2, 5), (2, 2, 1)] {
            let modifier = ((precision << 16) | scale) + 4;
            with(987, |palette| {
                let first = palette.simple("numeric", modifier).remove(0);
                assert!(first.len() <= digits, "{first}");
            });
        }
    }

    #[test]
    fn every_row_gets_values_of_its_own() {
        for name in [
            "text",
            "uuid",
            "date",
            "inet",
            "integer",
            "jsonb",
            "macaddr",
            "int4range",
        ] {
            let first = |salt| with(salt, |palette| palette.simple(name, -1).into_iter().next());
            if let (Some(one), Some(other)) = (first(101), first(102)) {
                assert_ne!(one, other, "{name}");
            }
        }
    }

    #[test]
    fn quoting_within_values() {
        assert_eq!(in_quotes("a\"b\\c"), "\"a\\\"b\\\\c\"");
    }
}
