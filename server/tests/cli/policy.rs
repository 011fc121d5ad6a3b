//! The policy holds for operators too, and a server carries out what it says.

use std::sync::Arc;

use latchkey_domain::{AddressUse, IdleDays, Lifetime, Policy, ScopeChoice, TokenForm};
use latchkey_service::ports::{Clock, PolicySaving, PolicyStore as _, TokenSource};
use latchkey_service::{
    AuditAction, AuditActor, AuditEntry, AuditSubject, DEFAULT_CATALOG, Origin, Service, SystemClock, SystemRandom,
    TokenOwner, read_catalog,
};
use latchkey_store::{Opening, SqlStore};
use serde_json::json;

use crate::support::{Place, client, wait_for};

const DAY: i64 = 86_400;

/// The machine's clock, so many days ago.
struct DaysAgo(i64);

impl Clock for DaysAgo {
    fn unix_millis(&self) -> i64 {
        SystemClock.unix_millis() - self.0 * DAY * 1000
    }
}

async fn service(place: &Place, days_ago: i64) -> (Service, SqlStore) {
    let store = SqlStore::open(&place.database_url(), Opening::UseCurrent).await.unwrap();
    let catalog = Arc::new(read_catalog(DEFAULT_CATALOG).unwrap());
    let clock = Arc::new(DaysAgo(days_ago));
    let service = Service::new(Arc::new(store.clone()), clock, Arc::new(SystemRandom), catalog).unwrap();
    (service, store)
}

fn origin() -> Origin {
    Origin { address: String::new(), request_id: String::new() }
}

/// Saves a policy, chosen by an admin.
async fn save(place: &Place, policy: &Policy) {
    let (service, store) = service(place, 0).await;
    let admin = service.rep_named("ann@example.com").await.unwrap();
    let audit = AuditEntry {
        at: service.now(),
        actor: AuditActor::Rep(admin.id),
        action: AuditAction::PolicyChanged,
        subject: AuditSubject::Nothing,
        origin: origin(),
        detail: String::new(),
    };
    let before = store.policy().await.unwrap().version;
    let saved = store.save_policy(policy, before, admin.id, &audit).await.unwrap();
    assert_eq!(saved.unsettled(), PolicySaving::Saved);
    store.close().await;
}

/// A token that was made so many days ago.
async fn token(place: &Place, description: &str, days_ago: i64) -> String {
    let (service, store) = service(place, days_ago).await;
    let rep = service.rep_named("ann@example.com").await.unwrap();
    let form = TokenForm {
        description: description.to_owned(),
        expiration: "1y".to_owned(),
        scope_choice: ScopeChoice::ALL_CODE.to_owned(),
        ..TokenForm::default()
    };
    let owner = TokenOwner {
        rep: &rep,
        actor: AuditActor::CommandLine,
        source: TokenSource::CommandLine,
        rate_limit: latchkey_domain::TokenRateLimit::Default,
        origin: &origin(),
        maker: None,
    };
    let issued = service.issue(owner, &form.parse().unwrap(), None).await.unwrap();
    store.close().await;
    issued.secret.expose().to_owned()
}

#[test]
fn a_token_is_bound_to_networks() {
    let place = Place::new();
    place.add_rep("ann@example.com", &[]);
    let add = ["token", "add", "--rep", "ann@example.com", "--expires", "90d", "--scope", "customer-read"];
    let bound = ["--description", "Bound", "--address", "10.1.0.0/16,192.0.2.7", "--address", "::ffff:10.2.0.0/112"];
    let made = place.run(&[&add[..], &bound].concat()).json();
    let networks = json!(["10.1.0.0/16", "10.2.0.0/16", "192.0.2.7/32"]);
    assert_eq!(made["addresses"], networks);
    assert_eq!(place.run(&["token", "list"]).json()["addresses"], networks);
    for (address, said) in [("10.1.2.3/8", "Entry 1 goes on beyond its length"), ("::1,here", "Entry 2 is no network")]
    {
        let wrong = [&add[..], &["--description", "Wrong", "--address", address]].concat();
        assert!(place.run(&wrong).failure(4).contains(said), "{address}");
    }
    assert_eq!(place.run(&["token", "list"]).lines().len(), 1);
}

#[tokio::test]
async fn what_the_policy_does_not_allow_is_refused() {
    let place = Place::new();
    place.add_rep("ann@example.com", &["--admin"]);
    place.add_rep("bob@example.com", &[]);
    let policy = Policy {
        longest: Lifetime::Days180,
        all_scopes: false,
        admin_scopes: "employee-read".parse().unwrap(),
        idle: None,
        addresses: AddressUse::Must,
        networks: "10.0.0.0/8".parse().ok(),
    };
    save(&place, &policy).await;
    let add = |rep: &str, more: &[&str]| {
        place.run(&[&["token", "add", "--rep", rep, "--description", "A token"], more].concat())
    };
    let fine = ["--expires", "180d", "--scope", "customer-read", "--address", "10.1.0.0/16"];
    for (more, said) in [
        (&["--expires", "1y", "--scope", "customer-read", "--address", "10.0.0.1"][..], "at most 180 Days"),
        (&["--expires", "90d", "--all-scopes", "--address", "10.0.0.1"], "do not allow All Scopes"),
        (&["--expires", "90d", "--scope", "employee-read", "--address", "10.0.0.1"], "only be granted by an admin"),
        (&["--expires", "90d", "--scope", "customer-read"], "Enter the networks"),
        (&["--expires", "90d", "--scope", "customer-read", "--address", "192.0.2.7"], "within those"),
    ] {
        assert!(add("bob@example.com", more).failure(4).contains(said), "{more:?}");
    }
    let several = add("bob@example.com", &["--expires", "1y", "--all-scopes"]);
    let line = several.failure(4);
    assert!(line.contains("at most 180 Days") && line.contains("All Scopes") && line.contains("networks"), "{line}");
    assert!(place.run(&["token", "list"]).lines().is_empty());
    assert_eq!(add("bob@example.com", &fine).json()["addresses"], json!(["10.1.0.0/16"]));
    let of_admin = ["--expires", "90d", "--scope", "employee-read", "--address", "10.0.0.1"];
    assert_eq!(add("ann@example.com", &of_admin).code, 0);
}

#[tokio::test]
async fn a_server_revokes_what_nobody_uses() {
    let place = Place::new();
    place.add_rep("ann@example.com", &["--admin"]);
    let idle = token(&place, "Idle", 31).await;
    let young = token(&place, "Young", 29).await;
    save(&place, &Policy { idle: IdleDays::new(30), ..Policy::default() }).await;
    let mut server = place.serve(&[]);
    let found = wait_for("the idle token to be revoked", || {
        let tokens = place.run(&["token", "list", "--all"]).lines();
        tokens.into_iter().find(|token| token["status"] == "revoked")
    });
    assert_eq!(found["description"], "Idle");
    let status = async |secret: &str| {
        let call = client().get(format!("{}/api/v1/token", server.url())).bearer_auth(secret);
        call.send().await.unwrap().status().as_u16()
    };
    assert_eq!((status(&idle).await, status(&young).await), (401, 200));
    server.signal("TERM");
    assert!(server.wait().0.success());
    assert!(server.log().contains("tokens that nobody used were revoked"), "{}", server.log());
}
