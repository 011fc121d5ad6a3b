//! What a browser is answered where the database does not answer: a page to somebody who reads it, a problem document
//! to a program, which leaves what it shows as it is.

use axum::extract::Request;
use axum::response::{Html, IntoResponse as _, Response};
use http::header::{CONTENT_SECURITY_POLICY, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use latchkey_app::unavailable_page;

use super::headers;
use super::pages::target_of;
use crate::assets::page_assets;
use crate::problem::Problem;
use crate::request::accepts;

/// What the page may load: its styles and its picture.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'none'; base-uri 'none'; \
                      frame-ancestors 'none'";

/// The answer, which nothing was done for.
pub(super) fn answer(request: &Request, request_id: &str) -> Response {
    let problem = Problem::unavailable().into_response(request_id);
    if !is_for_a_reader(request) {
        return problem;
    }
    let again = (request.method() == Method::GET).then(|| target_of(request).to_owned());
    let page = Html(unavailable_page(page_assets(), again, request_id.to_owned()));
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, page).into_response();
    if let Some(seconds) = problem.headers().get(RETRY_AFTER) {
        response.headers_mut().insert(RETRY_AFTER, seconds.clone());
    }
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers::complete(response.headers_mut());
    response
}

/// Whether a page is asked for, by somebody who has no use for a problem document. Our own scripts name both.
fn is_for_a_reader(request: &Request) -> bool {
    accepts(request, "text/html") && !accepts(request, "application/problem+json")
}
