//! What the steps of a set-up show.

use latchkey_domain::external_account::SetUpStep;
use latchkey_domain::view::ScopeView;
use latchkey_domain::{Refusal, Timestamp};
use latchkey_service::{AccountSummary, AccountToken, Confirmation};

use super::{Problem, SettingInput};
use crate::Said;

/// One step of a set-up.
#[derive(Debug, Clone)]
pub struct WizardPage {
    /// What is being set up.
    pub account: AccountSummary,
    /// The steps, in order.
    pub steps: Vec<StepOfWizard>,
    /// The step that is shown.
    pub current: SetUpStep,
    /// Its inputs.
    pub inputs: Vec<SettingInput>,
    /// The scopes to choose from, in the step that leaves them open.
    pub scopes: Option<ScopesInput>,
    /// The field for the token, in the last step.
    pub token: Option<TokenInput>,
    /// What is wrong, in the form's order.
    pub problems: Vec<Problem>,
    /// Why the form was refused as a whole.
    pub refusal: Option<Refusal>,
    /// What has just been done, or was not.
    pub notice: Option<Said>,
    /// Whether to ask if the set-up is to be given up.
    pub asks_to_cancel: bool,
    /// The instant that ages are told from.
    pub now: Timestamp,
}

/// A step in the row of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepOfWizard {
    /// Which.
    pub step: SetUpStep,
    /// Whether nothing in it is wrong or missing.
    pub is_done: bool,
}

/// The field for the token.
#[derive(Debug, Clone)]
pub struct TokenInput {
    /// The token that it holds.
    pub token: Option<AccountToken>,
    /// What is wrong with it.
    pub problem: Option<String>,
    /// What the token opens.
    pub checks: Option<Confirmation>,
}

impl TokenInput {
    /// The input's name in its form, and its id. What is typed into it is a secret.
    pub const NAME: &'static str = "tempworks_token";
    /// Its label.
    pub const LABEL: &'static str = "Tempworks Token";
    /// What it is.
    pub const HELP: &'static str = "This is the personal access token generated in the user settings";
}

/// The choice of scopes.
#[derive(Debug, Clone)]
pub struct ScopesInput {
    /// What can be chosen.
    pub offered: Vec<ScopeView>,
    /// The names of those that are.
    pub ticked: Vec<String>,
    /// What is wrong with the choice.
    pub problem: Option<Refusal>,
}

/// What the buttons of an account's forms are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WizardAction {
    /// Keep what is typed.
    Save,
    /// Keep it and show another step.
    Go(SetUpStep),
    /// Keep it and show the next step, if nothing is missing in this one.
    Next,
    /// Keep it and make the account active.
    Submit,
    /// Keep it and generate a token.
    Generate,
    /// Ask whether to give the set-up up.
    Cancel,
    /// Give the set-up up.
    Discard,
    /// Generate the token that the form is about.
    Issue,
    /// End the token of an account that is set up.
    Revoke,
}

impl WizardAction {
    /// The value of the form's field `action`.
    #[must_use]
    pub fn code(self) -> String {
        match self {
            Self::Save => "save".to_owned(),
            Self::Go(step) => format!("go-{}", step.code()),
            Self::Next => "next".to_owned(),
            Self::Submit => "submit".to_owned(),
            Self::Generate => "generate".to_owned(),
            Self::Cancel => "cancel".to_owned(),
            Self::Discard => "discard".to_owned(),
            Self::Issue => "issue".to_owned(),
            Self::Revoke => "revoke".to_owned(),
        }
    }

    /// The action with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let simple = [
            Self::Save,
            Self::Next,
            Self::Submit,
            Self::Generate,
            Self::Cancel,
            Self::Discard,
            Self::Issue,
            Self::Revoke,
        ];
        let steps = SetUpStep::ALL.into_iter().map(Self::Go);
        simple.into_iter().chain(steps).find(|action| action.code() == code)
    }
}

impl WizardPage {
    /// The step before the one that is shown.
    #[must_use]
    pub fn previous(&self) -> Option<SetUpStep> {
        SetUpStep::ALL.into_iter().rev().find(|step| *step < self.current)
    }

    /// Whether the step that is shown is the last.
    #[must_use]
    pub fn is_last(&self) -> bool {
        SetUpStep::ALL.last() == Some(&self.current)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_leads_back_to_its_code() {
        for action in [WizardAction::Save, WizardAction::Go(SetUpStep::Credentials), WizardAction::Revoke] {
            assert_eq!(WizardAction::parse(&action.code()), Some(action));
        }
        assert_eq!(WizardAction::parse("go-"), None);
        assert_eq!(WizardAction::parse(""), None);
    }
}
