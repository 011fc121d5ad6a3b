//! What a request to the API needs, before anybody looks at who sends it.
//!
//! Whoever has to know asks [`Need::of`]: the API when it is called, and the page on which an owner asks about a
//! call. So what is explained is what is enforced.

use crate::path::{self, UnsafePath};
use crate::{Catalog, Method, RouteMatch, ScopeName};

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
    /// Shows the external service account that the presented token belongs to.
    ShowExternalAccount,
}

impl OwnRoute {
    /// Every route of the API that is not the catalog's. A token manages no tokens: these are about the presented one
    /// alone.
    pub const ALL: [Self; 3] = [
        Self {
            method: Method::Get,
            path: "/api/v1/token",
            requirement: Requirement::AnyToken,
            action: OwnAction::ShowToken,
        },
        Self {
            method: Method::Delete,
            path: "/api/v1/token",
            requirement: Requirement::AnyToken,
            action: OwnAction::GiveUpToken,
        },
        Self {
            method: Method::Get,
            path: "/api/v1/external-service-account",
            requirement: Requirement::AnyToken,
            action: OwnAction::ShowExternalAccount,
        },
    ];
}

/// What a request needs, and where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need<'a> {
    /// The scope that a token needs; none where any good token will do.
    pub scope: Option<&'a ScopeName>,
    /// What the request is for.
    pub target: Target,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// One of Latchkey's own routes.
    Own(OwnAction),
    /// One of the catalog's.
    Catalog {
        /// The method; HEAD counts as GET.
        method: Method,
        /// Whether the path names one record rather than a collection.
        names_record: bool,
    },
}

/// Why a request leads nowhere, whoever sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unroutable {
    /// Two readers could read the path differently.
    UnsafePath(UnsafePath),
    /// The API has nothing at this path.
    NotFound,
    /// The path is known, with these methods only.
    MethodNotAllowed(Vec<Method>),
}

impl<'a> Need<'a> {
    /// What a request with this method and raw path needs. The path is compared byte for byte.
    ///
    /// # Errors
    /// Where the request leads nowhere.
    pub fn of(catalog: &'a Catalog, method: &str, path: &str) -> Result<Self, Unroutable> {
        path::check(path).map_err(Unroutable::UnsafePath)?;
        let method: Option<Method> = method.parse().ok();
        let mut own = OwnRoute::ALL.iter().filter(|route| route.path == path).peekable();
        if own.peek().is_some() {
            let methods = own.clone().map(|route| route.method).collect();
            let route = own.find(|route| Some(route.method) == method).ok_or(Unroutable::MethodNotAllowed(methods))?;
            return match route.requirement {
                Requirement::AnyToken => Ok(Self { scope: None, target: Target::Own(route.action) }),
            };
        }
        match (catalog.find(method, path), method) {
            (RouteMatch::Found { scope, names_record }, Some(method)) => {
                Ok(Self { scope: Some(scope), target: Target::Catalog { method, names_record } })
            }
            (RouteMatch::MethodNotAllowed(methods), _) => Err(Unroutable::MethodNotAllowed(methods)),
            _ => Err(Unroutable::NotFound),
        }
    }
}

impl Method {
    /// These methods as they are listed to a caller, HEAD after the GET that opens it: `GET, HEAD, POST`.
    #[must_use]
    pub fn list(methods: &[Self]) -> String {
        let names: Vec<&str> =
            methods.iter().map(|method| if *method == Self::Get { "GET, HEAD" } else { method.as_str() }).collect();
        names.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Grant, Route, Scope};

    fn catalog() -> Catalog {
        let routes = [(Method::Get, "/api/v1/things"), (Method::Delete, "/api/v1/things/{id}")];
        let scope = Scope {
            name: ScopeName::from_label("Things").unwrap(),
            label: "Things".to_owned(),
            description: "What it opens.".to_owned(),
            sensitive: false,
            grant: Grant::Rep,
            routes: routes.map(|(method, path)| Route { method, path: path.to_owned() }).to_vec(),
        };
        Catalog::new(vec![scope]).unwrap()
    }

    #[test]
    fn latchkeys_own_paths_are_taken() {
        for route in OwnRoute::ALL {
            assert!(Catalog::OWN_PATHS.contains(&route.path), "{}", route.path);
        }
    }

    #[test]
    fn own_routes_need_a_token_and_the_catalogs_a_scope() {
        let catalog = catalog();
        let name = ScopeName::from_label("Things").unwrap();
        for (method, path, scope, target) in [
            ("HEAD", "/api/v1/token", None, Target::Own(OwnAction::ShowToken)),
            ("DELETE", "/api/v1/token", None, Target::Own(OwnAction::GiveUpToken)),
            ("GET", "/api/v1/external-service-account", None, Target::Own(OwnAction::ShowExternalAccount)),
            ("HEAD", "/api/v1/things", Some(&name), Target::Catalog { method: Method::Get, names_record: false }),
            ("DELETE", "/api/v1/things/7", Some(&name), Target::Catalog { method: Method::Delete, names_record: true }),
        ] {
            assert_eq!(Need::of(&catalog, method, path), Ok(Need { scope, target }), "{method} {path}");
        }
    }

    #[test]
    fn what_leads_nowhere_says_why() {
        let catalog = catalog();
        for (method, path, reason) in [
            ("GET", "/api/v1//things", Unroutable::UnsafePath(UnsafePath::EmptySegment)),
            ("GET", "/api/v1/Things", Unroutable::NotFound),
            ("BREW", "/api/v1/nothing", Unroutable::NotFound),
            ("get", "/api/v1/things", Unroutable::MethodNotAllowed(vec![Method::Get])),
            ("PUT", "/api/v1/token", Unroutable::MethodNotAllowed(vec![Method::Get, Method::Delete])),
        ] {
            assert_eq!(Need::of(&catalog, method, path), Err(reason), "{method} {path}");
        }
    }

    #[test]
    fn head_is_listed_with_get() {
        assert_eq!(Method::list(&[Method::Get, Method::Post]), "GET, HEAD, POST");
        assert_eq!(Method::list(&[Method::Put]), "PUT");
    }
}
