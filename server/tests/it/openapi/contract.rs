//! The OpenAPI document against the server that it describes.

use std::collections::BTreeSet;

use latchkey_domain::OwnRoute;
use latchkey_service::{DEFAULT_CATALOG, read_catalog};
use serde_json::Value;

use crate::support::{Caller as _, Request, TestApp};

const PATH: &str = "/api/openapi.json";

/// Paths of the contract outside the catalog and the API's own table.
const OTHER_PATHS: [&str; 11] = [
    "/oauth2/introspect",
    "/oauth2/revoke",
    "/auth/forward",
    "/auth/nginx",
    "/auth/envoy/{path}",
    "/healthz",
    "/readyz",
    "/metrics",
    "/api/openapi.json",
    "/api/docs",
    "/api/docs/quick-start",
];

async fn document(app: &TestApp) -> Value {
    app.anonymous().get(PATH).await.json()
}

/// Method, path and operation.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let methods = |(path, item): (&String, &Value)| {
        let item = item.as_object().unwrap().clone();
        item.into_iter().map(|(method, operation)| (method.to_uppercase(), path.clone(), operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(methods).collect()
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str).map(str::to_owned));
            for member in members.values() {
                references(member, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                references(item, found);
            }
        }
        _ => {}
    }
}

#[tokio::test]
async fn every_reference_leads_somewhere_and_every_part_is_used() {
    let document = document(&TestApp::start().await).await;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1."), "{}", document["openapi"]);
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    for reference in &found {
        assert!(document.pointer(reference.strip_prefix('#').unwrap()).is_some(), "{reference}");
    }
    for kind in ["schemas", "responses"] {
        for name in document["components"][kind].as_object().unwrap().keys() {
            let used = found.contains(&format!("#/components/{kind}/{name}"));
            // Without an upstream's methods in the catalog, nothing is left to the upstream.
            assert!(used || name == "NotImplemented", "{kind}/{name} is used nowhere");
        }
    }
}

#[tokio::test]
async fn operations_have_ids_of_their_own_and_known_tags() {
    let document = document(&TestApp::start().await).await;
    let tags: BTreeSet<_> =
        document["tags"].as_array().unwrap().iter().map(|tag| tag["name"].clone().to_string()).collect();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'), "{id}");
        assert!(ids.insert(id), "{method} {path}");
        assert!(tags.contains(&operation["tags"][0].to_string()), "{method} {path}: {}", operation["tags"]);
        assert!(!operation["summary"].as_str().unwrap().is_empty(), "{method} {path}");
        // Each parameter of the path is described, and no other.
        let in_path = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let described = parameters.iter().filter(|parameter| parameter["in"] == "path");
        let described: BTreeSet<_> = described.map(|parameter| parameter["name"].as_str().unwrap()).collect();
        assert_eq!(described, in_path.collect(), "{method} {path}");
    }
}

#[tokio::test]
async fn it_names_what_the_server_has_and_nothing_else() {
    let document = document(&TestApp::start().await).await;
    let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
    let scopes = catalog.scopes().iter();
    let mut served: BTreeSet<_> = scopes
        .flat_map(|scope| scope.routes.iter().map(|route| (route.method.to_string(), route.path.clone())))
        .collect();
    served.extend(OwnRoute::ALL.iter().map(|route| (route.method.to_string(), route.path.to_owned())));
    let described: BTreeSet<_> = operations(&document).into_iter().map(|(method, path, _)| (method, path)).collect();
    assert!(served.is_subset(&described), "{:?}", served.difference(&described).collect::<Vec<_>>());
    let more: BTreeSet<_> = described.difference(&served).map(|(_, path)| path.as_str()).collect();
    let other: BTreeSet<_> = OTHER_PATHS.into_iter().collect();
    assert!(more.is_subset(&other), "{more:?}");
    assert!(other.is_subset(&described.iter().map(|(_, path)| path.as_str()).collect()));
}

