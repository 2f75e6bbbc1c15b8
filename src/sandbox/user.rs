//! Who runs the server: PostgreSQL refuses to run as root.

use super::os;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The user that runs the server's programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunAs {
    /// Its name; `None` when it is whoever runs us.
    pub name: Option<String>,
    /// Its user id.
    pub uid: u32,
    /// Its group id.
    pub gid: u32,
}

impl RunAs {
    /// Whom to try, best first: ourselves, or as root the first users that own little.
    pub(super) fn candidates() -> Vec<Self> {
        if os::euid() != 0 {
            return vec![Self {
                name: None,
                uid: os::euid(),
                gid: os::egid(),
            }];
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        ["postgres", "nobody", "daemon"]
            .iter()
            .filter_map(|name| in_passwd(&passwd, name))
            .collect()
    }

    /// A command that runs as this user, sees none of our environment and none of our folders.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .stdin(Stdio::null());
        if self.name.is_some() {
            // std drops the supplementary groups of root by itself when it changes the user.
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Owner to give to the server's files, where that is not us.
    pub(super) fn owner(&self) -> Option<(u32, u32)> {
        self.name.as_ref().map(|_| (self.uid, self.gid))
    }

    /// Whether this user may pass through every folder down to `path`.
    pub(super) fn reaches(&self, path: &Path) -> bool {
        path.ancestors()
            .filter(|folder| !folder.as_os_str().is_empty())
            .all(|folder| {
                fs::metadata(folder).is_ok_and(|found| {
                    let bit = match () {
                        () if found.uid() == self.uid => 0o100,
                        () if found.gid() == self.gid => 0o010,
                        () => 0o001,
                    };
                    found.mode() & bit != 0
                })
            })
    }
}

impl std::fmt::Display for RunAs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.name {
            Some(name) => f.write_str(name),
            None => write!(f, "uid {}", self.uid),
        }
    }
}

fn in_passwd(passwd: &str, name: &str) -> Option<RunAs> {
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (found, _password, uid, gid) = (
            fields.next()?,
            fields.next()?,
            fields.next()?,
            fields.next()?,
        );
        (found == name).then_some(())?;
        let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
        // A user 0 of another name would be refused all the same.
        (uid != 0).then(|| RunAs {
            name: Some(name.to_owned()),
            uid,
            gid,
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_come_from_passwd_but_never_root() {
        let passwd = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65533::/:/bin/false\nbroken:x\n";
        let nobody = RunAs {
            name: Some("nobody".to_owned()),
            uid: 65534,
            gid: 65533,
        };
        assert_eq!(in_passwd(passwd, "nobody"), Some(nobody));
        assert_eq!(in_passwd(passwd, "root"), None);
        assert_eq!(in_passwd(passwd, "broken"), None);
        assert_eq!(in_passwd(passwd, "postgres"), None);
    }

    #[test]
    fn a_closed_folder_is_not_reachable_by_a_stranger() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("reach-{}", std::process::id()));
        fs::create_dir(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
        let stranger = RunAs {
            name: None,
            uid: 54_321,
            gid: 54_321,
        };
        let myself = RunAs {
            name: None,
            uid: os::euid(),
            gid: os::egid(),
        };
        assert!(!stranger.reaches(&folder));
        assert!(myself.reaches(&folder));
        fs::remove_dir(&folder).unwrap();
    }
}
