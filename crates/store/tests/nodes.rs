//! Several nodes at one PostgreSQL server: what one of them revokes, none of them lets in after the reply.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that meets what it did not expect has failed")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use latchkey_domain::{
    AccountSid, AuthToken, Lifetime, PlainText, Policy, PolicyForm, Presented, PresentedSid, Role, ScopeChoice,
    ScopeName, TokenDraft, TokenForm, TokenRateLimit, UsedFrom, Verdict,
};
use latchkey_service::ports::{Clock as _, PolicySaving, PolicyStore as _, TokenSource, TokenStore as _};
use latchkey_service::{
    AskedToRevoke, AuditAction, AuditActor, AuditEntry, AuditSubject, Caller, Chosen, DEFAULT_CATALOG, Origin, Outcome,
    PolicySaved, Purpose, RepForm, Service, SignInForm, SystemClock, SystemRandom, TokenOwner, read_catalog,
};
use latchkey_store::{Opening, SqlStore};
use latchkey_throwaway_postgres::Cluster;
use sqlx::{Connection as _, PgConnection};
use tokio::task::JoinHandle;

const REP: &str = "ann@example.com";
const ADMIN: &str = "bob@example.com";
const PASSWORD: &str = "a long enough secret phrase";
/// Long enough for anything that is going to happen.
const PATIENCE: Duration = Duration::from_secs(20);

struct Node {
    url: String,
    service: Arc<Service>,
    store: SqlStore,
    keeping: JoinHandle<()>,
}

impl Node {
    async fn at(url: &str) -> Self {
        let store = SqlStore::open(url, Opening::Serve).await.unwrap();
        let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
        let service = Service::new(Arc::new(store.clone()), Arc::new(SystemClock), Arc::new(SystemRandom), catalog);
        let service = Arc::new(service.unwrap());
        let keeping = tokio::spawn({
            let service = Arc::clone(&service);
            async move { service.keep_index().await }
        });
        Self { url: url.to_owned(), service, store, keeping }
    }

    /// Waits until it judges from memory, or no longer does.
    async fn judges_from_memory(&self, does: bool) {
        let began = Instant::now();
        while self.service.index_state().is_trusted != does {
            assert!(began.elapsed() < PATIENCE);
            tokio::task::yield_now().await;
        }
    }

    async fn token(&self, number: usize) -> Held {
        self.issue(number).await.unwrap()
    }

    async fn issue(&self, number: usize) -> Outcome<Held> {
        let form = TokenForm {
            form_id: String::new(),
            description: format!("Token {number}"),
            expiration: Lifetime::ALL[0].code().to_owned(),
            scope_choice: ScopeChoice::ALL_CODE.to_owned(),
            scopes: Vec::new(),
            addresses: String::new(),
        };
        let draft: TokenDraft = form.parse().unwrap();
        let owner = TokenOwner {
            rep: &self.service.rep_named(REP).await?,
            maker: None,
            actor: AuditActor::CommandLine,
            source: TokenSource::CommandLine,
            rate_limit: TokenRateLimit::Off,
            origin: &origin(),
        };
        let issued = self.service.issue(owner, &draft, None).await?;
        Ok(Held { sid: issued.token.sid, secret: issued.secret.expose().to_owned() })
    }

    async fn verdict(&self, held: &Held) -> Verdict {
        self.service.verify(&held.presented(), None, UsedFrom::Unknown, Purpose::Call).await.unwrap().verdict
    }

    async fn revoke(&self, held: &Held) {
        self.service.revoke_any_token(held.sid, &origin()).await.unwrap();
    }
}

struct Held {
    sid: AccountSid,
    secret: String,
}

impl Held {
    fn presented(&self) -> Presented {
        Presented { sid: PresentedSid::Given(self.sid), token: AuthToken::parse(self.secret.as_bytes()).unwrap() }
    }
}

/// Does something until it is done.
async fn again<T, F: Future<Output = Outcome<T>>>(work: impl Fn() -> F) -> T {
    let done = async {
        loop {
            if let Ok(done) = work().await {
                return done;
            }
        }
    };
    tokio::time::timeout(PATIENCE, done).await.unwrap()
}

fn origin() -> Origin {
    Origin { address: String::new(), request_id: "test".to_owned() }
}

fn about(subject: AuditSubject, action: AuditAction) -> AuditEntry {
    let (at, actor) = (SystemClock.now(), AuditActor::CommandLine);
    AuditEntry { at, actor, action, subject, origin: origin(), detail: String::new() }
}

fn form(email: &str, role: Role) -> RepForm {
    let password = Some(PlainText::new(PASSWORD.to_owned()));
    RepForm { email: email.to_owned(), name: "Ann Smith".to_owned(), role, password, owners: Vec::new() }
}

/// Three nodes, each judging from memory.
async fn three_nodes(cluster: &Cluster) -> [Node; 3] {
    let url = cluster.create_database().unwrap();
    let first = Node::at(&url).await;
    first.service.add_rep(&form(REP, Role::Rep), &origin()).await.unwrap();
    let nodes = [first, Node::at(&url).await, Node::at(&url).await];
    for node in &nodes {
        node.judges_from_memory(true).await;
    }
    nodes
}

