//! What the API does at a path. What is there, and what it needs, [`Need::of`] decides.

use http::HeaderValue;
use latchkey_domain::{Catalog, Method, Need, OwnAction, OwnRoute, RouteMatch, ScopeName, Target, Unroutable};

use crate::problem::{Problem, ProblemCode};

/// Where every collection that a token may read is searched at once, if the catalog has it.
const SEARCH: &str = "/api/v1/search";

/// What is to be done for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// One of Latchkey's own.
    Own(OwnAction),
    /// One of the catalog's.
    Record(RecordAction),
}

/// What a route of the catalog does in the record store. It follows from its method and path; the server and the
/// contract both go by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecordAction {
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
    /// The catalog has it, the record store does not: only an upstream can know it.
    NotImplemented,
}

impl RecordAction {
    /// What this method does at this path, which names a record or a collection.
    pub(crate) fn of(method: Method, path: &str, names_record: bool) -> Self {
        match (method, names_record) {
            (Method::Get, false) if path == SEARCH => Self::Search,
            (Method::Get, false) => Self::List,
            (Method::Post, false) => Self::Create,
            (Method::Get, true) => Self::Read,
            (Method::Put, true) => Self::Replace,
            (Method::Delete, true) => Self::Delete,
            (Method::Put | Method::Delete, false) | (Method::Post, true) | (Method::Patch, _) => Self::NotImplemented,
        }
    }
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
    OwnRoute::ALL.iter().any(|route| route.path == path) || catalog.find(None, path) != RouteMatch::Unknown
}

/// The scope that the catalog asks of a request. Latchkey's own routes are not the catalog's: a gateway that asks
/// about one would send it on to an API that does not have it.
///
/// # Errors
/// 400, 404 or 405.
pub(crate) fn scope_in_catalog<'a>(catalog: &'a Catalog, method: &str, path: &str) -> Result<&'a ScopeName, Problem> {
    let need = Need::of(catalog, method, path).map_err(problem)?;
    need.scope.ok_or_else(nothing_here)
}

/// Finds the route of a request.
///
/// # Errors
/// 400, 404 or 405.
pub(super) fn find(catalog: &Catalog, method: &http::Method, path: &str) -> Result<Found, Problem> {
    let need = Need::of(catalog, method.as_str(), path).map_err(problem)?;
    let action = match need.target {
        Target::Own(action) => Action::Own(action),
        Target::Catalog { method, names_record } => Action::Record(RecordAction::of(method, path, names_record)),
    };
    Ok(Found { scope: need.scope.cloned(), action })
}

fn problem(reason: Unroutable) -> Problem {
    match reason {
        Unroutable::UnsafePath(reason) => Problem::unsafe_path(reason),
        Unroutable::NotFound => nothing_here(),
        Unroutable::MethodNotAllowed(methods) => {
            // Method names are letters, so the fallback is never seen.
            let allowed = HeaderValue::from_str(&Method::list(&methods));
            Problem::method_not_allowed(allowed.unwrap_or(HeaderValue::from_static("")))
        }
    }
}

fn nothing_here() -> Problem {
    Problem::new(ProblemCode::NotFound, "There is nothing at this path.")
}

#[cfg(test)]
mod tests {
    use latchkey_service::{DEFAULT_CATALOG, read_catalog};

    use super::*;

    #[test]
    fn every_catalog_route_leads_to_an_action_under_its_own_scope() {
        let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
        for scope in catalog.scopes() {
            for route in &scope.routes {
                let method = http::Method::from_bytes(route.method.as_str().as_bytes()).unwrap();
                let found = find(&catalog, &method, &route.path.replace("{id}", "x")).unwrap();
                assert_eq!(found.scope.as_ref(), Some(&scope.name));
                assert_ne!(
                    found.action,
                    Action::Record(RecordAction::NotImplemented),
                    "{} {}",
                    route.method,
                    route.path
                );
            }
        }
    }
}
