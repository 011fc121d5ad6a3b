//! One service rep: who they are, and what can be done.

use latchkey_domain::{RepKind, RepState, age_in_words, remaining_in_words};
use latchkey_service::RepDetails;
use latchkey_service::ports::{LinkPurpose, Rep};
use leptos::prelude::*;

use super::rep_actions::Actions;
use super::{StatePill, noticed};
use crate::components::{Moment, Notice, Page};
use crate::{RepPage, ShownLink, account_link, paths};

#[component]
pub(super) fn RepView(page: RepPage) -> impl IntoView {
    let RepPage { details, link, notice, refused } = page;
    let rep = details.overview.rep.clone();
    let add = (details.overview.state == RepState::Enabled).then(|| format!("{}?rep={}", paths::NEW_TOKEN_FOR, rep.id));
    let actions = move || add.clone().map(|path| view! { <a class="btn primary" href=path>"Add a token"</a> });
    let about = match rep.kind {
        RepKind::Human => "A person who owns tokens.",
        RepKind::System => "A service that owns tokens. It cannot sign in.",
    };
    let name = rep.name.clone();
    view! {
        <Page title=rep.name about=about path=paths::ONE_REP parent=paths::SERVICE_REPS actions=actions>
            <Notice message=Signal::stored(noticed(notice))/>
            {link.map(|link| view! { <LinkPanel shown=link name=name/> })}
            <OwnersWarning details=details.clone()/>
            <Facts details=details.clone()/>
            <Actions details=details refused=refused/>
        </Page>
    }
}

/// A link that is shown this once.
#[component]
fn LinkPanel(shown: ShownLink, name: String) -> impl IntoView {
    let ShownLink { link, base_url } = shown;
    let (what, until) = match link.purpose {
        LinkPurpose::Invite => {
            ("is invited. Give them this link now: it is not shown again.", "accepts the invitation")
        }
        LinkPurpose::Reset => {
            ("can choose another password. Give them this link now: it is not shown again.", "chooses another password")
        }
    };
    let url = format!("{base_url}{}", account_link(&link));
    view! {
        <section class="reveal" aria-labelledby="link-title">
            <header><h2 id="link-title" tabindex="-1">{name} " " {what}</h2></header>
            <div class="secret">
                <strong>"Link"</strong>
                <code tabindex="0" aria-label="Link">{url}</code>
            </div>
            <div class="bar">
                <p class="muted small grow">
                    {format!("It works once, until {}. Whoever opens it {until}: send it to them alone.", link.expires_at.to_words())}
                </p>
            </div>
        </section>
    }
}

/// Says where too few people answer for a service.
#[component]
fn OwnersWarning(details: RepDetails) -> impl IntoView {
    let is_system = details.overview.rep.kind == RepKind::System;
    let disabled: Vec<String> =
        details.owners.iter().filter(|owner| !owner.is_enabled()).map(|owner| owner.name.clone()).collect();
    let lost = (is_system && !disabled.is_empty()).then(|| {
        let who = disabled.join(" and ");
        let verb = if disabled.len() == 1 { "is" } else { "are" };
        format!("{who} {verb} disabled, so fewer than two people answer for this service.")
    });
    let leaves_alone = (!is_system && details.overview.state == RepState::Disabled && !details.systems.is_empty())
        .then(|| "They are disabled and still named as an owner of the services below.".to_owned());
    lost.or(leaves_alone).map(|sentence| view! { <p class="notice warn">{sentence}</p> })
}

#[component]
fn Facts(details: RepDetails) -> impl IntoView {
    let RepDetails { overview, owners, systems, is_reader, now, .. } = details;
    let fact = |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let ago =
        |at: latchkey_domain::Timestamp| format!("{} ({})", at.to_date_in_words(), age_in_words(now.seconds_since(at)));
    let rep = overview.rep;
    let invitation = (overview.state == RepState::Invited).then(|| match overview.link_expires_at {
        Some(at) if at > now => {
            let words = format!("open for {} more", remaining_in_words(at.seconds_since(now)));
            fact("Invitation", view! { <Moment id="invitation" at=at words=words/> }.into_any())
        }
        Some(_) => fact("Invitation", "Out of date: invite them again".into_any()),
        None => fact("Invitation", "No open link: invite them again".into_any()),
    });
    let disabled =
        rep.disabled_at.map(|at| fact("Disabled", view! { <Moment id="disabled" at=at words=ago(at)/> }.into_any()));
    let owners = (rep.kind == RepKind::System).then(|| fact("Owners", view! { <Names reps=owners/> }.into_any()));
    let systems = (!systems.is_empty()).then(|| fact("Owner of", view! { <Names reps=systems/> }.into_any()));
    let state = view! { <StatePill state=overview.state/> {is_reader.then_some(" This is you.")} };
    let stopped = if overview.state == RepState::Disabled && overview.live_tokens > 0 { " (stopped)" } else { "" };
    view! {
        <div class="card">
            <dl class="facts">
                {fact("State", state.into_any())}
                {fact("E-mail", rep.email.clone().into_any())}
                {fact("Role", rep.role.label().into_any())}
                {fact("Kind", rep.kind.label().into_any())}
                {owners}
                {systems}
                {fact("Live tokens", format!("{}{stopped}", overview.live_tokens).into_any())}
                {invitation}
                {disabled}
                {fact("Added", view! { <Moment id="added" at=rep.created_at words=ago(rep.created_at)/> }.into_any())}
            </dl>
        </div>
    }
}

#[component]
fn Names(reps: Vec<Rep>) -> impl IntoView {
    let names = reps.into_iter().enumerate().map(|(index, rep)| {
        let disabled = (!rep.is_enabled()).then(|| view! { " " <span class="pill off">"Disabled"</span> });
        view! { {(index > 0).then_some(", ")} <a href=paths::one_rep(rep.id)>{rep.name}</a> {disabled} }
    });
    names.collect_view()
}
