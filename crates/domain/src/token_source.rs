//! How tokens come to be.

/// How a token came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenSource {
    /// By its owner, on the page.
    Page,
    /// By an operator, on the command line.
    CommandLine,
}

impl TokenSource {
    /// Every source.
    pub const ALL: [Self; 2] = [Self::Page, Self::CommandLine];

    /// The name in the database.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Page => "page",
            Self::CommandLine => "command_line",
        }
    }

    /// Who made it and where, in the words that its owner reads.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Page => "You, on the page",
            Self::CommandLine => "An operator, on the command line",
        }
    }

    /// Where it was made, for those who look at everybody's.
    #[must_use]
    pub const fn place(self) -> &'static str {
        match self {
            Self::Page => "Page",
            Self::CommandLine => "Command line",
        }
    }

    /// The same of a token that somebody else made on the page.
    #[must_use]
    pub fn label_by(self, maker: &str) -> String {
        match self {
            Self::Page => format!("{maker}, on the page"),
            Self::CommandLine => self.label().to_owned(),
        }
    }

    /// The source with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }
}
