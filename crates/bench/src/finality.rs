//! How long a revocation takes until it is final on three nodes, against a bare COMMIT of the same server in the same
//! run.
//!
//! The nodes are three services in this process, each with connections of its own. They stand in turn. What a
//! revocation takes is what its caller waits for; what a COMMIT takes is that statement alone, after an insertion of
//! one row. Both run as tasks of their own, as everything does in a server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use latchkey_domain::{AccountSid, Lifetime, PlainText, Role, ScopeChoice, TokenForm, TokenRateLimit};
use latchkey_service::ports::TokenSource;
use latchkey_service::{
    AuditActor, DEFAULT_CATALOG, Origin, RepForm, Service, SystemClock, SystemRandom, TokenOwner, read_catalog,
};
use latchkey_store::{Opening, SqlStore};
use sqlx::{Connection as _, PgConnection};

use crate::Outcome;

const NODES: usize = 3;
/// Rounds that do not count: meanwhile connections are opened and statements prepared.
const FIRST: usize = 200;
const REP: &str = "ann@example.com";

/// Measures over an empty PostgreSQL database.
pub(crate) async fn measure(url: &str, rounds: usize) -> Outcome<()> {
    let mut nodes = Vec::new();
    for _ in 0..NODES {
        nodes.push(node(url).await?);
    }
    let [first, ..] = nodes.as_slice() else { return Ok(()) };
    let origin = nowhere();
    let rep = RepForm {
        email: REP.to_owned(),
        name: "Ann Smith".to_owned(),
        role: Role::Rep,
        password: Some(PlainText::new("a long enough secret phrase".to_owned())),
        owners: Vec::new(),
    };
    first.add_rep(&rep, &origin).await?;
    for node in &nodes {
        while !node.index_state().is_trusted {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    let mut bare = PgConnection::connect(url).await?;
    sqlx::raw_sql("CREATE TABLE bare (n BIGINT NOT NULL)").execute(&mut bare).await?;

    let (mut commits, mut revocations) = (Vec::new(), Vec::new());
    for (round, node) in (0..rounds + FIRST).zip(nodes.iter().cycle()) {
        let form = TokenForm {
            description: format!("Round {round}"),
            expiration: Lifetime::ALL.first().map(|lifetime| lifetime.code().to_owned()).unwrap_or_default(),
            scope_choice: ScopeChoice::ALL_CODE.to_owned(),
            ..TokenForm::default()
        };
        let draft = form.parse().map_err(|errors| format!("{errors:?}"))?;
        let owner = TokenOwner {
            rep: &first.rep_named(REP).await?,
            maker: None,
            actor: AuditActor::CommandLine,
            source: TokenSource::CommandLine,
            rate_limit: TokenRateLimit::Off,
            origin: &origin,
        };
        let token = first.issue(owner, &draft, None).await?.token;
        let duration;
        (duration, bare) = tokio::spawn(commit(bare)).await??;
        let revocation = tokio::spawn(revoke(Arc::clone(node), token.sid)).await??;
        if round >= FIRST {
            commits.push(duration);
            revocations.push(revocation);
        }
    }
    bare.close().await?;
    for (name, share) in [("median", 50), ("p90", 90), ("p99", 99)] {
        let (commit, revocation) = (at(&mut commits, share), at(&mut revocations, share));
        let ratio = revocation.as_secs_f64() / commit.as_secs_f64();
        println!("{name}: a bare COMMIT {commit:?}, a revocation on {NODES} nodes {revocation:?}: {ratio:.2}");
    }
    Ok(())
}

/// How long a COMMIT takes.
async fn commit(mut connection: PgConnection) -> Outcome<(Duration, PgConnection)> {
    sqlx::raw_sql("BEGIN; INSERT INTO bare (n) VALUES (1)").execute(&mut connection).await?;
    let began = Instant::now();
    sqlx::raw_sql("COMMIT").execute(&mut connection).await?;
    Ok((began.elapsed(), connection))
}

/// How long a revocation takes.
async fn revoke(node: Arc<Service>, token: AccountSid) -> Outcome<Duration> {
    let origin = nowhere();
    let began = Instant::now();
    node.revoke_any_token(token, &origin).await?;
    Ok(began.elapsed())
}

fn nowhere() -> Origin {
    Origin { address: String::new(), request_id: String::new() }
}

async fn node(url: &str) -> Outcome<Arc<Service>> {
    let store = SqlStore::open(url, Opening::Serve).await?;
    let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).map_err(|error| error.reason)?);
    let service = Arc::new(Service::new(Arc::new(store), Arc::new(SystemClock), Arc::new(SystemRandom), catalog)?);
    tokio::spawn({
        let service = Arc::clone(&service);
        async move { service.keep_index().await }
    });
    Ok(service)
}

/// The time that so many percent do not take longer than.
fn at(times: &mut [Duration], percent: usize) -> Duration {
    times.sort();
    times.get(times.len() * percent / 100).copied().unwrap_or_default()
}
