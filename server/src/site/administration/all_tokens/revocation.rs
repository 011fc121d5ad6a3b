//! Revoking several tokens. The work goes on when its answer has been given: the page looks how far it is.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use http::HeaderValue;
use http::header::REFRESH;
use latchkey_app::ssr::RequestContext;
use latchkey_app::{AdministrationPage, RevocationPage, Said, revocation, revocation_at};
use latchkey_domain::{Field, FormId, Refusal};
use latchkey_service::{Caller, Failure};

use crate::ServerState;
use crate::site::administration::{asked, fail, render};
use crate::site::forms::PostedBy;
use crate::site::kept;

pub(in crate::site::administration) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let sentence = "Your session had ended, and nothing was done.";
    let notice = kept::of(&request).map(|_| Said { done: false, sentence: sentence.to_owned() });
    answer(&state, context, &caller, (None, notice), request).await
}

/// Begins the work, or goes on with what stands still; leads to where its progress is seen.
pub(in crate::site::administration) async fn confirm(
    State(state): State<ServerState>,
    PostedBy(caller, posted): PostedBy,
) -> Response {
    let id = match named(&posted.page) {
        Ok(id) => id,
        Err(failure) => return fail(&state, &posted.context, failure, posted.page).await,
    };
    let number = posted.fields.typed(Field::Confirmation);
    let password = posted.fields.secret(Field::CurrentPassword.name());
    match state.service.confirm_revocation(&caller, id, &number, &password).await {
        Ok(is_ours) => {
            if is_ours {
                begin(&state, caller, id);
            }
            Redirect::to(&revocation(id)).into_response()
        }
        Err(failure) => match failure.into_refusal(&posted.context.origin.request_id) {
            refusal @ (Refusal::NotFound | Refusal::Forbidden) => {
                fail(&state, &posted.context, refusal.into(), posted.page).await
            }
            refusal => answer(&state, posted.context, &caller, (Some(refusal), None), posted.page).await,
        },
    }
}

/// Does the work beside the answer. Where it fails, what was done stays done, and the page says that it stands still.
fn begin(state: &ServerState, caller: Caller, id: FormId) {
    let service = state.service.clone();
    tokio::spawn(async move {
        if let Err(failure) = service.run_revocation(&caller, id).await {
            let _ = failure.into_refusal(&caller.origin.request_id);
        }
    });
}

async fn answer(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    (refusal, notice): (Option<Refusal>, Option<Said>),
    request: Request,
) -> Response {
    let found = match named(&request) {
        Ok(id) => state.service.revocation(caller, id).await,
        Err(failure) => Err(failure),
    };
    match found {
        Ok(preview) => {
            let status = refusal.as_ref().map_or(200, Refusal::status);
            let page = RevocationPage { preview, refusal, notice };
            let looks_again = page.is_under_way();
            let page = AdministrationPage::Revocation(Box::new(page));
            let mut response = render(context, page, status, request).await;
            if looks_again {
                response.headers_mut().insert(REFRESH, HeaderValue::from_static("1"));
            }
            response
        }
        Err(failure) => fail(state, &context, failure, request).await,
    }
}

fn named(request: &Request) -> Result<FormId, Failure> {
    revocation_at(request.uri().path()).ok_or_else(|| Refusal::NotFound.into())
}
