//! The audit log as admins read it and take it away.

use latchkey_domain::{Role, Timestamp};
use latchkey_service::ports::{AuditStore as _, Rep};
use latchkey_service::{AuditAction, AuditActor, AuditEntry, AuditSubject, Origin};
use serde_json::{Value, json};

use crate::support::{Answer, Caller as _, NOW, PASSWORD, Request, SignedIn, TestApp};

const LOG: &str = "/administration/audit-log";
const ADMIN: &str = "admin@example.com";
const ANN: &str = "ann@example.com";

async fn with_admin() -> (TestApp, Rep) {
    let app = TestApp::start().await;
    let admin = app.person(ADMIN, Role::Admin).await;
    (app, admin)
}

/// An entry of a test's own.
fn entry(actor: &Rep, action: AuditAction, at: Timestamp, detail: &str) -> AuditEntry {
    AuditEntry {
        at,
        actor: AuditActor::Rep(actor.id),
        action,
        subject: AuditSubject::Nothing,
        origin: Origin { address: "192.0.2.7".to_owned(), request_id: "0123abcd".to_owned() },
        detail: detail.to_owned(),
    }
}

/// What a page says of its entries: when, who, what, to what, from where, without markup.
fn rows(answer: &Answer) -> Vec<Vec<String>> {
    let text = answer.text();
    let Some((_, body)) = text.split_once("<tbody") else { return Vec::new() };
    let body = body.split("</tbody>").next().unwrap();
    let cells = |row: &str| -> Vec<String> { row.split("<td").skip(1).map(words).collect() };
    body.split("<tr").skip(1).map(cells).collect()
}

