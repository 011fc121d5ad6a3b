//! The forms of an account, as they are typed.

use std::collections::BTreeMap;

use crate::{PlainText, ScopeName, ScopeSet};

use super::{
    AccountErrors, AccountLevel, AccountPlace, AccountProblem, AccountSettings, Integration, IntegrationCode,
    Integrations, SetUpStep, SettingKind, SettingName, SettingProblem, SettingValue, credential_problem,
};

/// The form that starts an account, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewAccountForm {
    /// The code of an integration.
    pub integration: String,
    /// The code of a level.
    pub level: String,
    /// The name of the company or branch, or the address of the service rep; not looked at for the system.
    pub entity: String,
}

/// A form that starts an account, well formed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// Of which integration.
    pub integration: IntegrationCode,
    /// For whom.
    pub place: AccountPlace,
}

impl NewAccountForm {
    /// Reads the form.
    ///
    /// # Errors
    /// Every field that is wrong, each with its first problem.
    pub fn parse(&self, integrations: &Integrations) -> Result<NewAccount, AccountErrors> {
        let mut errors = AccountErrors::default();
        let integration =
            errors.take(integrations.get(self.integration.trim()).ok_or(AccountProblem::IntegrationUnknown));
        let level = errors.take(AccountLevel::parse(&self.level).ok_or(AccountProblem::LevelUnknown));
        if let (Some(integration), Some(level)) = (integration, level)
            && !integration.levels.contains(&level)
        {
            errors.add(AccountProblem::LevelNotOffered);
        }
        let place = level.and_then(|level| errors.take(AccountPlace::parse(level, &self.entity)));
        match (integration, place) {
            (Some(integration), Some(place)) if errors.is_empty() => {
                Ok(NewAccount { integration: integration.code.clone(), place })
            }
            _ => Err(errors),
        }
    }
}

/// One step of an account's set-up, as it was typed. A step comes whole: a setting of the step that is not there
/// counts as left empty, a switch as off.
#[derive(Debug, Clone)]
pub struct AccountForm {
    /// Which version of the account the form was made of.
    pub version: String,
    /// The step.
    pub step: SetUpStep,
    /// What was typed, by the settings' names. Credentials are not among them.
    pub values: BTreeMap<String, String>,
    /// Credentials that were typed, by the settings' names. One that is left empty stays as it is.
    pub credentials: BTreeMap<String, PlainText>,
    /// The names of credentials that are to be forgotten.
    pub forgotten: Vec<String>,
    /// The names of the chosen scopes, where the step asks for them.
    pub scopes: Option<Vec<String>>,
}

/// What of a step can be kept, and what is wrong with the rest.
#[derive(Debug, Clone)]
pub struct ParsedAccount {
    /// The settings from before with those of the step that are well formed. A setting that was typed wrong is what
    /// it was before.
    pub settings: AccountSettings,
    /// The chosen scopes, where the step asks for them and they are well formed.
    pub scopes: Option<ScopeSet>,
    /// The names of credentials that are to be replaced by what was typed.
    pub credentials: Vec<SettingName>,
    /// The names of credentials that are to be forgotten.
    pub forgotten: Vec<SettingName>,
    /// Everything that is wrong.
    pub errors: AccountErrors,
}

impl AccountForm {
    /// A step in which nothing was typed.
    #[must_use]
    pub fn empty(step: SetUpStep, version: i64) -> Self {
        Self {
            version: version.to_string(),
            step,
            values: BTreeMap::new(),
            credentials: BTreeMap::new(),
            forgotten: Vec::new(),
            scopes: None,
        }
    }

    /// The version of the account that the form was made of; one that is no number is no account's.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version.trim().parse().unwrap_or_default()
    }

    /// Reads the step of an account of this integration, whose settings were `before`. Nothing that is left empty is
    /// wrong here: whether the account is complete is judged when it is submitted. `can_keep` says whether there is a
    /// key to keep credentials under.
    #[must_use]
    pub fn parse(&self, integration: &Integration, before: &AccountSettings, can_keep: bool) -> ParsedAccount {
        let mut parsed = ParsedAccount {
            settings: before.clone(),
            scopes: None,
            credentials: Vec::new(),
            forgotten: Vec::new(),
            errors: AccountErrors::default(),
        };
        for setting in integration.settings_of(self.step) {
            let name = setting.name.clone();
            if setting.kind == SettingKind::Credential {
                let typed = self.credentials.get(name.as_str()).filter(|typed| !typed.is_empty());
                let problem = typed.and_then(|typed| {
                    if can_keep { credential_problem(typed.expose()) } else { Some(SettingProblem::CannotBeKept) }
                });
                if let Some(problem) = problem {
                    parsed.errors.add(AccountProblem::Setting(name, problem));
                } else if typed.is_some() {
                    parsed.credentials.push(name);
                } else if self.forgotten.iter().any(|forgotten| forgotten == name.as_str()) {
                    parsed.forgotten.push(name);
                }
                continue;
            }
            let typed = self.values.get(name.as_str()).map_or("", String::as_str);
            match SettingValue::parse(setting.kind, typed) {
                Ok(value) => parsed.settings.set(name, value),
                Err(problem) => parsed.errors.add(AccountProblem::Setting(name, problem)),
            }
        }
        if let Some(scopes) = self.scopes.as_ref().filter(|_| integration.chooses_scopes()) {
            let names = scopes.iter().map(|name| name.parse::<ScopeName>());
            let scopes = names.collect::<Result<ScopeSet, _>>().map_err(|_| AccountProblem::ScopeUnknown);
            parsed.scopes = parsed.errors.take(scopes);
        }
        parsed
    }
}

