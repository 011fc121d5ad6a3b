//! What would come of a change, and the form that confirms it; what holds, where somebody else was faster.

use latchkey_domain::{AddressRules, Field, IdleDays, Policy, PolicyForm, Refusal, Timestamp, age_in_words};
use latchkey_service::ports::PolicyVersion;
use latchkey_service::{BreachCount, ListedToken, LostScope, PolicyPreview, ReservableScope, TokenSearch};
use leptos::prelude::*;

use super::super::all_tokens::least;
use super::breaches::breaking;
use crate::administration::address;
use crate::components::{FormState, Summary, TextField};
use crate::paths;

#[component]
pub(super) fn Preview(
    preview: PolicyPreview,
    form: PolicyForm,
    version: PolicyVersion,
    refusal: Option<Refusal>,
) -> impl IntoView {
    let PolicyPreview { policy, changes, breaches, lost, idle, idle_tokens, asks_password, now } = preview;
    if changes.is_empty() {
        return view! {
            <section class="section" id="preview" tabindex="-1" autofocus aria-labelledby="preview-title">
                <h2 id="preview-title">"Nothing would change"</h2>
                <p>"This is the policy that holds."</p>
            </section>
        }
        .into_any();
    }
    let items = changes.into_iter().map(|change| view! { <li>{change}</li> });
    view! {
        <section class="section" id="preview" tabindex="-1" autofocus aria-labelledby="preview-title">
            <h2 id="preview-title">"This would change"</h2>
            <ul class="plain-list">{items.collect_view()}</ul>
            <Lost lost=lost/>
            <Idle idle=idle some=idle_tokens days=policy.idle now=now/>
            <Kept breaches=breaches/>
        </section>
        <Confirm form=form version=version idle=idle refusal=refusal asks_password=asks_password/>
    }
    .into_any()
}

#[component]
fn Lost(lost: Vec<LostScope>) -> impl IntoView {
    (!lost.is_empty()).then(|| {
        let items = lost.into_iter().map(|lost| {
            let LostScope { label, tokens: count, is_least } = lost;
            let verb = if count == 1 && !is_least { "loses" } else { "lose" };
            view! { <li>{format!("{} {verb} {label}", least(count, is_least))}</li> }
        });
        view! {
            <h3>"At once"</h3>
            <p>"These scopes stop counting in tokens of reps as soon as the policy is saved."</p>
            <ul class="plain-list">{items.collect_view()}</ul>
        }
    })
}

/// What would be revoked.
#[component]
fn Idle(
    /// How many; whether there may be more.
    idle: (u64, bool),
    some: Vec<ListedToken>,
    days: Option<IdleDays>,
    now: Timestamp,
) -> impl IntoView {
    let (count, is_least) = idle;
    let days = days.filter(|_| count > 0 || is_least)?;
    let shown = u64::try_from(some.len()).unwrap_or(u64::MAX);
    let all = (count > shown || is_least).then(|| {
        let search = TokenSearch {
            status: TokenSearch::LIVE.to_owned(),
            unused_days: days.days().to_string(),
            sort: "last_used".to_owned(),
            direction: "ascending".to_owned(),
            ..TokenSearch::default()
        };
        view! { <p><a href=address(&search)>"All of them, in the list of all tokens"</a></p> }
    });
    let items = some.into_iter().map(|listed| {
        let use_of = match listed.token.last_used_at {
            Some(at) => format!("last used {}", age_in_words(now.seconds_since(at))),
            None => format!("never used, made {}", age_in_words(now.seconds_since(listed.token.created_at))),
        };
        view! {
            <li>
                <a href=paths::any_token(listed.token.sid)>{listed.token.description}</a>
                <span class="sub">{format!("{}, {use_of}", listed.owner_email)}</span>
            </li>
        }
    });
    Some(view! {
        <h3>{format!("{} would be revoked", least(count, is_least))}</h3>
        <p class="notice warn">
            {format!("Nobody has used them for {} days. They are revoked as soon as the policy is saved, and cannot be brought back.", days.days())}
        </p>
        <ul class="plain-list">{items.collect_view()}</ul>
        {all}
    })
}

