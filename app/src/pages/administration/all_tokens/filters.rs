//! What the list of all tokens can be filtered by.

use latchkey_domain::{TokenSource, TokenStatus};
use latchkey_service::ports::RepOverview;
use latchkey_service::{BreachKind, TokenSearch};
use leptos::prelude::*;

use super::super::Suggestions;
use crate::paths;

#[component]
pub(super) fn Filters(search: TokenSearch, people: Vec<RepOverview>, scopes: Vec<(String, String)>) -> impl IntoView {
    let live = (TokenSearch::LIVE.to_owned(), "Live".to_owned());
    let statuses = TokenStatus::ALL.map(|status| (status.code().to_owned(), status.label().to_owned()));
    let statuses = std::iter::once(live).chain(statuses).collect();
    let breaches = BreachKind::ALL.map(|kind| (kind.code().to_owned(), kind.label().to_owned())).to_vec();
    let sources = TokenSource::ALL.map(|source| (source.code().to_owned(), source.place().to_owned())).to_vec();
    let rarer = [
        &search.source,
        &search.breaks,
        &search.expires_before,
        &search.unused_days,
        &search.sensitive,
        &search.all_scopes,
    ];
    let has_rarer = rarer.iter().any(|value| !value.is_empty());
    let clear = search.is_filtered().then(|| view! { <a class="btn quiet" href=paths::ALL_TOKENS>"Clear"</a> });
    let order = [("sort", search.sort.clone()), ("direction", search.direction.clone())]
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name value=value/> })
        .collect_view();
    view! {
        <form class="bar token-filters" method="get" action=paths::ALL_TOKENS role="search" aria-label="Tokens">
            <input type="search" name="q" value=search.text aria-label="Description or Account SID" placeholder="Description or SID" autocomplete="off"/>
            <input type="search" name="rep" value=search.rep aria-label="Service Rep" placeholder="Service rep’s e-mail" list="reps" autocomplete="off"/>
            <Suggestions id="reps" reps=people/>
            <Choice name="status" label="Status" any="Any status" options=statuses chosen=search.status/>
            <Choice name="scope" label="Scope" any="Any scope" options=scopes chosen=search.scope/>
            <details class="rarer" open=has_rarer>
                <summary>"More filters"</summary>
                <div>
                    <Choice name="source" label="Source" any="Any source" options=sources chosen=search.source/>
                    <Choice name="breaks" label="Policy" any="Whatever the policy says" options=breaches chosen=search.breaks/>
                    <label class="check">"Expires before" <input type="date" name="expires_before" value=search.expires_before/></label>
                    <label class="check">"Not used for" <input type="number" name="unused_days" min="1" max="3660" value=search.unused_days/> "days"</label>
                    <label class="check"><input type="checkbox" name="sensitive" value="1" checked=search.sensitive == "1"/> "Sensitive scopes only"</label>
                    <label class="check"><input type="checkbox" name="all_scopes" value="1" checked=search.all_scopes == "1"/> "All Scopes only"</label>
                </div>
            </details>
            {order}
            <button type="submit" class="btn">"Filter"</button>
            {clear}
        </form>
    }
}

#[component]
fn Choice(
    name: &'static str,
    label: &'static str,
    any: &'static str,
    options: Vec<(String, String)>,
    chosen: String,
) -> impl IntoView {
    let options = options
        .into_iter()
        .map(|(code, label)| {
            let is_chosen = code == chosen;
            view! { <option value=code selected=is_chosen>{label}</option> }
        })
        .collect_view();
    view! { <select name=name aria-label=label><option value="">{any}</option>{options}</select> }
}