#[tokio::test]
async fn each_operation_says_which_scope_it_needs() {
    let app = TestApp::start().await;
    let document = document(&app).await;
    let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
    let operations = operations(&document);
    for scope in catalog.scopes() {
        for route in &scope.routes {
            let is_it = |(method, path, _): &&(String, String, Value)| {
                *method == route.method.to_string() && *path == route.path
            };
            let (_, _, operation) = operations.iter().find(is_it).unwrap();
            let name = scope.name.as_str();
            assert_eq!(operation["x-required-scopes"], serde_json::json!([name]));
            let schemes = serde_json::json!([{ "basic": [name] }, { "bearer": [name] }, { "xTwToken": [name] }]);
            assert_eq!(operation["security"], schemes, "{} {}", route.method, route.path);
            assert!(operation["description"].as_str().unwrap().contains(&format!("`{name}`")));
            for status in ["400", "401", "403", "429", "500", "503"] {
                assert!(operation["responses"].get(status).is_some(), "{} {}: {status}", route.method, route.path);
            }
        }
    }
    for path in ["/healthz", "/api/docs", PATH] {
        let (_, _, operation) = operations.iter().find(|(_, found, _)| found == path).unwrap();
        assert_eq!(operation["security"], serde_json::json!([]), "{path}");
    }
}

#[tokio::test]
async fn a_catalog_of_ones_own_has_a_contract_of_its_own() {
    let route = |method: &str, path: &str| format!("{{ method = \"{method}\", path = \"{path}\" }}");
    let routes = [
        route("GET", "/api/v1/plants/{id}"),
        route("PATCH", "/api/v1/plants/{number}"),
        route("GET", "/v2/a-b"),
        route("GET", "/v2/a_b"),
        route("PUT", "/v2/{area}/state"),
    ];
    let text = format!(
        "[[scope]]\nname = \"plant-read\"\nlabel = \"Plant Read\"\ndescription = \"See.\"\nroutes = [{}]\n",
        routes.join(", ")
    );
    let app = TestApp::start_with(&text).await;
    let document = document(&app).await;
    // Templates that differ in their parameters' names alone are one path.
    let plants = document["paths"]["/api/v1/plants/{id}"].as_object().unwrap();
    assert_eq!(plants.keys().collect::<Vec<_>>(), ["get", "patch"]);
    assert!(document["paths"].get("/api/v1/plants/{number}").is_none());
    assert_eq!(document["paths"]["/v2/a-b"]["get"]["operationId"], "list_v2_a_b");
    assert_eq!(document["paths"]["/v2/a_b"]["get"]["operationId"], "list_v2_a_b_2");
    // What the record store cannot do is said, and true.
    let vendor = app.vendor("plant-read").await;
    for (method, path) in [("PATCH", "/api/v1/plants/x"), ("PUT", "/v2/x/state")] {
        assert_eq!(vendor.call(method, path).await.status, 501, "{method} {path}");
    }
    assert!(plants["patch"]["responses"].get("501").is_some());
    assert!(plants["get"]["responses"].get("501").is_none());
}

#[tokio::test]
async fn it_is_public_and_kept_by_its_tag() {
    let app = TestApp::start().await;
    let answer = app.anonymous().get(PATH).await;
    assert_eq!((answer.status.as_u16(), answer.header("content-type").as_str()), (200, "application/json"));
    assert!(answer.header("cache-control").starts_with("public"));
    let tag = answer.header("etag");
    for value in [tag.clone(), tag.trim_start_matches("W/").to_owned(), format!("\"x\", {tag}"), "*".to_owned()] {
        let answer = app.anonymous().send(Request::new("GET", PATH).header("if-none-match", &value)).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (304, 0), "{value}");
        assert_eq!(answer.header("etag"), tag);
    }
    let other = Request::new("GET", PATH).header("if-none-match", "W/\"x\"");
    assert_eq!(app.anonymous().send(other).await.status, 200);
    // Neither a token nor a second one is looked at.
    let tokens = Request::new("GET", PATH).header("authorization", "Bearer x").header("x-tw-token", "y");
    assert_eq!(app.anonymous().send(tokens).await.status, 200);
    let answer = app.anonymous().call("POST", PATH).await;
    assert_eq!(answer.refusal(), (405, "method_not_allowed".to_owned()));
    assert_eq!(answer.header("allow"), "GET, HEAD");
}
