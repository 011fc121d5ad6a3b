//! What the pages are shown. These cross the wire as JSON and stand in the page's serialized data, so nothing
//! secret has a place here; the one exception says so.

use serde::{Deserialize, Serialize};

use crate::{
    AccountSid, Appearance, Lifetime, PlainText, RepId, RepKind, Role, ScopeName, Timestamp, TokenStatus,
    remaining_in_words,
};

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountView {
    /// The service rep.
    pub id: RepId,
    /// What they are called.
    pub name: String,
    /// What they sign in with.
    pub email: String,
    /// What they may do.
    pub role: Role,
    /// How the pages look to them.
    pub appearance: Appearance,
}

/// A service rep, as the command line and administration list them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepView {
    /// The service rep.
    pub id: RepId,
    /// What they sign in with, or the system rep's address.
    pub email: String,
    /// What they are called.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// A person or a service.
    pub kind: RepKind,
    /// Whether they may sign in and their tokens work.
    pub enabled: bool,
}

/// A scope, as the add form offers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeView {
    /// Its name on the wire.
    pub name: ScopeName,
    /// Its name on the page.
    pub label: String,
    /// What it opens, in a plain sentence.
    pub description: String,
    /// Whether it opens personal or legally protected data.
    pub sensitive: bool,
    /// Whether only admins see it, and All Scopes leaves it out.
    pub admin_only: bool,
}

/// What the add form needs before anything is typed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTokenFormView {
    /// The form's one-time id.
    pub form_id: String,
    /// The scopes that the reader may grant, in the catalog's order.
    pub scopes: Vec<ScopeView>,
    /// When the form was made: expiry dates are shown from here.
    pub now: Timestamp,
    /// How long the token may live at most.
    pub longest: Lifetime,
    /// Whether it may be given All Scopes.
    pub all_scopes: bool,
    /// How it may carry address rules; `None` where it carries none.
    pub addresses: Option<AddressesView>,
    /// Why a lifetime is missing; empty where none is.
    pub expiration_note: String,
    /// Why scopes are missing; empty where none is.
    pub scopes_note: String,
}

/// How a new token may carry address rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressesView {
    /// Whether it must.
    pub required: bool,
    /// What can be entered, and what the policy says of it.
    pub hint: String,
}

/// A token in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// Its name.
    pub sid: AccountSid,
    /// What it is for.
    pub description: String,
    /// The labels of its scopes, in the catalog's order.
    pub scopes: Vec<String>,
    /// Whether it was given All Scopes.
    pub all_scopes: bool,
    /// What people are told about it.
    pub status: TokenStatus,
    /// When it was made.
    pub created_at: Timestamp,
    /// The first instant at which it is no longer valid.
    pub expires_at: Timestamp,
    /// When it was taken back.
    pub revoked_at: Option<Timestamp>,
    /// When a call with it last succeeded.
    pub last_used_at: Option<Timestamp>,
    /// The name of whoever made it, where that was not its owner of today.
    pub maker: Option<String>,
}

impl TokenView {
    /// When the token ended, where it has.
    #[must_use]
    pub fn ended_at(&self) -> Option<Timestamp> {
        match self.status {
            TokenStatus::Active | TokenStatus::ExpiringSoon => None,
            TokenStatus::Expired => Some(self.expires_at),
            TokenStatus::Revoked => self.revoked_at,
        }
    }

    /// The words in the column Expiration: what is left, or when it ended.
    #[must_use]
    pub fn expiration_in_words(&self, now: Timestamp) -> String {
        match self.ended_at() {
            Some(ended_at) => format!("Ended {}", ended_at.to_date_in_words()),
            None => remaining_in_words(self.expires_at.seconds_since(now)),
        }
    }
}

/// A page of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenListView {
    /// The tokens, the newest first.
    pub tokens: Vec<TokenView>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// The instant that the statuses and remaining times are true for.
    pub now: Timestamp,
}

/// A token that was just made, with the one showing of its secret.
///
/// The only view that carries a secret. It is an answer, never part of a page's serialized data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewTokenView {
    /// Its name.
    pub sid: AccountSid,
    /// What it is for.
    pub description: String,
    /// Its secret.
    pub auth_token: PlainText,
    /// Where Latchkey answers, to build the `curl` line from.
    pub public_url: String,
}

impl NewTokenView {
    /// A line that a shell can run to see the token at work.
    #[must_use]
    pub fn curl_line(&self) -> PlainText {
        PlainText::new(format!(
            "curl -u '{}:{}' {}/api/v1/token",
            self.sid,
            self.auth_token.expose(),
            self.public_url.trim_end_matches('/')
        ))
    }
}

/// What became of a revocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedView {
    /// The token.
    pub sid: AccountSid,
    /// What it was for.
    pub description: String,
    /// Whether it had ended before, so that nothing was left to do.
    pub had_ended: bool,
}

/// One of the reader's sessions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionView {
    /// Whether it is the one that asks.
    pub current: bool,
    /// The browser, as it names itself.
    pub agent: String,
    /// Where it was started from.
    pub address: String,
    /// When it was started.
    pub created_at: Timestamp,
    /// When it was last seen, to the minute.
    pub last_seen_at: Timestamp,
}

/// Everything on the page of general settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingsView {
    /// Who is signed in.
    pub account: AccountView,
    /// Their sessions, the current one first.
    pub sessions: Vec<SessionView>,
    /// The instant that relative times are true for.
    pub now: Timestamp,
}

/// What the server says of itself and of the reader's session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DiagnosticsView {
    /// Latchkey's version.
    pub version: String,
    /// The database's engine and version.
    pub database: String,
    /// The server's clock.
    pub now: Timestamp,
    /// Who is signed in.
    pub account: AccountView,
    /// Their session.
    pub session: SessionView,
    /// When the session ends at the latest.
    pub session_expires_at: Timestamp,
    /// How many scopes the catalog has.
    pub scopes: usize,
    /// The id of the request that made this page, to name when asking for help.
    pub request_id: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DAY;

    #[test]
    fn expiration_says_what_is_left_or_when_it_ended() {
        let now = Timestamp::from_unix_seconds(1_795_442_700);
        let mut token = TokenView {
            sid: AccountSid::from_bytes([1; 16]),
            description: "Example E-Verify".to_owned(),
            scopes: vec!["E-Verify Read".to_owned()],
            all_scopes: false,
            status: TokenStatus::Active,
            created_at: now,
            expires_at: now.plus_seconds(180 * DAY),
            revoked_at: None,
            last_used_at: None,
            maker: None,
        };
        assert_eq!(token.expiration_in_words(now), "6 months");
        token.status = TokenStatus::Revoked;
        token.revoked_at = Some(now);
        assert_eq!(token.expiration_in_words(now.plus_seconds(DAY)), "Ended 23 November 2026");
        token.status = TokenStatus::Expired;
        token.expires_at = now.plus_seconds(DAY);
        assert_eq!(token.expiration_in_words(now.plus_seconds(2 * DAY)), "Ended 24 November 2026");
    }

    #[test]
    fn the_curl_line_is_ready_to_run() {
        let view = NewTokenView {
            sid: AccountSid::from_bytes([0x1a; 16]),
            description: "x".to_owned(),
            auth_token: PlainText::new("latchkey_secret".to_owned()),
            public_url: "https://pat.example.com/".to_owned(),
        };
        assert_eq!(
            view.curl_line().expose(),
            "curl -u 'LK1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a:latchkey_secret' https://pat.example.com/api/v1/token"
        );
        assert!(!format!("{view:?}").contains("latchkey_secret"));
    }
}
