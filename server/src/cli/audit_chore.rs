//! What `serve` does for the audit log while it runs: sequencing entries, saying the log's head, writing summaries of
//! refused calls.

use std::sync::Arc;
use std::time::Duration;

use latchkey_service::ports::StoreResult;
use latchkey_service::{AuditHead, Sequencing, Service};
use tokio::time::{MissedTickBehavior, interval};

use super::patience::in_time;

/// How often entries of the audit log are sequenced.
const SEQUENCE_INTERVAL: Duration = Duration::from_millis(500);
/// After how many of those the log's head is said: an hour.
const HEAD_EVERY: u64 = 2 * 60 * 60;
/// After how many of those refused calls are written: a minute.
const REFUSALS_EVERY: u64 = 2 * 60;

/// What is done beside sequencing, by how often entries were sequenced since the start.
struct Due {
    /// That refused calls are written.
    refusals: bool,
    /// That the log's head is said, or why there is none.
    head: bool,
}

impl Due {
    fn after(passed: u64) -> Self {
        let refusals = passed.wrapping_add(1).is_multiple_of(REFUSALS_EVERY);
        Self { refusals, head: passed.is_multiple_of(HEAD_EVERY) }
    }
}

/// Sequences the audit log, says where its chain ends, and writes what calls were refused.
pub(super) async fn keep(service: Arc<Service>) {
    let mut ticks = interval(SEQUENCE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut passed: u64 = 0;
    loop {
        ticks.tick().await;
        let due = Due::after(passed);
        if due.refusals
            && let Err(error) = service.flush_refused_calls().await
        {
            tracing::warn!(cause = %error, "refused calls could not be written; they are kept for the next time");
        }
        let sequenced = in_time(service.sequence_audit()).await;
        match &sequenced {
            Ok(Sequencing::OtherKey) if due.head => {
                tracing::error!("the audit log is not sequenced: its chain was begun with another key");
            }
            Ok(Sequencing::NoKey) if due.head => {
                tracing::error!("the audit log is not sequenced here: there is no key");
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(cause = %error, "the audit log could not be sequenced; its entries wait"),
        }
        if due.head && sequenced.is_ok() {
            say_head(&service).await;
        }
        passed = passed.wrapping_add(1);
    }
}

/// Writes and sequences what is left, and says where the chain ends.
pub(super) async fn finish(service: &Service) -> StoreResult<()> {
    service.flush_refused_calls().await?;
    service.sequence_audit().await?;
    say_head(service).await;
    Ok(())
}

/// A head that is kept elsewhere shows later that nothing before it was cut off.
async fn say_head(service: &Service) {
    match in_time(service.audit_head()).await {
        Ok(AuditHead { seq, mac }) => tracing::info!(entry = seq, head = %mac, "the audit log's head"),
        Err(error) => tracing::warn!(cause = %error, "the audit log's head could not be read"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_is_said_at_once_and_then_each_hour() {
        let ticks_a_day = u64::try_from(Duration::from_hours(24).as_millis() / SEQUENCE_INTERVAL.as_millis()).unwrap();
        let heads: Vec<u64> = (0..ticks_a_day).filter(|passed| Due::after(*passed).head).collect();
        assert_eq!(heads, (0..24).map(|hour| hour * (ticks_a_day / 24)).collect::<Vec<_>>());
        let refusals = (0..ticks_a_day).filter(|passed| Due::after(*passed).refusals).count();
        assert_eq!(refusals, 24 * 60);
    }
}
