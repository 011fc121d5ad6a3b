//! The embedded record store: what it refuses.

use serde_json::json;
use sqlx::AnyConnection;
use sqlx::Connection as _;

use crate::support::{Answer, Caller as _, Request, TestApp};

const EMPLOYEES: &str = "/api/v1/employees";
const NO_RECORD: &str = "/api/v1/employees/0193584c7be07d2c9f0e6a51b2c4d8e7";

fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

#[tokio::test]
async fn parameters_that_make_no_sense() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    for query in ["limit=0", "limit=201", "limit=-1", "limit=x", "limit=1&limit=1", "after=x", "after=%00", "after="] {
        let answer = vendor.get(&format!("{EMPLOYEES}?{query}")).await;
        assert_eq!(answer.refusal(), refusal(400, "invalid_parameter"), "{query}");
    }
    for query in ["", "q=", "q=%00", "q=%20", "q=a&q=b", &format!("q={}", "x".repeat(201))] {
        let answer = vendor.get(&format!("/api/v1/search?{query}")).await;
        assert_eq!(answer.refusal(), refusal(400, "invalid_parameter"), "{query}");
    }
    insta::assert_snapshot!(vendor.get(&format!("{EMPLOYEES}?limit=x")).await.wire(), @r#"
        400 Bad Request
        cache-control: no-store
        content-length: 176
        content-type: application/problem+json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b4db007c60bb3565e70b1e8f45

        {
          "code": "invalid_parameter",
          "detail": "limit is a number from 1 to 200.",
          "request_id": "01a208b4db007c60bb3565e70b1e8f45",
          "status": 400,
          "title": "Bad Request",
          "type": "about:blank"
        }
        "#);
    for query in ["%", "%zz=1", "limit", "&&&", "=", "a[]=b", "limit=50&x=%ff"] {
        let status = vendor.get(&format!("{EMPLOYEES}?{query}")).await.status;
        assert!(status == 200 || status == 400, "{query}: {status}");
    }
}

#[tokio::test]
async fn ids_that_are_none() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    for id in ["x", "0193584C7BE07D2C9F0E6A51B2C4D8E7", "%E2%82%AC", "'", "{id}", "*", "a%20b", &"0".repeat(5000)] {
        let Ok(uri) = format!("{EMPLOYEES}/{id}").parse::<http::Uri>() else { continue };
        let answer = vendor.get(&uri.to_string()).await;
        assert!(answer.status == 404 || answer.status == 400, "{id}: {}", answer.status);
    }
    assert_eq!(vendor.get(NO_RECORD).await.refusal(), refusal(404, "not_found"));
    assert_eq!(vendor.call("DELETE", NO_RECORD).await.refusal(), refusal(404, "not_found"));
    assert_eq!(vendor.put(NO_RECORD, "*", &json!({})).await.refusal(), refusal(404, "not_found"));
    assert_eq!(vendor.put(NO_RECORD, "\"1\", \"2\"", &json!({})).await.refusal(), refusal(404, "not_found"));
}

