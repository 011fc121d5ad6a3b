//! What every page gets in the browser, and all that the pages of the server get there.
//!
//! - Tooltips: Esc hides one, and points in time are told in the reader's zone.
//! - Forms marked `data-live`: a field is checked when it is left (and while a problem of it is shown), by the
//!   same rules as in the server. A form is sent in the background, and the page that the server answers with is
//!   put in place of this one: the same page as without scripts, without loading anything else again.
//!
//! Everything listens on the window, so it holds for whatever the page comes to contain.

use std::fmt::Write as _;

use latchkey_domain::{Field, FieldProblem, Timestamp};
use leptos::prelude::{document, request_animation_frame};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::spawn_local;
use web_sys::{Element, Event, HtmlFormElement, HtmlInputElement, KeyboardEvent};

use crate::{AppError, browser};

/// Starts all of it, on a page that does not run in the browser.
pub fn enhance() {
    browser::listen("focusout", |event| {
        if let Some((input, field)) = field_of(&event) {
            show_problem(&input, field);
        }
    });
    browser::listen("input", |event| {
        if let Some((input, field)) = field_of(&event).filter(|(input, _)| input.has_attribute("aria-invalid")) {
            show_problem(&input, field);
        }
    });
    browser::listen("submit", |event| {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        if let Some(form) = form.filter(|form| form.has_attribute("data-live")) {
            event.prevent_default();
            send(form);
        }
    });
    come_alive();
}

/// Starts what every page has, and says on the page's body that it is alive, for whoever waits for that.
pub(crate) fn come_alive() {
    for name in ["mouseover", "focusin"] {
        browser::listen(name, |event| {
            if let Some(tip) = tip_of(&event) {
                tell_in_own_zone(&tip);
            }
        });
    }
    for name in ["mouseout", "focusout"] {
        browser::listen(name, |event| {
            if let Some(tip) = tip_of(&event) {
                let _ = tip.remove_attribute("data-dismissed");
            }
        });
    }
    browser::listen("keydown", |event| {
        if event.dyn_ref::<KeyboardEvent>().is_some_and(|event| event.key() == "Escape") {
            // WCAG 2.2, 1.4.13: what shows on hover and focus can be dismissed without moving either.
            for tip in browser::all(".tip:hover, .tip:focus-within") {
                let _ = tip.set_attribute("data-dismissed", "");
            }
        }
    });
    if let Some(body) = document().body() {
        let _ = body.set_attribute("data-hydrated", "");
    }
}

fn tip_of(event: &Event) -> Option<Element> {
    let element = event.target()?.dyn_into::<Element>().ok()?;
    element.closest(".tip").ok()?
}

fn tell_in_own_zone(tip: &Element) {
    let moment = tip.query_selector("time").ok().flatten().and_then(|time| time.get_attribute("datetime"));
    let told = tip.query_selector("[role=tooltip]").ok().flatten();
    if let (Some(at), Some(told)) = (moment.and_then(|text| browser::read_moment(&text)), told) {
        told.set_text_content(Some(&browser::local_words(Timestamp::from_unix_seconds(at))));
    }
}

/// The field of a live form that an event is about.
fn field_of(event: &Event) -> Option<(HtmlInputElement, Field)> {
    let input = event.target()?.dyn_into::<HtmlInputElement>().ok()?;
    input.closest("form[data-live]").ok()??;
    let field = Field::parse(&input.name())?;
    Some((input, field))
}

/// Says below a field what is wrong with it, or its hint. Answers what is wrong.
fn show_problem(input: &HtmlInputElement, field: Field) -> Option<FieldProblem> {
    let problem = field.check(&input.value());
    if let Some(message) = document().get_element_by_id(&format!("{}-message", input.id())) {
        let hint = message.get_attribute("data-hint").unwrap_or_default();
        message.set_class_name(if problem.is_some() { "error" } else { "hint" });
        message.set_text_content(Some(&problem.map_or(hint, FieldProblem::sentence)));
    }
    let _ = match problem {
        Some(_) => input.set_attribute("aria-invalid", "true"),
        None => input.remove_attribute("aria-invalid"),
    };
    problem
}

/// Sends a form whose fields are right, and puts the answer in place.
fn send(form: HtmlFormElement) {
    let mut first_wrong = None;
    let mut problems = String::new();
    for input in browser::all_in(&form, "input").filter_map(|input| input.dyn_into::<HtmlInputElement>().ok()) {
        let Some(problem) = Field::parse(&input.name()).and_then(|field| show_problem(&input, field)) else {
            continue;
        };
        // Ids and sentences are the program's own: nothing here was typed. Writing to a text cannot fail.
        let _ = write!(problems, "<li><a href=\"#{}\">{}</a></li>", input.id(), problem.sentence());
        first_wrong.get_or_insert(input);
    }
    let heading = if first_wrong.is_some() { "<h2>Not saved yet</h2>" } else { "" };
    summarize(&form, heading, &problems);
    if let Some(input) = first_wrong {
        let _ = input.focus();
        return;
    }
    let button = form.query_selector("[type=submit]").ok().flatten();
    if button.as_ref().is_some_and(|button| button.has_attribute("aria-busy")) {
        return;
    }
    if let Some(button) = &button {
        let _ = button.set_attribute("aria-busy", "true");
    }
    spawn_local(async move {
        let form_id = form.id();
        if let Some(answer) = browser::post(&form).await {
            put_in_place(&answer, &form_id);
            return;
        }
        if let Some(button) = &button {
            let _ = button.remove_attribute("aria-busy");
        }
        summarize(&form, &format!("<p>{}</p>", AppError::Unreachable.sentence()), "");
    });
}

/// Says above a form what keeps it from being sent; nothing, for an empty text.
fn summarize(form: &HtmlFormElement, text: &str, list: &str) {
    let list = if list.is_empty() { String::new() } else { format!("<ul>{list}</ul>") };
    let summary = if text.is_empty() { String::new() } else { format!("<div class=\"summary\">{text}{list}</div>") };
    if let Some(place) = form.query_selector(".summary-place").ok().flatten() {
        place.set_inner_html(&summary);
    }
}

fn put_in_place(answer: &browser::Answer, form_id: &str) {
    if !browser::replace_page(answer) {
        browser::leave_for(&answer.url);
        return;
    }
    let first_wrong = browser::all("[autofocus]").next();
    let target = first_wrong.or_else(|| browser::all(&format!("#{form_id} [type=submit]")).next());
    if let Some(target) = target {
        browser::focus_on(&target);
    }
    // A status line that comes with the page is not read out; one that is filled afterwards is.
    if let Some(status) = browser::all("[role=status]").next() {
        let said = status.inner_html();
        status.set_inner_html("");
        request_animation_frame(move || status.set_inner_html(&said));
    }
}
