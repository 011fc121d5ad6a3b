//! A connection that is lost while a change is committed: nobody is told that it was done, or that it was not.

use std::sync::Arc;

use latchkey_throwaway_postgres::Cluster;
use serde_json::Value;

use super::all_nodes::Nodes;
use super::line::{Line, Way};
use super::race::{self, Maker};
use crate::support::client;

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_may_have_been_done_is_not_called_done() {
    let cluster = Cluster::start().unwrap();
    let nodes = Arc::new(Nodes::start(&cluster));
    let maker = Maker::at(&nodes.url, "ann@example.com").await;
    let line = Line::to(&cluster).await;
    let (client, url) = (client(), line.url(&nodes.url));
    let run = async |sid: &str| {
        let (nodes, url, sid) = (Arc::clone(&nodes), url.clone(), sid.to_owned());
        let run = move || nodes.place().run(&["token", "revoke", &sid, "--database-url", &url]);
        tokio::task::spawn_blocking(run).await.unwrap()
    };
    let everywhere = async |secret: &str| {
        let mut statuses = Vec::new();
        for url in nodes.urls() {
            statuses.push(race::call(&client, &url, secret).await);
        }
        statuses
    };

    for (way, is_done) in [(Way::CutBeforeCommit, false), (Way::CutAfterCommit, true)] {
        let token = maker.token().await;
        line.set(way);
        let ran = run(&token.sid).await;
        assert_eq!((ran.code, ran.stdout.as_str()), (6, ""), "{ran:?}");
        // After what the log says of the connection.
        let said = ran.stderr.lines().last().unwrap();
        assert!(said.starts_with("error: it is not known whether this was done"), "{ran:?}");
        line.set(Way::Open);
        if !is_done {
            assert_eq!(everywhere(&token.secret).await, [Some(200); 3]);
        }
        // Repeating is safe, and says the truth.
        run(&token.sid).await.json();
        assert_eq!(everywhere(&token.secret).await, [Some(401); 3]);
    }

    // A server at the same line, asked by a vendor.
    let server = nodes.another(&url);
    for (way, is_done) in [(Way::CutBeforeCommit, false), (Way::CutAfterCommit, true)] {
        let token = maker.token().await;
        let give_up = async || {
            let answer = client.delete(format!("{}/api/v1/token", server.url())).bearer_auth(&token.secret).send();
            answer.await.unwrap()
        };
        line.set(way);
        let answer = give_up().await;
        assert_eq!((answer.status().as_u16(), answer.headers().contains_key("retry-after")), (503, true));
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["code"], "revocation_unconfirmed", "{problem}");
        line.set(Way::Open);
        let again = give_up().await.status().as_u16();
        // The node may not have heard of it yet: either is true.
        assert!(again == 204 || (is_done && again == 401), "{again}");
        assert!(race::revoke(&client, server.url(), &token.secret).await);
        assert_eq!(everywhere(&token.secret).await, [Some(401); 3]);
    }
}
