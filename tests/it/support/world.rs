//! A folder that is home and working directory of the program under test, and what to redact.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use super::run::Invocation;

/// A temporary folder with nothing of the developer's in it, removed at the end.
pub(crate) struct World {
    dir: PathBuf,
}

impl World {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tenantctl-test-{}-{next}", std::process::id());
        let dir = std::env::temp_dir().canonicalize().unwrap().join(name);
        fs::create_dir(&dir).unwrap();
        Self { dir }
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a file into it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.dir.join(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// Reads a file in it.
    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap()
    }

    /// The program with these arguments, in this folder.
    pub(crate) fn tenantctl<A: AsRef<str>>(&self, args: impl IntoIterator<Item = A>) -> Invocation {
        let invocation = Invocation::new(&self.dir).args(args);
        invocation.redact(&self.dir.to_string_lossy(), "[DIR]")
    }
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}
