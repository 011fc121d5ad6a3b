//! The service over a generated database, and what is done with all of it.

use std::sync::Arc;
use std::time::Instant;

use latchkey_domain::{Appearance, PlainText, RepId, RepKind, Role};
use latchkey_service::ports::{Clock, Rep, Session};
use latchkey_service::{
    AskedToRevoke, Caller, Chosen, DEFAULT_CATALOG, Origin, SecretHash, Service, SystemRandom, TokenSearch,
    read_catalog,
};
use latchkey_store::SqlStore;

use crate::Outcome;
use crate::generate::rep_id;
use crate::spread::NOW;

/// The time of the generated database.
struct StandingClock;

impl Clock for StandingClock {
    fn unix_millis(&self) -> i64 {
        NOW.unix_seconds() * 1000
    }
}

/// The use cases over this database.
pub(crate) fn service(store: SqlStore) -> Outcome<Service> {
    let catalog = Arc::new(read_catalog(DEFAULT_CATALOG)?);
    Ok(Service::new(Arc::new(store), Arc::new(StandingClock), Arc::new(SystemRandom), catalog)?)
}

/// The admin of a generated database, as if signed in.
pub(crate) fn admin() -> Caller {
    let rep = Rep {
        id: RepId::from_bytes(rep_id(0)),
        email: "rep0@example.com".to_owned(),
        name: "Rep 0".to_owned(),
        role: Role::Admin,
        kind: RepKind::Human,
        appearance: Appearance::System,
        created_at: NOW,
        disabled_at: None,
    };
    let session = Session {
        hash: SecretHash::from_bytes([0; 32]),
        rep: rep.id,
        created_at: NOW,
        last_seen_at: NOW,
        expires_at: NOW.plus_seconds(1000),
        confirmed_at: NOW,
        address: String::new(),
        agent: String::new(),
    };
    Caller { rep, session, origin: Origin { address: String::new(), request_id: "bench".to_owned() } }
}

/// Reads all of it, as an export does.
pub(crate) async fn export(store: SqlStore) -> Outcome<()> {
    let service = service(store)?;
    let begun = Instant::now();
    let mut export = service.export_tokens(&admin(), &TokenSearch::default(), "CSV").await?;
    let (mut count, mut at_first) = (0, 0);
    loop {
        let part = service.next_exported_tokens(&mut export).await?;
        if part.is_empty() {
            break;
        }
        count += part.len();
        if at_first == 0 && count >= 50_000 {
            at_first = most_memory()?;
        }
    }
    println!(
        "{count} tokens in {:.1} s; at most {at_first} KiB of memory after the first 50,000, {} KiB after all",
        begun.elapsed().as_secs_f64(),
        most_memory()?
    );
    Ok(())
}

/// The most memory that this process has had, in KiB.
fn most_memory() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// Revokes so many live tokens, or somewhat fewer, by service reps.
pub(crate) async fn revoke(store: SqlStore, tokens: usize) -> Outcome<()> {
    let service = service(store)?;
    let admin = admin();
    let mut sids = Vec::with_capacity(tokens);
    let search = TokenSearch { status: "active".to_owned(), ..TokenSearch::default() };
    let mut export = service.export_tokens(&admin, &search, "CSV").await?;
    while sids.len() < tokens {
        let part = service.next_exported_tokens(&mut export).await?;
        if part.is_empty() {
            break;
        }
        sids.extend(part.iter().map(|listed| listed.token.sid));
    }
    sids.truncate(tokens);
    let begun = Instant::now();
    let AskedToRevoke::Fixed(set) = service.choose_to_revoke(&admin, Chosen::Those(sids)).await? else {
        return Err("nothing to revoke".into());
    };
    println!("chosen in {:.2} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let preview = service.revocation(&admin, set).await?;
    println!("previewed in {:.2} s", begun.elapsed().as_secs_f64());
    let begun = Instant::now();
    let number = preview.selection.tokens.to_string();
    service.confirm_revocation(&admin, set, &number, &PlainText::new(String::new())).await?;
    service.run_revocation(&admin, set).await?;
    let took = begun.elapsed().as_secs_f64();
    let done = service.revocation(&admin, set).await?.selection;
    println!("{} of {} revoked in {took:.2} s", done.revoked, done.tokens);
    Ok(())
}
