//! PostgreSQL behind the real binary: starting, TLS, another release's migration, and days on which it is gone.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use latchkey_throwaway_postgres::{Cluster, greet_as_version};
use serde_json::Value;
use sqlx::{Connection as _, Executor as _, PgConnection};

use crate::proxy::Proxy;
use crate::support::{Place, Server, client, wait_for};

const ADMIN: &str = "ann@example.com";

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// What a vendor is answered: the status, and after how many seconds to try again.
async fn answer(server: &Server, token: &Value) -> (u16, Option<String>) {
    let url = format!("{}/api/v1/token", server.url());
    let answer = client().get(url).bearer_auth(token["auth_token"].as_str().unwrap()).send().await.unwrap();
    let retry = answer.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), retry)
}

/// Asks again and again until this is answered. Anything but one of `meanwhile` before is wrong.
async fn until(server: &Server, token: &Value, status: u16, meanwhile: &[u16]) {
    let began = Instant::now();
    loop {
        let (found, retry) = answer(server, token).await;
        assert_eq!(retry.is_some(), found == 503, "{found}");
        if found == status {
            return;
        }
        assert!(meanwhile.contains(&found), "{found} before {status}");
        assert!(began.elapsed() < Duration::from_secs(50), "{found} for too long");
    }
}

#[test]
fn nodes_that_start_at_once_make_one_schema() {
    let cluster = Cluster::start().unwrap();
    let url = Arc::new(cluster.create_database().unwrap());
    let starting: Vec<_> = (0..4)
        .map(|_| {
            let url = Arc::clone(&url);
            thread::spawn(move || {
                let place = Place::new().on(&url);
                let mut server = place.serve(&[]);
                server.signal("TERM");
                assert_eq!(server.wait().0.code(), Some(0));
            })
        })
        .collect();
    for node in starting {
        node.join().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_database_is_one_line_and_5() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.create_database().unwrap();
    let mut connection = connect(&url).await;
    connection.execute("CREATE USER poor PASSWORD 'hunter2'").await.unwrap();
    let place = Place::new();
    let all = [&["serve", "--listen", "127.0.0.1:0"][..], &["migrate"], &["token", "list"]];
    let [serve, migrate, list] = all;
    let refused_to = |commands: &[&[&str]], url: &str, words: &str| {
        for command in commands {
            let ran = place.on(url).run(command);
            let line = ran.failure(5);
            assert!(line.contains(words) && !line.contains("hunter2"), "{line}");
        }
    };
    let refused = |url: &str, words: &str| refused_to(&all, url, words);
    refused(&url.replace("latchkey:latchkey@", "latchkey:hunter2@"), "refuses the user or the password");
    let poor = url.replace("latchkey:latchkey@", "poor:hunter2@");
    refused_to(&[serve, migrate], &poor, "lacks rights");
    // There is nothing that it would have to make.
    refused_to(&[list], &poor, "there is nothing of Latchkey's");
    refused_to(&[list], &url, "there is nothing of Latchkey's");
    refused(&cluster.url("nothing"), "does not exist");
    refused(&format!("{url}?sslmode=verify-full"), "TLS");
    refused(&format!("{url}?pool=hunter2"), "pool is not known");
    refused("postgres://u:hunter2@127.0.0.1:1/db", "cannot reach");
    let old = greet_as_version("13.18").unwrap();
    refused(&format!("postgres://u:hunter2@127.0.0.1:{old}/db?sslmode=disable"), "Latchkey needs 14 or newer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_by_tls_is_checked_as_the_url_says() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.create_database().unwrap().replace("127.0.0.1", "localhost");
    let made = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (own, other) = (made(), made());
    let place = Place::new();
    place.write("ca.pem", own.cert.pem());
    place.write("other.pem", other.cert.pem());
    // The server reads its files as another user, and insists that they are that user's alone: it writes them itself.
    let mut connection = connect(&url).await;
    let folder: String = sqlx::query_scalar("SHOW data_directory").fetch_one(&mut connection).await.unwrap();
    for (name, text) in [("server.crt", own.cert.pem()), ("server.key", own.signing_key.serialize_pem())] {
        let lines = text.lines().map(|line| format!("('{line}')")).collect::<Vec<_>>().join(", ");
        let sql = format!("COPY (VALUES {lines}) TO PROGRAM 'umask 077; cat > {folder}/{name}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    for sql in ["ALTER SYSTEM SET ssl = on", "SELECT pg_reload_conf()"] {
        connection.execute(sql).await.unwrap();
    }
    let ran = |parameters: &str| place.on(&format!("{url}?{parameters}")).run(&["migrate"]);
    // The server takes its configuration in when it gets to it.
    wait_for("TLS", || (ran("sslmode=require").code == 0).then_some(()));
    assert_eq!(ran("sslmode=verify-full&sslrootcert=ca.pem").code, 0);
    for parameters in ["sslmode=verify-full", "sslmode=verify-full&sslrootcert=other.pem"] {
        assert!(ran(parameters).failure(5).contains("TLS"), "{parameters}");
    }
    let by_address = url.replace("localhost", "127.0.0.1");
    let ran = place.on(&format!("{by_address}?sslmode=verify-full&sslrootcert=ca.pem")).run(&["migrate"]);
    assert!(ran.failure(5).contains("TLS"), "the certificate is another host's");
    // The pool's connections are made by the same rules.
    let server = place.on(&format!("{url}?sslmode=verify-full&sslrootcert=ca.pem")).serve(&[]);
    let encrypted = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let all: bool = sqlx::query_scalar(encrypted).fetch_one(&mut connection).await.unwrap();
    assert!(all);
    drop(server);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_ends_where_another_release_migrates_under_it() {
    let cluster = Cluster::start().unwrap();
    let place = Place::new();
    for url in [place.database_url(), cluster.create_database().unwrap()] {
        let place = place.on(&url);
        place.add_rep(ADMIN, &[]);
        let mut server = place.serve(&[]);
        sqlx::any::install_default_drivers();
        let mut connection = sqlx::AnyConnection::connect(&url).await.unwrap();
        let newer =
            "UPDATE _sqlx_migrations SET version = 9999 WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)";
        sqlx::raw_sql(newer).execute(&mut connection).await.unwrap();
        let (status, took) = server.wait();
        assert_eq!(status.code(), Some(5));
        assert!(took < Duration::from_secs(10), "{took:?}");
        assert!(server.log().contains("error: another release of latchkey has migrated the database meanwhile"));
        assert!(place.run(&["serve", "--listen", "127.0.0.1:0"]).failure(5).contains("9999"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_has_lost_its_database_answers_only_what_is_certain() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.create_database().unwrap();
    let direct = Place::new().on(&url);
    direct.add_rep(ADMIN, &["--admin"]);
    let (kept, revoked) = (direct.add_token("Kept"), direct.add_token("Revoked"));
    let proxy = Proxy::before(cluster.port()).await;
    let through = direct.on(&url.replace(&cluster.port().to_string(), &proxy.port().to_string()));
    let server = through.serve(&["--rate-limit", "off"]);
    let get =
        async |path: &str| client().get(format!("{}{path}", server.url())).send().await.unwrap().status().as_u16();
    for broken in ["cut", "silent"] {
        until(&server, &kept, 200, &[503]).await;
        match broken {
            "cut" => proxy.cut(),
            _ => proxy.hold(),
        }
        let revoked = if broken == "cut" { &revoked } else { &kept };
        direct.run(&["token", "revoke", revoked["account_sid"].as_str().unwrap()]).json();
        // The command has returned: whatever is answered now, it is not yes, and it is not no either.
        for _ in 0..3 {
            let asked = Instant::now();
            assert_eq!(answer(&server, revoked).await, (503, Some("5".to_owned())), "{broken}");
            assert!(asked.elapsed() < Duration::from_secs(12), "{broken}: {:?}", asked.elapsed());
        }
        let asked = Instant::now();
        assert_eq!((get("/healthz").await, get("/readyz").await), (200, 503), "{broken}");
        assert!(asked.elapsed() < Duration::from_secs(12), "{broken}: {:?}", asked.elapsed());
        assert_eq!(get("/sign-in").await, 200);
        proxy.heal();
        // By itself.
        until(&server, revoked, 401, &[503]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_answered_is_there_after_connections_were_lost() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.create_database().unwrap();
    let direct = Place::new().on(&url);
    direct.add_rep(ADMIN, &["--admin"]);
    let token = direct.add_token("Vendor");
    let secret = token["auth_token"].as_str().unwrap().to_owned();
    let proxy = Proxy::before(cluster.port()).await;
    let through = direct.on(&url.replace(&cluster.port().to_string(), &proxy.port().to_string()));
    let server = through.serve(&["--rate-limit", "off"]);
    let post = async |number: usize| {
        let request = client().post(format!("{}/api/v1/employees", server.url())).bearer_auth(&secret);
        let answer = request.json(&serde_json::json!({ "number": number })).send().await.unwrap();
        let place = answer.headers().get("location").map(|value| value.to_str().unwrap().to_owned());
        (answer.status().as_u16(), place)
    };
    let mut made = Vec::new();
    for round in 0..6 {
        for number in 0..20 {
            if number == 10 {
                proxy.cut();
            }
            match post(round * 20 + number).await {
                (201, place) => made.push(place.unwrap()),
                (503, None) => {}
                other => panic!("{other:?}"),
            }
        }
        proxy.heal();
        let began = Instant::now();
        while post(1000 + round).await.0 != 201 {
            assert!(began.elapsed() < Duration::from_secs(50));
        }
    }
    assert!(made.len() >= 60, "{}", made.len());
    for place in &made {
        let url = if place.starts_with("http") { place.clone() } else { format!("{}{place}", server.url()) };
        let found = client().get(url).bearer_auth(&secret).send().await.unwrap();
        assert_eq!(found.status().as_u16(), 200, "{place}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_it_in_time_though_the_database_is_gone() {
    let cluster = Cluster::start().unwrap();
    let url = cluster.create_database().unwrap();
    let direct = Place::new().on(&url);
    direct.add_rep(ADMIN, &["--admin"]);
    let token = direct.add_token("Vendor");
    let proxy = Proxy::before(cluster.port()).await;
    let through = direct.on(&url.replace(&cluster.port().to_string(), &proxy.port().to_string()));
    let mut server = through.serve(&[]);
    until(&server, &token, 200, &[503]).await;
    proxy.hold();
    // Somebody waits for an answer that does not come.
    let waiting = std::net::TcpStream::connect(server.address()).unwrap();
    std::io::Write::write_all(&mut &waiting, b"POST /sign-in HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n")
        .unwrap();
    server.signal("TERM");
    let (status, took) = server.wait();
    assert_eq!(status.code(), Some(0));
    assert!(took < Duration::from_secs(10), "{took:?}");
}
