//! The table of tokens.

use latchkey_domain::view::{TokenListView, TokenView};
use latchkey_domain::{AccountSid, Timestamp, TokenStatus, age_in_words};
use leptos::prelude::*;

use crate::components::Moment;
use crate::paths;

/// The most scopes that a row names; more are counted.
const NAMED_SCOPES: usize = 3;

/// Tokens as rows, each with the button that revokes it.
#[component]
pub(crate) fn TokenTable(
    /// The tokens.
    list: TokenListView,
    /// Called with the token whose ✕ was pressed on the live page.
    on_revoke: Callback<AccountSid>,
) -> impl IntoView {
    let now = list.now;
    let rows: Vec<_> =
        list.tokens.into_iter().map(|token| view! { <Row token=token now=now on_revoke=on_revoke/> }).collect();
    view! {
        // On phones the rows are stacked by CSS, at which browsers forget that this is a table: the roles say so.
        <table class="stack" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Description"</th>
                    <th role="columnheader" scope="col">"Expiration"</th>
                    <th role="columnheader" scope="col">"Status"</th>
                    <th role="columnheader" scope="col" class="end">"Actions"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(token: TokenView, now: Timestamp, on_revoke: Callback<AccountSid>) -> impl IntoView {
    let sid = token.sid;
    let scopes = scopes_in_words(&token);
    let last_use = match token.last_used_at {
        Some(at) => {
            let words = format!("used {}", age_in_words(now.seconds_since(at)));
            view! { <Moment id=format!("used-{sid}") at=at words=words/> }.into_any()
        }
        None => "never used".into_any(),
    };
    let added_by = token.maker.as_ref().map(|maker| format!(" · Added by {maker}"));
    let ended_or_expires_at = token.ended_at().unwrap_or(token.expires_at);
    let revoke = token.status.is_live().then(|| {
        view! {
            // A plain form, so that the button works before and without the live page.
            <form
                method="get"
                action=paths::TOKENS
                on:submit=move |event| {
                    event.prevent_default();
                    on_revoke.run(sid);
                }
            >
                <button type="submit" name="revoke" value=sid.to_string() class="btn icon" aria-label=format!("Revoke {}", token.description)>
                    "✕"
                </button>
            </form>
        }
    });
    view! {
        <tr role="row">
            <td role="cell">
                <a href=paths::one_token(sid) rel="external">{token.description.clone()}</a>
                <span class="sub">{scopes} " · " {last_use} {added_by}</span>
            </td>
            <td role="cell" data-label="Expiration"><Moment id=format!("ends-{sid}") at=ended_or_expires_at words=token.expiration_in_words(now)/></td>
            <td role="cell" data-label="Status"><span class=pill_class(token.status)>{token.status.label()}</span></td>
            <td role="cell" class="end">{revoke}</td>
        </tr>
    }
}

fn scopes_in_words(token: &TokenView) -> String {
    if token.all_scopes {
        return format!("All Scopes ({})", token.scopes.len());
    }
    if token.scopes.len() > NAMED_SCOPES {
        return format!("{} scopes", token.scopes.len());
    }
    token.scopes.join(", ")
}

pub(crate) const fn pill_class(status: TokenStatus) -> &'static str {
    match status {
        TokenStatus::Active => "pill good",
        TokenStatus::ExpiringSoon => "pill warn",
        TokenStatus::Expired | TokenStatus::Revoked => "pill off",
    }
}
