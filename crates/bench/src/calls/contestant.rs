//! The programs that are measured: started on one core, waited for, their processor time and memory read.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;

/// The core that everything measured runs on; the load has the other one.
pub(super) const SERVER_CORE: &str = "0";
/// The core of the load.
pub(super) const LOAD_CORE: &str = "1";
/// The kernel counts processor time in these, on every Linux that people run.
const TICKS_PER_SECOND: f64 = 100.0;

/// A program that answers requests.
pub(super) struct Contestant {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(super) address: String,
    /// The process whose time is counted.
    pid: u32,
}

impl Contestant {
    /// A program that says its address in a line of JSON.
    pub(super) fn start(program: &Path, arguments: &[&str], log: &Path) -> Outcome<Self> {
        let mut command = pinned(program);
        command.args(arguments).stdout(Stdio::piped()).stderr(File::create(log)?);
        let mut child = command.spawn()?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("no standard output")?;
        BufReader::new(output).read_line(&mut line)?;
        let address = line
            .split_once("\"listening\":\"http://")
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|(address, _)| address.to_owned())
            .ok_or_else(|| format!("{} did not start: {line:?}, see {}", program.display(), log.display()))?;
        let pid = child.id();
        Ok(Self { child, address, pid })
    }

    /// nginx, with one worker that says 200 to everything.
    pub(super) fn nginx(directory: &Path) -> Outcome<Self> {
        let port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let address = format!("127.0.0.1:{port}");
        let configuration = directory.join("nginx.conf");
        fs::write(
            &configuration,
            format!(
                "daemon off; worker_processes 1; pid {0}/nginx.pid; error_log {0}/nginx.log;\n\
                 events {{ worker_connections 256; }}\n\
                 http {{ access_log off; keepalive_requests 100000000; client_body_temp_path {0}/body;\n\
                 proxy_temp_path {0}/proxy; fastcgi_temp_path {0}/fastcgi; uwsgi_temp_path {0}/uwsgi;\n\
                 scgi_temp_path {0}/scgi; server {{ listen {address}; location / {{ return 200; }} }} }}\n",
                directory.display()
            ),
        )?;
        let mut command = pinned(Path::new("nginx"));
        command.arg("-c").arg(&configuration).arg("-p").arg(directory);
        // Debian keeps it off the search path of ordinary users.
        command.env("PATH", format!("{}:/usr/sbin", std::env::var("PATH").unwrap_or_default()));
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        wait_until("nginx listens", || TcpStream::connect(&address).is_ok())?;
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let mut pid = None;
        wait_until("nginx has its worker", || {
            let text = fs::read_to_string(&children).unwrap_or_default();
            pid = text.split_whitespace().next().and_then(|pid| pid.parse().ok());
            pid.is_some()
        })?;
        Ok(Self { child, address, pid: pid.ok_or("nginx has no worker")? })
    }

    /// The processor time that it has had, in seconds.
    pub(super) fn processor_time(&self) -> Outcome<f64> {
        processor_time(self.pid)
    }

    /// The memory that it has now, in bytes.
    pub(super) fn memory(&self) -> Outcome<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? * 1024.0)
    }

    /// The answer to one request, head and body.
    pub(super) fn ask(&self, request: &str) -> Outcome<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// A number that Latchkey's `/metrics` shows.
    pub(super) fn metric(&self, name: &str) -> Outcome<f64> {
        let answer = self.ask("GET /metrics HTTP/1.1\r\nhost: bench\r\nconnection: close\r\n\r\n")?;
        let value = answer.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        Ok(value.ok_or_else(|| format!("/metrics has no {name}"))?)
    }

    /// Waits until Latchkey judges from memory, with so many secrets in it.
    pub(super) fn wait_for_index(&self, secrets: f64) -> Outcome<()> {
        wait_until("the index is complete", || self.metric("latchkey_index_secrets").is_ok_and(|held| held >= secrets))
    }
}

/// The processor time that a process has had, in seconds.
pub(crate) fn processor_time(pid: u32) -> Outcome<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name, which may hold anything, ends at the last bracket; user and system time are the 14th and 15th.
    let rest = stat.rsplit_once(')').ok_or("no name in /proc/PID/stat")?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<f64>().ok()).ok_or("no times");
    Ok((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND)
}

impl Drop for Contestant {
    fn drop(&mut self) {
        // nginx's worker goes with its master where that is told to end; nobody else minds.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

/// A program on the core of everything that is measured.
pub(super) fn pinned(program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", SERVER_CORE]).arg(program).stdin(Stdio::null());
    command
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) -> Outcome<()> {
    let begun = Instant::now();
    while !is_so() {
        if begun.elapsed() > Duration::from_mins(5) {
            return Err(format!("waited in vain until {what}").into());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(())
}
