//! Ways for a session to be: what its settings are, and what it writes first.

use tenantctl::predicate::{Situation, Written, WrittenValue};

use super::kinds::Kind;

const SITUATIONS: [Situation; 4] = [
    Situation::OtherTenant,
    Situation::NoContext,
    Situation::EmptyContext,
    Situation::NoKey,
];

/// One way for a session to be.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) situation: Situation,
    pub(super) tenant: &'static str,
    /// What the other setting is, if it was ever set.
    pub(super) other: Option<&'static str>,
}

impl Way {
    pub(super) fn all(kind: &Kind) -> Vec<Self> {
        let mut all = Vec::new();
        for situation in SITUATIONS {
            let with_context = matches!(situation, Situation::OtherTenant | Situation::NoKey);
            let contexts = if with_context {
                kind.tenants
            } else {
                &kind.tenants[..1]
            };
            for tenant in contexts {
                let values = kind.tenants.iter().copied().chain(["on"]).map(Some);
                all.extend(values.chain([None]).map(|other| Self {
                    situation,
                    tenant,
                    other,
                }));
            }
        }
        all
    }

    /// Which of the sessions; a setting that was ever set is never unset again.
    pub(super) fn session(&self) -> usize {
        let context = usize::from(self.situation != Situation::NoContext);
        context * 2 + usize::from(self.other.is_some())
    }

    pub(super) fn enter(&self) -> String {
        let context = match self.situation {
            Situation::OtherTenant | Situation::NoKey => {
                format!("set app.t = '{}';", self.tenant)
            }
            Situation::EmptyContext => "set app.t = '';".to_owned(),
            Situation::NoContext => String::new(),
        };
        let other = self
            .other
            .map(|value| format!("set app.other = '{value}';"));
        format!("{context} {}", other.unwrap_or_default())
    }

    /// Rows that should not be seen.
    pub(super) fn foreign(&self, kind: &Kind) -> String {
        match self.situation {
            Situation::OtherTenant => format!("tenant <> '{}'::{}", self.tenant, kind.sql),
            Situation::NoContext | Situation::EmptyContext => "tenant is not null".to_owned(),
            Situation::NoKey => "tenant is null".to_owned(),
        }
    }

    /// What the application writes first, all of it, for each tenant or row that it may want.
    pub(super) fn before(&self, kind: &Kind, written: &[Written]) -> Vec<String> {
        let others = kind.tenants.iter().filter(|tenant| **tenant != self.tenant);
        others
            .map(|other| {
                let each = written.iter().map(|written| self.writes(written, other));
                each.collect::<Vec<_>>().join(";\n")
            })
            .collect()
    }

    fn writes(&self, written: &Written, other: &str) -> String {
        let text = written.render(&|column| match &column.to {
            WrittenValue::Context => format!("'{}'", self.tenant),
            WrittenValue::Other => format!("'{other}'"),
            WrittenValue::OfRow(_) => "row.id".to_owned(),
            WrittenValue::Constant(text) => format!("'{text}'"),
            WrittenValue::Expression(sql) => sql.clone(),
        });
        let of_row = written
            .columns
            .iter()
            .any(|column| matches!(column.to, WrittenValue::OfRow(_)));
        match (of_row, text.split_once(" VALUES (")) {
            (true, Some((insert, values))) => {
                let values = values.strip_suffix(')').unwrap();
                format!("{insert} select {values} from generate_series(1, 1000) row (id)")
            }
            _ => text,
        }
    }
}
