//! Makes a cluster ready, starts a server on it, ends it.

use super::binaries::Binaries;
use super::claim::{Claim, data_of};
use super::os::{self, Fate};
use super::server::{Auth, Options, read_log};
use super::{SUPERUSER, files, hba, spawn, template};
use anyhow::{Context, Result, bail, ensure};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take to start; it takes about 20 ms.
const PATIENCE: Duration = Duration::from_secs(30);

/// Fills the folder: the cluster, who may log in, the caller's files. Returns the superuser's
/// password where one is needed.
pub(super) fn prepare(
    claim: &Claim,
    cache: &Path,
    binaries: &Binaries,
    options: &Options,
) -> Result<Option<String>> {
    let data = data_of(claim.path());
    let owner = binaries.run_as.owner();
    template::copy(cache, binaries, &data)?;
    files::make_folder(&claim.path().join("socket"), 0o700, owner)?;
    let hba = hba::text(options.auth, &options.hba);
    files::write_private(&data.join("pg_hba.conf"), hba.as_bytes(), owner)?;
    for (name, content) in &options.files {
        files::write_private(&data.join(name), content, owner)?;
    }
    if options.tcp && options.auth == Auth::Scram {
        return set_password(binaries, &data).map(Some);
    }
    Ok(None)
}

/// Gives the superuser a password before the server runs, so that the log never hears of it.
fn set_password(binaries: &Binaries, data: &Path) -> Result<String> {
    let password: String = rand::random::<[u8; 16]>()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let verifier = postgres_protocol::password::scram_sha_256(password.as_bytes());
    let mut child = binaries
        .run_as
        .command(&binaries.program("postgres"))
        .args(["--single", "-c", "fsync=off", "-c", "exit_on_error=on"])
        .args(["-c", "dynamic_shared_memory_type=mmap", "-D"])
        .arg(data)
        .arg("postgres")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run postgres")?;
    if let Some(mut input) = child.stdin.take() {
        // The verifier is base64, $ and colons: nothing in it ends the literal.
        let sent = writeln!(input, "alter role {SUPERUSER} password '{verifier}'");
        // A program that ended early says why on stderr: better than "broken pipe".
        sent.or_else(|error| match error.kind() {
            ErrorKind::BrokenPipe => Ok(()),
            _ => Err(error),
        })
        .context("cannot set the superuser's password")?;
    }
    let output = child
        .wait_with_output()
        .context("cannot set the superuser's password")?;
    // An error message repeats the statement, and with it the verifier.
    let said = String::from_utf8_lossy(&output.stderr).replace(&verifier, "***");
    let status = output.status;
    ensure!(
        status.success(),
        "cannot set the superuser's password ({status}): {}",
        said.trim()
    );
    Ok(password)
}

/// Starts the server on the port that `pick` gives; where another process took that one meanwhile,
/// on the next.
pub(super) fn launch(
    claim: &Claim,
    binaries: &Binaries,
    options: &Options,
    pick: &mut dyn FnMut() -> Result<u16>,
) -> Result<(Child, u16)> {
    let mut left = 5;
    loop {
        let port = pick()?;
        let mut child = spawn::spawn(command(claim, binaries, options, port)?)?;
        let Err(error) = wait_until_ready(&mut child, &data_of(claim.path())) else {
            return Ok((child, port));
        };
        let log = read_log(claim.path());
        let _ = end(&mut child);
        left -= 1;
        if !(options.tcp && left > 0 && log.contains("could not bind")) {
            bail!("{error:#}; its log ends with:\n{}", tail(&log));
        }
    }
}

