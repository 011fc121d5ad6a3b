//! Forms that work with and without the live page.
//!
//! Inputs are the browser's own: their values are read from the form when it is sent, so nothing typed before
//! the page came alive is lost. [`FormState`] holds only what the page adds: problems, a refusal, progress.
//!
//! Problems appear when a field is left or the form is sent, never while somebody types for the first time; a
//! problem that is shown goes away as soon as it is mended.

use latchkey_domain::{Field, FieldErrors, FieldProblem, Refusal};
use leptos::prelude::*;

use crate::{AppError, browser, paths};

/// What a form shows beside its fields.
#[derive(Clone, Copy)]
pub(crate) struct FormState {
    prefix: &'static str,
    errors: RwSignal<FieldErrors>,
    refusal: RwSignal<Option<Problems>>,
    busy: RwSignal<bool>,
}

/// What stands in a form's summary when it was refused as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problems {
    /// Single fields; they are listed with links.
    Fields,
    /// The session has ended. What was typed stays.
    SignedOut,
    /// Something else, in a sentence.
    Other(String),
}

impl FormState {
    /// The state of a form whose inputs' ids begin with `prefix`, and what a plain post of it was refused for.
    #[must_use]
    pub(crate) fn new(prefix: &'static str, refusal: Option<&Refusal>) -> Self {
        let state = Self {
            prefix,
            errors: RwSignal::new(FieldErrors::default()),
            refusal: RwSignal::new(None),
            busy: RwSignal::new(false),
        };
        if let Some(refusal) = refusal {
            state.note(refusal);
        }
        state
    }

    /// The id of a field's input.
    #[must_use]
    pub(crate) fn id(self, field: Field) -> String {
        if self.prefix.is_empty() { field.name().to_owned() } else { format!("{}-{}", self.prefix, field.name()) }
    }

    /// The problem at a field, followed as it changes.
    #[must_use]
    pub(crate) fn problem(self, field: Field) -> Option<FieldProblem> {
        self.errors.read().at(field)
    }

    /// Whether this field is the first to be mended, when the page is made.
    #[must_use]
    pub(crate) fn is_first_wrong(self, field: Field) -> bool {
        self.errors.with_untracked(|errors| errors.iter().next().is_some_and(|problem| problem.field() == field))
    }

    /// Whether the form is being worked on, followed as it changes.
    #[must_use]
    pub(crate) fn is_busy(self) -> bool {
        self.busy.get()
    }

    /// Says that the form is being worked on; `false` where it is already, so that nothing is sent twice.
    #[must_use]
    pub(crate) fn start(self) -> bool {
        if self.busy.get_untracked() {
            return false;
        }
        self.busy.set(true);
        true
    }

    /// Says that the work is done and went well.
    pub(crate) fn succeed(self) {
        self.busy.set(false);
        self.errors.set(FieldErrors::default());
        self.refusal.set(None);
    }

    /// Shows why the work was not done, and moves the focus to where it can be mended.
    pub(crate) fn fail(self, error: &AppError) {
        self.busy.set(false);
        match error {
            AppError::Refused(refusal) => self.note(refusal),
            AppError::Unreachable => self.refusal.set(Some(Problems::Other(error.sentence()))),
        }
        self.focus_first();
    }

    /// Shows these problems, as after a refusal. Answers whether there were none.
    #[must_use]
    pub(crate) fn check(self, errors: Option<FieldErrors>) -> bool {
        let Some(errors) = errors else {
            return true;
        };
        self.note(&Refusal::Invalid(errors));
        self.focus_first();
        false
    }

    /// Notes what a field is like once it was left.
    pub(crate) fn left(self, field: Field, problem: Option<FieldProblem>) {
        self.errors.update(|errors| errors.set(field, problem));
    }

    /// Notes what a field is like while it changes: only a problem that is shown already is looked at again.
    pub(crate) fn changed(self, field: Field, problem: impl FnOnce() -> Option<FieldProblem>) {
        if self.errors.with_untracked(|errors| errors.at(field).is_some()) {
            self.left(field, problem());
        }
    }

    fn note(self, refusal: &Refusal) {
        match refusal {
            Refusal::Invalid(errors) => {
                self.errors.set(errors.clone());
                self.refusal.set(Some(Problems::Fields));
            }
            Refusal::SignedOut => self.refusal.set(Some(Problems::SignedOut)),
            other => self.refusal.set(Some(Problems::Other(other.sentence()))),
        }
    }