/// What breaks the rules and stays.
#[component]
fn Kept(breaches: Vec<BreachCount>) -> impl IntoView {
    (!breaches.is_empty()).then(|| {
        let items = breaches.into_iter().map(|breach| view! { <li>{breaking(breach)}</li> });
        view! {
            <h3>"Tokens from before"</h3>
            <p>"These would not be allowed now. They stay as they are; this page will count them, and leads to where they can be revoked."</p>
            <ul class="plain-list">{items.collect_view()}</ul>
        }
    })
}

/// The form that says yes: all of the policy's form again.
#[component]
fn Confirm(
    form: PolicyForm,
    version: PolicyVersion,
    idle: (u64, bool),
    refusal: Option<Refusal>,
    asks_password: bool,
) -> impl IntoView {
    let state = FormState::new("confirm", refusal.as_ref());
    let mut fields = vec![
        ("action", "save".to_owned()),
        ("version", version.number().to_string()),
        ("shown_idle", idle.0.to_string()),
        (Field::Longest.name(), form.longest),
        (Field::IdleDays.name(), form.idle_days),
        (Field::AddressUse.name(), form.addresses),
        (Field::Networks.name(), form.networks),
    ];
    fields.extend(form.all_scopes.then(|| ("all_scopes", "1".to_owned())));
    fields.extend(form.is_idle_on.then(|| ("idle", "1".to_owned())));
    fields.extend(form.admin_scopes.into_iter().map(|name| ("admin_scopes[]", name)));
    let fields = fields.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> });
    let password = asks_password.then(|| {
        view! {
            <div class="grid-2">
                <TextField state=state field=Field::CurrentPassword label="Your password" kind="password" autocomplete="current-password" hint="To confirm that it is you."/>
            </div>
        }
    });
    let (class, label) = if idle.0 > 0 {
        ("btn danger", format!("Save the policy and revoke {}", least(idle.0, idle.1)))
    } else {
        ("btn primary", "Save the policy".to_owned())
    };
    view! {
        <section class="section action" aria-label="Confirm">
            <form method="post" action=paths::POLICY novalidate>
                <Summary state=state/>
                {fields.collect_view()}
                {password}
                <div>
                    <button type="submit" class=class>{label}</button>
                    <a class="btn" href=paths::POLICY>"Change nothing"</a>
                </div>
            </form>
        </section>
    }
}

/// The policy that holds, to compare with.
#[component]
pub(super) fn Holding(policy: Policy, scopes: Vec<ReservableScope>) -> impl IntoView {
    let reserved = scopes.into_iter().filter(|scope| policy.admin_scopes.contains(&scope.name));
    let reserved: Vec<String> = reserved.map(|scope| scope.label).collect();
    let reserved = if reserved.is_empty() { "None".to_owned() } else { reserved.join(", ") };
    let idle = policy.idle.map_or_else(|| "Kept".to_owned(), |idle| format!("Revoked after {} days", idle.days()));
    let listed = |networks: &AddressRules| networks.iter().collect::<Vec<_>>().join(", ");
    let networks = policy.networks.as_ref().map_or_else(|| "Any".to_owned(), listed);
    let facts = [
        ("Longest lifetime", policy.longest.label().to_owned()),
        ("All Scopes", if policy.all_scopes { "Allowed" } else { "Not allowed" }.to_owned()),
        ("Only admins grant", reserved),
        ("Tokens that nobody uses", idle),
        ("Address rules", policy.addresses.label().to_owned()),
        ("Networks", networks),
    ];
    let facts = facts.into_iter().map(|(name, value)| view! { <div><dt>{name}</dt><dd>{value}</dd></div> });
    view! {
        <section class="section" aria-labelledby="holding-title">
            <h2 id="holding-title">"What holds now"</h2>
            <dl class="facts">{facts.collect_view()}</dl>
        </section>
    }
}
