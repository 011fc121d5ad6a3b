//! The log, on standard error.
//!
//! A server writes a line for each request. Written one by one they would cost more than most requests do, so lines
//! are gathered, and written together a moment later or once there are many. A warning or an error is written at
//! once, with all that came before it, and so is whatever is left when the program ends or a thread panics.

use std::io::{self, IsTerminal as _, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::failure::{Exit, Failed};

/// How long a line waits at most.
const PAUSE: Duration = Duration::from_millis(100);
/// How much waits at most, in bytes, before it is written without a pause.
const MOST: usize = 32 * 1024;

/// Writes what is left when it is dropped.
pub(super) struct Log(Arc<Gathered>);

impl Drop for Log {
    fn drop(&mut self) {
        self.0.write_out();
    }
}

/// Starts the log, at the level that the environment asks for.
///
/// # Errors
/// Where the environment asks for something that cannot be read.
pub(super) fn start() -> Result<Log, Failed> {
    let set = ["LATCHKEY_LOG", "RUST_LOG"].into_iter().find_map(|name| Some((name, std::env::var(name).ok()?)));
    let filter = match set {
        // PostgreSQL tells whoever drops a table what else goes with it, as a restore does.
        None => EnvFilter::new("info,sqlx::postgres::notice=warn"),
        Some((name, text)) => EnvFilter::try_new(&text)
            .map_err(|error| Failed::new(Exit::Usage, format!("{name} cannot be read: {error}")))?,
    };
    let gathered = Arc::new(Gathered::default());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(Lines(Arc::clone(&gathered)))
        .with_ansi(io::stderr().is_terminal())
        .init();
    let writing = Arc::clone(&gathered);
    let started = std::thread::Builder::new().name("log".to_owned()).spawn(move || writing.write_every_pause());
    if started.is_err() {
        // Without the thread, each line is written at once.
        gathered.lock().is_pausing = false;
    }
    let (on_panic, before) = (Arc::clone(&gathered), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |panic| {
        on_panic.write_out();
        before(panic);
    }));
    Ok(Log(gathered))
}

/// Lines that are not written yet.
struct Gathered {
    waiting: Mutex<Waiting>,
    /// Told when the first line begins to wait.
    begun: Condvar,
}

struct Waiting {
    bytes: Vec<u8>,
    is_pausing: bool,
}

impl Default for Gathered {
    fn default() -> Self {
        Self { waiting: Mutex::new(Waiting { bytes: Vec::new(), is_pausing: true }), begun: Condvar::new() }
    }
}

impl Gathered {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Lines are whole after any panic: each is added in one step.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, line: &[u8], is_urgent: bool) {
        let mut waiting = self.lock();
        let is_first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        if is_urgent || !waiting.is_pausing || waiting.bytes.len() >= MOST {
            write(&mut waiting.bytes);
        } else if is_first {
            self.begun.notify_one();
        }
    }

    fn write_out(&self) {
        write(&mut self.lock().bytes);
    }

    fn write_every_pause(&self) {
        loop {
            {
                let waiting = self.begun.wait_while(self.lock(), |waiting| waiting.bytes.is_empty());
                drop(waiting.unwrap_or_else(PoisonError::into_inner));
            }
            std::thread::sleep(PAUSE);
            self.write_out();
        }
    }
}

fn write(bytes: &mut Vec<u8>) {
    // Nobody can be told that the log cannot be written.
    let _ = io::stderr().lock().write_all(bytes);
    bytes.clear();
}

/// What the log's lines are written to.
struct Lines(Arc<Gathered>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { gathered: &self.0, is_urgent: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        Line { gathered: &self.0, is_urgent: *metadata.level() <= Level::WARN }
    }
}

struct Line<'a> {
    gathered: &'a Gathered,
    is_urgent: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.gathered.add(line, self.is_urgent);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_wait_for_one_another_unless_they_are_urgent() {
        let gathered = Gathered::default();
        gathered.add(b"one\n", false);
        gathered.add(b"two\n", false);
        assert_eq!(gathered.lock().bytes, b"one\ntwo\n");
        gathered.add(b"", true);
        assert!(gathered.lock().bytes.is_empty());
        gathered.add(&vec![b' '; MOST], false);
        assert!(gathered.lock().bytes.is_empty());
    }
}
