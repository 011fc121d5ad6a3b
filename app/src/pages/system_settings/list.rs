//! Every external service account.

use latchkey_domain::Timestamp;
use latchkey_domain::external_account::AccountState;
use latchkey_service::AccountSummary;
use leptos::prelude::*;

use super::{Expiration, LastCall, StatePill, noticed};
use crate::components::{Notice, Page};
use crate::paths;
use crate::system_settings::{AccountsPage, is_draft, name_of, place_of};

/// How many rows "Show more" adds.
const MORE: u32 = 100;

#[component]
pub(super) fn AccountsView(page: AccountsPage) -> impl IntoView {
    let AccountsPage { found, rows, notice } = page;
    let is_empty = found.accounts.is_empty();
    let actions =
        move || (!is_empty).then(|| view! { <a class="btn primary" href=paths::NEW_EXTERNAL_ACCOUNT>"Set up"</a> });
    let more = found.more.then(|| {
        let path = format!("{}?rows={}", paths::EXTERNAL_ACCOUNTS, rows.saturating_add(MORE));
        view! { <div class="foot"><a class="btn" href=path>"Show more"</a></div> }
    });
    let list = if is_empty {
        view! {
            <div class="card empty">
                <h2>"No external service accounts"</h2>
                <p>"A vendor’s integration, such as Assess on Cloud or E-Verify, is set up here. It gets a token of its own, with exactly the scopes that it needs."</p>
                <a class="btn" href=paths::NEW_EXTERNAL_ACCOUNT>"Set up the first one"</a>
            </div>
        }
        .into_any()
    } else {
        view! { <div class="card"><Table accounts=found.accounts now=found.now/>{more}</div> }.into_any()
    };
    view! {
        <Page about="Vendors’ integrations, each with a token that is generated for it." path=paths::EXTERNAL_ACCOUNTS actions=actions>
            <Notice message=Signal::stored(noticed(notice))/>
            {list}
        </Page>
    }
}

#[component]
fn Table(accounts: Vec<AccountSummary>, now: Timestamp) -> impl IntoView {
    let rows = accounts.into_iter().map(|account| view! { <Row account=account now=now/> }).collect_view();
    view! {
        // On phones the rows are stacked by CSS, at which browsers forget that this is a table: the roles say so.
        <table class="stack accounts" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Integration"</th>
                    <th role="columnheader" scope="col">"State"</th>
                    <th role="columnheader" scope="col">"Token expires"</th>
                    <th role="columnheader" scope="col">"Last call"</th>
                    <th role="columnheader" scope="col" class="end">"Actions"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(account: AccountSummary, now: Timestamp) -> impl IntoView {
    let path = paths::external_account(account.id);
    let trouble = match &account.state {
        AccountState::Failing(trouble) => Some(view! { <span class="sub">{trouble.sentence()}</span> }),
        _ => None,
    };
    let (expires, last_call) = match account.token.clone() {
        None => ("No token yet".into_any(), "—".into_any()),
        Some(token) => (
            view! { <Expiration account=account.clone() token=token.clone() now=now/> }.into_any(),
            view! { <LastCall account=account.clone() token=token now=now/> }.into_any(),
        ),
    };
    view! {
        <tr role="row">
            <td role="cell"><a href=path>{account.label.clone()}</a><span class="sub">{place_of(&account)}</span></td>
            <td role="cell" data-label="State" class="wrap"><StatePill state=account.state.clone()/>{trouble}</td>
            <td role="cell" data-label="Token expires">{expires}</td>
            <td role="cell" data-label="Last call">{last_call}</td>
            <td role="cell" class="acts"><Actions account=account/></td>
        </tr>
    }
}

#[component]
fn Actions(account: AccountSummary) -> impl IntoView {
    let path = paths::external_account(account.id);
    let name = name_of(&account);
    let link = |label: &'static str, href: String| {
        view! { <a class="btn" href=href aria-label=format!("{label}: {name}")>{label}</a> }
    };
    if is_draft(&account) {
        return link("Continue", path).into_any();
    }
    let revoke = account
        .token
        .as_ref()
        .is_some_and(|token| token.status.is_live())
        .then(|| link("Revoke", format!("{path}#revoke")));
    view! { {link("Replace", format!("{path}?step=token"))} {revoke} }.into_any()
}
