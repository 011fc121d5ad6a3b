//! Generating an account's token: the "+" beside its field.

use latchkey_domain::external_account::{
    AccountErrors, AccountLevel, AccountProblem, AccountTokenForm, CREDENTIAL_SCOPE, ExternalAccountId, Integration,
};
use latchkey_domain::view::{AddressesView, NewTokenView, ScopeView};
use latchkey_domain::{
    Description, Email, FieldProblem, Lifetime, PlainText, Presented, PresentedSid, Refusal, Scope, ScopeChoice,
    ScopeSet, TokenForm, TokenRateLimit, TokenSource,
};

use super::{Confirmation, Overtaken, entity_of, overtaken, target};
use crate::policy::{addresses_view, expiration_note, scope_view};
use crate::ports::{
    AccountChange, AccountRecord, AccountStage, Acted, Rep, RepOverview, TokenGift, TokenGiftAudits, TokenInsertion,
    TokenMaker,
};
use crate::tokens::{DrawnToken, TRIES, not_inserted};
use crate::{AuditAction, Caller, IssuedToken, Outcome, Service, TokenOwner};

/// What the form needs before anything is typed.
#[derive(Debug, Clone)]
pub struct AccountTokenOffer {
    /// Who can own the token: service reps and services that are enabled, by address.
    pub owners: Vec<RepOverview>,
    /// What to propose, and the version that the form is made of.
    pub form: AccountTokenForm,
    /// The scopes that it will have, in the catalog's order.
    pub scopes: Vec<ScopeView>,
    /// The scope that lets it read the vendor's credentials, which may be added; `None` where the catalog has none.
    pub credential_scope: Option<ScopeView>,
    /// Whether one of the scopes, the one above not counted, is sensitive.
    pub is_sensitive: bool,
    /// Whether the reader has to give their password for a sensitive scope.
    pub asks_password: bool,
    /// The longest lifetime that the policy allows.
    pub longest: Lifetime,
    /// Why lifetimes are missing; empty where none is.
    pub expiration_note: String,
    /// How the token may carry address rules; `None` where tokens carry none.
    pub addresses: Option<AddressesView>,
}

/// A token that has just been made, with the one showing of its secret.
pub struct GeneratedAccountToken {
    /// The one showing.
    pub shown: NewTokenView,
    /// How it stands; `None` where the database failed after it had been made: it is the account's, and not confirmed.
    pub confirmation: Option<Confirmation>,
    /// The account's version now.
    pub version: i64,
}

/// What became of a new token.
pub enum AccountTokenOutcome {
    /// It was made, and is the account's. The token before it, where it was generated here too, is revoked.
    Generated(Box<GeneratedAccountToken>),
    /// Nothing was made: something is wrong with the owner, or no scope is chosen yet.
    Invalid(AccountErrors),
    /// Nothing was made: somebody has changed the account since the form was made. The same form sent twice ends here.
    Stale(Acted),
    /// Nothing was made: the draft was submitted meanwhile.
    Submitted(Acted),
}

impl Service {
    /// What the form needs to generate or replace the token of an account.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, [`Refusal::NotFound`] where there is no such account, or where the
    /// database fails.
    pub async fn account_token_offer(&self, caller: &Caller, id: ExternalAccountId) -> Outcome<AccountTokenOffer> {
        let (record, integration) = self.account_record(caller, id).await?;
        let needed = integration.needed(&record.scopes);
        let held = self.held_token(&record).await?;
        let owner = held.map_or_else(|| caller.rep.email.clone(), |held| held.credential.owner.email);
        let policy = self.store.policy().await?.policy;
        let proposed = if policy.allows_days(Lifetime::Days180.days()) { Lifetime::Days180 } else { policy.longest };
        let form = AccountTokenForm {
            version: record.version.to_string(),
            owner,
            description: proposed_description(&record, &integration),
            expiration: proposed.code().to_owned(),
            addresses: String::new(),
            reads_credentials: false,
        };
        let views = |is_meant: &dyn Fn(&Scope) -> bool| -> Vec<ScopeView> {
            let meant = self.catalog.scopes().iter().filter(|scope| is_meant(scope));
            meant.map(|scope| scope_view(scope, &policy)).collect()
        };
        Ok(AccountTokenOffer {
            owners: self.suggested_reps(caller, None).await?,
            form,
            scopes: views(&|scope| needed.contains(&scope.name)),
            credential_scope: views(&|scope| scope.name.as_str() == CREDENTIAL_SCOPE).pop(),
            is_sensitive: self.catalog.has_sensitive(needed),
            asks_password: self.asks_password(caller),
            longest: policy.longest,
            expiration_note: expiration_note(&policy),
            addresses: addresses_view(&policy),
        })
    }

