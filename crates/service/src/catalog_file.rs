//! Reading a catalog from its TOML text.
//!
//! The rules are the domain's ([`Catalog::new`]); this file adds the line at which one is broken.

use std::ops::Range;

use latchkey_domain::{Catalog, CatalogPlace, Grant, Method, Route, Scope, ScopeName};
use serde::Deserialize;
use toml::Spanned;

/// The catalog that Latchkey starts with, as TOML.
pub const DEFAULT_CATALOG: &str = include_str!("../catalog/default.toml");

/// Why a catalog's text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct CatalogFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    scope: Vec<Spanned<ScopeEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ScopeEntry {
    name: ScopeName,
    label: String,
    description: String,
    #[serde(default)]
    sensitive: bool,
    #[serde(default)]
    grant: Grant,
    #[serde(default)]
    routes: Vec<Spanned<RouteEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RouteEntry {
    method: Method,
    path: String,
}

/// Reads and checks a catalog.
///
/// # Errors
/// The first thing that is wrong with it, and its line.
pub fn read_catalog(text: &str) -> Result<Catalog, CatalogFileError> {
    let file: File = toml::from_str(text)
        .map_err(|error| CatalogFileError { line: line_of(text, error.span()), reason: error.message().to_owned() })?;
    let places: Vec<(Range<usize>, Vec<Range<usize>>)> = file
        .scope
        .iter()
        .map(|scope| (scope.span(), scope.get_ref().routes.iter().map(Spanned::span).collect()))
        .collect();
    let scopes = file.scope.into_iter().map(|entry| Scope::from(entry.into_inner())).collect();
    Catalog::new(scopes).map_err(|error| {
        let span = match error.place {
            CatalogPlace::Whole => None,
            CatalogPlace::Scope(scope) => places.get(scope).map(|(span, _)| span.clone()),
            CatalogPlace::Route(scope, route) => places.get(scope).and_then(|(_, routes)| routes.get(route)).cloned(),
        };
        CatalogFileError { line: line_of(text, span), reason: error.reason }
    })
}

impl From<ScopeEntry> for Scope {
    fn from(entry: ScopeEntry) -> Self {
        let ScopeEntry { name, label, description, sensitive, grant, routes } = entry;
        let routes = routes.into_iter().map(|route| {
            let RouteEntry { method, path } = route.into_inner();
            Route { method, path }
        });
        Self { name, label, description, sensitive, grant, routes: routes.collect() }
    }
}

/// The line at which a span of the text begins, counted from 1.
pub(crate) fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    let before = span.and_then(|span| text.get(..span.start)).unwrap_or_default();
    before.matches('\n').count() + 1
}

#[cfg(test)]
mod tests {
    use latchkey_domain::{Role, RouteMatch};

    use super::*;

    fn error(text: &str) -> (usize, String) {
        let error = read_catalog(text).err().unwrap();
        (error.line, error.reason)
    }

    #[test]
    fn the_default_is_the_forms_list_in_the_articles_order() {
        let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
        let labels: Vec<&str> = catalog.scopes().iter().map(|scope| scope.label.as_str()).collect();
        assert_eq!(
            labels,
            [
                "Assess On Cloud Results Write",
                "Assignment Read",
                "Assignment Write",
                "Background Check Read",
                "Background Check Write",
                "Contact Read",
                "Contact Write",
                "Contract Read",
                "Contract Write",
                "Customer Read",
                "Customer Write",
                "Document Read",
                "Document Write",
                "Email Read",
                "Email Write",
                "Employee Read",
                "Employee Write",
                "E-Verify Read",
                "E-Verify Write",
                "Hotlist Read",
                "Hotlist Write",
                "Job Board Read",
                "Job Board Write",
                "Job Order Candidate Read",
                "Job Order Candidate Write",
                "Message Read",
                "Message Write",
                "Onboarding EEO Read",
                "Onboarding EEO Write",
                "Order Read",
                "Order Write",
                "Task Read",
                "Task Write",
                "Timecard Read",
                "Timecard Write",
                "Universal Search",
                "Web User Read",
                "Web User Write",
                "Token Introspect",
                "External Credential Read",
            ]
        );
        assert_eq!(catalog.all_scopes().len(), 38);
        assert_eq!(catalog.grantable_by(Role::Admin).len(), 40);
    }

    #[test]
    fn the_default_marks_what_is_sensitive() {
        let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
        let sensitive: Vec<&str> =
            catalog.scopes().iter().filter(|scope| scope.sensitive).map(|scope| scope.name.as_str()).collect();
        assert_eq!(
            sensitive,
            [
                "background-check-read",
                "background-check-write",
                "document-read",
                "document-write",
                "employee-read",
                "employee-write",
                "e-verify-read",
                "e-verify-write",
                "onboarding-eeo-read",
                "onboarding-eeo-write",
                "external-credential-read",
            ]
        );
    }

    #[test]
    fn the_default_opens_its_routes() {
        let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
        let needs = |method, path| match catalog.find(Some(method), path) {
            RouteMatch::Found { scope, .. } => Some(scope.to_string()),
            _ => None,
        };
        assert_eq!(needs(Method::Post, "/api/v1/e-verify").as_deref(), Some("e-verify-write"));
        assert_eq!(needs(Method::Get, "/api/v1/e-verify/7").as_deref(), Some("e-verify-read"));
        assert_eq!(needs(Method::Get, "/api/v1/search").as_deref(), Some("universal-search"));
        assert_eq!(needs(Method::Get, "/api/v1/assess-on-cloud-results"), None);
    }

    #[test]
    fn errors_name_their_line() {
        let scope = "[[scope]]\nname = \"a-read\"\nlabel = \"A Read\"\ndescription = \"See.\"\n";
        assert_eq!(error("").1, "the catalog has no scope");
        assert_eq!(error("[[scope]]\nname = 3\n").0, 2);
        assert_eq!(error(&format!("{scope}colour = \"red\"\n")).0, 5);
        let (line, reason) = error(&format!("{scope}\n{scope}"));
        assert!(line >= 6 && reason.contains("twice"), "{line}: {reason}");
        let routes = "routes = [\n  { method = \"GET\", path = \"/api/v1/a\" },\n  { method = \"GET\", path = \"/settings/a\" },\n]\n";
        let (line, reason) = error(&format!("{scope}{routes}"));
        assert_eq!(line, 7);
        assert!(reason.contains("serves itself"), "{reason}");
        assert_eq!(error(&format!("{scope}routes = [{{ method = \"HEAD\", path = \"/a\" }}]")).0, 5);
    }
}
