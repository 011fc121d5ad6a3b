//! One's own account: name, e-mail, password, appearance, sessions.

use latchkey_domain::view::{SessionView, SettingsView};
use latchkey_domain::{
    Appearance, Email, Field, FieldErrors, FieldProblem, Password, PersonName, PlainText, Timestamp, age_in_words,
};
use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::hooks::use_query_map;

use super::loading::{Loading, LoadingFailed};
use crate::browser::{self, FormValues};
use crate::components::{Account, FormState, Frame, Moment, Notice, SubmitButton, Summary, TextField, Tone};
use crate::functions::{change_email, change_password, end_other_sessions, rename, set_appearance, settings};
use crate::{AppError, PlainPost, SettingsSection, paths};

/// What the sections share: how to say that something is done, and how to load the page's data again.
#[derive(Clone, Copy)]
struct Page {
    notice: RwSignal<Option<(Tone, String)>>,
    settings: Resource<Result<SettingsView, AppError>>,
}

#[component]
pub(crate) fn GeneralSettingsPage() -> impl IntoView {
    let settings = Resource::new(|| (), |()| settings());
    let saved = use_query_map().read_untracked().get("saved").and_then(|code| SettingsSection::parse(&code));
    let notice = RwSignal::new(saved.map(|section| (Tone::Good, section.done().to_owned())));
    provide_context(Page { notice, settings });
    view! {
        <Frame title="General" about="Your account and how Latchkey looks to you." current=paths::GENERAL>
            <Notice message=notice/>
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match settings.await {
                        Ok(settings) => view! { <Sections settings=settings/> }.into_any(),
                        Err(error) => view! { <LoadingFailed error=error/> }.into_any(),
                    }
                })}
            </Transition>
        </Frame>
    }
    .into_any()
}

#[component]
fn Sections(settings: SettingsView) -> impl IntoView {
    let SettingsView { account, sessions, now } = settings;
    let name = typed(SettingsSection::Profile).unwrap_or(account.name);
    let email = typed(SettingsSection::Email).unwrap_or(account.email);
    view! {
        <Section section=SettingsSection::Profile title="Profile" about="What others see." button="Save name" fields=move |state| {
            view! {
                <div class="grid-2">
                <TextField
                    state=state
                    field=Field::Name
                    label="Name"
                    value=name.clone()
                    autocomplete="name"
                    max_length=PersonName::MAX_LENGTH
                    check=check_name
                />
                </div>
            }
            .into_any()
        }/>
        <Section section=SettingsSection::Email title="E-mail" about="What you sign in with. Changing it ends your other sessions." button="Change e-mail" fields=move |state| {
            view! {
                <div class="grid-2">
                <TextField
                    state=state
                    field=Field::Email
                    label="E-mail"
                    kind="email"
                    value=email.clone()
                    autocomplete="username"
                    max_length=Email::MAX_LENGTH
                    check=check_email
                />
                <CurrentPassword state=state/>
                </div>
            }
            .into_any()
        }/>
        <Section section=SettingsSection::Password title="Password" about="Changing it ends your other sessions." button="Change password" fields=move |state| {
            view! {
                <div class="grid-2">
                <CurrentPassword state=state/>
                <TextField
                    state=state
                    field=Field::Password
                    label="New password"
                    kind="password"
                    autocomplete="new-password"
                    hint=format!("At least {} characters.", Password::MIN_LENGTH)
                    max_length=Password::MAX_LENGTH
                    check=check_password
                />
                </div>
            }
            .into_any()
        }/>
        <Section section=SettingsSection::Appearance title="Appearance" about="How the pages look to you, on every device." button="Save appearance" fields=move |state| {
            view! { <AppearanceChoice state=state chosen=account.appearance/> }.into_any()
        }/>
        <Section section=SettingsSection::Sessions title="Sessions" about="Where you are signed in." button="End other sessions" fields=move |_| {
            view! { <Sessions sessions=sessions.clone() now=now/> }.into_any()
        }/>
    }
}

