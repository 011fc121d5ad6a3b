//! What became of a form that was sent without the live page.

use latchkey_domain::view::NewTokenView;
use latchkey_domain::{Refusal, TokenForm};

/// The outcome of a plain form post, given to the page that answers it. In the browser there is never one.
///
/// A page that answers a plain post carries no hydration scripts: whoever sent it has no live page, and what it
/// shows (a new Auth Token above all) must not stand in the page's serialized data.
#[derive(Debug, Clone)]
pub enum PlainPost {
    /// Signing in was refused.
    SignInRefused {
        /// The typed address.
        email: String,
        /// Where the visitor was going.
        next: String,
        /// Why.
        refusal: Refusal,
    },
    /// Set-up was refused.
    SetUpRefused {
        /// The typed name.
        name: String,
        /// The typed address.
        email: String,
        /// Why.
        refusal: Refusal,
    },
    /// A token was made: the one page that shows its secret.
    TokenCreated(NewTokenView),
    /// A token was not made.
    TokenRefused {
        /// The form as it was typed.
        form: TokenForm,
        /// Why.
        refusal: Refusal,
    },
    /// A revocation was refused.
    RevokeRefused(Refusal),
    /// A change of settings was refused.
    SettingsRefused {
        /// Which form.
        section: SettingsSection,
        /// The typed name or address.
        typed: String,
        /// Why.
        refusal: Refusal,
    },
}

/// The forms on the page of general settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsSection {
    /// What one is called.
    Profile,
    /// What one signs in with.
    Email,
    /// The password.
    Password,
    /// How the pages look.
    Appearance,
    /// The other sessions.
    Sessions,
}

impl SettingsSection {
    /// Every section, in the page's order.
    pub const ALL: [Self; 5] = [Self::Profile, Self::Email, Self::Password, Self::Appearance, Self::Sessions];

    /// The value of the form's hidden field `section`, which also begins the ids of its inputs.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Email => "email",
            Self::Password => "password",
            Self::Appearance => "appearance",
            Self::Sessions => "sessions",
        }
    }

    /// The section with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.code() == code)
    }

    /// What the page says once the form has done its work.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Profile => "Your name is saved.",
            Self::Email => "Your e-mail address is changed. Other sessions have ended.",
            Self::Password => "Your password is changed. Other sessions have ended.",
            Self::Appearance => "The appearance is saved.",
            Self::Sessions => "Your other sessions have ended.",
        }
    }
}
