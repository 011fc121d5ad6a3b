//! One token: what it is, whether a call with it would be allowed, and what each of its scopes opens. It needs no
//! script.
//!
//! The question is a plain form that leads to this page with the call in its query; the answer comes with the
//! token, from the code that decides real calls.

use latchkey_domain::{AccountSid, Method, Refusal, TokenStatus, age_in_words, remaining_in_words};
use latchkey_service::ports::LastCall;
use latchkey_service::{ExplainedCall, HeldScope, LONGEST_UNWRITTEN, OwnToken};
use leptos::prelude::*;

use crate::components::{Moment, Page, pill_class};
use crate::paths;

#[component]
pub(crate) fn OneTokenPage(token: OwnToken) -> impl IntoView {
    let sid = token.token.sid;
    let description = token.token.description.clone();
    let revoke = token.token.status.is_live().then(|| {
        // As many rows as there can be, so that the token is among those that the list can ask about.
        let path = format!("{}?rows={}&revoke={sid}", paths::TOKENS, Refusal::MAX_LIVE_TOKENS);
        (path, format!("Revoke {description}"))
    });
    let actions = move || {
        revoke
            .clone()
            .map(|(path, name)| view! { <a class="btn" href=path aria-label=name rel="external">"Revoke"</a> })
    };
    view! {
        <Page
            title=description
            about="What this token is, and what it opens."
            path=paths::ONE_TOKEN
            parent=paths::TOKENS
            actions=actions
        >
            <Facts token=token.clone()/>
            <Question sid=sid is_bound=token.addresses.is_some() answer=token.answer/>
            <Scopes scopes=token.scopes all=token.token.all_scopes/>
        </Page>
    }
    .into_any()
}

/// `owner_name` names the owner where that is not the reader.
#[component]
pub(crate) fn Facts(token: OwnToken, #[prop(optional, into)] owner_name: Option<String>) -> impl IntoView {
    let OwnToken { token, source, last_call, limit, addresses, now, .. } = token;
    let ago = |at| age_in_words(now.seconds_since(at));
    let fact = |name: &'static str, value: AnyView| view! { <div><dt>{name}</dt><dd>{value}</dd></div> };
    let expires_on = token.expires_at.to_date_in_words();
    let (expires, expires_in_words) = match token.status {
        TokenStatus::Expired => ("Expired", format!("{expires_on} ({})", ago(token.expires_at))),
        TokenStatus::Revoked => ("Expires", expires_on),
        TokenStatus::Active | TokenStatus::ExpiringSoon => {
            let left = remaining_in_words(token.expires_at.seconds_since(now));
            ("Expires", format!("{expires_on} (in {left})"))
        }
    };
    let revoked = token.revoked_at.map(|at| {
        fact(
            "Revoked",
            view! { <Moment id="revoked" at=at words=format!("{} ({})", at.to_date_in_words(), ago(at))/> }.into_any(),
        )
    });
    let seconds = LONGEST_UNWRITTEN.as_secs();
    let last_use = match last_call {
        Some(call) => view! {
            <Moment id="used" at=call.at words=ago(call.at)/>
            <span class="sub">{came_from(&call)}</span>
            <span class="sub">{format!("A call through another server shows here within {seconds} seconds.")}</span>
        }
        .into_any(),
        None => format!("Never, as of {seconds} seconds ago").into_any(),
    };
    let limit = match limit {
        Some(limit) => {
            let unit = if limit.seconds() == 1 { "second" } else { "seconds" };
            let (calls, seconds) = (limit.calls(), limit.seconds());
            format!("{calls} calls in {seconds} {unit}; more get 429 until those are over")
        }
        None => "No limit of calls".to_owned(),
    };
    let made_by =
        token.maker.or(owner_name).as_ref().map_or_else(|| source.label().to_owned(), |maker| source.label_by(maker));
    let created = format!("{} ({})", token.created_at.to_date_in_words(), ago(token.created_at));
    view! {
        <div class="card">
            <dl class="facts">
                {fact("Status", view! { <span class=pill_class(token.status)>{token.status.label()}</span> }.into_any())}
                {fact("Account SID", view! { <span class="mono">{token.sid.to_string()}</span> }.into_any())}
                {fact("Created", view! { <Moment id="created" at=token.created_at words=created/> }.into_any())}
                {fact(expires, view! { <Moment id="expires" at=token.expires_at words=expires_in_words/> }.into_any())}
                {revoked}
                {fact("Last use", last_use)}
                {fact("Limit", limit.into_any())}
                {addresses.map(|rules| fact("Used from", rules.iter().collect::<Vec<_>>().join(", ").into_any()))}
                {fact("Made by", made_by.into_any())}
            </dl>
        </div>
    }
}

/// Where a call came from, and with what, as far as that was noted.
fn came_from(call: &LastCall) -> String {
    match (call.address.as_str(), call.agent.as_str()) {
        ("", "") => "Where it came from was not noted.".to_owned(),
        ("", agent) => format!("With {agent}"),
        (address, "") => format!("From {address}"),
        (address, agent) => format!("From {address}, with {agent}"),
    }
}

