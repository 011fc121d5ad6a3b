//! The rows of the list of everybody's tokens.

use latchkey_domain::{Timestamp, TokenStatus, age_in_words, remaining_in_words};
use latchkey_service::ports::{TokenOrder, TokenSort};
use latchkey_service::{ListedToken, TokenSearch};
use leptos::prelude::*;

use crate::administration::address;
use crate::components::{Moment, pill_class};
use crate::paths;

/// A day, short enough for a column of them; the whole instant shows on hover and focus.
fn day(at: Timestamp) -> String {
    at.to_rfc3339().chars().take(10).collect()
}

#[component]
pub(super) fn Table(tokens: Vec<ListedToken>, search: TokenSearch, now: Timestamp) -> impl IntoView {
    let rows = tokens.into_iter().map(|listed| view! { <Row listed=listed now=now/> }).collect_view();
    let sorted = |label: &'static str, by: TokenSort| view! { <Sorted label=label by=by search=search.clone()/> };
    view! {
        // On phones the rows are stacked by CSS, at which browsers forget that this is a table: the roles say so.
        <table class="stack all-tokens" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Description, Account SID"</th>
                    <th role="columnheader" scope="col">"Service Rep, Source"</th>
                    <th role="columnheader" scope="col">"Scopes"</th>
                    {sorted("Created", TokenSort::Created)}
                    {sorted("Expiration", TokenSort::Expires)}
                    {sorted("Last used", TokenSort::LastUsed)}
                    <th role="columnheader" scope="col">"Status"</th>
                    <th role="columnheader" scope="col" class="end">"Actions"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

/// A heading by which the list can be sorted; where it is, the other way round.
#[component]
fn Sorted(label: &'static str, by: TokenSort, search: TokenSearch) -> impl IntoView {
    let order = search.order();
    let is_current = order.by == by;
    let aria = is_current.then_some(if order.descending { "descending" } else { "ascending" });
    let next = if is_current { order.reversed() } else { TokenOrder { by, descending: by != TokenSort::Expires } };
    let sort = match by {
        TokenSort::Created => "created",
        TokenSort::Expires => "expires",
        TokenSort::LastUsed => "last_used",
    };
    let direction = if next.descending { "descending" } else { "ascending" };
    let path = address(&TokenSearch { sort: sort.to_owned(), direction: direction.to_owned(), ..search });
    view! { <th role="columnheader" scope="col" aria-sort=aria><a href=path>{label}</a></th> }
}

#[component]
fn Row(listed: ListedToken, now: Timestamp) -> impl IntoView {
    let ListedToken { token, owner, owner_email, owner_is_enabled, source, .. } = listed;
    let state = if owner_is_enabled { "" } else { " (disabled)" };
    let sid = token.sid;
    let path = paths::any_token(sid);
    let is_live = token.status.is_live();
    let choose = is_live.then(|| {
        let name = format!("Choose {}", token.description);
        view! { <input type="checkbox" name="sid" value=sid.to_string() form="chosen" aria-label=name/> }
    });
    let revoke = is_live.then(|| {
        let name = format!("Revoke {}", token.description);
        view! { <a class="btn icon quiet" href=format!("{path}#revoke") aria-label=name>"✕"</a> }
    });
    let last_use = match token.last_used_at {
        Some(at) => {
            let words = age_in_words(now.seconds_since(at));
            view! { <Moment id=format!("used-{sid}") at=at words=words/> }.into_any()
        }
        None => "Never".into_any(),
    };
    let expiration = match token.status {
        TokenStatus::Active | TokenStatus::ExpiringSoon => {
            format!("in {}", remaining_in_words(token.expires_at.seconds_since(now)))
        }
        TokenStatus::Expired | TokenStatus::Revoked => day(token.expires_at),
    };
    let class = if is_live { "pick" } else { "pick off" };
    view! {
        <tr role="row">
            <td role="cell" class=class>{choose}<a href=path.clone()>{token.description.clone()}</a><span class="sub mono">{sid.to_string()}</span></td>
            <td role="cell" data-label="Service Rep" class="wrap"><a href=paths::one_rep(owner)>{owner_email}</a>{state}<span class="sub">{source.place()}</span></td>
            <td role="cell" data-label="Scopes"><Scopes scopes=token.scopes all=token.all_scopes/></td>
            <td role="cell" data-label="Created"><Moment id=format!("created-{sid}") at=token.created_at words=day(token.created_at)/></td>
            <td role="cell" data-label="Expiration"><Moment id=format!("expires-{sid}") at=token.expires_at words=expiration/></td>
            <td role="cell" data-label="Last used">{last_use}</td>
            <td role="cell" data-label="Status"><span class=pill_class(token.status)>{token.status.label()}</span></td>
            <td role="cell" class="end">{revoke}</td>
        </tr>
    }
}

/// How many scopes, and which, on demand.
#[component]
fn Scopes(scopes: Vec<String>, all: bool) -> impl IntoView {
    let count = scopes.len();
    let summary = if all { format!("All ({count})") } else { count.to_string() };
    let items = scopes.into_iter().map(|label| view! { <li>{label}</li> }).collect_view();
    view! { <details class="scopes-of"><summary aria-label=format!("{count} scopes")>{summary}</summary><ul>{items}</ul></details> }
}
