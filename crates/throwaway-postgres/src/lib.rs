//! A PostgreSQL cluster for tests, made in a second and gone with the process that made it.
//!
//! [`Cluster::start`] makes the cluster in a temporary folder (in memory, where there is room), without durability,
//! on a free port of the loopback interface. [`Cluster::create_database`] makes an empty database in it and answers
//! its URL. [`Cluster::start_durable`] makes one that keeps what it has committed, and can be crashed
//! ([`Cluster::restart`]). A small shell script watches over the cluster: it stops it and removes its folder when the process that
//! started it ends, whichever way, since then the pipe between them closes. PostgreSQL refuses to run as root;
//! started by root it runs as `postgres` or `nobody`.
//!
//! [`greet_as_version`] stands in for a server of a version that is not there.

mod greeting;

use std::fs;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

pub use greeting::greet_as_version;

/// What the cluster needs of PostgreSQL; all of it comes with the server's package.
const PROGRAMS: [&str; 4] = ["initdb", "pg_ctl", "postgres", "createdb"];

/// How many ports are tried: between finding a free one and listening on it another process may take it.
const PORTS: usize = 5;

/// Why there is no cluster, in one line.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// PostgreSQL is not installed.
    #[error(
        "PostgreSQL's server programs (initdb, pg_ctl, postgres, createdb) are neither on PATH nor below \
         /usr/lib/postgresql: install them (Debian and Ubuntu: apt-get install postgresql)"
    )]
    NotInstalled,
    /// Started by root, and there is nobody to run as instead.
    #[error("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as")]
    NoOrdinaryUser,
    /// A program could not be started.
    #[error("cannot run {program}: {error}")]
    CannotRun {
        /// The program.
        program: String,
        /// Why.
        error: io::Error,
    },
    /// A program failed.
    #[error("{program} failed: {output}")]
    Failed {
        /// The program.
        program: &'static str,
        /// What it said.
        output: String,
    },
}

/// A running cluster. Dropping it stops it; so does the end of the process.
#[derive(Debug)]
pub struct Cluster {
    port: u16,
    programs: PathBuf,
    databases: AtomicU32,
    /// The script that watches over the cluster. Its standard input is what keeps it running.
    keeper: Child,
    /// What the script says.
    said: BufReader<ChildStdout>,
}

impl Cluster {
    /// The name and the password of the cluster's one user.
    pub const USER: &str = "latchkey";

    /// Starts a cluster. Takes about a second.
    ///
    /// # Errors
    /// [`ClusterError`] where PostgreSQL is not installed or does not start.
    pub fn start() -> Result<Self, ClusterError> {
        Self::start_as("fast")
    }

