//! A race between calls with a token and its revocation.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use latchkey_domain::{Lifetime, ScopeChoice, TokenForm, TokenRateLimit};
use latchkey_service::ports::TokenSource;
use latchkey_service::{
    AuditActor, DEFAULT_CATALOG, MonotoneClock, Origin, Outcome, Service, SystemClock, SystemRandom, TokenOwner,
    read_catalog,
};
use latchkey_store::{Opening, SqlStore};
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::support::{PATIENCE, client};

/// A token that can be raced for.
pub(super) struct Token {
    pub(super) sid: String,
    pub(super) secret: String,
}

/// Makes tokens, in a process of its own as far as the servers can tell.
pub(super) struct Maker {
    pub(super) service: Service,
    pub(super) store: SqlStore,
    /// Whose the tokens are.
    email: &'static str,
    made: AtomicUsize,
}

impl Maker {
    pub(super) async fn at(url: &str, email: &'static str) -> Self {
        // Of a server as many connections as races are run at once: a command's two would be what is raced for.
        let store = if url.starts_with("postgres") {
            SqlStore::open(&format!("{url}?connections=24"), Opening::Serve).await.unwrap()
        } else {
            SqlStore::open(url, Opening::UseCurrent).await.unwrap()
        };
        let clock = Arc::new(MonotoneClock::new(SystemClock));
        let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
        let service = Service::new(Arc::new(store.clone()), clock, Arc::new(SystemRandom), catalog).unwrap();
        Self { service: service.beside_a_server(), store, email, made: AtomicUsize::new(0) }
    }

    /// A token with every scope that its owner may grant; tried again where the database is gone for a moment.
    pub(super) async fn token(&self) -> Token {
        let number = self.made.fetch_add(1, Ordering::SeqCst);
        let (began, mut failures) = (Instant::now(), Vec::new());
        let made = async {
            for attempt in 0.. {
                // One that was made without our hearing of it has its description.
                match self.try_token(&format!("Race {number}, {attempt}")).await {
                    Ok(token) => return token,
                    Err(failure) => failures.push((began.elapsed(), failure)),
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            unreachable!("attempts do not end")
        };
        let made = tokio::time::timeout(PATIENCE, made).await;
        made.unwrap_or_else(|_| panic!("no token could be made: {failures:?}"))
    }

    async fn try_token(&self, description: &str) -> Outcome<Token> {
        let form = TokenForm {
            description: description.to_owned(),
            expiration: Lifetime::ALL[0].code().to_owned(),
            scope_choice: ScopeChoice::ALL_CODE.to_owned(),
            ..TokenForm::default()
        };
        let rep = self.service.rep_named(self.email).await?;
        let owner = TokenOwner {
            rep: &rep,
            maker: None,
            actor: AuditActor::CommandLine,
            source: TokenSource::CommandLine,
            rate_limit: TokenRateLimit::Off,
            origin: &Origin { address: String::new(), request_id: String::new() },
        };
        let issued = self.service.issue(owner, &form.parse().unwrap(), None).await?;
        Ok(Token { sid: issued.token.sid.to_string(), secret: issued.secret.expose().to_owned() })
    }
}

/// `SplitMix64`: the same course in every run of the same seed.
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// What came of many races.
#[derive(Debug, Default)]
pub(super) struct Races {
    /// Calls that were let in before the reply.
    pub(super) let_in: AtomicUsize,
    /// Calls that were sent after it, and refused.
    pub(super) refused: AtomicUsize,
    /// Revocations that had to be asked for again.
    pub(super) repeated: AtomicUsize,
    /// Calls that nobody answered: a server that was stopped breaks off what has waited for too long.
    pub(super) unanswered: AtomicUsize,
}

/// What revokes a token by the command line.
pub(super) type Command = Arc<dyn Fn(&str) + Send + Sync>;

/// Runs so many races at these servers, some of them at the same time. Tokens are revoked at one of the servers by
/// whoever holds them, or by the command line.
pub(super) async fn run(
    urls: &[String],
    maker: Arc<Maker>,
    count: usize,
    at_once: usize,
    command: Option<Command>,
) -> Arc<Races> {
    let races = Arc::new(Races::default());
    let numbers = Arc::new(Mutex::new((0..count).collect::<VecDeque<usize>>()));
    let mut workers = JoinSet::new();
    for worker in 0..at_once {
        let (urls, maker, races) = (urls.to_vec(), Arc::clone(&maker), Arc::clone(&races));
        let (numbers, command) = (Arc::clone(&numbers), command.clone());
        workers.spawn(async move {
            let (client, mut chance) = (client(), Chance(worker as u64));
            loop {
                let Some(number) = numbers.lock().await.pop_front() else { return };
                let token = Arc::new(maker.token().await);
                race(&urls, &client, token, number, &mut chance, &races, command.clone()).await;
            }
        });
    }
    while let Some(ended) = workers.join_next().await {
        ended.unwrap();
    }
    races
}

async fn race(
    urls: &[String],
    client: &reqwest::Client,
    token: Arc<Token>,
    number: usize,
    chance: &mut Chance,
    races: &Arc<Races>,
    command: Option<Command>,
) {
    let replied = Arc::new(AtomicBool::new(false));
    let mut calling = JoinSet::new();
    for url in urls {
        let (client, token, url) = (client.clone(), Arc::clone(&token), url.clone());
        let (replied, races) = (Arc::clone(&replied), Arc::clone(races));
        calling.spawn(async move {
            loop {
                let was_sent_after = replied.load(Ordering::SeqCst);
                let status = call(&client, &url, &token.secret).await;
                let was_let_in = status == Some(200);
                assert!(!(was_sent_after && was_let_in), "race {number}: let in at {url} after the reply");
                if status.is_none() {
                    races.unanswered.fetch_add(1, Ordering::SeqCst);
                    continue;
                }
                if was_let_in {
                    races.let_in.fetch_add(1, Ordering::SeqCst);
                }
                if was_sent_after {
                    races.refused.fetch_add(1, Ordering::SeqCst);
                    return;
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_micros(chance.below(8_000))).await;
    match command {
        Some(command) => {
            let sid = token.sid.clone();
            tokio::task::spawn_blocking(move || command(&sid)).await.unwrap();
        }
        None => {
            // Not always at the same node, and at another one where that does not know whether it was done.
            for at in number.. {
                if revoke(client, &urls[at % urls.len()], &token.secret).await {
                    break;
                }
                races.repeated.fetch_add(1, Ordering::SeqCst);
            }
        }
    }
    replied.store(true, Ordering::SeqCst);
    let ended = async {
        while let Some(ended) = calling.join_next().await {
            ended.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, ended).await.unwrap();
}

/// The status of a call with a token; none where it was broken off.
pub(super) async fn call(client: &reqwest::Client, url: &str, secret: &str) -> Option<u16> {
    // What the index answers, and nothing else.
    let asked = client.get(format!("{url}/auth/envoy/api/v1/employees")).bearer_auth(secret);
    asked.send().await.ok().map(|answer| answer.status().as_u16())
}

/// Revokes a token as whoever holds it; whether that was confirmed.
pub(super) async fn revoke(client: &reqwest::Client, url: &str, secret: &str) -> bool {
    let answer = client.post(format!("{url}/oauth2/revoke")).form(&[("token", secret)]).send().await;
    let Ok(answer) = answer else { return false };
    let status = answer.status().as_u16();
    assert!(matches!(status, 200 | 503), "{status}");
    status == 200
}
