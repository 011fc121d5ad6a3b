//! The audit log: its pages, and taking it away as a file.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use latchkey_app::{AdministrationPage, AuditLogPage, Place};
use latchkey_domain::Refusal;
use latchkey_service::ports::StoreError;
use latchkey_service::{AuditExport, AuditLine, AuditQuery, Service, Who};
use serde::Serialize;

use super::{asked, fail, render};
use crate::ServerState;
use crate::site::export::{Format, csv_lines, download};
use crate::site::forms::PostedBy;
use crate::site::kept;
use crate::site::pages::target_of;

pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    // An export that had lost its session comes back as the filter it was for.
    let kept = kept::of(&request);
    let place = Place::parse(target_of(&request));
    let query = AuditQuery::read(|name| kept.as_ref().map(|fields| fields.text(name)).or_else(|| place.value(name)));
    let people = match state.service.suggested_reps(&caller, None).await {
        Ok(people) => people,
        Err(failure) => return fail(&state, &context, failure, request).await,
    };
    match state.service.audit_page(&caller, query).await {
        Ok(found) => {
            let page = AuditLogPage { found, people, nothing_was_exported: kept.is_some() };
            render(context, AdministrationPage::AuditLog(Box::new(page)), 200, request).await
        }
        Err(failure) => fail(&state, &context, failure, request).await,
    }
}

/// Exports what a filter leaves, which is itself an entry of the log.
pub(super) async fn export(State(state): State<ServerState>, PostedBy(caller, posted): PostedBy) -> Response {
    let Some(format) = Format::parse(&posted.fields.text("format")) else {
        return fail(&state, &posted.context, Refusal::NotFound.into(), posted.page).await;
    };
    let query = AuditQuery::read(|name| Some(posted.fields.text(name)));
    match state.service.export_audit(&caller, &query, format.words()).await {
        Ok(export) => {
            let today = state.service.now().to_rfc3339();
            let name = format!("latchkey-audit-log-{}", today.split('T').next().unwrap_or_default());
            let parts = parts(Arc::clone(&state.service), export, format);
            download(&name, format, caller.origin.request_id, parts)
        }
        Err(failure) => fail(&state, &posted.context, failure, posted.page).await,
    }
}

/// An export, a part at a time.
fn parts(
    service: Arc<Service>,
    export: AuditExport,
    format: Format,
) -> impl Stream<Item = Result<Vec<u8>, StoreError>> + Send {
    let head = (format == Format::Csv).then(|| csv_lines([Row::COLUMNS.map(str::to_owned)]));
    try_unfold((service, export, head), move |(service, mut export, head)| async move {
        if let Some(head) = head {
            return Ok(Some((head, (service, export, None))));
        }
        let lines = service.next_exported(&mut export).await?;
        let rows = lines.iter().map(Row::of);
        let part = match format {
            Format::Csv => csv_lines(rows.map(Row::cells)),
            Format::JsonLines => rows.flat_map(|row| row.json_line()).collect(),
        };
        Ok((!lines.is_empty()).then_some((part, (service, export, None))))
    })
}

/// An entry in a file. The members' names are the columns'.
#[derive(Serialize)]
struct Row {
    number: Option<i64>,
    at: String,
    actor_kind: String,
    actor: Option<String>,
    actor_name: Option<String>,
    action: String,
    subject_kind: String,
    subject: Option<String>,
    subject_name: Option<String>,
    address: String,
    request_id: String,
    detail: String,
    hmac: Option<String>,
}

impl Row {
    const COLUMNS: [&str; 13] = [
        "number",
        "at",
        "actor_kind",
        "actor",
        "actor_name",
        "action",
        "subject_kind",
        "subject",
        "subject_name",
        "address",
        "request_id",
        "detail",
        "hmac",
    ];

    fn of(line: &AuditLine) -> Self {
        let (actor_kind, actor, actor_name) = named(&line.actor);
        let (subject_kind, subject, subject_name) = named(&line.subject);
        Self {
            number: line.link.map(|(seq, _)| seq),
            at: line.cursor.at.to_rfc3339(),
            actor_kind,
            actor,
            actor_name,
            action: line.action.clone(),
            subject_kind,
            subject,
            subject_name,
            address: line.address.clone(),
            request_id: line.request_id.clone(),
            detail: line.detail.clone(),
            hmac: line.link.map(|(_, mac)| mac.to_string()),
        }
    }

    fn cells(self) -> [String; 13] {
        [
            self.number.map(|number| number.to_string()).unwrap_or_default(),
            self.at,
            self.actor_kind,
            self.actor.unwrap_or_default(),
            self.actor_name.unwrap_or_default(),
            self.action,
            self.subject_kind,
            self.subject.unwrap_or_default(),
            self.subject_name.unwrap_or_default(),
            self.address,
            self.request_id,
            self.detail,
            self.hmac.unwrap_or_default(),
        ]
    }

    fn json_line(&self) -> Vec<u8> {
        // Texts and numbers can always be written.
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        line
    }
}

/// Kind, id and name of somebody or something: a service rep's id is their e-mail address as long as there is one,
/// since that is what filters and people know them by.
fn named(who: &Who) -> (String, Option<String>, Option<String>) {
    let (kind, id, name) = match who {
        Who::Rep { known: Some((name, email)), .. } => ("rep", Some(email.clone()), Some(name.clone())),
        Who::Rep { id, known: None } => ("rep", Some(id.to_string()), None),
        Who::Token { sid, description } => ("token", Some(sid.to_string()), description.clone()),
        Who::ExternalAccount { id, integration } => ("external_account", Some(id.to_string()), integration.clone()),
        Who::CommandLine => ("command_line", None, None),
        Who::Anonymous => ("anonymous", None, None),
        Who::Policy => ("policy", None, None),
        Who::Nothing => ("nothing", None, None),
        Who::Unknown(kind) => (kind.as_str(), None, None),
    };
    (kind.to_owned(), id, name)
}
