//! Three servers at one PostgreSQL server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use latchkey_domain::Role;
use latchkey_service::ports::RepStore as _;
use latchkey_service::{AuditAction, AuditActor, AuditEntry, AuditSubject, Origin};
use latchkey_throwaway_postgres::Cluster;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use super::race::{self, Maker, Races, Token};
use super::trouble::{self, Trouble};
use super::{count, workers};
use crate::support::{PASSWORD, PATIENCE, Place, Server, client};

/// Three servers, and what they share.
pub(super) struct Nodes {
    place: Place,
    pub(super) servers: Vec<Server>,
    pub(super) url: String,
}

impl Nodes {
    pub(super) fn start(cluster: &Cluster) -> Self {
        let url = cluster.create_database().unwrap();
        let place = Place::new();
        for (email, role) in [("ann@example.com", "--admin"), ("bob@example.com", "--admin")] {
            let rep = ["rep", "add", "--email", email, "--name", "Ann Smith", role, "--database-url", &url];
            place.run_with_input(&rep, &format!("{PASSWORD}\n")).json();
        }
        let mut nodes = Self { place, servers: Vec::new(), url };
        for _ in 0..3 {
            let server = nodes.another(&nodes.url);
            nodes.servers.push(server);
        }
        nodes
    }

    /// One more server, which reaches the database by this URL.
    pub(super) fn another(&self, url: &str) -> Server {
        self.another_with(url, &[])
    }

    pub(super) fn another_with(&self, url: &str, more: &[&str]) -> Server {
        let key = self.place.path("latchkey.audit-key");
        let shared = ["--database-url", url, "--audit-key-file", key.to_str().unwrap()];
        let open = ["--rate-limit", "off", "--trusted-proxies", "127.0.0.1"];
        self.place.serve(&[&shared, &open, more].concat())
    }

    /// Where commands are run.
    pub(super) const fn place(&self) -> &Place {
        &self.place
    }

    /// Waits until each of them is one that changes wait for: a server answers before that.
    async fn all_stand_there(&self) {
        let mut connection = PgConnection::connect(&self.url).await.unwrap();
        let standing = async {
            let count = || sqlx::query_scalar::<_, i64>("SELECT COUNT(*) FROM node");
            while count().fetch_one(&mut connection).await.unwrap() < 3 {}
        };
        tokio::time::timeout(PATIENCE, standing).await.unwrap();
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.servers.iter().map(|server| server.url().to_owned()).collect()
    }

    fn run(&self, arguments: &[&str]) -> Vec<Value> {
        self.place.run(&[&["--database-url", &self.url], arguments].concat()).lines()
    }
}

