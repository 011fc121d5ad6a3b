//! Reading the integrations from their TOML text.
//!
//! The rules are the domain's ([`Integrations::new`]); this file adds the line at which one is broken.

use std::ops::Range;

use latchkey_domain::external_account::{
    AccountLevel, Integration, IntegrationCode, IntegrationScopes, IntegrationSetting, Integrations, SetUpStep,
    SettingKind, SettingName,
};
use latchkey_domain::{Catalog, ScopeName};
use serde::Deserialize;
use toml::Spanned;

use crate::catalog_file::line_of;

/// The integrations that Latchkey starts with, as TOML.
pub const DEFAULT_INTEGRATIONS: &str = include_str!("../integrations/default.toml");

/// Why the integrations' text is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct IntegrationsFileError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    integration: Vec<Spanned<IntegrationEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IntegrationEntry {
    code: IntegrationCode,
    label: String,
    description: String,
    scopes: Option<Vec<ScopeName>>,
    levels: Vec<Spanned<String>>,
    #[serde(default)]
    setting: Vec<Spanned<SettingEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingEntry {
    name: SettingName,
    label: String,
    #[serde(default)]
    help: String,
    kind: String,
    min: Option<i64>,
    max: Option<i64>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    advanced: bool,
    step: String,
}

/// Reads and checks integrations.
///
/// # Errors
/// The first thing that is wrong with them, and its line: a scope that the catalog does not have, among others.
pub fn read_integrations(text: &str, catalog: &Catalog) -> Result<Integrations, IntegrationsFileError> {
    let (integrations, places) = read(text)?;
    Integrations::new(integrations, catalog).map_err(|error| IntegrationsFileError {
        line: line_of(text, places.get(error.position).cloned()),
        reason: error.reason,
    })
}

/// The integrations that Latchkey starts with, as far as a catalog has their scopes, and the codes of those that are
/// left out. The built-in catalog leaves none out.
///
/// # Errors
/// What is wrong with the text inside, which a test makes sure of not to be.
pub fn fitting_integrations(catalog: &Catalog) -> Result<(Integrations, Vec<IntegrationCode>), IntegrationsFileError> {
    let (integrations, _) = read(DEFAULT_INTEGRATIONS)?;
    let (fitting, others): (Vec<Integration>, Vec<Integration>) =
        integrations.into_iter().partition(|integration| integration.unknown_scope(catalog).is_none());
    let integrations =
        Integrations::new(fitting, catalog).map_err(|error| IntegrationsFileError { line: 1, reason: error.reason })?;
    Ok((integrations, others.into_iter().map(|integration| integration.code).collect()))
}

fn read(text: &str) -> Result<(Vec<Integration>, Vec<Range<usize>>), IntegrationsFileError> {
    let error = |span, reason| IntegrationsFileError { line: line_of(text, span), reason };
    let file: File = toml::from_str(text).map_err(|found| error(found.span(), found.message().to_owned()))?;
    let mut places = Vec::with_capacity(file.integration.len());
    let mut integrations = Vec::with_capacity(file.integration.len());
    for entry in file.integration {
        places.push(entry.span());
        let entry = entry.into_inner();
        let mut levels = Vec::with_capacity(entry.levels.len());
        for level in entry.levels {
            let unknown = || error(Some(level.span()), format!("{} is no level", level.get_ref()));
            levels.push(AccountLevel::parse(level.get_ref()).ok_or_else(unknown)?);
        }
        let mut settings = Vec::with_capacity(entry.setting.len());
        for setting in entry.setting {
            let span = setting.span();
            settings.push(setting.into_inner().read().map_err(|reason| error(Some(span), reason))?);
        }
        let scopes = entry.scopes.map(|names| names.into_iter().collect());
        integrations.push(Integration {
            code: entry.code,
            label: entry.label,
            description: entry.description,
            scopes: scopes.map_or(IntegrationScopes::Chosen, IntegrationScopes::These),
            levels,
            settings,
        });
    }
    Ok((integrations, places))
}

