//! Rendering pages.

use any_spawner::Executor;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderValue, StatusCode};
use latchkey_app::ssr::RequestContext;
use latchkey_app::system_settings::SystemSettingsPage;
use latchkey_app::{
    AccountLinkPage, AdministrationPage, Forbidden, INVITE, Life, ONE_TOKEN, PAGES, Place, PlainPost, RESET_PASSWORD,
    Reference, Shell, life_of, shell, sign_in_path, token_at,
};
use latchkey_domain::view::AccountView;
use latchkey_domain::{AskedCall, PlainText, Refusal};
use latchkey_service::OwnToken;
use leptos::prelude::{Owner, provide_context, use_context};
use leptos_axum::{ResponseOptions, render_app_async_with_context};
use tower_http::compression::CompressionLayer;

use super::{HOME, administration, forms, gate, headers, kept, links, system_settings, unavailable};
use crate::{ServerState, assets, request};

/// Pages that need no session. They are the front door, and plain: no scripts.
pub const PUBLIC_PAGES: [&str; 4] = ["/setup", "/sign-in", INVITE, RESET_PASSWORD];

pub(super) fn router() -> Router<ServerState> {
    // Rendering spawns on this process's runtime. An error means that it was told so before.
    let _ = Executor::init_tokio();
    // Only answers to GET are compressed: the answer to a post can hold a secret beside text that somebody else
    // chose, and its compressed length would tell about the one through the other.
    PAGES.into_iter().fold(Router::new(), |router, path| {
        let handler = match path {
            ONE_TOKEN => get(one_token),
            INVITE | RESET_PASSWORD => get(links::show),
            path => {
                administration::page_at(path).or_else(|| system_settings::page_at(path)).unwrap_or_else(|| get(page))
            }
        };
        router.route(path, handler.layer(CompressionLayer::new()))
    })
}

async fn page(State(state): State<ServerState>, request: Request) -> Response {
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let path = request.uri().path();
    match (path, &context.caller) {
        ("/sign-in", Some(_)) => return Redirect::to(HOME).into_response(),
        ("/setup", _) => return set_up(&state, context, request).await,
        (path, None) if !PUBLIC_PAGES.contains(&path) => return to_sign_in(&request),
        _ => {}
    }
    let post = kept::of(&request).and_then(|typed| forms::typed_again(request.uri().path(), &typed));
    render(context, post, request).await
}

/// The page of one of the reader's own tokens; anybody else's is as good as none.
async fn one_token(State(state): State<ServerState>, request: Request) -> Response {
    let Some(context) = request.extensions().get::<RequestContext>().cloned() else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let Some(sid) = token_at(request.uri().path()) else {
        return not_found(&state, request).await;
    };
    let Some(caller) = &context.caller else {
        return to_sign_in(&request);
    };
    let place = Place::parse(target_of(&request));
    let method = place.value("method").unwrap_or_else(|| "GET".to_owned());
    let asked =
        place.value("path").and_then(|path| AskedCall::read(&method, &path, &place.value("from").unwrap_or_default()));
    match state.service.explain_token(caller, sid, asked).await {
        Ok(token) => render_with(context, Given::Token(Box::new(token)), request).await,
        Err(failure) => match failure.into_refusal(&context.origin.request_id) {
            Refusal::NotFound => not_found(&state, request).await,
            _ => unavailable::answer(&request, &context.origin.request_id),
        },
    }
}

/// Leads to the sign-in, and from there back to what was asked for; after a form, to its page.
pub(super) fn to_sign_in(request: &Request) -> Response {
    let next = if request.method() == http::Method::GET { target_of(request) } else { request.uri().path() };
    Redirect::to(&sign_in_path(next)).into_response()
}

pub(super) fn target_of(request: &Request) -> &str {
    request.uri().path_and_query().map_or("", |target| target.as_str())
}

/// The set-up page says at once where its link has ended. Looking changes nothing.
async fn set_up(state: &ServerState, context: RequestContext, request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let code = forms::Fields::read(query.as_bytes()).secret("code");
    match state.service.check_set_up_code(&code).await {
        Ok(()) => render(context, None, request).await,
        Err(failure) => {
            let refusal = failure.into_refusal(&context.origin.request_id);
            let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::GONE);
            let post = PlainPost::SetUpRefused { name: String::new(), email: String::new(), refusal };
            let mut response = render(context, Some(post), request).await;
            *response.status_mut() = status;
            response
        }
    }
}

/// The page that says there is nothing at an address.
pub(super) async fn not_found(state: &ServerState, request: Request) -> Response {
    let origin = request::origin_of(&request);
    let Ok(context) = gate::context(state, request.headers(), origin.clone()).await else {
        return unavailable::answer(&request, &origin.request_id);
    };
    let (mut parts, _) = request.into_parts();
    parts.method = http::Method::GET;
    let mut response = render(context, None, Request::from_parts(parts, Body::empty())).await;
    *response.status_mut() = StatusCode::NOT_FOUND;
    headers::complete(response.headers_mut());
    response
}