    /// Starts a cluster on the disk, whose commits wait until they are kept, as they do in earnest.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub fn start_durable() -> Result<Self, ClusterError> {
        Self::start_as("durable")
    }

    /// Crashes the server and starts it again. What a durable one has committed is there.
    ///
    /// # Errors
    /// [`ClusterError`] where it does not start again.
    pub fn restart(&mut self) -> Result<(), ClusterError> {
        let failed =
            |error: &dyn std::fmt::Display| ClusterError::Failed { program: "PostgreSQL", output: error.to_string() };
        let input = self.keeper.stdin.as_mut().ok_or_else(|| failed(&"it has ended"))?;
        input.write_all(b"restart\n").map_err(|error| failed(&error))?;
        let mut line = String::new();
        self.said.read_line(&mut line).map_err(|error| failed(&error))?;
        if line.starts_with("ready ") { Ok(()) } else { Err(failed(&"it did not start again")) }
    }

    fn start_as(kind: &str) -> Result<Self, ClusterError> {
        let programs = find_programs().ok_or(ClusterError::NotInstalled)?;
        let cannot_listen = |error| ClusterError::CannotRun { program: "postgres".to_owned(), error };
        let ports = free_ports().map_err(cannot_listen)?;

        let mut command = as_ordinary_user("sh")?;
        command
            .args(["-c", include_str!("cluster.sh"), "cluster.sh"])
            .arg(&programs)
            .arg(kind)
            .args(ports.map(|port| port.to_string()))
            // A folder that every user may stand in.
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // Out of reach of the signals that a terminal sends to the tests.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut keeper =
            command.spawn().map_err(|error| ClusterError::CannotRun { program: "sh".to_owned(), error })?;

        let mut line = String::new();
        let mut said = keeper.stdout.take().map(BufReader::new);
        if let Some(said) = &mut said {
            // An unreadable line is no `ready`, which is what is looked at next.
            let _ = said.read_line(&mut line);
        }
        match (line.trim_end().strip_prefix("ready ").and_then(|port| port.parse().ok()), said) {
            (Some(port), Some(said)) => Ok(Self { port, programs, databases: AtomicU32::new(0), keeper, said }),
            _ => Err(ClusterError::Failed { program: "PostgreSQL", output: last_words(keeper) }),
        }
    }

    /// The port, on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The URL of a database with this name, whether or not there is one.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{user}:{user}@127.0.0.1:{port}/{database}", user = Self::USER, port = self.port)
    }

    /// Makes an empty database and answers its URL.
    ///
    /// # Errors
    /// [`ClusterError`] where the cluster refuses.
    pub fn create_database(&self) -> Result<String, ClusterError> {
        let database = format!("latchkey_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let program = self.programs.join("createdb");
        let created = Command::new(&program)
            .args(["--host=127.0.0.1", "--no-password"])
            .arg(format!("--port={}", self.port))
            .arg(format!("--username={}", Self::USER))
            .arg(&database)
            .env("PGPASSWORD", Self::USER)
            .output()
            .map_err(|error| ClusterError::CannotRun { program: program.display().to_string(), error })?;
        if created.status.success() {
            Ok(self.url(&database))
        } else {
            Err(ClusterError::Failed { program: "createdb", output: on_one_line(&created.stderr) })
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Closing its input ends the keeper, and waiting for it means that nothing is left once this returns. If
        // waiting fails there is nothing to wait for.
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// The folder that has all of [`PROGRAMS`]: on PATH, or where Debian keeps them, the newest version first.
fn find_programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let has_all = |folder: &Path| PROGRAMS.iter().all(|program| folder.join(program).is_file());
    std::env::split_paths(&path).chain(debian_folders()).find(|folder| has_all(folder))
}

fn debian_folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    folders.sort();
    folders.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// Ports that are free at this moment. All are held until the last is found, so that they differ.
fn free_ports() -> io::Result<[u16; PORTS]> {
    let mut ports = [0; PORTS];
    let mut held = Vec::new();
    for port in &mut ports {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// The command itself; started by root, the command as `postgres` or `nobody`.
fn as_ordinary_user(program: &str) -> Result<Command, ClusterError> {
    if id("-u", None)? != "0" {
        return Ok(Command::new(program));
    }
    for user in ["postgres", "nobody"] {
        if let (Ok(uid), Ok(gid)) = (id("-u", Some(user)), id("-g", Some(user))) {
            let mut command = Command::new("setpriv");
            command.args([format!("--reuid={uid}"), format!("--regid={gid}")]).args(["--clear-groups", program]);
            return Ok(command);
        }
    }
    Err(ClusterError::NoOrdinaryUser)
}

/// What `id` says: `-u` for the number of a user, `-g` for that of their group.
fn id(option: &str, user: Option<&str>) -> Result<String, ClusterError> {
    let Output { status, stdout, stderr } = Command::new("id")
        .arg(option)
        .args(user)
        .output()
        .map_err(|error| ClusterError::CannotRun { program: "id".to_owned(), error })?;
    if status.success() {
        Ok(on_one_line(&stdout))
    } else {
        Err(ClusterError::Failed { program: "id", output: on_one_line(&stderr) })
    }
}

/// What the keeper said before it gave up.
fn last_words(mut keeper: Child) -> String {
    drop(keeper.stdin.take());
    let mut said = Vec::new();
    if let Some(mut errors) = keeper.stderr.take() {
        // Whatever could be read is all there is to say.
        let _ = errors.read_to_end(&mut said);
    }
    let _ = keeper.wait();
    on_one_line(&said)
}

fn on_one_line(output: &[u8]) -> String {
    String::from_utf8_lossy(output)
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join(" · ")
}

#[cfg(test)]
mod tests {
    use std::net::TcpStream;

    use super::*;

    #[test]
    fn a_durable_cluster_comes_back_with_what_it_has_committed() {
        let mut cluster = Cluster::start_durable().unwrap();
        cluster.create_database().unwrap();
        cluster.restart().unwrap();
        assert!(TcpStream::connect(("127.0.0.1", cluster.port())).is_ok());
        // Made before: a second one has another name.
        assert!(cluster.create_database().unwrap().ends_with("_1"));
    }

    #[test]
    fn a_cluster_runs_until_it_is_dropped() {
        let cluster = Cluster::start().unwrap();
        let (one, other) = (cluster.create_database().unwrap(), cluster.create_database().unwrap());
        assert_ne!(one, other);
        let port = cluster.port();
        assert!(TcpStream::connect(("127.0.0.1", port)).is_ok());
        drop(cluster);
        assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    }
}