impl SettingEntry {
    fn read(self) -> Result<IntegrationSetting, String> {
        let Self { name, label, help, kind, min, max, required, advanced, step } = self;
        let kind = match (kind.as_str(), min, max) {
            ("integer", Some(min), Some(max)) => SettingKind::Integer { min, max },
            ("integer", ..) => return Err(format!("{name} is an integer and needs min and max")),
            (_, Some(_), _) | (_, _, Some(_)) => return Err(format!("{name} is no integer and has no min or max")),
            ("text", ..) => SettingKind::Text,
            ("emails", ..) => SettingKind::Emails,
            ("switch", ..) => SettingKind::Switch,
            ("credential", ..) => SettingKind::Credential,
            (other, ..) => return Err(format!("{name}: {other} is no kind of setting")),
        };
        let step = SetUpStep::parse(&step).ok_or_else(|| format!("{name}: {step} is no step"))?;
        Ok(IntegrationSetting { name, label, help, kind, required, advanced, step })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{DEFAULT_CATALOG, read_catalog};

    fn catalog() -> Catalog {
        read_catalog(DEFAULT_CATALOG).unwrap()
    }

    fn error(text: &str) -> (usize, String) {
        let error = read_integrations(text, &catalog()).err().unwrap();
        (error.line, error.reason)
    }

    #[test]
    fn the_default_fits_the_built_in_catalog() {
        let integrations = read_integrations(DEFAULT_INTEGRATIONS, &catalog()).unwrap();
        let labels: Vec<&str> = integrations.iter().map(|integration| integration.label.as_str()).collect();
        assert_eq!(labels, ["Assess on Cloud", "E-Verify", "Background Checks", "Job Boards", "Generic Vendor"]);
        assert!(fitting_integrations(&catalog()).unwrap().1.is_empty());
        assert!(integrations.get("generic-vendor").unwrap().chooses_scopes());
    }

    #[test]
    fn the_additional_settings_of_assess_on_cloud_are_the_articles() {
        let integrations = read_integrations(DEFAULT_INTEGRATIONS, &catalog()).unwrap();
        let assess = integrations.get("assess-on-cloud").unwrap();
        let settings: Vec<(&str, SettingKind)> = assess
            .settings_of(SetUpStep::Additional)
            .filter(|setting| !setting.advanced)
            .map(|setting| (setting.label.as_str(), setting.kind))
            .collect();
        assert_eq!(
            settings,
            [
                ("# Days to Expire", SettingKind::Integer { min: 1, max: 365 }),
                ("Manager Id", SettingKind::Text),
                ("Manager Emails", SettingKind::Emails),
                ("Send Thank You Email", SettingKind::Switch),
                ("Send Invitation Email", SettingKind::Switch),
                ("Separate Email Per Test", SettingKind::Switch),
            ]
        );
        let help = &assess.setting("manager_emails").unwrap().help;
        assert_eq!(help, "Should be a comma-delimited string of email if there are more than one");
    }

    #[test]
    fn a_catalog_of_ones_own_leaves_out_what_it_has_no_scopes_for() {
        let text = "[[scope]]\nname = \"a-read\"\nlabel = \"A Read\"\ndescription = \"See.\"\n";
        let (integrations, left_out) = fitting_integrations(&read_catalog(text).unwrap()).unwrap();
        let codes: Vec<&str> = integrations.iter().map(|integration| integration.code.as_str()).collect();
        assert_eq!(codes, ["generic-vendor"]);
        assert_eq!(left_out.len(), 4);
    }

    #[test]
    fn errors_name_their_line() {
        let head = "[[integration]]\ncode = \"a\"\nlabel = \"A\"\ndescription = \"It.\"\nlevels = [\"system\"]\n";
        let setting = "[[integration.setting]]\nname = \"b\"\nlabel = \"B\"\nstep = \"additional\"\n";
        assert!(read_integrations(head, &catalog()).is_ok());
        assert_eq!(error(&format!("{head}colour = \"red\"\n")).0, 6);
        assert_eq!(error(&head.replace("system", "galaxy")), (5, "galaxy is no level".to_owned()));
        let (line, reason) = error(&format!("{head}scopes = [\"no-such\"]\n"));
        assert!(line == 1 && reason.contains("no-such, which is not in the catalog"), "{line}: {reason}");
        for (rest, expected) in [
            ("kind = \"integer\"\nmin = 1\n", "needs min and max"),
            ("kind = \"text\"\nmax = 1\n", "no integer"),
            ("kind = \"colour\"\n", "no kind"),
            ("kind = \"integer\"\nmin = 2\nmax = 1\n", "takes no number"),
        ] {
            let (_, reason) = error(&format!("{head}{setting}{rest}"));
            assert!(reason.contains(expected), "{reason}");
        }
        let (line, reason) = error(&format!("{head}{head}"));
        assert!(line == 6 && reason.contains("twice"), "{line}: {reason}");
    }
}
