//! The forms on the page of general settings. Each says in a hidden field which one it is.

use axum::extract::State;
use axum::response::{IntoResponse as _, Redirect, Response};
use latchkey_app::{PlainPost, SettingsSection};
use latchkey_domain::{Field, Refusal};
use latchkey_service::{Caller, EmailForm, Outcome, PasswordForm, Service};

use super::{Fields, PostedBy};
use crate::ServerState;

/// Makes the change of whichever form was sent.
pub(super) async fn change(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let Some(section) = SettingsSection::parse(&posted.fields.text("section")) else {
        let post =
            |refusal| PlainPost::SettingsRefused { section: SettingsSection::Profile, typed: String::new(), refusal };
        return posted.render(Refusal::NotFound.into(), post).await;
    };
    let typed = typed_into(section, &posted.fields);
    match apply(&state.service, &caller, section, &posted.fields).await {
        Ok(()) => Redirect::to(&format!("/settings/general?saved={}", section.code())).into_response(),
        Err(failure) => posted.render(failure, |refusal| PlainPost::SettingsRefused { section, typed, refusal }).await,
    }
}

/// The form that was sent, to be shown again with this refusal.
pub(super) fn typed_again(fields: &Fields, refusal: Refusal) -> Option<PlainPost> {
    let section = SettingsSection::parse(&fields.text("section"))?;
    Some(PlainPost::SettingsRefused { section, typed: typed_into(section, fields), refusal })
}

fn typed_into(section: SettingsSection, fields: &Fields) -> String {
    match section {
        SettingsSection::Email => fields.typed(Field::Email),
        _ => fields.typed(Field::Name),
    }
}

async fn apply(service: &Service, caller: &Caller, section: SettingsSection, fields: &Fields) -> Outcome<()> {
    let current_password = fields.secret(Field::CurrentPassword.name());
    match section {
        SettingsSection::Profile => service.rename(caller, &fields.typed(Field::Name)).await,
        SettingsSection::Email => {
            let form = EmailForm { email: fields.typed(Field::Email), current_password };
            service.change_email(caller, &form).await.map(drop)
        }
        SettingsSection::Password => {
            let form = PasswordForm { password: fields.secret(Field::Password.name()), current_password };
            service.change_password(caller, &form).await.map(drop)
        }
        SettingsSection::Appearance => service.set_appearance(caller, &fields.typed(Field::Appearance)).await.map(drop),
        SettingsSection::Sessions => service.end_other_sessions(caller).await.map(drop),
    }
}
