//! Listens for the victim's values in what the server says aloud: errors and notices.

use super::arena::As;
use super::markers::{Marker, Markers};
use super::reply::Refused;

/// What to listen for, and what was heard.
#[derive(Debug, Default)]
pub(super) struct Ear {
    /// Values of the victim's; none, and nothing is listened for.
    pub(super) markers: Markers,
    /// The organization that must not hear them.
    pub(super) attacker: String,
    pub(super) heard: Vec<Heard>,
}

/// A value of the victim's in words that the attacker got.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    pub(super) marker: Marker,
    /// Context (none: left as it was) and statement, in order.
    pub(super) steps: Vec<(Option<String>, String)>,
}

/// More would only repeat it.
const MOST: usize = 20;

impl Ear {
    /// Listens to the answer to an attempt whose last statement was not the victim's own.
    pub(super) fn hear(
        &mut self,
        steps: &[(As<'_>, &str)],
        (refused, notices): (Option<&Refused>, &[String]),
    ) {
        if self.markers.0.is_empty() || self.heard.len() >= MOST || !self.is_attack(steps) {
            return;
        }
        let refused = refused.map(|refused| refused.said.as_str());
        let texts = refused
            .into_iter()
            .chain(notices.iter().map(String::as_str));
        for text in texts {
            // What was sent comes back in many messages; that is no news.
            let found = self
                .markers
                .within(text)
                .find(|marker| !steps.iter().any(|(_, sql)| sql.contains(&marker.value)));
            if let Some(marker) = found {
                let heard = Heard {
                    marker: marker.clone(),
                    steps: steps.iter().map(|(who, sql)| own(*who, sql)).collect(),
                };
                self.heard.push(heard);
                return;
            }
        }
    }

    /// What was heard so far; forgets it.
    pub(super) fn take(&mut self) -> Vec<Heard> {
        std::mem::take(&mut self.heard)
    }

    /// Whether nobody but the attacker speaks: the victim may be told its own values.
    fn is_attack(&self, steps: &[(As<'_>, &str)]) -> bool {
        let mut contexts = steps.iter().filter_map(|(who, _)| match who {
            As::Context(value) => Some(*value),
            As::Unset => None,
        });
        contexts.all(|context| context == self.attacker)
    }
}

fn own(who: As<'_>, sql: &str) -> (Option<String>, String) {
    let context = match who {
        As::Context(value) => Some(value.to_owned()),
        As::Unset => None,
    };
    (context, sql.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ear() -> Ear {
        let marker = Marker {
            value: "secret-7".to_owned(),
            oid: 1,
            column: "name".to_owned(),
            made_up: true,
        };
        Ear {
            markers: Markers(vec![marker]),
            attacker: "a".to_owned(),
            heard: Vec::new(),
        }
    }

    #[test]
    fn hears_the_victims_value_and_no_echo() {
        let mut ear = ear();
        let notice = ["NOTICE: taken by secret-7".to_owned()];
        ear.hear(&[(As::Context("a"), "select 1")], (None, &notice));
        assert_eq!(ear.take().len(), 1);
        ear.hear(&[(As::Context("a"), "select 'secret-7'")], (None, &notice));
        ear.hear(&[(As::Context("b"), "select 1")], (None, &notice));
        ear.hear(
            &[(As::Context("a"), "select 1")],
            (None, &["other".to_owned()]),
        );
        assert!(ear.take().is_empty());
    }
}
