//! What a server does again and again beside answering. None of it ever ends by itself.

use std::sync::Arc;
use std::time::Duration;

use latchkey_service::Service;
use tokio::time::{Interval, MissedTickBehavior, interval};

use super::patience::in_time;

/// How often it is looked whether notifications pile up in the database.
const NOTICES_INTERVAL: Duration = Duration::from_mins(1);
/// How often ended sessions and old changes are forgotten, and tokens revoked that nobody uses.
const HOURLY: Duration = Duration::from_hours(1);

/// Comes at once, and then at this distance; one that comes late puts off those after it.
fn every(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Forgets changes that nobody who follows can still be missing.
pub(super) async fn forget_changes(service: Arc<Service>) {
    let mut ticks = every(HOURLY);
    loop {
        ticks.tick().await;
        if let Err(error) = in_time(service.forget_changes()).await {
            tracing::warn!(cause = %error, "old changes could not be forgotten");
        }
    }
}

/// Takes secrets out of the memory that ended long ago.
pub(super) async fn forget_ended_secrets(service: Arc<Service>) {
    let mut ticks = every(HOURLY);
    loop {
        ticks.tick().await;
        service.forget_ended_secrets().await;
    }
}

/// Warns where the database's room for notifications fills.
pub(super) async fn watch_notices(service: Arc<Service>) {
    let mut ticks = every(NOTICES_INTERVAL);
    loop {
        ticks.tick().await;
        if let Err(error) = service.watch_notices().await {
            tracing::warn!(cause = %error, "how full the database's room for notifications is cannot be read");
        }
    }
}

/// Removes sessions that have ended.
pub(super) async fn remove_ended_sessions(service: Arc<Service>) {
    let mut ticks = every(HOURLY);
    loop {
        ticks.tick().await;
        match in_time(service.remove_ended_sessions()).await {
            Ok(removed) => tracing::debug!(removed, "ended sessions removed"),
            Err(error) => tracing::warn!(cause = %error, "ended sessions could not be removed"),
        }
    }
}

/// Revokes tokens that nobody uses, as the policy says. Each step is whole; one that is broken off by the end leaves the
/// rest to the next start.
pub(super) async fn revoke_idle_tokens(service: Arc<Service>) {
    let mut ticks = every(HOURLY);
    loop {
        ticks.tick().await;
        match service.revoke_idle_tokens().await {
            Ok(0) => {}
            Ok(revoked) => tracing::info!(revoked, "tokens that nobody used were revoked, as the policy says"),
            Err(error) => tracing::warn!(cause = %error, "tokens that nobody uses could not be revoked"),
        }
    }
}
