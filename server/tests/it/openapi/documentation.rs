//! Files of the documentation that are made of the code. `LATCHKEY_WRITE_DOCS=1` rewrites them.

use std::fmt::Write as _;
use std::path::PathBuf;

use latchkey_server::openapi;
use latchkey_server::problem::ProblemCode;
use latchkey_service::{DEFAULT_CATALOG, read_catalog};

const BEGIN: &str = "<!-- generated: problems -->\n";
const END: &str = "<!-- end -->";

/// Holds a file to what it should say, or writes that.
fn hold(name: &str, expected: &str) {
    let file = file(name);
    if std::env::var_os("LATCHKEY_WRITE_DOCS").is_some_and(|value| value == "1") {
        std::fs::write(&file, expected).unwrap();
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == expected, "docs/{name} is not current: run this test with LATCHKEY_WRITE_DOCS=1");
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)
}

#[test]
fn the_contract_of_the_default_catalog_is_current() {
    let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
    hold("openapi.json", &openapi::text(&openapi::document(&catalog, None)).unwrap());
}

#[test]
fn the_table_of_problems_is_current() {
    let found = std::fs::read_to_string(file("api.md")).unwrap();
    let (before, rest) = found.split_once(BEGIN).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    hold("api.md", &format!("{before}{BEGIN}{}{END}{after}", table()));
}

fn table() -> String {
    let mut codes = ProblemCode::ALL;
    codes.sort_by_key(|code| code.status());
    let mut table = "| status | code | when | what to do |\n|---|---|---|---|\n".to_owned();
    for code in codes {
        let (status, name) = (code.status().as_u16(), code.as_str());
        writeln!(table, "| {status} | `{name}` | {} | {} |", code.summary(), code.advice()).unwrap();
    }
    table
}
