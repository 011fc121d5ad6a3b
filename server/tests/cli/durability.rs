//! What was answered has happened, and stays so, however suddenly the process ends.
//!
//! Round after round, vendors create, replace and delete records and give tokens up, and operators make and revoke
//! tokens; at some point the server is killed, and now and then an operator's command too. After each restart,
//! whatever was answered in the round before must hold, and after the last one whatever ever was. What was asked and
//! never answered may have happened or not.

use std::collections::{HashMap, HashSet};
use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use latchkey_domain::{ScopeChoice, TokenForm};
use latchkey_service::ports::TokenSource;
use latchkey_service::{
    AuditActor, DEFAULT_CATALOG, MonotoneClock, Origin, Service, SystemClock, SystemRandom, TokenOwner, read_catalog,
};
use latchkey_store::{Opening, SqlStore};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{Place, client, is_full};

const EMPLOYEES: &str = "/api/v1/employees";
const WORKERS: usize = 4;

/// What a record or a token must be found to be.
#[derive(Debug, Clone, PartialEq)]
enum Known {
    /// A record with this content; a token that opens.
    There(Value),
    /// Removed; revoked.
    Gone,
    /// One or the other: the change was never answered.
    Either(Value),
    /// The old content or the new: the change was never answered.
    OneOf(Value, Value),
}

/// `SplitMix64`: the same course in every run of the same seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// A vendor or an operator, with all they know.
struct Worker {
    chance: Chance,
    token: String,
    /// Records by path, with their version.
    records: HashMap<String, (Known, u64)>,
    /// Auth Tokens that can be given up, and that have been.
    tokens: HashMap<String, Known>,
    /// The records and tokens that were not looked at since they changed.
    changed: HashSet<String>,
}

/// How far a round has come.
#[derive(Default)]
struct Progress {
    answered: AtomicUsize,
    changed: Notify,
}

impl Progress {
    fn step(&self) {
        self.answered.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_one();
    }

