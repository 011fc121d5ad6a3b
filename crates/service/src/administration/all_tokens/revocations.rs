//! Revoking many tokens at once.
//!
//! First the set is fixed, and shown: how many, whose, which were used today. Then the admin says yes, and the work
//! is done in steps; what ended meanwhile is left as it is, and counted. The steps are the database's own record: any
//! page can say how far it is, and if the server is stopped on the way, somebody can go on.

use std::time::Duration;

use latchkey_domain::{AccountSid, DAY, FieldProblem, FormId, HOUR, PlainText, Refusal};

use super::list::ListedToken;
use super::search::TokenSearch;
use crate::administration::Authority;
use crate::ports::{Committed, NewSelection, Selection, SelectionOwner, StoreError, TokenSort};
use crate::secrets::new_form_id;
use crate::{AuditAction, AuditEntry, AuditSubject, Caller, Outcome, Service};

/// The most tokens that are revoked at once.
pub const MAX_CHOSEN: usize = 100_000;
/// Up to so many are revoked without typing their number.
pub const UNCONFIRMED: u64 = 20;

/// How long a set waits for a yes, in seconds; what became of it can be seen for as long.
const SELECTION_SECONDS: i64 = 24 * HOUR;
/// Work that has not got on for so long stands still, in seconds: a step takes a fraction of one.
const STALLED_SECONDS: i64 = 10;
/// How many tokens a step revokes, in one transaction.
const STEP: u32 = 500;
/// How often a step is tried again, and the pause before the first of that; each later one is longer.
const RETRIES: u32 = 3;
const RETRY: Duration = Duration::from_millis(200);
/// How many tokens are read at once to be chosen.
const CHOSEN_AT_ONCE: u32 = 5_000;
/// How many tokens are passed by at once.
const STRETCH: u32 = 50_000;
/// How many owners, and how many tokens in use, a preview names.
const NAMED: u32 = 20;

/// Which tokens are to be revoked.
#[derive(Debug, Clone)]
pub enum Chosen {
    /// These.
    Those(Vec<AccountSid>),
    /// All that pass.
    Matching(Box<TokenSearch>),
}

/// What became of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskedToRevoke {
    /// The set is fixed, and waits for a yes.
    Fixed(FormId),
    /// There is nothing in it.
    Nothing,
    /// There are more than [`MAX_CHOSEN`].
    TooMany,
}

/// A set of tokens, and how its revocation stands.
#[derive(Debug, Clone)]
pub struct Preview {
    /// How many, and what became of them.
    pub selection: Selection,
    /// Whose tokens, those of most first.
    pub owners: Vec<SelectionOwner>,
    /// Some of those that were used on the day on which they were chosen.
    pub used_today: Vec<ListedToken>,
    /// Whether the work was begun and has not got on for a while.
    pub is_stalled: bool,
    /// Whether the password has to be given.
    pub asks_password: bool,
}

impl Preview {
    /// Whether the number has to be typed.
    #[must_use]
    pub const fn asks_number(&self) -> bool {
        self.selection.tokens > UNCONFIRMED
    }
}

impl Service {
    /// Fixes a set of tokens to be revoked. Nothing is revoked yet.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins, or where something fails.
    pub async fn choose_to_revoke(&self, caller: &Caller, chosen: Chosen) -> Outcome<AskedToRevoke> {
        caller.require_admin()?;
        let sids = match chosen {
            Chosen::Those(sids) => sids,
            Chosen::Matching(search) => self.matching(&search).await?,
        };
        if sids.is_empty() {
            return Ok(AskedToRevoke::Nothing);
        }
        if sids.len() > MAX_CHOSEN {
            return Ok(AskedToRevoke::TooMany);
        }
        // What was used a moment ago is to be seen.
        self.flush_last_use().await?;
        let now = self.now();
        let today = now.plus_seconds(-now.unix_seconds().rem_euclid(DAY));
        let id = new_form_id(self.random.as_ref())?;
        let expires_at = now.plus_seconds(SELECTION_SECONDS);
        let selection = NewSelection { id, admin: caller.rep.id, created_at: now, expires_at, today };
        self.store.insert_selection(&selection, &sids).await?;
        Ok(AskedToRevoke::Fixed(id))
    }

