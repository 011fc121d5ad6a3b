//! Forms that were sent when their session had ended, kept until their sender has signed in again.
//!
//! What was typed must not be lost to a session that timed out, and it must not be done without one either. So a
//! form without a session leads to the sign-in as ever, and its fields (never a password) are kept in this process
//! under a one-time code, which a cookie holds. The first page at the form's own path that is opened with a session
//! takes them out and shows them, with nothing done. Where the ended session is known, only its owner gets them.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::to_bytes;
use axum::extract::Request;
use axum::response::Response;
use http::header::{CONTENT_TYPE, SET_COOKIE};
use http::{HeaderMap, Method};
use latchkey_app::ssr::RequestContext;
use latchkey_app::system_settings::{SettingInput, TokenInput};
use latchkey_domain::{Field, HOUR, PlainText, RepId, Timestamp};
use latchkey_service::SecretHash;

use super::forms::{Fields, MAX_FORM};
use super::{cookie, pages};
use crate::ServerState;

/// How long a form is kept, in seconds.
const KEPT_SECONDS: i64 = HOUR;
/// The most forms that are kept at once; the oldest goes first. Strangers can fill this, so it is small: 256 forms
/// of at most 64 KiB.
const MOST: usize = 256;
/// The most fields of one: more than any of our own has.
const MOST_FIELDS: usize = 500;

/// The forms that one process keeps.
#[derive(Default)]
pub(crate) struct KeptForms(Mutex<VecDeque<Kept>>);

struct Kept {
    code: SecretHash,
    path: String,
    sender: Option<RepId>,
    fields: Arc<Fields>,
    until: Timestamp,
}

impl KeptForms {
    fn put(&self, kept: Kept, now: Timestamp) {
        let mut forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        forms.retain(|form| form.until > now);
        if forms.len() >= MOST {
            forms.pop_front();
        }
        forms.push_back(kept);
    }

    fn take(&self, code: SecretHash, path: &str, rep: RepId, now: Timestamp) -> Option<Arc<Fields>> {
        let mut forms = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = |form: &Kept| {
            form.code == code && form.path == path && form.until > now && form.sender.is_none_or(|sender| sender == rep)
        };
        let index = forms.iter().position(fits)?;
        forms.remove(index).map(|form| form.fields)
    }
}

/// What was typed into the form of this page before its session had ended.
pub(super) fn of(request: &Request) -> Option<Arc<Fields>> {
    request.extensions().get::<Arc<Fields>>().cloned()
}

/// Whether a form at this path is worth keeping. The front door has no session to lose.
fn is_kept(path: &str) -> bool {
    latchkey_app::is_for_admins(path) || path == "/settings/general" || path == "/settings/personal-access-tokens/new"
}

/// Whether a field of this name holds what nobody may be shown again: passwords, tokens, what belongs to a vendor.
fn is_secret(name: &str) -> bool {
    [Field::Password.name(), Field::CurrentPassword.name(), "credential"].contains(&name)
        || name == TokenInput::NAME
        || name.starts_with(SettingInput::CREDENTIAL_PREFIX)
}

/// Whether a request is a form that has lost its session.
pub(super) fn has_lost_its_session(context: &RequestContext, request: &Request) -> bool {
    context.caller.is_none() && request.method() == Method::POST && is_kept(request.uri().path())
}

/// Keeps a form that has lost its session, and leads to the sign-in.
pub(super) async fn keep(state: &ServerState, request: Request) -> Response {
    let mut response = pages::to_sign_in(&request);
    let (parts, body) = request.into_parts();
    let content = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !content.starts_with("application/x-www-form-urlencoded") {
        return response;
    }
    let (Ok(bytes), Ok(code)) = (to_bytes(body, MAX_FORM).await, state.service.new_code()) else {
        return response;
    };
    let sender = match cookie::read(&parts.headers, &state.web) {
        Some(session) => state.service.owner_of_ended_session(&session).await,
        None => None,
    };
    let now = state.service.now();
    // Read, each takes far more room than its few bytes.
    if bytes.split(|byte| *byte == b'&').count() > MOST_FIELDS {
        return response;
    }
    let mut fields = Fields::read(&bytes);
    fields.forget(is_secret);
    let kept = Kept {
        code: SecretHash::of(code.expose()),
        path: parts.uri.path().to_owned(),
        sender,
        fields: Arc::new(fields),
        until: now.plus_seconds(KEPT_SECONDS),
    };
    if let Some(value) = cookie::keep(&code, KEPT_SECONDS, &state.web) {
        state.kept.put(kept, now);
        response.headers_mut().append(SET_COOKIE, value);
    }
    response
}

/// Gives a page the form that was kept for it. Answers whether there was one: its cookie has done its work then.
pub(super) fn give_back(state: &ServerState, context: &RequestContext, request: &mut Request) -> bool {
    let Some(caller) = context.caller.as_ref().filter(|_| request.method() == Method::GET) else {
        return false;
    };
    let Some(code) = code_in(request.headers(), state) else {
        return false;
    };
    let code = SecretHash::of(code.expose());
    let Some(fields) = state.kept.take(code, request.uri().path(), caller.rep.id, state.service.now()) else {
        return false;
    };
    request.extensions_mut().insert(fields);
    true
}

fn code_in(headers: &HeaderMap, state: &ServerState) -> Option<PlainText> {
    cookie::read_kept(headers, &state.web).map(PlainText::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(number: u8, sender: Option<RepId>) -> Kept {
        Kept {
            code: SecretHash::from_bytes([number; 32]),
            path: "/administration/x".to_owned(),
            sender,
            fields: Arc::new(Fields::read(b"name=Ben")),
            until: Timestamp::from_unix_seconds(100),
        }
    }

    #[test]
    fn a_form_is_given_back_once_to_whom_it_belongs() {
        let (ann, ben) = (RepId::from_bytes([1; 16]), RepId::from_bytes([2; 16]));
        let start = Timestamp::from_unix_seconds(0);
        let forms = KeptForms::default();
        forms.put(kept(1, Some(ann)), start);
        let take = |number: u8, path: &str, rep, now| {
            let code = SecretHash::from_bytes([number; 32]);
            forms.take(code, path, rep, Timestamp::from_unix_seconds(now)).map(|fields| fields.text("name"))
        };
        assert_eq!(take(1, "/administration/x", ben, 0), None, "somebody else");
        assert_eq!(take(2, "/administration/x", ann, 0), None, "another code");
        assert_eq!(take(1, "/administration/y", ann, 0), None, "another page");
        assert_eq!(take(1, "/administration/x", ann, 100), None, "too late");
        assert_eq!(take(1, "/administration/x", ann, 99).as_deref(), Some("Ben"));
        assert_eq!(take(1, "/administration/x", ann, 99), None, "twice");
    }

    #[test]
    fn secrets_are_known_by_their_names() {
        for name in ["password", "current_password", "credential", "credential_password", "tempworks_token"] {
            assert!(is_secret(name), "{name}");
        }
        assert!(!["description", "setting_password", "credentials"].into_iter().any(is_secret));
    }

    #[test]
    fn no_more_are_kept_than_fit() {
        let rep = RepId::from_bytes([1; 16]);
        let start = Timestamp::from_unix_seconds(0);
        let forms = KeptForms::default();
        for number in 0..=u8::MAX {
            forms.put(kept(number, None), start);
        }
        forms.put(kept(7, None), start);
        let take = |number: u8| forms.take(SecretHash::from_bytes([number; 32]), "/administration/x", rep, start);
        assert!(take(0).is_none(), "the oldest went");
        assert!(take(1).is_some());
    }
}
