//! Notifications that do not come through: a node does not serve, unless it is to ask.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use latchkey_throwaway_postgres::Cluster;

use super::all_nodes::Nodes;
use super::line::{Line, Way};
use super::race::{self, Maker};
use crate::support::{Place, client, finish, is_full, wait_for};

const POLL: [&str; 2] = ["--change-notices", "poll"];

async fn refuses(place: &Place, url: &str) {
    let command = place.command(&["serve", "--listen", "127.0.0.1:0", "--database-url", url]);
    let ran = tokio::task::spawn_blocking(move || finish(command)).await.unwrap();
    let line = ran.failure(5);
    assert!(line.starts_with("notifications (LISTEN, NOTIFY) do not come through from postgres://"), "{line}");
    assert!(line.ends_with("--change-notices poll"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn where_none_come_through_a_node_serves_only_if_it_is_to_ask() {
    let cluster = Cluster::start().unwrap();
    let nodes = Nodes::start(&cluster);
    let line = Line::to(&cluster).await;
    let url = line.url(&nodes.url);
    line.set(Way::Deaf);
    refuses(&Place::new(), &url).await;

    let asking = nodes.another_with(&url, &POLL);
    let maker = Maker::at(&nodes.url, "ann@example.com").await;
    let client = client();
    for _ in 0..5 {
        let token = maker.token().await;
        assert_eq!(race::call(&client, asking.url(), &token.secret).await, Some(200));
        assert!(race::revoke(&client, nodes.servers[0].url(), &token.secret).await);
        assert_eq!(race::call(&client, asking.url(), &token.secret).await, Some(401));
    }
}

/// A pooler, which runs as long as this.
struct Pooler {
    child: Child,
    port: u16,
}

impl Pooler {
    fn start(cluster: &Cluster, place: &Place, mode: &str) -> Self {
        let here = PathBuf::from("/usr/sbin/pgbouncer");
        let program = if here.is_file() { here } else { PathBuf::from("pgbouncer") };
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = place.path(mode);
        fs::create_dir(&folder).unwrap();
        let settings = format!(
            "[databases]\n* = host=127.0.0.1 port={} user={user} password={user}\n[pgbouncer]\n\
             listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = {mode}\n\
             ignore_startup_parameters = extra_float_digits,options\n",
            cluster.port(),
            user = Cluster::USER,
        );
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, settings).unwrap();
        let mut command = Command::new("setpriv");
        // It does not run as root either.
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(program);
        command.arg(&file).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        for path in [place.path("."), folder, file] {
            open_to_all(&path);
        }
        let child = command.spawn().unwrap();
        wait_for("the pooler", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Self { child, port }
    }
}

fn open_to_all(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_real_pooler_in_transaction_mode_is_refused_and_one_in_session_mode_is_not() {
    if !is_full() {
        return;
    }
    let cluster = Cluster::start().unwrap();
    let nodes = Nodes::start(&cluster);
    let place = Place::new();
    let over = |pooler: &Pooler| {
        let port = |port: u16| format!(":{port}/");
        format!("{}?sslmode=disable", nodes.url.replace(&port(cluster.port()), &port(pooler.port)))
    };
    let pooler = Pooler::start(&cluster, &place, "transaction");
    refuses(&place, &over(&pooler)).await;
    drop(pooler);

    let pooler = Pooler::start(&cluster, &place, "session");
    let server = nodes.another(&over(&pooler));
    let maker = Maker::at(&nodes.url, "ann@example.com").await;
    let token = maker.token().await;
    let client = client();
    assert_eq!(race::call(&client, server.url(), &token.secret).await, Some(200));
    assert!(race::revoke(&client, nodes.servers[0].url(), &token.secret).await);
    assert_eq!(race::call(&client, server.url(), &token.secret).await, Some(401));
    // While the pooler is there.
    drop(server);
}
