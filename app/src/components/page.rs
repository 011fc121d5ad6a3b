//! What stands at the top of every page behind the sign-in: breadcrumbs, heading, and what can be done.

use leptos::prelude::*;

use crate::paths;

/// A page with its head.
#[component]
pub(crate) fn Page(
    /// The page's path.
    path: &'static str,
    /// One sentence below the heading.
    about: &'static str,
    /// The heading, where the path alone does not say it.
    #[prop(optional, into)]
    title: Option<String>,
    /// The page that this one belongs to, below its area.
    #[prop(optional)]
    parent: Option<&'static str>,
    /// What can be done, at the right of the heading.
    #[prop(optional, into)]
    actions: ViewFn,
    /// The page.
    children: Children,
) -> impl IntoView {
    let title = title.unwrap_or_else(|| paths::title(path).to_owned());
    let window_title = paths::window_title(&title);
    // The server puts the title into the document; in the browser, pages follow each other without one.
    Effect::new(move || document().set_title(&window_title));
    let crumbs: Vec<_> = paths::trail(path)
        .iter()
        .copied()
        .chain(parent.map(|parent| (paths::title(parent), parent)))
        .map(|(label, path)| view! { <li><a href=path rel=paths::rel(path)>{label}</a></li> })
        .collect();
    view! {
        <nav class="crumbs" aria-label="Breadcrumbs"><ol>{crumbs}<li aria-current="page">{title.clone()}</li></ol></nav>
        <div class="head">
            <div>
                <h1>{title}</h1>
                <p>{about}</p>
            </div>
            {move || actions.run()}
        </div>
        {children()}
    }
}
