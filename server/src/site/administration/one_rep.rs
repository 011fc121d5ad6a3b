//! One service rep, and what is done with them.

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::ssr::RequestContext;
use latchkey_app::{AdministrationPage, Place, RepAction, RepPage, SERVICE_REPS, Said, ShownLink, one_rep};
use latchkey_domain::{Field, PlainText, Refusal, RepId, Role};
use latchkey_service::ports::{LinkIssue, RepChange, Withdrawal};
use latchkey_service::{Authority, Caller, LinkOffer, Outcome, Service};

use super::{CONFLICT, asked, fail, named, render};
use crate::ServerState;
use crate::site::forms::PostedBy;
use crate::site::kept;
use crate::site::pages::target_of;

pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let mut notice = notice_in(&Place::parse(target_of(&request)));
    if kept::of(&request).is_some() {
        notice = Some(Said { done: false, sentence: "Your session had ended, and nothing was done.".to_owned() });
    }
    answer(&state, context, &caller, Shown { notice, ..Shown::default() }, 200, request).await
}

/// Does what a form asks for.
pub(super) async fn act(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let id = match named(&posted.page) {
        Ok(id) => id,
        Err(failure) => return fail(&state, &posted.context, failure, posted.page).await,
    };
    let Some(action) = RepAction::parse(&posted.fields.text("action")) else {
        return fail(&state, &posted.context, Refusal::NotFound.into(), posted.page).await;
    };
    let password = posted.fields.secret(Field::CurrentPassword.name());
    match perform(&state.service, &caller, id, action, &password).await {
        Ok(Done::LeadsTo(path)) => Redirect::to(&path).into_response(),
        Ok(Done::Link(link)) => {
            let base_url = posted.context.base_url.clone();
            let shown = Shown { link: Some(ShownLink { link, base_url }), ..Shown::default() };
            answer(&state, posted.context, &caller, shown, 200, posted.page).await
        }
        Ok(Done::Not(sentence)) => {
            let shown = Shown { notice: Some(Said { done: false, sentence }), ..Shown::default() };
            answer(&state, posted.context, &caller, shown, CONFLICT, posted.page).await
        }
        Err(failure) => match failure.into_refusal(&posted.context.origin.request_id) {
            refusal @ (Refusal::NotFound | Refusal::Forbidden) => {
                fail(&state, &posted.context, refusal.into(), posted.page).await
            }
            refusal => {
                let status = refusal.status();
                let shown = Shown { refused: Some((action, refusal)), ..Shown::default() };
                answer(&state, posted.context, &caller, shown, status, posted.page).await
            }
        },
    }
}

/// What became of a form.
enum Done {
    /// It was done: on to there.
    LeadsTo(String),
    /// A link was made.
    Link(latchkey_service::AccountLink),
    /// It was not done, and this is why.
    Not(String),
}

/// What the page says beside what it shows.
#[derive(Default)]
struct Shown {
    link: Option<ShownLink>,
    notice: Option<Said>,
    refused: Option<(RepAction, Refusal)>,
}

async fn answer(
    state: &ServerState,
    context: RequestContext,
    caller: &Caller,
    shown: Shown,
    status: u16,
    request: Request,
) -> Response {
    let details = match named(&request) {
        Ok(id) => state.service.rep_details(caller, id).await,
        Err(failure) => Err(failure),
    };
    match details {
        Ok(details) => {
            let Shown { link, notice, refused } = shown;
            let page = RepPage { details, link, notice, refused };
            render(context, AdministrationPage::Rep(Box::new(page)), status, request).await
        }
        Err(failure) => fail(state, &context, failure, request).await,
    }
}

async fn perform(
    service: &Service,
    caller: &Caller,
    id: RepId,
    action: RepAction,
    password: &PlainText,
) -> Outcome<Done> {
    let admin = Authority::Admin(caller);
    match action {
        RepAction::Disable => Ok(changed(service.disable_rep(admin, id).await?, id, action)?),
        RepAction::Enable => Ok(changed(service.enable_rep(admin, id).await?, id, action)?),
        RepAction::MakeAdmin => Ok(changed(service.set_rep_role(admin, id, Role::Admin, password).await?, id, action)?),
        RepAction::MakeRep => Ok(changed(service.set_rep_role(admin, id, Role::Rep, password).await?, id, action)?),
        RepAction::ResetPassword => offered(service.offer_password_reset(admin, id, password).await?),
        RepAction::InviteAgain => offered(service.renew_invitation(caller, id).await?),
        RepAction::Withdraw => match service.withdraw_invitation(caller, id).await? {
            Withdrawal::Withdrawn => Ok(Done::LeadsTo(format!("{SERVICE_REPS}?notice=withdrawn"))),
            Withdrawal::Accepted => Ok(Done::Not(ACCEPTED.to_owned())),
            Withdrawal::NotFound => Err(Refusal::NotFound.into()),
        },
    }
}

