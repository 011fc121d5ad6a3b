//! Who am I, and what is this: the page to read from when asking for help. It needs no script.

use latchkey_domain::age_in_words;
use latchkey_domain::view::DiagnosticsView;
use leptos::prelude::*;

use super::loading::LoadingFailed;
use crate::AppError;
use crate::components::{Moment, Page};
use crate::paths;
use crate::ssr::{answer, signed_in};

#[component]
pub(crate) fn DiagnosticsPage() -> impl IntoView {
    let facts = Resource::new(|| (), |()| facts());
    view! {
        <Page about="What to tell whoever helps you." path=paths::DIAGNOSTICS>
            <Suspense>
                {move || Suspend::new(async move {
                    match facts.await {
                        Ok(facts) => view! { <Facts facts=facts/> }.into_any(),
                        Err(error) => view! { <LoadingFailed error=error/> }.into_any(),
                    }
                })}
            </Suspense>
        </Page>
    }
    .into_any()
}

async fn facts() -> Result<DiagnosticsView, AppError> {
    let (request, caller) = signed_in()?;
    answer(&request, request.service.diagnostics(&caller).await)
}

#[component]
fn Facts(facts: DiagnosticsView) -> impl IntoView {
    let DiagnosticsView { version, database, now, account, session, session_expires_at, scopes, request_id } = facts;
    let fact = |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let since = age_in_words(now.seconds_since(session.created_at));
    let ends = session_expires_at.to_date_in_words();
    let facts = [
        fact("Version", version.into_any()),
        fact("Database", database.into_any()),
        fact("Server's clock", view! { <Moment id="clock" at=now words=now.to_words()/> }.into_any()),
        fact("Scopes in the catalog", scopes.to_string().into_any()),
        fact("Signed in as", format!("{} ({}, {})", account.name, account.email, account.role.code()).into_any()),
        fact("Service rep id", view! { <span class="mono">{account.id.to_string()}</span> }.into_any()),
        fact("Session started", view! { <Moment id="started" at=session.created_at words=since/> }.into_any()),
        fact("Session ends by", view! { <Moment id="ends" at=session_expires_at words=ends/> }.into_any()),
        fact("Session started from", session.address.into_any()),
        fact("Browser", session.agent.into_any()),
        fact("Request id", view! { <span class="mono">{request_id}</span> }.into_any()),
    ];
    view! { <div class="card"><dl class="facts">{facts.into_iter().collect_view()}</dl></div> }
}
