//! Integrations: what each vendor's set-up asks for. They are data, read once at the start.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Catalog, ScopeName, ScopeSet};

use super::AccountLevel;

/// The text is neither an integration's code nor a setting's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it is lower-case letters and digits, in words joined by {0:?}, at most {max} characters", max = MAX_NAME_LENGTH)]
pub struct MalformedIntegrationName(char);

/// The longest code of an integration, and the longest name of a setting, in characters.
const MAX_NAME_LENGTH: usize = 64;

fn check_name(text: &str, joint: char) -> Result<(), MalformedIntegrationName> {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'));
    if text.len() <= MAX_NAME_LENGTH && text.split(joint).all(is_word) {
        Ok(())
    } else {
        Err(MalformedIntegrationName(joint))
    }
}

/// Stamps a name: words of lower-case letters and digits with one character between them.
macro_rules! name {
    ($(#[$about:meta])* $name:ident, $joint:literal) => {
        $(#[$about])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// The name as text.
            #[must_use]
            pub const fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = MalformedIntegrationName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                check_name(text, $joint).map(|()| Self(text.into()))
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedIntegrationName;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0.into()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }
    };
}

name! {
    /// Names an integration in addresses, in the database and on the wire: `assess-on-cloud`. Never changes, since
    /// accounts are kept under it.
    IntegrationCode, '-'
}
name! {
    /// Names a setting in forms, in the database and on the wire: `days_to_expire`. Never changes either.
    SettingName, '_'
}

/// What one vendor's set-up is, and what it asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Integration {
    /// Its name in addresses and on the wire.
    pub code: IntegrationCode,
    /// Its name on pages.
    pub label: String,
    /// What it is, in a sentence or two.
    pub description: String,
    /// What its token has to be able to do.
    pub scopes: IntegrationScopes,
    /// For whom it can be set up, in the form's order.
    pub levels: Vec<AccountLevel>,
    /// What is to be filled in, in the form's order.
    pub settings: Vec<IntegrationSetting>,
}

/// What an integration's token has to be able to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IntegrationScopes {
    /// These scopes.
    These(ScopeSet),
    /// Those that are chosen in its set-up.
    Chosen,
}

/// Something to be filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IntegrationSetting {
    /// Its name in forms and on the wire.
    pub name: SettingName,
    /// Its name on pages.
    pub label: String,
    /// What to know when filling it in; may be empty.
    pub help: String,
    /// What it takes.
    pub kind: SettingKind,
    /// Whether an account needs it.
    pub required: bool,
    /// Whether it stands under Advanced Settings.
    pub advanced: bool,
    /// In which step it is asked for.
    pub step: SetUpStep,
}

/// What a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// A whole number.
    Integer {
        /// The smallest.
        min: i64,
        /// The largest.
        max: i64,
    },
    /// A line of text, at most [`SettingKind::MAX_TEXT_LENGTH`] characters.
    Text,
    /// E-mail addresses with commas between, at most [`SettingKind::MAX_EMAILS`].
    Emails,
    /// Yes or no.
    Switch,
    /// A secret of the vendor's, at most [`SettingKind::MAX_CREDENTIAL_LENGTH`] characters. It is kept sealed, and
    /// no page ever shows it again.
    Credential,
}

impl SettingKind {
    /// The longest text, in Unicode scalar values.
    pub const MAX_TEXT_LENGTH: usize = 200;
    /// The most addresses in one setting.
    pub const MAX_EMAILS: usize = 50;
    /// The longest credential, in Unicode scalar values.
    pub const MAX_CREDENTIAL_LENGTH: usize = 1024;
}

/// A step of the set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SetUpStep {
    /// 1 Credentials.
    Credentials,
    /// 2 Additional Settings.
    Additional,
}

impl SetUpStep {
    /// Every step, in order.
    pub const ALL: [Self; 2] = [Self::Credentials, Self::Additional];

