//! Whether a service rep's account is in use.

/// What can be said of a service rep's account at a glance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepState {
    /// They may sign in (a system rep never does), and their tokens work.
    Enabled,
    /// They were invited, and have not chosen a password yet. They own nothing.
    Invited,
    /// They may not sign in, and their tokens do not work.
    Disabled,
}

impl RepState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Enabled, Self::Invited, Self::Disabled];

    /// The name in filters and on the wire.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::Invited => "invited",
            Self::Disabled => "disabled",
        }
    }

    /// The word on the page.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Invited => "Invited",
            Self::Disabled => "Disabled",
        }
    }

    /// The state with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_lead_back_to_their_state() {
        assert!(RepState::ALL.into_iter().all(|state| RepState::parse(state.code()) == Some(state)));
        assert_eq!(RepState::parse("Enabled"), None);
    }
}
