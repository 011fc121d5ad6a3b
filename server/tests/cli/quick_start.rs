//! The programs of the quick start, against a real server. One whose language is not installed is left out.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::support::{Place, Server};

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/examples").join(name)
}

fn is_installed(program: &str) -> bool {
    let status = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

/// Runs a program with a good token, then with one that is not.
fn check(mut program: impl FnMut() -> Command) {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let token = place.add_token("Quick start");
    let server: Server = place.serve(&[]);
    let text = |name: &str| token[name].as_str().unwrap_or_default().to_owned();
    let (account, secret): (String, String) = (text("account_sid"), text("auth_token"));
    let mut run = |secret: &str| {
        let mut command = program();
        for name in ["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"] {
            command.env_remove(name);
        }
        let command = command.env("LATCHKEY_URL", server.url()).env("ACCOUNT_SID", &account).env("AUTH_TOKEN", secret);
        command.output().unwrap()
    };
    let good = run(&secret);
    let printed = String::from_utf8(good.stdout).unwrap();
    assert!(good.status.success() && printed.contains(&account), "{printed}{}", String::from_utf8_lossy(&good.stderr));
    assert!(!printed.contains(&secret), "a program shows no secret");

    let mistyped = run(&format!("{secret}x"));
    let message = String::from_utf8(mistyped.stderr).unwrap();
    assert_eq!(mistyped.status.code(), Some(1), "{message}");
    assert!(message.contains("malformed_credential"), "{message}");

    place.run(&["token", "revoke", &account]).json();
    let revoked = run(&secret);
    assert!(String::from_utf8(revoked.stderr).unwrap().contains("invalid_token"));
}

#[test]
fn curl() {
    if is_installed("curl") {
        check(|| {
            let mut command = Command::new("sh");
            command.arg(file("quick_start.sh"));
            command
        });
    }
}

#[test]
fn python() {
    if is_installed("python3") {
        check(|| {
            let mut command = Command::new("python3");
            command.arg(file("quick_start.py"));
            command
        });
    }
}

#[test]
fn javascript() {
    if is_installed("node") {
        check(|| {
            let mut command = Command::new("node");
            command.arg(file("quick_start.mjs"));
            command
        });
    }
}

#[test]
fn csharp() {
    if !is_installed("dotnet") {
        return;
    }
    let place = Place::new();
    let project = "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType>\
                   <TargetFramework>net8.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings>\
                   <RollForward>Major</RollForward></PropertyGroup></Project>";
    place.write("quick_start.csproj", project);
    place.write("quick_start.cs", fs::read(file("quick_start.cs")).unwrap());
    check(|| {
        let mut command = Command::new("dotnet");
        command.args(["run", "--project"]).arg(place.path("quick_start.csproj"));
        command
    });
}
