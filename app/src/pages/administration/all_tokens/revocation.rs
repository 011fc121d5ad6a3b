//! Revoking several tokens: what would be revoked, how far it is, and what became of it.

use latchkey_domain::{Field, Refusal};
use latchkey_service::ports::{Selection, SelectionOwner};
use latchkey_service::{ListedToken, Preview};
use leptos::prelude::*;

use super::super::noticed;
use super::{grouped, tokens};
use crate::components::{FormState, Notice, Page, Summary, TextField};
use crate::{AdministrationPage, RevocationPage, paths};

#[component]
pub(in crate::pages::administration) fn RevocationView(page: RevocationPage) -> impl IntoView {
    let title = AdministrationPage::Revocation(Box::new(page.clone())).title();
    let RevocationPage { preview, refusal, notice } = page;
    let selection = preview.selection;
    let content = if selection.confirmed_at.is_none() {
        view! { <Question preview=preview.clone() refusal=refusal/> }.into_any()
    } else {
        view! { <Progress preview=preview.clone() refusal=refusal/> }.into_any()
    };
    view! {
        <Page title=title about="Only the tokens in this set are revoked, whatever is added meanwhile." path=paths::REVOCATION parent=paths::ALL_TOKENS>
            <Notice message=Signal::stored(noticed(notice))/>
            {content}
        </Page>
    }
}

#[component]
fn Question(preview: Preview, refusal: Option<Refusal>) -> impl IntoView {
    let selection = preview.selection;
    let ended = (selection.had_ended > 0).then(|| {
        let verb = if selection.had_ended == 1 { "has" } else { "have" };
        view! { <p>{format!("{} of them {verb} ended already, and will stay as {}.", grouped(selection.had_ended), if selection.had_ended == 1 { "it is" } else { "they are" })}</p> }
    });
    let used = if selection.used_today == 0 {
        view! { <p class="muted">"None of them was used today."</p> }.into_any()
    } else {
        view! { <UsedToday count=selection.used_today some=preview.used_today.clone()/> }.into_any()
    };
    view! {
        <section class="section" aria-labelledby="set-title">
            <h2 id="set-title">{format!("{} would be revoked", tokens(selection.tokens.saturating_sub(selection.had_ended)))}</h2>
            {ended}
            <Owners owners=preview.owners.clone()/>
            {used}
        </section>
        <Confirm preview=preview refusal=refusal label="Revoke"/>
    }
}

#[component]
fn Owners(owners: Vec<SelectionOwner>) -> impl IntoView {
    let cut = (owners.len() >= 20).then(|| view! { <p class="muted small">"Those with most of them."</p> });
    let items = owners.into_iter().map(|owner| {
        view! { <li><a href=paths::one_rep(owner.owner)>{owner.name}</a>{format!(": {}", tokens(owner.tokens))}<span class="sub">{owner.email}</span></li> }
    });
    view! { <h3>"Whose they are"</h3> <ul class="plain-list">{items.collect_view()}</ul> {cut} }
}

#[component]
fn UsedToday(count: u64, some: Vec<ListedToken>) -> impl IntoView {
    let items = some.into_iter().map(|listed| {
        view! { <li><a href=paths::any_token(listed.token.sid)>{listed.token.description}</a><span class="sub">{listed.owner_email}</span></li> }
    });
    view! {
        <h3>{format!("Used today (since midnight UTC): {}", grouped(count))}</h3>
        <p>"Whoever uses these will notice at once."</p>
        <ul class="plain-list">{items.collect_view()}</ul>
    }
}

/// The form that says yes.
#[component]
fn Confirm(preview: Preview, refusal: Option<Refusal>, label: &'static str) -> impl IntoView {
    let state = FormState::new("", refusal.as_ref());
    let Selection { tokens: all, had_ended, revoked, .. } = preview.selection;
    let live = all.saturating_sub(had_ended).saturating_sub(revoked);
    let number = (preview.asks_number() && preview.selection.confirmed_at.is_none()).then(|| {
        let hint = format!("The set holds {all}, those included that have ended. Type the number to confirm.");
        view! { <TextField state=state field=Field::Confirmation label="How many tokens are in the set?" hint=hint/> }
    });
    let password = preview.asks_password.then(|| {
        view! {
            <TextField state=state field=Field::CurrentPassword label="Your password" kind="password" autocomplete="current-password" hint="It is asked for what cannot be undone."/>
        }
    });
    view! {
        <section class="section action" aria-label="Confirm">
            <form method="post" action=paths::revocation(preview.selection.id) novalidate>
                <Summary state=state/>
                <div class="grid-2">{number} {password}</div>
                <div>
                    <button type="submit" class="btn danger">{format!("{label} {}", tokens(live))}</button>
                    <a class="btn" href=paths::ALL_TOKENS>"Do nothing"</a>
                </div>
            </form>
        </section>
    }
}

#[component]
fn Progress(preview: Preview, refusal: Option<Refusal>) -> impl IntoView {
    let Selection { id, tokens: all, revoked, had_ended, waiting, .. } = preview.selection;
    let done = all.saturating_sub(waiting);
    let ended = match had_ended {
        0 => "None had ended before.".to_owned(),
        1 => "1 had ended already, and stays as it was.".to_owned(),
        many => format!("{} had ended already, and stay as they were.", grouped(many)),
    };
    let sentence = if waiting == 0 {
        format!("{} revoked. {ended}", tokens(revoked))
    } else {
        format!("{} of {} done. {} revoked so far.", grouped(done), grouped(all), grouped(revoked))
    };
    let again = preview.is_stalled.then(|| {
        view! {
            <p class="notice warn">"It has not got on for a while: the server may have been stopped. What is done stays done."</p>
            <Confirm preview=preview.clone() refusal=refusal label="Go on: revoke"/>
        }
    });
    let onward =
        (waiting == 0).then(|| view! { <div><a class="btn" href=paths::ALL_TOKENS>"Back to all tokens"</a></div> });
    let looks_again = (waiting > 0 && !preview.is_stalled).then(|| {
        view! { <p class="muted">"This page looks again every second. " <a href=paths::revocation(id)>"Look now"</a></p> }
    });
    view! {
        <section class="section" aria-labelledby="progress-title">
            <h2 id="progress-title">"How far it is"</h2>
            <progress max=all.to_string() value=done.to_string() aria-labelledby="progress-title"></progress>
            <p role="status">{sentence}</p>
            {looks_again}
            {onward}
        </section>
        {again}
    }
}
