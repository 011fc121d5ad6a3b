//! One token of anybody's: found by its SID, or by an Auth Token that somebody has come across.

use latchkey_domain::view::RevokedView;
use latchkey_domain::{AccountSid, AuthToken, CredentialHeaders, HeaderValues, PlainText, Presented, Refusal};

use crate::ports::Rep;
use crate::{AuditAction, AuditEntry, AuditSubject, Caller, Outcome, OwnToken, Service, hash_of};

/// Anybody's token, in full.
#[derive(Debug, Clone)]
pub struct AnyToken {
    /// Whose it is.
    pub owner: Rep,
    /// The token, as its owner sees it.
    pub token: OwnToken,
}

/// What became of a look-up.
#[derive(Debug, Clone)]
pub enum LookUp {
    /// It is this token's.
    Found(Box<AnyToken>),
    /// No token has it, or had it.
    Unknown,
    /// It is neither an Auth Token nor an Account SID.
    Malformed,
}

impl Service {
    /// Anybody's token.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is none, or where the
    /// database fails.
    pub async fn any_token(&self, caller: &Caller, sid: AccountSid) -> Outcome<AnyToken> {
        caller.require_admin()?;
        let token = self.store.token(sid, None).await?.ok_or(Refusal::NotFound)?;
        let owner = self.store.rep(token.owner).await?.ok_or(Refusal::NotFound)?;
        let admin_scopes = self.store.policy().await?.policy.admin_scopes;
        let token = self.token_in_full(token, &owner, admin_scopes, None).await?;
        Ok(AnyToken { owner, token })
    }

    /// Finds the token that an Auth Token or an Account SID belongs to, valid or not. That somebody looked is
    /// written to the log; what they typed is not.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, or where the database fails.
    pub async fn look_up_token(&self, caller: &Caller, typed: &PlainText) -> Outcome<LookUp> {
        caller.require_admin()?;
        let typed = typed.expose().trim();
        let (found, by) = match (typed.parse::<AccountSid>(), secret_in(typed)) {
            (Ok(sid), _) => (self.store.token(sid, None).await?.map(|token| token.sid), "by Account SID"),
            (_, Some(secret)) => {
                let credential = self.store.credential(hash_of(&secret)).await?;
                (credential.map(|credential| credential.token.sid), "by Auth Token")
            }
            _ => return Ok(LookUp::Malformed),
        };
        let subject = found.map_or(AuditSubject::Nothing, AuditSubject::Token);
        let audit = self.entry(caller.actor(), AuditAction::TokenLookedUp, subject, &caller.origin);
        let detail = if found.is_some() { by.to_owned() } else { format!("{by}: not found") };
        self.store.write_audit(&[AuditEntry { detail, ..audit }]).await?;
        match found {
            Some(sid) => Ok(LookUp::Found(Box::new(self.any_token(caller, sid).await?))),
            None => Ok(LookUp::Unknown),
        }
    }

    /// Revokes anybody's token.
    ///
    /// # Errors
    /// As [`Service::any_token`].
    pub async fn revoke_token_of(&self, caller: &Caller, sid: AccountSid) -> Outcome<RevokedView> {
        caller.require_admin()?;
        self.revoke(sid, None, caller.actor(), &caller.origin).await
    }
}

/// The Auth Token in what somebody has found: alone, behind its Account SID, or as it is sent, which is how it stands in
/// a log: the value of `Authorization` or `x-tw-token`, with the header's name or without. What copying brings along is
/// passed over.
fn secret_in(found: &str) -> Option<AuthToken> {
    let value =
        found.rsplit(':').next().unwrap_or(found).trim_matches(|end: char| end.is_whitespace() || "'\"".contains(end));
    let sent = HeaderValues::One(value.as_bytes());
    let headers = [
        CredentialHeaders { authorization: sent, ..CredentialHeaders::default() },
        CredentialHeaders { x_tw_token: sent, ..CredentialHeaders::default() },
    ];
    let alone = AuthToken::parse(value.as_bytes()).ok();
    alone.or_else(|| headers.iter().find_map(|headers| Some(Presented::from_request(headers).ok()??.token)))
}
