//! Whether a call would be allowed, and why, for the owner who asks.
//!
//! It is put together from what decides real calls, in their order: [`Need::of`] finds what the call needs, then
//! [`Verdict::of`] judges the token. Nothing is decided here; a decision is only put into words.

use crate::path::UnsafePath;
use crate::{Catalog, Method, Need, PresentedSid, ScopeName, Timestamp, TokenFacts, Unroutable, UsedFrom, Verdict};

/// A call that somebody asks about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedCall {
    /// The method, as a request would have it.
    pub method: String,
    /// The raw path.
    pub path: String,
    /// Whether the path was cut out of a whole address.
    pub was_address: bool,
    /// Whether a query or a fragment was cut off: neither has a say.
    pub had_query: bool,
    /// The client's address, as it was typed; empty where that is not asked.
    pub client: String,
}

impl AskedCall {
    /// Reads what was typed: a path, a path with its query, or a whole address; and the client's address, if it is
    /// asked about. `None` for an empty path.
    ///
    /// The path stays as it was typed, byte for byte; a reader of addresses that tidies paths up would hide what is
    /// wrong with them.
    #[must_use]
    pub fn read(method: &str, typed: &str, client: &str) -> Option<Self> {
        let typed = typed.trim();
        if typed.is_empty() {
            return None;
        }
        let address = ["https://", "http://"].into_iter().find_map(|scheme| after_prefix(typed, scheme));
        let target =
            address.map_or(typed, |rest| rest.find(['/', '?', '#']).map_or("", |start| rest.split_at(start).1));
        let path = target.split(['?', '#']).next().unwrap_or_default();
        let had_query = path.len() < target.len();
        // An address without a path asks for the root.
        let path = if address.is_some() && path.is_empty() { "/" } else { path };
        let (method, path, client) = (method.to_owned(), path.to_owned(), client.trim().to_owned());
        Some(Self { method, path, was_address: address.is_some(), had_query, client })
    }

    /// Where the call comes from; `None` where what was typed is no address.
    #[must_use]
    pub fn from(&self) -> Option<UsedFrom> {
        if self.client.is_empty() {
            return Some(UsedFrom::Anywhere);
        }
        self.client.parse().ok().map(UsedFrom::Address)
    }
}

fn after_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, rest) = text.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// What would become of a call with a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explanation {
    /// It is served: by this scope, or whatever the token's scopes are.
    Allowed(Option<ScopeName>),
    /// Two readers could read its path differently.
    UnsafePath(UnsafePath),
    /// The path belongs to Latchkey's pages or to its other interfaces, none of which is opened by a scope.
    OutsideApi,
    /// There is nothing at its path.
    NotFound,
    /// Its path has these methods only.
    MethodNotAllowed(Vec<Method>),
    /// What was typed as the client's address is none.
    NoAddress,
    /// The token is not good, whatever it is used for.
    NotGood(Verdict),
    /// The token may not be used from the client's address.
    AddressRefused,
    /// The token is good, and lacks this scope.
    MissingScope {
        /// The scope.
        scope: ScopeName,
        /// Whether the token was given it all the same: its owner may not grant it any longer.
        held: bool,
    },
}

impl Explanation {
    /// What becomes of a call at `now` with the token of these facts.
    #[must_use]
    pub fn of(catalog: &Catalog, facts: &TokenFacts<'_>, call: &AskedCall, now: Timestamp) -> Self {
        let path = call.path.as_str();
        let Some(from) = call.from() else {
            return Self::NoAddress;
        };
        let need = match Need::of(catalog, &call.method, path) {
            Ok(need) => need,
            Err(Unroutable::UnsafePath(reason)) => return Self::UnsafePath(reason),
            Err(Unroutable::MethodNotAllowed(methods)) => return Self::MethodNotAllowed(methods),
            Err(Unroutable::NotFound) => {
                let first = path.split('/').nth(1).unwrap_or_default();
                return if Catalog::OWN_SEGMENTS.contains(&first) { Self::OutsideApi } else { Self::NotFound };
            }
        };
        match (Verdict::of(Some(facts), PresentedSid::Absent, need.scope, from, now), need.scope) {
            (Verdict::Active, scope) => Self::Allowed(scope.cloned()),
            (Verdict::MissingScope, Some(scope)) => {
                Self::MissingScope { scope: scope.clone(), held: facts.scopes.contains(scope) }
            }
            (Verdict::AddressRefused, _) => Self::AddressRefused,
            (verdict, _) => Self::NotGood(verdict),
        }
    }

