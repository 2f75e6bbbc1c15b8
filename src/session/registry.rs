//! The open sessions, so that Ctrl-C can stop what the server is doing for us.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::cancel::Canceller;
use futures_util::future::join_all;

/// How long an interrupt may take: the user is waiting for the prompt.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Default)]
struct Tokens {
    next: u64,
    open: HashMap<u64, Canceller>,
}

/// Shared by all connectors of a run.
#[derive(Clone, Default)]
pub(super) struct Registry(Arc<Mutex<Tokens>>);

/// One open session; leaves the registry when dropped.
pub(super) struct Entry {
    registry: Registry,
    number: u64,
}

impl Registry {
    pub(super) fn enter(&self, canceller: Canceller) -> Entry {
        let mut tokens = self.lock();
        let number = tokens.next;
        tokens.next += 1;
        tokens.open.insert(number, canceller);
        Entry {
            registry: self.clone(),
            number,
        }
    }

    /// Asks the server to stop whatever the sessions are running.
    pub(super) async fn cancel_all(&self) {
        let open: Vec<_> = self.lock().open.values().cloned().collect();
        let requests = join_all(open.into_iter().map(Canceller::cancel));
        let _ = tokio::time::timeout(PATIENCE, requests).await;
    }

    fn lock(&self) -> MutexGuard<'_, Tokens> {
        // A panic elsewhere leaves the map as usable as before.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.registry.lock().open.remove(&self.number);
    }
}
