//! One's own account: name, e-mail, password, appearance, sessions.

use latchkey_domain::view::{SessionView, SettingsView};
use latchkey_domain::{Appearance, Email, Field, Password, PersonName, Timestamp, age_in_words};
use leptos::prelude::*;

use super::agent_words::agent_in_words;
use super::loading::LoadingFailed;
use crate::components::{FormState, Moment, Notice, Page, SubmitButton, Summary, TextField, Tone};
use crate::place::Navigation;
use crate::ssr::{answer, signed_in};
use crate::{AppError, PlainPost, SettingsSection, paths};

#[component]
pub(crate) fn GeneralSettingsPage() -> impl IntoView {
    let settings = Resource::new(|| (), |()| settings());
    let saved = expect_context::<Navigation>().value_now("saved").and_then(|code| SettingsSection::parse(&code));
    let notice = saved.map(|section| (Tone::Good, section.done().to_owned()));
    view! {
        <Page about="Your account and how Latchkey looks to you." path=paths::GENERAL>
            <Notice message=Signal::stored(notice)/>
            <Suspense>
                {move || Suspend::new(async move {
                    match settings.await {
                        Ok(settings) => view! { <Sections settings=settings/> }.into_any(),
                        Err(error) => view! { <LoadingFailed error=error/> }.into_any(),
                    }
                })}
            </Suspense>
        </Page>
    }
    .into_any()
}

async fn settings() -> Result<SettingsView, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.settings(&caller).await)
}

#[component]
fn Sections(settings: SettingsView) -> impl IntoView {
    let SettingsView { account, sessions, now } = settings;
    let name = typed(SettingsSection::Profile).unwrap_or(account.name);
    let username = account.email.clone();
    let email = typed(SettingsSection::Email).unwrap_or(account.email);
    let profile = state_of(SettingsSection::Profile);
    let address = state_of(SettingsSection::Email);
    let password = state_of(SettingsSection::Password);
    let appearance = state_of(SettingsSection::Appearance);
    let others = state_of(SettingsSection::Sessions);
    view! {
        <Section section=SettingsSection::Profile state=profile title="Profile" about="What others see." button="Save name">
            <div class="grid-2">
                <TextField state=profile field=Field::Name label="Name" value=name autocomplete="name" max_length=PersonName::MAX_LENGTH/>
            </div>
        </Section>
        <Section
            section=SettingsSection::Email
            state=address
            title="E-mail"
            about="What you sign in with. Changing it ends your other sessions."
            button="Change e-mail"
        >
            <div class="grid-2">
                <TextField
                    state=address
                    field=Field::Email
                    label="E-mail"
                    kind="email"
                    value=email
                    autocomplete="username"
                    max_length=Email::MAX_LENGTH
                />
                <CurrentPassword state=address/>
            </div>
        </Section>
        <Section
            section=SettingsSection::Password
            state=password
            title="Password"
            about="Changing it ends your other sessions."
            button="Change password"
        >
            // Tells password managers whose password it is.
            <input type="text" autocomplete="username" value=username readonly hidden/>
            <div class="grid-2">
                <CurrentPassword state=password/>
                <TextField
                    state=password
                    field=Field::Password
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    hint=format!("At least {} characters.", Password::MIN_LENGTH)
                    max_length=Password::MAX_LENGTH
                />
            </div>
        </Section>
        <Section
            section=SettingsSection::Appearance
            state=appearance
            title="Appearance"
            about="How the pages look to you, on every device."
            button="Save appearance"
        >
            <AppearanceChoice state=appearance chosen=account.appearance/>
        </Section>
        <Section
            section=SettingsSection::Sessions
            state=others
            title="Sessions"
            about="Where you are signed in."
            button="End other sessions"
        >
            <Sessions sessions=sessions now=now/>
        </Section>
    }
}

/// One form of the page, sent to the page itself.
#[component]
fn Section(
    section: SettingsSection,
    state: FormState,
    title: &'static str,
    about: &'static str,
    button: &'static str,
    children: Children,
) -> impl IntoView {
    let heading_id = format!("{}-title", section.code());
    let labelled_by = heading_id.clone();
    view! {
        <section class="section" aria-labelledby=labelled_by>
            <h2 id=heading_id>{title}</h2>
            <p>{about}</p>
            <form method="post" action=paths::GENERAL novalidate data-live="" id=format!("{}-form", section.code())>
                <Summary state=state/>
                <input type="hidden" name="section" value=section.code()/>
                {children()}
                <div class="foot"><SubmitButton state=state label=button primary=false/></div>
            </form>
        </section>
    }
}

#[component]
fn CurrentPassword(state: FormState) -> impl IntoView {
    view! {
        <TextField
            state=state
            field=Field::CurrentPassword
            label="Current password"
            kind="password"
            autocomplete="current-password"
            hint="To confirm that it is you."
        />
    }
}

#[component]
fn AppearanceChoice(state: FormState, chosen: Appearance) -> impl IntoView {
    let options: Vec<_> = Appearance::ALL
        .into_iter()
        .map(|appearance| {
            view! {
                <label>
                    <input type="radio" name=Field::Appearance.name() value=appearance.code() checked=appearance == chosen/>
                    <span class="swatch" data-theme=appearance.code()></span>
                    {appearance.label()}
                </label>
            }
        })
        .collect();
    view! {
        <fieldset class="radio-cards" id=state.id(Field::Appearance) tabindex="-1">
            <legend class="visually-hidden">"Appearance"</legend>
            {options}
        </fieldset>
    }
}

#[component]
fn Sessions(sessions: Vec<SessionView>, now: Timestamp) -> impl IntoView {
    let rows: Vec<_> = sessions
        .into_iter()
        .enumerate()
        .map(|(index, session)| {
            let seen = format!("last seen {}", age_in_words(now.seconds_since(session.last_seen_at)));
            view! {
                <li>
                    <div>
                        {agent_in_words(&session.agent)}
                        <span class="sub">
                            {format!("from {} · ", session.address)}
                            <Moment id=format!("seen-{index}") at=session.last_seen_at words=seen/>
                        </span>
                    </div>
                    {session.current.then(|| view! { <span class="pill good">"This session"</span> })}
                </li>
            }
        })
        .collect();
    view! { <ul class="sessions">{rows}</ul> }
}

/// The state of a section's form: fresh, or as a plain post of it was refused.
fn state_of(section: SettingsSection) -> FormState {
    let refusal = match use_context::<PlainPost>() {
        Some(PlainPost::SettingsRefused { section: refused, refusal, .. }) if refused == section => Some(refusal),
        _ => None,
    };
    FormState::new(section.code(), refusal.as_ref())
}

/// What was typed into a section whose plain post was refused.
fn typed(section: SettingsSection) -> Option<String> {
    match use_context::<PlainPost>() {
        Some(PlainPost::SettingsRefused { section: refused, typed, .. }) if refused == section => Some(typed),
        _ => None,
    }
}
