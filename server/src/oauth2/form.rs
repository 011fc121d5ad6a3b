//! The form of both: one `token`, perhaps a `token_type_hint`.

use axum::body::{Body, to_bytes};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use latchkey_domain::{AuthToken, Presented, PresentedSid};
use zeroize::Zeroizing;

use crate::problem::{Problem, ProblemCode};

/// The largest form, in bytes.
const MAX_FORM: usize = 8 * 1024;

/// Reads the token that a form names: an Auth Token, or an Account SID and an Auth Token with a colon between.
/// `None` for text that is no token at all, which no token is: an Account SID alone proves nothing.
///
/// # Errors
/// 400 where there is no form with exactly one `token` (RFC 6749 section 3.2: no parameter may stand twice).
pub(super) async fn read_token(headers: &HeaderMap, body: Body) -> Result<Option<Presented>, Problem> {
    let mut media_types = headers.get_all(CONTENT_TYPE).iter().map(|value| value.to_str().unwrap_or_default());
    let (media_type, None) = (media_types.next().unwrap_or_default(), media_types.next()) else {
        return Err(invalid("Content-Type stands there more than once."));
    };
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(invalid("Send a form: application/x-www-form-urlencoded with a token."));
    }
    let body = to_bytes(body, MAX_FORM).await.map_err(|_| invalid("The form is too large, or ended early."))?;
    let body = Zeroizing::new(Vec::from(body));
    find_token(&body)
}

fn find_token(form: &[u8]) -> Result<Option<Presented>, Problem> {
    let (mut token, mut hints) = (None, 0);
    for (name, value) in form_urlencoded::parse(form) {
        match &*name {
            "token" if token.is_some() => return Err(invalid("The parameter token stands there more than once.")),
            "token" => token = Some(Zeroizing::new(value.into_owned())),
            "token_type_hint" => hints += 1,
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
        Some(token) => Ok(read(&token)),
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
        find_token(form.as_bytes()).map(|token| token.map(|token| token.sid)).map_err(drop)
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

    proptest! {
        #[test]
        fn any_form_gets_an_answer(form in any::<Vec<u8>>(), value in any::<String>()) {
            let _ = find_token(&form).is_ok();
            let form = form_urlencoded::Serializer::new(String::new()).append_pair("token", &value).finish();
            prop_assert!(value.is_empty() || find_token(form.as_bytes()).is_ok());
        }
    }
}
