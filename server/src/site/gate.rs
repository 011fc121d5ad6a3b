//! What every request to the web pages passes.
//!
//! 1. Vendor credentials are refused: a token can never manage tokens.
//! 2. A request that may change something must come from our own pages.
//! 3. The session's cookie says who is asking; the answer stands in the request's extensions for what follows.
//! 4. What is for admins is kept from everybody else.
//!
//! Every answer gets the headers of [`super::headers`].

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::header::{AUTHORIZATION, HOST, ORIGIN, SET_COOKIE};
use http::uri::Authority;
use http::{HeaderMap, Method};
use latchkey_app::is_for_admins;
use latchkey_app::ssr::RequestContext;
use latchkey_domain::Role;
use latchkey_service::{Caller, Origin};

use super::{cookie, headers, kept, pages, unavailable};
use crate::header_lines::{HeaderLines, text_of};
use crate::problem::{Problem, ProblemCode};
use crate::{ServerState, WebSettings, request};

/// Lets a request through, or answers it.
pub(super) async fn pass(State(state): State<ServerState>, mut request: Request, next: Next) -> Response {
    let origin = request::origin_of(&request);
    let mut response = match check(&state.web, &request) {
        Err(problem) => problem.into_response(&origin.request_id),
        Ok(()) => match context(&state, request.headers(), origin.clone()).await {
            Ok(context) if kept::has_lost_its_session(&context, &request) => kept::keep(&state, request).await,
            Ok(context) => match admit(&context, request.uri().path()) {
                Admission::Granted => {
                    let is_given_back = kept::give_back(&state, &context, &mut request);
                    request.extensions_mut().insert(context);
                    let mut response = next.run(request).await;
                    if let Some(value) = cookie::end_kept(&state.web).filter(|_| is_given_back) {
                        response.headers_mut().append(SET_COOKIE, value);
                    }
                    response
                }
                Admission::SignInFirst => pages::to_sign_in(&request),
                Admission::ForAdmins => pages::forbidden(context, request).await,
            },
            Err(()) => unavailable::answer(&request, &origin.request_id),
        },
    };
    headers::complete(response.headers_mut());
    response
}

/// Whether somebody may ask for what is at a path at all.
enum Admission {
    Granted,
    SignInFirst,
    ForAdmins,
}

/// Administration is for admins, whatever may be found there: a handler cannot forget to ask. The use cases ask
/// again.
fn admit(context: &RequestContext, path: &str) -> Admission {
    match &context.caller {
        _ if !is_for_admins(path) => Admission::Granted,
        None => Admission::SignInFirst,
        Some(caller) if caller.rep.role == Role::Admin => Admission::Granted,
        Some(_) => Admission::ForAdmins,
    }
}

/// Who is asking, and from where.
pub(super) async fn context(state: &ServerState, headers: &HeaderMap, origin: Origin) -> Result<RequestContext, ()> {
    let caller = match cookie::read(headers, &state.web) {
        None => None,
        Some(value) => match state.service.resume(&value).await {
            Ok(resumed) => resumed.map(|(rep, session)| Caller { rep, session, origin: origin.clone() }),
            Err(failure) => {
                let _ = failure.into_refusal(&origin.request_id);
                return Err(());
            }
        },
    };
    let service = state.service.clone();
    Ok(RequestContext { service, caller, origin, base_url: base_url(&state.web, headers) })
}

/// Whoever it is: no cookie is read.
pub(super) fn context_of_nobody(state: &ServerState, headers: &HeaderMap, origin: Origin) -> RequestContext {
    let base_url = base_url(&state.web, headers);
    RequestContext { service: state.service.clone(), caller: None, origin, base_url }
}

fn check(web: &WebSettings, request: &Request) -> Result<(), Problem> {
    let headers = request.headers();
    if headers.contains_key(AUTHORIZATION) || headers.contains_key("x-tw-token") {
        return Err(Problem::new(
            ProblemCode::CredentialNotAccepted,
            "These pages take no token. A token opens the API only.",
        ));
    }
    let changes_nothing = matches!(*request.method(), Method::GET | Method::HEAD);
    if changes_nothing || is_from_own_page(web, headers) {
        Ok(())
    } else {
        Err(Problem::new(ProblemCode::CrossOrigin, "This request did not come from Latchkey's own pages."))
    }
}

/// Whether a request was made by one of our own pages: the browser says so in `Sec-Fetch-Site`, or an older one
/// in `Origin`. A request that says neither is refused.
fn is_from_own_page(web: &WebSettings, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match text("sec-fetch-site") {
        Some(site) => site == "same-origin",
        None => text(ORIGIN.as_str()).is_some_and(|origin| origin == base_url(web, headers)),
    }
}

/// Scheme and authority under which the reader sees Latchkey: as configured, or else as the request names it.
pub(crate) fn base_url(web: &WebSettings, headers: &impl HeaderLines) -> String {
    if let Some(url) = &web.public_url {
        return url.clone();
    }
    let host = headers.values(HOST).next().and_then(text_of);
    let authority = host.and_then(|host| host.parse::<Authority>().ok());
    let scheme = if web.is_https() { "https" } else { "http" };
    format!("{scheme}://{}", authority.as_ref().map_or("localhost", Authority::as_str))
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn own(public_url: Option<&str>, lines: &[(&'static str, &'static str)]) -> bool {
        let web = WebSettings { public_url: public_url.map(str::to_owned), ..WebSettings::default() };
        let headers = lines
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        is_from_own_page(&web, &headers)
    }

    #[test]
    fn the_browsers_word_on_the_site_decides() {
        assert!(own(None, &[("sec-fetch-site", "same-origin")]));
        for site in ["same-site", "cross-site", "none", ""] {
            assert!(!own(None, &[("sec-fetch-site", site), ("origin", "http://a"), ("host", "a")]), "{site}");
        }
    }

    #[test]
    fn the_scheme_is_the_one_that_the_server_speaks() {
        let headers = HeaderMap::from_iter([(HOST, HeaderValue::from_static("pat.example.com"))]);
        let base = |public_url: Option<&str>, speaks_tls| {
            base_url(&WebSettings { public_url: public_url.map(str::to_owned), speaks_tls }, &headers)
        };
        assert_eq!(base(None, false), "http://pat.example.com");
        assert_eq!(base(None, true), "https://pat.example.com");
        assert_eq!(base(Some("https://tokens.example.com"), true), "https://tokens.example.com");
    }

    #[test]
    fn without_it_the_origin_must_be_our_own() {
        assert!(own(None, &[("origin", "http://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
        assert!(!own(None, &[("origin", "https://127.0.0.1:3000"), ("host", "127.0.0.1:3000")]));
        assert!(!own(None, &[("origin", "null"), ("host", "a")]));
        assert!(own(Some("https://pat.example.com"), &[("origin", "https://pat.example.com"), ("host", "inner")]));
        assert!(!own(Some("https://pat.example.com"), &[("origin", "http://inner"), ("host", "inner")]));
        assert!(!own(None, &[("host", "a")]));
    }
}
