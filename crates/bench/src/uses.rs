//! What it takes to write down when tokens were last used: of tokens side by side, and of tokens all over the table.

use std::time::Instant;

use latchkey_domain::{AccountSid, Timestamp};
use latchkey_service::ports::Clock as _;
use latchkey_service::{CallOrigin, LastUse, SystemClock};
use latchkey_store::SqlStore;
use sqlx::{AnyConnection, Connection as _};

use crate::Outcome;

/// How often each set is written.
const ROUNDS: i64 = 3;

/// Measures over a generated database.
pub(crate) async fn measure(store: SqlStore, url: &str, tokens: usize) -> Outcome<()> {
    let all = sids(url).await?;
    let apart = (all.len() / tokens.max(1)).max(1);
    let now = SystemClock.now();
    for (step, what) in [(1, "side by side"), (apart, "all over the table")] {
        let chosen: Vec<AccountSid> = all.iter().step_by(step).take(tokens).copied().collect();
        for round in 0..ROUNDS {
            let at = now.plus_seconds(round * 60 + if step > 1 { 600 } else { 0 });
            write(&store, &chosen, at, what).await?;
        }
    }
    Ok(())
}

async fn write(store: &SqlStore, chosen: &[AccountSid], at: Timestamp, what: &str) -> Outcome<()> {
    let notes = LastUse::default();
    for sid in chosen {
        notes.note(*sid, at, CallOrigin { address: Some([192, 0, 2, 7].into()), agent: "vendor/1.0" });
    }
    let (begun, processor) = (Instant::now(), processor_time()?);
    notes.flush(store).await?;
    #[expect(clippy::cast_precision_loss, reason = "a count of tokens")]
    let count = chosen.len() as f64;
    println!(
        "{count} tokens {what}: {:.2} s, {:.1} µs of processor time each",
        begun.elapsed().as_secs_f64(),
        (processor_time()? - processor) * 1e6 / count
    );
    Ok(())
}

async fn sids(url: &str) -> Outcome<Vec<AccountSid>> {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await?;
    let rows: Vec<(Vec<u8>,)> = sqlx::query_as("SELECT sid FROM token ORDER BY sid").fetch_all(&mut connection).await?;
    connection.close().await?;
    rows.iter().map(|(sid,)| Ok(AccountSid::from_bytes(sid.as_slice().try_into()?))).collect()
}

/// The processor time that this process has had, in seconds.
fn processor_time() -> Outcome<f64> {
    crate::calls::processor_time(std::process::id())
}