#[tokio::test]
async fn bodies_that_are_no_json_object() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    let post = async |content_type: Option<&str>, body: Vec<u8>| {
        let request = Request::new("POST", EMPLOYEES);
        let request = content_type.into_iter().fold(request, |request, value| request.header("content-type", value));
        vendor.send(request.body(body)).await
    };
    for content_type in [None, Some("text/plain"), Some("application/x-www-form-urlencoded"), Some("text/json")] {
        let answer = post(content_type, b"{}".to_vec()).await;
        assert_eq!(answer.refusal(), refusal(415, "unsupported_media_type"), "{content_type:?}");
    }
    assert_eq!(post(Some("application/merge-patch+json; charset=utf-8"), b"{}".to_vec()).await.status, 201);
    let deep = format!("{{\"x\":{}1{}}}", "[".repeat(200), "]".repeat(200));
    for body in [
        &b""[..],
        b"[]",
        b"null",
        b"1",
        b"\"x\"",
        b"{",
        b"{}{}",
        b"{\"a\":1e999}",
        b"{\"a\":NaN}",
        b"{'a':1}",
        b"\xef\xbb\xbf{}",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        deep.as_bytes(),
    ] {
        let answer = post(Some("application/json"), body.to_vec()).await;
        assert_eq!(answer.refusal(), refusal(400, "invalid_body"), "{}", String::from_utf8_lossy(body));
    }
    insta::assert_snapshot!(post(Some("application/json"), b"{\"pin\": 1234x}".to_vec()).await.wire(), @r#"
        400 Bad Request
        cache-control: no-store
        content-length: 189
        content-type: application/problem+json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b4db007823b7af446191a220c9

        {
          "code": "invalid_body",
          "detail": "The body is not a JSON object (line 1, column 13).",
          "request_id": "01a208b4db007823b7af446191a220c9",
          "status": 400,
          "title": "Bad Request",
          "type": "about:blank"
        }
        "#);
    let mut announced = Request::new("POST", EMPLOYEES).header("content-type", "application/json");
    announced = announced.header("content-length", "70000");
    assert_eq!(vendor.send(announced).await.refusal(), refusal(413, "body_too_large"));
    assert_eq!(vendor.get(EMPLOYEES).await.json()["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_replacement_names_the_version_it_is_meant_for() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    let path = vendor.post(EMPLOYEES, &json!({ "n": 0 })).await.header("location");
    let without = vendor.send(Request::new("PUT", &path).json(&json!({}))).await;
    insta::assert_snapshot!(without.wire(), @r#"
        428 Precondition Required
        cache-control: no-store
        content-length: 252
        content-type: application/problem+json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b4db007568ae4d5eef1d2b9138

        {
          "code": "precondition_required",
          "detail": "Say which version is to be replaced: send If-Match with the ETag of the record as you know it.",
          "request_id": "01a208b4db007568ae4d5eef1d2b9138",
          "status": 428,
          "title": "Precondition Required",
          "type": "about:blank"
        }
        "#);
    for stale in ["\"2\"", "\"0\"", "W/\"1\"", "\"01\"", "\"x\"", "\"2\", \"3\"", "\"9223372036854775808\""] {
        let answer = vendor.put(&path, stale, &json!({ "n": 1 })).await;
        assert_eq!(answer.refusal(), refusal(412, "precondition_failed"), "{stale}");
    }
    for malformed in ["1", "\"1", "", "*, \"1\"", "'1'"] {
        let answer = vendor.put(&path, malformed, &json!({ "n": 1 })).await;
        assert_eq!(answer.refusal(), refusal(400, "invalid_parameter"), "{malformed}");
    }
    assert_eq!(vendor.get(&path).await.json()["data"], json!({ "n": 0 }));
    let replaced = async |if_match: &str| vendor.put(&path, if_match, &json!({})).await.header("etag");
    assert_eq!(replaced("\"1\"").await, "\"2\"");
    assert_eq!(replaced("*").await, "\"3\"");
    assert_eq!(replaced("\"1\", W/\"3\", \"3\"").await, "\"4\"");
}

#[tokio::test]
async fn a_removal_may_name_the_version_it_is_meant_for() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    let created = async || vendor.post(EMPLOYEES, &json!({})).await.header("location");
    let remove =
        async |path: &str, if_match: &str| vendor.send(Request::new("DELETE", path).header("if-match", if_match)).await;
    let path = created().await;
    assert_eq!(remove(&path, "\"2\"").await.refusal(), refusal(412, "precondition_failed"));
    assert_eq!(remove(&path, "W/\"1\"").await.refusal(), refusal(412, "precondition_failed"));
    assert_eq!(remove(&path, "1").await.refusal(), refusal(400, "invalid_parameter"));
    assert_eq!(remove(&path, "\"2\", \"1\"").await.status, 204);
    assert_eq!(remove(&created().await, "*").await.status, 204);
    assert_eq!(remove(&path, "*").await.refusal(), refusal(404, "not_found"));
}

#[tokio::test]
async fn a_full_collection_takes_no_more() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    sqlx::any::install_default_drivers();
    let mut database = AnyConnection::connect(&app.database_url()).await.unwrap();
    let fill = "INSERT INTO record (collection, id, version, data, search_text, created_at, updated_at)
        WITH RECURSIVE number (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 9999)
        SELECT '/api/v1/employees', printf('%032x', n), 1, '{}', '{}', 0, 0 FROM number";
    sqlx::query(fill).execute(&mut database).await.unwrap();
    database.close().await.unwrap();
    assert_eq!(vendor.post(EMPLOYEES, &json!({})).await.status, 201);
    insta::assert_snapshot!(vendor.post(EMPLOYEES, &json!({})).await.wire(), @r#"
        409 Conflict
        cache-control: no-store
        content-length: 219
        content-type: application/problem+json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b4db007568ae4d5eef1d2b9138

        {
          "code": "collection_full",
          "detail": "This collection has 10000 records, the most that it can hold. Delete some first.",
          "request_id": "01a208b4db007568ae4d5eef1d2b9138",
          "status": 409,
          "title": "Conflict",
          "type": "about:blank"
        }
        "#);
    assert_eq!(vendor.post("/api/v1/customers", &json!({})).await.status, 201);
}

#[tokio::test]
async fn changes_stand_in_the_audit_log_under_the_requests_id() {
    use latchkey_service::AuditAction::{RecordCreated, RecordDeleted, RecordReplaced};
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    let created = vendor.post(EMPLOYEES, &json!({})).await;
    let path = created.header("location");
    let replaced = vendor.put(&path, "*", &json!({})).await;
    let refused = vendor.put(&path, "\"1\"", &json!({})).await;
    assert_eq!(refused.status, 412);
    let deleted = vendor.call("DELETE", &path).await;
    let entries = app.store.newest_audit_entries(3).await.unwrap();
    let seen: Vec<_> = entries.iter().rev().map(|entry| (entry.action, entry.origin.request_id.clone())).collect();
    let id = |answer: &Answer| answer.header("x-request-id");
    assert_eq!(seen, [(RecordCreated, id(&created)), (RecordReplaced, id(&replaced)), (RecordDeleted, id(&deleted))]);
    assert!(entries.iter().all(|entry| entry.detail == path));
}