/// One form of the page, sent to the page itself, or by the live page to the section's function.
#[component]
fn Section(
    section: SettingsSection,
    title: &'static str,
    about: &'static str,
    button: &'static str,
    fields: impl Fn(FormState) -> AnyView + Send + 'static,
) -> impl IntoView {
    let refusal = match use_context::<PlainPost>() {
        Some(PlainPost::SettingsRefused { section: refused, refusal, .. }) if refused == section => Some(refusal),
        _ => None,
    };
    let state = FormState::new(section.code(), refusal.as_ref());
    let page: Page = expect_context();
    let Account(account) = expect_context();
    let on_submit = move |event: SubmitEvent| {
        event.prevent_default();
        let values = FormValues::of_submit(&event);
        if !state.check(problems(section, &values)) || !state.start() {
            return;
        }
        spawn_local(async move {
            match send(section, &values, account).await {
                Ok(()) => {
                    state.succeed();
                    page.notice.set(Some((Tone::Good, section.done().to_owned())));
                    page.settings.refetch();
                }
                Err(error) => {
                    page.notice.set(None);
                    state.fail(&error);
                }
            }
        });
    };
    let heading_id = format!("{}-title", section.code());
    let labelled_by = heading_id.clone();
    view! {
        <section class="section" aria-labelledby=labelled_by>
            <h2 id=heading_id>{title}</h2>
            <p>{about}</p>
            <form method="post" action=paths::GENERAL novalidate on:submit=on_submit>
                <Summary state=state/>
                <input type="hidden" name="section" value=section.code()/>
                {fields(state)}
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
                        {if session.agent.is_empty() { "A browser without a name".to_owned() } else { session.agent }}
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

/// What the live page can tell is wrong before it sends a form.
fn problems(section: SettingsSection, values: &FormValues) -> Option<FieldErrors> {
    let mut errors = FieldErrors::default();
    let mut note = |problem: Option<FieldProblem>| {
        if let Some(problem) = problem {
            errors.add(problem);
        }
    };
    match section {
        SettingsSection::Profile => note(check_name(&values.text(Field::Name.name()))),
        SettingsSection::Email => note(check_email(&values.text(Field::Email.name()))),
        SettingsSection::Password => note(check_password(&values.text(Field::Password.name()))),
        SettingsSection::Appearance | SettingsSection::Sessions => {}
    }
    if matches!(section, SettingsSection::Email | SettingsSection::Password)
        && values.text(Field::CurrentPassword.name()).is_empty()
    {
        note(Some(FieldProblem::CurrentPasswordMissing));
    }
    (!errors.is_empty()).then_some(errors)
}

async fn send(
    section: SettingsSection,
    values: &FormValues,
    account: RwSignal<Option<latchkey_domain::view::AccountView>>,
) -> Result<(), AppError> {
    let text = |field: Field| values.text(field.name());
    let secret = |field: Field| PlainText::new(values.text(field.name()));
    match section {
        SettingsSection::Profile => {
            let name = text(Field::Name);
            rename(name.clone()).await?;
            account.update(|account| {
                if let Some(account) = account {
                    name.trim().clone_into(&mut account.name);
                }
            });
        }
        SettingsSection::Email => {
            let email = text(Field::Email);
            change_email(email.clone(), secret(Field::CurrentPassword)).await?;
            account.update(|account| {
                if let Some(account) = account {
                    account.email = email.trim().to_lowercase();
                }
            });
        }
        SettingsSection::Password => {
            change_password(secret(Field::Password), secret(Field::CurrentPassword)).await?;
        }
        SettingsSection::Appearance => {
            let appearance = set_appearance(text(Field::Appearance)).await?;
            browser::set_theme(appearance.code());
        }
        SettingsSection::Sessions => {
            end_other_sessions().await?;
        }
    }
    Ok(())
}

/// What was typed into a section whose plain post was refused.
fn typed(section: SettingsSection) -> Option<String> {
    match use_context::<PlainPost>() {
        Some(PlainPost::SettingsRefused { section: refused, typed, .. }) if refused == section => Some(typed),
        _ => None,
    }
}

fn check_name(text: &str) -> Option<FieldProblem> {
    PersonName::parse(text).err()
}

fn check_email(text: &str) -> Option<FieldProblem> {
    Email::parse(text).err()
}

fn check_password(text: &str) -> Option<FieldProblem> {
    Password::check(text).err()
}
