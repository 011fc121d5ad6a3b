//! Which rule of the schema an error is about.

/// A unique constraint that somebody's input can violate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Constraint {
    /// Two service reps with one address.
    RepEmail,
    /// Two tokens from one form.
    TokenForm,
    /// Two accounts of one integration, level and name.
    AccountPlace,
    /// Two accounts with one token.
    AccountToken,
}

impl Constraint {
    /// Its name on PostgreSQL.
    const fn name(self) -> &'static str {
        match self {
            Self::RepEmail => "service_rep_email_key",
            Self::TokenForm => "token_form_id_key",
            Self::AccountPlace => "external_account_place_key",
            Self::AccountToken => "external_account_token_key",
        }
    }

    /// What SQLite says when it is violated. SQLite never names a constraint, only its columns.
    const fn sqlite_message(self) -> &'static str {
        match self {
            Self::RepEmail => "UNIQUE constraint failed: service_rep.email",
            Self::TokenForm => "UNIQUE constraint failed: token.form_id",
            Self::AccountPlace => {
                "UNIQUE constraint failed: external_account.integration, external_account.level, \
                 external_account.entity_key"
            }
            Self::AccountToken => "UNIQUE constraint failed: external_account.token",
        }
    }

    /// Whether this is what went wrong.
    pub(crate) fn is_violated_in(self, error: &sqlx::Error) -> bool {
        let violation = error.as_database_error().filter(|error| error.is_unique_violation());
        violation.is_some_and(|violation| match violation.constraint() {
            Some(name) => name == self.name(),
            None => violation.message() == self.sqlite_message(),
        })
    }
}
