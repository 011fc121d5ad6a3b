//! The audit log: its filters, what was found, and how its chain stands.

use latchkey_service::{AuditGroup, AuditPage, AuditQuery, AuditState, day};
use leptos::prelude::*;

use super::Suggestions;
use super::audit_address::address;
use super::audit_table::AuditTable;
use crate::components::Page;
use crate::{AuditLogPage, paths};

/// The suggestions for the fields that ask for somebody.
const SUGGESTED: &str = "audit-people";

#[component]
pub(super) fn AuditLogView(page: AuditLogPage) -> impl IntoView {
    let AuditLogPage { found, people, nothing_was_exported } = page;
    let not_exported = nothing_was_exported.then(|| {
        let sentence = "Your session had ended, and nothing was exported. The filters are as they were.";
        view! { <p class="notice warn" role="status">{sentence}</p> }
    });
    let notes = found.notes.iter().cloned().map(|note| view! { <p>{note}</p> }).collect_view();
    let notes = (!found.notes.is_empty()).then(|| view! { <div class="notice warn" role="status">{notes}</div> });
    let state = found.state;
    view! {
        <Page about="Who did what to what, from where, and when." path=paths::AUDIT_LOG>
            {not_exported}
            {notes}
            <div class="card">
                <Filters query=found.query.clone()/>
                <Found found=found/>
            </div>
            <Chain state=state/>
            <Suggestions id=SUGGESTED reps=people/>
        </Page>
    }
}

#[component]
fn Filters(query: AuditQuery) -> impl IntoView {
    let is_filtered = query.fields().iter().any(|(_, value)| !value.is_empty());
    let clear = is_filtered.then(|| view! { <a class="btn quiet" href=paths::AUDIT_LOG>"Clear"</a> });
    view! {
        <form class="filters" method="get" action=paths::AUDIT_LOG role="search" aria-label="Audit log">
            <Filter name="actor" label="Who" value=query.actor kind="text" placeholder="E-mail or SID" suggests=true/>
            <WhatFilter chosen=query.action/>
            <Filter name="subject" label="To what" value=query.subject kind="text" placeholder="E-mail or SID" suggests=true/>
            <Filter name="address" label="Address" value=query.address kind="text" placeholder="192.0.2.1"/>
            <Filter name="from" label="From" value=day_or_nothing(query.from) kind="date"/>
            <Filter name="to" label="To" value=day_or_nothing(query.to) kind="date"/>
            <Filter name="request_id" label="Request id" value=query.request_id kind="text"/>
            <div class="go">{clear}<button type="submit" class="btn">"Filter"</button></div>
        </form>
    }
}

/// A field for a day holds a day or nothing. What was written instead, the note above says.
fn day_or_nothing(text: String) -> String {
    if day(&text).is_some() { text } else { String::new() }
}

#[component]
fn Filter(
    name: &'static str,
    label: &'static str,
    value: String,
    kind: &'static str,
    #[prop(optional)] placeholder: &'static str,
    #[prop(optional)] suggests: bool,
) -> impl IntoView {
    let id = format!("filter-{name}");
    let placeholder = (!placeholder.is_empty()).then_some(placeholder);
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input id=id type=kind name=name value=value placeholder=placeholder list=suggests.then_some(SUGGESTED)
                autocomplete="off" spellcheck="false"/>
        </div>
    }
}

/// Actions, in their groups, each of which can be chosen as a whole.
#[component]
fn WhatFilter(chosen: String) -> impl IntoView {
    let option = |code: &'static str, words: String| {
        let selected = chosen == code;
        view! { <option value=code selected=selected>{words}</option> }
    };
    let groups: Vec<_> = AuditGroup::ALL
        .into_iter()
        .map(|group| {
            let whole = option(group.code(), format!("{}: all", group.words()));
            let actions: Vec<_> =
                group.actions().iter().map(|action| option(action.code(), action.words().to_owned())).collect();
            view! { <optgroup label=group.words()>{whole}{actions}</optgroup> }
        })
        .collect();
    view! {
        <div class="field">
            <label for="filter-action">"What"</label>
            <select id="filter-action" name="action"><option value="">"Anything"</option>{groups}</select>
        </div>
    }
}

