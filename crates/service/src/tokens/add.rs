//! Issuing a token.
//!
//! 1. The form is read ([`TokenForm::parse`]), and held against the policy (`policy/allow.rs`): how long the token
//!    lives, its scopes, of which the owner must be one who may grant them, its address rules.
//! 2. Where a scope is sensitive, the password must have been given within 15 minutes, or comes with the form.
//! 3. SID and Auth Token are drawn. The store checks, under its write lock, what only it knows: that the policy is
//!    still the same, the form has not been used, the description is free and there is room; then it writes the hash
//!    of the secret. Where another policy holds by then, 1 is done again.
//! 4. The secret goes into the one answer that ever shows it.

use latchkey_domain::view::{NewTokenFormView, NewTokenView};
use latchkey_domain::{
    AccountSid, AuthToken, FieldProblem, FormId, PlainText, Refusal, Role, ScopeChoice, TokenDraft, TokenForm,
    TokenRateLimit,
};

use crate::policy::Allowed;
use crate::ports::{NewToken, Rep, TokenInsertion, TokenMaker, TokenRecord, TokenSource};
use crate::secrets::sortable_id;
use crate::{AuditAction, AuditActor, AuditEntry, AuditSubject, Caller, Failure, Origin, Outcome, Service, hash_of};

/// How often a token is held against a policy that has changed meanwhile before this is given up.
pub(crate) const TRIES: u32 = 5;

/// Whose token is to be made, and by whom.
#[derive(Debug, Clone, Copy)]
pub struct TokenOwner<'a> {
    /// The owner.
    pub rep: &'a Rep,
    /// Who asked for it.
    pub actor: AuditActor,
    /// How.
    pub source: TokenSource,
    /// How many calls it may make.
    pub rate_limit: TokenRateLimit,
    /// From where.
    pub origin: &'a Origin,
    /// Who makes it for the owner, where that is somebody else.
    pub maker: Option<&'a TokenMaker>,
}

/// A token that has just been made, with its secret.
pub struct IssuedToken {
    /// The token, as stored.
    pub token: TokenRecord,
    /// Its secret, which is stored nowhere.
    pub secret: AuthToken,
}

/// A token that was drawn and is not stored yet.
pub(crate) struct DrawnToken {
    /// The token with its secret, to be handed out once it is stored.
    pub(crate) issued: IssuedToken,
    /// What is stored of it.
    pub(crate) new: NewToken,
    /// What is written of it.
    pub(crate) audit: AuditEntry,
}

impl IssuedToken {
    /// The one showing of its secret. `base_url` is where Latchkey answers.
    pub(crate) fn shown(self, base_url: &str) -> NewTokenView {
        NewTokenView {
            sid: self.token.sid,
            description: self.token.description,
            auth_token: PlainText::new(self.secret.expose().to_owned()),
            public_url: base_url.to_owned(),
        }
    }
}

impl Service {
    /// What the add form needs before anything is typed: a new one-time id, and what the policy leaves.
    ///
    /// # Errors
    /// Where the database or the random source fails.
    pub async fn new_token_form(&self, caller: &Caller) -> Outcome<NewTokenFormView> {
        self.token_form_of(caller.rep.role).await
    }

    /// Makes a token for the caller from the page's form. `base_url` is where Latchkey answers, for the `curl`
    /// line.
    ///
    /// # Errors
    /// What is wrong with the form; [`Refusal::AlreadyCreated`] where it was sent before;
    /// [`Refusal::TooManyTokens`]; or where something fails.
    pub async fn add_token(
        &self,
        caller: &Caller,
        form: &TokenForm,
        current_password: &PlainText,
        base_url: &str,
    ) -> Outcome<NewTokenView> {
        let draft = form.parse()?;
        let form_id: FormId = form.form_id.parse().map_err(|()| Refusal::AlreadyCreated)?;
        self.confirm_sensitive(caller, &draft, caller.rep.role, current_password).await?;
        let owner = TokenOwner {
            rep: &caller.rep,
            actor: caller.actor(),
            source: TokenSource::Page,
            rate_limit: TokenRateLimit::Default,
            origin: &caller.origin,
            maker: None,
        };
        let issued = self.issue(owner, &draft, Some(form_id)).await?;
        Ok(issued.shown(base_url))
    }

