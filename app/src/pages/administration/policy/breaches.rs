//! Tokens from before that the policy would not allow: how many, and the way to them.

use latchkey_service::{BreachCount, BreachKind, TokenSearch};
use leptos::prelude::*;

use super::super::all_tokens::least;
use crate::administration::address;

#[component]
pub(super) fn Breaches(counts: Vec<BreachCount>) -> impl IntoView {
    let content = if counts.is_empty() {
        view! { <p>"Every live token is as the policy says."</p> }.into_any()
    } else {
        let items = counts.into_iter().map(|breach| {
            let search = TokenSearch { breaks: breach.kind.code().to_owned(), ..TokenSearch::default() };
            view! { <li><a href=address(&search)>{breaking(breach)}</a><span class="sub">{becomes(breach.kind)}</span></li> }
        });
        view! {
            <p>"Each leads to the list of all tokens, where some or all of them can be revoked."</p>
            <ul class="plain-list">{items.collect_view()}</ul>
        }
        .into_any()
    };
    view! {
        <section class="section" id="breaches" aria-labelledby="breaches-title">
            <h2 id="breaches-title">"Tokens that break it"</h2>
            {content}
        </section>
    }
}

/// How many tokens are how.
pub(super) fn breaking(breach: BreachCount) -> String {
    let count = least(breach.count, breach.is_least);
    let is_one = breach.count == 1 && !breach.is_least;
    let one_or_many = |one: &'static str, many: &'static str| if is_one { one } else { many };
    match breach.kind {
        BreachKind::Lifetime => format!("{count} {} longer than is allowed", one_or_many("lives", "live")),
        BreachKind::AllScopes => format!("{count} {} given All Scopes", one_or_many("was", "were")),
        BreachKind::AdminScopes => {
            format!("{count} of reps {} given scopes that only admins may grant", one_or_many("was", "were"))
        }
        BreachKind::Idle => format!("{count} {} not been used for too long", one_or_many("has", "have")),
        BreachKind::Addresses => {
            format!("{count} {} address rules otherwise than is allowed", one_or_many("carries", "carry"))
        }
        BreachKind::Networks => {
            format!("{count} {} address rules outside of the networks", one_or_many("has", "have"))
        }
    }
}

/// What becomes of them by themselves.
const fn becomes(kind: BreachKind) -> &'static str {
    match kind {
        BreachKind::AdminScopes => "Those scopes do not count in them.",
        BreachKind::Idle => "They are revoked within the hour.",
        BreachKind::Addresses | BreachKind::Networks => "They stay as they are; rules that they carry hold.",
        BreachKind::Lifetime | BreachKind::AllScopes => "They stay as they are until they end.",
    }
}
