//! Everybody's tokens: what admins find, export, look up and revoke.

use latchkey_domain::{DAY, Role};
use latchkey_service::{AuditAction, AuditSubject};

use crate::support::{Answer, Caller as _, CredentialForm, IssuedToken, NOW, PASSWORD, Recording, SignedIn, TestApp};

const ALL: &str = "/administration/personal-access-tokens";
const ADMIN: &str = "admin@example.com";

async fn with_tokens(count: usize) -> (TestApp, Vec<IssuedToken>) {
    let app = TestApp::start().await;
    app.person(ADMIN, Role::Admin).await;
    let mut tokens = Vec::new();
    for index in 0..count {
        // One a second, so that their SIDs are in the order of their making.
        app.set_now(NOW.plus_seconds(i64::try_from(index).unwrap()));
        tokens.push(app.token(if index % 2 == 0 { "customer-read" } else { "employee-read task-read" }).await);
    }
    (app, tokens)
}

/// The SIDs of the rows, in order.
fn rows(answer: &Answer) -> Vec<String> {
    let text = answer.text();
    let rows = text.split("<span class=\"sub mono\">").skip(1);
    rows.map(|row| row.split('<').next().unwrap().to_owned()).collect()
}

fn sids(tokens: &[IssuedToken]) -> Vec<String> {
    tokens.iter().map(|token| token.sid.to_string()).collect()
}

/// The page that a link of these words leads to.
fn link(answer: &Answer, words: &str) -> Option<String> {
    let text = answer.text();
    let (before, _) = text.split_once(&format!(">{words}<"))?;
    let (_, path) = before.rsplit_once("href=\"")?;
    Some(path.split('"').next().unwrap().replace("&amp;", "&"))
}

#[tokio::test]
async fn pages_follow_each_other_in_every_order() {
    let (app, tokens) = with_tokens(120).await;
    let admin = app.signed_in(ADMIN).await;
    let newest_first: Vec<String> = sids(&tokens).into_iter().rev().collect();
    let mut found = Vec::new();
    let mut page = admin.get(ALL).await;
    assert!(page.text().contains("120 tokens"), "{}", page.text());
    loop {
        found.extend(rows(&page));
        let Some(next) = link(&page, "Show more") else { break };
        page = admin.get(&next).await;
    }
    assert_eq!(found, newest_first);
    for sort in ["created", "expires", "last_used"] {
        let page = admin.get(&format!("{ALL}?sort={sort}&direction=ascending")).await;
        assert_eq!(rows(&page), sids(&tokens)[..50], "{sort}");
        assert_eq!(page.text().matches("aria-sort=\"ascending\"").count(), 1);
    }
}

#[tokio::test]
async fn a_row_says_that_its_owner_is_disabled() {
    let (app, _) = with_tokens(1).await;
    let admin = app.signed_in(ADMIN).await;
    assert!(!admin.get(ALL).await.text().contains("(disabled)"));
    app.set_disabled("ann@example.com", true).await;
    assert!(admin.get(ALL).await.text().contains("</a> (disabled)"));
}

#[tokio::test]
async fn filters_combine_and_nonsense_is_left_out_and_said() {
    let (app, tokens) = with_tokens(6).await;
    app.revoke(tokens[0].sid).await;
    let admin = app.signed_in(ADMIN).await;
    let found = async |query: &str| rows(&admin.get(&format!("{ALL}?direction=ascending&{query}")).await);
    let of = |numbers: &[usize]| numbers.iter().map(|index| tokens[*index].sid.to_string()).collect::<Vec<_>>();
    assert_eq!(found("status=revoked").await, of(&[0]));
    assert_eq!(found("scope=customer-read&status=active").await, of(&[2, 4]));
    assert_eq!(found("q=oken%203&rep=ann%40example.com&source=command_line").await, of(&[2]));
    assert_eq!(found(&format!("q={}", &tokens[4].sid.to_string()[20..])).await, of(&[4]));
    assert_eq!(found("sensitive=1").await, of(&[1, 3, 5]), "employees are sensitive");
    assert_eq!(found("rep=admin%40example.com").await, Vec::<String>::new());
    assert_eq!(found("unused_days=1").await, Vec::<String>::new(), "they were made just now");
    assert_eq!(found("expires_before=2099-01-01&status=").await, of(&[0, 1, 2, 3, 4, 5]));

    let nonsense = "q=ab&rep=nobody&status=lost&scope=nonsense&source=x&expires_before=soon&unused_days=-1&sensitive=2&all_scopes=x&sort=x&direction=x&after=x";
    let page = admin.get(&format!("{ALL}?{nonsense}")).await;
    assert_eq!(page.status, 200);
    assert_eq!(rows(&page).len(), 6);
    let text = page.text();
    assert!(text.contains("Left out:"), "{text}");
    for part in ["service rep", "status", "scope", "source", "text", "date", "days", "order", "beginning"] {
        assert!(text.split("Left out:").nth(1).unwrap().split("</p>").next().unwrap().contains(part), "{part}");
    }
    assert!(!text.contains("choose-all"), "what was left out must not be revoked with the rest");
}

