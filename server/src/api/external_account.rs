//! `/api/v1/external-service-account`: the account that the presented token belongs to.

use std::collections::BTreeMap;

use axum::response::Response;
use http::StatusCode;
use latchkey_domain::external_account::SettingValue;
use latchkey_service::{OwnAccount, VendorCredential};
use serde::Serialize;

use super::{Call, json};
use crate::problem::{Problem, ProblemCode};

#[derive(Serialize)]
struct Account<'a> {
    id: String,
    integration: &'a str,
    level: &'static str,
    /// Null for the whole system.
    entity: Option<&'a str>,
    state: &'static str,
    /// Null for one that is left empty.
    settings: BTreeMap<&'a str, Option<&'a SettingValue>>,
    /// Left out for a token that may not read them.
    #[serde(skip_serializing_if = "Option::is_none")]
    credentials: Option<BTreeMap<&'a str, Option<&'a str>>>,
}

/// `GET /api/v1/external-service-account`
pub(super) async fn show(call: &Call<'_>) -> Result<Response, Problem> {
    let credential = &call.vendor.credential;
    let found = call.state.service.own_account(credential, &call.vendor.arrival.origin()).await;
    let found = found.map_err(|failure| call.problem(&failure))?;
    let account = found.as_ref().ok_or_else(|| {
        Problem::new(ProblemCode::NotFound, "This token belongs to no external service account that is active.")
    })?;
    json(StatusCode::OK, &Account::of(account))
}

impl<'a> Account<'a> {
    fn of(account: &'a OwnAccount) -> Self {
        let credentials = account.credentials.as_ref().map(|credentials| {
            let credentials = credentials.iter();
            credentials.map(|(name, value)| (name.as_str(), value.as_ref().map(VendorCredential::expose))).collect()
        });
        Self {
            id: account.id.to_string(),
            integration: account.integration.as_str(),
            level: account.level.code(),
            entity: (!account.entity.is_empty()).then_some(account.entity.as_str()),
            state: account.state.code(),
            settings: account.settings.iter().map(|(name, value)| (name.as_str(), value.as_ref())).collect(),
            credentials,
        }
    }
}