    /// Asks whoever makes a token for their password, where a scope of it is sensitive and the password was not
    /// given recently. What the policy does not allow an owner of this role is refused first.
    pub(crate) async fn confirm_sensitive(
        &self,
        caller: &Caller,
        draft: &TokenDraft,
        owner: Role,
        current_password: &PlainText,
    ) -> Outcome<()> {
        let policy = self.store.policy().await?.policy;
        let scopes = self.allow(&policy, draft, owner)?.scopes;
        if !self.catalog.has_sensitive(&scopes) || caller.is_confirmed(self.now()) {
            return Ok(());
        }
        if current_password.is_empty() {
            return Err(FieldProblem::PasswordNeededForSensitiveScopes.into());
        }
        self.check_current_password(caller, current_password).await
    }

    /// Makes a token for any owner, as far as the policy allows.
    ///
    /// # Errors
    /// As [`Service::add_token`]; [`Refusal::NotFound`] where the owner is gone or disabled; [`Refusal::Busy`] where
    /// the policy keeps changing.
    pub async fn issue(&self, owner: TokenOwner<'_>, draft: &TokenDraft, form: Option<FormId>) -> Outcome<IssuedToken> {
        for _ in 0..TRIES {
            let DrawnToken { issued, new, audit } = self.draw(owner, draft, form).await?;
            let inserted = self.store.insert_token(&new, Refusal::MAX_LIVE_TOKENS, &audit).await?;
            match self.settle(inserted).await {
                TokenInsertion::Inserted => return Ok(issued),
                TokenInsertion::PolicyChanged => {}
                refused => return Err(not_inserted(refused)),
            }
        }
        Err(Refusal::Busy.into())
    }

    /// Draws a token for any owner, as far as the policy allows, as [`Service::issue`] stores it. Nothing is written.
    ///
    /// # Errors
    /// What is wrong with the draft or not allowed, or where the database or the random source fails.
    pub(crate) async fn draw(
        &self,
        owner: TokenOwner<'_>,
        draft: &TokenDraft,
        form: Option<FormId>,
    ) -> Outcome<DrawnToken> {
        let stored = self.store.policy().await?;
        let Allowed { scopes, addresses } = self.allow(&stored.policy, draft, owner.rep.role)?;
        let now = self.now();
        let sid = AccountSid::from_bytes(sortable_id(self.clock.unix_millis(), self.random.as_ref())?);
        let secret = AuthToken::mint(|buffer| self.random.fill(buffer))?;
        let token = TokenRecord {
            sid,
            owner: owner.rep.id,
            owner_email: owner.rep.email.clone(),
            owner_is_enabled: owner.rep.is_enabled(),
            description: draft.description.as_str().to_owned(),
            scopes,
            all_scopes: draft.scopes == ScopeChoice::All,
            source: owner.source,
            created_at: now,
            expires_at: draft.lifetime.expires_at(now),
            revoked_at: None,
            last_used_at: None,
            rate_limit: owner.rate_limit,
            maker: owner.maker.cloned(),
            addresses,
        };
        let new = NewToken {
            token: token.clone(),
            description_key: draft.description.key(),
            secret: hash_of(&secret),
            form,
            policy: stored.version,
        };
        let mut audit = self.entry(owner.actor, AuditAction::TokenCreated, AuditSubject::Token(sid), owner.origin);
        audit.detail = format!("scopes: {}; until {}", token.scopes, token.expires_at.to_rfc3339());
        if let Some(addresses) = &token.addresses {
            audit = audit.with_detail(&format!("from: {addresses}"));
        }
        Ok(DrawnToken { issued: IssuedToken { token, secret }, new, audit })
    }
}

/// Why a token was not stored. That it was is no reason.
pub(crate) fn not_inserted(insertion: TokenInsertion) -> Failure {
    match insertion {
        TokenInsertion::Inserted | TokenInsertion::FormUsed => Refusal::AlreadyCreated.into(),
        TokenInsertion::PolicyChanged => Refusal::Busy.into(),
        TokenInsertion::DescriptionTaken => FieldProblem::DescriptionTaken.into(),
        TokenInsertion::TooMany => Refusal::TooManyTokens.into(),
        TokenInsertion::OwnerGone => Refusal::NotFound.into(),
    }
}
