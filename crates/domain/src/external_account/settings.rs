//! What is filled in: from the text of a field to a value that is kept.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::person::is_not_for_display;
use crate::{Email, FieldProblem};

use super::{Integration, IntegrationSetting, SettingKind, SettingName, SettingProblem};

/// The value of a setting. On the wire and in the database it is JSON's own kind of value: a number, a text, a list
/// of addresses, true or false. A credential is none of these: it is kept elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum SettingValue {
    /// Yes or no.
    Switch(bool),
    /// A whole number.
    Integer(i64),
    /// A line of text.
    Text(String),
    /// E-mail addresses.
    Emails(Vec<String>),
}

impl SettingValue {
    /// Reads what was typed for a setting of this kind; `None` where nothing was. Switches come as `on`, or not at
    /// all; a credential is never read here.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(kind: SettingKind, typed: &str) -> Result<Option<Self>, SettingProblem> {
        let text = typed.trim();
        match kind {
            SettingKind::Switch => match text {
                "" => Ok(None),
                "on" | "true" => Ok(Some(Self::Switch(true))),
                _ => Err(SettingProblem::NotASwitch),
            },
            SettingKind::Credential => Ok(None),
            SettingKind::Integer { .. } | SettingKind::Text | SettingKind::Emails if text.is_empty() => Ok(None),
            SettingKind::Integer { min, max } => {
                let digits = text.strip_prefix('-').unwrap_or(text);
                let is_written_out = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
                let number = is_written_out.then(|| text.parse::<i64>());
                match number {
                    None => Err(SettingProblem::NotWhole),
                    Some(Ok(number)) if (min..=max).contains(&number) => Ok(Some(Self::Integer(number))),
                    // A number that no i64 can hold is out of every range.
                    Some(_) => Err(SettingProblem::OutOfRange),
                }
            }
            SettingKind::Text => parse_text(text).map(|text| Some(Self::Text(text))),
            SettingKind::Emails => parse_emails(text).map(|emails| emails.map(Self::Emails)),
        }
    }

    /// The value as it stands in its field, from which [`SettingValue::parse`] makes it again.
    #[must_use]
    pub fn typed(&self) -> String {
        match self {
            Self::Switch(on) => if *on { "on" } else { "" }.to_owned(),
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => text.clone(),
            Self::Emails(emails) => emails.join(", "),
        }
    }

    /// Whether a setting of this kind can have it.
    #[must_use]
    pub const fn fits(&self, kind: SettingKind) -> bool {
        matches!(
            (self, kind),
            (Self::Switch(_), SettingKind::Switch)
                | (Self::Integer(_), SettingKind::Integer { .. })
                | (Self::Text(_), SettingKind::Text)
                | (Self::Emails(_), SettingKind::Emails)
        )
    }
}

fn parse_text(text: &str) -> Result<String, SettingProblem> {
    if text.chars().count() > SettingKind::MAX_TEXT_LENGTH {
        Err(SettingProblem::TooLong { most: SettingKind::MAX_TEXT_LENGTH })
    } else if text.chars().any(is_not_for_display) {
        Err(SettingProblem::ForbiddenCharacter)
    } else {
        Ok(text.to_owned())
    }
}

/// The pieces of a list of addresses, those that are nothing but white space left out: a comma at the end is no
/// mistake. An address is found to be wrong by its position among these.
pub(super) fn pieces(typed: &str) -> impl Iterator<Item = &str> {
    typed.split(',').map(str::trim).filter(|piece| !piece.is_empty())
}

fn parse_emails(typed: &str) -> Result<Option<Vec<String>>, SettingProblem> {
    let mut seen = BTreeSet::new();
    let mut emails = Vec::new();
    for (position, piece) in pieces(typed).enumerate() {
        let email = Email::parse(piece).map_err(|_: FieldProblem| SettingProblem::EmailInvalid { position })?;
        // Kept as typed: the part before the @ is the receiver's to read. Twice the same is once.
        if seen.insert(email.to_string()) {
            emails.push(piece.to_owned());
        }
    }
    match emails.len() {
        0 => Ok(None),
        1..=SettingKind::MAX_EMAILS => Ok(Some(emails)),
        _ => Err(SettingProblem::TooManyEmails),
    }
}

