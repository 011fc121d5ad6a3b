//! Addresses of pages.

use std::fmt::Write as _;

use latchkey_domain::AccountSid;

/// The sign-in page.
pub const SIGN_IN: &str = "/sign-in";
/// The form for the first admin's account.
pub const SET_UP: &str = "/setup";
/// Where sign-out is posted to.
#[cfg(feature = "ssr")]
pub const SIGN_OUT: &str = "/sign-out";
/// The list of one's own tokens, where people land.
pub const TOKENS: &str = "/settings/personal-access-tokens";
/// The form for a new token.
pub const NEW_TOKEN: &str = "/settings/personal-access-tokens/new";
/// One token; the last segment is its Account SID.
#[cfg(feature = "ssr")]
pub const ONE_TOKEN: &str = "/settings/personal-access-tokens/{sid}";
/// One's own account.
pub const GENERAL: &str = "/settings/general";
/// What the server says of itself.
pub const DIAGNOSTICS: &str = "/settings/diagnostics";
/// Every service rep, for admins.
#[cfg(feature = "ssr")]
pub const SERVICE_REPS: &str = "/administration/service-reps";
/// The form for a new service rep.
#[cfg(feature = "ssr")]
pub const NEW_REP: &str = "/administration/service-reps/new";
/// One service rep; the last segment is their id.
#[cfg(feature = "ssr")]
pub const ONE_REP: &str = "/administration/service-reps/{id}";
/// Moving a service rep's tokens to another.
#[cfg(feature = "ssr")]
pub const MOVE_TOKENS: &str = "/administration/service-reps/{id}/move";
/// Everybody's tokens, for admins.
#[cfg(feature = "ssr")]
pub const ALL_TOKENS: &str = "/administration/personal-access-tokens";
/// Anybody's token; the last segment is its Account SID.
#[cfg(feature = "ssr")]
pub const ANY_TOKEN: &str = "/administration/personal-access-tokens/{sid}";
/// Revoking several tokens; the last segment is the id of their set.
#[cfg(feature = "ssr")]
pub const REVOCATION: &str = "/administration/personal-access-tokens/revocations/{set}";
/// The form for a token of another service rep.
#[cfg(feature = "ssr")]
pub const NEW_TOKEN_FOR: &str = "/administration/personal-access-tokens/new";
/// What was done by whom, for admins.
#[cfg(feature = "ssr")]
pub const AUDIT_LOG: &str = "/administration/audit-log";
/// Vendors' integrations that generate their own tokens, for admins.
#[cfg(feature = "ssr")]
pub const EXTERNAL_ACCOUNTS: &str = "/system-settings/external-service-accounts";
/// Choosing an integration to set up.
#[cfg(feature = "ssr")]
pub const NEW_EXTERNAL_ACCOUNT: &str = "/system-settings/external-service-accounts/new";
/// One external service account, as a draft or set up; the last segment is its id.
#[cfg(feature = "ssr")]
pub const ONE_EXTERNAL_ACCOUNT: &str = "/system-settings/external-service-accounts/{id}";
/// What admins allow.
#[cfg(feature = "ssr")]
pub const POLICY: &str = "/administration/policy";
/// Where an invitation leads.
#[cfg(feature = "ssr")]
pub const INVITE: &str = "/invite";
/// Where a link leads by which somebody chooses another password.
#[cfg(feature = "ssr")]
pub const RESET_PASSWORD: &str = "/reset-password";
/// The contract of the vendor API.
#[cfg(feature = "ssr")]
pub const REFERENCE: &str = "/api/docs";
/// From a token to the first answer.
#[cfg(feature = "ssr")]
pub const QUICK_START: &str = "/api/docs/quick-start";
/// The contract of the vendor API, for programs.
#[cfg(feature = "ssr")]
pub const CONTRACT: &str = "/api/openapi.json";

/// The pages about the API: public, and below `/api`, where neither session nor token is looked at.
#[cfg(feature = "ssr")]
pub const ABOUT_THE_API: [&str; 2] = [REFERENCE, QUICK_START];

/// Every page that goes by the session, as routes are written: `{…}` stands for one segment.
#[cfg(feature = "ssr")]
pub const ALL: [&str; 22] = [
    SET_UP,
    SIGN_IN,
    INVITE,
    RESET_PASSWORD,
    GENERAL,
    DIAGNOSTICS,
    TOKENS,
    NEW_TOKEN,
    ONE_TOKEN,
    SERVICE_REPS,
    NEW_REP,
    ONE_REP,
    MOVE_TOKENS,
    NEW_TOKEN_FOR,
    ALL_TOKENS,
    ANY_TOKEN,
    REVOCATION,
    AUDIT_LOG,
    EXTERNAL_ACCOUNTS,
    NEW_EXTERNAL_ACCOUNT,
    ONE_EXTERNAL_ACCOUNT,
    POLICY,
];

/// Below these, everything is for admins alone.
#[cfg(feature = "ssr")]
const FOR_ADMINS: [&str; 2] = ["/administration/", "/system-settings/"];

/// Whether only admins may ask for what is at this path.
#[cfg(feature = "ssr")]
#[must_use]
pub fn is_for_admins(path: &str) -> bool {
    FOR_ADMINS.into_iter().any(|area| path.starts_with(area))
}

/// The page of one service rep.
#[cfg(feature = "ssr")]
#[must_use]
pub fn one_rep(id: latchkey_domain::RepId) -> String {
    format!("{SERVICE_REPS}/{id}")
}

/// The service rep whose page, or whose tokens' move, this path is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn rep_at(path: &str) -> Option<latchkey_domain::RepId> {
    let below = path.strip_prefix(SERVICE_REPS)?.strip_prefix('/')?;
    below.strip_suffix("/move").unwrap_or(below).parse().ok()
}

