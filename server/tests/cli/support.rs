//! Running the real binary in a directory of its own.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

/// Long enough for anything that is going to happen, on a busy machine too.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// A directory with, in time, a database in it; or another database that is worked with from there.
pub(crate) struct Place {
    directory: Arc<TempDir>,
    database: Option<String>,
}

/// A command that has ended.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// A server that is running; killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// What it said when it was ready.
    pub(crate) ready: Value,
    log: PathBuf,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { directory: Arc::new(TempDir::new().unwrap()), database: None }
    }

    /// The same directory, with this database in place of the one in it.
    pub(crate) fn on(&self, url: &str) -> Self {
        Self { directory: Arc::clone(&self.directory), database: Some(url.to_owned()) }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    /// Whether a database has been made.
    pub(crate) fn has_database(&self) -> bool {
        self.path("latchkey.db").exists()
    }

    pub(crate) fn database_url(&self) -> String {
        format!("sqlite://{}", self.path("latchkey.db").display())
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_latchkey"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("LATCHKEY_")) {
            command.env_remove(name);
        }
        command.env_remove("RUST_LOG").current_dir(self.directory.path()).args(arguments);
        if let Some(url) = &self.database {
            command.env("LATCHKEY_DATABASE_URL", url);
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        finish(self.command(arguments))
    }

    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut child = self.command(arguments).stdin(Stdio::piped()).spawn().unwrap();
        // It may end without reading.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran::of(child)
    }

    /// Makes a person.
    pub(crate) fn add_rep(&self, email: &str, more: &[&str]) -> Value {
        let arguments = [&["rep", "add", "--email", email, "--name", "Ann Smith"], more].concat();
        self.run_with_input(&arguments, &format!("{PASSWORD}\n")).json()
    }

    /// Makes a token of ann@example.com.
    pub(crate) fn add_token(&self, description: &str) -> Value {
        let rep = ["token", "add", "--rep", "ann@example.com", "--expires", "90d", "--all-scopes"];
        self.run(&[&rep[..], &["--description", description]].concat()).json()
    }

    /// Starts a server on a free port, and waits until it is ready.
    pub(crate) fn serve(&self, more: &[&str]) -> Server {
        self.serve_with(more, &[])
    }

    /// The same, with variables in its environment.
    pub(crate) fn serve_with(&self, more: &[&str], variables: &[(&str, &str)]) -> Server {
        let mut command = self.command(&[&["serve"], more].concat());
        command.envs(variables.iter().copied());
        self.start(command)
    }

    /// The same, where another program starts it: the binary's path is the last of its arguments.
    pub(crate) fn serve_through(&self, program: &str, arguments: &[&str]) -> Server {
        let mut command = self.other(program);
        command.args(arguments).arg(env!("CARGO_BIN_EXE_latchkey"));
        self.start(command)
    }

    /// Another program, where and with what this one would run.
    pub(crate) fn other(&self, program: &str) -> Command {
        let as_usual = self.command(&[]);
        let mut command = Command::new(program);
        command.current_dir(self.directory.path());
        for (name, value) in as_usual.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    fn start(&self, mut command: Command) -> Server {
        let log = self.path("log");
        let mut child =
            command.env("LATCHKEY_LISTEN", "127.0.0.1:0").stderr(File::create(&log).unwrap()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            let mut line = String::new();
            let _ = stdout.read_line(&mut line);
            let _ = sender.send(line);
            // Kept open until the server ends.
            let _ = std::io::copy(&mut stdout, &mut std::io::sink());
        });
        let line = receiver.recv_timeout(PATIENCE).unwrap();
        let log_text = fs::read_to_string(&log).unwrap();
        let ready = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line:?}\n{log_text}"));
        Server { child, ready, log }
    }
}

impl Ran {
    pub(crate) fn of(child: Child) -> Self {
        let output = child.wait_with_output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The one result.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let [value] = <[Value; 1]>::try_from(self.lines()).unwrap();
        value
    }

    /// The results, one a line.
    #[track_caller]
    pub(crate) fn lines(&self) -> Vec<Value> {
        assert_eq!(self.code, 0, "{self:?}");
        self.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The one line that says why the command failed with this code.
    #[track_caller]
    pub(crate) fn failure(&self, code: i32) -> &str {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        let line = self.stderr.strip_prefix("error: ").and_then(|text| text.strip_suffix('\n'));
        let line = line.unwrap_or_else(|| panic!("{self:?}"));
        assert!(!line.contains('\n') && !line.is_empty(), "{self:?}");
        line
    }
}

impl Server {
    pub(crate) fn url(&self) -> &str {
        self.ready["listening"].as_str().unwrap()
    }

    pub(crate) fn address(&self) -> &str {
        self.url().split_once("://").unwrap().1
    }

    /// The process's number.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// What the kernel says of the process's memory, in KiB: `VmRSS` now, `VmHWM` at most so far.
    pub(crate) fn kibibytes(&self, name: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Asks the server to end: "TERM" or "INT".
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(sent.unwrap().success());
    }

    /// Ends the server without warning.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Whether it has not ended.
    pub(crate) fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// Waits for the end, and tells how long that took.
    pub(crate) fn wait(&mut self) -> (ExitStatus, Duration) {
        let started = Instant::now();
        let status = wait_for("the server to end", || self.child.try_wait().unwrap());
        (status, started.elapsed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Looks again and again until there is something.
#[track_caller]
pub(crate) fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited too long for {what}");
        thread::park_timeout(Duration::from_millis(5));
    }
}

/// Whether everything is to be tested that takes its time.
pub(crate) fn is_full() -> bool {
    std::env::var_os("LATCHKEY_FULL").is_some()
}

/// A client that speaks to the server directly.
pub(crate) fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap()
}

pub(crate) fn finish(mut command: Command) -> Ran {
    Ran::of(command.spawn().unwrap())
}
