//! The embedded record store, behind the catalog's routes.
//!
//! A collection is named by its raw path, `/api/v1/employees`; a record by that and its id. A change names the
//! version that it is meant for (`If-Match`), so that two vendors cannot overwrite each other unseen.

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use latchkey_service::ports::{RecordDeletion, RecordReplacement, StoredRecord};
use latchkey_service::{MAX_RECORDS, RecordPage};
use serde::Serialize;
use serde_json::{Map, Value};

use super::body::read_object;
use super::precondition::{Expected, etag};
use super::query::{Parameters, is_record_id};
use super::{Call, internal, json};
use crate::problem::{Problem, ProblemCode};

#[derive(Serialize)]
struct Record<'a> {
    /// Only where records of several collections stand together.
    #[serde(skip_serializing_if = "Option::is_none")]
    collection: Option<&'a str>,
    id: &'a str,
    created_at: String,
    updated_at: String,
    data: Map<String, Value>,
}

#[derive(Serialize)]
struct List<'a> {
    data: Vec<Record<'a>>,
    next: Option<&'a str>,
}

/// `GET` of a collection.
pub(super) async fn list(call: &Call<'_>) -> Result<Response, Problem> {
    let asked = Parameters::of(&call.parts.uri)?.page()?;
    let found = call.state.service.records(call.path(), asked.after.as_deref(), asked.limit).await;
    page(&found.map_err(|failure| call.problem(&failure))?, false)
}

/// `GET /api/v1/search?q=`
pub(super) async fn search(call: &Call<'_>) -> Result<Response, Problem> {
    let parameters = Parameters::of(&call.parts.uri)?;
    let (needle, asked) = (parameters.needle()?, parameters.page()?);
    let service = &call.state.service;
    let found = service
        .search_records(&call.vendor.credential.effective_scopes().set, needle, asked.after.as_deref(), asked.limit)
        .await;
    page(&found.map_err(|failure| call.problem(&failure))?, true)
}

/// `GET` of a record.
pub(super) async fn read(call: &Call<'_>) -> Result<Response, Problem> {
    show(StatusCode::OK, &find(call).await?)
}

/// `POST` to a collection.
pub(super) async fn create(call: &Call<'_>, body: Body) -> Result<Response, Problem> {
    let data = read_object(&call.parts.headers, body).await?;
    let created = call.state.service.create_record(sid(call), call.path(), data, &call.vendor.arrival.origin()).await;
    let record = created.map_err(|failure| call.problem(&failure))?.ok_or_else(|| {
        let detail =
            format!("This collection has {MAX_RECORDS} records, the most that it can hold. Delete some first.");
        Problem::new(ProblemCode::CollectionFull, detail)
    })?;
    let mut response = show(StatusCode::CREATED, &record)?;
    response.headers_mut().insert(LOCATION, header(&format!("{}/{}", record.collection, record.id))?);
    Ok(response)
}

/// `PUT` of a record.
pub(super) async fn replace(call: &Call<'_>, body: Body) -> Result<Response, Problem> {
    let expected = Expected::of(&call.parts.headers)?.ok_or_else(|| {
        let detail = "Say which version is to be replaced: send If-Match with the ETag of the record as you know it.";
        Problem::new(ProblemCode::PreconditionRequired, detail)
    })?;
    let data = read_object(&call.parts.headers, body).await?;
    let version = version(call, expected).await?;
    let service = &call.state.service;
    let replaced = service.replace_record(sid(call), place(call)?, version, data, &call.vendor.arrival.origin()).await;
    match replaced.map_err(|failure| call.problem(&failure))? {
        RecordReplacement::Replaced(record) => show(StatusCode::OK, &record),
        RecordReplacement::Stale => Err(stale()),
        RecordReplacement::NotFound => Err(no_record()),
    }
}

/// `DELETE` of a record.
pub(super) async fn delete(call: &Call<'_>) -> Result<Response, Problem> {
    let version = match Expected::of(&call.parts.headers)? {
        None => None,
        Some(expected) => version(call, expected).await?,
    };
    let deleted =
        call.state.service.delete_record(sid(call), place(call)?, version, &call.vendor.arrival.origin()).await;
    match deleted.map_err(|failure| call.problem(&failure))? {
        RecordDeletion::Deleted => Ok(StatusCode::NO_CONTENT.into_response()),
        RecordDeletion::Stale => Err(stale()),
        RecordDeletion::NotFound => Err(no_record()),
    }
}

/// The one version that a change is meant for, or `None` for any.
async fn version(call: &Call<'_>, expected: Expected) -> Result<Option<i64>, Problem> {
    match expected {
        Expected::Any => Ok(None),
        Expected::OneOf(versions) => match versions.as_slice() {
            [one] => Ok(Some(*one)),
            // The store compares with one version. If the record changes after this look, that one is stale.
            several => {
                let current = find(call).await?.version;
                several.contains(&current).then_some(Some(current)).ok_or_else(stale)
            }
        },
    }
}

async fn find(call: &Call<'_>) -> Result<StoredRecord, Problem> {
    let (collection, id) = place(call)?;
    let found = call.state.service.record(collection, id).await;
    found.map_err(|failure| call.problem(&failure))?.ok_or_else(no_record)
}

/// Collection and id of the record at the request's path.
fn place<'a>(call: &'a Call<'_>) -> Result<(&'a str, &'a str), Problem> {
    call.path().rsplit_once('/').filter(|(_, id)| is_record_id(id)).ok_or_else(no_record)
}

fn sid(call: &Call<'_>) -> latchkey_domain::AccountSid {
    call.vendor.credential.sid
}

fn show(status: StatusCode, record: &StoredRecord) -> Result<Response, Problem> {
    let mut response = json(status, &view(record, false)?)?;
    response.headers_mut().insert(ETAG, header(&etag(record.version))?);
    Ok(response)
}

fn page(page: &RecordPage, with_collection: bool) -> Result<Response, Problem> {
    let data: Result<Vec<_>, _> = page.records.iter().map(|record| view(record, with_collection)).collect();
    json(StatusCode::OK, &List { data: data?, next: page.next.as_deref() })
}

fn view(record: &StoredRecord, with_collection: bool) -> Result<Record<'_>, Problem> {
    let data = serde_json::from_str(&record.data).map_err(|error| {
        tracing::error!(collection = record.collection, id = record.id, cause = %error, "a record is no JSON object");
        internal()
    })?;
    Ok(Record {
        collection: with_collection.then_some(record.collection.as_str()),
        id: &record.id,
        created_at: record.created_at.to_rfc3339(),
        updated_at: record.updated_at.to_rfc3339(),
        data,
    })
}

fn header(value: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(value).map_err(|_| internal())
}

fn no_record() -> Problem {
    Problem::new(ProblemCode::NotFound, "There is no record with this id.")
}

fn stale() -> Problem {
    let detail = "The record has changed since that version. Read it again, then repeat the change.";
    Problem::new(ProblemCode::PreconditionFailed, detail)
}
