//! The catalog: every scope, and the routes that each opens.
//!
//! It is data, read once at the start. [`Catalog::new`] refuses anything that would make a request's scope
//! ambiguous: two scopes on one method and path, or a route that Latchkey itself serves.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Role, ScopeName, ScopeSet};

/// One permission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// Its name on the wire.
    pub name: ScopeName,
    /// Its name on pages.
    pub label: String,
    /// What it lets a vendor do, in a plain sentence.
    pub description: String,
    /// Whether it opens personal or legally protected data.
    pub sensitive: bool,
    /// Who may give it to a token.
    pub grant: Grant,
    /// What it opens.
    pub routes: Vec<Route>,
}

/// Who may give a scope to a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Grant {
    /// Every service rep.
    #[default]
    Rep,
    /// Admins only; never part of All Scopes.
    Admin,
}

/// A method and a path template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The method. GET opens HEAD too.
    pub method: Method,
    /// The path; a segment `{name}` stands for any one segment.
    pub path: String,
}

/// The methods that routes can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET, and HEAD with it.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method as it stands in a request.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

impl FromStr for Method {
    type Err = UnknownMethod;

    /// Reads a request's method; HEAD counts as GET.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = if text == "HEAD" { "GET" } else { text };
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(UnknownMethod)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// The text is none of the methods that routes can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the method is none of GET, POST, PUT, PATCH, DELETE")]
pub struct UnknownMethod;

/// What the catalog says of a method and path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RouteMatch<'a> {
    /// This scope opens it.
    Found {
        /// The scope that a token needs.
        scope: &'a ScopeName,
        /// Whether the template's last segment stands for one record rather than for a collection.
        names_record: bool,
    },
    /// The path is known, with these methods only.
    MethodNotAllowed(Vec<Method>),
    /// The path is not in the catalog.
    Unknown,
}

/// Where in the catalog's data an error lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CatalogPlace {
    /// The catalog as a whole.
    Whole,
    /// The scope at this position, counted from zero.
    Scope(usize),
    /// The route at the second position within the scope at the first.
    Route(usize, usize),
}

/// Why a catalog is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct CatalogError {
    /// Where the error lies.
    pub place: CatalogPlace,
    /// What is wrong, as a sentence for the operator.
    pub reason: String,
}

/// A checked catalog.
#[derive(Debug, Clone)]
pub struct Catalog {
    scopes: Vec<Scope>,
    router: matchit::Router<BTreeMap<Method, Entry>>,
}

#[derive(Debug, Clone)]
struct Entry {
    scope: ScopeName,
    names_record: bool,
}

impl Catalog {
    /// First path segments that Latchkey serves itself, on which no catalog route may lie.
    pub const OWN_SEGMENTS: [&str; 14] = [
        "",
        "setup",
        "sign-in",
        "sign-out",
        "settings",
        "administration",
        "system-settings",
        "internal",
        "pkg",
        "oauth2",
        "auth",
        "healthz",
        "readyz",
        "metrics",
    ];

    /// Paths below `/api` that Latchkey serves itself.
    pub const OWN_PATHS: [&str; 4] =
        ["/api/v1/token", "/api/v1/external-service-account", "/api/openapi.json", "/api/docs"];

    /// Checks the scopes and builds the route table.
    ///
    /// # Errors
    /// The first rule that the data breaks, and where.
    pub fn new(scopes: Vec<Scope>) -> Result<Self, CatalogError> {
        if scopes.is_empty() {
            return Err(CatalogError { place: CatalogPlace::Whole, reason: "the catalog has no scope".to_owned() });
        }
        let mut table: BTreeMap<String, (String, BTreeMap<Method, Entry>)> = BTreeMap::new();
        for (position, scope) in scopes.iter().enumerate() {
            check_scope(scope, scopes.iter().take(position))
                .map_err(|reason| CatalogError { place: CatalogPlace::Scope(position), reason })?;
            for (index, route) in scope.routes.iter().enumerate() {
                let refuse = |reason| CatalogError { place: CatalogPlace::Route(position, index), reason };
                check_template(&route.path).map_err(refuse)?;
                let (_, methods) =
                    table.entry(shape(&route.path)).or_insert_with(|| (route.path.clone(), BTreeMap::new()));
                let entry = Entry { scope: scope.name.clone(), names_record: route.path.ends_with('}') };
                if let Some(other) = methods.insert(route.method, entry) {
                    return Err(refuse(format!(
                        "{} {} is opened by {} already; a route has one scope",
                        route.method, route.path, other.scope
                    )));
                }
            }
        }
        let mut router = matchit::Router::new();
        for (path, methods) in table.into_values() {
            router
                .insert(path.clone(), methods)
                .map_err(|error| CatalogError { place: CatalogPlace::Whole, reason: format!("{path}: {error}") })?;
        }
        Ok(Self { scopes, router })
    }

