//! What stands around the pages about the API, which need no sign-in.

use leptos::prelude::*;

use super::mark::Key;
use crate::paths;

/// The frame of a page about the API.
#[component]
pub(crate) fn PublicFrame(
    /// The page's path.
    path: &'static str,
    /// One sentence below the heading.
    about: &'static str,
    /// What the side bar's links are about.
    side_label: &'static str,
    /// The links of the side bar: anchor and words.
    side: Vec<(String, String)>,
    /// The page.
    children: Children,
) -> impl IntoView {
    let area = move |to: &'static str| {
        view! { <a href=to aria-current=(to == path).then_some("page")>{paths::title(to)}</a> }
    };
    let other = if path == paths::QUICK_START { paths::REFERENCE } else { paths::QUICK_START };
    let links = side.into_iter().map(|(id, words)| view! { <a href=format!("#{id}")>{words}</a> }).collect_view();
    view! {
        <a class="skip" href="#main">"Skip to content"</a>
        <header class="top">
            <a class="brand" href=paths::TOKENS><Key/>"Latchkey"</a>
            <nav aria-label="Main">{area(paths::REFERENCE)}{area(paths::QUICK_START)}</nav>
        </header>
        <div class="frame">
            <nav class="side reference-side" aria-label=side_label>
                <strong>{side_label}</strong>
                {links}
            </nav>
            <main id="main" tabindex="-1">
                <nav class="crumbs" aria-label="Breadcrumbs">
                    <ol><li><a href=paths::REFERENCE>"API"</a></li><li aria-current="page">{paths::title(path)}</li></ol>
                </nav>
                <div class="head">
                    <div>
                        <h1>{paths::title(path)}</h1>
                        <p>{about}</p>
                    </div>
                    <a class="btn" href=other>{paths::title(other)}</a>
                    <a class="btn" href=paths::CONTRACT>"OpenAPI"</a>
                </div>
                {children()}
            </main>
        </div>
    }
}

/// Text in which words between backticks are code, one paragraph for each that an empty line parts.
pub(crate) fn paragraphs(text: &str) -> AnyView {
    let paragraphs = text.split("\n\n").filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(|paragraph| view! { <p>{with_code(paragraph)}</p> }).collect_view().into_any()
}

fn with_code(text: &str) -> AnyView {
    let parts = text.split('`').enumerate().map(|(index, part)| {
        let part = part.to_owned();
        if index % 2 == 1 { view! { <code>{part}</code> }.into_any() } else { part.into_any() }
    });
    parts.collect_view().into_any()
}
