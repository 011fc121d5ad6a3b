//! Moving a service rep's tokens to another.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::{AdministrationPage, MovePage, Place, Said, one_rep};
use latchkey_domain::{Field, Refusal, RepId};
use latchkey_service::ports::TokenMoveOutcome;
use latchkey_service::{Caller, Failure, Outcome};

use super::{CONFLICT, asked, fail, named, render};
use crate::ServerState;
use crate::site::forms::PostedBy;
use crate::site::kept;
use crate::site::pages::target_of;

/// Whom to move to, and once that is said, what would become of each token.
pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let kept_to = kept::of(&request).map(|fields| fields.typed(Field::Target));
    let to = kept_to.or_else(|| Place::parse(target_of(&request)).value(Field::Target.name()));
    answer(&state, context, &caller, to, None, 200, request).await
}

pub(super) async fn move_tokens(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let to = posted.fields.typed(Field::Target);
    let moved = match named(&posted.page) {
        Ok(from) => state.service.move_tokens(&caller, from, &to).await.map(|(to, outcome)| (from, to, outcome)),
        Err(failure) => Err(failure),
    };
    let said = match moved {
        Ok((from, _, TokenMoveOutcome::Moved(done))) => {
            let query = format!("notice=moved&tokens={}&stayed={}", done.moving.len(), done.staying.len());
            return Redirect::to(&format!("{}?{query}", one_rep(from))).into_response();
        }
        Ok((_, to, TokenMoveOutcome::Nothing(left))) if left.staying.is_empty() => {
            format!("There is nothing left to move to {}: somebody else was faster.", to.name)
        }
        Ok((_, to, TokenMoveOutcome::Nothing(_))) => {
            format!("Nothing moved: {} has live tokens of the same descriptions.", to.name)
        }
        Ok((_, to, TokenMoveOutcome::TooMany | TokenMoveOutcome::TargetUnfit)) => {
            let most = Refusal::MAX_LIVE_TOKENS;
            format!("Nothing moved: {} would have more than {most} live tokens, the most one may have.", to.name)
        }
        // Whoever was chosen may have been disabled meanwhile: the page says so at the field.
        Err(Failure::Refused(Refusal::Invalid(_))) => {
            return answer(&state, posted.context, &caller, Some(to), None, 422, posted.page).await;
        }
        Err(failure) => return fail(&state, &posted.context, failure, posted.page).await,
    };
    let notice = Some(Said { done: false, sentence: said });
    answer(&state, posted.context, &caller, Some(to), notice, CONFLICT, posted.page).await
}

async fn answer(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    to: Option<String>,
    notice: Option<Said>,
    status: u16,
    request: Request,
) -> Response {
    let found = match named(&request) {
        Ok(from) => page(state, caller, from, to, notice).await,
        Err(failure) => Err(failure),
    };
    match found {
        Ok(page) => {
            let status = page.refusal.as_ref().map_or(status, Refusal::status);
            render(context, AdministrationPage::Move(Box::new(page)), status, request).await
        }
        Err(failure) => fail(state, &context, failure, request).await,
    }
}

async fn page(
    state: &ServerState,
    caller: &Caller,
    from: RepId,
    to: Option<String>,
    notice: Option<Said>,
) -> Outcome<MovePage> {
    let details = state.service.rep_details(caller, from).await?;
    let mut reps = state.service.suggested_reps(caller, None).await?;
    reps.retain(|found| found.rep.id != from);
    let (preview, refusal) = match &to {
        None => (None, None),
        Some(to) => match state.service.preview_move(caller, from, to).await {
            Ok(preview) => (Some(preview), None),
            Err(Failure::Refused(refusal @ Refusal::Invalid(_))) => (None, Some(refusal)),
            Err(failure) => return Err(failure),
        },
    };
    Ok(MovePage { details, to: to.unwrap_or_default(), reps, preview, refusal, notice })
}
