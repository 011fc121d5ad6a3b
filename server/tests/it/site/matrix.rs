//! Who may ask for what: everything that the server answers to, against everybody who may call.
//!
//! A page, form, function or route that stands in no table here fails the first test.

use std::collections::BTreeSet;

use latchkey_app::PAGES;
use latchkey_app::functions::FOR_EVERYBODY_SIGNED_IN;
use latchkey_domain::{Grant, OwnRoute, Role};
use latchkey_server::site::FORMS;
use latchkey_service::{DEFAULT_CATALOG, read_catalog};
use leptos::server_fn::axum::server_fn_paths;

use crate::support::{Answer, Caller as _, CredentialForm, PASSWORD, Request, SignedIn, TestApp, Vendor};

const TOKENS: &str = "/settings/personal-access-tokens";
const ANN: &str = "ann@example.com";

/// What somebody gets.
#[derive(Debug, Clone, Copy)]
enum Gets {
    /// This status, and no way on.
    Status(u16),
    /// A redirect to this place.
    Led(&'static str),
    /// A redirect to the sign-in, and from there back here.
    ToSignIn,
    /// A refusal that the live page reads.
    Says(u16, &'static str),
}

use Gets::{Led, Says, Status, ToSignIn};

type Fields = &'static [(&'static str, &'static str)];

/// A request, and what each caller gets for it. Tokens get nothing here, so they have no column.
struct Row {
    method: &'static str,
    path: &'static str,
    query: &'static str,
    fields: Fields,
    /// Nobody; and somebody whose account was disabled while they were signed in.
    anonymous: Gets,
    /// The owner of the token in question.
    owner: Gets,
    /// Another rep.
    others: Gets,
    /// An admin.
    admin: Gets,
}

const fn get(path: &'static str, anonymous: Gets, signed_in: Gets) -> Row {
    Row {
        method: "GET",
        path,
        query: "",
        fields: &[],
        anonymous,
        owner: signed_in,
        others: signed_in,
        admin: signed_in,
    }
}

/// A page of administration: reps learn that it is none of theirs.
const fn administration(path: &'static str) -> Row {
    Row { admin: Status(200), ..get(path, ToSignIn, Status(403)) }
}

const fn post(path: &'static str, fields: Fields, anonymous: Gets, signed_in: Gets) -> Row {
    Row { method: "POST", path, query: "", fields, anonymous, owner: signed_in, others: signed_in, admin: signed_in }
}

const PAGE_ROWS: [Row; 22] = [
    // There is an admin already.
    get("/setup", Status(410), Status(410)),
    get("/sign-in", Status(200), Led(TOKENS)),
    // Without the code of a link.
    get("/invite", Status(410), Status(410)),
    get("/reset-password", Status(410), Status(410)),
    get("/settings/general", ToSignIn, Status(200)),
    get("/settings/diagnostics", ToSignIn, Status(200)),
    get(TOKENS, ToSignIn, Status(200)),
    get("/settings/personal-access-tokens/new", ToSignIn, Status(200)),
    Row { owner: Status(200), ..get("/settings/personal-access-tokens/{sid}", ToSignIn, Status(404)) },
    administration("/administration/service-reps"),
    administration("/administration/service-reps/new"),
    administration("/administration/service-reps/{id}"),
    administration("/administration/service-reps/{id}/move"),
    administration("/administration/personal-access-tokens/new"),
    administration("/administration/personal-access-tokens"),
    administration("/administration/personal-access-tokens/{sid}"),
    // A set is its own admin's alone, and there is none of this name.
    Row { admin: Status(404), ..administration("/administration/personal-access-tokens/revocations/{set}") },
    administration("/administration/audit-log"),
    administration("/administration/policy"),
    administration("/system-settings/external-service-accounts"),
    administration("/system-settings/external-service-accounts/new"),
    // There is none of this id.
    Row { admin: Status(404), ..administration("/system-settings/external-service-accounts/{id}") },
];

/// Stands for the owner's token in a form.
const THE_TOKEN: &str = "<the token>";
/// Stands for a form's id that was not used yet.
const FRESH: &str = "<fresh>";

/// Stands for a rep in a form; in a path, `{id}` does.
const THE_REP: &str = "<the rep>";

/// A form of administration.
const fn form_of_administration(path: &'static str, fields: Fields, admin: Gets) -> Row {
    Row { admin, ..post(path, fields, ToSignIn, Status(403)) }
}

const FORM_ROWS: [Row; 19] = [
    post("/invite", &[("password", PASSWORD)], Status(410), Status(410)),
    post("/reset-password", &[("password", PASSWORD)], Status(410), Status(410)),
    form_of_administration(
        "/administration/service-reps/new",
        &[("kind", "human"), ("name", "Carl"), ("email", "carl@example.com"), ("role", "rep")],
        Status(200),
    ),
    // They are a rep already.
    form_of_administration("/administration/service-reps/{id}", &[("action", "make-rep")], Status(409)),
    // They have none.
    form_of_administration("/administration/service-reps/{id}/move", &[("to", ANN)], Status(409)),
    form_of_administration(
        "/administration/personal-access-tokens/new",
        &[
            ("form_id", FRESH),
            ("rep", THE_REP),
            ("description", "Example"),
            ("expiration", "90d"),
            ("scope_choice", "selected"),
            ("scopes[]", "customer-read"),
        ],
        Status(200),
    ),
    // An export; choosing, looking up and exporting ask for the role in one place.
    form_of_administration("/administration/personal-access-tokens", &[("action", "export")], Status(200)),
    form_of_administration(
        "/administration/personal-access-tokens/{sid}",
        &[],
        Led("/administration/personal-access-tokens/{sid}?notice=revoked"),
    ),
    form_of_administration(
        "/administration/personal-access-tokens/revocations/{set}",
        &[("current_password", PASSWORD)],
        Status(404),
    ),
    form_of_administration("/administration/audit-log", &[("format", "csv")], Status(200)),
    // Looking at what would come of it, and saving, ask for the role in one place.
    form_of_administration(
        "/administration/policy",
        &[
            ("action", "save"),
            ("version", "1"),
            ("shown_idle", "0"),
            ("longest", "180d"),
            ("all_scopes", "1"),
            ("address_use", "may"),
            ("networks", ""),
        ],
        Led("/administration/policy?notice=saved"),
    ),
    // At this level it needs a name.
    form_of_administration(
        "/system-settings/external-service-accounts/new",
        &[("integration", "e-verify"), ("level", "company")],
        Status(422),
    ),
    form_of_administration("/system-settings/external-service-accounts/{id}", &[("action", "save")], Status(404)),
    post("/sign-in", &[("email", ANN), ("password", PASSWORD)], Led(TOKENS), Led(TOKENS)),
    post("/sign-out", &[], Led("/sign-in"), Led("/sign-in")),
    post("/setup", &[], Status(410), Status(410)),
    post(
        "/settings/general",
        &[("section", "profile"), ("name", "Ann")],
        ToSignIn,
        Led("/settings/general?saved=profile"),
    ),
    Row {
        owner: Led("/settings/personal-access-tokens?notice=revoked"),
        ..post(TOKENS, &[("revoke", THE_TOKEN)], ToSignIn, Status(404))
    },
    post(
        "/settings/personal-access-tokens/new",
        &[
            ("form_id", FRESH),
            ("description", "Example"),
            ("expiration", "90d"),
            ("scope_choice", "selected"),
            ("scopes[]", "customer-read"),
        ],
        ToSignIn,
        Status(200),
    ),
];

const SIGNED_OUT: Gets = Says(401, "SignedOut");

const FUNCTION_ROWS: [Row; 4] = [
    Row { query: "?rows=10", ..get("/internal/tokens/list", SIGNED_OUT, Status(200)) },
    get("/internal/tokens/new-form", SIGNED_OUT, Status(200)),
    post(
        "/internal/tokens/add",
        &[
            ("form_id", FRESH),
            ("description", "Example"),
            ("expiration", "90d"),
            ("scope_choice", "selected"),
            ("scopes[0]", "customer-read"),
        ],
        SIGNED_OUT,
        Status(200),
    ),
    Row {
        owner: Status(200),
        ..post("/internal/tokens/revoke", &[("sid", THE_TOKEN)], SIGNED_OUT, Says(404, "NotFound"))
    },
];

/// The API's own routes. They take a token alone.
const OWN_ROUTES: [(&str, &str); 3] = [("GET", "/api/v1/token"), ("GET", OWN_ACCOUNT), ("DELETE", "/api/v1/token")];
/// Only the token of an account is answered here.
const OWN_ACCOUNT: &str = "/api/v1/external-service-account";

/// The default catalog's routes: method, path, and the scope that opens them.
const CATALOG_ROUTES: &str = include_str!("catalog_routes.txt");

fn rows() -> impl Iterator<Item = Row> {
    PAGE_ROWS.into_iter().chain(FORM_ROWS).chain(FUNCTION_ROWS)
}

fn fill_path(path: &str, known: &Known) -> String {
    path.replace("{sid}", &known.sid).replace("{id}", &known.rep).replace("{set}", &"7".repeat(32))
}

impl Row {
    /// The row's path for a token and a rep that there are.
    fn path(&self, known: &Known) -> String {
        fill_path(self.path, known)
    }

    fn request(&self, known: &Known, form_id: &str) -> Request {
        let request = Request::new(self.method, &format!("{}{}", self.path(known), self.query));
        if self.method == "GET" {
            return request;
        }
        let fill = |value| match value {
            THE_TOKEN => &known.sid,
            THE_REP => &known.rep,
            FRESH => form_id,
            other => other,
        };
        let fields: Vec<_> = self.fields.iter().map(|&(name, value)| (name, fill(value))).collect();
        request.form(&fields)
    }

    fn check(&self, who: &str, gets: Gets, known: &Known, answer: &Answer) {
        let what = format!("{} {} by {who}: {}", self.method, self.path, String::from_utf8_lossy(&answer.body));
        match gets {
            Status(status) => assert_eq!(answer.leads_to(), (status, String::new()), "{what}"),
            Led(to) => assert_eq!(answer.leads_to(), (303, fill_path(to, known)), "{what}"),
            ToSignIn => {
                let path = self.path(known);
                assert_eq!(answer.leads_to(), (303, format!("/sign-in?next={path}")), "{what}");
            }
            Says(status, refusal) => {
                assert_eq!(answer.status.as_u16(), status, "{what}");
                assert_eq!(answer.json(), serde_json::json!({ "Refused": refusal }), "{what}");
            }
        }
    }
}

#[test]
fn the_tables_name_all_there_is_and_nothing_else() {
    let named = |rows: &[Row]| -> BTreeSet<_> { rows.iter().map(|row| row.path).collect() };
    assert_eq!(named(&PAGE_ROWS), BTreeSet::from(PAGES));
    assert_eq!(named(&FORM_ROWS), BTreeSet::from(FORMS));

    let functions: BTreeSet<_> = server_fn_paths().map(|(path, method)| (method.to_string(), path)).collect();
    let in_table = FUNCTION_ROWS.iter().map(|row| (row.method.to_owned(), row.path));
    assert_eq!(in_table.collect::<BTreeSet<_>>(), functions);
    assert_eq!(named(&FUNCTION_ROWS), BTreeSet::from(FOR_EVERYBODY_SIGNED_IN));

    let own: BTreeSet<_> = OwnRoute::ALL.iter().map(|route| (route.method.as_str(), route.path)).collect();
    assert_eq!(own, BTreeSet::from(OWN_ROUTES));
    let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
    let mut of_catalog = BTreeSet::new();
    for scope in catalog.scopes() {
        of_catalog.extend(scope.routes.iter().map(|route| format!("{} {} {}", route.method, route.path, scope.name)));
    }
    assert_eq!(CATALOG_ROUTES.lines().map(str::to_owned).collect::<BTreeSet<_>>(), of_catalog);
}

/// A token of Ann's, and Ben's id.
struct Known {
    sid: String,
    rep: String,
}

impl Known {
    async fn in_app(app: &TestApp, sid: impl ToString) -> Self {
        Self { sid: sid.to_string(), rep: app.rep("ben@example.com").await.id.to_string() }
    }
}

/// A server with two reps and an admin.
async fn populated() -> TestApp {
    let app = TestApp::start().await;
    app.rep(ANN).await;
    app.rep("ben@example.com").await;
    app.person("admin@example.com", Role::Admin).await;
    app
}

/// A rep who was disabled while signed in.
async fn disabled(app: &TestApp) -> SignedIn<'_> {
    let dan = app.signed_in("dan@example.com").await;
    app.set_disabled("dan@example.com", true).await;
    dan
}

#[tokio::test]
async fn everybody_gets_what_the_table_says_of_the_site() {
    for row in rows() {
        let app = populated().await;
        let known = Known::in_app(&app, app.token("customer-read").await.sid).await;
        row.check("nobody", row.anonymous, &known, &app.visitor().send(row.request(&known, "")).await);
        row.check("a disabled rep", row.anonymous, &known, &disabled(&app).await.send(row.request(&known, "")).await);
        // The owner last: what is revoked stays so.
        for (email, gets) in [("ben@example.com", row.others), ("admin@example.com", row.admin), (ANN, row.owner)] {
            let caller = app.signed_in(email).await;
            let request = row.request(&known, &caller.form_id().await);
            row.check(email, gets, &known, &caller.send(request).await);
        }
    }
}

#[tokio::test]
async fn a_token_opens_nothing_of_the_site() {
    let app = populated().await;
    let vendor = app.vendor("*").await;
    let ann = app.signed_in(ANN).await;
    let known = Known::in_app(&app, vendor.token.sid).await;
    for row in rows() {
        for form in CredentialForm::ALL {
            let (name, value) = form.header(&known.sid, &vendor.token.secret);
            let alone = app.visitor().send(row.request(&known, "").header(name, &value)).await;
            let beside_a_session = ann.send(row.request(&known, "").header(name, &value)).await;
            for answer in [alone, beside_a_session] {
                let refusal = (403, "credential_not_accepted".to_owned());
                assert_eq!(answer.refusal(), refusal, "{} {} by {form:?}", row.method, row.path);
                assert_eq!(answer.header("set-cookie"), "");
            }
        }
    }
    assert_eq!(vendor.get("/api/v1/token").await.status, 200, "nothing has changed");
}

#[tokio::test]
async fn no_cookie_opens_the_api() {
    let app = populated().await;
    let callers = [
        app.signed_in(ANN).await,
        app.signed_in("ben@example.com").await,
        app.signed_in("admin@example.com").await,
        disabled(&app).await,
    ];
    let refusal = (401, "credential_missing".to_owned());
    for (method, path, _) in OWN_ROUTES.map(|(method, path)| (method, path, "")).into_iter().chain(catalog_routes()) {
        let path = path.replace("{id}", "x");
        assert_eq!(app.anonymous().call(method, &path).await.refusal(), refusal, "{method} {path}");
        for caller in &callers {
            assert_eq!(caller.call(method, &path).await.refusal(), refusal, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_token_of_all_scopes_opens_what_reps_may_grant() {
    let app = populated().await;
    let vendor = app.vendor("*").await;
    let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
    for (method, path, scope) in catalog_routes() {
        let answer = vendor.call(method, &path.replace("{id}", "x")).await;
        let scope = catalog.scopes().iter().find(|known| known.name.as_str() == scope).unwrap();
        if scope.grant == Grant::Rep {
            assert!(![401, 403].contains(&answer.status.as_u16()), "{method} {path}: {}", answer.status);
        } else {
            assert_eq!(answer.refusal(), (403, "insufficient_scope".to_owned()), "{method} {path}");
        }
    }
    for (method, path) in OWN_ROUTES {
        let answer = vendor.call(method, path).await;
        let expected = if path == OWN_ACCOUNT { answer.status == 404 } else { answer.status.is_success() };
        assert!(expected, "{method} {path}");
    }
}

fn catalog_routes() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    CATALOG_ROUTES.lines().map(|line| {
        let mut parts = line.split(' ');
        (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap())
    })
}

#[tokio::test]
async fn somebody_elses_token_and_none_get_the_same_refusal() {
    let app = populated().await;
    let ann = app.vendor("customer-read").await;
    let ben = app.signed_in("ben@example.com").await;
    let theirs = ann.token.sid.to_string();
    let (rest, last) = theirs.split_at(theirs.len() - 1);
    let missing = format!("{rest}{}", if last == "0" { "1" } else { "0" });
    for (path, name) in [(TOKENS, "revoke"), ("/internal/tokens/revoke", "sid")] {
        let mut refusals = Vec::new();
        for sid in [&theirs, &missing, "nonsense"] {
            let answer = ben.post_form(path, &[(name, sid)]).await;
            // What follows the page's content carries a nonce.
            let content = answer.text().split("</main>").next().unwrap().to_owned();
            refusals.push((answer.status.as_u16(), content));
        }
        assert_eq!(refusals[0].0, 404, "{path}");
        assert!(refusals.iter().all(|refusal| *refusal == refusals[0]), "{path}: {refusals:#?}");
    }
    assert_eq!(ann.get("/api/v1/token").await.status, 200, "the token lives on");
}

#[tokio::test]
async fn what_changes_something_must_come_from_our_own_pages() {
    let app = populated().await;
    let vendor: Vendor<'_> = app.vendor("customer-read").await;
    let ann = app.signed_in(ANN).await;
    let known = Known::in_app(&app, vendor.token.sid).await;
    let from = |request: Request, headers: &[(&str, &str)]| {
        let request = request.header("cookie", format!("latchkey={}", ann.cookie)).header("host", "latchkey.test");
        headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    };
    let elsewhere: [&[(&str, &str)]; 7] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("sec-fetch-site", "none")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://latchkey.test")],
    ];
    for row in rows().filter(|row| row.method != "GET") {
        for headers in elsewhere {
            let answer = app.anonymous().send(from(row.request(&known, ""), headers)).await;
            assert_eq!(answer.refusal(), (403, "cross_origin".to_owned()), "{} {headers:?}", row.path);
            assert_eq!(answer.header("set-cookie"), "");
        }
    }
    assert_eq!(ann.get("/settings/general").await.status, 200, "the session lives on");
    assert_eq!(vendor.get("/api/v1/token").await.status, 200, "the token lives on");
    // An older browser names the origin alone.
    let revocation = Request::new("POST", TOKENS).form(&[("revoke", &known.sid)]);
    let answer = app.anonymous().send(from(revocation, &[("origin", "http://latchkey.test")])).await;
    assert_eq!(answer.status, 303);
    assert_eq!(vendor.get("/api/v1/token").await.status, 401);
}
