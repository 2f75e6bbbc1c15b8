//! Starts servers from a thread that never ends.
//!
//! Linux sends the parent-death signal when the spawning *thread* ends. A test runner ends a thread
//! per test, so a server shared by tests would die with the first one.

use anyhow::{Context, Result};
use std::io;
use std::process::{Child, Command};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};

type Job = (Command, Sender<io::Result<Child>>);

static SPAWNER: Mutex<Option<Sender<Job>>> = Mutex::new(None);

/// Spawns a command from the lasting thread.
pub(super) fn spawn(command: Command) -> Result<Child> {
    let (answer, answered) = channel();
    spawner()?
        .send((command, answer))
        .ok()
        .context("the spawning thread has ended")?;
    let child = answered.recv().context("the spawning thread has ended")?;
    child.context("cannot start the server's process")
}

fn spawner() -> Result<Sender<Job>> {
    let mut spawner = SPAWNER.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(sender) = spawner.as_ref() {
        return Ok(sender.clone());
    }
    let (sender, jobs) = channel::<Job>();
    std::thread::Builder::new()
        .name("sandbox".to_owned())
        .spawn(move || {
            for (mut command, answer) in jobs {
                // The one who asked may be gone; then nobody else would end the server.
                if let Err(unheard) = answer.send(command.spawn())
                    && let Ok(mut child) = unheard.0
                {
                    let _ = child.kill();
                    let _ = child.wait();
                }
            }
        })
        .context("cannot start a thread")?;
    *spawner = Some(sender.clone());
    Ok(sender)
}
