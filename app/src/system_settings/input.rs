//! An integration's setting, as a page asks for it.

use latchkey_domain::external_account::SettingKind;

/// A setting's input: what it asks for, what stands in it, and what is wrong with that.
#[derive(Debug, Clone)]
pub struct SettingInput {
    /// The setting's name among its integration's.
    pub name: String,
    /// Its label.
    pub label: String,
    /// What helps to fill it in; empty where nothing is needed.
    pub help: String,
    /// What it takes.
    pub kind: SettingKind,
    /// Whether it has to be filled in.
    pub required: bool,
    /// Whether it lies below "Advanced Settings".
    pub advanced: bool,
    /// What stands in it; never a credential.
    pub text: String,
    /// Whether a credential is stored.
    pub is_set: bool,
    /// Why it cannot be filled in.
    pub disabled: Option<&'static str>,
    /// What is wrong with it, in a sentence.
    pub problem: Option<String>,
    /// What somebody else has saved meanwhile, where that differs.
    pub meanwhile: Option<String>,
}

impl SettingInput {
    /// What the inputs of settings are called in their form, before the setting's own name.
    pub const PREFIX: &'static str = "setting_";
    /// The same for credentials: by it, forms that lost their session know what to forget.
    pub const CREDENTIAL_PREFIX: &'static str = "credential_";
    /// The name of the inputs that tell which credentials are to be removed.
    pub const FORGET: &'static str = "forget";
    /// What a switch's input sends where it is on.
    pub const ON: &'static str = "on";

    /// The input's name in its form.
    #[must_use]
    pub fn field_name(&self) -> String {
        let prefix = if self.kind == SettingKind::Credential { Self::CREDENTIAL_PREFIX } else { Self::PREFIX };
        format!("{prefix}{}", self.name)
    }

    /// The input's id.
    #[must_use]
    pub fn id(&self) -> String {
        format!("{}{}", Self::PREFIX, self.name)
    }

    /// Whether the switch is on.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.text == Self::ON
    }
}

/// Something wrong with a form: where, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where a link to it leads: to an element of the page, or of another step's.
    pub at: String,
    /// What is wrong and what to do.
    pub sentence: String,
}

impl Problem {
    /// Something wrong with the element of this id.
    #[must_use]
    pub fn new(id: &str, sentence: String) -> Self {
        Self { at: format!("#{id}"), sentence }
    }

    /// Whether it is the element of this id that is wrong.
    #[must_use]
    pub fn is_at(&self, id: &str) -> bool {
        self.at.strip_prefix('#') == Some(id)
    }
}
