//! What goes wrong while races are run.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use latchkey_throwaway_postgres::Cluster;
use sqlx::{Connection as _, PgConnection};

use super::all_nodes::Nodes;
use super::race::Chance;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing.
    None,
    /// One node after the other is stopped for up to three seconds, and goes on.
    NodeStopped,
    /// The connections on which nodes listen are cut, now and then all there are.
    ConnectionsCut,
    /// The database crashes and is started again.
    DatabaseCrashes,
}

/// Trouble that is being made.
pub(super) struct Making {
    is_over: Arc<AtomicBool>,
    begun: Arc<AtomicUsize>,
    thread: Option<JoinHandle<usize>>,
}

impl Making {
    /// How often it has begun so far.
    pub(super) fn begun(&self) -> usize {
        self.begun.load(Ordering::SeqCst)
    }

    /// Ends it, and tells how often it was made.
    pub(super) fn end(mut self) -> usize {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.take().unwrap().join().unwrap()
    }
}

impl Drop for Making {
    /// Also where the races have failed: other tests go on in this process.
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}

/// Begins to make trouble. The cluster lives until that ends.
pub(super) fn begin(trouble: Trouble, nodes: &Nodes, mut cluster: Cluster) -> Making {
    let (is_over, times) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let ids: Vec<u32> = nodes.servers.iter().map(crate::support::Server::id).collect();
    let url = nodes.url.clone();
    let (over, beginning) = (Arc::clone(&is_over), Arc::clone(&times));
    let count = move || beginning.fetch_add(1, Ordering::SeqCst);
    let thread = thread::spawn(move || {
        let (mut chance, mut made, mut cut_off) = (Chance(20_261_125), 0, 0);
        while !over.load(Ordering::SeqCst) {
            pause(&mut chance, 400);
            match trouble {
                Trouble::None => continue,
                Trouble::NodeStopped => {
                    let node = ids[made % ids.len()];
                    count();
                    signal("STOP", node);
                    pause(&mut chance, 3_000);
                    signal("CONT", node);
                }
                Trouble::ConnectionsCut => {
                    count();
                    cut_off += cut(&url, chance.below(10) == 0);
                }
                Trouble::DatabaseCrashes => {
                    // Long enough for something to be done in between.
                    thread::park_timeout(Duration::from_millis(3_000 + chance.below(3_000)));
                    count();
                    cluster.restart().unwrap();
                }
            }
            made += 1;
        }
        // A node may be between two connections; rarely are all of them.
        let has_cut = trouble != Trouble::ConnectionsCut || cut_off >= made;
        assert!(has_cut, "{cut_off} connections in {made} cuts: nodes say something else on them by now");
        made
    });
    Making { is_over, begun: times, thread: Some(thread) }
}

fn pause(chance: &mut Chance, most: u64) {
    thread::park_timeout(Duration::from_millis(chance.below(most)));
}

fn signal(name: &str, process: u32) {
    assert!(Command::new("kill").args([format!("-{name}"), process.to_string()]).status().unwrap().success());
}

/// Answers how many connections were cut.
fn cut(url: &str, all: bool) -> usize {
    // By what nodes say and ask last on these connections.
    let listening = "AND (query LIKE '%INTO node%' OR query LIKE 'UPDATE node SET applied%' \
                     OR query LIKE '%FROM token_revision LEFT JOIN token_change%') ";
    let what = if all { "" } else { listening };
    let statement = format!(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid() {what}"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        let cut = sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).fetch_all(&mut connection).await.unwrap().len();
        connection.close().await.unwrap();
        cut
    })
}
