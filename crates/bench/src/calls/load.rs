//! The load: wrk on a core of its own, which sends the same requests in turn to whomever is measured.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::contestant::{Contestant, LOAD_CORE};
use crate::Outcome;

/// One request of the load.
pub(super) struct Call {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Option<String>,
}

/// Requests to be sent in turn, as wrk reads them.
pub(super) struct Load {
    script: PathBuf,
    connections: u32,
    seconds: u32,
}

/// What came of a load.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    /// Processor time for each request, in microseconds.
    pub(super) micros: f64,
    /// Requests in a second.
    pub(super) rate: f64,
    /// How much of its core the program had.
    pub(super) share: f64,
}

impl Load {
    /// A load of these requests.
    pub(super) fn of(calls: &[Call], directory: &Path, name: &str, connections: u32, seconds: u32) -> Outcome<Self> {
        let mut lua = String::from(
            "local calls = {}\nlocal function add(m, p, h, b) calls[#calls + 1] = wrk.format(m, p, h, b) end\n",
        );
        // Lua takes at most so many constants in one function, so each thousand has a function of its own.
        lua.push_str("init = function()\n");
        for number in 0..calls.len().div_ceil(1_000) {
            let _ = writeln!(lua, "  add{number}()");
        }
        lua.push_str("end\nlocal at = 0\nrequest = function()\n  at = at % #calls + 1\n  return calls[at]\nend\n");
        for (number, part) in calls.chunks(1_000).enumerate() {
            let _ = writeln!(lua, "function add{number}()");
            for call in part {
                let mut headers = String::new();
                for (name, value) in &call.headers {
                    let _ = write!(headers, "[{name:?}]={value:?},");
                }
                let body = call.body.as_ref().map_or_else(|| "nil".to_owned(), |body| format!("{body:?}"));
                let _ = writeln!(lua, "  add({:?}, {:?}, {{{headers}}}, {body})", call.method, call.path);
            }
            lua.push_str("end\n");
        }
        let script = directory.join(format!("{name}.lua"));
        fs::write(&script, lua)?;
        Ok(Self { script, connections, seconds })
    }

    /// Sends it. Any answer but a success is an error.
    pub(super) fn send_to(&self, contestant: &Contestant) -> Outcome<Taken> {
        self.send_for(self.seconds, contestant)
    }

    /// Sends it for so many seconds.
    pub(super) fn send_for(&self, seconds: u32, contestant: &Contestant) -> Outcome<Taken> {
        let before = contestant.processor_time()?;
        let output = Command::new("taskset")
            .args(["-c", LOAD_CORE, "wrk", "-t1"])
            .arg(format!("-c{}", self.connections))
            .arg(format!("-d{seconds}s"))
            .arg("-s")
            .arg(&self.script)
            .arg(format!("http://{}/", contestant.address))
            .output()?;
        let time = contestant.processor_time()? - before;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() || text.contains("Non-2xx") || text.contains("Socket errors") {
            let complaint = String::from_utf8_lossy(&output.stderr);
            return Err(format!("not every request succeeded: {text}{complaint}").into());
        }
        let (requests, seconds) = counted(&text).ok_or_else(|| format!("wrk said something else: {text}"))?;
        Ok(Taken { micros: time * 1e6 / requests, rate: requests / seconds, share: time / seconds })
    }
}

/// `  1234567 requests in 3.00s, 500.00MB read`.
fn counted(text: &str) -> Option<(f64, f64)> {
    let line = text.lines().find(|line| line.contains(" requests in "))?;
    let (requests, rest) = line.trim().split_once(" requests in ")?;
    let (time, _) = rest.split_once(',')?;
    let seconds = match time.strip_suffix("ms") {
        Some(millis) => millis.parse::<f64>().ok()? / 1000.0,
        None => time.strip_suffix('s')?.parse().ok()?,
    };
    Some((requests.parse().ok()?, seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wrk_counted_is_read() {
        assert_eq!(counted("x\n  1200 requests in 3.00s, 5.00MB read\n"), Some((1200.0, 3.0)));
        assert_eq!(counted("  7 requests in 500.00ms, 5.00MB read"), Some((7.0, 0.5)));
        assert_eq!(counted("unable to connect"), None);
    }
}