/// What is wrong with a credential that was typed, as far as its text tells. White space counts: it may be part of a
/// password.
#[must_use]
pub fn credential_problem(typed: &str) -> Option<SettingProblem> {
    if typed.chars().count() > SettingKind::MAX_CREDENTIAL_LENGTH {
        Some(SettingProblem::TooLong { most: SettingKind::MAX_CREDENTIAL_LENGTH })
    } else if typed.chars().any(is_not_for_display) {
        Some(SettingProblem::ForbiddenCharacter)
    } else {
        None
    }
}

/// What an account's settings are. Credentials are not among them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountSettings(BTreeMap<SettingName, SettingValue>);

impl AccountSettings {
    /// The value of a setting, where it has one.
    #[must_use]
    pub fn get(&self, name: &SettingName) -> Option<&SettingValue> {
        self.0.get(name)
    }

    /// Sets a value, or takes it away.
    pub fn set(&mut self, name: SettingName, value: Option<SettingValue>) {
        match value {
            Some(value) => self.0.insert(name, value),
            None => self.0.remove(&name),
        };
    }

    /// The value of a setting as an integration understands it: that of a switch is never absent, and one of another
    /// kind than the setting's, from before the integration changed, is none.
    #[must_use]
    pub fn value(&self, setting: &IntegrationSetting) -> Option<SettingValue> {
        let value = self.get(&setting.name).filter(|value| value.fits(setting.kind)).cloned();
        match setting.kind {
            SettingKind::Switch => Some(value.unwrap_or(SettingValue::Switch(false))),
            _ => value,
        }
    }

