//! Reading the credential of a vendor's request.
//!
//! A request carries exactly one credential, in one of three forms:
//! - `Authorization: Basic base64(SID:AuthToken)` (RFC 7617)
//! - `Authorization: Bearer AuthToken` (RFC 6750)
//! - `x-tw-token: base64(SID:AuthToken)`, the original's own header

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use zeroize::Zeroize as _;

use crate::{AccountSid, AuthToken, MalformedAuthToken};

/// Padding is taken with or without: some vendors' clients leave it out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Longer values are refused unread: the longest credential is 112 characters.
const MAX_VALUE_LENGTH: usize = 512;

/// Where a request may carry credentials.
#[derive(Debug, Clone, Copy, Default)]
pub struct CredentialHeaders<'a> {
    /// The values of all `Authorization` headers.
    pub authorization: HeaderValues<'a>,
    /// The values of all `x-tw-token` headers.
    pub x_tw_token: HeaderValues<'a>,
    /// The raw query string.
    pub query: Option<&'a str>,
}

/// The values of one header in a request. Two are as bad as many.
#[derive(Debug, Clone, Copy, Default)]
pub enum HeaderValues<'a> {
    /// There is none.
    #[default]
    None,
    /// There is this one.
    One(&'a [u8]),
    /// There are more.
    Several,
}

impl<'a> FromIterator<&'a [u8]> for HeaderValues<'a> {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(values: I) -> Self {
        let mut values = values.into_iter();
        match (values.next(), values.next()) {
            (None, _) => Self::None,
            (Some(value), None) => Self::One(value),
            (Some(_), Some(_)) => Self::Several,
        }
    }
}

/// A credential that is well formed: its checksum holds. Whether it opens anything is the verdict's matter.
pub struct Presented {
    /// The Account SID that came with it.
    pub sid: PresentedSid,
    /// The secret.
    pub token: AuthToken,
}

/// The Account SID beside a presented Auth Token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PresentedSid {
    /// The form carries none: Bearer.
    Absent,
    /// This one.
    Given(AccountSid),
    /// Something that is no Account SID, and so belongs to no token.
    Unreadable,
}

impl PresentedSid {
    /// Whether a token with this SID may be meant.
    #[must_use]
    pub fn allows(self, sid: AccountSid) -> bool {
        match self {
            Self::Absent => true,
            Self::Given(given) => given == sid,
            Self::Unreadable => false,
        }
    }
}

/// Why a request's credentials could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnusableCredential {
    /// More than one credential (RFC 6750 section 3.1: `invalid_request`).
    #[error("the request carries more than one credential")]
    MoreThanOne,
    /// One, but cut off or mistyped.
    #[error(transparent)]
    Malformed(#[from] MalformedAuthToken),
}

impl Presented {
    /// Reads the one credential of a request; `None` where there is none.
    ///
    /// `?access_token=` counts as a credential, so that it cannot stand beside another, but is never accepted:
    /// addresses end up in logs. An `Authorization` header of a scheme that Latchkey does not know counts as no
    /// credential.
    ///
    /// # Errors
    /// [`UnusableCredential`] where there are several or the one is malformed.
    pub fn from_request(headers: &CredentialHeaders<'_>) -> Result<Option<Self>, UnusableCredential> {
        let in_query = headers.query.is_some_and(names_access_token);
        let value = match (headers.authorization, headers.x_tw_token) {
            (HeaderValues::None, HeaderValues::None) => return Ok(None),
            (HeaderValues::None, HeaderValues::One(value)) if !in_query => return Self::from_pair(value).map(Some),
            (HeaderValues::One(value), HeaderValues::None) if !in_query => value,
            _ => return Err(UnusableCredential::MoreThanOne),
        };
        let (scheme, rest) = split_scheme(value);
        if scheme.eq_ignore_ascii_case(b"bearer") {
            let token = AuthToken::parse(rest)?;
            Ok(Some(Self { sid: PresentedSid::Absent, token }))
        } else if scheme.eq_ignore_ascii_case(b"basic") {
            Self::from_pair(rest).map(Some)
        } else {
            Ok(None)
        }
    }