async fn cut_all(url: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::query(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .execute(&mut connection)
    .await
    .unwrap();
}

fn cluster() -> Cluster {
    Cluster::start().unwrap_or_else(|error| panic!("{error}"))
}

fn rounds() -> usize {
    if std::env::var_os("LATCHKEY_FULL").is_some() { 10_000 } else { 200 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_node_revokes_none_lets_in_after_the_reply() {
    let cluster = cluster();
    let nodes = three_nodes(&cluster).await;
    for round in 0..rounds() {
        let (maker, revoker) = (&nodes[round % 3], &nodes[(round / 3) % 3]);
        let held = maker.token(round).await;
        for node in &nodes {
            assert_eq!(node.verdict(&held).await, Verdict::Active, "made is made, everywhere");
        }
        revoker.revoke(&held).await;
        for node in &nodes {
            assert_ne!(node.verdict(&held).await, Verdict::Active, "round {round}");
        }
    }
    assert!(nodes.iter().all(|node| node.service.index_state().is_trusted));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_says_nothing_is_waited_for_until_it_trusts_itself_no_longer() {
    let cluster = cluster();
    let [first, second, silent] = three_nodes(&cluster).await;
    let held = first.token(1).await;
    assert_eq!(silent.verdict(&held).await, Verdict::Active);
    silent.keeping.abort();
    let began = Instant::now();
    first.revoke(&held).await;
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    assert!(!silent.service.index_state().is_trusted);
    assert_ne!(silent.verdict(&held).await, Verdict::Active, "the database is asked");
    // It was waited for once; nobody waits for it again.
    let another = second.token(2).await;
    let began = Instant::now();
    second.revoke(&another).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_ne!(silent.verdict(&another).await, Verdict::Active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_leaves_is_not_waited_for() {
    let cluster = cluster();
    let [first, second, leaving] = three_nodes(&cluster).await;
    leaving.keeping.abort();
    leaving.service.leave_index().await.unwrap();
    let held = second.token(1).await;
    let began = Instant::now();
    first.revoke(&held).await;
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    assert_ne!(leaving.verdict(&held).await, Verdict::Active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn cut_connections_let_nobody_in() {
    let cluster = cluster();
    let (nodes, origin) = (three_nodes(&cluster).await, origin());
    for round in 0..12 {
        // What the cut caught in the middle, or on a connection that nobody had used since, is done again.
        let held = again(|| nodes[0].issue(round)).await;
        // What each node listens on, among others.
        cut_all(&nodes[0].url).await;
        again(|| nodes[1].service.revoke_any_token(held.sid, &origin)).await;
        for node in &nodes {
            let verdict = node.service.verify(&held.presented(), None, UsedFrom::Unknown, Purpose::Call).await;
            assert!(!matches!(&verdict, Ok(verified) if verified.verdict == Verdict::Active), "round {round}");
        }
        for node in &nodes {
            node.judges_from_memory(true).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_node_changes_itself_does_not_hide_what_others_changed_before() {
    let cluster = cluster();
    let [first, second, _] = three_nodes(&cluster).await;
    let (others, own) = (first.token(1).await, first.token(2).await);
    // Nobody tells it anything any more. What it has in memory counts for a moment yet.
    first.keeping.abort();
    let audit = about(AuditSubject::Token(others.sid), AuditAction::TokenRevoked);
    // Committed, and not answered to anybody who would have waited for it.
    second.store.revoke_token(others.sid, None, audit.at, &audit).await.unwrap().unsettled();
    first.revoke(&own).await;
    for held in [&others, &own] {
        assert_ne!(first.verdict(held).await, Verdict::Active);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_one_node_reserves_for_admins_none_lets_others_do_after_the_reply() {
    let cluster = cluster();
    let [first, second, third] = three_nodes(&cluster).await;
    first.service.add_rep(&form(ADMIN, Role::Admin), &origin()).await.unwrap();
    let admin = first.service.rep_named(ADMIN).await.unwrap();
    let held = second.token(1).await;
    let needed: ScopeName = "employee-read".parse().unwrap();
    let verdicts = async || {
        let mut verdicts = Vec::new();
        for node in [&first, &second, &third] {
            let verified = node.service.inspect(&held.presented(), Some(&needed), UsedFrom::Unknown).await.unwrap();
            verdicts.push(verified.verdict);
        }
        verdicts
    };
    for round in 0..10 {
        let node = [&first, &second, &third][round % 3];
        for (scopes, verdict) in [("employee-read", Verdict::MissingScope), ("", Verdict::Active)] {
            let (policy, audit) = (
                Policy { admin_scopes: scopes.parse().unwrap(), ..Policy::default() },
                AuditEntry {
                    actor: AuditActor::Rep(admin.id),
                    ..about(AuditSubject::Nothing, AuditAction::PolicyChanged)
                },
            );
            let before = node.store.policy().await.unwrap().version;
            let saved = node.store.save_policy(&policy, before, admin.id, &audit).await.unwrap();
            assert_eq!(node.service.settle(saved).await, PolicySaving::Saved);
            assert_eq!(verdicts().await, [verdict; 3], "round {round}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_is_found_done_already_is_answered_once_it_holds_everywhere() {
    let cluster = cluster();
    let [first, ..] = three_nodes(&cluster).await;
    first.service.add_rep(&form(ADMIN, Role::Admin), &origin()).await.unwrap();
    let credentials = SignInForm { email: ADMIN.to_owned(), password: PlainText::new(PASSWORD.to_owned()) };
    let started = first.service.sign_in(&credentials, &origin(), "test").await.unwrap();
    let (rep, session) = first.service.resume(started.cookie.expose()).await.unwrap().unwrap();
    let caller = Caller { rep, session, origin: origin() };
    let password = PlainText::new(PASSWORD.to_owned());
    let held = first.token(1).await;
    let chosen = first.service.choose_to_revoke(&caller, Chosen::Those(vec![held.sid])).await.unwrap();
    let AskedToRevoke::Fixed(set) = chosen else { panic!("{chosen:?}") };
    assert!(first.service.confirm_revocation(&caller, set, "", &password).await.unwrap());
    first.service.run_revocation(&caller, set).await.unwrap();

    // A node of which nothing is heard.
    let slow = async || {
        let mut connection = PgConnection::connect(&first.url).await.unwrap();
        let insert = "INSERT INTO node (id, renewal, applied) VALUES (decode(repeat('77', 16), 'hex'), 1, 0)";
        sqlx::query(insert).execute(&mut connection).await.unwrap();
        Instant::now()
    };
    let began = slow().await;
    assert_eq!(first.service.revocation(&caller, set).await.unwrap().selection.waiting, 0);
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());

    let (began, stored) = (slow().await, first.store.policy().await.unwrap());
    let same = PolicyForm::of(&stored.policy);
    let saved = first.service.save_policy(&caller, &same, stored.version, 0, &password).await.unwrap();
    assert!(matches!(saved, PolicySaved::Saved));
    assert!(began.elapsed() > Duration::from_secs(2), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_node_that_cannot_read_changes_is_waited_for_by_nobody() {
    let cluster = cluster();
    let [first, ..] = three_nodes(&cluster).await;
    let held = first.token(1).await;
    let mut connection = PgConnection::connect(&first.url).await.unwrap();
    for (breaks, mends) in [
        // What a change is about cannot be read.
        (
            "ALTER TABLE token_secret RENAME TO mislaid; \
             UPDATE token_revision SET latest = latest + 1; \
             INSERT INTO token_change (rev, kind, subject) \
             SELECT latest, 'token', decode(repeat('01', 16), 'hex') FROM token_revision",
            "ALTER TABLE mislaid RENAME TO token_secret",
        ),
        // The change itself cannot.
        (
            "UPDATE token_revision SET latest = latest + 1; \
             INSERT INTO token_change (rev, kind, subject) SELECT latest, 'unheard of', '' FROM token_revision",
            "UPDATE token_change SET kind = 'policy' WHERE kind = 'unheard of'",
        ),
    ] {
        sqlx::raw_sql(breaks).execute(&mut connection).await.unwrap();
        let gone = async {
            let count = || sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM node");
            while count().fetch_one(&mut connection).await.unwrap() > 0 {}
        };
        tokio::time::timeout(PATIENCE, gone).await.unwrap_or_else(|_| panic!("{breaks}"));
        assert!(!first.service.index_state().is_trusted, "{breaks}");
        sqlx::raw_sql(mends).execute(&mut connection).await.unwrap();
        first.judges_from_memory(true).await;
        assert_eq!(first.verdict(&held).await, Verdict::Active, "{breaks}");
    }
}

/// As where a standby takes over that had not received everything.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_a_node_changes_in_a_database_that_came_back_older_holds_in_it() {
    let cluster = cluster();
    let [first, ..] = three_nodes(&cluster).await;
    let (own, lost) = (first.token(1).await, first.token(2).await);
    // It does not find out by itself.
    first.keeping.abort();
    let mut connection = PgConnection::connect(&first.url).await.unwrap();
    let older = "DELETE FROM token_change WHERE rev = (SELECT latest FROM token_revision); \
                 UPDATE token_revision SET latest = latest - 1";
    sqlx::raw_sql(older).execute(&mut connection).await.unwrap();
    assert_eq!(first.verdict(&lost).await, Verdict::Active);
    first.revoke(&own).await;
    assert_ne!(first.verdict(&own).await, Verdict::Active);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn without_the_database_a_node_judges_as_long_as_nothing_can_have_changed() {
    let cluster = cluster();
    let [first, ..] = three_nodes(&cluster).await;
    let held = first.token(1).await;
    assert_eq!(first.verdict(&held).await, Verdict::Active);
    first.store.close().await;
    assert_eq!(first.verdict(&held).await, Verdict::Active, "for a moment");
    first.judges_from_memory(false).await;
    assert!(
        first.service.verify(&held.presented(), None, UsedFrom::Unknown, Purpose::Call).await.is_err(),
        "neither yes nor no"
    );
}
