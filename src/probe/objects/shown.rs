//! What came through a channel, as a finding.

use super::super::arena::As;
use super::super::channel::Channel;
use super::super::evidence::{self, Scene};
use super::super::world::World;
use crate::finding::{Finding, Severity};

/// What came through.
pub(super) struct Shown {
    pub(super) channel: &'static Channel,
    pub(super) severity: Severity,
    pub(super) object: String,
    pub(super) message: String,
    /// The steps after the login.
    pub(super) path: Vec<String>,
    pub(super) evidence: Option<String>,
    pub(super) fix: Option<String>,
}

impl Shown {
    pub(super) fn finding(self, world: &World<'_>) -> Finding {
        let mut path = vec![world.app_role().to_owned()];
        path.extend(self.path);
        Finding {
            check: self.channel.id.to_owned(),
            class: self.channel.class,
            severity: self.severity,
            object: self.object,
            message: self.message,
            path,
            evidence: self.evidence,
            fix: self.fix,
        }
    }
}

/// The statements that repeat it.
pub(super) fn script(
    world: &World<'_>,
    prologue: &[String],
    steps: &[(As<'_>, &str)],
) -> Option<String> {
    let scene = Scene {
        context: world.context(),
        role: world.app_role(),
        prologue,
        as_login: world.as_login,
    };
    Some(evidence::script(&scene, steps))
}