/// The text of a piece of a page.
fn words(html: &str) -> String {
    let (_, content) = html.split_once('>').unwrap();
    let mut parts: Vec<&str> = Vec::new();
    for part in content.split('<') {
        parts.push(part.split_once('>').map_or(part, |(_, text)| text));
    }
    parts.join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where a link of this name leads.
fn link(answer: &Answer, name: &str) -> Option<String> {
    let text = answer.text();
    let before = &text[..text.find(&format!(">{name}<"))?];
    let (_, tag) = before.rsplit_once("href=\"")?;
    Some(tag.split('"').next().unwrap().replace("&amp;", "&"))
}

async fn export(admin: &SignedIn<'_>, fields: &[(&str, &str)]) -> Answer {
    let answer = admin.post_form(LOG, fields).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

fn json_lines(answer: &Answer) -> Vec<Value> {
    answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn an_entry_says_who_did_what_to_what_from_where_and_when() {
    let (app, _) = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let token = app.token("customer-read").await;
    let ann = app.signed_in(ANN).await;
    let revoke = Request::new("POST", "/settings/personal-access-tokens").header("x-request-id", "r-17");
    ann.send(revoke.form(&[("revoke", &token.sid.to_string())])).await;
    let page = admin.get(LOG).await;
    assert_eq!((page.status.as_u16(), page.header("cache-control")), (200, "no-store".to_owned()));
    let rows = rows(&page);
    let [when, who, what, to_what, from_where] = rows[0].as_slice() else { panic!("{rows:?}") };
    assert!(when.starts_with("2026-11-23 14:00:00 23 November 2026, 14:00 UTC"), "{when}");
    assert!(when.ends_with("Not sequenced yet"), "{when}");
    assert_eq!((who.as_str(), what.as_str()), ("Ann Smith ann@example.com", "Token revoked"));
    assert_eq!(to_what, &format!("Token 1 {}", token.sid));
    assert!(from_where.contains("Request"), "{from_where}");
    assert!(page.text().contains("No entry yet"), "{}", page.text());

    app.service.sequence_audit().await.unwrap();
    let head = app.service.audit_head().await.unwrap();
    let page = admin.get(LOG).await;
    assert!(self::rows(&page)[0][0].ends_with(&format!("Entry {}", head.seq)));
    assert!(page.text().contains(&format!("up to entry {}", head.seq)) && page.text().contains(&head.mac.to_string()));
}

#[tokio::test]
async fn filters_stand_in_the_address_and_nonsense_is_left_out_with_a_note() {
    let (app, admin_rep) = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let token = app.token("customer-read").await;
    let ann = app.rep(ANN).await;
    let earlier = NOW.plus_seconds(-3 * 24 * 3600);
    let written = [
        entry(&ann, AuditAction::SignedOut, earlier, ""),
        AuditEntry { actor: AuditActor::Anonymous, ..entry(&ann, AuditAction::SignInFailed, NOW, "") },
        entry(&admin_rep, AuditAction::TokensExported, NOW, "<b>& \"x\""),
    ];
    app.store.write_audit(&written).await.unwrap();
    let sid = token.sid.to_string();
    for (query, expected) in [
        (format!("subject={sid}"), "Token created scopes: customer-read; until 2027-02-21T14:00:00Z"),
        ("actor=ann%40example.com".to_owned(), "Signed out"),
        ("actor=nobody".to_owned(), "Sign-in failed"),
        ("actor=command-line&action=rep_added&subject=ann%40example.com".to_owned(), "Service rep added"),
        ("action=group%3Atokens&address=192.0.2.7".to_owned(), "List of tokens exported <b>& \"x\""),
        ("request_id=0123abcd&to=2026-11-20".to_owned(), "Signed out"),
        ("from=2026-11-20&to=2026-11-20".to_owned(), "Signed out"),
        (format!("actor={}&action=tokens_exported", admin_rep.id), "List of tokens exported <b>& \"x\""),
    ] {
        let page = admin.get(&format!("{LOG}?{query}")).await;
        let found: Vec<String> = rows(&page).iter().map(|row| row[2].clone()).collect();
        let expected = expected.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert_eq!(found.len(), 1, "{query}: {found:?}");
        assert_eq!(found[0].replace("&quot;", "\""), expected, "{query}");
        assert!(page.text().contains(">1 entry<") && !page.text().contains("left out"), "{query}");
    }
    let all = rows(&admin.get(LOG).await).len();
    for (query, note) in [
        ("actor=x", "Who: write an e-mail address"),
        ("subject=nobody%40example.com", "To what: there is no service rep with this address"),
        ("action=moon_landed", "What: there is no such action"),
        ("from=yesterday", "From: write a day"),
        ("to=2026-02-30", "To: write a day"),
        ("from=2026-11-20&to=2026-11-19", "To: this day comes before"),
        ("request_id=%00", "Request id: no entry has this"),
        ("after=1.2.3", "cannot be read: this is the beginning"),
        ("after=99999999999999999999.1", "cannot be read"),
        ("actor=%FF%FE", "Who: write"),
    ] {
        let page = admin.get(&format!("{LOG}?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert!(page.text().contains(note), "{query}: {}", page.text());
        assert_eq!(rows(&page).len(), all, "{query}");
    }
    // What was typed stands in the form again.
    let page = admin.get(&format!("{LOG}?actor=%22%3E%3Cscript%3E&action=group%3Atokens")).await.text();
    assert!(page.contains("value=\"&quot;>&lt;script>") || page.contains("value=\"&quot;&gt;&lt;script&gt;"), "{page}");
    assert!(page.contains("<option value=\"group:tokens\" selected"), "{page}");
    let nothing = admin.get(&format!("{LOG}?request_id=none-such")).await;
    assert!(nothing.text().contains("No entry is like that") && nothing.text().contains(">0 entries<"));
}

#[tokio::test]
async fn pages_go_on_by_cursor_to_the_end_and_back() {
    let (app, rep) = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let entries: Vec<_> = (0..120)
        .map(|number| entry(&rep, AuditAction::AppearanceChanged, NOW.plus_seconds(number / 2), &number.to_string()))
        .collect();
    app.store.write_audit(&entries).await.unwrap();
    let first = format!("{LOG}?action=appearance_changed");
    let (mut path, mut found) = (first.clone(), Vec::new());
    loop {
        let page = admin.get(&path).await;
        found.extend(rows(&page).iter().map(|row| row[2].clone()));
        assert!(page.text().contains(">120 entries<"));
        assert_eq!(link(&page, "Newest entries"), (path != first).then(|| first.clone()));
        match link(&page, "Older entries") {
            Some(next) => path = next,
            None => break,
        }
    }
    let expected: Vec<String> = (0..120).rev().map(|number| format!("Appearance changed {number}")).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_search_that_takes_too_long_says_so_and_goes_on() {
    let (app, rep) = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    let mut entries = vec![entry(&rep, AuditAction::TokenLookedUp, NOW, "the one")];
    entries.extend((0..5_100).map(|_| entry(&rep, AuditAction::PasswordConfirmed, NOW.plus_seconds(1), "")));
    app.store.write_audit(&entries).await.unwrap();
    let path = format!("{LOG}?actor=admin%40example.com&action=token_looked_up");
    let whole = admin.get(&path).await;
    assert_eq!(rows(&whole).len(), 1, "in time all is found");
    assert!(whole.text().contains(">1 entry<"));

    app.let_time_pass(251);
    let cut = admin.get(&path).await;
    assert!(rows(&cut).is_empty());
    assert!(cut.text().contains("Nothing found so far") && cut.text().contains("in the time that one search has"));
    let further = admin.get(&link(&cut, "Search further").unwrap()).await;
    assert_eq!(rows(&further)[0][2], "Token looked up the one");
    assert!(further.text().contains(">At least 1 entry<"), "{}", further.text());
    assert_eq!(link(&further, "Search further"), None, "the log ends here");
    // A filter that has an index needs no search.
    let alone = admin.get(&format!("{LOG}?action=token_looked_up")).await;
    assert!(rows(&alone).len() == 1 && !alone.text().contains("in the time that one search has"));
}

#[tokio::test]
async fn an_export_is_what_is_filtered_and_an_entry_itself() {
    let (app, rep) = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    // More than are read at once, some of them made to look like formulas.
    let texts = ["=HYPERLINK(\"x\")", "+1", "-1", "@a", "\tb", "\rc", "plain, \"quoted\"\nand broken"];
    let entries: Vec<_> = (0..1_207)
        .map(|number: usize| {
            let at = NOW.plus_seconds(i64::try_from(number).unwrap() / 3);
            entry(&rep, AuditAction::RepRenamed, at, texts[number % texts.len()])
        })
        .collect();
    app.store.write_audit(&entries).await.unwrap();
    app.service.sequence_audit().await.unwrap();
    let filter = [("actor", ADMIN), ("action", "rep_renamed"), ("from", "nonsense")];

    let csv = export(&admin, &[&filter[..], &[("format", "csv")]].concat()).await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8; header=present");
    let disposition = "attachment; filename=\"latchkey-audit-log-2026-11-23.csv\"";
    assert_eq!(
        (csv.header("content-disposition"), csv.header("cache-control")),
        (disposition.into(), "no-store".into())
    );
    let mut reader = csv::Reader::from_reader(csv.body.as_slice());
    let columns: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(records.len(), 1_207);
    let cell = |record: &csv::StringRecord, name: &str| {
        record[columns.iter().position(|column| column == name).unwrap()].to_owned()
    };
    for (record, entry) in records.iter().zip(entries.iter().rev()) {
        let expected =
            if entry.detail.starts_with("plain") { entry.detail.clone() } else { format!("'{}", entry.detail) };
        assert_eq!(cell(record, "detail"), expected);
        assert_eq!((cell(record, "at"), cell(record, "actor")), (entry.at.to_rfc3339(), ADMIN.to_owned()));
        assert_eq!(cell(record, "hmac").len(), 64);
    }

    let lines = json_lines(&export(&admin, &[&filter[..], &[("format", "jsonl")]].concat()).await);
    assert_eq!(lines.len(), 1_207);
    assert_eq!(lines[0]["detail"], json!(entries[1_206].detail), "JSON needs no apostrophe");
    assert_eq!(lines[0]["subject"], Value::Null);
    let members: Vec<&String> = lines[0].as_object().unwrap().keys().collect();
    assert_eq!(members.len(), columns.len());
    assert!(columns.iter().all(|column| members.contains(&column)));

    let told = rows(&admin.get(&format!("{LOG}?action=audit_exported")).await);
    let details: Vec<&str> = told.iter().map(|row| row[2].as_str()).collect();
    let told_of = |format: &str| format!("Audit log exported {format}; by actor, action");
    assert_eq!(details, [told_of("JSON Lines"), told_of("CSV")]);
    assert_eq!(admin.post_form(LOG, &[("format", "xlsx")]).await.status, 404);
    assert_eq!(admin.post_form(LOG, &[]).await.status, 404);
    assert_eq!(rows(&admin.get(&format!("{LOG}?action=audit_exported")).await).len(), 2, "looking exports nothing");
}

#[tokio::test]
async fn an_export_that_lost_its_session_comes_back_as_its_filter() {
    let (app, _) = with_admin().await;
    let admin = app.signed_in(ADMIN).await;
    app.set_now(NOW.plus_seconds(13 * 3600));
    let lost = admin.post_form(LOG, &[("actor", ADMIN), ("action", "signed_in"), ("format", "csv")]).await;
    assert_eq!(lost.leads_to(), (303, format!("/sign-in?next={LOG}")));
    let kept = lost.header("set-cookie").split(';').next().unwrap().to_owned();
    let again = app.visitor().post_form("/sign-in", &[("email", ADMIN), ("password", PASSWORD)]).await;
    let cookies = format!("latchkey={}; {kept}", again.session_cookie());
    let page = app.visitor().send(Request::new("GET", LOG).header("cookie", cookies)).await;
    assert!(page.text().contains("nothing was exported"), "{}", page.text());
    assert!(rows(&page).iter().all(|row| row[2] == "Signed in"));
    let admin = SignedIn { app: &app, cookie: again.session_cookie() };
    assert!(rows(&admin.get(&format!("{LOG}?action=audit_exported")).await).is_empty());
}