/// "Would this call be allowed?", and the answer once it was asked.
#[component]
fn Question(
    sid: AccountSid,
    /// Whether the token has address rules.
    is_bound: bool,
    answer: Option<ExplainedCall>,
) -> impl IntoView {
    let method = answer.as_ref().map_or_else(|| Method::Get.as_str().to_owned(), |answer| answer.call.method.clone());
    let path = answer.as_ref().map(|answer| answer.call.path.clone());
    let from = answer.as_ref().map(|answer| answer.call.client.clone());
    let about_from = if is_bound { " The token is used only from its addresses." } else { "" };
    let options: Vec<_> =
        METHODS.into_iter().map(|name| view! { <option value=name selected=name == method>{name}</option> }).collect();
    view! {
        <section class="section" id="call" aria-labelledby="call-title">
            <h2 id="call-title">"Would this call be allowed?"</h2>
            <p>"Answered by the rules that decide real calls. Nothing is called." {about_from}</p>
            // The answer is further down than the top of the page that comes.
            <form method="get" action=format!("{}#call", paths::one_token(sid)) class="call">
                <div class="field">
                    <label for="method">"Method"</label>
                    <select id="method" name="method">{options}</select>
                </div>
                <div class="field">
                    <label for="path">"Path"</label>
                    <input
                        type="text"
                        id="path"
                        name="path"
                        value=path
                        required
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                        placeholder="/api/v1/…"
                    />
                </div>
                <div class="field from">
                    <label for="from">"From address (optional)"</label>
                    <input
                        type="text"
                        id="from"
                        name="from"
                        value=from
                        autocomplete="off"
                        autocapitalize="none"
                        spellcheck="false"
                    />
                </div>
                <button type="submit" class="btn primary">"Ask"</button>
            </form>
            {answer.map(|answer| view! { <Answer answer=answer/> })}
        </section>
    }
}

/// The methods that can be asked about.
const METHODS: [&str; 6] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

#[component]
fn Answer(answer: ExplainedCall) -> impl IntoView {
    let ExplainedCall { call, explanation, reason } = answer;
    let (pill, word) = if explanation.is_allowed() { ("pill good", "Allowed") } else { ("pill bad", "Refused") };
    let refusal = explanation.refusal().map(|(status, code)| {
        view! { <span class="muted">{format!("with {status} ")}<code>{code}</code></span> }
    });
    let from =
        (!call.client.is_empty()).then(|| view! { <span class="muted">" from " <code>{call.client}</code></span> });
    let note = match (call.was_address, call.had_query) {
        (true, true) => Some("Only the path of the address decides; its query was left out."),
        (true, false) => Some("Only the path of the address decides."),
        (false, true) => Some("The query was left out: it does not decide."),
        (false, false) => None,
    };
    view! {
        <div class="answer" role="status">
            <p><span class=pill>{word}</span><code class="asked">{call.method}" "{call.path}</code>{from}{refusal}</p>
            <p>{reason}</p>
            {note.map(|note| view! { <p class="muted small">{note}</p> })}
        </div>
    }
}

#[component]
pub(crate) fn Scopes(scopes: Vec<HeldScope>, all: bool) -> impl IntoView {
    let about = if all {
        format!("All Scopes, as they were when the token was made: {}.", scopes.len())
    } else {
        "What the token was given. It never gets more.".to_owned()
    };
    let rows: Vec<_> = scopes.into_iter().map(|held| view! { <ScopeRow held=held/> }).collect();
    view! {
        <section class="section" aria-labelledby="scopes-title">
            <h2 id="scopes-title">"Scopes and what they open"</h2>
            <p>{about}</p>
            // On phones the rows are stacked by CSS, at which browsers forget that this is a table: the roles say so.
            <table class="stack held" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Scope"</th>
                        <th role="columnheader" scope="col">"Routes"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
        </section>
    }
}

#[component]
fn ScopeRow(held: HeldScope) -> impl IntoView {
    let HeldScope { name, scope, counts } = held;
    let Some(scope) = scope else {
        return view! {
            <tr role="row">
                <td role="cell">
                    {name.to_string()} " " <span class="tag">"Not in the catalog"</span>
                    <span class="sub">"The catalog does not have this scope any longer: it opens nothing."</span>
                </td>
                <td role="cell"></td>
            </tr>
        }
        .into_any();
    };
    let sensitive = scope.sensitive.then(|| view! { " " <span class="tag">"sensitive"</span> });
    let dormant = (!counts).then(|| {
        view! {
            <span class="sub">"You may not grant this scope any longer, so it does not count now."</span>
        }
    });
    let routes: Vec<_> = scope
        .routes
        .iter()
        .map(|route| view! { <li><span>{route.method.as_str()}</span><code>{route.path.clone()}</code></li> })
        .collect();
    let routes = if routes.is_empty() {
        view! { <span class="muted">"No route of the API"</span> }.into_any()
    } else {
        view! { <ul class="routes" class:off=!counts>{routes}</ul> }.into_any()
    };
    view! {
        <tr role="row">
            <td role="cell">{scope.label}{sensitive}<span class="sub">{scope.description}</span>{dormant}</td>
            <td role="cell">{routes}</td>
        </tr>
    }
    .into_any()
}