    /// Reads `base64(SID:AuthToken)`.
    fn from_pair(encoded: &[u8]) -> Result<Self, UnusableCredential> {
        if encoded.len() > MAX_VALUE_LENGTH {
            return Err(MalformedAuthToken.into());
        }
        let mut buffer = [0; MAX_VALUE_LENGTH / 4 * 3];
        let decoded = BASE64.decode_slice(encoded, &mut buffer).ok();
        let pair = decoded.and_then(|length| buffer.get(..length));
        let read = pair.ok_or(MalformedAuthToken).and_then(Self::from_decoded_pair);
        // Behind the value nothing was written, unless decoding failed on the way.
        buffer.get_mut(..decoded.unwrap_or(MAX_VALUE_LENGTH / 4 * 3)).unwrap_or_default().zeroize();
        Ok(read?)
    }

    fn from_decoded_pair(pair: &[u8]) -> Result<Self, MalformedAuthToken> {
        // RFC 7617 section 2: the user-id ends at the first colon.
        let colon = pair.iter().position(|byte| *byte == b':').ok_or(MalformedAuthToken)?;
        let (sid, secret) = pair.split_at(colon);
        let token = AuthToken::parse(secret.get(1..).unwrap_or_default())?;
        let sid = AccountSid::parse(sid).map_or(PresentedSid::Unreadable, PresentedSid::Given);
        Ok(Self { sid, token })
    }
}

fn split_scheme(value: &[u8]) -> (&[u8], &[u8]) {
    let end = value.iter().position(|byte| *byte == b' ').unwrap_or(value.len());
    let (scheme, rest) = value.split_at(end);
    (scheme, rest.trim_ascii())
}