fn command(claim: &Claim, binaries: &Binaries, options: &Options, port: u16) -> Result<Command> {
    let directory = claim.path();
    let log = File::create(directory.join("log")).context("cannot make the server's log")?;
    let mut command = binaries.run_as.command(&binaries.program("postgres"));
    // Quoted, because the setting is a list and a folder's name may have a comma in it.
    let socket = format!("\"{}\"", directory.join("socket").display());
    let listen = if options.tcp { "127.0.0.1" } else { "" };
    command.arg("-D").arg(data_of(directory));
    let own = [
        ("unix_socket_directories", socket.as_str()),
        ("listen_addresses", listen),
        ("port", &port.to_string()),
    ];
    let (own, speed) = (
        own.into_iter(),
        speed(options, binaries.version.major).into_iter(),
    );
    let given = options
        .settings
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in own.chain(speed).chain(given) {
        command.arg("-c").arg(format!("{name}={value}"));
    }
    command
        .stdout(log.try_clone().context("cannot make the server's log")?)
        .stderr(log)
        // Out of the terminal's group: its Ctrl-C is for us, and we end the server in our order.
        .process_group(0);
    let fate = if options.keep {
        Fate::Survive(claim.descriptor())
    } else {
        Fate::DieWithUs
    };
    os::arrange(&mut command, fate);
    Ok(command)
}

/// What a server that may lose everything can leave out.
fn speed(options: &Options, major: u32) -> Vec<(&'static str, &'static str)> {
    let mut settings = vec![
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
        ("autovacuum", "off"),
        ("jit", "off"),
        ("shared_buffers", "32MB"),
        ("max_wal_size", "256MB"),
        // Kept in the data folder, so that it goes with it even after a SIGKILL.
        ("dynamic_shared_memory_type", "mmap"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
    ];
    if !options.replication {
        settings.extend([("wal_level", "minimal"), ("max_wal_senders", "0")]);
    }
    if major >= 18 {
        // The default starts three more processes.
        settings.push(("io_method", "sync"));
    }
    settings
}

fn wait_until_ready(child: &mut Child, data: &Path) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    let status_file = data.join("postmaster.pid");
    loop {
        if let Some(status) = child.try_wait().context("cannot wait for the server")? {
            bail!("the server ended while starting ({status})");
        }
        let text = fs::read_to_string(&status_file).unwrap_or_default();
        if text
            .lines()
            .nth(7)
            .is_some_and(|line| line.trim() == "ready")
        {
            return Ok(());
        }
        ensure!(
            Instant::now() < deadline,
            "the server was not ready after {PATIENCE:?}"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Ends a server at once: nothing in it is worth a checkpoint.
pub(super) fn end(child: &mut Child) -> Result<()> {
    for (signal, patience) in [(os::QUIT, 8), (os::KILL, 2)] {
        // One that was waited for has given its id back, perhaps to somebody else.
        if child
            .try_wait()
            .context("cannot wait for the server")?
            .is_some()
        {
            return Ok(());
        }
        os::signal(child.id(), signal);
        let deadline = Instant::now() + Duration::from_secs(patience);
        while Instant::now() < deadline {
            if child
                .try_wait()
                .context("cannot wait for the server")?
                .is_some()
            {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
    bail!("the server with process id {} does not end", child.id())
}

/// A port of the loopback that nobody listens on just now.
pub(super) fn free_port() -> Result<u16> {
    let probe = TcpListener::bind(("127.0.0.1", 0)).context("cannot find a free port")?;
    Ok(probe
        .local_addr()
        .context("cannot find a free port")?
        .port())
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{cache, find_all};

    #[test]
    fn a_port_that_somebody_took_is_passed_over() {
        let Some(binaries) = find_all().pop() else {
            eprintln!("skipped: no PostgreSQL server programs on this machine");
            return;
        };
        let options = Options {
            tcp: true,
            auth: Auth::Trust,
            ..Options::default()
        };
        let claim = Claim::new(&binaries.run_as, false).unwrap();
        let cache = cache::folder(&binaries.run_as).unwrap();
        prepare(&claim, &cache, &binaries, &options).unwrap();
        let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let taken_port = taken.local_addr().unwrap().port();
        let mut picked = Vec::new();
        let (mut child, port) = launch(&claim, &binaries, &options, &mut || {
            picked.push(if picked.is_empty() {
                taken_port
            } else {
                free_port()?
            });
            Ok(picked[picked.len() - 1])
        })
        .unwrap();
        assert!(picked.len() >= 2, "the first port was taken");
        assert_ne!(port, taken_port);
        end(&mut child).unwrap();
        let always = launch(&claim, &binaries, &options, &mut || Ok(taken_port)).unwrap_err();
        assert!(always.to_string().contains("could not bind"), "{always:#}");
        claim.remove().unwrap();
    }
}
