//! What is secret is told once, to whom it is for, and is nowhere else: no later answer, no file, no log.

use latchkey_domain::PlainText;

use crate::support::{Answer, Caller as _, PASSWORD, Recording, Request, SignedIn, TestApp, Vendor};

const TOKENS: &str = "/settings/personal-access-tokens";
const NEW_TOKEN: &str = "/settings/personal-access-tokens/new";

/// Every answer, with what was asked.
#[derive(Default)]
struct Answers(Vec<(String, Answer)>);

impl Answers {
    fn keep(&mut self, what: &str, answer: Answer) -> &Answer {
        self.0.push((what.to_owned(), answer));
        &self.0.last().unwrap().1
    }

    /// The requests whose answers' bodies hold this text.
    fn told(&self, secret: &str) -> Vec<&str> {
        let told = self.0.iter().filter(|(_, answer)| holds(&answer.body, secret));
        told.map(|(what, _)| what.as_str()).collect()
    }

    /// The requests whose answers' headers hold this text.
    fn in_headers(&self, secret: &str) -> Vec<&str> {
        let told =
            self.0.iter().filter(|(_, answer)| answer.headers.values().any(|value| holds(value.as_bytes(), secret)));
        told.map(|(what, _)| what.as_str()).collect()
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The Auth Token in an answer that shows it.
fn auth_token(text: &str) -> String {
    let (_, rest) = text.split_once("latchkey_").unwrap();
    format!("latchkey_{}", &rest[..38])
}

/// The Account SID of the newest token.
async fn newest(app: &TestApp) -> latchkey_domain::AccountSid {
    let tokens = app.service.tokens(latchkey_service::ports::TokenFilter::default(), u32::MAX).await.unwrap();
    tokens.iter().map(|token| token.sid).max_by_key(ToString::to_string).unwrap()
}

#[tokio::test]
async fn secrets_are_told_once_and_kept_nowhere() {
    let recording = Recording::start();
    tracing::trace!("at the most talkative level");
    let app = TestApp::start().await;
    let mut answers = Answers::default();

    let code: PlainText = app.service.offer_set_up().await.unwrap().unwrap();
    let link = format!("/setup?code={}", code.expose());
    answers.keep("the set-up page", app.visitor().get(&link).await);
    let admin = [("name", "Ann Smith"), ("email", "ann@example.com"), ("password", PASSWORD)];
    let cookie = answers.keep("set-up", app.visitor().post_form(&link, &admin).await).session_cookie();
    answers.keep("set-up again", app.visitor().post_form(&link, &admin).await);
    let wrong = [("email", "ann@example.com"), ("password", "incorrect horse battery staple")];
    answers.keep("a wrong password", app.visitor().post_form("/sign-in", &wrong).await);
    let ann = SignedIn { app: &app, cookie };

    let form_id = ann.form_id().await;
    let form = [
        ("form_id", form_id.as_str()),
        ("description", "By form"),
        ("expiration", "90d"),
        ("scope_choice", "selected"),
        ("scopes[]", "customer-read"),
    ];
    let by_form = auth_token(&answers.keep("add by form", ann.post_form(NEW_TOKEN, &form).await).text());
    let first = newest(&app).await;
    answers.keep("the form again", ann.post_form(NEW_TOKEN, &form).await);
    let form_id = ann.form_id().await;
    let form = [
        ("form_id", form_id.as_str()),
        ("description", "By function"),
        ("expiration", "90d"),
        ("scope_choice", "selected"),
        ("scopes[0]", "customer-read"),
    ];
    let add = "/internal/tokens/add";
    let by_function = auth_token(&answers.keep("add by function", ann.post_form(add, &form).await).text());
    answers.keep("the function again", ann.post_form(add, &form).await);
    assert_ne!(by_form, by_function);
    let second: latchkey_domain::AccountSid = {
        let tokens = app.service.tokens(latchkey_service::ports::TokenFilter::default(), u32::MAX).await.unwrap();
        tokens.iter().map(|token| token.sid).find(|sid| *sid != first).unwrap()
    };

    for (sid, secret) in [(first, &by_form), (second, &by_function)] {
        let expires_at = crate::support::NOW;
        let token = crate::support::IssuedToken { sid, secret: secret.clone(), expires_at };
        let vendor = Vendor::new(&app, token);
        for form in crate::support::CredentialForm::ALL {
            let vendor = vendor.by(form);
            let token = answers.keep("the token itself", vendor.get("/api/v1/token").await);
            assert_eq!(token.status, 200);
            assert_eq!(answers.keep("a call", vendor.get("/api/v1/customers").await).status, 200);
            assert_eq!(answers.keep("a refused call", vendor.get("/api/v1/employees").await).status, 403);
        }
        // Where a secret does not belong, it is not repeated either.
        let misplaced = Request::new("GET", TOKENS).header("authorization", format!("Bearer {secret}"));
        assert_eq!(answers.keep("a page asked for by a token", ann.send(misplaced).await).status, 403);
    }
    for path in [TOKENS, NEW_TOKEN, "/settings/general", "/settings/diagnostics"] {
        answers.keep(path, ann.get(path).await);
    }
    answers.keep("the list", ann.get("/internal/tokens/list?rows=10").await);
    let (first, second) = (first.to_string(), second.to_string());
    let revoked = ann.post_form(TOKENS, &[("revoke", &first)]).await;
    assert_eq!(answers.keep("revoke by form", revoked).status, 303);
    let revoked = ann.post_form("/internal/tokens/revoke", &[("sid", &second)]).await;
    assert_eq!(answers.keep("revoke by function", revoked).status, 200);
    answers.keep("all tokens", ann.get(&format!("{TOKENS}?show=all")).await);
    answers.keep("the whole list", ann.get("/internal/tokens/list?with_ended=true&rows=10").await);

    for (secret, told) in [(&by_form, "add by form"), (&by_function, "add by function")] {
        for part in [secret.as_str(), &secret[9..41]] {
            assert_eq!(answers.told(part), [told]);
            assert_eq!(answers.in_headers(part), [""; 0]);
        }
    }
    assert_eq!(answers.told(&ann.cookie), [""; 0]);
    assert_eq!(answers.in_headers(&ann.cookie), ["set-up"]);
    // The form's own address holds the code, until it is used.
    assert_eq!(answers.told(code.expose()), ["the set-up page"]);
    assert_eq!(answers.told(PASSWORD), [""; 0]);

    let files = app.database_files();
    assert!(files.iter().any(|file| holds(file, "By function")), "the files are those of this database");
    let log = recording.bytes();
    for line in ["at the most talkative level", "sqlx::query", "request_id"] {
        assert!(holds(&log, line), "the log lacks {line}");
    }
    let secrets = [&by_form, &by_form[9..41], &by_function, &by_function[9..41], &ann.cookie, code.expose(), PASSWORD];
    for secret in secrets {
        assert!(files.iter().all(|file| !holds(file, secret)), "{secret} is in the database's files");
        assert!(!holds(&log, secret), "{secret} is in the log");
    }
}