    /// Whether the call is served.
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }

    /// The status and the code with which the API refuses the call, where it is the API that does.
    #[must_use]
    pub const fn refusal(&self) -> Option<(u16, &'static str)> {
        match self {
            Self::Allowed(_) | Self::OutsideApi | Self::NoAddress => None,
            Self::UnsafePath(_) => Some((400, "unsafe_path")),
            Self::NotFound => Some((404, "not_found")),
            Self::MethodNotAllowed(_) => Some((405, "method_not_allowed")),
            Self::NotGood(_) => Some((401, "invalid_token")),
            Self::AddressRefused => Some((403, "address_refused")),
            Self::MissingScope { .. } => Some((403, "insufficient_scope")),
        }
    }

    /// The reason in a plain sentence, scopes named as the catalog labels them.
    #[must_use]
    pub fn sentence(&self, catalog: &Catalog) -> String {
        let label =
            |name: &ScopeName| catalog.scope(name).map_or_else(|| name.to_string(), |scope| scope.label.clone());
        match self {
            Self::Allowed(Some(scope)) => format!("The token has {}, which opens this.", label(scope)),
            Self::Allowed(None) => "Any good token may do this, whatever its scopes.".to_owned(),
            Self::UnsafePath(reason) => {
                format!("Servers could read this path in different ways, so it is refused: {reason}.")
            }
            Self::OutsideApi => {
                "This address belongs to Latchkey itself, not to the API. No scope of a token opens it; what is below /oauth2 and /auth judges its callers by rules of its own.".to_owned()
            }
            Self::NotFound => {
                "The API has nothing at this path. Paths are compared letter for letter, capitals included.".to_owned()
            }
            Self::MethodNotAllowed(methods) => {
                format!("This path is known, but not with this method. It has {}.", Method::list(methods))
            }
            Self::NoAddress => "This is no address of a client: write one like 203.0.113.7 or 2001:db8::7.".to_owned(),
            Self::AddressRefused => "The token may not be used from this address.".to_owned(),
            Self::NotGood(Verdict::Revoked) => "The token is revoked.".to_owned(),
            Self::NotGood(Verdict::Expired) => "The token has expired.".to_owned(),
            Self::NotGood(Verdict::OwnerDisabled) => "The account of the token's owner is disabled.".to_owned(),
            Self::NotGood(_) => "The token is not valid.".to_owned(),
            Self::MissingScope { scope, held: false } => {
                format!("This needs {}, which the token does not have.", label(scope))
            }
            Self::MissingScope { scope, held: true } => {
                format!("This needs {}. The token was given it, but you may not grant it any longer.", label(scope))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{AccountSid, Grant, Route, Scope, ScopeSet};

    const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_442_400);

    fn catalog() -> Catalog {
        let scope = |label: &str, path: &str| Scope {
            name: ScopeName::from_label(label).unwrap(),
            label: label.to_owned(),
            description: "What it opens.".to_owned(),
            sensitive: false,
            grant: Grant::Rep,
            routes: vec![Route { method: Method::Get, path: path.to_owned() }],
        };
        Catalog::new(vec![scope("One Read", "/api/v1/ones"), scope("Two Read", "/api/v1/twos")]).unwrap()
    }

    fn set(text: &str) -> ScopeSet {
        text.parse().unwrap()
    }

    fn facts<'a>(scopes: &'a ScopeSet, owner_may_grant: &'a ScopeSet) -> TokenFacts<'a> {
        TokenFacts {
            sid: AccountSid::from_bytes([1; 16]),
            scopes,
            owner_may_grant,
            expires_at: NOW.plus_seconds(1),
            secret_not_after: None,
            revoked_at: None,
            owner_enabled: true,
            addresses: None,
        }
    }

    #[test]
    fn each_answer_has_its_status_and_its_reason() {
        let (one, two, both) = (set("one-read"), set("two-read"), set("one-read two-read"));
        let good = facts(&both, &one);
        let revoked = TokenFacts { revoked_at: Some(NOW), ..good };
        let expired = TokenFacts { expires_at: NOW, ..good };
        let disabled = TokenFacts { owner_enabled: false, ..good };
        let poor = facts(&two, &both);
        let office = "192.0.2.0/24".parse().unwrap();
        let bound = TokenFacts { addresses: Some(&office), ..good };
        let poor_and_bound = TokenFacts { addresses: Some(&office), ..poor };
        for (facts, method, path, status, reason) in [
            (&bound, "GET", "/api/v1/ones", None, "The token has One Read, which opens this."),
            (&bound, "GET", "/api/v1/ones from ::ffff:192.0.2.7", None, "The token has One Read"),
            (&bound, "GET", "/api/v1/ones from 192.0.3.7", Some(403), "may not be used from this address"),
            (&poor_and_bound, "GET", "/api/v1/ones from 192.0.3.7", Some(403), "may not be used from this address"),
            (&bound, "GET", "/api/v1/ones from here", None, "no address of a client"),
            (&good, "GET", "/api/v1/ones from 192.0.3.7", None, "The token has One Read, which opens this."),
            (&good, "HEAD", "/api/v1/token", None, "Any good token"),
            (&good, "GET", "/settings/general", None, "belongs to Latchkey itself"),
            (&good, "GET", "/api/v1/../ones", Some(400), "the path has a dot segment."),
            (&good, "GET", "api/v1/ones", Some(400), "does not begin with a slash"),
            (&revoked, "GET", "/api/v1/none", Some(404), "nothing at this path"),
            (&revoked, "PUT", "/api/v1/ones", Some(405), "It has GET, HEAD."),
            (&revoked, "GET", "/api/v1/ones", Some(401), "is revoked"),
            (&expired, "GET", "/api/v1/token", Some(401), "has expired"),
            (&disabled, "GET", "/api/v1/ones", Some(401), "is disabled"),
            (&poor, "GET", "/api/v1/ones", Some(403), "needs One Read, which the token does not have"),
            (&good, "GET", "/api/v1/twos", Some(403), "but you may not grant it any longer"),
        ] {
            let (path, client) = path.split_once(" from ").unwrap_or((path, ""));
            let call = AskedCall { method: method.to_owned(), ..AskedCall::read("", path, client).unwrap() };
            let explanation = Explanation::of(&catalog(), facts, &call, NOW);
            assert_eq!(explanation.refusal().map(|(status, _)| status), status, "{method} {path}");
            let sentence = explanation.sentence(&catalog());
            assert!(sentence.contains(reason), "{method} {path}: {sentence}");
        }
    }

    #[test]
    fn what_is_typed_is_read_kindly_and_left_as_it_is() {
        let read =
            |typed: &str| AskedCall::read("GET", typed, "").map(|call| (call.path, call.was_address, call.had_query));
        for (typed, path, was_address, had_query) in [
            (" /api/v1/ones ", "/api/v1/ones", false, false),
            ("/api/v1/ones?limit=5", "/api/v1/ones", false, true),
            ("/api/v1/ones#top", "/api/v1/ones", false, true),
            ("https://pat.example.com/api/v1/ones?a=b/c", "/api/v1/ones", true, true),
            ("HTTP://h:1/api/../v1//x", "/api/../v1//x", true, false),
            ("https://pat.example.com", "/", true, false),
            ("https://pat.example.com?x", "/", true, true),
            ("api/v1", "api/v1", false, false),
            ("//h/x", "//h/x", false, false),
            ("?x", "", false, true),
        ] {
            assert_eq!(read(typed), Some((path.to_owned(), was_address, had_query)), "{typed}");
        }
        assert_eq!(read("  "), None);
    }
}