#[tokio::test]
async fn an_export_holds_exactly_what_is_filtered_and_runs_no_formula() {
    let (app, tokens) = with_tokens(3).await;
    let admin = app.signed_in(ADMIN).await;
    let ann = app.signed_in("ann@example.com").await;
    let form = ann.form_id().await;
    let fields = [
        ("form_id", form.as_str()),
        ("description", "=HYPERLINK(\"http://evil.example\")"),
        ("expiration", "90d"),
        ("scope_choice", "selected"),
        ("scopes[]", "customer-read"),
    ];
    assert_eq!(ann.post_form("/settings/personal-access-tokens/new", &fields).await.status, 200);
    let export = admin.post_form(ALL, &[("action", "export"), ("scope", "customer-read")]).await;
    assert_eq!(export.status, 200);
    assert!(export.header("content-disposition").starts_with("attachment; filename=\"latchkey-tokens-"));
    assert_eq!(export.header("cache-control"), "no-store");
    let text = export.text();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[1].contains("\"'=HYPERLINK(\"\"http://evil.example\"\")\""), "{text}");
    assert!(
        lines[3]
            .starts_with(&format!("{},Token 1,ann@example.com,customer-read,no,command_line,active,", tokens[0].sid))
    );
    let newest = &app.store.newest_audit_entries(1).await.unwrap()[0];
    assert_eq!((newest.action, newest.detail.as_str()), (AuditAction::TokensExported, "as CSV, filtered by scope"));
}

#[tokio::test]
async fn a_look_up_finds_whose_a_secret_is_and_keeps_nothing_of_it() {
    let (app, tokens) = with_tokens(2).await;
    app.revoke(tokens[1].sid).await;
    let admin = app.signed_in(ADMIN).await;
    let recording = Recording::start();
    let look_up = async |typed: &str| admin.post_form(ALL, &[("action", "look-up"), ("credential", typed)]).await;
    let both = format!("{}:{}", tokens[0].sid, tokens[0].secret);
    let as_sent = |form: CredentialForm| form.header(&tokens[0].sid.to_string(), &tokens[0].secret);
    let (name, basic) = as_sent(CredentialForm::Basic);
    let in_a_log = format!("'{name}: {basic}'");
    let (_, pair) = as_sent(CredentialForm::XTwToken);
    let (_, bearer) = as_sent(CredentialForm::Bearer);
    for (typed, index) in [
        (tokens[0].secret.as_str(), 0),
        (&format!(" {}\n", tokens[1].secret), 1),
        (&both, 0),
        (&tokens[1].sid.to_string(), 1),
        (&basic, 0),
        (&in_a_log, 0),
        (&pair, 0),
        (&format!("x-tw-token: {pair}"), 0),
        (&format!("Authorization: {bearer}"), 0),
    ] {
        let answer = look_up(typed).await;
        assert_eq!(answer.leads_to(), (200, String::new()), "valid or not");
        assert_eq!(answer.header("cache-control"), "no-store");
        let text = answer.text();
        assert!(text.contains(&format!("Token {}", index + 1)) && text.contains("ann@example.com"), "{text}");
        assert!(!text.contains(&tokens[index].secret));
        let newest = &app.store.newest_audit_entries(1).await.unwrap()[0];
        let subject = AuditSubject::Token(tokens[index].sid);
        assert_eq!((newest.action, newest.subject), (AuditAction::TokenLookedUp, subject));
        assert!(!newest.detail.contains("latchkey_"));
    }
    let gone = format!("{}0", &tokens[0].sid.to_string()[..33]);
    assert!(look_up(&gone).await.text().contains("No token has it"));
    let cut = &tokens[0].secret[..40];
    let answer = look_up(cut).await;
    assert_eq!(answer.status, 422);
    assert!(answer.text().contains("neither a whole Auth Token") && !answer.text().contains(cut));
    let logged = recording.bytes();
    let secret = tokens[0].secret.as_bytes();
    assert!(!logged.windows(40).any(|window| window == &secret[..40]), "a secret was logged");
}

