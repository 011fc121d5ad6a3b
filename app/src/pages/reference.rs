//! The contract of the vendor API, for people. No script: the search is a plain form, and what an operation takes
//! and answers is folded away behind it.

use leptos::prelude::*;

use crate::components::{PublicFrame, paragraphs};
use crate::paths;
use crate::reference::{Reference, ReferenceAnswer, ReferenceGroup, ReferenceOperation, ReferenceParameter};

#[component]
pub(crate) fn ReferencePage() -> impl IntoView {
    let Reference { needle, total, groups } = use_context().unwrap_or_default();
    let shown: usize = groups.iter().map(|group| group.operations.len()).sum();
    let count = match (needle.is_empty(), shown) {
        (true, _) => format!("{total} operations."),
        (false, 1) => format!("1 of {total} operations."),
        (false, _) => format!("{shown} of {total} operations."),
    };
    let side = groups.iter().map(|group| (group.id.clone(), group.name.clone())).collect();
    let is_empty = groups.is_empty();
    let all = (!needle.is_empty()).then(|| view! { <a class="btn quiet" href=paths::REFERENCE>"Show all"</a> });
    view! {
        <PublicFrame path=paths::REFERENCE about="What a token can call, what each call needs, and what it answers." side_label="Resources" side=side>
            <form class="card bar" method="get" action=paths::REFERENCE role="search">
                <label for="q">"Search"</label>
                <input type="search" id="q" name="q" value=needle maxlength="100" placeholder="employees, POST, order-read" autocomplete="off"/>
                <button class="btn" type="submit">"Search"</button>
                {all}
                <span class="muted small">{count}</span>
            </form>
            {is_empty.then(|| view! {
                <div class="card empty">
                    <h2>"No operation has all these words"</h2>
                    <p>"Search for a part of a path, a method, or the name of a scope."</p>
                </div>
            })}
            {groups.into_iter().map(|group| view! { <Group group=group/> }).collect_view()}
        </PublicFrame>
    }
    .into_any()
}

#[component]
fn Group(group: ReferenceGroup) -> impl IntoView {
    let ReferenceGroup { id, name, about, operations } = group;
    let heading = id.clone();
    view! {
        <section class="card operations" aria-labelledby=heading>
            <header class="pad">
                <h2 id=id>{name}</h2>
                {paragraphs(&about)}
            </header>
            {operations.into_iter().map(|operation| view! { <Operation operation=operation/> }).collect_view()}
        </section>
    }
}

#[component]
fn Operation(operation: ReferenceOperation) -> impl IntoView {
    let ReferenceOperation { id, method, path, summary, about, scope, needs_token, parameters, answers, curl } =
        operation;
    let needs = match (scope, needs_token) {
        (Some(scope), _) => view! { <code class="operation-scope">{scope}</code> }.into_any(),
        (None, true) => view! { <span class="operation-scope">"any token"</span> }.into_any(),
        (None, false) => view! { <span class="operation-scope">"no token"</span> }.into_any(),
    };
    let permalink = format!("#{id}");
    let about_link = format!("Link to {method} {path}");
    let parameters = (!parameters.is_empty()).then(|| {
        view! {
            <h3>"Parameters"</h3>
            <dl class="facts">{parameters.into_iter().map(parameter).collect_view()}</dl>
        }
    });
    view! {
        <details class="operation">
            <summary>
                <span class="method">{method}</span>
                <code class="operation-path">{path}</code>
                <span class="operation-summary">{summary}</span>
                {needs}
            </summary>
            <div class="operation-body" id=id>
                <div class="rows">{paragraphs(&about)}</div>
                {parameters}
                <h3>"Answers"</h3>
                <dl class="facts">{answers.into_iter().map(answer).collect_view()}</dl>
                <h3>"Example"</h3>
                <pre class="curl" tabindex="0"><code>{curl}</code></pre>
                <p class="small"><a href=permalink aria-label=about_link>"Link to this operation"</a></p>
            </div>
        </details>
    }
}

fn parameter(parameter: ReferenceParameter) -> AnyView {
    let ReferenceParameter { name, place, required, about } = parameter;
    let place = if required { format!("{place}, required") } else { place };
    view! { <div><dt><code>{name}</code><span class="sub">{place}</span></dt><dd>{paragraphs(&about)}</dd></div> }
        .into_any()
}

fn answer(answer: ReferenceAnswer) -> AnyView {
    let ReferenceAnswer { status, about } = answer;
    view! { <div><dt>{status}</dt><dd>{paragraphs(&about)}</dd></div> }.into_any()
}
