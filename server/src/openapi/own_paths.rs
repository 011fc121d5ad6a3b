//! Latchkey's own routes: a token about itself, OAuth, gateways, the service.

use serde_json::json;
use utoipa::openapi::path::{OperationBuilder, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::Type;
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{ContentBuilder, HttpMethod, ObjectBuilder, Paths, Required, ResponseBuilder};

use http::StatusCode;

use super::answers::{authenticated, content, plain, problem_content, refused, shared, text_header};
use super::examples;
use super::operation::{Needs, operation, parameter, required_header, with_refusals};

const TOKEN: &str = "Token";
const OAUTH: &str = "OAuth 2.0";
const GATEWAYS: &str = "Gateways";
const SERVICE: &str = "Service";

/// Adds the routes; the tags that they stand under come back, in order.
pub(super) fn add_to(paths: &mut Paths) -> Vec<Tag> {
    token(paths);
    oauth(paths);
    gateways(paths);
    service(paths);
    [
        (TOKEN, "The presented token itself."),
        (OAUTH, "Tokens for services that speak OAuth 2.0: introspection (RFC 7662) and revocation (RFC 7009)."),
        (GATEWAYS, "A gateway asks here whether a vendor's call may pass. Believed from trusted proxies only."),
        (SERVICE, "Whether Latchkey is well, and this contract."),
    ]
    .into_iter()
    .map(|(name, about)| TagBuilder::new().name(name).description(Some(about)).build())
    .collect()
}

fn token(paths: &mut Paths) {
    let shown = authenticated("The token.").content("application/json", content("Token", examples::token()));
    let show =
        operation("read_token", TOKEN, "Describe the token", "Its scopes, its end, its last use.", Needs::AnyToken)
            .response("200", shown);
    let about = "The token is revoked: it is refused from the next call on. This cannot be taken back.";
    let give_up =
        operation("give_up_token", TOKEN, "Give the token up", about, Needs::AnyToken).response("204", shared("Done"));
    paths.add_path_operation("/api/v1/token", vec![HttpMethod::Get], show);
    paths.add_path_operation("/api/v1/token", vec![HttpMethod::Delete], give_up);
    let shown = authenticated("The account.")
        .content("application/json", content("ExternalServiceAccount", examples::external_account()));
    let about = "Who the integration is set up for, and its settings. `credentials` is there for a token that has the \
                 scope `external-credential-read`, and each answer with it is in the audit log. A token that belongs \
                 to no active account gets 404.";
    let show_account =
        operation("read_external_account", TOKEN, "Read the token's own account", about, Needs::AnyToken)
            .response("200", shown);
    let path = "/api/v1/external-service-account";
    paths.add_path_operation(path, vec![HttpMethod::Get], with_refusals(show_account, &[404]));
}

fn oauth(paths: &mut Paths) {
    let known = authenticated("What the token is good for; `{\"active\": false}` alone where it is not good.")
        .content("application/json", content("Introspection", examples::introspection()));
    let about = "`token` is an Auth Token, or Account SID and Auth Token with a colon between. An Account SID alone \
                 is never active, nor is a token outside of its address rules: `client_address` says from where it is used.";
    let introspect =
        operation("introspect_token", OAUTH, "Ask about a token", about, Needs::OAuthScope("token-introspect"))
            .request_body(Some(form("IntrospectionForm", examples::introspection_form())))
            .response("200", known)
            .response("400", oauth_error("The form is not as RFC 7662 wants it.", "invalid_request"))
            .response("401", oauth_error("There is no credential, or it is not good.", "invalid_token"))
            .response(
                "403",
                oauth_error("The caller's token lacks the scope, or may not be used from there.", "insufficient_scope"),
            )
            .response("405", only_post())
            .response("429", oauth_error("The caller's introspections are used up.", "temporarily_unavailable"))
            .response("503", oauth_error("Latchkey cannot reach its database.", "temporarily_unavailable"));
    paths.add_path_operation("/oauth2/introspect", vec![HttpMethod::Post], with_refusals(introspect, &[408]));

    let about = "Having the token is authority enough. A credential that is sent with it must be that token. A token \
                 that is unknown, or has ended, is answered as if it had been revoked.";
    let revoke = operation("revoke_token", OAUTH, "Revoke a token", about, Needs::Nothing)
        .request_body(Some(form("TokenForm", examples::token_form())))
        .response("200", plain("The token is not good, or not any more."))
        .response("400", oauth_error("The form is not as RFC 7009 wants it.", "invalid_request"))
        .response("401", oauth_error("A credential was sent, and it is not the token to be revoked.", "invalid_client"))
        .response("405", only_post())
        .response("429", oauth_error("Too many unknown tokens came from this address.", "temporarily_unavailable"))
        .response("503", oauth_error("Latchkey cannot reach its database.", "temporarily_unavailable"));
    paths.add_path_operation("/oauth2/revoke", vec![HttpMethod::Post], with_refusals(revoke, &[408]));
}

fn form(schema: &str, example: serde_json::Value) -> RequestBody {
    let form = content(schema, example);
    RequestBodyBuilder::new().required(Some(Required::True)).content("application/x-www-form-urlencoded", form).build()
}

/// A refusal in OAuth's words, beside the members of every problem.
fn oauth_error(description: &str, error: &str) -> ResponseBuilder {
    plain(description).content("application/json", content("OAuthError", examples::oauth_error(error)))
}

fn only_post() -> ResponseBuilder {
    oauth_error("The method is another one than POST.", "invalid_request")
        .header("Allow", text_header("The methods that the path has.", "POST"))
}

fn gateways(paths: &mut Paths) {
    let about = "For Traefik, Caddy and HAProxy, by any method. The vendor's credential stands in this request's \
                 own headers; each of the two headers below stands in it exactly once.";
    let forward = gateway("ask_forward", "Ask about a forwarded call", about)
        .parameter(required_header("X-Forwarded-Method", "The vendor's method.", "GET"))
        .parameter(required_header(
            "X-Forwarded-Uri",
            "The vendor's path and query, as they were sent.",
            "/api/v1/orders",
        ));
    paths.add_path_operation("/auth/forward", vec![HttpMethod::Get], with_refusals(forward, &[404]));

    let about = "For nginx's `auth_request`, which knows no status but 2xx, 401 and 403: every other refusal is 403, \
                 with the real status in `x-latchkey-status`.";
    let refusal = plain("Refused; the real status is in `x-latchkey-status`.")
        .content("application/problem+json", problem_content(StatusCode::FORBIDDEN))
        .header("x-latchkey-status", text_header("The status that the vendor is to get.", "429"));
    let nginx = operation("ask_nginx", GATEWAYS, "Ask about a call to nginx", about, Needs::AnyToken)
        .parameter(required_header("X-Original-Method", "The vendor's method.", "GET"))
        .parameter(required_header(
            "X-Original-URI",
            "The vendor's path and query, as they were sent.",
            "/api/v1/orders",
        ))
        .response("200", allowed())
        .response("403", refusal);
    paths.add_path_operation("/auth/nginx", vec![HttpMethod::Get], nginx);

    let about = "For Envoy's HTTP `ext_authz` with the path prefix `/auth/envoy`, by the vendor's own method; `path` \
                 is all that follows, slashes included.";
    let path = parameter(ParameterIn::Path, "path", "The vendor's path, with its slashes.", "api/v1/orders").build();
    let envoy = gateway("ask_envoy", "Ask about a call to Envoy", about).parameter(path);
    paths.add_path_operation("/auth/envoy/{path}", vec![HttpMethod::Get], with_refusals(envoy, &[404]));
}

fn gateway(id: &str, summary: &str, about: &str) -> OperationBuilder {
    operation(id, GATEWAYS, summary, about, Needs::AnyToken).response("200", allowed()).response("403", refused(403))
}

/// The call may pass, and who is calling.
fn allowed() -> ResponseBuilder {
    authenticated("The call may pass. The body is empty; hand these headers on.")
        .header("x-latchkey-sid", text_header("The token's Account SID.", examples::SID))
        .header("x-latchkey-service-rep", text_header("The e-mail address of its service rep.", "ann@example.com"))
        .header("x-latchkey-scopes", text_header("The names of its scopes, with spaces between.", "order-read"))
}

fn service(paths: &mut Paths) {
    let mut add = |path: &str, operation: OperationBuilder| {
        paths.add_path_operation(path, vec![HttpMethod::Get], operation);
    };
    let public = |id: &str, summary: &str, about: &str| operation(id, SERVICE, summary, about, Needs::Nothing);
    let up = public("is_up", "Is the process up?", "").response("200", text_answer("It is.", "ok\n"));
    add("/healthz", up);
    let not_ready = text_answer("Not now: the database does not answer.", "the database does not answer\n")
        .header("Retry-After", text_header("After how many seconds to try again.", "5"));
    let ready = public("is_ready", "Can tokens be proved?", "")
        .response("200", text_answer("Yes.", "ready\n"))
        .response("503", not_ready);
    add("/readyz", ready);
    let measured = ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String)));
    let metrics = public(
        "read_metrics",
        "Measurements",
        "In OpenMetrics' text format, which Prometheus reads, to the addresses of `--metrics-allow`.",
    )
    .response("200", plain("The measurements.").content("application/openmetrics-text", measured.build()))
    .response("403", refused(403));
    add("/metrics", metrics);
    let document = ContentBuilder::new().schema(Some(ObjectBuilder::new()));
    let contract = public("read_contract", "This contract", "As OpenAPI 3.1, for the catalog in use.")
        .parameter(parameter(
            ParameterIn::Header,
            "If-None-Match",
            "The `ETag` of the document as you know it.",
            "W/\"x\"",
        ))
        .response(
            "200",
            plain("The document.")
                .header("ETag", text_header("Its version.", "W/\"x\""))
                .content("application/json", document.build()),
        )
        .response("304", plain("It has not changed."));
    add("/api/openapi.json", contract);
    let words = parameter(ParameterIn::Query, "q", "Only operations that have all these words.", "employees");
    let page =
        public("read_reference", "This contract as a page", "").parameter(words).response("200", page("The page."));
    add("/api/docs", page);
    let start = public("read_quick_start", "The quick start", "").response("200", self::page("The page."));
    add("/api/docs/quick-start", start);
}

fn text_answer(description: &str, example: &str) -> ResponseBuilder {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    plain(description)
        .content("text/plain", ContentBuilder::new().schema(Some(schema)).example(Some(json!(example))).build())
}

fn page(description: &str) -> ResponseBuilder {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    plain(description).content("text/html", ContentBuilder::new().schema(Some(schema)).build())
}
