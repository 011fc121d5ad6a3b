//! What can be done, and so be written to the log.

/// Lists the actions in their groups: each has its variant, its code in the database, and its name for people.
macro_rules! actions {
    ($($group:ident: $group_code:literal, $group_words:literal { $($action:ident: $code:literal, $words:literal;)+ })+) => {
        /// What was done.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is said by its words")]
        pub enum AuditAction {
            $($($action),+),+
        }

        impl AuditAction {
            /// Every action.
            pub const ALL: [Self; [$($($code),+),+].len()] = [$($(Self::$action),+),+];

            /// The name in the database. Once released it never changes: the chain is made over it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $($(Self::$action => $code),+),+
                }
            }

            /// The name for people, which stands before "by" and a name, or alone.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $($(Self::$action => $words),+),+
                }
            }
        }

        /// Actions that are looked for together.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each is said by its words")]
        pub enum AuditGroup {
            $($group),+
        }

        impl AuditGroup {
            /// Every group.
            pub const ALL: [Self; [$($group_code),+].len()] = [$(Self::$group),+];

            /// Its name in addresses. No action's code is like it.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    $(Self::$group => $group_code),+
                }
            }

            /// Its name for people.
            #[must_use]
            pub const fn words(self) -> &'static str {
                match self {
                    $(Self::$group => $group_words),+
                }
            }

            /// Its actions.
            #[must_use]
            pub const fn actions(self) -> &'static [AuditAction] {
                match self {
                    $(Self::$group => &[$(AuditAction::$action),+]),+
                }
            }
        }
    };
}

// To add an action, add its line.
actions! {
    SigningIn: "group:signing-in", "Signing in" {
        SignedIn: "signed_in", "Signed in";
        SignInFailed: "sign_in_failed", "Sign-in failed";
        SignedOut: "signed_out", "Signed out";
        PasswordConfirmed: "password_confirmed", "Password confirmed";
        OtherSessionsEnded: "other_sessions_ended", "Other sessions ended";
    }
    OwnAccount: "group:own-account", "One's own account" {
        RepRenamed: "rep_renamed", "Name changed";
        EmailChanged: "email_changed", "E-mail address changed";
        PasswordChanged: "password_changed", "Password changed";
        AppearanceChanged: "appearance_changed", "Appearance changed";
    }
    ServiceReps: "group:service-reps", "Service reps" {
        FirstAdminCreated: "first_admin_created", "First admin created";
        RepAdded: "rep_added", "Service rep added";
        RepDisabled: "rep_disabled", "Service rep disabled";
        RepEnabled: "rep_enabled", "Service rep enabled";
        RepInvited: "rep_invited", "Service rep invited";
        InvitationRenewed: "invitation_renewed", "Invitation renewed";
        InvitationWithdrawn: "invitation_withdrawn", "Invitation withdrawn";
        InvitationAccepted: "invitation_accepted", "Invitation accepted";
        RoleChanged: "role_changed", "Role changed";
        PasswordResetOffered: "password_reset_offered", "Password reset offered";
        PasswordReset: "password_reset", "Password reset";
    }
    Tokens: "group:tokens", "Tokens" {
        TokenCreated: "token_created", "Token created";
        TokenRevoked: "token_revoked", "Token revoked";
        IdleTokenRevoked: "idle_token_revoked", "Token revoked, not used for long";
        TokensMoved: "tokens_moved", "Tokens moved";
        TokenMoved: "token_moved", "Token moved";
        TokenLimited: "token_limited", "Token's limit of calls set";
        TokenLookedUp: "token_looked_up", "Token looked up";
        TokensExported: "tokens_exported", "List of tokens exported";
        PolicyChanged: "policy_changed", "Policy changed";
    }
    ExternalAccounts: "group:external-accounts", "External service accounts" {
        ExternalAccountStarted: "external_account_started", "External service account started";
        ExternalAccountSaved: "external_account_saved", "External service account changed";
        ExternalAccountTokenGenerated: "external_account_token_generated", "External service account's token generated";
        ExternalAccountTokenPasted: "external_account_token_pasted", "External service account's token pasted";
        ExternalAccountTokenReplaced: "external_account_token_replaced", "External service account's token replaced";
        ExternalAccountTokenRevoked: "external_account_token_revoked", "External service account's token revoked";
        ExternalAccountConfirmed: "external_account_confirmed", "External service account's token confirmed";
        ExternalAccountSubmitted: "external_account_submitted", "External service account submitted";
        ExternalAccountCancelled: "external_account_cancelled", "External service account cancelled";
        CredentialsRead: "credentials_read", "Vendor's credentials read";
        CredentialResealed: "credential_resealed", "Vendor's credential sealed under another key";
    }
    Calls: "group:calls", "Calls of vendors" {
        CallsRefused: "calls_refused", "Calls refused";
        RecordCreated: "record_created", "Record created";
        RecordReplaced: "record_replaced", "Record replaced";
        RecordDeleted: "record_deleted", "Record deleted";
    }
    AuditLog: "group:audit-log", "The audit log" {
        AuditExported: "audit_exported", "Audit log exported";
        AuditSealed: "audit_sealed", "Audit log sealed";
    }
    Database: "group:database", "The database" {
        DatabaseCopied: "database_copied", "Database copied to a file";
        DatabaseImported: "database_imported", "Database imported from a file";
        DatabaseRestored: "database_restored", "Database restored from a file";
    }
}

impl AuditAction {
    /// The action with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.code() == code)
    }
}

impl AuditGroup {
    /// The group with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.code() == code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn codes_lead_back_to_their_action() {
        assert!(AuditAction::ALL.into_iter().all(|action| AuditAction::parse(action.code()) == Some(action)));
        for name in [AuditAction::code, AuditAction::words] {
            let names: BTreeSet<&str> = AuditAction::ALL.into_iter().map(name).collect();
            assert_eq!(names.len(), AuditAction::ALL.len());
        }
    }

    #[test]
    fn a_group_is_not_taken_for_an_action() {
        for group in AuditGroup::ALL {
            assert_eq!((AuditGroup::parse(group.code()), AuditAction::parse(group.code())), (Some(group), None));
        }
    }
}
