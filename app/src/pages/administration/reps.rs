//! Every service rep.

use latchkey_domain::{RepKind, RepState, Role};
use latchkey_service::ports::{RepFilter, RepOverview};
use leptos::prelude::*;

use super::{StatePill, noticed};
use crate::components::{Notice, Page};
use crate::{RepsPage, paths};

/// How many rows "Show more" adds.
const MORE: u32 = 100;

#[component]
pub(super) fn RepsView(page: RepsPage) -> impl IntoView {
    let RepsPage { listing, filter, rows, ignored, notice } = page;
    let actions = || {
        view! {
            <a class="btn" href=format!("{}?kind=system", paths::NEW_REP)>"Add a service"</a>
            <a class="btn primary" href=paths::NEW_REP>"Invite"</a>
        }
    };
    let ignored = (!ignored.is_empty()).then(|| {
        let sentence = format!("Left out, since there is no such choice: {}.", ignored.join(", "));
        view! { <p class="notice warn" role="status">{sentence}</p> }
    });
    let more = listing.more.then(|| {
        let path = address(&filter, rows.saturating_add(MORE));
        view! { <div class="foot"><a class="btn" href=path>"Show more"</a></div> }
    });
    let list = if listing.reps.is_empty() {
        view! {
            <div class="empty">
                <h2>"No service rep is like that"</h2>
                <p>"Nobody fits what you have chosen above."</p>
                <a class="btn" href=paths::SERVICE_REPS>"Show all service reps"</a>
            </div>
        }
        .into_any()
    } else {
        view! { <Table reps=listing.reps/> }.into_any()
    };
    view! {
        <Page about="Everybody who owns tokens: people, and services." path=paths::SERVICE_REPS actions=actions>
            <Notice message=Signal::stored(noticed(notice))/>
            {ignored}
            <div class="card">
                <Filters filter=filter/>
                {list}
                {more}
            </div>
        </Page>
    }
}

/// The list's address under a filter.
fn address(filter: &RepFilter, rows: u32) -> String {
    let text = percent_encoding::utf8_percent_encode(&filter.text, percent_encoding::NON_ALPHANUMERIC);
    let role = filter.role.map_or("", Role::code);
    let kind = filter.kind.map_or("", RepKind::code);
    let state = filter.state.map_or("", RepState::code);
    format!("{}?q={text}&role={role}&kind={kind}&state={state}&rows={rows}", paths::SERVICE_REPS)
}

#[component]
fn Filters(filter: RepFilter) -> impl IntoView {
    let roles = Role::ALL.map(|role| (role.code(), role.label(), filter.role == Some(role)));
    let kinds = RepKind::ALL.map(|kind| (kind.code(), kind.label(), filter.kind == Some(kind)));
    let states = RepState::ALL.map(|state| (state.code(), state.label(), filter.state == Some(state)));
    view! {
        <form class="bar" method="get" action=paths::SERVICE_REPS role="search" aria-label="Service reps">
            <input type="search" name="q" value=filter.text aria-label="Name or e-mail" placeholder="Name or e-mail" autocomplete="off"/>
            <Choice name="role" label="Role" any="Any role" options=roles.to_vec()/>
            <Choice name="kind" label="Kind" any="Any kind" options=kinds.to_vec()/>
            <Choice name="state" label="State" any="Any state" options=states.to_vec()/>
            <button type="submit" class="btn">"Filter"</button>
        </form>
    }
}

#[component]
fn Choice(
    name: &'static str,
    label: &'static str,
    any: &'static str,
    options: Vec<(&'static str, &'static str, bool)>,
) -> impl IntoView {
    let options = options
        .into_iter()
        .map(|(code, label, chosen)| view! { <option value=code selected=chosen>{label}</option> })
        .collect_view();
    view! { <select name=name aria-label=label><option value="">{any}</option>{options}</select> }
}

#[component]
fn Table(reps: Vec<RepOverview>) -> impl IntoView {
    let rows = reps.into_iter().map(|found| view! { <Row found=found/> }).collect_view();
    view! {
        // On phones the rows are stacked by CSS, at which browsers forget that this is a table: the roles say so.
        <table class="stack" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"Name"</th>
                    <th role="columnheader" scope="col">"Role"</th>
                    <th role="columnheader" scope="col">"Kind"</th>
                    <th role="columnheader" scope="col" class="num">"Live tokens"</th>
                    <th role="columnheader" scope="col">"State"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(found: RepOverview) -> impl IntoView {
    let RepOverview { rep, state, live_tokens, .. } = found;
    view! {
        <tr role="row">
            <td role="cell"><a href=paths::one_rep(rep.id)>{rep.name}</a><span class="sub">{rep.email}</span></td>
            <td role="cell" data-label="Role">{rep.role.label()}</td>
            <td role="cell" data-label="Kind">{rep.kind.label()}</td>
            <td role="cell" data-label="Live tokens" class="num">{live_tokens.to_string()}</td>
            <td role="cell" data-label="State"><StatePill state=state/></td>
        </tr>
    }
}