    fn focus_first(self) {
        let first = self.errors.with_untracked(|errors| errors.iter().next());
        let id = first.map_or_else(|| self.summary_id(), |problem| self.id(problem.field()));
        // After the page has shown the change: a field that was not there yet cannot take the focus.
        request_animation_frame(move || browser::focus(&id));
    }

    fn summary_id(self) -> String {
        format!("{}-summary", if self.prefix.is_empty() { "form" } else { self.prefix })
    }
}

/// Says, above a form, why it was refused, with a link to each field that is wrong.
#[component]
pub(crate) fn Summary(
    /// The form.
    state: FormState,
) -> impl IntoView {
    let content = move || {
        match state.refusal.get()? {
        Problems::Fields => {
            let problems = state.errors.get();
            (!problems.is_empty()).then(|| {
                let links: Vec<_> = problems
                    .iter()
                    .map(|problem| {
                        view! { <li><a href=format!("#{}", state.id(problem.field())) rel="external">{problem.sentence()}</a></li> }
                    })
                    .collect();
                view! { <h2>"Not saved yet"</h2> <ul>{links}</ul> }.into_any()
            })
        }
        Problems::SignedOut => Some(
            view! {
                <h2>"Your session has ended"</h2>
                <p>
                    "What you entered is still here. "
                    <a href=paths::SIGN_IN target="_blank" rel="external">"Sign in in a new tab"</a> ", then send it again."
                </p>
            }
            .into_any(),
        ),
        Problems::Other(sentence) => Some(view! { <p>{sentence}</p> }.into_any()),
    }
    };
    view! {
        <div class="summary-place" role="alert" id=state.summary_id() tabindex="-1">
            {move || content().map(|content| view! { <div class="summary">{content}</div> })}
        </div>
    }
}

/// One line of text: label, input, and below it the hint or, in its place, what is wrong.
#[component]
pub(crate) fn TextField(
    /// The form.
    state: FormState,
    /// The field.
    field: Field,
    /// The label.
    label: &'static str,
    /// What helps to fill it in.
    #[prop(optional, into)]
    hint: String,
    /// What it holds at first.
    #[prop(optional, into)]
    value: String,
    /// The input's type.
    #[prop(default = "text")]
    kind: &'static str,
    /// What the browser may fill in.
    #[prop(default = "off")]
    autocomplete: &'static str,
    /// The longest text, in characters.
    #[prop(optional)]
    max_length: Option<usize>,
    /// The id of the list of texts that it suggests.
    #[prop(optional)]
    list: Option<&'static str>,
    /// Whether it has to be filled in.
    #[prop(default = true)]
    required: bool,
) -> impl IntoView {
    let id = state.id(field);
    let message_id = format!("{id}-message");
    let is_first_wrong = state.is_first_wrong(field);
    view! {
        <div class="field">
            <label for=id.clone()>{label}</label>
            <input
                type=kind
                id=id
                name=field.name()
                value=value
                autocomplete=autocomplete
                // Browsers count UTF-16 units, of which a character has one or two; what is too long for the rule
                // is said, not cut off.
                maxlength=max_length.map(|length| (2 * length).to_string())
                list=list
                required=required
                autofocus=is_first_wrong
                aria-invalid=move || state.problem(field).is_some().then_some("true")
                aria-describedby=message_id.clone()
                on:blur=move |event| state.left(field, field.check(&event_target_value(&event)))
                on:input=move |event| state.changed(field, || field.check(&event_target_value(&event)))
            />
            <Message id=message_id state=state field=field hint=hint/>
        </div>
    }
}

/// What stands below a field: its hint or, in its place, what is wrong.
#[component]
pub(crate) fn Message(id: String, state: FormState, field: Field, #[prop(into)] hint: String) -> impl IntoView {
    let kept = hint.clone();
    view! {
        <span id=id data-hint=kept class=move || if state.problem(field).is_some() { "error" } else { "hint" }>
            {move || state.problem(field).map_or_else(|| hint.clone(), FieldProblem::sentence)}
        </span>
    }
}

/// A form's button. It shows the work in its place.
#[component]
pub(crate) fn SubmitButton(
    /// The form.
    state: FormState,
    /// What it does.
    label: &'static str,
    /// Whether it is the thing to do next on the page.
    #[prop(default = true)]
    primary: bool,
) -> impl IntoView {
    view! {
        <button type="submit" class=if primary { "btn primary" } else { "btn" } aria-busy=move || state.is_busy().then_some("true")>
            {label}
        </button>
    }
}