    /// The settings that an account of this integration needs and has not: for credentials, `has` says which there
    /// are.
    pub fn missing<'a>(
        &'a self,
        integration: &'a Integration,
        has: impl Fn(&SettingName) -> bool + 'a,
    ) -> impl Iterator<Item = &'a IntegrationSetting> {
        integration.settings.iter().filter(move |setting| {
            setting.required
                && match setting.kind {
                    SettingKind::Credential => !has(&setting.name),
                    _ => self.value(setting).is_none(),
                }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAYS: SettingKind = SettingKind::Integer { min: 1, max: 365 };

    #[test]
    fn days_to_expire_are_whole_and_from_1_to_365() {
        for (typed, expected) in [
            ("1", Ok(Some(1))),
            (" 365 ", Ok(Some(365))),
            ("030", Ok(Some(30))),
            ("", Ok(None)),
            ("0", Err(SettingProblem::OutOfRange)),
            ("366", Err(SettingProblem::OutOfRange)),
            ("-1", Err(SettingProblem::OutOfRange)),
            ("99999999999999999999", Err(SettingProblem::OutOfRange)),
            ("30.0", Err(SettingProblem::NotWhole)),
            ("thirty", Err(SettingProblem::NotWhole)),
            ("+30", Err(SettingProblem::NotWhole)),
            ("-", Err(SettingProblem::NotWhole)),
            ("٣٠", Err(SettingProblem::NotWhole)),
        ] {
            assert_eq!(
                SettingValue::parse(DAYS, typed),
                expected.map(|days| days.map(SettingValue::Integer)),
                "{typed:?}"
            );
        }
    }

    #[test]
    fn each_address_of_a_list_is_checked_and_the_bad_one_is_found() {
        let parsed = |typed: &str| SettingValue::parse(SettingKind::Emails, typed);
        let emails =
            |list: &[&str]| Ok(Some(SettingValue::Emails(list.iter().map(|&email| email.to_owned()).collect())));
        assert_eq!(parsed("Ann@Example.com"), emails(&["Ann@Example.com"]));
        assert_eq!(parsed(" ann@example.com ,bob@example.com, "), emails(&["ann@example.com", "bob@example.com"]));
        assert_eq!(parsed("ann@example.com,ANN@example.com"), emails(&["ann@example.com"]));
        assert_eq!(parsed(" , "), Ok(None));
        assert_eq!(parsed("ann@example.com, bob, eve@example.com"), Err(SettingProblem::EmailInvalid { position: 1 }));
        assert_eq!(parsed("ann@example.com; bob@example.com"), Err(SettingProblem::EmailInvalid { position: 0 }));
        let many: Vec<String> = (0..51).map(|number| format!("a{number}@example.com")).collect();
        assert_eq!(parsed(&many.join(",")), Err(SettingProblem::TooManyEmails));
        assert!(parsed(&many[..50].join(",")).is_ok());
    }

    #[test]
    fn texts_and_switches() {
        let text = |typed: &str| SettingValue::parse(SettingKind::Text, typed);
        assert_eq!(text(" M-17 "), Ok(Some(SettingValue::Text("M-17".to_owned()))));
        assert_eq!(text(&"é".repeat(201)), Err(SettingProblem::TooLong { most: 200 }));
        assert_eq!(text("a\u{202e}b"), Err(SettingProblem::ForbiddenCharacter));
        let switch = |typed: &str| SettingValue::parse(SettingKind::Switch, typed);
        assert_eq!(switch("on"), Ok(Some(SettingValue::Switch(true))));
        assert_eq!(switch(""), Ok(None));
        assert_eq!(switch("maybe"), Err(SettingProblem::NotASwitch));
        assert_eq!(credential_problem(" pass word "), None);
        assert_eq!(credential_problem("a\nb"), Some(SettingProblem::ForbiddenCharacter));
        assert_eq!(credential_problem(&"é".repeat(1025)), Some(SettingProblem::TooLong { most: 1024 }));
    }

    #[test]
    fn values_stand_as_json_has_them() {
        let mut settings = AccountSettings::default();
        for (name, value) in [
            ("days", SettingValue::Integer(30)),
            ("emails", SettingValue::Emails(vec!["ann@example.com".to_owned()])),
            ("manager", SettingValue::Text("17".to_owned())),
            ("thanks", SettingValue::Switch(true)),
        ] {
            settings.set(name.parse().unwrap(), Some(value));
        }
        let json = serde_json::to_string(&settings).unwrap();
        assert_eq!(json, r#"{"days":30,"emails":["ann@example.com"],"manager":"17","thanks":true}"#);
        assert_eq!(serde_json::from_str::<AccountSettings>(&json).unwrap(), settings);
        assert!(serde_json::from_str::<AccountSettings>(r#"{"No Name":1}"#).is_err());
    }

    fn kinds() -> impl Strategy<Value = SettingKind> {
        prop_oneof![
            (any::<i64>(), any::<i64>())
                .prop_map(|(one, two)| SettingKind::Integer { min: one.min(two), max: one.max(two) }),
            Just(SettingKind::Text),
            Just(SettingKind::Emails),
            Just(SettingKind::Switch),
            Just(SettingKind::Credential),
        ]
    }

    fn addresses() -> impl Strategy<Value = String> {
        "[a-z][a-z0-9.+-]{0,10}@[a-z][a-z0-9]{0,8}\\.(com|org)"
    }

    proptest! {
        /// Whatever is typed gets an answer, and what is taken is read as the same when it is shown again.
        #[test]
        fn what_is_taken_is_taken_again(kind in kinds(), typed in any::<String>()) {
            if let Ok(Some(value)) = SettingValue::parse(kind, &typed) {
                prop_assert!(value.fits(kind));
                prop_assert_eq!(SettingValue::parse(kind, &value.typed()), Ok(Some(value)));
            }
        }

        #[test]
        fn a_number_is_taken_exactly_within_its_range(min in -500_i64..500, length in 0_i64..500, number in -1200_i64..1200) {
            let kind = SettingKind::Integer { min, max: min + length };
            let parsed = SettingValue::parse(kind, &number.to_string());
            if (min..=min + length).contains(&number) {
                prop_assert_eq!(parsed, Ok(Some(SettingValue::Integer(number))));
            } else {
                prop_assert_eq!(parsed, Err(SettingProblem::OutOfRange));
            }
        }

        /// A list is taken exactly when each of its addresses would be taken alone; otherwise the first bad one is
        /// named.
        #[test]
        fn a_list_is_as_good_as_its_addresses(
            list in prop::collection::vec(prop_oneof![4 => addresses(), 1 => "[a-z ]{1,6}", 1 => "[a-z]{1,4}@"], 1..8),
        ) {
            let typed = list.join(" , ");
            let kept: Vec<&str> = list.iter().map(|piece| piece.trim()).filter(|piece| !piece.is_empty()).collect();
            let bad = kept.iter().position(|piece| Email::parse(piece).is_err());
            match (SettingValue::parse(SettingKind::Emails, &typed), bad) {
                (Ok(value), None) => {
                    let emails = match value {
                        Some(SettingValue::Emails(emails)) => emails,
                        _ => Vec::new(),
                    };
                    prop_assert!(emails.iter().all(|email| kept.contains(&email.as_str())));
                    prop_assert!(kept.iter().all(|piece| emails.iter().any(|email| email.eq_ignore_ascii_case(piece))));
                }
                (found, bad) => prop_assert_eq!(found.err(), bad.map(|position| SettingProblem::EmailInvalid { position })),
            }
        }
    }
}
