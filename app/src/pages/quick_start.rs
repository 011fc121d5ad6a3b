//! From a token to the first answer, on one screen. The programs are files that the tests run.

use leptos::prelude::*;

use crate::components::{PublicFrame, paragraphs};
use crate::paths;

/// The same program in each language.
const PROGRAMS: [(&str, &str, &str); 4] = [
    ("curl", "curl", include_str!("../../../docs/examples/quick_start.sh")),
    ("python", "Python", include_str!("../../../docs/examples/quick_start.py")),
    ("javascript", "JavaScript", include_str!("../../../docs/examples/quick_start.mjs")),
    ("csharp", "C#", include_str!("../../../docs/examples/quick_start.cs")),
];

/// The parts of the page.
const PARTS: [(&str, &str); 4] = [
    ("authenticate", "Authenticate"),
    ("programs", "A whole program"),
    ("errors", "Read errors"),
    ("replace", "Replace a token"),
];

const WAYS: &str = "\
curl -u \"$ACCOUNT_SID:$AUTH_TOKEN\"           \"$LATCHKEY_URL/api/v1/token\"
curl -H \"Authorization: Bearer $AUTH_TOKEN\"  \"$LATCHKEY_URL/api/v1/token\"
curl -H \"x-tw-token: $(printf '%s:%s' \"$ACCOUNT_SID\" \"$AUTH_TOKEN\" | base64 -w0)\" \"$LATCHKEY_URL/api/v1/token\"";

/// What the statuses ask for.
const STATUSES: [(&str, &str); 4] = [
    (
        "401",
        "Who are you? No credential, a mistyped one (`malformed_credential`), or a token that is unknown, expired or revoked (`invalid_token`). Stop calling, and ask for a new token.",
    ),
    (
        "403",
        "You may not. The token is good, and lacks the scope that `required_scopes` names (`insufficient_scope`): ask for a token with it. Or it may not be used from your address (`address_refused`): call from one that it is meant for. Trying again changes nothing.",
    ),
    ("429", "Not so fast. Wait for `Retry-After` seconds, then go on; `RateLimit` says how many calls are left."),
    (
        "503",
        "Not now: neither yes nor no. Wait for `Retry-After` seconds, and try again. The token is as good as before.",
    ),
];

const REPLACE: &str = "\
Every answer to a good token says in `latchkey-token-expires` when it ends: begin two weeks before.

1. Your service rep adds a second token with the same scopes. Both work side by side.

2. Put the new Account SID and Auth Token where your program reads them, and see it answer `GET /api/v1/token`.

3. Give the old one up with `DELETE /api/v1/token`, or ask for it to be revoked. It is refused from the next call on.";

#[component]
pub(crate) fn QuickStartPage() -> impl IntoView {
    let side = PARTS.map(|(id, words)| (id.to_owned(), words.to_owned())).to_vec();
    let programs = PROGRAMS.map(|(id, language, program)| {
        let label = format!("The program in {language}");
        view! {
            <details class="operation" open=id == "curl">
                <summary><span class="operation-summary">{language}</span></summary>
                <div class="operation-body" id=id>
                    <pre class="curl" tabindex="0" aria-label=label role="region"><code>{program}</code></pre>
                </div>
            </details>
        }
    });
    let statuses = STATUSES.map(|(status, words)| view! { <div><dt>{status}</dt><dd>{paragraphs(words)}</dd></div> });
    view! {
        <PublicFrame path=paths::QUICK_START about="From a token to the first answer." side_label="On this page" side=side>
            <section class="section" aria-labelledby="authenticate">
                <h2 id="authenticate">"Authenticate"</h2>
                {paragraphs("Your service rep gives you an Account SID and an Auth Token. Send them in one of three ways, one per request.")}
                <pre class="curl" tabindex="0" role="region" aria-label="Three ways to authenticate"><code>{WAYS}</code></pre>
            </section>
            <section class="card operations" aria-labelledby="programs">
                <header class="pad">
                    <h2 id="programs">"A whole program"</h2>
                    {paragraphs("Each reads `LATCHKEY_URL`, `ACCOUNT_SID` and `AUTH_TOKEN` from the environment.")}
                </header>
                {programs.into_iter().collect_view()}
            </section>
            <section class="section" aria-labelledby="errors">
                <h2 id="errors">"Read errors"</h2>
                {paragraphs("A refusal is a problem document, `application/problem+json`: decide by `status` and `code`, show `detail` to people, and name `request_id` when asking for help.")}
                <dl class="facts">{statuses.into_iter().collect_view()}</dl>
            </section>
            <section class="section reference-text" aria-labelledby="replace">
                <h2 id="replace">"Replace a token"</h2>
                {paragraphs(REPLACE)}
            </section>
        </PublicFrame>
    }
    .into_any()
}
