//! What only a browser can do. Called from event handlers and effects, which never run in the server.

use js_sys::{Date, Function, Object, Promise, Reflect};
use latchkey_domain::Timestamp;
use leptos::prelude::{document, window};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DomParser, Element, Event, FormData, Headers, HtmlElement, HtmlFormElement, NodeList, RequestInit, Response,
    SubmitEvent, SupportedType, UrlSearchParams,
};

/// What a form holds at this moment, typed before the page came alive included.
pub(crate) struct FormValues(Option<FormData>);

impl FormValues {
    /// Of the form that is being submitted.
    pub(crate) fn of_submit(event: &SubmitEvent) -> Self {
        let form = event.target().and_then(|target| target.dyn_into::<HtmlFormElement>().ok());
        Self(form.and_then(|form| FormData::new_with_form(&form).ok()))
    }

    /// Of this form.
    pub(crate) fn of(form: &HtmlFormElement) -> Self {
        Self(FormData::new_with_form(form).ok())
    }

    /// The text of a field; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.0.as_ref().and_then(|data| data.get(name).as_string()).unwrap_or_default()
    }

    /// The texts of all fields of one name.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let values = self.0.as_ref().map(|data| data.get_all(name));
        values.into_iter().flatten().filter_map(|value| value.as_string()).collect()
    }
}

/// Puts text on the clipboard. Answers `false` where there is no clipboard to be had (pages over plain http) or
/// it is refused.
pub(crate) async fn copy(text: &str) -> bool {
    let navigator: JsValue = window().navigator().into();
    let written = || -> Option<Promise> {
        let clipboard = Reflect::get(&navigator, &"clipboard".into()).ok().filter(JsValue::is_object)?;
        let write: Function = Reflect::get(&clipboard, &"writeText".into()).ok()?.dyn_into().ok()?;
        write.call1(&clipboard, &text.into()).ok()?.dyn_into().ok()
    };
    match written() {
        Some(promise) => JsFuture::from(promise).await.is_ok(),
        None => false,
    }
}

/// Selects the text of an element, so that it can be copied by hand.
pub(crate) fn select(element: &Element) {
    if let Some(selection) = window().get_selection().ok().flatten() {
        // A failure leaves the selection as it was; the value is on the page all the same.
        let _ = selection.select_all_children(element);
    }
}

/// Moves the keyboard's focus to the element with this id.
pub(crate) fn focus(id: &str) {
    if let Some(element) = document().get_element_by_id(id) {
        focus_on(&element);
    }
}

/// Moves the keyboard's focus to this element.
pub(crate) fn focus_on(element: &Element) {
    if let Some(element) = element.dyn_ref::<HtmlElement>() {
        let _ = element.focus();
    }
}

/// Asks a question that is answered by yes or no.
pub(crate) fn confirm(question: &str) -> bool {
    window().confirm_with_message(question).unwrap_or(true)
}

/// Leaves for another page, loaded whole.
pub(crate) fn leave_for(path: &str) {
    let _ = window().location().set_href(path);
}

/// The path and query of the page that is shown.
pub(crate) fn current_path() -> String {
    let location = window().location();
    location.pathname().unwrap_or_default() + &location.search().unwrap_or_default()
}

