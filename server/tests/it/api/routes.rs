//! No route is open: each asks for a token, and each of the catalog's for its scope.

use latchkey_domain::{Method, OwnAction, OwnRoute, Requirement};
use latchkey_service::{DEFAULT_CATALOG, read_catalog};

use crate::support::{Caller as _, TestApp};

#[tokio::test]
async fn every_route_asks_for_a_token() {
    let app = TestApp::start().await;
    let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
    let of_catalog = catalog.scopes().iter().flat_map(|scope| &scope.routes);
    let of_catalog = of_catalog.map(|route| (route.method, route.path.replace("{id}", "x")));
    let own = OwnRoute::ALL.iter().map(|route| (route.method, route.path.to_owned()));
    for (method, path) in own.chain(of_catalog) {
        let answer = app.anonymous().call(method.as_str(), &path).await;
        assert_eq!(answer.refusal(), (401, "credential_missing".to_owned()), "{method} {path}");
    }
}

#[tokio::test]
async fn latchkeys_own_routes_take_any_token() {
    let app = TestApp::start().await;
    for route in OwnRoute::ALL {
        match route.requirement {
            Requirement::AnyToken => {
                let answer = app.vendor("employee-read").await.call(route.method.as_str(), route.path).await;
                // It is let in, and told that its token has no account.
                let has_none = route.action == OwnAction::ShowExternalAccount && answer.status == 404;
                assert!(answer.status.is_success() || has_none, "{} {}", route.method, route.path);
            }
        }
    }
}

#[tokio::test]
async fn each_scope_opens_its_own_routes_and_no_other() {
    let app = TestApp::start().await;
    let catalog = read_catalog(DEFAULT_CATALOG).unwrap();
    let mut requests = 0;
    for holder in catalog.scopes().iter().filter(|scope| scope.grant == latchkey_domain::Grant::Rep) {
        let vendor = app.vendor(holder.name.as_str()).await;
        for scope in catalog.scopes() {
            for route in &scope.routes {
                let path = route.path.replace("{id}", "x");
                let answer = vendor.call(route.method.as_str(), &path).await;
                let what = format!("{} {path} with {}", route.method, holder.name);
                if scope.name == holder.name {
                    assert_ne!(answer.status, 403, "{what}");
                    assert_ne!(answer.status, 401, "{what}");
                } else {
                    assert_eq!(answer.refusal(), (403, "insufficient_scope".to_owned()), "{what}");
                    assert_eq!(answer.json()["required_scopes"], serde_json::json!([scope.name]), "{what}");
                }
                requests += 1;
            }
        }
    }
    assert!(requests > 3000, "{requests}");
}

#[tokio::test]
async fn a_known_path_names_its_methods() {
    let app = TestApp::start().await;
    let allow = async |path: &str| app.anonymous().call("PATCH", path).await.header("allow");
    assert_eq!(allow("/api/v1/employees").await, "GET, HEAD, POST");
    assert_eq!(allow("/api/v1/employees/x").await, "GET, HEAD, PUT, DELETE");
    assert_eq!(allow("/api/v1/assess-on-cloud-results").await, "POST");
    assert_eq!(app.anonymous().get("/api/v1/employees/").await.status, 404);
    assert_eq!(app.anonymous().get("/api/v1/Employees").await.status, 404);
    assert_eq!(app.anonymous().get("/api/v1/employees/x/y").await.status, 404);
}

#[tokio::test]
async fn a_catalogs_routes_may_lie_anywhere() {
    let methods: Vec<String> = Method::ALL
        .iter()
        .map(|method| format!(r#"{{ method = "{method}", path = "/crm/v2/things/{{id}}" }}"#))
        .collect();
    let catalog = format!(
        "[[scope]]\nname = \"things\"\nlabel = \"Things\"\ndescription = \"Things.\"\nroutes = [{}, {}, {}]\n",
        methods.join(", "),
        r#"{ method = "PUT", path = "/crm/v2/things" }"#,
        r#"{ method = "POST", path = "/crm/v2/things" }"#,
    );
    let app = TestApp::start_with(&catalog).await;
    let vendor = app.vendor("things").await;
    assert_eq!(app.anonymous().get("/crm/v2/things/x").await.status, 401);
    let created = vendor.post("/crm/v2/things", &serde_json::json!({})).await;
    assert_eq!(created.status, 201);
    assert_eq!(vendor.get(&created.header("location")).await.status, 200);
    // What the catalog opens and Latchkey's own store does not have.
    let refusal = (501, "not_implemented".to_owned());
    for (method, path) in [("POST", "/crm/v2/things/x"), ("PATCH", "/crm/v2/things/x"), ("PUT", "/crm/v2/things")] {
        assert_eq!(vendor.call(method, path).await.refusal(), refusal, "{method} {path}");
        assert_eq!(app.anonymous().call(method, path).await.status, 401, "{method} {path}");
    }
}
