//! What the server gives to the page of the policy.

use latchkey_domain::{PolicyForm, Refusal};
use latchkey_service::{PolicyOverview, PolicyPreview};

use super::Said;

/// The policy, the form that changes it, and what would come of that.
#[derive(Debug, Clone)]
pub struct PolicyPage {
    /// What holds.
    pub overview: PolicyOverview,
    /// The form, as it was typed; as what holds would fill it in, for `None`.
    pub typed: Option<PolicyForm>,
    /// What would come of it, once that was asked and nothing is wrong with it.
    pub preview: Option<Box<PolicyPreview>>,
    /// Why the form was refused, or its confirmation.
    pub refusal: Option<Refusal>,
    /// What has just been done, or was not.
    pub notice: Option<Said>,
}

impl PolicyPage {
    /// What the form shows.
    pub(crate) fn form(&self) -> PolicyForm {
        self.typed.clone().unwrap_or_else(|| PolicyForm::of(&self.overview.stored.policy))
    }
}
