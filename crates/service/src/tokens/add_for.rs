//! A token that an admin makes for another service rep.
//!
//! The form is the owner's: what is offered is what the owner may grant, and the rules about descriptions and room
//! are theirs. The admin is named as its maker, to both; a sensitive scope needs the admin's own password.

use latchkey_domain::view::{NewTokenFormView, NewTokenView};
use latchkey_domain::{FieldProblem, FormId, PlainText, Refusal, RepId, RepState, TokenForm, TokenRateLimit};

use super::add::TokenOwner;
use crate::ports::{Rep, TokenMaker, TokenSource};
use crate::{Caller, Outcome, Service};

impl Service {
    /// What the form for another's token needs before anything is typed, and whose token it will be.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to a caller who is no admin; [`Refusal::NotFound`] where nobody of this id can own
    /// tokens; or where something fails.
    pub async fn new_token_form_for(&self, caller: &Caller, owner: RepId) -> Outcome<(Rep, NewTokenFormView)> {
        let owner = self.owner_of_new_token(caller, owner).await?;
        let form = self.token_form_of(owner.role).await?;
        Ok((owner, form))
    }

    /// Makes a token for another service rep. `base_url` is where Latchkey answers, for the `curl` line.
    ///
    /// # Errors
    /// As [`Service::add_token`], and as [`Service::new_token_form_for`].
    pub async fn add_token_for(
        &self,
        caller: &Caller,
        owner: RepId,
        form: &TokenForm,
        current_password: &PlainText,
        base_url: &str,
    ) -> Outcome<NewTokenView> {
        let owner = self.owner_of_new_token(caller, owner).await?;
        let draft = form.parse()?;
        let form_id: FormId = form.form_id.parse().map_err(|()| Refusal::AlreadyCreated)?;
        self.confirm_sensitive(caller, &draft, owner.role, current_password).await?;
        let maker = TokenMaker { id: caller.rep.id, name: caller.rep.name.clone() };
        let owner = TokenOwner {
            rep: &owner,
            actor: caller.actor(),
            source: TokenSource::Page,
            rate_limit: TokenRateLimit::Default,
            origin: &caller.origin,
            // For oneself it is the same as on one's own page.
            maker: (owner.id != caller.rep.id).then_some(&maker),
        };
        let issued = self.issue(owner, &draft, Some(form_id)).await.map_err(|failure| match failure {
            crate::Failure::Refused(Refusal::Invalid(errors)) if errors.iter().eq([FieldProblem::DescriptionTaken]) => {
                FieldProblem::DescriptionTakenByOwner.into()
            }
            other => other,
        })?;
        Ok(issued.shown(base_url))
    }

    async fn owner_of_new_token(&self, caller: &Caller, owner: RepId) -> Outcome<Rep> {
        caller.require_admin()?;
        let overview = self.store.rep_overview(owner, self.now()).await?;
        let fit = overview.filter(|overview| overview.state == RepState::Enabled);
        fit.map(|overview| overview.rep).ok_or_else(|| Refusal::NotFound.into())
    }
}