/// The page that says to somebody who is signed in that an address is not for their role.
pub(super) async fn forbidden(context: RequestContext, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    parts.method = http::Method::GET;
    let mut response = render_with(context, Given::Forbidden, Request::from_parts(parts, Body::empty())).await;
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
}

/// What a page is given, beside what it finds for itself.
#[derive(Clone)]
pub(super) enum Given {
    Nothing,
    /// The outcome of a post to it.
    Post(PlainPost),
    /// The token that it is about.
    Token(Box<OwnToken>),
    /// That the reader may not see it.
    Forbidden,
    /// A page of administration, whole.
    Administration(Box<AdministrationPage>),
    /// A page of external service accounts, whole.
    SystemSettings(Box<SystemSettingsPage>),
    /// Where a link for choosing a password leads.
    AccountLink(Box<AccountLinkPage>),
    /// The contract that it shows.
    Reference(Box<Reference>),
}

impl Given {
    /// Whether the page must not come alive: it answers a plain post, or shows a secret.
    fn stays_plain(&self) -> bool {
        match self {
            Self::Post(_) => true,
            Self::Administration(page) => page.shows_secret(),
            Self::SystemSettings(page) => page.shows_secret(),
            _ => false,
        }
    }
}

/// Renders the page at the request's path, as the answer to a post if there was one.
pub(super) async fn render(context: RequestContext, post: Option<PlainPost>, request: Request) -> Response {
    render_with(context, post.map_or(Given::Nothing, Given::Post), request).await
}

/// Renders a page of the contract. It is the same for everybody: no cookie is looked at.
pub(crate) async fn render_public(state: &ServerState, reference: Reference, request: Request) -> Response {
    let context = gate::context_of_nobody(state, request.headers(), request::origin_of(&request));
    let mut response = render_with(context, Given::Reference(Box::new(reference)), request).await;
    headers::complete(response.headers_mut());
    response
}

/// Renders the page at the request's path, whole. A page that answers a plain post, and the front door, do not
/// come alive: they carry no scripts, and nothing of what they show is serialized into them.
pub(super) async fn render_with(context: RequestContext, given: Given, request: Request) -> Response {
    let place = Place::parse(target_of(&request));
    let path = place.path.clone();
    let is_known = PAGES.contains(&path.as_str())
        || matches!(given, Given::Token(_) | Given::Forbidden | Given::Administration(_) | Given::SystemSettings(_));
    let is_framed = is_known && !PUBLIC_PAGES.contains(&path.as_str());
    let frame = context.caller.as_ref().filter(|_| is_framed).map(|caller| AccountView::from(&caller.rep));
    let life = if given.stays_plain() || frame.is_none() { Life::Plain } else { life_of(&path) };
    let shell_of_page = Shell { assets: assets::page_assets(), place, frame, life };
    let provide = move || {
        provide_context(context.clone());
        provide_context(shell_of_page.clone());
        match &given {
            Given::Nothing => {}
            Given::Post(post) => provide_context(post.clone()),
            Given::Forbidden => provide_context(Forbidden),
            Given::Token(token) => provide_context(OwnToken::clone(token)),
            Given::Administration(page) => provide_context(AdministrationPage::clone(page)),
            Given::SystemSettings(page) => provide_context(SystemSettingsPage::clone(page)),
            Given::AccountLink(page) => provide_context(AccountLinkPage::clone(page)),
            Given::Reference(reference) => provide_context(Reference::clone(reference)),
        }
        if life != Life::Hydrated
            && let Some(shared) = Owner::current_shared_context()
        {
            shared.set_is_hydrating(false);
        }
        allow_own_scripts();
    };
    let response = render_app_async_with_context(provide, shell)(request).await;
    if life == Life::Hydrated { response } else { without_data(response).await }
}

/// A page as it was rendered, without the scripts that Leptos appends for pages that run in the browser.
async fn without_data(response: Response) -> Response {
    const END: &[u8] = b"</html>";
    let (parts, body) = response.into_parts();
    let Ok(page) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let end = page.windows(END.len()).rposition(|window| window == END).map_or(page.len(), |start| start + END.len());
    Response::from_parts(parts, Body::from(page.slice(..end)))
}

/// Names the nonce of the page's own script in its policy.
fn allow_own_scripts() {
    let nonce = leptos::nonce::use_nonce();
    let policy = headers::page_policy(nonce.as_ref().map_or("", |nonce| nonce));
    if let (Some(response), Ok(policy)) = (use_context::<ResponseOptions>(), HeaderValue::from_str(&policy)) {
        response.insert_header(CONTENT_SECURITY_POLICY, policy);
    }
}

/// A path of this site to go on to; anything else leads home.
pub(super) fn way_on(next: &PlainText) -> String {
    let next = next.expose();
    let is_own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if is_own && HeaderValue::from_str(next).is_ok() { next.to_owned() } else { HOME.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_on_stays_on_this_site() {
        let way = |next: &str| way_on(&PlainText::new(next.to_owned()));
        assert_eq!(way("/settings/general?x=1"), "/settings/general?x=1");
        for elsewhere in
            ["", "settings", "//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "/é\n"]
        {
            assert_eq!(way(elsewhere), HOME, "{elsewhere:?}");
        }
    }
}
