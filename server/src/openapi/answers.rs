//! What operations answer, as far as several share it: their headers, their refusals, their records.

use http::StatusCode;
use serde_json::{Value, json};
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ArrayBuilder, ComponentsBuilder, Type};
use utoipa::openapi::{
    Content, ContentBuilder, KnownFormat, ObjectBuilder, Ref, RefOr, Response, ResponseBuilder, Schema, SchemaFormat,
};

use super::examples;
use crate::problem::ProblemCode;

/// The statuses of refusals, each a shared answer of the document.
const REFUSALS: [u16; 17] = [400, 401, 403, 404, 405, 408, 409, 412, 413, 415, 428, 429, 500, 501, 502, 503, 504];

/// Refusals that only pages give.
const OF_PAGES: [ProblemCode; 3] =
    [ProblemCode::CredentialNotAccepted, ProblemCode::CrossOrigin, ProblemCode::NotAcceptable];

/// Adds every shared answer.
pub(super) fn add_to(components: ComponentsBuilder) -> ComponentsBuilder {
    let components = components
        .schema("Problem", problem_schema())
        .response("Record", record("The record.", StatusCode::OK))
        .response("RecordCreated", record("The new record.", StatusCode::CREATED))
        .response("RecordList", found("RecordList", "A page of the collection.", examples::record_list()))
        .response("SearchResults", found("SearchResults", "A page of what was found.", examples::search_results()))
        .response("Done", authenticated("Done; there is nothing more to say.").build());
    REFUSALS
        .into_iter()
        .filter_map(|status| StatusCode::from_u16(status).ok())
        .fold(components, |components, status| components.response(refusal_name(status), refusal(status)))
}

/// A shared answer.
pub(super) fn shared(name: &str) -> RefOr<Response> {
    RefOr::Ref(Ref::from_response_name(name))
}

/// The shared answer for a refusal of this status.
pub(super) fn refused(status: u16) -> RefOr<Response> {
    shared(&refusal_name(StatusCode::from_u16(status).unwrap_or_default()))
}

/// JSON content of a named schema.
pub(super) fn content(schema: &str, example: Value) -> Content {
    ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).example(Some(example)).build()
}

/// An answer to a good credential, with the headers that each of them has.
pub(super) fn authenticated(description: &str) -> ResponseBuilder {
    with_token_headers(plain(description))
}

/// An answer with nothing but the header that every answer has.
pub(super) fn plain(description: &str) -> ResponseBuilder {
    ResponseBuilder::new().description(description).header(
        "x-request-id",
        text_header("The request's id: name it when asking for help.", "0193584c7be07d2c9f0e6a51b2c4d8e7"),
    )
}

/// A header whose value is text.
pub(super) fn text_header(description: &str, example: &str) -> Header {
    header(description, ObjectBuilder::new().schema_type(Type::String).examples([json!(example)]))
}

/// The content of a refusal.
pub(super) fn problem_content(status: StatusCode) -> Content {
    let codes: Vec<ProblemCode> = codes_of(status).collect();
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem")));
    content.example(codes.first().map(|code| examples::problem(*code))).build()
}

fn with_token_headers(response: ResponseBuilder) -> ResponseBuilder {
    let expires = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .examples([json!("2027-05-22T14:00:00Z")]);
    let limit = "How many calls are left, and in how many seconds there are more, where calls are limited.";
    response
        .header("latchkey-token-expires", header("When the presented token expires.", expires))
        .header("x-rate-limit-count", header("Calls with this token in the current window.", integer(1)))
        .header("RateLimit", text_header(limit, r#""pat";r=24;t=5"#))
        .header("RateLimit-Policy", text_header("The limit and its window in seconds.", r#""pat";q=25;w=5"#))
}

fn header(description: &str, schema: ObjectBuilder) -> Header {
    HeaderBuilder::new().description(Some(description)).schema(schema).build()
}

fn integer(example: u32) -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).examples([json!(example)])
}

fn record(description: &str, status: StatusCode) -> Response {
    let etag = text_header("The record's version, for `If-Match`.", "\"1\"");
    let response = authenticated(description)
        .header("ETag", etag)
        .content("application/json", content("Record", examples::record()));
    if status != StatusCode::CREATED {
        return response.build();
    }
    let path = "/api/v1/customers/0193584c7be07d2c9f0e6a51b2c4d8e7";
    response.header("Location", text_header("The path of the record.", path)).build()
}

fn found(schema: &str, description: &str, example: Value) -> Response {
    authenticated(description).content("application/json", content(schema, example)).build()
}

/// The name of a status without its spaces: `NotFound`.
fn refusal_name(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or_default().replace(' ', "")
}

fn codes_of(status: StatusCode) -> impl Iterator<Item = ProblemCode> {
    ProblemCode::ALL.into_iter().filter(move |code| code.status() == status && !OF_PAGES.contains(code))
}

fn refusal(status: StatusCode) -> Response {
    let mut lines: Vec<String> =
        codes_of(status).map(|code| format!("`{}`: {}", code.as_str(), code.summary())).collect();
    if lines.is_empty() {
        lines.push(in_words(status).to_owned());
    }
    let before_credential = matches!(status.as_u16(), 400 | 401 | 404 | 405 | 503);
    let response = plain(&lines.join("\n\n")).content("application/problem+json", problem_content(status));
    let response = match status.as_u16() {
        401 => response.header(
            "WWW-Authenticate",
            text_header("The ways to send a credential, and what was wrong with this one.", "Basic realm=\"latchkey\""),
        ),
        405 => response.header("Allow", text_header("The methods that the path has.", "GET, HEAD, POST")),
        429 | 503 => response.header("Retry-After", header("After how many seconds to try again.", integer(5))),
        _ => response,
    };
    if before_credential { response.build() } else { with_token_headers(response).build() }
}

/// Refusals that do not come from Latchkey's own checks.
const fn in_words(status: StatusCode) -> &'static str {
    match status.as_u16() {
        429 => "The token has made its calls for this window. Try again after `Retry-After` seconds.",
        502 => "The upstream did not answer, or not in HTTP.",
        504 => "The upstream did not answer in time.",
        _ => "Refused.",
    }
}

/// A problem document. Its codes are those of the code, so that none is forgotten.
fn problem_schema() -> Schema {
    let text = |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
    let codes = ProblemCode::ALL.into_iter().map(ProblemCode::as_str);
    let scopes = ArrayBuilder::new()
        .items(ObjectBuilder::new().schema_type(Type::String))
        .description(Some("The scopes that would have opened this, where one is missing."));
    let object = ObjectBuilder::new()
        .description(Some("A refusal (RFC 9457)."))
        .property("type", text("Always `about:blank`: the code says what is wrong."))
        .property("title", text("The status in words."))
        .property("status", ObjectBuilder::new().schema_type(Type::Integer).description(Some("The status.")))
        .property("detail", text("What is wrong and what to do, for people. Its words may change."))
        .property(
            "code",
            text("What is wrong, for programs. Be ready for codes that are not listed here.").enum_values(Some(codes)),
        )
        .property("request_id", text("The request's id: name it when asking for help."))
        .property("required_scopes", scopes);
    let required = ["type", "title", "status", "detail", "code", "request_id"];
    required.into_iter().fold(object, ObjectBuilder::required).into()
}
