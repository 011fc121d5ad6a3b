//! What is removed from headers and added to them, in both directions.

use super::support::{EMPLOYEES, Site};
use crate::support::CredentialForm;

const SENT: [(&str, &str); 33] = [
    ("x-latchkey-sid", "forged"),
    ("X-Latchkey-Service-Rep", "forged"),
    ("x-latchkey-scopes", "forged"),
    ("x-latchkey-anything", "forged"),
    ("x_latchkey_sid", "forged"),
    ("x-request-id", "forged"),
    ("x-http-method-override", "forged"),
    ("x-http-method", "forged"),
    ("x-method-override", "forged"),
    ("x-original-url", "forged"),
    ("x-rewrite-url", "forged"),
    ("x-original-uri", "forged"),
    ("x-original-method", "forged"),
    ("x-forwarded-for", "forged"),
    ("x-forwarded-proto", "forged"),
    ("x-forwarded-host", "forged"),
    ("x-forwarded-port", "forged"),
    ("x-forwarded-prefix", "forged"),
    ("forwarded", "for=forged"),
    ("keep-alive", "forged"),
    ("proxy-connection", "forged"),
    ("proxy-authorization", "forged"),
    ("te", "gzip, forged"),
    ("trailer", "forged"),
    ("connection", "x-named, X-Latchkey-Sid"),
    ("x-named", "forged"),
    ("upgrade", "forged"),
    ("cookie", "latchkey=forged; theme=dark;__Host-latchkey=forged"),
    ("cookie", "__host-LATCHKEY=forged; =latchkey=forged; lang=en"),
    ("accept", "application/json"),
    ("x-own", "one"),
    ("x-own", "two"),
    ("if-match", "\"7\""),
];

#[tokio::test]
async fn the_upstream_learns_who_is_calling_and_nothing_forged() {
    let site = Site::start().await;
    let sid = site.token.sid.to_string();
    for form in CredentialForm::ALL {
        let (name, value) = form.header(&sid, &site.token.secret);
        let mut lines: Vec<String> = SENT.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        lines.push(format!("{name}: {value}"));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let _vendor = site.send_as(&format!("GET {EMPLOYEES}"), &lines).await;
        let head = site.reached().await.head().await;
        assert!(!head.contains("forged") && !head.contains(&value) && !head.contains(&site.token.secret), "{head}");

        let mut found: Vec<&str> = head.trim_end().lines().skip(1).collect();
        found.retain(|line| !line.starts_with("x-request-id: "));
        found.sort_unstable();
        let upstream = format!("host: {}", site.upstream.local_addr().unwrap());
        let expected_sid = format!("x-latchkey-sid: {sid}");
        assert_eq!(
            found,
            [
                "accept: application/json",
                "cookie: theme=dark; lang=en",
                &upstream,
                "if-match: \"7\"",
                "x-forwarded-for: 127.0.0.1",
                "x-forwarded-host: pat.example.com",
                "x-forwarded-proto: http",
                "x-latchkey-scopes: employee-read employee-write",
                "x-latchkey-service-rep: ann@example.com",
                &expected_sid,
                "x-own: one",
                "x-own: two",
            ]
        );
    }
}

#[tokio::test]
async fn trailers_may_be_asked_for() {
    let site = Site::start().await;
    let _vendor = site.send(&format!("GET {EMPLOYEES}"), &["te: gzip, Trailers"]).await;
    let head = site.reached().await.head().await;
    assert!(head.contains("te: trailers\r\n") && head.contains("connection: te\r\n"), "{head}");
}

#[tokio::test]
async fn an_answer_says_nothing_in_latchkeys_name() {
    let site = Site::start().await;
    let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &["connection: close"]).await;
    let mut upstream = site.reached().await;
    let request = upstream.head().await;
    let removed = [
        "set-cookie: latchkey=forged",
        "set-cookie: __Host-latchkey=forged; Path=/; Secure",
        "set-cookie:  = latchkey=forged",
        "set-cookie: __HOST-Latchkey =forged",
        "clear-site-data: \"forged\"",
        "service-worker-allowed: /forged",
        "content-security-policy: default-src forged",
        "content-security-policy: script-src forged",
        "x-content-type-options: forged",
        "strict-transport-security: forged",
        "alt-svc: forged",
        "x-latchkey-sid: forged",
        "x-latchkey-status: forged",
        "x-request-id: forged",
        "latchkey-token-expires: forged",
        "keep-alive: forged",
        "proxy-connection: forged",
        "proxy-authenticate: forged",
        "trailer: forged",
        "connection: close, x-named",
        "x-named: forged",
    ];
    let kept = ["set-cookie: theme=dark; Path=/", "etag: \"7\"", "content-length: 2", "x-own: one", "x-own: two"];
    let lines = [&removed[..], &kept].concat().join("\r\n");
    upstream.send(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\nok")).await;
    let answer = vendor.rest().await;
    assert!(!answer.contains("forged"), "{answer}");
    let (head, _) = answer.split_once("\r\n\r\n").unwrap();
    let mut found: Vec<&str> = head.lines().skip(1).filter(|line| !line.starts_with("date: ")).collect();
    found.sort_unstable();
    let id = request.lines().find(|line| line.starts_with("x-request-id: ")).unwrap();
    let expires = format!("latchkey-token-expires: {}", site.token.expires_at.to_rfc3339());
    let mut expected = kept.to_vec();
    expected.extend([
        id,
        &expires,
        "cache-control: no-store",
        "connection: close",
        "content-security-policy: sandbox; default-src 'none'",
        "x-content-type-options: nosniff",
    ]);
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn an_upstream_decides_on_caching() {
    let site = Site::start().await;
    let mut vendor = site.send(&format!("GET {EMPLOYEES}"), &["connection: close"]).await;
    let mut upstream = site.reached().await;
    upstream.head().await;
    upstream.send("HTTP/1.1 304 Not Modified\r\ncache-control: private, max-age=5\r\netag: \"7\"\r\n\r\n").await;
    let answer = vendor.rest().await;
    assert!(answer.starts_with("HTTP/1.1 304 ") && answer.contains("cache-control: private, max-age=5\r\n"));
    assert!(!answer.contains("no-store"), "{answer}");
}