#[tokio::test]
async fn two_admins_who_revoke_one_token_both_hear_the_truth() {
    let (app, tokens) = with_tokens(1).await;
    app.person("eve@example.com", Role::Admin).await;
    let (ann, eve) = (app.signed_in(ADMIN).await, app.signed_in("eve@example.com").await);
    let path = format!("{ALL}/{}", tokens[0].sid);
    assert!(ann.get(&path).await.text().contains("stops working at once"));
    let (one, two) = tokio::join!(ann.post_form(&path, &[]), eve.post_form(&path, &[]));
    let mut told = [one.leads_to().1, two.leads_to().1];
    told.sort();
    assert_eq!(told, [format!("{path}?notice=had-ended"), format!("{path}?notice=revoked")]);
    assert!(ann.get(&told[0]).await.text().contains("somebody else was faster"));
    assert_eq!(ann.get(&format!("{ALL}/LK{}", "0".repeat(32))).await.status, 404);
}

/// Chooses what the fields say; the path of the set.
async fn choose(admin: &SignedIn<'_>, fields: &[(&str, &str)]) -> String {
    let (status, path) = admin.post_form(ALL, fields).await.leads_to();
    assert_eq!(status, 303);
    path
}

/// Looks until the work is done.
async fn done(admin: &SignedIn<'_>, path: &str) -> String {
    loop {
        let page = admin.get(path).await;
        if page.header("refresh").is_empty() {
            return page.text();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn the_chosen_rows_are_revoked_and_no_others() {
    let (app, tokens) = with_tokens(4).await;
    let admin = app.signed_in(ADMIN).await;
    let chosen = sids(&tokens);
    let fields = [("action", "choose"), ("sid", &chosen[0]), ("sid", &chosen[1]), ("sid", &chosen[2])];
    let path = choose(&admin, &fields).await;
    let page = admin.get(&path).await.text();
    assert!(page.contains("3 tokens would be revoked") && page.contains("ann@example.com"), "{page}");
    assert!(page.contains("None of them was used today"));
    // One of them ends before the admin says yes.
    app.revoke(tokens[1].sid).await;
    assert_eq!(admin.post_form(&path, &[]).await.leads_to(), (303, path.clone()));
    let page = done(&admin, &path).await;
    assert!(page.contains("2 tokens revoked. 1 had ended already"), "{page}");
    // Once more: it is done.
    admin.post_form(&path, &[]).await;
    assert!(done(&admin, &path).await.contains("2 tokens revoked. 1 had ended already"));
    let log = app.store.newest_audit_entries(100).await.unwrap();
    let revoked = log.iter().filter(|entry| entry.action == AuditAction::TokenRevoked).count();
    assert_eq!(revoked, 3, "one by the operator, two by the admin");
    assert!(rows(&admin.get(&format!("{ALL}?status=active")).await) == [chosen[3].clone()]);

    app.person("eve@example.com", Role::Admin).await;
    let eve = app.signed_in("eve@example.com").await;
    assert_eq!(eve.get(&path).await.status, 404, "a set is its own admin's");
    let nothing = admin.post_form(ALL, &[("action", "choose")]).await;
    assert_eq!(nothing.status, 409);
    assert!(nothing.text().contains("Nothing was chosen"));
}

#[tokio::test]
async fn many_are_revoked_once_their_number_is_typed_and_the_password_given() {
    let (app, tokens) = with_tokens(21).await;
    let admin = app.signed_in(ADMIN).await;
    let path = choose(&admin, &[("action", "choose-all"), ("rep", "ann@example.com")]).await;
    // What is made after the set was fixed is not in it.
    let later = app.vendor("customer-read").await;
    let refused = admin.post_form(&path, &[("confirmation", "20")]).await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("Type the number as it stands above"), "{}", refused.text());
    app.set_now(NOW.plus_seconds(DAY / 2 - 1));
    let fields = [("confirmation", "21"), ("current_password", "")];
    assert_eq!(admin.post_form(&path, &fields).await.status, 422, "the password was given too long ago");
    let fields = [("confirmation", "21"), ("current_password", PASSWORD)];
    assert_eq!(admin.post_form(&path, &fields).await.status, 303);
    assert!(done(&admin, &path).await.contains("21 tokens revoked. None had ended before."));
    assert_eq!(later.get("/api/v1/token").await.status, 200);
    let revoked = rows(&admin.get(&format!("{ALL}?status=revoked&direction=ascending")).await);
    assert_eq!(revoked, sids(&tokens));
}

#[tokio::test]
async fn what_was_used_today_is_seen_before() {
    let (app, tokens) = with_tokens(2).await;
    let vendor = app.vendor("customer-read").await;
    assert_eq!(vendor.get("/api/v1/token").await.status, 200);
    let admin = app.signed_in(ADMIN).await;
    let path = choose(&admin, &[("action", "choose-all"), ("status", "active")]).await;
    let page = admin.get(&path).await.text();
    assert!(page.contains("Used today (since midnight UTC): 1"), "{page}");
    assert!(page.contains("Token 3") && !page.contains(&tokens[0].sid.to_string()));
}
