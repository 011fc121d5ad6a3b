//! What stands around the pages behind the sign-in: top bar and side bar. Only the server renders it; the page
//! inside runs in the browser without it.

use latchkey_domain::view::AccountView;
use leptos::prelude::*;

use super::mark::Key;
use crate::areas::{self, Area};
use crate::paths;

/// The frame of a page.
#[component]
pub(crate) fn Frame(
    /// Who is signed in.
    account: AccountView,
    /// The page's path.
    path: String,
    /// The page.
    children: Children,
) -> impl IntoView {
    let current = areas::of_role(account.role).find_map(|area| area.section_of(&path).map(|section| (area, section)));
    let side = current.map(|(area, section)| {
        let links = area.sections.iter().map(|path| view! { <SideLink path=*path is_current=*path == section/> });
        view! {
            <nav class="side" aria-label=area.sections_label>
                <strong>{area.sections_label}</strong>
                {links.collect_view()}
            </nav>
        }
    });
    view! {
        <a class="skip" href="#main" rel="external">"Skip to content"</a>
        <TopBar account=account current=current.map(|(area, _)| area)/>
        <div class="frame">
            {side}
            <main id="main" tabindex="-1">{children()}</main>
        </div>
    }
}

#[component]
fn SideLink(path: &'static str, is_current: bool) -> impl IntoView {
    view! { <a href=path rel=paths::rel(path) aria-current=is_current.then_some("page")>{paths::title(path)}</a> }
}

#[component]
fn TopBar(account: AccountView, current: Option<&'static Area>) -> impl IntoView {
    let AccountView { name, email, role, .. } = account;
    let areas = || {
        let link = |area: &'static Area| {
            let is_current = current == Some(area);
            view! { <a href=area.landing() rel="external" aria-current=is_current.then_some("true")>{area.label}</a> }
        };
        areas::of_role(role).map(link).collect_view()
    };
    view! {
        <header class="top">
            <a class="brand" href=paths::TOKENS><Key/>"Latchkey"</a>
            <nav aria-label="Main">{areas()}</nav>
            <details class="menu areas">
                <summary>"Menu"</summary>
                <nav class="menu-items" aria-label="Main menu">{areas()}</nav>
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
