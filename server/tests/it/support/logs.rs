//! What is logged, whoever logs it.
//!
//! One subscriber serves the whole test binary: the database's own threads log too. It listens at the most
//! talkative level, but only while a recording runs.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::dynamic_filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;

static RUNNING: AtomicUsize = AtomicUsize::new(0);
static LINES: Mutex<Vec<u8>> = Mutex::new(Vec::new());
static INSTALLED: OnceLock<()> = OnceLock::new();

/// Everything that is logged from its start until it is dropped.
pub(crate) struct Recording {
    begins_at: usize,
}

impl Recording {
    pub(crate) fn start() -> Self {
        INSTALLED.get_or_init(|| {
            let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(|| Lines);
            let lines = lines.with_filter(dynamic_filter_fn(|_, _| RUNNING.load(Ordering::SeqCst) > 0));
            tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines)).unwrap();
        });
        RUNNING.fetch_add(1, Ordering::SeqCst);
        Self { begins_at: lines().len() }
    }

    /// What was logged until now.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        lines()[self.begins_at..].to_vec()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::SeqCst);
    }
}

fn lines() -> MutexGuard<'static, Vec<u8>> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Lines;

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        lines().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