    /// All that pass, and one more than can be chosen where there are too many.
    async fn matching(&self, search: &TokenSearch) -> Outcome<Vec<AccountSid>> {
        let mut understood = self.understand_search(search).await?;
        if !understood.notes.is_empty() {
            // The page had said what it left out; a filter that means less now than it did would choose too much.
            return Ok(Vec::new());
        }
        understood.order.by = TokenSort::Created;
        let (mut sids, mut after) = (Vec::new(), None);
        loop {
            let stretch =
                self.store.walk_tokens(&understood.query, understood.order, after, CHOSEN_AT_ONCE, STRETCH).await?;
            sids.extend(stretch.found.into_iter().map(|position| position.sid));
            after = stretch.rest;
            if after.is_none() || sids.len() > MAX_CHOSEN {
                return Ok(sids);
            }
        }
    }

    /// A set that the caller has fixed, and how its revocation stands.
    ///
    /// # Errors
    /// [`Refusal::Forbidden`] to others than admins; [`Refusal::NotFound`] where it is another's or its time is
    /// over; or where the database fails.
    pub async fn revocation(&self, caller: &Caller, id: FormId) -> Outcome<Preview> {
        caller.require_admin()?;
        let now = self.now();
        let selection = self.store.selection(id, caller.rep.id, now).await?.ok_or(Refusal::NotFound)?;
        let owners = self.store.selection_owners(id, now, NAMED).await?;
        let used = self.store.selection_used_today(id, NAMED).await?;
        let used = self.store.tokens_named(&used).await?;
        let is_stalled =
            selection.waiting > 0 && selection.advanced_at.is_some_and(|at| now.seconds_since(at) > STALLED_SECONDS);
        let is_under_way = selection.confirmed_at.is_some();
        let preview = Preview {
            selection,
            owners,
            used_today: used.into_iter().map(|record| self.listed_token(record, now)).collect(),
            is_stalled,
            asks_password: self.asks_password(caller),
        };
        if is_under_way {
            // What is said to be revoked has been committed, and may have been a moment ago.
            return Ok(self.settle(Committed::unchanged(preview)).await);
        }
        Ok(preview)
    }

    /// Says yes to a set. Answers whether the work is to be done by whoever called this; otherwise it is under way,
    /// or done.
    ///
    /// # Errors
    /// As [`Service::revocation`]; what is wrong with the number that was typed; a problem with the password where
    /// it was not given recently.
    pub async fn confirm_revocation(
        &self,
        caller: &Caller,
        id: FormId,
        number: &str,
        current_password: &PlainText,
    ) -> Outcome<bool> {
        let preview = self.revocation(caller, id).await?;
        if preview.selection.confirmed_at.is_none() && preview.asks_number() {
            let typed: String = number.chars().filter(char::is_ascii_digit).collect();
            if typed != preview.selection.tokens.to_string() {
                return Err(FieldProblem::ConfirmationWrong.into());
            }
        }
        self.confirm(Authority::Admin(caller), current_password).await?;
        let now = self.now();
        let stalled_before = now.plus_seconds(-STALLED_SECONDS);
        Ok(self.store.claim_selection(id, caller.rep.id, now, stalled_before).await?)
    }

    /// Revokes what is in a set, step by step. Each token that was live gets its entry in the log.
    ///
    /// # Errors
    /// Where the database fails; what was done until then stays done.
    pub async fn run_revocation(&self, caller: &Caller, id: FormId) -> Outcome<()> {
        let mut failures = 0;
        loop {
            let audit = self.entry(caller.actor(), AuditAction::TokenRevoked, AuditSubject::Nothing, &caller.origin);
            let each = AuditEntry { detail: "one of several that were chosen together".to_owned(), ..audit };
            match self.store.revoke_selected(id, STEP, &each).await {
                Ok(step) => {
                    failures = 0;
                    if self.settle(step).await.done == 0 {
                        return Ok(());
                    }
                }
                // Nothing of the step was done. Others may have held some of its tokens.
                Err(StoreError::Unavailable(cause)) if failures < RETRIES => {
                    failures += 1;
                    tracing::warn!(%cause, "a step of a revocation of many failed; trying it again");
                    tokio::time::sleep(RETRY * failures).await;
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}