const ACCEPTED: &str = "The invitation has been accepted meanwhile; nothing has changed.";

fn changed(change: RepChange, id: RepId, action: RepAction) -> Outcome<Done> {
    match change {
        RepChange::Changed { ended_sessions, live_tokens } => {
            let path = one_rep(id);
            let code = action.code();
            Ok(Done::LeadsTo(format!("{path}?notice={code}&sessions={ended_sessions}&tokens={live_tokens}")))
        }
        RepChange::Unchanged => {
            let is = match action {
                RepAction::Disable => "disabled",
                RepAction::Enable => "enabled",
                RepAction::MakeAdmin => "an admin",
                _ => "a rep",
            };
            Ok(Done::Not(format!("They are {is} already: somebody else was faster. Nothing has changed.")))
        }
        RepChange::LastAdmin => Ok(Done::Not(
            "They are the last admin who can sign in. Make somebody else an admin first; nothing has changed."
                .to_owned(),
        )),
        RepChange::NotAllowed => Err(Refusal::Forbidden.into()),
        RepChange::NotFound => Err(Refusal::NotFound.into()),
    }
}

fn offered(offer: LinkOffer) -> Outcome<Done> {
    let not = |sentence: &str| Ok(Done::Not(sentence.to_owned()));
    match offer {
        LinkOffer::Offered(link) => Ok(Done::Link(link)),
        LinkOffer::Refused(LinkIssue::Accepted) => not(ACCEPTED),
        LinkOffer::Refused(LinkIssue::NotAccepted) => {
            not("They have not accepted their invitation: invite them again instead.")
        }
        LinkOffer::Refused(LinkIssue::Disabled) => not("They have been disabled meanwhile; no link was made."),
        LinkOffer::Refused(LinkIssue::SystemRep) => not("A service has no password."),
        LinkOffer::Refused(LinkIssue::NotFound | LinkIssue::Issued) => Err(Refusal::NotFound.into()),
    }
}

/// What has just been done, as the address says it: counts and a code, no text.
fn notice_in(place: &Place) -> Option<Said> {
    let number = |name: &str| place.value(name).and_then(|text| text.parse::<u64>().ok()).unwrap_or_default();
    let (sessions, tokens) = (number("sessions"), number("tokens"));
    let s = |count: u64| if count == 1 { "" } else { "s" };
    let sentence = match place.value("notice")?.as_str() {
        "disable" => {
            format!("Disabled: {sessions} session{} ended and {tokens} token{} stopped.", s(sessions), s(tokens))
        }
        "enable" => format!("Enabled. Tokens that work again: {tokens}."),
        "make-admin" => "They are an admin now.".to_owned(),
        "make-rep" => "They are a rep now. Scopes that only admins may grant have stopped counting.".to_owned(),
        "added" => "The service is added.".to_owned(),
        "moved" => {
            let stayed = number("stayed");
            let rest = if stayed == 0 {
                String::new()
            } else {
                format!(" {stayed} stayed, since the new owner has live tokens of the same descriptions.")
            };
            format!("{tokens} token{} moved.{rest}", s(tokens))
        }
        "already-created" => {
            let sentence = Refusal::AlreadyCreated.sentence();
            return Some(Said { done: false, sentence });
        }
        _ => return None,
    };
    Some(Said { done: true, sentence })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_counts_and_no_text() {
        let said = |query: &str| notice_in(&Place::parse(&format!("/x?{query}"))).map(|said| said.sentence);
        assert_eq!(
            said("notice=disable&sessions=1&tokens=3").as_deref(),
            Some("Disabled: 1 session ended and 3 tokens stopped.")
        );
        assert_eq!(
            said("notice=disable&sessions=<b>").as_deref(),
            Some("Disabled: 0 sessions ended and 0 tokens stopped.")
        );
        assert_eq!(said("notice=something"), None);
        assert_eq!(said("x=1"), None);
    }
}
