//! The list of everybody's tokens. Its forms say in `action` what they are for.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::{AdministrationPage, AllTokensPage, AnyTokenPage, Place, Said, revocation};
use latchkey_domain::Refusal;
use latchkey_service::{AskedToRevoke, Caller, Chosen, LookUp, MAX_CHOSEN, TokenSearch};

use super::export::export;
use crate::ServerState;
use crate::site::administration::{CONFLICT, asked, fail, render};
use crate::site::forms::{Fields, PostedBy};
use crate::site::kept;
use crate::site::pages::target_of;

pub(in crate::site::administration) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let kept = kept::of(&request);
    let search = if let Some(fields) = &kept {
        search_in(fields)
    } else {
        let place = Place::parse(target_of(&request));
        TokenSearch::read(|name| place.value(name))
    };
    let notice = kept.map(|_| not("Your session had ended, and nothing was done."));
    answer(&state, context, &caller, (search, notice, None), 200, request).await
}

/// Does what a form asks for.
pub(in crate::site::administration) async fn act(
    State(state): State<ServerState>,
    PostedBy(caller, posted): PostedBy,
) -> Response {
    let search = search_in(&posted.fields);
    match posted.fields.text("action").as_str() {
        "export" => export(&state, &caller, &search, posted).await,
        "look-up" => look_up(&state, &caller, posted).await,
        "choose-all" => choose(&state, &caller, Chosen::Matching(Box::new(search.clone())), search, posted).await,
        "choose" => {
            let sids = posted.fields.all("sid").iter().filter_map(|sid| sid.parse().ok()).collect();
            choose(&state, &caller, Chosen::Those(sids), search, posted).await
        }
        _ => fail(&state, &posted.context, Refusal::NotFound.into(), posted.page).await,
    }
}

/// Shows whose a secret or a name is. Neither stands in the answer's address, nor in any log.
async fn look_up(state: &ServerState, caller: &Caller, posted: crate::site::forms::Posted) -> Response {
    let typed = posted.fields.secret("credential");
    let problem = match state.service.look_up_token(caller, &typed).await {
        Ok(LookUp::Found(found)) => {
            let page = AnyTokenPage { found: *found, notice: None };
            return render(posted.context, AdministrationPage::AnyToken(Box::new(page)), 200, posted.page).await;
        }
        Ok(LookUp::Unknown) => "No token has it, or ever had.",
        Ok(LookUp::Malformed) => "It is neither a whole Auth Token nor an Account SID: check that nothing is missing.",
        Err(failure) => return fail(state, &posted.context, failure, posted.page).await,
    };
    let shown = (TokenSearch::default(), None, Some(problem));
    answer(state, posted.context, caller, shown, 422, posted.page).await
}

/// Fixes a set, and leads to its page.
async fn choose(
    state: &ServerState,
    caller: &Caller,
    chosen: Chosen,
    search: TokenSearch,
    posted: crate::site::forms::Posted,
) -> Response {
    let sentence = match state.service.choose_to_revoke(caller, chosen).await {
        Ok(AskedToRevoke::Fixed(set)) => return Redirect::to(&revocation(set)).into_response(),
        Ok(AskedToRevoke::Nothing) => "Nothing was chosen: tick the rows that are meant.".to_owned(),
        Ok(AskedToRevoke::TooMany) => {
            format!(
                "That are more than {MAX_CHOSEN} tokens, the most that are revoked at once. Filter by something else."
            )
        }
        Err(failure) => return fail(state, &posted.context, failure, posted.page).await,
    };
    answer(state, posted.context, caller, (search, Some(not(&sentence)), None), CONFLICT, posted.page).await
}

fn not(sentence: &str) -> Said {
    Said { done: false, sentence: sentence.to_owned() }
}

fn search_in(fields: &Fields) -> TokenSearch {
    TokenSearch::read(|name| Some(fields.text(name)))
}

async fn answer(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    (search, notice, look_up): (TokenSearch, Option<Said>, Option<&'static str>),
    status: u16,
    request: Request,
) -> Response {
    let people = match state.service.suggested_reps(caller, None).await {
        Ok(people) => people,
        Err(failure) => return fail(state, &context, failure, request).await,
    };
    let catalog = state.service.catalog().scopes();
    let scopes = catalog.iter().map(|scope| (scope.name.to_string(), scope.label.clone())).collect();
    match state.service.all_tokens(caller, search).await {
        Ok(found) => {
            let page = AllTokensPage { found, people, scopes, notice, look_up };
            render(context, AdministrationPage::AllTokens(Box::new(page)), status, request).await
        }
        Err(failure) => fail(state, &context, failure, request).await,
    }
}