    /// Generates the token of a draft, in one transaction with the draft's row, and confirms it. `base_url` is where
    /// Latchkey answers, for the `curl` line.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins; [`Refusal::NotFound`] where there is no such account;
    /// [`Refusal::Invalid`] with what is wrong with description, lifetime or password, as
    /// [`Service::add_token_for`]; [`Refusal::TooManyTokens`]; or where something fails.
    pub async fn generate_account_token(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        form: &AccountTokenForm,
        current_password: &PlainText,
        base_url: &str,
    ) -> Outcome<AccountTokenOutcome> {
        self.make_account_token(caller, id, AccountStage::Draft, form, current_password, base_url).await
    }

    /// Makes a token for an account that is at this stage.
    pub(super) async fn make_account_token(
        &self,
        caller: &Caller,
        id: ExternalAccountId,
        stage: AccountStage,
        form: &AccountTokenForm,
        current_password: &PlainText,
        base_url: &str,
    ) -> Outcome<AccountTokenOutcome> {
        let (record, integration) = self.account_record(caller, id).await?;
        if let Some(overtaken) = overtaken(&record, form.version(), stage) {
            return Ok(overtaken.into());
        }
        let needed = integration.needed(&record.scopes);
        if needed.is_empty() {
            return Ok(AccountTokenOutcome::Invalid(AccountErrors::one(AccountProblem::ScopesMissing)));
        }
        let (owner, scopes) = match self.owner_of_account_token(form, needed).await? {
            Ok(owner_and_scopes) => owner_and_scopes,
            Err(problem) => return Ok(AccountTokenOutcome::Invalid(AccountErrors::one(problem))),
        };
        let token_form = TokenForm {
            description: form.description.clone(),
            expiration: form.expiration.clone(),
            scope_choice: ScopeChoice::SELECTED_CODE.to_owned(),
            scopes: scopes.iter().map(ToString::to_string).collect(),
            addresses: form.addresses.clone(),
            ..TokenForm::default()
        };
        let draft = token_form.parse()?;
        self.confirm_sensitive(caller, &draft, owner.role, current_password).await?;
        let maker = TokenMaker { id: caller.rep.id, name: caller.rep.name.clone() };
        let is_for_another = owner.id != caller.rep.id;
        let token_owner = TokenOwner {
            rep: &owner,
            actor: caller.actor(),
            source: TokenSource::Integration,
            rate_limit: TokenRateLimit::Default,
            origin: &caller.origin,
            maker: is_for_another.then_some(&maker),
        };
        let action = match stage {
            AccountStage::Draft => AuditAction::ExternalAccountTokenGenerated,
            AccountStage::Active => AuditAction::ExternalAccountTokenReplaced,
        };
        let target = target(caller, id, form.version(), stage);
        // As often as any token is: where another policy holds by now, the token is held against that.
        for _ in 0..TRIES {
            let DrawnToken { issued, new, audit } = self.draw(token_owner, &draft, None).await?;
            let audits = TokenGiftAudits {
                token: &audit,
                account: &self.account_entry(caller, action, &record, &format!("token {}", issued.token.sid)),
                each: &self.ended_token_entry(caller, &record),
            };
            let given = self.store.give_new_token(target, &new, Refusal::MAX_LIVE_TOKENS, audits).await?;
            return match self.settle(given).await {
                AccountChange::Done(TokenGift::Given(version)) => {
                    let generated = self.show_confirmed(caller, &record, needed, issued, version, base_url).await;
                    Ok(AccountTokenOutcome::Generated(Box::new(generated)))
                }
                AccountChange::Done(TokenGift::Refused(TokenInsertion::PolicyChanged)) => continue,
                AccountChange::Done(TokenGift::Refused(TokenInsertion::DescriptionTaken)) if is_for_another => {
                    Err(FieldProblem::DescriptionTakenByOwner.into())
                }
                AccountChange::Done(TokenGift::Refused(refused)) => Err(not_inserted(refused)),
                AccountChange::Overtaken(record) => {
                    let overtaken = overtaken(&record, form.version(), stage);
                    Ok(overtaken.unwrap_or(Overtaken::Stale(record.changed)).into())
                }
                AccountChange::NotFound => Err(Refusal::NotFound.into()),
                AccountChange::NotAllowed => Err(Refusal::Forbidden.into()),
            };
        }
        Err(Refusal::Busy.into())
    }

