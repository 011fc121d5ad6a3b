//! The verification index over a real database: it answers as the database does, and never after a reply what was
//! true before it.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use latchkey_domain::{
    AccountSid, Lifetime, PlainText, Policy, Presented, PresentedSid, RateLimit, Role, ScopeChoice, TokenDraft,
    TokenForm, TokenRateLimit, UsedFrom, Verdict,
};
use latchkey_service::ports::{BootClock, PolicySaving, PolicyStore as _, Rep, RepStore as _, TokenSource};
use latchkey_service::{
    AuditAction, AuditActor, AuditEntry, AuditSubject, DEFAULT_CATALOG, Origin, Purpose, RepForm, Service, SystemClock,
    SystemRandom, TokenOwner, read_catalog,
};
use latchkey_store::{Opening, SqlStore};
use sqlx::{AnyConnection, Connection as _};
use tempfile::TempDir;

/// A boot clock that moves only when it is told to.
#[derive(Default)]
struct Stepped(AtomicU64);

impl Stepped {
    fn step(&self, milliseconds: u64) {
        self.0.fetch_add(milliseconds * 1000, Ordering::SeqCst);
    }
}

impl BootClock for Stepped {
    fn micros(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn directory_url(directory: &TempDir) -> String {
    format!("sqlite://{}", directory.path().join("latchkey.db").display())
}

/// One process at the database.
struct Process {
    service: Arc<Service>,
    store: SqlStore,
    boot: Arc<Stepped>,
}

impl Process {
    async fn at(directory: &TempDir) -> Self {
        let store = SqlStore::open(&directory_url(directory), Opening::Serve).await.unwrap();
        let boot = Arc::new(Stepped::default());
        let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
        let service =
            Service::new(Arc::new(store.clone()), Arc::new(SystemClock), Arc::new(SystemRandom), catalog).unwrap();
        let service = Arc::new(service.with_boot_clock(Arc::clone(&boot) as Arc<_>));
        Self { service, store, boot }
    }

    async fn rep(&self, email: &str) -> Rep {
        self.person(email, Role::Rep).await
    }

    async fn person(&self, email: &str, role: Role) -> Rep {
        let (name, owners) = ("Ann Smith".to_owned(), Vec::new());
        let form = RepForm {
            email: email.to_owned(),
            name,
            role,
            password: Some(PlainText::new("a long enough secret phrase".to_owned())),
            owners,
        };
        self.service.add_rep(&form, &origin()).await.unwrap();
        self.service.rep_named(email).await.unwrap()
    }

    async fn token(&self, rep: &Rep, number: usize) -> Held {
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
            rep,
            maker: None,
            actor: AuditActor::CommandLine,
            source: TokenSource::CommandLine,
            rate_limit: TokenRateLimit::Off,
            origin: &origin(),
        };
        let issued = self.service.issue(owner, &draft, None).await.unwrap();
        Held { sid: issued.token.sid, secret: issued.secret.expose().to_owned() }
    }

    async fn verdict(&self, held: &Held) -> Verdict {
        self.service.verify(&held.presented(), None, UsedFrom::Unknown, Purpose::Call).await.unwrap().verdict
    }

    /// Reserves these scopes for admins.
    async fn reserve(&self, admin: &Rep, scopes: &str) {
        let audit = AuditEntry {
            at: self.service.now(),
            actor: AuditActor::Rep(admin.id),
            action: AuditAction::PolicyChanged,
            subject: AuditSubject::Nothing,
            origin: origin(),
            detail: String::new(),
        };
        let before = self.store.policy().await.unwrap().version;
        let policy = Policy { admin_scopes: scopes.parse().unwrap(), ..Policy::default() };
        let saved = self.store.save_policy(&policy, before, admin.id, &audit).await.unwrap();
        assert_eq!(self.service.settle(saved).await, PolicySaving::Saved);
    }

    async fn may_read_employees(&self, held: &Held) -> Verdict {
        let needed = "employee-read".parse().unwrap();
        let verified = self.service.inspect(&held.presented(), Some(&needed), UsedFrom::Unknown).await;
        verified.unwrap().verdict
    }

    async fn set_disabled(&self, rep: &Rep, disabled: bool) {
        let audit = AuditEntry {
            at: self.service.now(),
            actor: AuditActor::CommandLine,
            action: AuditAction::RepDisabled,
            subject: AuditSubject::Rep(rep.id),
            origin: origin(),
            detail: String::new(),
        };
        let at = disabled.then(|| self.service.now());
        let changed = self.store.set_disabled(rep.id, at, &audit).await.unwrap();
        self.service.settle(changed).await;
    }
}

struct Held {
    sid: AccountSid,
    secret: String,
}

impl Held {
    fn presented(&self) -> Presented {
        Presented {
            sid: PresentedSid::Given(self.sid),
            token: latchkey_domain::AuthToken::parse(self.secret.as_bytes()).unwrap(),
        }
    }
}

fn origin() -> Origin {
    Origin { address: String::new(), request_id: "test".to_owned() }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_answers_as_the_database_does_whatever_happens() {
    let directory = TempDir::new().unwrap();
    let process = Process::at(&directory).await;
    let mut reps = Vec::new();
    for email in ["ann@example.com", "bob@example.com"] {
        reps.push(process.rep(email).await);
    }
    let admin = process.person("admin@example.com", Role::Admin).await;
    let mut tokens = Vec::new();
    for number in 0..4 {
        tokens.push(process.token(&reps[number % 2], number).await);
    }
    process.service.build_index().await.unwrap();
    let mut state = 7_u64;
    for step in 0..150_usize {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let drawn = usize::try_from(state >> 40).unwrap();
        let token = &tokens[drawn % tokens.len()];
        match drawn / 64 % 8 {
            6 => process.reserve(&admin, "employee-read task-read").await,
            7 => process.reserve(&admin, "").await,
            0 | 1 => tokens.push(process.token(&reps[0], 100 + step).await),
            2 => drop(process.service.revoke_any_token(token.sid, &origin()).await.unwrap()),
            3 => process.set_disabled(&reps[1], true).await,
            4 => process.set_disabled(&reps[1], false).await,
            _ => {
                let limit = TokenRateLimit::Own(RateLimit::of(1_000 + u32::try_from(step).unwrap(), 60));
                process.service.limit_token(token.sid, limit, &origin()).await.unwrap();
            }
        }
        // Sometimes while it counts still, sometimes after it has to look again.
        process.boot.step(state % 150);
        if step % 2 == 0 && matches!(drawn / 64 % 8, 3) {
            // A disabled owner makes no tokens; let them in again for the next ones.
            process.set_disabled(&reps[1], false).await;
        }
        for token in &tokens {
            let indexed = process.service.inspect(&token.presented(), None, UsedFrom::Unknown).await.unwrap();
            let stored = process.service.look_up(&token.presented()).await.unwrap();
            assert!(process.service.index_state().is_trusted);
            if stored.verdict == Verdict::Revoked {
                assert_eq!(indexed.verdict, Verdict::Unknown);
            } else {
                assert_eq!(indexed.verdict, stored.verdict);
                assert_eq!(indexed.credential, stored.credential);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_call_after_the_reply_to_a_revocation_is_let_in() {
    let directory = TempDir::new().unwrap();
    let process = Arc::new(Process::at(&directory).await);
    let rep = process.rep("ann@example.com").await;
    process.service.build_index().await.unwrap();
    for round in 0..300 {
        let held = Arc::new(process.token(&rep, round).await);
        assert_eq!(process.verdict(&held).await, Verdict::Active);
        let replied = Arc::new(AtomicU64::new(0));
        let calling: Vec<_> = (0..3)
            .map(|_| {
                let (process, held, replied) = (Arc::clone(&process), Arc::clone(&held), Arc::clone(&replied));
                tokio::spawn(async move {
                    loop {
                        let sent_after = replied.load(Ordering::SeqCst) == 1;
                        let verdict = process.verdict(&held).await;
                        assert!(!(sent_after && verdict == Verdict::Active), "let in after the reply");
                        if sent_after {
                            return;
                        }
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        process.service.revoke_any_token(held.sid, &origin()).await.unwrap();
        replied.store(1, Ordering::SeqCst);
        for call in calling {
            call.await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_processs_change_holds_once_the_trust_has_run_out() {
    let directory = TempDir::new().unwrap();
    let (server, command) = (Process::at(&directory).await, Process::at(&directory).await);
    let rep = command.rep("ann@example.com").await;
    let held = command.token(&rep, 1).await;
    server.service.build_index().await.unwrap();
    assert_eq!(server.verdict(&held).await, Verdict::Active);
    command.service.revoke_any_token(held.sid, &origin()).await.unwrap();
    // Nobody has told this process: what it holds counts until its time has run out, and not a moment longer.
    server.boot.step(99);
    assert_eq!(server.verdict(&held).await, Verdict::Active);
    server.boot.step(1);
    assert_ne!(server.verdict(&held).await, Verdict::Active);
    // A new token is known in the same way, and an unknown one costs no look at the database.
    let second = command.token(&rep, 2).await;
    assert_eq!(server.verdict(&second).await, Verdict::Unknown);
    server.boot.step(100);
    assert_eq!(server.verdict(&second).await, Verdict::Active);
}

/// As immediate as a revocation: here before the reply, elsewhere once the trust has run out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_changed_policy_holds_at_once() {
    let directory = TempDir::new().unwrap();
    let (server, command) = (Process::at(&directory).await, Process::at(&directory).await);
    let admin = server.person("admin@example.com", Role::Admin).await;
    let rep = server.rep("ann@example.com").await;
    let (of_rep, of_admin) = (server.token(&rep, 1).await, server.token(&admin, 2).await);
    for _from_memory in [false, true] {
        assert_eq!(server.may_read_employees(&of_rep).await, Verdict::Active);
        server.reserve(&admin, "employee-read").await;
        assert_eq!(server.may_read_employees(&of_rep).await, Verdict::MissingScope);
        assert_eq!(server.may_read_employees(&of_admin).await, Verdict::Active);
        server.reserve(&admin, "").await;
        server.service.build_index().await.unwrap();
    }
    let held = server.service.index_state().secrets;
    command.reserve(&admin, "employee-read").await;
    server.boot.step(100);
    assert_eq!(server.may_read_employees(&of_rep).await, Verdict::MissingScope);
    assert_eq!(server.service.index_state().secrets, held, "nothing was built anew");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_watch_nothing_in_memory_counts() {
    let directory = TempDir::new().unwrap();
    let process = Process::at(&directory).await;
    let rep = process.rep("ann@example.com").await;
    let held = process.token(&rep, 1).await;
    assert_eq!(process.verdict(&held).await, Verdict::Active, "before there is an index");
    process.service.build_index().await.unwrap();
    assert_eq!(process.verdict(&held).await, Verdict::Active);
    process.store.close().await;
    assert_eq!(process.verdict(&held).await, Verdict::Active, "it is current still");
    process.boot.step(100);
    assert!(
        process.service.verify(&held.presented(), None, UsedFrom::Unknown, Purpose::Call).await.is_err(),
        "neither yes nor no"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gap_in_the_changes_makes_it_anew() {
    let directory = TempDir::new().unwrap();
    let (server, command) = (Process::at(&directory).await, Process::at(&directory).await);
    let rep = command.rep("ann@example.com").await;
    let held = command.token(&rep, 1).await;
    server.service.build_index().await.unwrap();
    assert_eq!(server.verdict(&held).await, Verdict::Active);
    command.service.revoke_any_token(held.sid, &origin()).await.unwrap();
    latchkey_service::ports::ChangeStore::forget_changes(&command.store, 0).await.unwrap();
    server.boot.step(100);
    assert_eq!(server.verdict(&held).await, Verdict::Revoked, "the database was asked");
    assert_eq!(server.service.index_state().secrets, 0);
    server.service.build_index().await.unwrap();
    assert_eq!(server.verdict(&held).await, Verdict::Unknown);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_changes_than_a_call_waits_for_are_taken_in_all_the_same() {
    let directory = TempDir::new().unwrap();
    let (server, command) = (Process::at(&directory).await, Process::at(&directory).await);
    let rep = command.rep("ann@example.com").await;
    let held = command.token(&rep, 1).await;
    let keeping = tokio::spawn({
        let service = Arc::clone(&server.service);
        async move { service.keep_index().await }
    });
    let judges_from_memory = async || {
        let judging = async {
            while !server.service.index_state().is_trusted {
                assert_eq!(server.verdict(&held).await, Verdict::Active);
            }
        };
        tokio::time::timeout(Duration::from_secs(20), judging).await.unwrap();
    };
    judges_from_memory().await;
    let mut connection = AnyConnection::connect(&directory_url(&directory)).await.unwrap();
    sqlx::raw_sql(
        "BEGIN IMMEDIATE; UPDATE token_revision SET latest = latest + 1; \
         WITH RECURSIVE many (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < 60000) \
         INSERT INTO token_change (rev, kind, subject) SELECT latest, 'token', randomblob(16) FROM token_revision, many; \
         COMMIT",
    )
    .execute(&mut connection)
    .await
    .unwrap();
    server.boot.step(100);
    judges_from_memory().await;
    keeping.abort();
}
