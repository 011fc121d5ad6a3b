//! Moving one's tokens to another: whom to, what would become of each, and then the move.

use latchkey_domain::Field;
use latchkey_service::PreviewedMove;
use latchkey_service::ports::MovableToken;
use leptos::prelude::*;

use super::{Suggestions, counted, noticed};
use crate::components::{FormState, Notice, Page, Summary, TextField};
use crate::{MovePage, paths};

#[component]
pub(super) fn MoveView(page: MovePage) -> impl IntoView {
    let MovePage { details, to, reps, preview, refusal, notice } = page;
    let rep = details.overview.rep;
    let state = FormState::new("", refusal.as_ref());
    let path = format!("{}/move", paths::one_rep(rep.id));
    let back = paths::one_rep(rep.id);
    let action = path.clone();
    let tokens = counted(details.overview.live_tokens, "live token");
    view! {
        <Page
            title=format!("Move the tokens of {}", rep.name)
            about="The tokens get another owner. Their SIDs and secrets stay."
            path=paths::MOVE_TOKENS
            parent=paths::SERVICE_REPS
        >
            <Notice message=Signal::stored(noticed(notice))/>
            <section class="section" aria-labelledby="target-title">
                <h2 id="target-title">"To whom?"</h2>
                <p><a href=back>{rep.name}</a>{format!(" has {tokens}. What has ended stays where it is.")}</p>
                <form method="get" action=action novalidate>
                    <Summary state=state/>
                    <div class="grid-2">
                        <TextField state=state field=Field::Target label="New owner" kind="email" value=to hint="The e-mail address of a service rep who is enabled." list="reps"/>
                    </div>
                    <Suggestions id="reps" reps=reps/>
                    <div><button type="submit" class="btn">"Show what would move"</button></div>
                </form>
            </section>
            {preview.map(|preview| view! { <Preview preview=preview path=path/> })}
        </Page>
    }
}

#[component]
fn Preview(preview: PreviewedMove, path: String) -> impl IntoView {
    let PreviewedMove { to, plan, lost_scopes } = preview;
    let count = plan.moving.len();
    let moving = u64::try_from(count).unwrap_or(u64::MAX);
    let staying = (!plan.staying.is_empty()).then(|| {
        view! {
            <h3>{format!("Staying: {}", counted(u64::try_from(plan.staying.len()).unwrap_or(u64::MAX), "token"))}</h3>
            <p class="muted">{format!("{} has a live token of the same description. Revoke one of the two, or move these to somebody else.", to.name)}</p>
            <Descriptions tokens=plan.staying.clone()/>
        }
    });
    let lost = (!lost_scopes.is_empty()).then(|| {
        let names: Vec<String> = lost_scopes.iter().map(ToString::to_string).collect();
        let sentence =
            format!("{} may not grant {}: it will not count in the tokens that have it.", to.name, names.join(", "));
        view! { <p class="notice warn">{sentence}</p> }
    });
    let form = (count > 0).then(|| {
        view! {
            <form method="post" action=path>
                <input type="hidden" name=Field::Target.name() value=to.email.clone()/>
                <div><button type="submit" class="btn primary">{format!("Move {}", counted(moving, "token"))}</button></div>
            </form>
        }
    });
    let heading = if count == 0 {
        "Nothing would move".to_owned()
    } else {
        format!("{} would go to {}", counted(moving, "token"), to.name)
    };
    view! {
        <section class="section" aria-labelledby="preview-title">
            <h2 id="preview-title">{heading}</h2>
            {lost}
            <Descriptions tokens=plan.moving/>
            {staying}
            {form}
        </section>
    }
}

#[component]
fn Descriptions(tokens: Vec<MovableToken>) -> impl IntoView {
    let items = tokens.into_iter().map(|token| {
        view! { <li>{token.description}<span class="sub mono">{token.sid.to_string()}</span></li> }
    });
    view! { <ul class="plain-list">{items.collect_view()}</ul> }
}
