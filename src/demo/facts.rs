//! What the story knows: names of the scenario, and what earlier steps have learned.

use std::collections::BTreeMap;

use super::scenario::Script;
use crate::settings::Settings;

/// Names with their values.
pub(super) struct Facts(BTreeMap<String, String>);

impl Facts {
    /// What is known from the start.
    pub(super) fn of(script: &Script, settings: &Settings) -> Self {
        let [organization_a, organization_b] = script.organizations;
        let known = [
            ("about", script.about),
            ("look", script.look),
            ("rows_a", script.rows_a),
            ("rows_b", script.rows_b),
            ("table", script.table),
            ("view", script.view),
            ("report", script.report),
            ("organization_a", organization_a),
            ("organization_b", organization_b),
            ("app", &settings.tenancy.app_role),
            ("context", &settings.tenancy.context),
        ];
        let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        Self(known.into_iter().map(owned).collect())
    }

    /// Learns something.
    pub(super) fn learn(&mut self, name: String, value: String) {
        self.0.insert(name, value);
    }

    /// What is known by a name.
    pub(super) fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }

    /// The text with `{name}` replaced by what it stands for; that may hold names again, once.
    pub(super) fn fill(&self, text: &str) -> String {
        let pass = |text: String| {
            self.0.iter().fold(text, |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            })
        };
        pass(pass(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::super::scenario::Scenario;
    use super::super::story::{Act, Rows, STORY, Show};
    use super::*;
    use clap::ValueEnum;

    fn facts(scenario: Scenario) -> Facts {
        let script = scenario.script();
        let file =
            std::env::temp_dir().join(format!("demo-{}-{}", script.name, std::process::id()));
        std::fs::write(&file, script.config).unwrap();
        let overrides = crate::settings::Overrides {
            config: Some(file.clone()),
            ..Default::default()
        };
        let settings = crate::settings::load(&overrides).unwrap();
        std::fs::remove_file(file).unwrap();
        Facts::of(script, &settings)
    }

    #[track_caller]
    fn filled(facts: &Facts, texts: &[&str]) {
        for text in texts {
            let filled = facts.fill(text);
            assert!(!filled.contains('{'), "{filled}");
        }
    }

    fn perform(act: &Act, facts: &mut Facts) {
        match act {
            Act::Sql(_, sql, Rows::With(value)) => filled(facts, &[sql, value]),
            Act::Sql(_, sql, _) => filled(facts, &[sql]),
            Act::Run(run) => {
                filled(facts, run.args);
                filled(facts, &[run.says]);
                match run.show {
                    Show::Organization(name) => facts.learn(name.to_owned(), "7".to_owned()),
                    Show::Finding(check, key) => {
                        facts.learn(format!("{check}.{key}"), "select 1".to_owned());
                    }
                    Show::All | Show::Some(_) => {}
                }
            }
            Act::Load | Act::Passfile => {}
        }
    }

    #[test]
    fn every_name_is_known_when_it_is_used() {
        for scenario in Scenario::value_variants() {
            let mut facts = facts(*scenario);
            for step in &STORY {
                filled(&facts, &[step.why]);
                for act in step.acts {
                    perform(act, &mut facts);
                }
            }
        }
    }
}