    /// The name in addresses, forms and the integrations' data.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::Additional => "additional",
        }
    }

    /// The name on pages.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Credentials => "Credentials",
            Self::Additional => "Additional Settings",
        }
    }

    /// The step with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.code() == code)
    }
}

impl Integration {
    /// What is left of an integration that is not among the data any more: its code, and nothing to fill in. Its
    /// accounts can be looked at, cancelled and revoked.
    #[must_use]
    pub fn gone(code: IntegrationCode) -> Self {
        Self {
            label: code.to_string(),
            code,
            description: "This integration is not offered any more.".to_owned(),
            scopes: IntegrationScopes::Chosen,
            levels: Vec::new(),
            settings: Vec::new(),
        }
    }

    /// The setting with this name.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&IntegrationSetting> {
        self.settings.iter().find(|setting| setting.name.as_str() == name)
    }

    /// The settings of a step, in the form's order.
    pub fn settings_of(&self, step: SetUpStep) -> impl Iterator<Item = &IntegrationSetting> {
        self.settings.iter().filter(move |setting| setting.step == step)
    }

    /// Whether the scopes are chosen in the set-up.
    #[must_use]
    pub const fn chooses_scopes(&self) -> bool {
        matches!(self.scopes, IntegrationScopes::Chosen)
    }

    /// The scopes that the token of an account needs, whose own choice was `chosen`.
    #[must_use]
    pub fn needed<'a>(&'a self, chosen: &'a ScopeSet) -> &'a ScopeSet {
        match &self.scopes {
            IntegrationScopes::These(scopes) => scopes,
            IntegrationScopes::Chosen => chosen,
        }
    }

    /// The first scope that it needs and the catalog does not have.
    #[must_use]
    pub fn unknown_scope(&self, catalog: &Catalog) -> Option<&ScopeName> {
        match &self.scopes {
            IntegrationScopes::These(scopes) => scopes.iter().find(|name| catalog.scope(name).is_none()),
            IntegrationScopes::Chosen => None,
        }
    }

    fn check(&self) -> Result<(), String> {
        let code = &self.code;
        if self.label.trim().is_empty() || self.description.trim().is_empty() {
            return Err(format!("{code} needs a label and a description"));
        }
        if self.levels.is_empty() {
            return Err(format!("{code} can be set up at no level"));
        }
        if matches!(&self.scopes, IntegrationScopes::These(scopes) if scopes.is_empty()) {
            return Err(format!("{code} needs no scope; a token has at least one"));
        }
        for (position, setting) in self.settings.iter().enumerate() {
            let name = &setting.name;
            if setting.label.trim().is_empty() {
                return Err(format!("the setting {name} of {code} has no label"));
            }
            if self.settings.iter().take(position).any(|other| other.name == *name) {
                return Err(format!("{code} has the setting {name} twice"));
            }
            if matches!(setting.kind, SettingKind::Integer { min, max } if min > max) {
                return Err(format!("the setting {name} of {code} takes no number"));
            }
        }
        Ok(())
    }
}

/// Why integrations are refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct IntegrationError {
    /// The integration at fault, counted from zero.
    pub position: usize,
    /// What is wrong, as a sentence for the operator.
    pub reason: String,
}

/// The integrations on offer, checked.
#[derive(Debug, Clone, Default)]
pub struct Integrations(Vec<Integration>);

impl Integrations {
    /// Checks the integrations: each is whole, no code stands there twice, every scope is in the catalog.
    ///
    /// # Errors
    /// The first rule that the data breaks, and where.
    pub fn new(integrations: Vec<Integration>, catalog: &Catalog) -> Result<Self, IntegrationError> {
        for (position, integration) in integrations.iter().enumerate() {
            let refuse = |reason| IntegrationError { position, reason };
            integration.check().map_err(refuse)?;
            if integrations.iter().take(position).any(|other| other.code == integration.code) {
                return Err(refuse(format!("{} stands there twice", integration.code)));
            }
            if let Some(scope) = integration.unknown_scope(catalog) {
                let reason = format!("{} needs the scope {scope}, which is not in the catalog", integration.code);
                return Err(refuse(reason));
            }
        }
        Ok(Self(integrations))
    }

