//! The built assets, served from inside the binary.
//!
//! Their folder is named by their content, so a browser may keep them for ever; they were compressed when they
//! were built, so serving one is copying bytes.

mod embedded;

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use latchkey_app::PageAssets;

use embedded::{Bundle, EmbeddedAsset, bundle};

/// Where pages find the assets; `None` in a server that was built without.
#[must_use]
pub(crate) fn page_assets() -> Option<PageAssets> {
    bundle().map(|Bundle { hash, .. }| PageAssets { folder: format!("/pkg/{hash}") })
}

/// The assets' routes.
pub(crate) fn router() -> Router {
    Router::new().route("/pkg/{hash}/{name}", get(serve))
}

async fn serve(Path((hash, name)): Path<(String, String)>, headers: HeaderMap) -> Response {
    let found = bundle()
        .filter(|bundle| bundle.hash == hash)
        .and_then(|bundle| bundle.assets.iter().find(|asset| asset.name == name));
    match found {
        Some(asset) => answer(asset, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(asset: &'static EmbeddedAsset, headers: &HeaderMap) -> Response {
    let (bytes, encoding) = match (asset.brotli, asset.gzip) {
        (Some(brotli), _) if accepts(headers, "br") => (brotli, Some("br")),
        (_, Some(gzip)) if accepts(headers, "gzip") => (gzip, Some("gzip")),
        _ => (asset.plain, None),
    };
    let mut response = Response::new(Body::from(bytes));
    let answer = response.headers_mut();
    answer.insert(CONTENT_TYPE, HeaderValue::from_static(asset.content_type));
    answer.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    answer.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(encoding) = encoding {
        answer.insert(CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    response
}

/// Whether the client takes this encoding: it names it, and not with a weight of nothing.
fn accepts(headers: &HeaderMap, encoding: &str) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|offer| {
        let mut parts = offer.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding));
        let refused = parts.any(|parameter| {
            parameter
                .strip_prefix("q=")
                .and_then(|weight| weight.parse::<f32>().ok())
                .is_some_and(|weight| weight <= 0.0)
        });
        named && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_taken_when_they_are_offered() {
        let offered = |value: &'static str| HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
        assert!(accepts(&offered("gzip, deflate, br"), "br"));
        assert!(accepts(&offered("GZIP;q=0.5"), "gzip"));
        assert!(!accepts(&offered("br;q=0, gzip"), "br"));
        assert!(!accepts(&offered("brotli"), "br"));
        assert!(!accepts(&HeaderMap::new(), "br"));
    }
}
