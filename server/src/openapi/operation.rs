//! What all operations have in common: their names, what they need, and the refusals that come before the handler.

use serde_json::json;
use utoipa::openapi::extensions::ExtensionsBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ObjectBuilder, Required};

use super::answers::refused;

/// The three ways to send a credential, by the names of their schemes.
pub(super) const SCHEMES: [&str; 3] = ["basic", "bearer", "xTwToken"];
/// Those that OAuth endpoints take.
const OAUTH_SCHEMES: [&str; 2] = ["basic", "bearer"];

/// What a caller needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs<'a> {
    /// Nothing: it is public, or guarded by the caller's address.
    Nothing,
    /// Any good token.
    AnyToken,
    /// A token with this scope.
    Scope(&'a str),
    /// A token with this scope, sent in the `Authorization` header.
    OAuthScope(&'a str),
}

/// An operation with its names and needs, and the refusals that follow from these.
pub(super) fn operation(id: &str, tag: &str, summary: &str, about: &str, needs: Needs<'_>) -> OperationBuilder {
    let (schemes, scopes, line): (&[&str], Vec<&str>, String) = match needs {
        Needs::Nothing => (&[], Vec::new(), "Needs no token.".to_owned()),
        Needs::AnyToken => (&SCHEMES, Vec::new(), "Needs any good token, whatever its scopes.".to_owned()),
        Needs::Scope(scope) => (&SCHEMES, vec![scope], format!("Needs the scope `{scope}`.")),
        Needs::OAuthScope(scope) => (&OAUTH_SCHEMES, vec![scope], format!("Needs the scope `{scope}`.")),
    };
    let securities: Vec<_> =
        schemes.iter().map(|scheme| SecurityRequirement::new(*scheme, scopes.iter().copied())).collect();
    let operation = OperationBuilder::new()
        .operation_id(Some(id))
        .tag(tag)
        .summary(Some(summary))
        .description(Some(if about.is_empty() { line } else { format!("{about}\n\n{line}") }))
        .securities(Some(securities))
        .extensions(Some(ExtensionsBuilder::new().add("x-required-scopes", json!(scopes)).build()));
    let refusals: &[u16] = match needs {
        Needs::Nothing => &[400, 405, 500],
        Needs::AnyToken | Needs::Scope(_) | Needs::OAuthScope(_) => &[400, 401, 403, 405, 429, 500, 503],
    };
    with_refusals(operation, refusals)
}

/// The same operation with further refusals.
pub(super) fn with_refusals(operation: OperationBuilder, statuses: &[u16]) -> OperationBuilder {
    statuses.iter().fold(operation, |operation, status| operation.response(status.to_string(), refused(*status)))
}

/// A parameter whose value is text.
pub(super) fn parameter(place: ParameterIn, name: &str, about: &str, example: &str) -> ParameterBuilder {
    let required = if matches!(place, ParameterIn::Path) { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(required)
        .description(Some(about))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .example(Some(json!(example)))
}

/// A header that has to be there.
pub(super) fn required_header(name: &str, about: &str, example: &str) -> Parameter {
    parameter(ParameterIn::Header, name, about, example).required(Required::True).build()
}
