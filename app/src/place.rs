//! Where the reader is, and how the live pages follow each other.
//!
//! Two pages run in the browser; a link from one to the other changes the address and the page, and loads
//! nothing else. That takes a signal and two listeners, so there is no router in the browser. Every other link is
//! the browser's own.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, Event, MouseEvent};

use crate::{browser, paths};

/// An address within the site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The path.
    pub path: String,
    /// The query, without its question mark.
    pub query: String,
}

impl Place {
    /// Reads a path with or without its query.
    #[must_use]
    pub fn parse(target: &str) -> Self {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Self { path: path.to_owned(), query: query.to_owned() }
    }

    /// The first value of this name in the query, decoded.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<String> {
        value_in(&self.query, name)
    }
}

fn value_in(query: &str, name: &str) -> Option<String> {
    let (_, value) = query.split('&').filter_map(|pair| pair.split_once('=')).find(|(found, _)| *found == name)?;
    // Forms write a space as a plus.
    let value = value.replace('+', " ");
    Some(percent_encoding::percent_decode_str(&value).decode_utf8_lossy().into_owned())
}

/// The page that is shown, and the way to another.
#[derive(Clone, Copy)]
pub(crate) struct Navigation {
    path: RwSignal<String>,
    query: RwSignal<String>,
    guard: StoredValue<Option<Guard>>,
    returning: StoredValue<bool>,
}

/// Answers whether the page may be left.
type Guard = Callback<(), bool>;

impl Navigation {
    /// At the place of the request, or of the browser's window.
    pub(crate) fn new(place: Place) -> Self {
        let Place { path, query } = place;
        Self {
            path: RwSignal::new(path),
            query: RwSignal::new(query),
            guard: StoredValue::new(None),
            returning: StoredValue::new(false),
        }
    }

    /// The path, followed as it changes.
    pub(crate) fn path(self) -> String {
        self.path.get()
    }

    /// A value of the query, followed as it changes.
    pub(crate) fn value(self, name: &str) -> Option<String> {
        value_in(&self.query.read(), name)
    }

    /// A value of the query as it is now.
    pub(crate) fn value_now(self, name: &str) -> Option<String> {
        value_in(&self.query.read_untracked(), name)
    }

    /// Goes to another live page, in the place of this one in the reader's history.
    pub(crate) fn replace(self, path: &str) {
        browser::replace_address(path);
        self.show(Place::parse(path));
    }

    /// Asks `guard` before the page is left, or no longer.
    pub(crate) fn set_guard(self, guard: Option<Guard>) {
        self.guard.try_set_value(guard);
    }

    /// Starts to follow links and the Back button.
    pub(crate) fn listen(self) {
        browser::listen("click", move |event| self.follow(&event));
        browser::listen("popstate", move |_| self.go_back());
    }

    fn follow(self, event: &Event) {
        let Some(target) = live_target(event) else {
            return;
        };
        event.prevent_default();
        if self.may_leave() {
            browser::push_address(&target);
            self.show(Place::parse(&target));
            browser::to_top();
        }
    }

    fn go_back(self) {
        if self.returning.get_value() {
            self.returning.set_value(false);
            return;
        }
        let place = Place::parse(&browser::current_path());
        if !self.may_leave() {
            // The address has changed already: put it back.
            self.returning.set_value(true);
            browser::go_forward();
        } else if is_live(&place.path) {
            self.show(place);
        } else {
            browser::reload();
        }
    }

    fn may_leave(self) -> bool {
        self.guard.get_value().is_none_or(|guard| guard.run(()))
    }

    fn show(self, Place { path, query }: Place) {
        if *self.path.read_untracked() == path {
            self.query.set(query);
        } else {
            // The page that is left must not follow the query of the one that comes.
            self.query.update_untracked(|known| *known = query);
            self.path.set(path);
        }
    }
}

fn is_live(path: &str) -> bool {
    path == paths::TOKENS || path == paths::NEW_TOKEN
}

/// Where a click leads, if that is a live page to be shown in this window.
fn live_target(event: &Event) -> Option<String> {
    let click = event.dyn_ref::<MouseEvent>()?;
    if click.button() != 0 || click.meta_key() || click.ctrl_key() || click.shift_key() || click.alt_key() {
        return None;
    }
    let link = event.target()?.dyn_into::<Element>().ok()?.closest("a[href]:not([target])").ok()??;
    let target = link.get_attribute("href")?;
    is_live(&Place::parse(&target).path).then_some(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_and_decoded() {
        let place = Place::parse("/sign-in?next=/a%3Fshow%3Dall&x=%C3%A9&next=later&plus=a+b%2Bc");
        assert_eq!(place.path, "/sign-in");
        assert_eq!(place.value("next").as_deref(), Some("/a?show=all"));
        assert_eq!(place.value("x").as_deref(), Some("é"));
        assert_eq!(place.value("plus").as_deref(), Some("a b+c"));
        assert_eq!(place.value("y"), None);
        assert_eq!(Place::parse("/a").value("x"), None);
        assert_eq!(Place::parse("/a?x=%FF").value("x").as_deref(), Some("\u{fffd}"));
    }
}
