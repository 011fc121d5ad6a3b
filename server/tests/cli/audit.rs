//! `latchkey audit …`: the chain across servers, crashes and changes behind the product's back.

use serde_json::json;

use crate::support::{Place, wait_for};

/// The head that a server's log says last.
fn head_of(log: &str) -> Option<String> {
    let line = log.lines().rfind(|line| line.contains("the audit log's head"))?;
    Some(line.rsplit_once("head=")?.1.trim().to_owned())
}

#[test]
fn the_chain_is_made_checked_sealed_and_cut_off() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    assert!(place.run(&["audit", "verify"]).failure(5).contains("latchkey.audit-key"));
    let mut server = place.serve(&[]);
    let first = wait_for("the first entry's link", || {
        let verified = place.run(&["audit", "verify"]).json();
        (verified["entries"] == 1).then(|| verified["head"].as_str().unwrap().to_owned())
    });
    place.add_token("x");
    // The server sequences what another process wrote.
    wait_for("the entries' links", || {
        let verified = place.run(&["audit", "verify"]).json();
        (verified["entries"] == 2 && verified["unsequenced"] == 0).then_some(())
    });
    server.signal("TERM");
    assert_eq!(server.wait().0.code(), Some(0));
    let head = head_of(&server.log()).unwrap();
    let verified = place.run(&["audit", "verify", "--head", &head]).json();
    assert_eq!((&verified["head"], &verified["head_found_at"]), (&json!(head), &json!(2)));

    let other = "11".repeat(32);
    assert!(place.run(&["audit", "verify", "--head", &other]).failure(4).contains("cut off"));
    place.write("other-key", &other);
    assert!(place.run(&["audit", "verify", "--audit-key-file", "other-key"]).failure(5).contains("key"));

    let sealed = place.run(&["audit", "seal", "--before", "2100-01-01", "--to", "segment"]).json();
    assert_eq!((&sealed["entries"], &sealed["head"]), (&json!(2), &json!(head)));
    let segment = place.run(&["audit", "verify", "--segment", "segment"]).json();
    assert_eq!((&segment["entries"], &segment["head"]), (&json!(2), &json!(head)));
    // The chain goes on behind the seal, with the entry that tells of it.
    let verified = place.run(&["audit", "verify", "--head", &head]).json();
    assert_eq!((&verified["first"], &verified["entries"]), (&json!(3), &json!(1)));

    // A head from before that is no sign that anything was cut off.
    let elsewhere = place.run(&["audit", "verify", "--head", &first]);
    let said = elsewhere.failure(4);
    assert!(said.contains("not among the entries 3 to 3; look for it in the segments"), "{said}");
    let found = place.run(&["audit", "verify", "--segment", "segment", "--head", &first]).json();
    assert_eq!(found["head_found_at"], 1);

    let text = std::fs::read_to_string(place.path("segment")).unwrap();
    place.write("changed", text.replacen("token_created", "token_revoked", 1));
    assert!(place.run(&["audit", "verify", "--segment", "changed"]).failure(4).contains("entry 2 was changed"));
    let without_end: Vec<&str> = text.lines().take(3).collect();
    place.write("cut", without_end.join("\n"));
    assert!(place.run(&["audit", "verify", "--segment", "cut"]).failure(4).contains("cut off after entry 2"));
}

#[test]
fn a_kill_leaves_a_log_that_verifies() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    for round in 0..4 {
        let server = place.serve(&[]);
        place.add_token(&format!("Token {round}"));
        server.kill();
        assert_eq!(place.run(&["audit", "verify"]).json()["verified"], true);
    }
    let mut server = place.serve(&[]);
    server.signal("TERM");
    server.wait();
    let verified = place.run(&["audit", "verify"]).json();
    assert_eq!((&verified["entries"], &verified["unsequenced"]), (&json!(5), &json!(0)));
}

#[test]
fn the_key_is_its_owners_alone_and_never_replaced() {
    use std::os::unix::fs::PermissionsExt as _;
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let mut server = place.serve(&[]);
    let key = place.path("latchkey.audit-key");
    assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    server.signal("TERM");
    server.wait();
    std::fs::remove_file(&key).unwrap();
    // A chain whose key is gone gets no new one; the server serves, and says so.
    let server = place.serve(&[]);
    assert!(server.log().contains("key is not here"), "{}", server.log());
    assert!(!key.exists());
}