    /// Who will own the token, and the scopes that it will have; the problem where that cannot be.
    async fn owner_of_account_token(
        &self,
        form: &AccountTokenForm,
        needed: &ScopeSet,
    ) -> Outcome<Result<(Rep, ScopeSet), AccountProblem>> {
        let owner = match Email::parse(&form.owner) {
            Ok(email) => self.enabled_rep(&email).await?,
            Err(_) => None,
        };
        let Some(owner) = owner else { return Ok(Err(AccountProblem::TokenOwnerUnfit)) };
        let mut scopes = needed.clone();
        if form.reads_credentials {
            let credential = self.catalog.scopes().iter().filter(|scope| scope.name.as_str() == CREDENTIAL_SCOPE);
            scopes = scopes.iter().chain(credential.map(|scope| &scope.name)).cloned().collect();
        }
        let may_grant = self.store.policy().await?.policy.grantable_by(&self.catalog, owner.role);
        let beyond: ScopeSet = scopes.iter().filter(|name| !may_grant.contains(name)).cloned().collect();
        Ok(if beyond.is_empty() { Ok((owner, scopes)) } else { Err(AccountProblem::OwnerMayNotGrant(beyond)) })
    }

    /// Confirms a token that was just stored, and gives out its secret, which would otherwise be lost: whatever fails
    /// here leaves the token unconfirmed, and no more.
    async fn show_confirmed(
        &self,
        caller: &Caller,
        record: &AccountRecord,
        needed: &ScopeSet,
        issued: IssuedToken,
        version: i64,
        base_url: &str,
    ) -> GeneratedAccountToken {
        let IssuedToken { token, secret } = issued;
        let presented = Presented { sid: PresentedSid::Given(token.sid), token: secret };
        let confirmed = match self.confirm_by_secret(&presented, needed).await {
            Ok(confirmation) => {
                let noted = self.note_confirmation(caller, record, token.sid, &confirmation).await;
                noted.map(|()| confirmation)
            }
            Err(error) => Err(error),
        };
        let confirmation = confirmed.map_err(|error| {
            let request_id = &caller.origin.request_id;
            tracing::error!(%request_id, cause = %error, "a token was generated and could not be confirmed");
        });
        let shown = IssuedToken { token, secret: presented.token }.shown(base_url);
        GeneratedAccountToken { shown, confirmation: confirmation.ok(), version }
    }
}

impl From<Overtaken> for AccountTokenOutcome {
    fn from(overtaken: Overtaken) -> Self {
        match overtaken {
            Overtaken::Stale(acted) => Self::Stale(acted),
            Overtaken::Submitted(acted) => Self::Submitted(acted),
        }
    }
}

/// What a token is for, proposed: the integration and whom it is set up for.
fn proposed_description(record: &AccountRecord, integration: &Integration) -> String {
    let entity = entity_of(record);
    let words = match record.level {
        AccountLevel::System => integration.label.clone(),
        AccountLevel::ServiceRep => format!("{}, {entity}", integration.label),
        level => format!("{}, {} {entity}", integration.label, level.label()),
    };
    words.chars().take(Description::MAX_LENGTH).collect()
}
