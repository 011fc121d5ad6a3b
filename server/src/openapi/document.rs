//! The document as a whole.

use latchkey_domain::Catalog;
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathsBuilder, ServerBuilder};

use super::{answers, catalog_paths, own_paths, schemas};

const ABOUT: &str = "\
Latchkey's API for vendors. Every call carries one credential: Account SID and Auth Token by HTTP Basic, the Auth \
Token as Bearer, or both in `x-tw-token`.

Refusals are problem documents (RFC 9457) with a `code`. Every answer has an `x-request-id`; every answer to a good \
credential says in `latchkey-token-expires` when the token ends. GET answers HEAD too.

Where the operator sends the catalog's routes on to an upstream, their bodies, and their statuses beyond the \
refusals of Latchkey, are the upstream's.";

/// The contract for this catalog. `public_url` is where vendors reach Latchkey, if that is known.
#[must_use]
pub fn document(catalog: &Catalog, public_url: Option<&str>) -> OpenApi {
    let mut paths = PathsBuilder::new().build();
    let mut tags = own_paths::add_to(&mut paths);
    tags.extend(catalog_paths::add_to(&mut paths, catalog));
    let info =
        InfoBuilder::new().title("Latchkey").version(env!("CARGO_PKG_VERSION")).description(Some(ABOUT)).license(Some(
            LicenseBuilder::new().name(env!("CARGO_PKG_LICENSE")).identifier(Some(env!("CARGO_PKG_LICENSE"))).build(),
        ));
    // Without a public URL the server is where the document came from.
    let server = ServerBuilder::new().url(public_url.unwrap_or("/")).build();
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([server]))
        .paths(paths)
        .components(Some(answers::add_to(with_schemas(with_credentials(ComponentsBuilder::new()))).build()))
        .tags(Some(tags))
        .build()
}

/// The document as it is served, stored and printed.
///
/// # Errors
/// Where it cannot be written as JSON.
pub fn text(document: &OpenApi) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(document)?;
    text.push('\n');
    Ok(text)
}

fn with_credentials(components: ComponentsBuilder) -> ComponentsBuilder {
    let http = |scheme, about: &str| HttpBuilder::new().scheme(scheme).description(Some(about));
    let basic = http(HttpAuthScheme::Basic, "The Account SID as user name, the Auth Token as password.");
    let bearer = http(HttpAuthScheme::Bearer, "The Auth Token.").bearer_format("latchkey_ and 38 letters and digits");
    let own = "Base64 of Account SID and Auth Token with a colon between, as HTTP Basic writes them.";
    components
        .security_scheme("basic", SecurityScheme::Http(basic.build()))
        .security_scheme("bearer", SecurityScheme::Http(bearer.build()))
        .security_scheme(
            "xTwToken",
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("x-tw-token", own))),
        )
}

fn with_schemas(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema_from::<schemas::Token>()
        .schema_from::<schemas::ServiceRep>()
        .schema_from::<schemas::TokenStatus>()
        .schema_from::<schemas::ExternalServiceAccount>()
        .schema_from::<schemas::AccountLevel>()
        .schema_from::<schemas::AccountState>()
        .schema_from::<schemas::RecordData>()
        .schema_from::<schemas::Record>()
        .schema_from::<schemas::RecordList>()
        .schema_from::<schemas::FoundRecord>()
        .schema_from::<schemas::SearchResults>()
        .schema_from::<schemas::Introspection>()
        .schema_from::<schemas::TokenForm>()
        .schema_from::<schemas::IntrospectionForm>()
        .schema_from::<schemas::OAuthError>()
        .schema_from::<schemas::OAuthErrorCode>()
}
