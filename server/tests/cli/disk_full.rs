//! A disk that is full: what would be written is refused, what is in memory goes on, and nothing is damaged.
//!
//! The disk is a small one in memory, which only the server and what is started beside it see.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{PASSWORD, Place, Server, client, wait_for};

/// Room for a few times what SQLite writes beside its file before it tidies up.
const MEBIBYTES: u64 = 24;

/// The server's own view of a file on that disk.
fn seen_by(server: &Server, path: &std::path::Path) -> PathBuf {
    PathBuf::from(format!("/proc/{}/root{}", server.id(), path.display()))
}

/// Fills the disk to its last byte.
fn fill(path: &std::path::Path) {
    let mut file = fs::File::create(path).unwrap();
    let mut chunk = vec![0x55; 1 << 16];
    while !chunk.is_empty() {
        if file.write_all(&chunk).is_err() {
            chunk.truncate(chunk.len() / 2);
        }
    }
}

async fn post(server: &Server, secret: &str, number: usize) -> (u16, bool, Option<String>) {
    let request = client().post(format!("{}/api/v1/employees", server.url())).bearer_auth(secret);
    let text = "x".repeat(2000);
    let answer = request.json(&json!({ "number": number, "text": text })).send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    (answer.status().as_u16(), header("retry-after").is_some(), header("location"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_damages_nothing() {
    let place = Place::new();
    let disk = place.path("disk");
    fs::create_dir(&disk).unwrap();
    // Whoever is root mounts; others do in a user namespace of their own.
    let is_root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let script = format!(
        "set -e; mount -t tmpfs -o size={MEBIBYTES}m tmpfs disk\n\
         echo '{PASSWORD}' | \"$0\" rep add --email ann@example.com --name Ann >/dev/null\n\
         \"$0\" token add --rep ann@example.com --description x --expires 90d --all-scopes >token\n\
         exec \"$0\" serve --rate-limit off"
    );
    let url = format!("sqlite://{}", disk.join("latchkey.db").display());
    let place = place.on(&url);
    let namespaces = if is_root { "--mount" } else { "--user --map-root-user --mount" };
    let server = place.serve_through("unshare", &[namespaces.split(' ').collect(), vec!["sh", "-c", &script]].concat());
    let token: Value = serde_json::from_slice(&fs::read(place.path("token")).unwrap()).unwrap();
    let secret = token["auth_token"].as_str().unwrap();
    let mut made = Vec::new();
    for round in 0..3 {
        let (status, _, record) = post(&server, secret, round).await;
        assert_eq!(status, 201, "round {round}: {}", server.log());
        made.extend(record);
        let filler = seen_by(&server, &disk.join("filler"));
        fill(&filler);
        // What there was room for in pages that are there already may still go; then it is refused.
        let mut refused = 0;
        for number in 0..2000 {
            match post(&server, secret, number).await {
                (201, _, record) => made.extend(record),
                (503, true, None) => refused += 1,
                other => panic!("{other:?}"),
            }
            if refused == 5 {
                break;
            }
        }
        assert_eq!(refused, 5, "the disk was never full");
        // What nothing is written for goes on.
        let url = format!("{}/api/v1/token", server.url());
        assert_eq!(client().get(url).bearer_auth(secret).send().await.unwrap().status().as_u16(), 200);
        fs::remove_file(&filler).unwrap();
    }
    let (status, _, record) = post(&server, secret, 1).await;
    assert_eq!(status, 201, "it works again");
    made.extend(record);
    for record in &made {
        let url = if record.starts_with("http") { record.clone() } else { format!("{}{record}", server.url()) };
        assert_eq!(client().get(url).bearer_auth(secret).send().await.unwrap().status().as_u16(), 200, "{record}");
    }
    // Each command looks through the whole file before it uses it, and the log's chain is whole.
    let inside = |arguments: &[&str]| {
        let namespaces = if is_root { "--mount" } else { "--user --preserve-credentials --mount" };
        let mut command = Command::new("nsenter");
        command.args(["--target", &server.id().to_string()]).args(namespaces.split(' '));
        command.arg(env!("CARGO_BIN_EXE_latchkey")).args(arguments).env("LATCHKEY_DATABASE_URL", &url);
        command.stdin(Stdio::null()).output().unwrap()
    };
    wait_for("the chain", || {
        let checked = inside(&["audit", "verify"]);
        assert!(checked.status.success(), "{checked:?}");
        let verified: Value = serde_json::from_slice(&checked.stdout).unwrap();
        (verified["unsequenced"] == 0).then_some(())
    });
    assert!(inside(&["token", "list"]).status.success());
}
