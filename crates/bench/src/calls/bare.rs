//! What verification is held against: a route that answers the same number of headers, and judges nothing.

use axum::Router;
use axum::http::{HeaderName, HeaderValue};
use axum::response::{AppendHeaders, IntoResponse as _, Response};
use axum::routing::any;
use tokio::net::TcpListener;

use crate::Outcome;

/// As many as verification answers with, of about their lengths.
const HEADERS: [(&str, &str); 10] = [
    ("x-latchkey-sid", "LK0193584c7be07d2c9f0e6a51b2c4d8e7"),
    ("x-latchkey-service-rep", "rep1234@example.com"),
    ("x-latchkey-scopes", "employee-read job-board-write timecard-read"),
    ("x-request-id", "0193584c7be07d2c9f0e6a51b2c4d8e7"),
    ("latchkey-token-expires", "2027-05-22T00:00:00Z"),
    ("x-rate-limit-count", "1"),
    ("ratelimit-policy", "\"pat\";q=25;w=5"),
    ("ratelimit", "\"pat\";r=24;t=5"),
    ("cache-control", "no-store"),
    ("content-length", "0"),
];

/// Answers until it is killed. Says its address on standard output.
pub(crate) async fn serve() -> Outcome<()> {
    let app = Router::new().route("/auth/forward", any(answer)).route("/oauth2/introspect", any(answer));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{{\"listening\":\"http://{}\"}}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn answer() -> Response {
    let headers = HEADERS.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    AppendHeaders(headers).into_response()
}
