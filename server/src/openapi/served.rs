//! The document and its pages over HTTP: public, and the same for everybody.
//!
//! A token or a cookie that is sent along is not looked at.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use sha2::{Digest as _, Sha256};
use tower_http::compression::CompressionLayer;

use super::reference;
use super::{document, text};
use crate::problem::Problem;
use crate::request::origin_of;
use crate::{ServerState, site};

/// Where the document is served.
pub const PATH: &str = "/api/openapi.json";
/// The pages of the contract.
pub const PAGES: [&str; 2] = latchkey_app::REFERENCE_PAGES;

/// The document as it was made at the start.
struct Contract {
    text: String,
    etag: HeaderValue,
    value: serde_json::Value,
}

#[derive(Clone)]
struct Shared {
    server: ServerState,
    contract: Arc<Contract>,
}

/// The routes of the document and of its pages.
pub(crate) fn router(state: &ServerState) -> Router {
    let document = document(state.service.catalog(), state.web.public_url.as_deref());
    let contract = text(&document).and_then(|text| Ok((serde_json::from_str(&text)?, text)));
    let (value, text) = match contract {
        Ok(contract) => contract,
        Err(error) => {
            tracing::error!(cause = %error, "the contract could not be written as JSON and is not served");
            return Router::new();
        }
    };
    let contract = Arc::new(Contract { etag: etag_of(&text), text, value });
    let only_get = |route: MethodRouter<Shared>| route.fallback(not_this_method).layer(CompressionLayer::new());
    let router = Router::new().route(PATH, only_get(get(serve)));
    let router = PAGES.into_iter().fold(router, |router, path| router.route(path, only_get(get(page))));
    router.with_state(Shared { server: state.clone(), contract })
}

async fn serve(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let contract = &shared.contract;
    let known = headers.get_all(IF_NONE_MATCH).iter().any(|value| is_named(value, &contract.etag));
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(CONTENT_TYPE, "application/json")], contract.text.clone()).into_response()
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, contract.etag.clone());
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

async fn page(State(shared): State<Shared>, request: Request) -> Response {
    let shown = reference::shown(&shared.contract.value, request.uri().query().unwrap_or_default());
    site::render_public(&shared.server, shown, request).await
}

async fn not_this_method(request: Request) -> Response {
    Problem::method_not_allowed(HeaderValue::from_static("GET, HEAD")).into_response(&origin_of(&request).request_id)
}

/// Weak: the answer may be compressed on its way.
fn etag_of(text: &str) -> HeaderValue {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()));
    // Base64 and quotes, so the fallback is never seen.
    HeaderValue::from_str(&format!("W/\"{digest}\"")).unwrap_or(HeaderValue::from_static("W/\"\""))
}

/// Whether `If-None-Match` names the tag, compared weakly (RFC 9110 section 13.1.2).
fn is_named(value: &HeaderValue, etag: &HeaderValue) -> bool {
    let opaque = |tag: &str| tag.trim().strip_prefix("W/").unwrap_or(tag.trim()).to_owned();
    let (Ok(value), Ok(etag)) = (value.to_str(), etag.to_str()) else {
        return false;
    };
    value.trim() == "*" || value.split(',').any(|tag| opaque(tag) == opaque(etag))
}