/// Date and time in the reader's zone, the zone named: `22 May 2027 at 16:05 CEST`, or as the reader's kind of
/// English writes it.
pub(crate) fn local_words(at: Timestamp) -> String {
    let options = Object::new();
    for (name, value) in [
        ("year", "numeric"),
        ("month", "long"),
        ("day", "numeric"),
        ("hour", "2-digit"),
        ("minute", "2-digit"),
        ("timeZoneName", "short"),
    ] {
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    date(at).to_locale_string(&english(), &options).into()
}

/// The date in the reader's zone: `22 May 2027`.
pub(crate) fn local_date_words(at: Timestamp) -> String {
    let options = Object::new();
    for (name, value) in [("year", "numeric"), ("month", "long"), ("day", "numeric")] {
        let _ = Reflect::set(&options, &name.into(), &value.into());
    }
    date(at).to_locale_date_string(&english(), &options).into()
}

/// The reader's kind of English: it decides the order of a date and the names of zones ("EDT", not "GMT-4").
fn english() -> String {
    window().navigator().language().filter(|language| language.starts_with("en")).unwrap_or_else(|| "en-GB".to_owned())
}

/// Seconds since 1970 of a moment as it is written in the page; `None` where it is none.
pub(crate) fn read_moment(rfc3339: &str) -> Option<i64> {
    let millis = Date::parse(rfc3339);
    #[expect(clippy::cast_possible_truncation, reason = "a date of a browser is within 285 million years")]
    millis.is_finite().then(|| (millis / 1000.0) as i64)
}

/// Every element of the page that a selector finds.
pub(crate) fn all(selector: &str) -> impl Iterator<Item = Element> + use<> {
    elements(document().query_selector_all(selector).ok())
}

/// Every element inside another that a selector finds.
pub(crate) fn all_in(element: &Element, selector: &str) -> impl Iterator<Item = Element> + use<> {
    elements(element.query_selector_all(selector).ok())
}

fn elements(list: Option<NodeList>) -> impl Iterator<Item = Element> {
    let length = list.as_ref().map_or(0, NodeList::length);
    (0..length).filter_map(move |index| list.as_ref()?.get(index)?.dyn_into().ok())
}

/// A page that the server answered with.
pub(crate) struct Answer {
    /// Where it is from, after any redirect.
    pub(crate) url: String,
    html: String,
}

/// Sends a form as the browser would, in the background. `None` where there is no answer, or none but that there is a
/// problem: the form stays as it is then.
pub(crate) async fn post(form: &HtmlFormElement) -> Option<Answer> {
    let data = FormData::new_with_form(form).ok()?;
    let body = UrlSearchParams::new_with_str_sequence_sequence(&data).ok()?;
    let request = RequestInit::new();
    request.set_method("POST");
    request.set_body(&body);
    let headers = Headers::new().ok()?;
    headers.set("accept", "text/html,application/problem+json").ok()?;
    request.set_headers(&headers);
    let answered = window().fetch_with_str_and_init(&form.action(), &request);
    let response: Response = JsFuture::from(answered).await.ok()?.dyn_into().ok()?;
    let html = JsFuture::from(response.text().ok()?).await.ok()?.as_string()?;
    (!html.starts_with('{')).then(|| Answer { url: response.url(), html })
}

/// Puts another page of the same kind in place of this one. `false` where it is another page altogether, which
/// has to be loaded.
pub(crate) fn replace_page(answer: &Answer) -> bool {
    let location = window().location();
    let here = location.origin().unwrap_or_default() + &location.pathname().unwrap_or_default();
    if answer.url.split('?').next() != Some(here.as_str()) {
        return false;
    }
    let page = DomParser::new().and_then(|parser| parser.parse_from_string(&answer.html, SupportedType::TextHtml));
    let (Ok(page), Some(body)) = (page, document().body()) else {
        return false;
    };
    let theme = page.document_element().and_then(|root| root.get_attribute("data-theme"));
    if let (Some(theme), Some(root)) = (theme, document().document_element()) {
        let _ = root.set_attribute("data-theme", &theme);
    }
    body.set_inner_html(&page.body().map(|body| body.inner_html()).unwrap_or_default());
    replace_address(&answer.url);
    true
}

fn date(at: Timestamp) -> Date {
    #[expect(clippy::cast_precision_loss, reason = "exact for 285 million years")]
    let millis = at.unix_seconds() as f64 * 1000.0;
    Date::new(&millis.into())
}

/// Goes one step forward in the reader's history.
pub(crate) fn go_forward() {
    let _ = window().history().and_then(|history| history.forward());
}

/// Writes another address into the window, as a new step in the reader's history.
pub(crate) fn push_address(target: &str) {
    let _ = window().history().and_then(|history| history.push_state_with_url(&JsValue::NULL, "", Some(target)));
}

/// Writes another address into the window, in the place of this one.
pub(crate) fn replace_address(target: &str) {
    let _ = window().history().and_then(|history| history.replace_state_with_url(&JsValue::NULL, "", Some(target)));
}

/// Loads the page at the window's address.
pub(crate) fn reload() {
    let _ = window().location().reload();
}

/// Shows the top of the page.
pub(crate) fn to_top() {
    window().scroll_to_with_x_and_y(0.0, 0.0);
}

/// Listens to an event of the window, in its first phase, for as long as the page lives.
pub(crate) fn listen(name: &str, listener: impl FnMut(Event) + 'static) {
    let closure = Closure::<dyn FnMut(Event)>::new(listener).into_js_value();
    let _ = window().add_event_listener_with_callback_and_bool(name, closure.unchecked_ref(), true);
}