    /// The integrations, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Integration> {
        self.0.iter()
    }

    /// The integration with this code.
    #[must_use]
    pub fn get(&self, code: &str) -> Option<&Integration> {
        self.0.iter().find(|integration| integration.code.as_str() == code)
    }

    /// The same, or what is left of one that is not on offer any more.
    #[must_use]
    pub fn get_or_gone(&self, code: &IntegrationCode) -> Integration {
        self.get(code.as_str()).cloned().unwrap_or_else(|| Integration::gone(code.clone()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Grant, Scope};

    fn catalog() -> Catalog {
        let scope = Scope {
            name: "things-read".parse().unwrap(),
            label: "Things Read".to_owned(),
            description: "See things.".to_owned(),
            sensitive: false,
            grant: Grant::Rep,
            routes: Vec::new(),
        };
        Catalog::new(vec![scope]).unwrap()
    }

    fn integration() -> Integration {
        let setting = |name: &str, kind| IntegrationSetting {
            name: name.parse().unwrap(),
            label: name.to_owned(),
            help: String::new(),
            kind,
            required: false,
            advanced: false,
            step: SetUpStep::Additional,
        };
        Integration {
            code: "a-vendor".parse().unwrap(),
            label: "A vendor".to_owned(),
            description: "It does things.".to_owned(),
            scopes: IntegrationScopes::These("things-read".parse().unwrap()),
            levels: vec![AccountLevel::System],
            settings: vec![
                setting("days", SettingKind::Integer { min: 1, max: 365 }),
                setting("name", SettingKind::Text),
            ],
        }
    }

    #[test]
    fn what_is_whole_is_taken() {
        let integrations = Integrations::new(vec![integration()], &catalog()).unwrap();
        assert_eq!(integrations.get("a-vendor"), Some(&integration()));
        assert_eq!(integrations.get("another"), None);
        assert_eq!(integrations.get_or_gone(&"another".parse().unwrap()).label, "another");
    }

    #[test]
    fn each_rule_names_what_breaks_it() {
        let reason = |change: fn(&mut Integration)| {
            let mut broken = integration();
            change(&mut broken);
            let error = Integrations::new(vec![integration(), broken], &catalog()).unwrap_err();
            assert_eq!(error.position, 1);
            error.reason
        };
        for (found, expected) in [
            (reason(|_| {}), "twice"),
            (reason(|broken| broken.label.clear()), "label"),
            (reason(|broken| broken.levels.clear()), "no level"),
            (reason(|broken| broken.scopes = IntegrationScopes::These(ScopeSet::default())), "no scope"),
            (reason(|broken| broken.settings.push(broken.settings[0].clone())), "days twice"),
            (reason(|broken| broken.settings[1].kind = SettingKind::Integer { min: 2, max: 1 }), "no number"),
            (
                reason(|broken| {
                    broken.code = "b-vendor".parse().unwrap();
                    broken.scopes = IntegrationScopes::These("no-such".parse().unwrap());
                }),
                "no-such, which is not in the catalog",
            ),
        ] {
            assert!(found.contains(expected), "{found}");
        }
    }

    #[test]
    fn names_are_words() {
        for text in ["", "-", "a--b", "A", "a_b", "é", &"a".repeat(65)] {
            assert!(text.parse::<IntegrationCode>().is_err(), "{text:?}");
        }
        assert!("assess-on-cloud".parse::<IntegrationCode>().is_ok());
        assert!("days_to_expire".parse::<SettingName>().is_ok());
        assert!("days-to-expire".parse::<SettingName>().is_err());
    }

    proptest! {
        #[test]
        fn any_text_gets_an_answer(text in any::<String>()) {
            let _ = (text.parse::<IntegrationCode>(), text.parse::<SettingName>(), SetUpStep::parse(&text));
        }
    }
}