    /// Every scope, in the catalog's order.
    #[must_use]
    pub fn scopes(&self) -> &[Scope] {
        &self.scopes
    }

    /// The scope with this name.
    #[must_use]
    pub fn scope(&self, name: &ScopeName) -> Option<&Scope> {
        self.scopes.iter().find(|scope| scope.name == *name)
    }

    /// The scopes that somebody of this role may give to a token.
    #[must_use]
    pub fn grantable_by(&self, role: Role) -> ScopeSet {
        self.scopes
            .iter()
            .filter(|scope| scope.grant == Grant::Rep || role == Role::Admin)
            .map(|scope| scope.name.clone())
            .collect()
    }

    /// What "All Scopes" means today: every scope that any rep may grant, never one that only admins may.
    #[must_use]
    pub fn all_scopes(&self) -> ScopeSet {
        self.grantable_by(Role::Rep)
    }

    /// Whether one of these scopes opens personal or legally protected data.
    #[must_use]
    pub fn has_sensitive(&self, scopes: &ScopeSet) -> bool {
        self.scopes.iter().any(|scope| scope.sensitive && scopes.contains(&scope.name))
    }

    /// Finds what a request needs. `path` is the raw path, compared byte for byte; no method means one that no
    /// route can have.
    #[must_use]
    pub fn find(&self, method: Option<Method>, path: &str) -> RouteMatch<'_> {
        let Ok(found) = self.router.at(path) else {
            return RouteMatch::Unknown;
        };
        match method.and_then(|method| found.value.get(&method)) {
            Some(entry) => RouteMatch::Found { scope: &entry.scope, names_record: entry.names_record },
            None => RouteMatch::MethodNotAllowed(found.value.keys().copied().collect()),
        }
    }
}

fn check_scope<'a>(scope: &Scope, mut before: impl Iterator<Item = &'a Scope>) -> Result<(), String> {
    let expected = ScopeName::from_label(&scope.label);
    if expected.as_ref() != Ok(&scope.name) {
        return Err(format!(
            "the name {} does not follow from the label {:?} (lower case, spaces to hyphens)",
            scope.name, scope.label
        ));
    }
    if scope.description.trim().is_empty() {
        return Err(format!("{} has no description", scope.name));
    }
    if before.any(|other| other.name == scope.name) {
        return Err(format!("{} stands in the catalog twice", scope.name));
    }
    Ok(())
}

fn check_template(template: &str) -> Result<(), String> {
    let plain: Vec<&str> = template
        .split('/')
        .map(|segment| match segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) if is_parameter_name(name) => Ok("x"),
            Some(_) => Err(format!("{template}: a parameter is lower-case letters, digits and underscores")),
            None => Ok(segment),
        })
        .collect::<Result<_, _>>()?;
    let plain = plain.join("/");
    crate::path::check(&plain).map_err(|error| format!("{template}: {error}"))?;
    if plain.ends_with('/') && plain != "/" {
        return Err(format!("{template}: a route does not end with a slash"));
    }
    let first = template.split('/').nth(1).unwrap_or_default();
    let own = first.starts_with('{')
        || Catalog::OWN_SEGMENTS.contains(&first)
        || Catalog::OWN_PATHS.iter().any(|own| plain == *own || plain.starts_with(&format!("{own}/")));
    // A parameter that could stand for one of Latchkey's own segments would shadow it.
    let shadows = Catalog::OWN_PATHS.iter().any(|own| could_match(template, own));
    if own || shadows {
        return Err(format!("{template} would lie over a path that Latchkey serves itself"));
    }
    Ok(())
}

fn could_match(template: &str, path: &str) -> bool {
    let (mut template, mut path) = (template.split('/'), path.split('/'));
    loop {
        match (template.next(), path.next()) {
            (None, None) => return true,
            (Some(segment), Some(literal)) if segment.starts_with('{') || segment == literal => {}
            _ => return false,
        }
    }
}

