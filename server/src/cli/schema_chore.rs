//! What `serve` does against a schema that it does not know: where another release has migrated the database
//! meanwhile, it ends. Whoever migrates stops every server first; this is for the one that was forgotten.

use std::time::Duration;

use latchkey_store::SqlStore;
use tokio::time::{MissedTickBehavior, interval};

use super::failure::{Exit, Failed};

/// How often the schema's version is looked at. It is one row.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);

/// Waits until the database has another schema than it was opened with.
pub(super) async fn other_schema(store: &SqlStore) -> Failed {
    let mut ticks = interval(LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        // A database that does not answer says nothing about its schema. It is asked again.
        if matches!(store.has_known_schema().await, Ok(false)) {
            tracing::error!("stopping: the database has another schema than this latchkey knows");
            let line = "another release of latchkey has migrated the database meanwhile; start that one";
            return Failed::new(Exit::Broken, line);
        }
    }
}
