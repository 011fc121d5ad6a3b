//! Real answers against the schemas of the contract.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Caller as _, TestApp};

fn named<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

/// Holds a value to a schema, as far as the contract's schemas go.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) {
    let schema = named(document, schema);
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let kinds: Vec<&str> = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        kind => vec![kind.as_str().unwrap()],
    };
    assert!(kinds.contains(&kind), "{place}: {value} is none of {kinds:?}");
    if let (Some(choices), false) = (schema["enum"].as_array(), value.is_null()) {
        assert!(choices.contains(value), "{place}: {value}");
    }
    if let Some(items) = value.as_array() {
        for item in items {
            check(document, &schema["items"], item, &format!("{place}[]"));
        }
    }
    if let (Some(members), Some(properties)) = (value.as_object(), schema["properties"].as_object()) {
        for (name, member) in members {
            assert!(properties.contains_key(name), "{place}: {name} is not in the contract");
            check(document, &properties[name], member, &format!("{place}.{name}"));
        }
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let missing: BTreeSet<_> =
            required.iter().map(|name| name.as_str().unwrap()).filter(|name| !members.contains_key(*name)).collect();
        assert!(missing.is_empty(), "{place}: {missing:?} missing");
    }
}

/// What the contract says of an answer's body.
fn schema<'a>(document: &'a Value, path: &str, method: &str, status: u16) -> &'a Value {
    let operation = &document["paths"][path][method];
    let answer = named(document, &operation["responses"][status.to_string()]);
    assert!(answer["content"].is_object(), "{method} {path}: {status}");
    let content = answer["content"].as_object().unwrap();
    &content.values().next().unwrap()["schema"]
}

#[tokio::test]
async fn answers_are_as_the_contract_has_them() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/api/openapi.json").await.json();
    let vendor = app.vendor("customer-read customer-write universal-search").await;
    let weak = app.vendor("contact-read").await;
    let (list, one) = ("/api/v1/customers", "/api/v1/customers/{id}");

    let made = vendor.post(list, &json!({ "name": "Northwind" })).await;
    vendor.post(list, &json!({ "name": "Northwind Two" })).await;
    let record = made.header("location");
    let answers = [
        ("/api/v1/token", "get", vendor.get("/api/v1/token").await),
        ("/api/v1/token", "get", vendor.get("/api/v1/token").await),
        ("/api/v1/token", "get", app.anonymous().get("/api/v1/token").await),
        (list, "post", made),
        (list, "get", vendor.get(&format!("{list}?limit=1")).await),
        (list, "get", vendor.get(&format!("{list}?limit=0")).await),
        (list, "get", weak.get(list).await),
        (list, "get", vendor.call("PUT", list).await),
        (list, "post", vendor.call("POST", list).await),
        (one, "get", vendor.get(&record).await),
        (one, "get", vendor.get(&format!("{list}/x")).await),
        (one, "put", vendor.put(&record, "\"1\"", &json!({ "name": "Southwind" })).await),
        (one, "put", vendor.put(&record, "\"1\"", &json!({})).await),
        (one, "put", vendor.call("PUT", &record).await),
        ("/api/v1/search", "get", vendor.get("/api/v1/search?q=wind").await),
        ("/api/v1/search", "get", vendor.get("/api/v1/search").await),
    ];
    let mut statuses = BTreeSet::new();
    for (path, method, answer) in answers {
        let status = answer.status.as_u16();
        statuses.insert(status);
        let place = format!("{method} {path} {status}");
        check(&document, schema(&document, path, method, status), &answer.json(), &place);
    }
    assert_eq!(statuses, BTreeSet::from([200, 201, 400, 401, 403, 404, 405, 412, 415, 428]));
}

#[tokio::test]
async fn examples_are_as_their_schemas_have_them() {
    let document = TestApp::start().await.anonymous().get("/api/openapi.json").await.json();
    let mut seen = 0;
    visit(&document, &document, &mut seen);
    assert!(seen > 20, "{seen}");
}

fn visit(document: &Value, value: &Value, seen: &mut u32) {
    match value {
        Value::Object(members) => {
            if let (Some(schema), Some(example)) = (members.get("schema"), members.get("example"))
                && schema["$ref"].is_string()
            {
                *seen += 1;
                check(document, schema, example, &schema.to_string());
            }
            for member in members.values() {
                visit(document, member, seen);
            }
        }
        Value::Array(items) => {
            for item in items {
                visit(document, item, seen);
            }
        }
        _ => {}
    }
}
