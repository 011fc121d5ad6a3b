//! What the server gives to the pages about everybody's tokens.

use latchkey_domain::Refusal;
use latchkey_service::ports::RepOverview;
use latchkey_service::{AllTokens, AnyToken, Preview, TokenSearch};

use super::Said;
use crate::paths;

/// The list of everybody's tokens.
#[derive(Debug, Clone)]
pub struct AllTokensPage {
    /// What was found.
    pub found: AllTokens,
    /// Who can be filtered by.
    pub people: Vec<RepOverview>,
    /// Names and labels of the catalog's scopes.
    pub scopes: Vec<(String, String)>,
    /// What has just been done, or was not.
    pub notice: Option<Said>,
    /// Why a look-up found nothing.
    pub look_up: Option<&'static str>,
}

/// Anybody's token.
#[derive(Debug, Clone)]
pub struct AnyTokenPage {
    /// The token, and whose it is.
    pub found: AnyToken,
    /// What has just been done, or was not.
    pub notice: Option<Said>,
}

/// Many tokens that are to be revoked, are being revoked, or were.
#[derive(Debug, Clone)]
pub struct RevocationPage {
    /// The set, and how it stands.
    pub preview: Preview,
    /// Why the form was refused.
    pub refusal: Option<Refusal>,
    /// What has just been done, or was not.
    pub notice: Option<Said>,
}

impl RevocationPage {
    /// Its heading.
    pub(super) const fn title(&self) -> &'static str {
        let selection = &self.preview.selection;
        if selection.confirmed_at.is_none() {
            "Revoke several tokens?"
        } else if selection.waiting == 0 {
            "Several tokens are revoked"
        } else if self.preview.is_stalled {
            "Revoking has stopped"
        } else {
            "Revoking several tokens"
        }
    }

    /// Whether the work is under way, so that the page has to look again.
    #[must_use]
    pub const fn is_under_way(&self) -> bool {
        let selection = &self.preview.selection;
        selection.confirmed_at.is_some() && selection.waiting > 0 && !self.preview.is_stalled
    }
}

/// The list's address for a search.
pub(crate) fn address(search: &TokenSearch) -> String {
    let encoded = |text| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC);
    let parts: Vec<String> =
        search.parts().into_iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    if parts.is_empty() { paths::ALL_TOKENS.to_owned() } else { format!("{}?{}", paths::ALL_TOKENS, parts.join("&")) }
}
