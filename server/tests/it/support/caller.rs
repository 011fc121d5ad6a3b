//! Those who call: anonymous, signed in, a vendor with a token.

use std::fmt::Write as _;

use axum::body::{Body, HttpBody as _, to_bytes};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};
use latchkey_server::connections::Client;
use serde_json::Value;

use super::{IssuedToken, TestApp};

/// A request under construction.
pub(crate) struct Request {
    builder: http::request::Builder,
    body: Body,
    peer: std::net::IpAddr,
}

impl Request {
    pub(crate) fn new(method: &str, path: &str) -> Self {
        let peer = std::net::Ipv4Addr::new(192, 0, 2, 99).into();
        Self { builder: http::Request::builder().method(method).uri(path), body: Body::empty(), peer }
    }

    pub(crate) fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.builder = self.builder.header(name, value.as_ref());
        self
    }

    /// From this address.
    pub(crate) fn sent_from(mut self, address: &str) -> Self {
        self.peer = address.parse().unwrap();
        self
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        self.body = body.into();
        self
    }

    pub(crate) fn json(self, value: &Value) -> Self {
        self.header("content-type", "application/json").body(value.to_string())
    }

    /// What a browser sends of a form.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.header("content-type", "application/x-www-form-urlencoded").body(body)
    }
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The body of a page, or of anything else that is text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// Status and way on at once, as a redirect has them.
    pub(crate) fn leads_to(&self) -> (u16, String) {
        (self.status.as_u16(), self.header("location"))
    }

    /// The value of the session cookie that the answer sets.
    pub(crate) fn session_cookie(&self) -> String {
        let line = self.header("set-cookie");
        line.strip_prefix("latchkey=").unwrap().split(';').next().unwrap().to_owned()
    }

    /// The code of a problem document.
    pub(crate) fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// Status and OAuth's error at once.
    pub(crate) fn oauth_refusal(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/json");
        let body = self.json();
        assert!(body["error_description"].is_string() && body["request_id"].is_string(), "{body}");
        (self.status.as_u16(), body["error"].as_str().unwrap_or_default().to_owned())
    }

    /// Status and code at once.
    pub(crate) fn refusal(&self) -> (u16, String) {
        assert_eq!(self.header("content-type"), "application/problem+json");
        (self.status.as_u16(), self.code())
    }

    /// All values of a header, or nothing.
    pub(crate) fn header(&self, name: &str) -> String {
        let values: Vec<&str> = self.headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect();
        values.join(" | ")
    }

    /// Everything, in a form to compare: the status, the headers by name, the body, JSON laid out.
    pub(crate) fn wire(&self) -> String {
        let mut text = format!("{}\n", self.status);
        let mut names: Vec<&str> = self.headers.keys().map(http::HeaderName::as_str).collect();
        names.sort_unstable();
        for name in names {
            for value in self.headers.get_all(name) {
                writeln!(text, "{name}: {}", value.to_str().unwrap()).unwrap();
            }
        }
        if !self.body.is_empty() {
            let body: Value = serde_json::from_slice(&self.body).unwrap();
            write!(text, "\n{body:#}").unwrap();
        }
        text
    }
}

/// How a vendor presents its token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialForm {
    Basic,
    Bearer,
    XTwToken,
}

impl CredentialForm {
    pub(crate) const ALL: [Self; 3] = [Self::Basic, Self::Bearer, Self::XTwToken];

    /// The header for a token.
    pub(crate) fn header(self, sid: &str, secret: &str) -> (&'static str, String) {
        let pair = STANDARD.encode(format!("{sid}:{secret}"));
        match self {
            Self::Basic => ("authorization", format!("Basic {pair}")),
            Self::Bearer => ("authorization", format!("Bearer {secret}")),
            Self::XTwToken => ("x-tw-token", pair),
        }
    }
}

/// Somebody who calls.
pub(crate) trait Caller {
    fn app(&self) -> &TestApp;

    /// Adds what shows who is calling.
    fn identify(&self, request: Request) -> Request;

    async fn send(&self, request: Request) -> Answer {
        let Request { builder, body, peer } = self.identify(request);
        let client = Client::at(std::net::SocketAddr::new(peer, 40_000));
        let response = self.app().application.answer(builder.body(body).unwrap(), &client).await;
        let (mut parts, body) = response.into_parts();
        // What the connection adds, where the answer does not say it.
        if let (Some(length), false) = (body.size_hint().exact(), parts.status == StatusCode::NO_CONTENT) {
            parts.headers.entry(CONTENT_LENGTH).or_insert(length.into());
        }
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    async fn call(&self, method: &str, path: &str) -> Answer {
        self.send(Request::new(method, path)).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Request::new("POST", path).json(body)).await
    }

    async fn post_form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.send(Request::new("POST", path).form(fields)).await
    }

    async fn put(&self, path: &str, if_match: &str, body: &Value) -> Answer {
        self.send(Request::new("PUT", path).header("if-match", if_match).json(body)).await
    }
}

pub(crate) struct Anonymous<'a>(pub(crate) &'a TestApp);

impl Caller for Anonymous<'_> {
    fn app(&self) -> &TestApp {
        self.0
    }

    fn identify(&self, request: Request) -> Request {
        request
    }
}

/// Somebody with a browser on our own pages, not signed in.
pub(crate) struct Visitor<'a>(pub(crate) &'a TestApp);

impl Caller for Visitor<'_> {
    fn app(&self) -> &TestApp {
        self.0
    }

    fn identify(&self, request: Request) -> Request {
        request.header("sec-fetch-site", "same-origin")
    }
}

pub(crate) struct SignedIn<'a> {
    pub(crate) app: &'a TestApp,
    pub(crate) cookie: String,
}

impl SignedIn<'_> {
    /// The id of a form for a new token, as the page has it.
    pub(crate) async fn form_id(&self) -> String {
        let page = self.get("/settings/personal-access-tokens/new").await.text();
        let (_, rest) = page.split_once("name=\"form_id\" value=\"").unwrap();
        rest.split('"').next().unwrap().to_owned()
    }
}

impl Caller for SignedIn<'_> {
    fn app(&self) -> &TestApp {
        self.app
    }

    fn identify(&self, request: Request) -> Request {
        request.header("cookie", format!("latchkey={}", self.cookie)).header("sec-fetch-site", "same-origin")
    }
}

pub(crate) struct Vendor<'a> {
    app: &'a TestApp,
    pub(crate) token: IssuedToken,
    form: CredentialForm,
}

impl<'a> Vendor<'a> {
    pub(crate) fn new(app: &'a TestApp, token: IssuedToken) -> Self {
        Self { app, token, form: CredentialForm::Bearer }
    }

    /// The same vendor, presenting its token in another form.
    pub(crate) fn by(&self, form: CredentialForm) -> Self {
        Self { app: self.app, token: self.token.clone(), form }
    }
}

impl Caller for Vendor<'_> {
    fn app(&self) -> &TestApp {
        self.app
    }

    fn identify(&self, request: Request) -> Request {
        let (name, value) = self.form.header(&self.token.sid.to_string(), &self.token.secret);
        request.header(name, value)
    }
}
