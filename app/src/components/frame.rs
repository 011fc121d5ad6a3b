//! What stands around every page.

use latchkey_domain::view::AccountView;
use leptos::prelude::*;
use leptos_meta::Title;

use super::mark::Key;
use crate::paths;

/// Who is signed in, as the pages show it.
#[derive(Clone)]
pub(crate) struct Account(pub Option<AccountView>);

/// One step on the way to a page: what it is called, and where it leads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Crumb(pub &'static str, pub &'static str);

/// The frame of the pages behind the sign-in: top bar, side bar, breadcrumbs, and the page's head.
#[component]
pub(crate) fn Frame(
    /// The page's heading and the window's title.
    title: &'static str,
    /// One sentence below the heading.
    #[prop(optional)]
    about: &'static str,
    /// The way here from User Settings, this page left out.
    #[prop(optional)]
    crumbs: Vec<Crumb>,
    /// The path of the side bar's entry that is current.
    current: &'static str,
    /// What can be done, at the right of the heading.
    #[prop(optional, into)]
    actions: ViewFn,
    /// The page.
    children: Children,
) -> impl IntoView {
    let crumbs: Vec<_> = [Crumb("Settings", paths::GENERAL), Crumb("User Settings", paths::GENERAL)]
        .into_iter()
        .chain(crumbs)
        .map(|Crumb(label, path)| view! { <li><a href=path rel=paths::rel(path)>{label}</a></li> })
        .collect();
    view! {
        <Title text=title/>
        <a class="skip" href="#main" rel="external">"Skip to content"</a>
        <TopBar/>
        <div class="frame">
            <nav class="side" aria-label="User Settings">
                <strong>"User Settings"</strong>
                <SideLink path=paths::GENERAL label="General" current=current/>
                <SideLink path=paths::TOKENS label="Personal Access Tokens" current=current/>
                <SideLink path=paths::DIAGNOSTICS label="Diagnostics" current=current/>
            </nav>
            <main id="main" tabindex="-1">
                <nav class="crumbs" aria-label="Breadcrumbs"><ol>{crumbs}<li aria-current="page">{title}</li></ol></nav>
                <div class="head">
                    <div>
                        <h1>{title}</h1>
                        {(!about.is_empty()).then(|| view! { <p>{about}</p> })}
                    </div>
                    {actions.run()}
                </div>
                {children()}
            </main>
        </div>
    }
}

#[component]
fn SideLink(path: &'static str, label: &'static str, current: &'static str) -> impl IntoView {
    view! { <a href=path rel=paths::rel(path) aria-current=(path == current).then_some("page")>{label}</a> }
}

#[component]
fn TopBar() -> impl IntoView {
    let Account(account) = expect_context();
    let (name, email) = account.map(|account| (account.name, account.email)).unwrap_or_default();
    view! {
        <header class="top">
            <a class="brand" href=paths::TOKENS><Key/>"Latchkey"</a>
            <nav aria-label="Main"><a href=paths::GENERAL rel="external" aria-current="true">"Settings"</a></nav>
            <details class="menu areas">
                <summary>"Menu"</summary>
                <nav class="menu-items" aria-label="Main menu"><a href=paths::GENERAL rel="external" aria-current="true">"Settings"</a></nav>
            </details>
            <div class="who">
                <details class="menu">
                    <summary>
                        <span class="avatar" aria-hidden="true">{initials(&name)}</span>
                        <span>{name.clone()}</span>
                    </summary>
                    <div class="menu-items">
                        <p><strong>{name}</strong>{email}</p>
                        <hr/>
                        <a href=paths::GENERAL rel="external">"General settings"</a>
                        <form method="post" action=paths::SIGN_OUT>
                            <button type="submit">"Sign out"</button>
                        </form>
                    </div>
                </details>
            </div>
        </header>
    }
}

/// The first letters of the first and the last word of a name.
fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next();
    let letters = [first, words.next_back()].into_iter().flatten().filter_map(|word| word.chars().next());
    letters.flat_map(char::to_uppercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_all_kinds_of_names() {
        for (name, letters) in
            [("Ann Mercer", "AM"), ("Ann", "A"), ("ann de la mer", "AM"), ("", ""), ("  é ß ", "ÉSS")]
        {
            assert_eq!(initials(name), letters, "{name:?}");
        }
    }
}
