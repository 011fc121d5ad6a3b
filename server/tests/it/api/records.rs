//! The embedded record store: what it answers when all is well.

use serde_json::{Value, json};

use crate::support::{Caller as _, NOW, Request, TestApp};

const EMPLOYEES: &str = "/api/v1/employees";

#[tokio::test]
async fn a_record_is_made_and_read() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read employee-write").await;

    let created = vendor.post(EMPLOYEES, &json!({ "name": "Ann", "skills": ["typing", { "years": 1.5 }] })).await;
    insta::assert_snapshot!(created.wire(), @r#"
        201 Created
        cache-control: no-store
        content-length: 169
        content-type: application/json
        etag: "1"
        latchkey-token-expires: 2027-02-21T14:00:00Z
        location: /api/v1/employees/01a208b4db007727b00c20aed5ea53f7
        x-content-type-options: nosniff
        x-request-id: 01a208b4db0076e7afd6df6e94aa13b7

        {
          "created_at": "2026-11-23T14:00:00Z",
          "data": {
            "name": "Ann",
            "skills": [
              "typing",
              {
                "years": 1.5
              }
            ]
          },
          "id": "01a208b4db007727b00c20aed5ea53f7",
          "updated_at": "2026-11-23T14:00:00Z"
        }
        "#);
    let path = created.header("location");

    app.set_now(NOW.plus_seconds(60));
    insta::assert_snapshot!(vendor.get(&path).await.wire(), @r#"
        200 OK
        cache-control: no-store
        content-length: 169
        content-type: application/json
        etag: "1"
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b5c5607568ae4d5eef1d2b9138

        {
          "created_at": "2026-11-23T14:00:00Z",
          "data": {
            "name": "Ann",
            "skills": [
              "typing",
              {
                "years": 1.5
              }
            ]
          },
          "id": "01a208b4db007727b00c20aed5ea53f7",
          "updated_at": "2026-11-23T14:00:00Z"
        }
        "#);
}

#[tokio::test]
async fn a_record_is_replaced_and_removed() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read employee-write").await;
    let path = vendor.post(EMPLOYEES, &json!({ "name": "Ann" })).await.header("location");

    app.set_now(NOW.plus_seconds(60));
    insta::assert_snapshot!(vendor.put(&path, "\"1\"", &json!({ "name": "Ännchen" })).await.wire(), @r#"
        200 OK
        cache-control: no-store
        content-length: 140
        content-type: application/json
        etag: "2"
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b5c5607568ae4d5eef1d2b9138

        {
          "created_at": "2026-11-23T14:00:00Z",
          "data": {
            "name": "Ännchen"
          },
          "id": "01a208b4db007727b00c20aed5ea53f7",
          "updated_at": "2026-11-23T14:01:00Z"
        }
        "#);
    insta::assert_snapshot!(vendor.get(EMPLOYEES).await.wire(), @r#"
        200 OK
        cache-control: no-store
        content-length: 163
        content-type: application/json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b5c5607699ae8d9e2a5e6cd27e

        {
          "data": [
            {
              "created_at": "2026-11-23T14:00:00Z",
              "data": {
                "name": "Ännchen"
              },
              "id": "01a208b4db007727b00c20aed5ea53f7",
              "updated_at": "2026-11-23T14:01:00Z"
            }
          ],
          "next": null
        }
        "#);
    insta::assert_snapshot!(vendor.call("DELETE", &path).await.wire(), @r#"
        204 No Content
        cache-control: no-store
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b5c56079daaccee26b9cac15be
        "#);
    insta::assert_snapshot!(vendor.get(&path).await.wire(), @r#"
        404 Not Found
        cache-control: no-store
        content-length: 166
        content-type: application/problem+json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b5c5607a1aad0f22acdcd856ff

        {
          "code": "not_found",
          "detail": "There is no record with this id.",
          "request_id": "01a208b5c5607a1aad0f22acdcd856ff",
          "status": 404,
          "title": "Not Found",
          "type": "about:blank"
        }
        "#);
    assert_eq!(vendor.get(EMPLOYEES).await.json(), json!({ "data": [], "next": null }));
}

#[tokio::test]
async fn a_list_comes_in_pages() {
    let app = TestApp::start().await;
    let vendor = app.vendor("employee-read employee-write").await;
    for number in 0..7 {
        app.set_now(NOW.plus_seconds(number));
        assert_eq!(vendor.post(EMPLOYEES, &json!({ "number": number })).await.status, 201);
    }
    let mut seen = Vec::new();
    let mut pages = Vec::new();
    let mut next = Value::Null;
    loop {
        let after = next.as_str().map(|id| format!("&after={id}")).unwrap_or_default();
        let page = vendor.get(&format!("{EMPLOYEES}?limit=3{after}")).await.json();
        let data = page["data"].as_array().unwrap();
        pages.push(data.len());
        seen.extend(data.iter().map(|record| record["data"]["number"].clone()));
        next = page["next"].clone();
        if next.is_null() {
            break;
        }
    }
    assert_eq!(pages, [3, 3, 1]);
    assert_eq!(seen, (0..7).map(Value::from).collect::<Vec<_>>());
    // A full last page is known to be the last.
    assert_eq!(vendor.get(&format!("{EMPLOYEES}?limit=7")).await.json()["next"], Value::Null);
}

#[tokio::test]
async fn collections_are_apart() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    let employee = vendor.post(EMPLOYEES, &json!({ "name": "Ann" })).await.json();
    assert_eq!(vendor.get("/api/v1/customers").await.json()["data"], json!([]));
    let elsewhere = format!("/api/v1/customers/{}", employee["id"].as_str().unwrap());
    assert_eq!(vendor.get(&elsewhere).await.status, 404);
    assert_eq!(vendor.call("DELETE", &elsewhere).await.status, 404);
}

#[tokio::test]
async fn search_finds_what_the_token_may_read_and_nothing_else() {
    let app = TestApp::start().await;
    let all = app.vendor("*").await;
    all.post(EMPLOYEES, &json!({ "name": "Ann Weißkopf" })).await;
    app.set_now(NOW.plus_seconds(1));
    all.post("/api/v1/customers", &json!({ "contact": "ann" })).await;
    all.post("/api/v1/orders", &json!({ "for": "Bob" })).await;
    let found = async |scopes: &str, query: &str| {
        let page = app.vendor(scopes).await.get(&format!("/api/v1/search?{query}")).await.json();
        let data = page["data"].as_array().unwrap().iter();
        data.map(|record| record["collection"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("*", "q=ANN").await, [EMPLOYEES, "/api/v1/customers"]);
    assert_eq!(found("universal-search customer-read", "q=ann").await, ["/api/v1/customers"]);
    assert_eq!(found("universal-search customer-write", "q=ann").await, [""; 0]);
    assert_eq!(found("universal-search", "q=ann").await, [""; 0]);
    assert_eq!(found("*", "q=ann&limit=1").await, [EMPLOYEES]);
    assert_eq!(found("*", "q=100%25").await, [""; 0]);
    insta::assert_snapshot!(all.get("/api/v1/search?q=bob").await.wire(), @r#"
        200 OK
        cache-control: no-store
        content-length: 187
        content-type: application/json
        latchkey-token-expires: 2027-02-21T14:00:00Z
        x-content-type-options: nosniff
        x-request-id: 01a208b4dee8755eb82d68e513219c42

        {
          "data": [
            {
              "collection": "/api/v1/orders",
              "created_at": "2026-11-23T14:00:01Z",
              "data": {
                "for": "Bob"
              },
              "id": "01a208b4dee87a1aad0f22acdcd856ff",
              "updated_at": "2026-11-23T14:00:01Z"
            }
          ],
          "next": null
        }
        "#);
}

#[tokio::test]
async fn json_comes_back_as_it_came() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    for data in [
        json!({}),
        json!({ "": { "a": [null, true, -0.5, 9_007_199_254_740_993_u64, "\u{0}\u{1f600}\"\\"] } }),
        json!({ "deep": (0..100).fold(Value::Null, |inner, _| json!([inner])) }),
    ] {
        let created = vendor.post(EMPLOYEES, &data).await;
        assert_eq!(created.json()["data"], data);
        assert_eq!(vendor.get(&created.header("location")).await.json()["data"], data);
    }
}

#[tokio::test]
async fn the_largest_body_is_64_kib() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    let of_length = |length: usize| format!("{{\"x\":\"{}\"}}", "y".repeat(length - 8));
    let post = async |length| {
        let request = Request::new("POST", EMPLOYEES).header("content-type", "application/json");
        vendor.send(request.body(of_length(length))).await
    };
    assert_eq!(post(64 * 1024).await.status, 201);
    assert_eq!(post(64 * 1024 + 1).await.refusal(), (413, "body_too_large".to_owned()));
}

#[tokio::test]
async fn of_two_that_replace_the_same_version_one_wins() {
    let app = TestApp::start().await;
    let vendor = app.vendor("*").await;
    for round in 0..8 {
        let path = vendor.post(EMPLOYEES, &json!({})).await.header("location");
        let replace = |who: &'static str| {
            let (vendor, path) = (&vendor, &path);
            async move { vendor.put(path, "\"1\"", &json!({ "by": who })).await.status.as_u16() }
        };
        let (one, other) = tokio::join!(replace("one"), replace("other"));
        assert_eq!((one.min(other), one.max(other)), (200, 412), "round {round}");
        let winner = if one == 200 { "one" } else { "other" };
        assert_eq!(vendor.get(&path).await.json()["data"]["by"], winner);
    }
}
