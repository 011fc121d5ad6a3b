//! The rules of Latchkey, without any input or output.
//!
//! Everything here is a value or a function of its arguments: no clock, no randomness, no database, no
//! framework. The same code therefore runs in the server, on the command line and in the browser, and what
//! one of them accepts the others accept too.
//!
//! Where to look:
//! - what a vendor presents: [`AccountSid`], [`AuthToken`], [`Presented`]
//! - what a token may do: [`ScopeName`], [`ScopeSet`], [`Catalog`]
//! - from where it may be used: [`AddressRules`]
//! - how long it lives: [`Lifetime`], [`Timestamp`], [`TokenStatus`]
//! - what a request needs: [`Need`]
//! - the one answer about a credential: [`Verdict`], and in words: [`Explanation`]
//! - how many calls it may make: [`RateLimit`]
//! - what admins allow: [`Policy`]
//! - what people type, and what is wrong with it: [`TokenDraft`], [`Email`], [`FieldErrors`], [`Refusal`]
//! - the set-up of vendors' integrations: [`external_account`]
//! - what the pages are shown: [`view`]

mod account_sid;
mod address_rules;
mod auth_token;
mod catalog;
mod explanation;
pub mod external_account;
mod lifetime;
mod need;
pub mod path;
mod person;
mod plain_text;
mod policy;
mod presented;
mod rate_limit;
mod refusal;
mod rep_id;
mod rep_state;
mod scope;
mod timestamp;
mod token_draft;
mod token_source;
mod verdict;
pub mod view;

pub use account_sid::{AccountSid, MalformedAccountSid};
pub use address_rules::{AddressRules, MalformedAddressRules, NetworkBounds, NetworksProblem, UsedFrom};
pub use auth_token::{AuthToken, MalformedAuthToken, TokenHash};
pub use catalog::{Catalog, CatalogError, CatalogPlace, Grant, Method, Route, RouteMatch, Scope};
pub use explanation::{AskedCall, Explanation};
pub use lifetime::{Lifetime, TokenStatus, age_in_words, remaining_in_words};
pub use need::{Need, OwnAction, OwnRoute, Requirement, Target, Unroutable};
pub use person::{Appearance, Email, Password, PersonName, RepKind, Role};
pub use plain_text::PlainText;
pub use policy::{AddressUse, IdleDays, Policy, PolicyForm};
pub use presented::{CredentialHeaders, HeaderValues, Presented, PresentedSid, UnusableCredential};
pub use rate_limit::{MalformedRateLimit, RateLimit, TokenRateLimit, Usage, Window};
pub use refusal::{Field, FieldErrors, FieldProblem, Refusal};
pub use rep_id::{MalformedRepId, RepId};
pub use rep_state::RepState;
pub use scope::{MalformedScopeName, ScopeName, ScopeSet};
pub use timestamp::{DAY, HOUR, MINUTE, Timestamp};
pub use token_draft::{Description, FormId, ScopeChoice, TokenDraft, TokenForm};
pub use token_source::TokenSource;
pub use verdict::{TokenFacts, Verdict};
