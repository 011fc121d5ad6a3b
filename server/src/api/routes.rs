//! What the API has at a path: Latchkey's own few routes, then the catalog's.

use http::HeaderValue;
use latchkey_domain::{Catalog, Method, RouteMatch, ScopeName};

use crate::problem::{Problem, ProblemCode};

/// Where every collection that a token may read is searched at once, if the catalog has it.
const SEARCH: &str = "/api/v1/search";

/// A route that Latchkey serves itself, whatever the catalog says.
#[derive(Debug, Clone, Copy)]
pub struct OwnRoute {
    /// The method; GET answers HEAD too.
    pub method: Method,
    /// The path.
    pub path: &'static str,
    /// What a caller needs.
    pub requirement: Requirement,
    /// What it does.
    pub action: OwnAction,
}

/// What a caller of one of Latchkey's own routes needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Requirement {
    /// Any good token, whatever its scopes.
    AnyToken,
}

/// What one of Latchkey's own routes does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OwnAction {
    /// Says what the presented token is.
    ShowToken,
    /// Revokes the presented token.
    GiveUpToken,
}

/// Every route of the API that is not the catalog's. A token manages no tokens: these two are about the presented
/// one alone.
pub const ROUTES: [OwnRoute; 2] = [
    OwnRoute {
        method: Method::Get,
        path: "/api/v1/token",
        requirement: Requirement::AnyToken,
        action: OwnAction::ShowToken,
    },
    OwnRoute {
        method: Method::Delete,
        path: "/api/v1/token",
        requirement: Requirement::AnyToken,
        action: OwnAction::GiveUpToken,
    },
];

/// What is to be done for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// One of Latchkey's own.
    Own(OwnAction),
    /// Search every readable collection.
    Search,
    /// List a collection.
    List,
    /// Add to a collection.
    Create,
    /// Show a record.
    Read,
    /// Replace a record.
    Replace,
    /// Remove a record.
    Delete,
    /// The catalog has it, the record store does not.
    NotImplemented,
}

/// A route that was found.
#[derive(Debug)]
pub(super) struct Found {
    /// The scope that a token needs; none where any token will do.
    pub(super) scope: Option<ScopeName>,
    /// What is to be done.
    pub(super) action: Action,
}

/// Whether the API has this path, with any method.
pub(super) fn knows(catalog: &Catalog, path: &str) -> bool {
    ROUTES.iter().any(|route| route.path == path) || catalog.find(None, path) != RouteMatch::Unknown
}

/// The scope that the catalog asks of a request.
///
/// # Errors
/// 404 or 405.
pub(crate) fn scope_in_catalog<'a>(catalog: &'a Catalog, method: &str, path: &str) -> Result<&'a ScopeName, Problem> {
    match catalog.find(method.parse().ok(), path) {
        RouteMatch::Found { scope, .. } => Ok(scope),
        RouteMatch::MethodNotAllowed(methods) => Err(not_allowed(methods.into_iter())),
        RouteMatch::Unknown => Err(nothing_here()),
    }
}

/// Finds the route of a request.
///
/// # Errors
/// 404 or 405.
pub(super) fn find(catalog: &Catalog, method: &http::Method, path: &str) -> Result<Found, Problem> {
    let method: Option<Method> = method.as_str().parse().ok();
    let mut own = ROUTES.iter().filter(|route| route.path == path).peekable();
    if own.peek().is_some() {
        return match own.clone().find(|route| Some(route.method) == method) {
            Some(route) => match route.requirement {
                Requirement::AnyToken => Ok(Found { scope: None, action: Action::Own(route.action) }),
            },
            None => Err(not_allowed(own.map(|route| route.method))),
        };
    }
    match (catalog.find(method, path), method) {
        (RouteMatch::Found { scope, names_record }, Some(method)) => {
            Ok(Found { scope: Some(scope.clone()), action: action(method, path, names_record) })
        }
        (RouteMatch::MethodNotAllowed(methods), _) => Err(not_allowed(methods.into_iter())),
        _ => Err(nothing_here()),
    }
}

fn nothing_here() -> Problem {
    Problem::new(ProblemCode::NotFound, "There is nothing at this path.")
}

fn action(method: Method, path: &str, names_record: bool) -> Action {
    match (method, names_record) {
        (Method::Get, false) if path == SEARCH => Action::Search,
        (Method::Get, false) => Action::List,
        (Method::Post, false) => Action::Create,
        (Method::Get, true) => Action::Read,
        (Method::Put, true) => Action::Replace,
        (Method::Delete, true) => Action::Delete,
        (Method::Put | Method::Delete, false) | (Method::Post, true) | (Method::Patch, _) => Action::NotImplemented,
    }
}

fn not_allowed(methods: impl Iterator<Item = Method>) -> Problem {
    let names: Vec<&str> = methods
        .flat_map(|method| if method == Method::Get { vec!["GET", "HEAD"] } else { vec![method.as_str()] })
        .collect();
    // Method names are letters, so this cannot fail.
    Problem::method_not_allowed(
        HeaderValue::from_str(&names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("")),
    )
}

#[cfg(test)]
mod tests {
    use latchkey_service::{DEFAULT_CATALOG, read_catalog};

    use super::*;

    #[test]
    fn the_catalog_knows_latchkeys_own_paths_as_taken() {
        for route in ROUTES {
            assert!(Catalog::OWN_PATHS.contains(&route.path), "{}", route.path);
        }
    }

    #[test]
    fn every_catalog_route_leads_to_an_action_under_its_own_scope() {
        let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
        for scope in catalog.scopes() {
            for route in &scope.routes {
                let method = http::Method::from_bytes(route.method.as_str().as_bytes()).unwrap();
                let found = find(&catalog, &method, &route.path.replace("{id}", "x")).unwrap();
                assert_eq!(found.scope.as_ref(), Some(&scope.name));
                assert_ne!(found.action, Action::NotImplemented, "{} {}", route.method, route.path);
            }
        }
    }
}