async fn races_in(trouble: Trouble, nodes: &Nodes, cluster: Cluster, count: usize, at_once: usize) -> Arc<Races> {
    let maker = Arc::new(Maker::at(&nodes.url, "ann@example.com").await);
    let began = Instant::now();
    let making = trouble::begin(trouble, nodes, cluster);
    let some = async |count: usize| {
        let races = race::run(&nodes.urls(), Arc::clone(&maker), count, at_once, None).await;
        // One at each node for each race.
        assert_eq!(races.refused.load(Ordering::SeqCst), 3 * count);
        assert!(races.let_in.load(Ordering::SeqCst) > 0, "{races:?}");
        races
    };
    let races = some(count).await;
    // Few races may be over before anything has gone wrong.
    let mut more = 0;
    while trouble != Trouble::None && making.begun() == 0 {
        some(at_once).await;
        more += at_once;
    }
    let made = making.end();
    println!("{count} races and {more} more, {made} times {trouble:?}, {:?}: {races:?}", began.elapsed());
    races
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_all_is_well() {
    let cluster = Cluster::start().unwrap();
    let nodes = Nodes::start(&cluster);
    let races = races_in(Trouble::None, &nodes, cluster, count(40, 10_000), 4).await;
    assert_eq!((races.repeated.load(Ordering::SeqCst), races.unanswered.load(Ordering::SeqCst)), (0, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_node_is_stopped_and_goes_on() {
    let cluster = Cluster::start().unwrap();
    let nodes = Nodes::start(&cluster);
    races_in(Trouble::NodeStopped, &nodes, cluster, count(24, 10_000), workers(8, 48)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_connections_are_cut() {
    let cluster = Cluster::start().unwrap();
    let nodes = Nodes::start(&cluster);
    races_in(Trouble::ConnectionsCut, &nodes, cluster, count(40, 10_000), 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_database_crashes() {
    let cluster = Cluster::start_durable().unwrap();
    let nodes = Nodes::start(&cluster);
    races_in(Trouble::DatabaseCrashes, &nodes, cluster, count(16, 10_000), workers(8, 16)).await;
}

/// What every node answers to a token that may introspect.
async fn introspect(nodes: &Nodes, token: &Token) -> Vec<u16> {
    let client = client();
    let mut statuses = Vec::new();
    for url in nodes.urls() {
        let asked = client.post(format!("{url}/oauth2/introspect")).bearer_auth(&token.secret).form(&[("token", "x")]);
        statuses.push(asked.send().await.unwrap().status().as_u16());
    }
    statuses
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_else_changes_holds_everywhere_at_once() {
    let cluster = Cluster::start().unwrap();
    let nodes = Nodes::start(&cluster);
    let maker = Maker::at(&nodes.url, "ann@example.com").await;
    let ann = maker.service.rep_named("ann@example.com").await.unwrap();
    let audit = AuditEntry {
        at: maker.service.now(),
        actor: AuditActor::CommandLine,
        action: AuditAction::RoleChanged,
        subject: AuditSubject::Rep(ann.id),
        origin: Origin { address: String::new(), request_id: String::new() },
        detail: String::new(),
    };
    let set_role = async |role| {
        let changed = maker.store.set_role(ann.id, role, &audit).await.unwrap();
        maker.service.settle(changed).await;
    };
    let add = ["token", "add", "--rep", "ann@example.com", "--expires", "90d", "--scope", "token-introspect"];
    for number in 0..count(2, 200) {
        let description = format!("Introspects {number}");
        let [made] = <[Value; 1]>::try_from(nodes.run(&[&add[..], &["--description", &description]].concat())).unwrap();
        let text = |name: &str| made[name].as_str().unwrap().to_owned();
        let token = Token { sid: text("account_sid"), secret: text("auth_token") };
        assert_eq!(introspect(&nodes, &token).await, [200; 3], "a new token");
        set_role(Role::Rep).await;
        assert_eq!(introspect(&nodes, &token).await, [403; 3], "only an admin's may");
        set_role(Role::Admin).await;
        assert_eq!(introspect(&nodes, &token).await, [200; 3]);
        nodes.run(&["rep", "disable", "ann@example.com"]);
        assert_eq!(introspect(&nodes, &token).await, [401; 3], "its owner is disabled");
        nodes.run(&["rep", "enable", "ann@example.com"]);
        assert_eq!(introspect(&nodes, &token).await, [200; 3]);
        nodes.run(&["token", "revoke", &token.sid]);
        assert_eq!(introspect(&nodes, &token).await, [401; 3]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_gone_is_waited_for_once() {
    let cluster = Cluster::start().unwrap();
    let mut nodes = Nodes::start(&cluster);
    let maker = Maker::at(&nodes.url, "ann@example.com").await;
    let client = client();
    nodes.all_stand_there().await;
    nodes.servers.pop().unwrap().kill();
    // Making it waits for the one that is gone.
    let began = Instant::now();
    let token = maker.token().await;
    assert!(began.elapsed() > Duration::from_secs(1), "{:?}", began.elapsed());
    let began = Instant::now();
    assert!(race::revoke(&client, nodes.servers[0].url(), &token.secret).await);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}
