//! How tokens come to be.

/// How a token came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSource {
    /// By its owner, on the page.
    Page,
    /// By an operator, on the command line.
    CommandLine,
    /// By an admin, in the set-up of an integration.
    Integration,
}

impl TokenSource {
    /// Every source.
    pub const ALL: [Self; 3] = [Self::Page, Self::CommandLine, Self::Integration];

    /// The name in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::CommandLine => "command_line",
            Self::Integration => "integration",
        }
    }

    /// Who made it and where, in the words that its owner reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Page => "You, on the page",
            Self::CommandLine => "An operator, on the command line",
            Self::Integration => "You, setting up an integration",
        }
    }

    /// Where it was made, for those who look at everybody's.
    #[must_use]
    pub const fn place(self) -> &'static str {
        match self {
            Self::Page => "Page",
            Self::CommandLine => "Command line",
            Self::Integration => "Integration",
        }
    }

    /// The same of a token that somebody else made.
    #[must_use]
    pub fn label_by(self, maker: &str) -> String {
        match self {
            Self::Page => format!("{maker}, on the page"),
            Self::CommandLine => self.label().to_owned(),
            Self::Integration => format!("{maker}, setting up an integration"),
        }
    }

    /// The source with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }
}
