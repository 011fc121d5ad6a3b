//! Every external service account.

use axum::extract::{Request, State};
use axum::response::Response;
use latchkey_app::system_settings::{AccountsPage, SystemSettingsPage};
use latchkey_app::{Place, Said};
use latchkey_service::ACCOUNT_PAGE;

use super::{asked, fail, render, said};
use crate::ServerState;
use crate::site::pages::target_of;

/// The most rows in one page.
const MAX_ROWS: u32 = 5_000;

pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let place = Place::parse(target_of(&request));
    let rows = place.value("rows").and_then(|rows| rows.parse().ok()).unwrap_or(ACCOUNT_PAGE).clamp(1, MAX_ROWS);
    match state.service.accounts(&caller, rows).await {
        Ok(found) => {
            let page = AccountsPage { found, rows, notice: notice_in(&place) };
            render(context, SystemSettingsPage::Accounts(page), 200, request).await
        }
        Err(failure) => fail(&state, &context, failure, request).await,
    }
}

/// What has just been done, as the address says it.
fn notice_in(place: &Place) -> Option<Said> {
    match place.value("notice")?.as_str() {
        "cancelled" => Some(said(true, "The set-up is cancelled, and its draft is gone.")),
        "cancelled-revoked" => {
            Some(said(true, "The set-up is cancelled, and its draft is gone. Its token is revoked."))
        }
        "cancelled-left" => Some(said(
            true,
            "The set-up is cancelled, and its draft is gone. The token that was pasted works as before.",
        )),
        _ => None,
    }
}
