//! Entries of the log as they are asked for, and as they are shown.

use std::fmt;
use std::str::FromStr;

use latchkey_domain::external_account::ExternalAccountId;
use latchkey_domain::{AccountSid, RepId, Timestamp};

use super::AuditMac;
use crate::{AuditAction, AuditActor, AuditSubject};

/// Which entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of one actor.
    pub actor: Option<AuditActor>,
    /// Of one of these actions; none for any.
    pub actions: Vec<AuditAction>,
    /// About one rep or token.
    pub subject: Option<AuditSubject>,
    /// From this point on.
    pub from: Option<Timestamp>,
    /// Before this point.
    pub before: Option<Timestamp>,
    /// From one address.
    pub address: Option<String>,
    /// In one request.
    pub request_id: Option<String>,
}

impl AuditFilter {
    /// The names of what is filtered by.
    pub(super) fn names(&self) -> Vec<&'static str> {
        let names = [
            (self.actor.is_some(), "actor"),
            (!self.actions.is_empty(), "action"),
            (self.subject.is_some(), "subject"),
            (self.from.is_some(), "from"),
            (self.before.is_some(), "to"),
            (self.address.is_some(), "address"),
            (self.request_id.is_some(), "request id"),
        ];
        names.into_iter().filter_map(|(is_set, name)| is_set.then_some(name)).collect()
    }
}

/// A place in the log: entries stand by time, and those of one second by when they were written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditCursor {
    /// When the entry happened.
    pub at: Timestamp,
    /// Its id.
    pub id: i64,
}

impl fmt::Display for AuditCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}", self.at.unix_seconds(), self.id)
    }
}

impl FromStr for AuditCursor {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (at, id) = text.split_once('.').unwrap_or((text, ""));
        Ok(Self { at: Timestamp::from_unix_seconds(at.parse()?), id: id.parse()? })
    }
}

/// A part of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRange {
    /// What comes after this place: what is older.
    pub after: Option<AuditCursor>,
    /// Up to this place, and with it.
    pub through: Option<AuditCursor>,
    /// Only entries with ids up to this one.
    pub newest: i64,
}

impl AuditRange {
    /// All of it.
    pub const WHOLE: Self = Self { after: None, through: None, newest: i64::MAX };
}

/// Somebody or something that an entry names, with the name it has now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Who {
    /// A service rep.
    Rep {
        /// Their id.
        id: RepId,
        /// Name and address; `None` where there is no such rep any more.
        known: Option<(String, String)>,
    },
    /// A token.
    Token {
        /// Its name.
        sid: AccountSid,
        /// Its description; `None` where there is no such token any more.
        description: Option<String>,
    },
    /// An external service account.
    ExternalAccount {
        /// Its id.
        id: ExternalAccountId,
        /// Its integration's code; `None` where there is no such account any more.
        integration: Option<String>,
    },
    /// An operator on the command line.
    CommandLine,
    /// Nobody that is known.
    Anonymous,
    /// Latchkey itself, by a rule of the policy.
    Policy,
    /// Nothing that has a name.
    Nothing,
    /// Of a kind that this release does not know.
    Unknown(String),
}

/// An entry, with names for what it names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its place.
    pub cursor: AuditCursor,
    /// Its number in the chain, and its HMAC; `None` until it is sequenced.
    pub link: Option<(i64, AuditMac)>,
    /// Who.
    pub actor: Who,
    /// The action's code, which a later release may have written.
    pub action: String,
    /// To what.
    pub subject: Who,
    /// From where.
    pub address: String,
    /// In which request.
    pub request_id: String,
    /// What else there is to say.
    pub detail: String,
}

impl AuditLine {
    /// The action in words; its code, where this release does not know it.
    #[must_use]
    pub fn action_words(&self) -> &str {
        AuditAction::parse(&self.action).map_or(self.action.as_str(), |action| action.words())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_an_address() {
        let cursor = AuditCursor { at: Timestamp::from_unix_seconds(1_800_000_000), id: 17 };
        assert_eq!(cursor.to_string().parse(), Ok(cursor));
        for text in ["", "1", "1.", ".1", "1.2.3", "1.x", "99999999999999999999.1"] {
            assert!(text.parse::<AuditCursor>().is_err(), "{text:?}");
        }
    }
}