fn is_parameter_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// The template with its parameters unnamed: two templates of one shape match the same paths.
fn shape(template: &str) -> String {
    let segments: Vec<&str> =
        template.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment }).collect();
    segments.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(label: &str, routes: &[(Method, &str)]) -> Scope {
        Scope {
            name: ScopeName::from_label(label).unwrap(),
            label: label.to_owned(),
            description: "What it opens.".to_owned(),
            sensitive: false,
            grant: Grant::Rep,
            routes: routes.iter().map(|(method, path)| Route { method: *method, path: (*path).to_owned() }).collect(),
        }
    }

    fn refusal(scopes: Vec<Scope>) -> CatalogError {
        Catalog::new(scopes).err().unwrap()
    }

    #[test]
    fn a_request_needs_the_scope_of_its_method_and_path() {
        let catalog = Catalog::new(vec![
            scope("Thing Read", &[(Method::Get, "/api/v1/things"), (Method::Get, "/api/v1/things/{id}")]),
            scope("Thing Write", &[(Method::Post, "/api/v1/things"), (Method::Delete, "/api/v1/things/{key}")]),
        ])
        .unwrap();
        let (read, write) =
            (ScopeName::from_label("Thing Read").unwrap(), ScopeName::from_label("Thing Write").unwrap());
        let found = |scope, names_record| RouteMatch::Found { scope, names_record };
        assert_eq!(catalog.find("HEAD".parse().ok(), "/api/v1/things"), found(&read, false));
        assert_eq!(catalog.find(Some(Method::Post), "/api/v1/things"), found(&write, false));
        assert_eq!(catalog.find(Some(Method::Delete), "/api/v1/things/7"), found(&write, true));
        assert_eq!(
            catalog.find(Some(Method::Put), "/api/v1/things/7"),
            RouteMatch::MethodNotAllowed(vec![Method::Get, Method::Delete])
        );
        assert_eq!(catalog.find(None, "/api/v1/things"), RouteMatch::MethodNotAllowed(vec![Method::Get, Method::Post]));
        for unknown in ["/api/v1/things/", "/api/v1/Things", "/api/v1/things/7/8", "/api/v1"] {
            assert_eq!(catalog.find(Some(Method::Get), unknown), RouteMatch::Unknown, "{unknown}");
        }
    }

    #[test]
    fn two_scopes_on_one_route_are_refused_where_the_second_stands() {
        let error = refusal(vec![
            scope("One", &[(Method::Get, "/api/v1/things/{id}")]),
            scope("Two", &[(Method::Post, "/api/v1/things"), (Method::Get, "/api/v1/things/{other}")]),
        ]);
        assert_eq!(error.place, CatalogPlace::Route(1, 1));
        assert!(error.reason.contains("opened by one already"), "{}", error.reason);
    }

    #[test]
    fn latchkeys_own_routes_are_refused() {
        for path in [
            "/",
            "/{anything}",
            "/settings/x",
            "/internal/y",
            "/auth/forward",
            "/api/v1/token",
            "/api/v1/token/{id}",
            "/api/v1/{anything}",
            "/api/{a}/token",
            "/api/docs/quick-start",
        ] {
            let error = refusal(vec![scope("One", &[(Method::Get, path)])]);
            assert_eq!(error.place, CatalogPlace::Route(0, 0), "{path}");
            assert!(error.reason.contains("serves itself"), "{path}: {}", error.reason);
        }
        assert!(
            Catalog::new(vec![scope("One", &[(Method::Get, "/v2/things"), (Method::Get, "/api/v1/tokens")])]).is_ok()
        );
    }

    #[test]
    fn unusable_data_is_refused() {
        assert_eq!(refusal(Vec::new()).place, CatalogPlace::Whole);
        assert_eq!(refusal(vec![scope("One", &[]), scope("One", &[])]).place, CatalogPlace::Scope(1));
        let renamed = Scope { name: ScopeName::from_label("Two").unwrap(), ..scope("One", &[]) };
        assert_eq!(refusal(vec![renamed]).place, CatalogPlace::Scope(0));
        let silent = Scope { description: " ".to_owned(), ..scope("One", &[]) };
        assert_eq!(refusal(vec![silent]).place, CatalogPlace::Scope(0));
        for path in
            ["things", "/api/v1/things/", "/api//things", "/api/v1/{}", "/api/v1/{Id}", "/api/v1/a{id}", "/api/../x"]
        {
            assert_eq!(refusal(vec![scope("One", &[(Method::Get, path)])]).place, CatalogPlace::Route(0, 0), "{path}");
        }
    }

    #[test]
    fn all_scopes_never_holds_one_that_only_admins_may_grant() {
        let admin = Scope { grant: Grant::Admin, ..scope("Two", &[]) };
        let catalog = Catalog::new(vec![scope("One", &[]), admin]).unwrap();
        assert_eq!(catalog.all_scopes().to_string(), "one");
        assert_eq!(catalog.grantable_by(Role::Admin).to_string(), "one two");
    }
}
