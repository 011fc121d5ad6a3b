//! A clock that is set back or forward, under a service that runs: neither revives a token nor kills one beyond the
//! step, whether calls are judged from memory or from the database.

#![expect(clippy::unwrap_used, reason = "a test that meets what it did not expect has failed")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use latchkey_domain::{
    AuthToken, PlainText, Presented, PresentedSid, Role, ScopeChoice, TokenForm, TokenRateLimit, UsedFrom, Verdict,
};
use latchkey_service::ports::{Clock, TokenSource};
use latchkey_service::{
    AuditActor, DEFAULT_CATALOG, MonotoneClock, Origin, Purpose, RepForm, Service, SystemRandom, TokenOwner,
    read_catalog,
};
use latchkey_store::{Opening, SqlStore};

const DAY: i64 = 24 * 60 * 60 * 1000;
const BEGIN: i64 = 1_800_000_000_000;

/// The machine's clock, as somebody sets it.
#[derive(Clone)]
struct Machine(Arc<AtomicI64>);

impl Clock for Machine {
    fn unix_millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Machine {
    /// Sets it to so many days after the beginning.
    fn set(&self, days: i64) {
        self.0.store(BEGIN + days * DAY, Ordering::SeqCst);
    }
}

/// Makes a token, and answers it as a vendor presents it.
async fn token(service: &Service, expiration: &str) -> Presented {
    let form = TokenForm {
        description: expiration.to_owned(),
        expiration: expiration.to_owned(),
        scope_choice: ScopeChoice::ALL_CODE.to_owned(),
        ..TokenForm::default()
    };
    let owner = TokenOwner {
        rep: &service.rep_named("ann@example.com").await.unwrap(),
        maker: None,
        actor: AuditActor::CommandLine,
        source: TokenSource::CommandLine,
        rate_limit: TokenRateLimit::Off,
        origin: &origin(),
    };
    let issued = service.issue(owner, &form.parse().unwrap(), None).await.unwrap();
    let token = AuthToken::parse(issued.secret.expose().as_bytes()).unwrap();
    Presented { sid: PresentedSid::Given(issued.token.sid), token }
}

fn origin() -> Origin {
    Origin { address: String::new(), request_id: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_of_the_clock_neither_revive_nor_kill() {
    for from_memory in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("latchkey.db").display());
        let store = SqlStore::open(&url, Opening::Serve).await.unwrap();
        let machine = Machine(Arc::new(AtomicI64::new(BEGIN)));
        let clock = Arc::new(MonotoneClock::new(machine.clone()));
        let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
        let service = Service::new(Arc::new(store.clone()), clock, Arc::new(SystemRandom), catalog).unwrap();
        let form = RepForm {
            email: "ann@example.com".to_owned(),
            name: "Ann Smith".to_owned(),
            role: Role::Rep,
            password: Some(PlainText::new("a long enough secret phrase".to_owned())),
            owners: Vec::new(),
        };
        service.add_rep(&form, &origin()).await.unwrap();
        let (short, long) = (token(&service, "90d").await, token(&service, "180d").await);
        if from_memory {
            service.build_index().await.unwrap();
        }
        let verdicts = async || {
            let mut verdicts = Vec::new();
            for presented in [&short, &long] {
                verdicts
                    .push(service.verify(presented, None, UsedFrom::Anywhere, Purpose::Call).await.unwrap().verdict);
            }
            assert_eq!(service.index_state().is_trusted, from_memory);
            verdicts
        };
        let dies = |day| (day, [Verdict::Expired, Verdict::Active]);
        for (day, expected) in [
            (0, [Verdict::Active; 2]),
            // Back, which changes nothing, however far.
            (-400, [Verdict::Active; 2]),
            (89, [Verdict::Active; 2]),
            // Forward beyond the one's end, and back again: that one stays ended, and the other was never touched.
            dies(100),
            dies(0),
            dies(-400),
            dies(99),
            // Until the clock is there again, time stands still: what ends later does so in its time.
            dies(179),
            (181, [Verdict::Expired; 2]),
            (0, [Verdict::Expired; 2]),
        ] {
            machine.set(day);
            assert_eq!(verdicts().await, expected, "day {day}, from memory: {from_memory}");
        }
        // What ended more than a day ago need not be in memory any longer, wherever the clock is now.
        let held = async || {
            service.forget_ended_secrets().await;
            service.index_state().secrets
        };
        assert_eq!(held().await, usize::from(from_memory), "one of the two ended a day ago, not more");
        machine.set(182);
        assert_eq!(held().await, 0);
        machine.set(0);
        let ended = if from_memory { Verdict::Unknown } else { Verdict::Expired };
        assert_eq!(verdicts().await, [ended; 2]);
        store.close().await;
    }
}
