//! Entries of the audit log, as rows.

use latchkey_domain::Timestamp;
use latchkey_service::{AuditLine, AuditQuery, Who};
use leptos::prelude::*;

use super::audit_address::address;
use crate::components::Moment;
use crate::paths;

#[component]
pub(super) fn AuditTable(lines: Vec<AuditLine>) -> impl IntoView {
    let rows = lines.into_iter().map(|line| view! { <Row line=line/> }).collect_view();
    view! {
        // On phones the rows are stacked by CSS, at which browsers forget that this is a table: the roles say so.
        <table class="stack log" role="table">
            <thead role="rowgroup">
                <tr role="row">
                    <th role="columnheader" scope="col">"When (UTC)"</th>
                    <th role="columnheader" scope="col">"Who"</th>
                    <th role="columnheader" scope="col">"What"</th>
                    <th role="columnheader" scope="col">"To what"</th>
                    <th role="columnheader" scope="col">"From where"</th>
                </tr>
            </thead>
            <tbody role="rowgroup">{rows}</tbody>
        </table>
    }
}

#[component]
fn Row(line: AuditLine) -> impl IntoView {
    let what = line.action_words().to_owned();
    let AuditLine { cursor, link, actor, subject, address: from, request_id, detail, .. } = line;
    let number = link.map_or_else(|| "Not sequenced yet".to_owned(), |(seq, _)| format!("Entry {seq}"));
    let detail = (!detail.is_empty()).then(|| view! { <span class="sub">{detail}</span> });
    let to_what = if subject == Who::Nothing {
        view! { <td role="cell"></td> }.into_any()
    } else {
        view! { <td role="cell" data-label="To what"><Named who=subject by=By::Subject/></td> }.into_any()
    };
    let request = (!request_id.is_empty()).then(|| {
        let path = address(&AuditQuery { request_id: request_id.clone(), ..AuditQuery::default() }, "");
        view! { <span class="sub">"Request " <a class="id" href=path>{request_id}</a></span> }
    });
    view! {
        <tr role="row">
            <td role="cell">
                <Moment id=format!("entry-{}", cursor.id) at=cursor.at words=to_the_second(cursor.at)/>
                <span class="sub">{number}</span>
            </td>
            <td role="cell" data-label="Who"><Named who=actor by=By::Actor/></td>
            <td role="cell" data-label="What">{what}{detail}</td>
            {to_what}
            <td role="cell" data-label="From">{from}{request}</td>
        </tr>
    }
}

/// The exact time, which is what a log is read for: `2026-11-24 03:42:38`.
fn to_the_second(at: Timestamp) -> String {
    at.to_rfc3339().replace('T', " ").replace('Z', "")
}

/// By which of the two an entry is found again.
#[derive(Clone, Copy)]
enum By {
    Actor,
    Subject,
}

impl By {
    fn address(self, name: &str) -> String {
        let query = AuditQuery::default();
        let query = match self {
            Self::Actor => AuditQuery { actor: name.to_owned(), ..query },
            Self::Subject => AuditQuery { subject: name.to_owned(), ..query },
        };
        address(&query, "")
    }
}

/// Somebody or something: what it is called, and by what name all its entries are found.
#[component]
fn Named(who: Who, by: By) -> impl IntoView {
    match who {
        Who::Rep { id, known } => {
            let (name, found_by) = match known {
                Some((name, email)) => (view! { <a href=paths::one_rep(id)>{name}</a> }.into_any(), email),
                None => ("A service rep who is gone".into_any(), id.to_string()),
            };
            let path = by.address(&found_by);
            view! { {name} <span class="sub"><a href=path>{found_by}</a></span> }.into_any()
        }
        Who::Token { sid, description } => {
            let sid = sid.to_string();
            let path = by.address(&sid);
            let description = description.unwrap_or_else(|| "A token that is gone".to_owned());
            view! { {description} <span class="sub"><a class="id" href=path>{sid}</a></span> }.into_any()
        }
        Who::ExternalAccount { id, integration } => {
            let id = id.to_string();
            let path = by.address(&id);
            let name = integration.unwrap_or_else(|| "An account that is gone".to_owned());
            view! { {name} <span class="sub"><a class="id" href=path>{id}</a></span> }.into_any()
        }
        Who::CommandLine => view! { <a href=by.address(AuditQuery::COMMAND_LINE)>"Command line"</a> }.into_any(),
        Who::Anonymous => view! { <a href=by.address(AuditQuery::NOBODY)>"Nobody known"</a> }.into_any(),
        Who::Policy => view! { <a href=by.address(AuditQuery::POLICY)>"The policy"</a> }.into_any(),
        Who::Nothing => ().into_any(),
        Who::Unknown(kind) => kind.into_any(),
    }
}
