//! The list as a file.

use std::sync::Arc;

use axum::response::Response;
use futures_util::Stream;
use futures_util::stream::try_unfold;
use latchkey_domain::{Refusal, Timestamp};
use latchkey_service::ports::StoreError;
use latchkey_service::{Caller, ListedToken, Service, TokenExport, TokenSearch};

use crate::ServerState;
use crate::site::administration::fail;
use crate::site::export::{Format, csv_lines, download};
use crate::site::forms::Posted;

/// The columns of the file.
const COLUMNS: [&str; 12] = [
    "account_sid",
    "description",
    "service_rep",
    "scopes",
    "all_scopes",
    "source",
    "status",
    "created_at",
    "expires_at",
    "revoked_at",
    "last_used_at",
    "added_by",
];

/// Exports exactly what a search leaves, which is itself an entry of the audit log.
pub(super) async fn export(state: &ServerState, caller: &Caller, search: &TokenSearch, posted: Posted) -> Response {
    // Without a word it is the one that spreadsheets open.
    let format = match posted.fields.text("format").as_str() {
        "" => Some(Format::Csv),
        format => Format::parse(format),
    };
    let Some(format) = format else {
        return fail(state, &posted.context, Refusal::NotFound.into(), posted.page).await;
    };
    match state.service.export_tokens(caller, search, format.words()).await {
        Ok(export) => {
            let today = export.now().to_rfc3339();
            let name = format!("latchkey-tokens-{}", today.split('T').next().unwrap_or_default());
            let parts = parts(Arc::clone(&state.service), export, format);
            download(&name, format, caller.origin.request_id.clone(), parts)
        }
        Err(failure) => fail(state, &posted.context, failure, posted.page).await,
    }
}

/// An export, a part at a time.
fn parts(
    service: Arc<Service>,
    export: TokenExport,
    format: Format,
) -> impl Stream<Item = Result<Vec<u8>, StoreError>> + Send {
    let head = (format == Format::Csv).then(|| csv_lines([COLUMNS.map(str::to_owned)]));
    try_unfold((service, export, head), move |(service, mut export, head)| async move {
        if let Some(head) = head {
            return Ok(Some((head, (service, export, None))));
        }
        let tokens = service.next_exported_tokens(&mut export).await?;
        let rows = tokens.iter().map(cells);
        let part = match format {
            Format::Csv => csv_lines(rows),
            Format::JsonLines => rows.flat_map(json_line).collect(),
        };
        Ok((!tokens.is_empty()).then_some((part, (service, export, None))))
    })
}

fn cells(listed: &ListedToken) -> [String; 12] {
    let token = &listed.token;
    let time = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339).unwrap_or_default();
    [
        token.sid.to_string(),
        token.description.clone(),
        listed.owner_email.clone(),
        listed.scope_names.to_string(),
        if token.all_scopes { "yes" } else { "no" }.to_owned(),
        listed.source.code().to_owned(),
        token.status.code().to_owned(),
        token.created_at.to_rfc3339(),
        token.expires_at.to_rfc3339(),
        time(token.revoked_at),
        time(token.last_used_at),
        token.maker.clone().unwrap_or_default(),
    ]
}

fn json_line(cells: [String; 12]) -> Vec<u8> {
    let members = COLUMNS.into_iter().zip(cells).map(|(name, cell)| (name.to_owned(), serde_json::Value::String(cell)));
    let members: serde_json::Map<_, _> = members.collect();
    let mut line = serde_json::Value::Object(members).to_string().into_bytes();
    line.push(b'\n');
    line
}
