//! What an account's token opens: a line a scope, green or red, and the reason in words.

use latchkey_domain::Verdict;
use latchkey_service::{Confirmation, RouteCheck, ScopeCheck};
use leptos::prelude::*;

#[component]
pub(super) fn Checks(confirmation: Confirmation) -> impl IntoView {
    let green = confirmation.scopes.iter().filter(|check| check.is_green()).count();
    let total = confirmation.scopes.len();
    let (class, sentence) = if confirmation.is_green() {
        ("notice good", "Confirmed: every call that it makes would be let in.".to_owned())
    } else {
        ("notice bad", format!("Not confirmed: {green} of {total} scopes would be let in."))
    };
    let of_token = view! {
        <Line is_green=confirmation.token == Verdict::Active title="The token itself".to_owned() calls=vec!["GET /api/v1/token".to_owned()] reason=Confirmation::reason(confirmation.token)/>
    };
    let lines = confirmation.scopes.into_iter().map(|check| {
        let (is_green, reason) = (check.is_green(), check.reason());
        let ScopeCheck { label, routes, .. } = check;
        let calls = routes.into_iter().filter_map(|RouteCheck { route, .. }| route);
        let calls = calls.map(|route| format!("{} {}", route.method, route.path)).collect();
        view! { <Line is_green=is_green title=label calls=calls reason=reason/> }
    });
    let lines = lines.collect_view();
    view! {
        <div class="confirmation">
            <p class=class>{sentence} " Nothing was forwarded or written."</p>
            <ul class="verdicts">{of_token} {lines}</ul>
        </div>
    }
}

#[component]
fn Line(is_green: bool, title: String, calls: Vec<String>, reason: &'static str) -> impl IntoView {
    let (class, word) = if is_green { ("pill good", "Green") } else { ("pill bad", "Red") };
    let calls = calls.into_iter().map(|call| view! { <code>{call}</code> }).collect_view();
    view! {
        <li>
            <span class=class>{word}</span>
            <div><strong>{title}</strong><span class="sub">{reason}</span><span class="calls">{calls}</span></div>
        </li>
    }
}
