//! Finding service reps, and adding those that are services.

use latchkey_domain::view::RepView;
use latchkey_domain::{
    Email, FieldErrors, FieldProblem, PersonName, Refusal, RepId, RepKind, RepState, Role, Timestamp,
};

use crate::ports::{Rep, RepFilter, RepOverview};
use crate::{Caller, Outcome, Service};

/// The longest text that is searched for, in characters: longer than any name and any address.
const MAX_SEARCH: usize = 254;
/// The most people that a form suggests.
const MAX_SUGGESTED: u32 = 500;

/// A page of service reps.
#[derive(Debug, Clone)]
pub struct RepListing {
    /// The service reps, by address.
    pub reps: Vec<RepOverview>,
    /// Whether there are more than were asked for.
    pub more: bool,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

/// One service rep, in full.
#[derive(Debug, Clone)]
pub struct RepDetails {
    /// The service rep.
    pub overview: RepOverview,
    /// Of a system rep: its owners, by address.
    pub owners: Vec<Rep>,
    /// Of a person: the system reps that they own, by address.
    pub systems: Vec<Rep>,
    /// Whether it is the reader.
    pub is_reader: bool,
    /// Whether the reader has to give their password for what needs it.
    pub asks_password: bool,
    /// The instant that all of this is true for.
    pub now: Timestamp,
}

/// The form that adds a service, as it was typed.
#[derive(Debug, Clone, Default)]
pub struct SystemRepForm {
    /// What it is called.
    pub name: String,
    /// The address that names it.
    pub email: String,
    /// The addresses of its two owners.
    pub owners: [String; 2],
}

impl Service {
    /// The service reps that pass a filter, for an admin: at most `rows`.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others, or where the database fails.
    pub async fn rep_listing(&self, caller: &Caller, filter: &RepFilter, rows: u32) -> Outcome<RepListing> {
        caller.require_admin()?;
        let text = filter.text.chars().filter(|character| !character.is_control()).take(MAX_SEARCH).collect();
        let filter = RepFilter { text, ..filter.clone() };
        let now = self.now();
        // One more than is shown tells whether there are more.
        let mut reps = self.store.rep_overviews(&filter, now, rows.saturating_add(1)).await?;
        let shown = usize::try_from(rows).unwrap_or(usize::MAX);
        let more = reps.len() > shown;
        reps.truncate(shown);
        Ok(RepListing { reps, more, now })
    }

    /// Those who can own something, for a form to suggest: the enabled ones of one kind, or of either.
    ///
    /// # Errors
    /// As [`Service::rep_listing`].
    pub async fn suggested_reps(&self, caller: &Caller, kind: Option<RepKind>) -> Outcome<Vec<RepOverview>> {
        let filter = RepFilter { kind, state: Some(RepState::Enabled), ..RepFilter::default() };
        Ok(self.rep_listing(caller, &filter, MAX_SUGGESTED).await?.reps)
    }

    /// One service rep, for an admin.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others, [`Refusal::NotFound`] where there is none, or where the database fails.
    pub async fn rep_details(&self, caller: &Caller, rep: RepId) -> Outcome<RepDetails> {
        caller.require_admin()?;
        let now = self.now();
        let overview = self.store.rep_overview(rep, now).await?.ok_or(Refusal::NotFound)?;
        let (owners, systems) = match overview.rep.kind {
            RepKind::System => (self.store.owners_of(rep).await?, Vec::new()),
            RepKind::Human => (Vec::new(), self.store.system_reps_of(rep).await?),
        };
        let is_reader = rep == caller.rep.id;
        Ok(RepDetails { overview, owners, systems, is_reader, asks_password: self.asks_password(caller), now })
    }

    /// Whether the caller has to give their password for what needs it.
    #[must_use]
    pub fn asks_password(&self, caller: &Caller) -> bool {
        !caller.is_confirmed(self.now())
    }

    /// Adds a service with two human owners. It never signs in.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to a caller who is no admin; what is wrong with the form; or where something fails.
    pub async fn add_system_rep(&self, caller: &Caller, form: &SystemRepForm) -> Outcome<RepView> {
        caller.require_admin()?;
        let mut errors = FieldErrors::default();
        let name = errors.take(PersonName::parse(&form.name));
        let email = errors.take(Email::parse(&form.email));
        let [first, second] = &form.owners;
        let first = self.fit_owner(first).await?;
        let second = self.fit_owner(second).await?;
        if first.is_none() {
            errors.add(FieldProblem::OwnerUnfit);
        }
        if second.is_none() {
            errors.add(FieldProblem::SecondOwnerUnfit);
        } else if first == second {
            errors.add(FieldProblem::OwnersTheSame);
        }
        let (Some(name), Some(email), Some(first), Some(second), true) =
            (name, email, first, second, errors.is_empty())
        else {
            return Err(errors.into());
        };
        self.insert_system_rep(caller, &name, &email, vec![first, second]).await
    }

    /// The person with this address, if they are one who can answer for a service.
    async fn fit_owner(&self, email: &str) -> Outcome<Option<RepId>> {
        let Ok(email) = Email::parse(email) else {
            return Ok(None);
        };
        let Some(rep) = self.store.rep_by_email(&email).await? else {
            return Ok(None);
        };
        let overview = self.store.rep_overview(rep.id, self.now()).await?;
        let fits = overview.is_some_and(|found| found.state == RepState::Enabled && found.rep.kind == RepKind::Human);
        Ok(fits.then_some(rep.id))
    }

    async fn insert_system_rep(
        &self,
        caller: &Caller,
        name: &PersonName,
        email: &Email,
        owners: Vec<RepId>,
    ) -> Outcome<RepView> {
        let rep = self.new_rep(name, email, Role::Rep, RepKind::System)?;
        self.insert_rep(rep, None, owners, caller.actor(), &caller.origin).await
    }
}
