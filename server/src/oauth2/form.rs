//! The form of both: one `token`, perhaps a `token_type_hint`, and for introspection a `client_address`.

use std::net::IpAddr;

use axum::body::{Body, to_bytes};
use http::header::CONTENT_TYPE;
use latchkey_domain::{AuthToken, Presented, PresentedSid, UsedFrom};
use zeroize::Zeroizing;

use crate::header_lines::{HeaderLines, text_of};
use crate::problem::{Problem, ProblemCode};

/// The largest form, in bytes.
const MAX_FORM: usize = 8 * 1024;

/// The content of a request, which is read once it is known that the rest of it is good.
pub(super) trait Content {
    /// Reads all of it.
    ///
    /// # Errors
    /// 400 where it is longer than any form is, or ended early.
    fn read(self) -> impl Future<Output = Result<Zeroizing<Vec<u8>>, Problem>> + Send;
}

impl Content for &[u8] {
    async fn read(self) -> Result<Zeroizing<Vec<u8>>, Problem> {
        Ok(Zeroizing::new(self.to_vec()))
    }
}

impl Content for Body {
    async fn read(self) -> Result<Zeroizing<Vec<u8>>, Problem> {
        let body = to_bytes(self, MAX_FORM).await.map_err(|_| invalid("The form is too large, or ended early."))?;
        Ok(Zeroizing::new(body.into()))
    }
}

/// What an introspection asks about.
pub(super) struct Asked {
    /// The token.
    pub(super) token: Presented,
    /// Where it is used from, as far as the caller says.
    pub(super) from: UsedFrom,
}

/// What a form holds.
struct Form {
    /// `None` for text that is no token at all.
    token: Option<Presented>,
    client_address: Option<IpAddr>,
}

/// Reads the token that a form names: an Auth Token, or an Account SID and an Auth Token with a colon between.
/// `None` for text that is no token at all, which no token is: an Account SID alone proves nothing.
///
/// # Errors
/// 400 where there is no form with exactly one `token` (RFC 6749 section 3.2: no parameter may stand twice).
pub(super) async fn read_token(
    headers: &(impl HeaderLines + Sync),
    body: impl Content,
) -> Result<Option<Presented>, Problem> {
    Ok(read_form(headers, body).await?.token)
}

/// As [`read_token`], and reads from where it is used.
///
/// # Errors
/// As [`read_token`]; 400 too where `client_address` is none.
pub(super) async fn read_question(
    headers: &(impl HeaderLines + Sync),
    body: impl Content,
) -> Result<Option<Asked>, Problem> {
    let Form { token, client_address } = read_form(headers, body).await?;
    Ok(token.map(|token| Asked { token, from: client_address.into() }))
}

async fn read_form(headers: &(impl HeaderLines + Sync), body: impl Content) -> Result<Form, Problem> {
    let mut media_types = headers.values(CONTENT_TYPE).map(|value| text_of(value).unwrap_or_default());
    let (media_type, None) = (media_types.next().unwrap_or_default(), media_types.next()) else {
        return Err(invalid("Content-Type stands there more than once."));
    };
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid("Send a form: application/x-www-form-urlencoded with a token."));
    }
    parse(&body.read().await?)
}

fn parse(form: &[u8]) -> Result<Form, Problem> {
    let (mut token, mut hints, mut client_address) = (None, 0, None);
    for (name, value) in form_urlencoded::parse(form) {
        match &*name {
            "token" if token.is_some() => return Err(invalid("The parameter token stands there more than once.")),
            "token" => token = Some(Zeroizing::new(value.into_owned())),
            "token_type_hint" => hints += 1,
            "client_address" if client_address.is_some() => {
                return Err(invalid("The parameter client_address stands there more than once."));
            }
            "client_address" if !value.is_empty() => {
                let address = value.parse::<IpAddr>();
                client_address = Some(address.map_err(|_| invalid("The parameter client_address is no IP address."))?);
            }
            // RFC 6749 section 3.2: parameters that are not known are not looked at.
            _ => {}
        }
    }
    if hints > 1 {
        return Err(invalid("The parameter token_type_hint stands there more than once."));
    }
    match token {
        // RFC 6749 section 3.2: a parameter without a value counts as left out.
        None => Err(invalid("The parameter token is missing.")),
        Some(token) if token.is_empty() => Err(invalid("The parameter token is missing.")),
        Some(token) => Ok(Form { token: read(&token), client_address }),
    }
}

fn read(text: &str) -> Option<Presented> {
    let (sid, secret) = match text.split_once(':') {
        None => (PresentedSid::Absent, text),
        Some((sid, secret)) => (sid.parse().map_or(PresentedSid::Unreadable, PresentedSid::Given), secret),
    };
    AuthToken::parse(secret.as_bytes()).ok().map(|token| Presented { sid, token })
}

fn invalid(detail: &'static str) -> Problem {
    Problem::new(ProblemCode::InvalidBody, detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn outcome(form: &str) -> Result<Option<PresentedSid>, ()> {
        parse(form.as_bytes()).map(|form| form.token.map(|token| token.sid)).map_err(drop)
    }

    fn secret() -> String {
        let Ok(token) = AuthToken::mint(|buffer| {
            buffer.fill(17);
            Ok::<_, std::convert::Infallible>(())
        });
        token.expose().to_owned()
    }

    #[test]
    fn the_one_token_is_read_in_both_its_forms() {
        const SID: &str = "LK0193584c7be07d2c9f0e6a51b2c4d8e7";
        let secret = secret();
        assert_eq!(outcome(&format!("token={secret}")), Ok(Some(PresentedSid::Absent)));
        assert_eq!(
            outcome(&format!("a=b&token={SID}%3A{secret}")),
            Ok(Some(PresentedSid::Given(SID.parse().unwrap())))
        );
        assert_eq!(
            outcome(&format!("token=x%3A{secret}&token_type_hint=access_token")),
            Ok(Some(PresentedSid::Unreadable))
        );
        assert_eq!(outcome(&format!("token={SID}")), Ok(None));
        assert_eq!(outcome("token=nonsense"), Ok(None));
        for wrong in ["", "token=", "tokens=x", "token=a&token=b", "token=a&token_type_hint=x&token_type_hint=y"] {
            assert_eq!(outcome(wrong), Err(()), "{wrong}");
        }
    }

    #[test]
    fn where_it_is_used_from_is_read() {
        let address = |form: &str| parse(form.as_bytes()).map(|form| form.client_address).map_err(drop);
        assert_eq!(address("token=x"), Ok(None));
        assert_eq!(address("token=x&client_address="), Ok(None));
        assert_eq!(address("token=x&client_address=192.0.2.7"), Ok("192.0.2.7".parse().ok()));
        for wrong in ["client_address=here", "client_address=192.0.2.0/24", "client_address=::1&client_address=::1"] {
            assert_eq!(address(&format!("token=x&{wrong}")), Err(()), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn any_form_gets_an_answer(form in any::<Vec<u8>>(), value in any::<String>()) {
            let _ = parse(&form).is_ok();
            let form = form_urlencoded::Serializer::new(String::new()).append_pair("token", &value).finish();
            prop_assert!(value.is_empty() || parse(form.as_bytes()).is_ok());
        }
    }
}
