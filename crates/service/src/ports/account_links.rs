//! Storing links that let somebody choose a password.

use async_trait::async_trait;
use latchkey_domain::{RepId, Timestamp};

use super::{NewRep, NewSession, Rep, RepInsertion, StoreResult};
use crate::{AuditEntry, PasswordHash, SecretHash};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// To accept an invitation: the person has no password yet.
    Invite,
    /// To choose another password in place of one that is lost.
    Reset,
}

impl LinkPurpose {
    /// Every purpose.
    pub const ALL: [Self; 2] = [Self::Invite, Self::Reset];

    /// The name in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Invite => "invite",
            Self::Reset => "reset",
        }
    }

    /// The purpose with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.code() == code)
    }
}

/// A link to be stored. Its code is not: only the hash of it.
#[derive(Debug, Clone, Copy)]
pub struct NewLink {
    /// The hash of the link's code.
    pub hash: SecretHash,
    /// What it is for.
    pub purpose: LinkPurpose,
    /// The first instant at which it no longer opens anything.
    pub expires_at: Timestamp,
}

/// What became of a new link for an account that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkIssue {
    /// Stored; an earlier link of the same person no longer works.
    Issued,
    /// Refused: the person is disabled.
    Disabled,
    /// Refused: it is a service, which never signs in.
    SystemRep,
    /// Refused an invitation: the person has a password, so one was accepted.
    Accepted,
    /// Refused a reset: the person has no password yet, only an invitation.
    NotAccepted,
    /// There is no such service rep.
    NotFound,
}

/// What became of an invitation that was to be withdrawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withdrawal {
    /// The account is gone, and its address is free.
    Withdrawn,
    /// Too late: it was accepted.
    Accepted,
    /// There is no such service rep: somebody else withdrew it.
    NotFound,
}

/// What became of a link that was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkUse {
    /// The password is set, the session started, the link used up.
    Used {
        /// How many sessions ended.
        ended_sessions: u64,
    },
    /// It opens nothing: it is unknown, used, replaced or too old, or its person is disabled.
    Invalid,
}

/// The links' part of the database.
#[async_trait]
pub trait AccountLinkStore: Send + Sync {
    /// Stores a person without a password, and the link by which they choose one.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn invite(&self, rep: &NewRep, link: &NewLink, audit: &AuditEntry) -> StoreResult<RepInsertion>;

    /// Stores a link for somebody who has an account, in place of any other of theirs.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn issue_link(&self, rep: RepId, link: &NewLink, audit: &AuditEntry) -> StoreResult<LinkIssue>;

    /// Removes somebody who was invited and has not accepted.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn withdraw_invitation(&self, rep: RepId, audit: &AuditEntry) -> StoreResult<Withdrawal>;

    /// Whose link this is at `now`, if it opens anything. Changes nothing.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn link_holder(&self, hash: SecretHash, purpose: LinkPurpose, now: Timestamp) -> StoreResult<Option<Rep>>;

    /// Uses a link up: sets its person's password, ends their sessions and starts `session`, all or nothing.
    ///
    /// # Errors
    /// [`super::StoreError`] where the database fails.
    async fn use_link(
        &self,
        hash: SecretHash,
        purpose: LinkPurpose,
        password: &PasswordHash,
        session: &NewSession,
        audit: &AuditEntry,
    ) -> StoreResult<LinkUse>;
}