#[component]
fn Found(found: AuditPage) -> impl IntoView {
    let AuditPage { query, lines, next, is_cut_short, count, count_is_least, .. } = found;
    let is_later = !query.after.is_empty();
    let count = match (count, count_is_least) {
        (0, true) => "Nothing found so far".to_owned(),
        (10_000, true) => "10,000+ entries".to_owned(),
        (count, true) => format!("At least {}", entries(count.into())),
        (count, false) => entries(count.into()),
    };
    let cut = is_cut_short.then(|| {
        let sentence = if lines.is_empty() {
            "Nothing was found in the time that one search has. There may be some further back."
        } else {
            "This is what was found in the time that one search has. There may be more further back."
        };
        view! { <p class="notice warn" role="status">{sentence}</p> }
    });
    let list = if !lines.is_empty() {
        view! { <AuditTable lines=lines/> }.into_any()
    } else if is_cut_short {
        ().into_any()
    } else {
        view! {
            <div class="empty">
                <h2>{if is_later { "There is nothing older" } else { "No entry is like that" }}</h2>
                <p>"Nothing in the log fits what you have chosen above."</p>
                <a class="btn" href=paths::AUDIT_LOG>"Show the whole log"</a>
            </div>
        }
        .into_any()
    };
    let newest = is_later.then(|| view! { <a class="btn" href=address(&query, "")>"Newest entries"</a> });
    let older = next.map(|next| {
        let words = if is_cut_short { "Search further" } else { "Older entries" };
        view! { <a class="btn" rel="next" href=address(&query, &next.to_string())>{words}</a> }
    });
    let foot = (newest.is_some() || older.is_some())
        .then(|| view! { <nav class="foot" aria-label="Pages">{newest}{older}</nav> });
    view! {
        <div class="bar">
            <p class="grow" role="status">{count}</p>
            <Export query=query.clone()/>
        </div>
        {cut}
        {list}
        {foot}
    }
}

/// "1 entry", "2 entries".
fn entries(count: u64) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// Takes what is filtered away as a file. It is a form, since it leaves an entry in the log.
#[component]
fn Export(query: AuditQuery) -> impl IntoView {
    let hidden = query
        .fields()
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| view! { <input type="hidden" name=name value=value.to_owned()/> })
        .collect_view();
    view! {
        <form class="export" method="post" action=paths::AUDIT_LOG>
            {hidden}
            <button type="submit" class="btn" name="format" value="csv">"Export as CSV"</button>
            <button type="submit" class="btn" name="format" value="jsonl">"Export as JSON Lines"</button>
        </form>
    }
}

/// How far the chain reaches.
#[component]
fn Chain(state: AuditState) -> impl IntoView {
    let AuditState { head, sealed, unsequenced } = state;
    let fact = |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let reaches = match head.seq {
        0 => fact("Sequenced", "No entry yet".into_any()),
        seq => fact("Sequenced", format!("up to entry {seq}").into_any()),
    };
    let waiting = match unsequenced {
        0 => "None".to_owned(),
        waiting => format!("{}: not tied yet, so a change would leave no trace", entries(waiting)),
    };
    let sealed = (sealed > 0).then(|| fact("Sealed and taken out", format!("up to entry {sealed}").into_any()));
    let head = (head.seq > 0).then(|| fact("Head", view! { <code>{head.mac.to_string()}</code> }.into_any()));
    view! {
        <section class="card section" aria-labelledby="chain-title">
            <h2 id="chain-title">"The chain"</h2>
            <p>
                "Each entry is tied to the one before it by a key that is not in the database. "
                <code>"latchkey audit verify --head HEAD"</code>
                " names the first entry that was changed, is missing or was cut off."
            </p>
            <dl class="facts chain">
                {reaches}
                {fact("Waiting", waiting.into_any())}
                {sealed}
                {head}
            </dl>
        </section>
    }
}