    async fn reaches(&self, count: usize) {
        while self.answered.load(Ordering::SeqCst) < count {
            self.changed.notified().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_holds_after_a_kill() {
    let (rounds, steps) = if is_full() { (60, 200) } else { (10, 100) };
    let place = Arc::new(Place::new());
    place.add_rep("ann@example.com", &[]);
    let mut chance = Chance(20_261_123);
    let mut workers = prepare(&place, &mut chance, rounds).await;
    let mut operator = Operator { chance: Chance(7), tokens: Vec::new(), made: 0 };
    let mut total = 0;
    for round in 0..=rounds {
        // No limits: thousands of calls come from here, with ended tokens too. A proxy that names no client is not
        // counted against.
        let server = place.serve(&["--rate-limit", "off", "--trusted-proxies", "127.0.0.1"]);
        let url = server.url().to_owned();
        for worker in &mut workers {
            worker.check(&url, round, round == rounds).await;
        }
        operator.check(&url, round).await;
        if round == rounds {
            break;
        }
        let progress = Arc::new(Progress::default());
        let running: Vec<_> =
            workers.into_iter().map(|worker| tokio::spawn(worker.work(url.clone(), Arc::clone(&progress)))).collect();
        let commands = {
            let place = Arc::clone(&place);
            tokio::task::spawn_blocking(move || operator.work(&place))
        };
        progress.reaches(steps / 2 + usize::try_from(chance.below(steps as u64)).unwrap()).await;
        server.kill();
        workers = Vec::new();
        for worker in running {
            workers.push(worker.await.unwrap());
        }
        operator = commands.await.unwrap();
        total += progress.answered.load(Ordering::SeqCst);
    }
    assert!(total >= rounds * steps / 2, "{total} answers only");
}

/// Workers with a token each, and tokens to give up: made beforehand, since one page makes them one at a time.
async fn prepare(place: &Place, chance: &mut Chance, rounds: usize) -> Vec<Worker> {
    let store = SqlStore::open(&place.database_url(), Opening::UseCurrent).await.unwrap();
    let clock = Arc::new(MonotoneClock::new(SystemClock));
    let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
    let service = Service::new(Arc::new(store.clone()), clock, Arc::new(SystemRandom), catalog).unwrap();
    let rep = service.rep_named("ann@example.com").await.unwrap();
    let origin = Origin { address: String::new(), request_id: String::new() };
    let issue = async |description: String| {
        let form = TokenForm {
            description,
            expiration: "90d".to_owned(),
            scope_choice: ScopeChoice::ALL_CODE.to_owned(),
            ..TokenForm::default()
        };
        let (actor, source) = (AuditActor::CommandLine, TokenSource::CommandLine);
        let owner = TokenOwner {
            rep: &rep,
            actor,
            source,
            rate_limit: latchkey_domain::TokenRateLimit::Default,
            origin: &origin,
            maker: None,
        };
        service.issue(owner, &form.parse().unwrap(), None).await.unwrap().secret.expose().to_owned()
    };
    let mut workers = Vec::new();
    for number in 0..WORKERS {
        let token = issue(format!("Worker {number}")).await;
        let mut tokens = HashMap::new();
        for spare in 0..(rounds * 3).min(90) {
            tokens.insert(issue(format!("Spare {number}-{spare}")).await, Known::There(Value::Null));
        }
        workers.push(Worker {
            chance: Chance(chance.below(u64::MAX)),
            token,
            records: HashMap::new(),
            tokens,
            changed: HashSet::new(),
        });
    }
    store.close().await;
    workers
}

impl Worker {
    /// Works until the server does not answer any more.
    async fn work(mut self, url: String, progress: Arc<Progress>) -> Self {
        let client = client();
        while self.step(&client, &url).await.is_some() {
            progress.step();
        }
        self
    }

    /// One change; `None` where it was not answered.
    async fn step(&mut self, client: &reqwest::Client, url: &str) -> Option<()> {
        let content = json!({ "n": self.chance.below(1_000_000) });
        let choice = self.chance.below(10);
        if choice == 0
            && let Some(token) = self.tokens.iter().find(|(_, known)| matches!(known, Known::There(_)))
        {
            let token = token.0.clone();
            self.changed.insert(token.clone());
            self.tokens.insert(token.clone(), Known::Either(Value::Null));
            let request = client.delete(format!("{url}/api/v1/token")).bearer_auth(&token);
            assert_eq!(request.send().await.ok()?.status(), 204);
            self.tokens.insert(token, Known::Gone);
            return Some(());
        }
        let there: Vec<&String> = self
            .records
            .iter()
            .filter(|(_, (known, _))| matches!(known, Known::There(_)))
            .map(|(path, _)| path)
            .collect();
        let chosen = usize::try_from(self.chance.below(there.len().max(1) as u64)).unwrap();
        let Some(path) = there.get(chosen).filter(|_| choice > 5).map(|path| (*path).clone()) else {
            let request = client.post(format!("{url}{EMPLOYEES}")).bearer_auth(&self.token).json(&content);
            let answer = request.send().await.ok()?;
            assert_eq!(answer.status(), 201);
            let path = answer.headers()["location"].to_str().unwrap().to_owned();
            self.changed.insert(path.clone());
            self.records.insert(path, (Known::There(content), 1));
            return Some(());
        };
        let (known, version) = self.records[&path].clone();
        let Known::There(before) = known else { panic!("{known:?}") };
        self.changed.insert(path.clone());
        if choice > 7 {
            self.records.insert(path.clone(), (Known::OneOf(before, content.clone()), version));
            let request = client.put(format!("{url}{path}")).bearer_auth(&self.token).json(&content);
            let answer = request.header("if-match", format!("\"{version}\"")).send().await.ok()?;
            assert_eq!(answer.status(), 200);
            self.records.insert(path, (Known::There(content), version + 1));
        } else {
            self.records.insert(path.clone(), (Known::Either(before), version));
            let request = client.delete(format!("{url}{path}")).bearer_auth(&self.token);
            assert_eq!(request.send().await.ok()?.status(), 204);
            self.records.insert(path, (Known::Gone, version));
        }
        Some(())
    }

    /// Holds what changed, or everything, against what the server says, and settles what was open.
    async fn check(&mut self, url: &str, round: usize, everything: bool) {
        let client = client();
        let changed = std::mem::take(&mut self.changed);
        let is_due = |name: &String| everything || changed.contains(name);
        for (path, (known, version)) in self.records.iter_mut().filter(|(path, _)| is_due(path)) {
            let answer = client.get(format!("{url}{path}")).bearer_auth(&self.token).send().await.unwrap();
            let found = if answer.status() == 200 {
                *version = answer.headers()["etag"].to_str().unwrap().trim_matches('"').parse().unwrap();
                let record: Value = answer.json().await.unwrap();
                Known::There(record["data"].clone())
            } else {
                assert_eq!(answer.status(), 404);
                Known::Gone
            };
            settle(known, found, round);
        }
        for (token, known) in self.tokens.iter_mut().filter(|(token, _)| is_due(token)) {
            settle(known, token_state(&client, url, token).await, round);
        }
    }
}

/// Whoever makes and revokes tokens on the command line.
struct Operator {
    chance: Chance,
    tokens: Vec<(Value, Known)>,
    made: usize,
}

impl Operator {
    /// A few commands, one of which is killed before, during or after its work.
    fn work(mut self, place: &Place) -> Self {
        for _ in 0..2 {
            self.made += 1;
            self.tokens.push((place.add_token(&format!("Operator {}", self.made)), Known::There(Value::Null)));
        }
        if let Some((token, known)) = self.tokens.iter_mut().find(|(_, known)| matches!(known, Known::There(_))) {
            place.run(&["token", "revoke", token["account_sid"].as_str().unwrap()]).json();
            *known = Known::Gone;
        }
        if let Some((token, known)) = self.tokens.iter_mut().find(|(_, known)| matches!(known, Known::There(_))) {
            let mut command = place.command(&["token", "revoke", token["account_sid"].as_str().unwrap()]);
            let mut child = command.spawn().unwrap();
            for _ in 0..self.chance.below(20_000) {
                if child.try_wait().unwrap().is_some() {
                    break;
                }
                std::thread::yield_now();
            }
            let _ = child.kill();
            child.wait().unwrap();
            let mut said = String::new();
            child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
            *known = if said.is_empty() { Known::Either(Value::Null) } else { Known::Gone };
        }
        self
    }

    async fn check(&mut self, url: &str, round: usize) {
        let client = client();
        for (token, known) in &mut self.tokens {
            settle(known, token_state(&client, url, token["auth_token"].as_str().unwrap()).await, round);
        }
    }
}

async fn token_state(client: &reqwest::Client, url: &str, token: &str) -> Known {
    let status = client.get(format!("{url}/api/v1/token")).bearer_auth(token).send().await.unwrap().status();
    match status.as_u16() {
        200 => Known::There(Value::Null),
        401 => Known::Gone,
        other => panic!("{other}"),
    }
}

#[track_caller]
fn settle(known: &mut Known, found: Known, round: usize) {
    let holds = match &*known {
        Known::There(_) | Known::Gone => *known == found,
        Known::Either(value) => found == Known::Gone || found == Known::There(value.clone()),
        Known::OneOf(old, new) => found == Known::There(old.clone()) || found == Known::There(new.clone()),
    };
    assert!(holds, "round {round}: known {known:?}, found {found:?}");
    *known = found;
}