fn names_access_token(query: &str) -> bool {
    query.split('&').any(|pair| pair.split('=').next() == Some("access_token"))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::*;

    const SID: &str = "LK0193584c7be07d2c9f0e6a51b2c4d8e7";

    fn token() -> AuthToken {
        let Ok(token) = AuthToken::mint(|buffer| {
            buffer.fill(17);
            Ok::<_, Infallible>(())
        });
        token
    }

    fn read(headers: &[(&str, Vec<u8>)], query: Option<&str>) -> Result<Option<PresentedSid>, UnusableCredential> {
        let values = |name: &str| {
            headers.iter().filter(|(header, _)| *header == name).map(|(_, value)| value.as_slice()).collect()
        };
        let request =
            CredentialHeaders { authorization: values("authorization"), x_tw_token: values("x-tw-token"), query };
        Presented::from_request(&request).map(|presented| presented.map(|presented| presented.sid))
    }

    fn pair(sid: &str, secret: &str) -> String {
        BASE64.encode(format!("{sid}:{secret}"))
    }

    #[test]
    fn each_form_is_read() {
        let token = token();
        let given = PresentedSid::Given(SID.parse().unwrap());
        let basic = format!("Basic {}", pair(SID, token.expose())).into_bytes();
        let lower = format!("basic   {}", pair(SID, token.expose()).trim_end_matches('=')).into_bytes();
        let bearer = format!("Bearer {}", token.expose()).into_bytes();
        let header = pair(SID, token.expose()).into_bytes();
        assert_eq!(read(&[("authorization", basic)], None), Ok(Some(given)));
        assert_eq!(read(&[("authorization", lower)], None), Ok(Some(given)));
        assert_eq!(read(&[("authorization", bearer)], None), Ok(Some(PresentedSid::Absent)));
        assert_eq!(read(&[("x-tw-token", header)], None), Ok(Some(given)));
    }

    #[test]
    fn no_credential_is_not_an_error() {
        assert_eq!(read(&[], None), Ok(None));
        assert_eq!(read(&[("authorization", b"Negotiate YII=".to_vec())], None), Ok(None));
        assert_eq!(read(&[], Some("access_token=x")), Ok(None));
    }

    #[test]
    fn two_credentials_are_refused_even_when_both_are_the_same() {
        let bearer = format!("Bearer {}", token().expose()).into_bytes();
        let header = pair(SID, token().expose()).into_bytes();
        let more = Err(UnusableCredential::MoreThanOne);
        assert_eq!(read(&[("authorization", bearer.clone()), ("authorization", bearer.clone())], None), more);
        assert_eq!(read(&[("authorization", bearer.clone()), ("x-tw-token", header.clone())], None), more);
        assert_eq!(read(&[("x-tw-token", header.clone()), ("x-tw-token", header)], None), more);
        assert_eq!(read(&[("authorization", bearer)], Some("a=b&access_token=x")), more);
    }

    #[test]
    fn broken_credentials_are_told_from_missing_ones() {
        let malformed = Err(UnusableCredential::Malformed(MalformedAuthToken));
        let secret = token();
        let short = &secret.expose()[..46];
        for value in [
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            format!("Bearer {short}"),
            "Basic !".to_owned(),
            format!("Basic {}", BASE64.encode(SID)),
            format!("Basic {}", "A".repeat(600)),
        ] {
            assert_eq!(read(&[("authorization", value.clone().into_bytes())], None), malformed, "{value}");
        }
    }

    #[test]
    fn an_unreadable_sid_belongs_to_no_token() {
        let value = format!("Basic {}", pair("nobody", token().expose())).into_bytes();
        assert_eq!(read(&[("authorization", value)], None), Ok(Some(PresentedSid::Unreadable)));
        assert!(!PresentedSid::Unreadable.allows(SID.parse().unwrap()));
    }

    /// What a presented credential comes to.
    fn outcome(name: &'static str, value: &str) -> Result<Option<(bool, String)>, UnusableCredential> {
        let values = HeaderValues::One(value.as_bytes());
        let headers = if name == "authorization" {
            CredentialHeaders { authorization: values, ..CredentialHeaders::default() }
        } else {
            CredentialHeaders { x_tw_token: values, ..CredentialHeaders::default() }
        };
        let presented = Presented::from_request(&headers)?;
        let seen =
            |presented: Presented| (presented.sid.allows(SID.parse().unwrap()), presented.token.expose().to_owned());
        Ok(presented.map(seen))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// The same secret beside the same SID comes to the same, whichever form carries it.
        #[test]
        fn all_three_forms_agree(seed in 0_u8..248, change in proptest::option::weighted(0.5, (0_usize..47, 33_u8..127))) {
            let Ok(token) = AuthToken::mint(|buffer| {
                buffer.fill(seed);
                Ok::<_, Infallible>(())
            });
            let mut text = token.expose().to_owned().into_bytes();
            if let Some((place, byte)) = change {
                text[place] = byte;
            }
            let text = String::from_utf8(text).unwrap();
            // A colon belongs to the pair, not to a token: the forms differ there by their very syntax.
            prop_assume!(!text.contains(':'));
            let basic = outcome("authorization", &format!("Basic {}", pair(SID, &text)));
            let bearer = outcome("authorization", &format!("Bearer {text}"));
            let header = outcome("x-tw-token", &pair(SID, &text));
            prop_assert_eq!(&basic, &bearer);
            prop_assert_eq!(&basic, &header);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_get_an_answer(authorization in any::<Vec<u8>>(), header in any::<Option<Vec<u8>>>(), query in any::<Option<String>>()) {
            let request = CredentialHeaders {
                authorization: HeaderValues::One(&authorization),
                x_tw_token: header.iter().map(Vec::as_slice).collect(),
                query: query.as_deref(),
            };
            let _ = Presented::from_request(&request);
        }

        #[test]
        fn any_bytes_behind_a_known_scheme_get_an_answer(scheme in "(?i)(basic|bearer)", value in any::<Vec<u8>>()) {
            let line = [scheme.as_bytes(), b" ", &value].concat();
            let encoded = format!("{scheme} {}", BASE64.encode(&value)).into_bytes();
            for authorization in [line, encoded] {
                let request = CredentialHeaders { authorization: HeaderValues::One(&authorization), ..CredentialHeaders::default() };
                let _ = Presented::from_request(&request);
            }
        }
    }
}
