//! What can be done with a service rep: one section each, with what it means.

use latchkey_domain::{Field, Refusal, RepId, RepKind, RepState, Role};
use latchkey_service::RepDetails;
use leptos::prelude::*;

use super::counted;
use crate::components::{FormState, Summary, TextField};
use crate::{RepAction, paths};

#[component]
pub(super) fn Actions(details: RepDetails, refused: Option<(RepAction, Refusal)>) -> impl IntoView {
    let overview = &details.overview;
    let (state, kind, role) = (overview.state, overview.rep.kind, overview.rep.role);
    let (id, name) = (overview.rep.id, overview.rep.name.clone());
    let asks = details.asks_password;
    let refused = StoredValue::new(refused);
    let form = move |action: RepAction, label: &'static str, danger: bool, confirmed: bool| {
        let refusal = refused.get_value().filter(|(form, _)| *form == action).map(|(_, refusal)| refusal);
        view! { <ActionForm id=id action=action label=label danger=danger asks_password=confirmed && asks refusal=refusal/> }
    };
    let invitation = (state == RepState::Invited).then(|| {
        view! {
            <Section
                title="Invitation"
                about=format!("{name} has not chosen a password yet. A new link takes the place of the earlier one.")
            >
                {form(RepAction::InviteAgain, "Invite again", false, false)}
                {form(RepAction::Withdraw, "Withdraw the invitation", true, false)}
            </Section>
        }
    });
    let role_change = (state != RepState::Disabled).then(|| {
        let (action, label, about) = match role {
            Role::Rep => (
                RepAction::MakeAdmin,
                "Make admin",
                "An admin oversees everybody's tokens and service reps, and may grant every scope.",
            ),
            Role::Admin => (
                RepAction::MakeRep,
                "Make rep",
                "A rep manages their own tokens. Scopes that only admins may grant stop counting in them.",
            ),
        };
        view! { <Section title="Role" about=about.to_owned()>{form(action, label, false, true)}</Section> }
    });
    let password = (state == RepState::Enabled && kind == RepKind::Human).then(|| {
        view! {
            <Section
                title="Password"
                about="Makes a link to choose another password by: it works once, for 24 hours. The password of today works until then; using the link ends every session.".to_owned()
            >
                {form(RepAction::ResetPassword, "Make a reset link", false, true)}
            </Section>
        }
    });
    let tokens = (overview.live_tokens > 0).then(|| {
        let about = format!(
            "What is live ({}) can go to another service rep, with SIDs and secrets: no vendor notices.",
            counted(overview.live_tokens, "token")
        );
        view! {
            <Section title="Tokens" about=about>
                <a class="btn" href=format!("{}/move", paths::one_rep(id))>"Move the tokens"</a>
            </Section>
        }
    });
    let standing = match state {
        RepState::Enabled => {
            let about = format!(
                "Sessions end and tokens stop at once ({} now). Enabling restores the tokens that are still in time.",
                counted(overview.live_tokens, "live token")
            );
            Some(
                view! { <Section title="Disable" about=about>{form(RepAction::Disable, "Disable", true, false)}</Section> },
            )
        }
        RepState::Disabled => {
            let about = if kind == RepKind::Human {
                format!(
                    "They can sign in again. What is still in time works again: {}.",
                    counted(overview.live_tokens, "token")
                )
            } else {
                format!("What is still in time works again: {}.", counted(overview.live_tokens, "token"))
            };
            Some(
                view! { <Section title="Enable" about=about>{form(RepAction::Enable, "Enable", false, false)}</Section> },
            )
        }
        RepState::Invited => None,
    };
    view! { {invitation} {role_change} {password} {tokens} {standing} }
}

#[component]
fn Section(title: &'static str, about: String, children: Children) -> impl IntoView {
    let id = format!("{}-title", title.to_lowercase());
    let labelled_by = id.clone();
    view! {
        <section class="section action" aria-labelledby=labelled_by>
            <h2 id=id>{title}</h2>
            <p>{about}</p>
            {children()}
        </section>
    }
}

#[component]
fn ActionForm(
    id: RepId,
    action: RepAction,
    label: &'static str,
    danger: bool,
    asks_password: bool,
    refusal: Option<Refusal>,
) -> impl IntoView {
    let state = FormState::new(action.code(), refusal.as_ref());
    let password = asks_password.then(|| {
        view! {
            <div class="grid-2">
                <TextField
                    state=state
                    field=Field::CurrentPassword
                    label="Your password"
                    kind="password"
                    autocomplete="current-password"
                    hint="To confirm that it is you."
                />
            </div>
        }
    });
    view! {
        <form method="post" action=paths::one_rep(id) novalidate>
            <Summary state=state/>
            <input type="hidden" name="action" value=action.code()/>
            {password}
            <div><button type="submit" class=if danger { "btn danger" } else { "btn" }>{label}</button></div>
        </form>
    }
}