/// The page of anybody's token.
#[cfg(feature = "ssr")]
#[must_use]
pub fn any_token(sid: AccountSid) -> String {
    format!("{ALL_TOKENS}/{sid}")
}

/// Anybody's token whose page this path is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn any_token_at(path: &str) -> Option<AccountSid> {
    path.strip_prefix(ALL_TOKENS)?.strip_prefix('/')?.parse().ok()
}

/// The page on which a set of tokens is revoked.
#[cfg(feature = "ssr")]
#[must_use]
pub fn revocation(set: latchkey_domain::FormId) -> String {
    format!("{ALL_TOKENS}/revocations/{set}")
}

/// The set of tokens whose page this path is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn revocation_at(path: &str) -> Option<latchkey_domain::FormId> {
    path.strip_prefix(ALL_TOKENS)?.strip_prefix("/revocations/")?.parse().ok()
}

/// The page of one external service account.
#[cfg(feature = "ssr")]
#[must_use]
pub fn external_account(id: impl std::fmt::Display) -> String {
    format!("{EXTERNAL_ACCOUNTS}/{id}")
}

/// The external service account whose page this path is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn external_account_at(path: &str) -> Option<latchkey_domain::external_account::ExternalAccountId> {
    path.strip_prefix(EXTERNAL_ACCOUNTS)?.strip_prefix('/')?.parse().ok()
}

/// The page of one token.
#[must_use]
pub fn one_token(sid: AccountSid) -> String {
    format!("{TOKENS}/{sid}")
}

/// The token whose page this path is.
#[cfg(feature = "ssr")]
#[must_use]
pub fn token_at(path: &str) -> Option<AccountSid> {
    path.strip_prefix(TOKENS)?.strip_prefix('/')?.parse().ok()
}

/// What stands above a page in its breadcrumbs, with where it leads.
#[must_use]
pub fn trail(path: &str) -> &'static [(&'static str, &'static str)] {
    #[cfg(feature = "ssr")]
    if path.starts_with("/system-settings/") {
        return &[("System Settings", EXTERNAL_ACCOUNTS)];
    } else if is_for_admins(path) {
        return &[("Administration", ALL_TOKENS)];
    }
    // Pages that run in the browser are all of the one area.
    let _ = path;
    &[("Settings", GENERAL), ("User Settings", GENERAL)]
}

/// The heading of the page at this path, and its name in links.
#[must_use]
pub fn title(path: &str) -> &'static str {
    match path {
        TOKENS => "Personal Access Tokens",
        NEW_TOKEN => "Add a personal access token",
        GENERAL => "General",
        DIAGNOSTICS => "Diagnostics",
        SIGN_IN => "Sign in",
        SET_UP => "Set up Latchkey",
        #[cfg(feature = "ssr")]
        SERVICE_REPS => "Service Reps",
        #[cfg(feature = "ssr")]
        NEW_REP => "Add a service rep",
        #[cfg(feature = "ssr")]
        ALL_TOKENS => "All Tokens",
        #[cfg(feature = "ssr")]
        NEW_TOKEN_FOR => "Add a token for a service rep",
        #[cfg(feature = "ssr")]
        AUDIT_LOG => "Audit Log",
        #[cfg(feature = "ssr")]
        EXTERNAL_ACCOUNTS => "External Service Accounts",
        #[cfg(feature = "ssr")]
        NEW_EXTERNAL_ACCOUNT => "Set up an external service account",
        #[cfg(feature = "ssr")]
        POLICY => "Policy",
        #[cfg(feature = "ssr")]
        INVITE => "Accept your invitation",
        #[cfg(feature = "ssr")]
        RESET_PASSWORD => "Choose a new password",
        #[cfg(feature = "ssr")]
        REFERENCE => "API reference",
        #[cfg(feature = "ssr")]
        QUICK_START => "Quick start",
        _ => "Nothing here",
    }
}

/// What the browser's window is called while a page with this heading is shown.
#[must_use]
pub fn window_title(title: &str) -> String {
    format!("{title} · Latchkey")
}

/// What a link to this page says of it: `external` where the page is loaded whole, so that the router in the
/// browser leaves the link alone.
#[must_use]
pub fn rel(path: &str) -> Option<&'static str> {
    (path != TOKENS && path != NEW_TOKEN).then_some("external")
}

/// The sign-in page that leads on to `next`, a path of this site with its query.
#[must_use]
pub fn sign_in_path(next: &str) -> String {
    let mut encoded = String::with_capacity(next.len());
    for byte in next.bytes() {
        // RFC 3986's unreserved characters and the slash, which a query may hold.
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'/') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a text cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    format!("{SIGN_IN}?next={encoded}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(feature = "ssr")]
    fn a_tokens_page_is_told_from_the_form_for_a_new_one() {
        let sid = AccountSid::from_bytes([0x1a; 16]);
        let path = one_token(sid);
        assert_eq!(token_at(&path), Some(sid));
        assert_eq!(rel(&path), Some("external"));
        for other in
            [TOKENS, NEW_TOKEN, "/settings/personal-access-tokens/", &path.to_uppercase(), &format!("{path}/x")]
        {
            assert_eq!(token_at(other), None, "{other}");
        }
    }

    #[test]
    fn the_way_on_is_encoded() {
        assert_eq!(sign_in_path("/settings/general"), "/sign-in?next=/settings/general");
        assert_eq!(sign_in_path("/a?show=all&x=é"), "/sign-in?next=/a%3Fshow%3Dall%26x%3D%C3%A9");
    }
}
