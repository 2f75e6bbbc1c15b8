//! Runs the real program with an environment that was made for it, and takes down what it did.

use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub(crate) use libc::{SIGINT, SIGKILL, SIGTERM};

/// What of our own environment the program may see: where programs are, where temporary files go,
/// and where server programs were fetched to.
const INHERITED: [&str; 4] = ["PATH", "TMPDIR", "TENANTCTL_CACHE", "LLVM_PROFILE_FILE"];

/// How long the program may take before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command line that was not run yet.
pub(crate) struct Invocation {
    command: Command,
    stdin: Vec<u8>,
    redactions: Vec<(String, String)>,
    patience: Duration,
}

impl Invocation {
    pub(super) fn new(dir: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenantctl"));
        command
            .env_clear()
            .env("HOME", dir)
            .env("LANG", "C.UTF-8")
            .current_dir(dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let kept = INHERITED.map(|name| std::env::var_os(name).map(|value| (name, value)));
        command.envs(kept.into_iter().flatten());
        Self {
            command,
            stdin: Vec::new(),
            redactions: Vec::new(),
            patience: PATIENCE,
        }
    }

    /// It may take this many seconds: it does what others do in many runs.
    pub(crate) fn patience(mut self, seconds: u64) -> Self {
        self.patience = Duration::from_secs(seconds);
        self
    }

    /// More arguments.
    pub(crate) fn args<A: AsRef<str>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        for arg in args {
            self.command.arg(arg.as_ref());
        }
        self
    }

    /// One more argument.
    pub(crate) fn arg(self, arg: impl AsRef<str>) -> Self {
        self.args([arg])
    }

    /// One more variable.
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// One variable less.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// What the program reads from stdin; nothing otherwise.
    pub(crate) fn stdin(mut self, text: impl Into<Vec<u8>>) -> Self {
        self.stdin = text.into();
        self
    }

    /// Where stdout goes instead of to us.
    pub(crate) fn stdout(mut self, stdout: impl Into<Stdio>) -> Self {
        self.command.stdout(stdout);
        self
    }

    /// Replaces what differs from run to run in [`Outcome::text`].
    pub(crate) fn redact(mut self, what: &str, by: &str) -> Self {
        self.redactions.push((what.to_owned(), by.to_owned()));
        self
    }

    /// Runs it to its end.
    #[track_caller]
    pub(crate) fn run(self) -> Outcome {
        self.start().wait()
    }

    /// Starts it.
    #[track_caller]
    pub(crate) fn start(mut self) -> Running {
        let command_line = words(&self.command);
        let mut child = self.command.stdin(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let stdin_text = self.stdin;
        // A thread, because a program that never reads must not stop us; one that ended is fine.
        std::thread::spawn(move || drop(stdin.write_all(&stdin_text)));
        Running {
            stdout: child.stdout.take().map(collect),
            stderr: child.stderr.take().map(collect),
            child,
            command_line,
            redactions: self.redactions,
            deadline: Instant::now() + self.patience,
        }
    }
}

/// The program while it runs.
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<Vec<u8>>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
    command_line: String,
    redactions: Vec<(String, String)>,
    deadline: Instant,
}

impl Running {
    /// The process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).unwrap();
        #[allow(unsafe_code, reason = "the standard library can only kill")]
        // SAFETY: it is our child and was not waited for, so that the id is still its own.
        let sent = unsafe { libc::kill(pid, signal) };
        assert_eq!(sent, 0, "{} is gone already", self.command_line);
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn wait(mut self) -> Outcome {
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            if Instant::now() > self.deadline {
                self.child.kill().unwrap();
                let _ = self.child.wait();
                let [stdout, stderr] = [self.stdout.take(), self.stderr.take()].map(text_of);
                let command_line = &self.command_line;
                panic!("{command_line} hangs; so far:\n{stdout}\n--- stderr\n{stderr}");
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let [stdout, stderr] = [self.stdout.take(), self.stderr.take()].map(text_of);
        Outcome {
            code: status.code(),
            stdout,
            stderr,
            command_line: self.command_line,
            redactions: self.redactions,
        }
    }
}

/// What came of a run.
pub(crate) struct Outcome {
    /// `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    command_line: String,
    redactions: Vec<(String, String)>,
}

impl Outcome {
    /// Fails with everything the program said unless this is its exit code.
    #[track_caller]
    pub(crate) fn expect_code(self, code: i32) -> Self {
        let command_line = &self.command_line;
        let whole = self.whole();
        assert_eq!(self.code, Some(code), "{command_line}\n{whole}");
        // What no run may ever show, whatever it is about.
        assert!(!whole.contains("panicked at"), "{command_line}\n{whole}");
        self
    }

    /// Fails unless all of these are in stderr.
    #[track_caller]
    pub(crate) fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            let (command_line, stderr) = (&self.command_line, &self.stderr);
            assert!(
                stderr.contains(part),
                "\"{part}\" is not in what {command_line} said:\n{stderr}"
            );
        }
        self
    }

    /// Stdout as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|why| panic!("{}: {why}\n{}", self.command_line, self.whole()))
    }

    /// The code and both streams for a snapshot, without what differs from run to run.
    pub(crate) fn text(&self) -> String {
        self.redacted(&self.whole())
    }

    /// Any text of this run, without what differs from run to run.
    pub(crate) fn redacted(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (what, by) in &self.redactions {
            text = text.replace(what, by);
        }
        let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
        lines.join("\n")
    }

    fn whole(&self) -> String {
        let mut whole = match self.code {
            Some(code) => format!("exit {code}\n"),
            None => "ended by a signal\n".to_owned(),
        };
        for (name, stream) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !stream.is_empty() {
                whole.push_str(&format!("--- {name}\n{}\n", stream.trim_end()));
            }
        }
        whole
    }
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        bytes
    })
}

fn text_of(stream: Option<JoinHandle<Vec<u8>>>) -> String {
    let bytes = stream.map(|stream| stream.join().unwrap());
    String::from_utf8(bytes.unwrap_or_default()).expect("what the program writes is UTF-8")
}

fn words(command: &Command) -> String {
    let program = PathBuf::from(command.get_program());
    let program = program.file_name().map(OsString::from).unwrap_or_default();
    let words = std::iter::once(program.as_os_str()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
