//! Commands that cannot do what they are asked: one line says why, and the exit code says what kind.

use std::net::TcpListener;

use crate::support::{Place, Ran};

const NOBODY: &str = "nobody@example.com";

fn add_token<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["token", "add", "--rep", "ann@example.com"], more].concat()
}

#[test]
fn arguments_that_make_no_sense_are_2_and_touch_nothing() {
    let place = Place::new();
    let rep = ["rep", "add", "--email", "a@example.com", "--name", "A"];
    for arguments in [
        &["nonsense"][..],
        &["serve", "--nonsense"],
        &["serve", "--listen", "here"],
        &["serve", "--public-url", "ftp://example.com"],
        &["serve", "--upstream", "ftp://example.com"],
        &["serve", "--upstream", "http://example.com/v1"],
        &["serve", "--listen", "0.0.0.0:0"],
        &["serve", "--listen", "[::]:0", "--public-url", "http://example.com"],
        &["rep", "add"],
        &[&rep[..], &["--owner", "b@example.com", "--owner", "c@example.com"]].concat(),
        &[&rep[..], &["--system"]].concat(),
        &[&rep[..], &["--system", "--owner", "b@example.com"]].concat(),
        &[&rep[..], &["--system", "--owner", "b@example.com", "--owner", "B@example.com"]].concat(),
        &add_token(&["--description", "x", "--expires", "30d", "--all-scopes"]),
        &add_token(&["--description", "x", "--expires", "90d"]),
        &add_token(&["--description", "x", "--expires", "90d", "--all-scopes", "--scope", "employee-read"]),
        &add_token(&["--expires", "90d", "--all-scopes"]),
        &["token", "revoke"],
        &["token", "revoke", "nonsense"],
        &["token", "revoke", "LK0193584C7BE07D2C9F0E6A51B2C4D8E7"],
    ] {
        place.run(arguments).failure(2);
        assert!(!place.has_database(), "{arguments:?}");
    }
    let ran = place.command(&["catalog"]).env("LATCHKEY_LOG", "=====").output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    for arguments in [&[][..], &["rep"], &["token"]] {
        // Somebody is looking for what there is: they get the help.
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
        assert!(ran.stderr.contains("Usage:"));
    }
}

#[test]
fn what_needs_a_database_makes_none() {
    let place = Place::new();
    let sid = "LK0193584c7be07d2c9f0e6a51b2c4d8e7";
    for arguments in [
        &["backup", "copy"][..],
        &["export", "copy"],
        &["rep", "list"],
        &["rep", "disable", NOBODY],
        &["token", "list"],
        &["token", "revoke", sid],
    ] {
        let ran = place.run(arguments);
        let line = ran.failure(5);
        assert!(line.contains("there is nothing of Latchkey's at ") && line.contains("--database-url"), "{line}");
        assert!(!place.has_database() && !place.path("copy").exists(), "{arguments:?}");
    }
    // Nor is an empty file taken for one.
    place.write("latchkey.db", b"");
    place.run(&["backup", "copy"]).failure(5);
    assert!(!place.path("copy").exists());
}

#[test]
fn what_does_not_exist_is_3() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = ["token", "add", "--rep", NOBODY, "--description", "x", "--expires", "90d", "--all-scopes"];
    assert!(place.run(&token).failure(3).contains(NOBODY));
    assert!(place.run(&["token", "list", "--rep", NOBODY]).failure(3).contains(NOBODY));
    let sid = "LK0193584c7be07d2c9f0e6a51b2c4d8e7";
    assert!(place.run(&["token", "revoke", sid]).failure(3).contains(sid));
    let system = ["rep", "add", "--email", "feed@example.com", "--name", "Feed", "--system"];
    let owners = ["--owner", "ann@example.com", "--owner", NOBODY];
    place.run(&[&system[..], &owners].concat()).failure(3);
    assert_eq!(place.run(&["rep", "list"]).lines().len(), 1);
}

#[test]
fn what_a_rule_refuses_is_4() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let rep = |email: &str, password: &str| -> Ran {
        place.run_with_input(&["rep", "add", "--email", email, "--name", "A"], password)
    };
    assert!(rep("bob@example.com", "short\n").failure(4).contains("12 characters"));
    assert!(rep("bob@example.com", "").failure(4).contains("password"));
    rep("bob@example.com", "aaaaaaaaaaaa\n").failure(4);
    rep("bob", "correct horse battery staple\n").failure(4);
    assert!(rep("ANN@example.com", "correct horse battery staple\n").failure(4).contains("e-mail"));

    let token = |description: &str, scope: &str| {
        place.run(&add_token(&["--expires", "90d", "--description", description, "--scope", scope]))
    };
    token("", "employee-read").failure(4);
    token("a\u{202e}b", "employee-read").failure(4);
    assert!(token("x", "nonsense").failure(4).contains("nonsense"));
    token("x", "Employee Read").failure(4);
    assert!(token("x", "token-introspect").failure(4).contains("admin"));
    token("x", "employee-read").json();
    assert!(token(" X", "employee-read").failure(4).contains("description"));
    assert_eq!(place.run(&["token", "list"]).lines().len(), 1);
    assert_eq!(place.run(&["rep", "list"]).lines().len(), 1);
}

#[test]
fn a_port_that_is_taken_is_5_and_named() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert!(place.run(&["serve", "--listen", &address]).failure(5).contains(&address));
    assert!(!place.has_database());
}

#[test]
fn a_catalog_that_cannot_be_read_is_5_with_its_line() {
    let place = Place::new();
    place
        .write("bad.toml", "# ours\n[[scope]]\nname = \"employee-read\"\nlabel = \"Employees\"\ndescription = \"x\"\n");
    place.write("worse.toml", "[[scope]]\nname =\n");
    place.write("binary.toml", b"\xff\xfe");
    for command in ["catalog", "serve"] {
        let line = |file| place.run(&[command, "--catalog", file]).failure(5).to_owned();
        assert!(line("bad.toml").starts_with("the catalog bad.toml, line 2: "), "{}", line("bad.toml"));
        assert!(line("worse.toml").starts_with("the catalog worse.toml, line 2: "), "{}", line("worse.toml"));
        assert!(line("binary.toml").contains("binary.toml"));
        assert!(line("missing.toml").contains("missing.toml"));
    }
    assert!(!place.has_database());
}

#[test]
fn a_database_that_cannot_be_used_is_5() {
    let place = Place::new();
    place.write("file", "x");
    place.write("corrupt.db", "This is no database, and long enough to be seen as none.".repeat(100));
    for url in [
        "sqlite://corrupt.db",
        "sqlite://file/latchkey.db",
        "sqlite:///proc/latchkey.db",
        "mysql://localhost/latchkey",
        "latchkey.db",
        "",
        "postgres://latchkey:hunter2@127.0.0.1:1/latchkey",
    ] {
        for command in [&["serve", "--listen", "127.0.0.1:0"][..], &["rep", "list"], &["migrate"]] {
            let ran = place.run(&[command, &["--database-url", url]].concat());
            assert!(!ran.failure(5).contains("hunter2"), "{url}");
        }
    }
    assert_eq!(std::fs::read_to_string(place.path("file")).unwrap(), "x");
}