/// The form that generates an account's token, as it was typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccountTokenForm {
    /// Which version of the account the form was made of.
    pub version: String,
    /// The address of whoever will own the token: a service rep or a service.
    pub owner: String,
    /// What the token is for.
    pub description: String,
    /// A lifetime's code.
    pub expiration: String,
    /// From where the token may be used, as the add form takes it.
    pub addresses: String,
    /// Whether the token may read the vendor's credentials too.
    pub reads_credentials: bool,
}

impl AccountTokenForm {
    /// The version of the account that the form was made of; one that is no number is no account's.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version.trim().parse().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::external_account::{AccountField, IntegrationScopes, IntegrationSetting};

    fn integration() -> Integration {
        let setting = |name: &str, kind, step| IntegrationSetting {
            name: name.parse().unwrap(),
            label: name.to_owned(),
            help: String::new(),
            kind,
            required: true,
            advanced: false,
            step,
        };
        Integration {
            code: "a-vendor".parse().unwrap(),
            label: "A vendor".to_owned(),
            description: "It does things.".to_owned(),
            scopes: IntegrationScopes::Chosen,
            levels: vec![AccountLevel::System, AccountLevel::Branch],
            settings: vec![
                setting("password", SettingKind::Credential, SetUpStep::Credentials),
                setting("days", SettingKind::Integer { min: 1, max: 365 }, SetUpStep::Additional),
                setting("emails", SettingKind::Emails, SetUpStep::Additional),
                setting("thanks", SettingKind::Switch, SetUpStep::Additional),
            ],
        }
    }

    fn step(values: &[(&str, &str)]) -> AccountForm {
        let values = values.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        AccountForm { values, ..AccountForm::empty(SetUpStep::Additional, 1) }
    }

    #[test]
    fn a_new_account_names_its_integration_and_place() {
        let scope = crate::Scope {
            name: "x".parse().unwrap(),
            label: "X".to_owned(),
            description: "x".to_owned(),
            sensitive: false,
            grant: crate::Grant::Rep,
            routes: Vec::new(),
        };
        let catalog = crate::Catalog::new(vec![scope]).unwrap();
        let integrations = Integrations::new(vec![integration()], &catalog).unwrap();
        let parse = |integration: &str, level: &str, entity: &str| {
            let [integration, level, entity] = [integration, level, entity].map(str::to_owned);
            NewAccountForm { integration, level, entity }.parse(&integrations)
        };
        let account = parse("a-vendor", "system", "").unwrap();
        assert_eq!((account.integration.as_str(), account.place), ("a-vendor", AccountPlace::System));
        let problems = |integration, level, entity| -> Vec<AccountProblem> {
            parse(integration, level, entity).unwrap_err().iter().cloned().collect()
        };
        assert_eq!(problems("", "", ""), [AccountProblem::IntegrationUnknown, AccountProblem::LevelUnknown]);
        assert_eq!(problems("a-vendor", "company", "x"), [AccountProblem::LevelNotOffered]);
        assert_eq!(problems("a-vendor", "branch", ""), [AccountProblem::EntityMissing]);
    }

    #[test]
    fn what_is_well_formed_is_kept_and_the_rest_is_named() {
        let integration = integration();
        let before = step(&[("days", "30"), ("thanks", "on")]).parse(&integration, &AccountSettings::default(), true);
        assert!(before.errors.is_empty());
        let parsed = step(&[("days", "400"), ("emails", "a@example.com")]).parse(&integration, &before.settings, true);
        assert_eq!(parsed.errors.iter().count(), 1);
        let value = |name: &str| parsed.settings.get(&name.parse().unwrap()).cloned();
        assert_eq!(value("days"), Some(SettingValue::Integer(30)), "what was typed wrong changes nothing");
        assert_eq!(value("emails"), Some(SettingValue::Emails(vec!["a@example.com".to_owned()])));
        assert_eq!(value("thanks"), None, "a switch that is not sent is off");
        let missing: Vec<&str> =
            parsed.settings.missing(&integration, |_| false).map(|setting| setting.label.as_str()).collect();
        assert_eq!(missing, ["password"]);
    }

    #[test]
    fn credentials_are_named_only() {
        let integration = integration();
        let mut form = AccountForm::empty(SetUpStep::Credentials, 1);
        form.credentials.insert("password".to_owned(), PlainText::new("hunter2".to_owned()));
        let parsed = form.parse(&integration, &AccountSettings::default(), true);
        assert_eq!(parsed.credentials, ["password".parse().unwrap()]);
        assert!(!format!("{form:?} {parsed:?}").contains("hunter2"));
        let refused = form.parse(&integration, &AccountSettings::default(), false);
        assert!(refused.credentials.is_empty());
        let field = AccountField::Setting("password".parse().unwrap());
        assert!(matches!(refused.errors.at(&field), Some(AccountProblem::Setting(_, SettingProblem::CannotBeKept))));
        let mut forget = AccountForm::empty(SetUpStep::Credentials, 1);
        forget.forgotten.push("password".to_owned());
        assert_eq!(forget.parse(&integration, &AccountSettings::default(), true).forgotten.len(), 1);
    }

    #[test]
    fn scopes_are_chosen_where_they_are_asked_for() {
        let integration = integration();
        let parse = |scopes: Option<&[&str]>| {
            let scopes = scopes.map(|scopes| scopes.iter().map(|&scope| scope.to_owned()).collect());
            AccountForm { scopes, ..step(&[]) }.parse(&integration, &AccountSettings::default(), true)
        };
        assert_eq!(parse(None).scopes, None);
        assert_eq!(parse(Some(&["b-read", "a-read"])).scopes.unwrap().to_string(), "a-read b-read");
        assert_eq!(parse(Some(&["No Such"])).errors.iter().next(), Some(&AccountProblem::ScopeUnknown));
    }
}
