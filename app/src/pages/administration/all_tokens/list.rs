//! The list of everybody's tokens.

use latchkey_service::{AllTokens, MAX_CHOSEN, TokenSearch};
use leptos::prelude::*;

use super::super::noticed;
use super::filters::Filters;
use super::table::Table;
use super::{grouped, tokens};
use crate::administration::address;
use crate::components::{Notice, Page};
use crate::{AllTokensPage, paths};

#[component]
pub(in crate::pages::administration) fn AllTokensView(page: AllTokensPage) -> impl IntoView {
    let AllTokensPage { found, people, scopes, notice, look_up } = page;
    let here = TokenSearch { after: String::new(), ..found.search.clone() };
    let actions = {
        let here = here.clone();
        move || {
            view! {
                <form method="post" action=paths::ALL_TOKENS>
                    <input type="hidden" name="action" value="export"/>
                    <Hidden search=here.clone()/>
                    <button type="submit" class="btn">"Export as CSV"</button>
                </form>
                <a class="btn primary" href=paths::NEW_TOKEN_FOR>"Add for a service rep"</a>
            }
        }
    };
    let notes = (!found.notes.is_empty()).then(|| {
        view! { <p class="notice warn" role="status">{format!("Left out: {}.", found.notes.join("; "))}</p> }
    });
    let list = if found.tokens.is_empty() && !found.is_cut_short {
        view! { <Empty is_filtered=here.is_filtered() is_beginning=found.search.after.is_empty() here=here.clone()/> }
            .into_any()
    } else {
        view! { <Table tokens=found.tokens.clone() search=here.clone() now=found.now/> }.into_any()
    };
    view! {
        <Page about="Everybody’s tokens, those that have ended included." path=paths::ALL_TOKENS actions=actions>
            <Notice message=Signal::stored(noticed(notice))/>
            {notes}
            <div class="card">
                <Filters search=found.search.clone() people=people scopes=scopes/>
                <p class="counted" role="status">{counted(&found)}</p>
                {list}
                <Onward found=found.clone()/>
            </div>
            <RevokeSeveral found=found here=here/>
            <LookUpForm problem=look_up/>
        </Page>
    }
}

/// How many there are, as far as that was counted.
fn counted(found: &AllTokens) -> String {
    let plus = if found.count_is_least { "+" } else { "" };
    let noun = if found.count == 1 && !found.count_is_least { "token" } else { "tokens" };
    format!("{}{plus} {noun}", grouped(found.count))
}

/// A search as fields of a form.
#[component]
fn Hidden(search: TokenSearch) -> impl IntoView {
    let fields: Vec<_> = search.parts().into_iter().map(|(name, value)| (name, value.to_owned())).collect();
    fields.into_iter().map(|(name, value)| view! { <input type="hidden" name=name value=value/> }).collect_view()
}

#[component]
fn Empty(is_filtered: bool, is_beginning: bool, here: TokenSearch) -> impl IntoView {
    let (title, about, link, path) = if !is_beginning {
        ("No more tokens", "The list ends here.", "Back to the beginning", address(&here))
    } else if is_filtered {
        (
            "No token is like that",
            "Nothing fits what you have chosen above.",
            "Show all tokens",
            paths::ALL_TOKENS.to_owned(),
        )
    } else {
        ("No access tokens", "Nobody has added one yet.", "Add for a service rep", paths::NEW_TOKEN_FOR.to_owned())
    };
    view! { <div class="empty"><h2>{title}</h2><p>{about}</p><a class="btn" href=path>{link}</a></div> }
}

/// The way to the next page, and back to the first.
#[component]
fn Onward(found: AllTokens) -> impl IntoView {
    let AllTokens { search, next, is_cut_short, .. } = found;
    let cut_short = is_cut_short.then(|| {
        view! { <p class="muted grow">"This combination takes long to search through. These are those found so far."</p> }
    });
    let first = (!search.after.is_empty()).then(|| {
        let path = address(&TokenSearch { after: String::new(), ..search.clone() });
        view! { <a class="btn quiet" href=path>"Back to the beginning"</a> }
    });
    let next = next.map(|next| {
        let path = address(&TokenSearch { after: next.to_string(), ..search });
        let label = if is_cut_short { "Search further" } else { "Show more" };
        view! { <a class="btn" href=path>{label}</a> }
    });
    (first.is_some() || next.is_some()).then(|| view! { <div class="foot">{cut_short} {first} {next}</div> })
}

/// What is done with the rows that are chosen, or with all that pass.
#[component]
fn RevokeSeveral(found: AllTokens, here: TokenSearch) -> impl IntoView {
    if found.tokens.is_empty() {
        return ().into_any();
    }
    // What was left out of the search would be chosen too.
    let all = found.notes.is_empty().then(|| {
        let label = if found.count_is_least {
            format!("Revoke all that match ({}+)…", grouped(found.count))
        } else if found.count == 1 {
            "Revoke the one that matches…".to_owned()
        } else {
            format!("Revoke all {} that match…", grouped(found.count))
        };
        view! {
            <form method="post" action=paths::ALL_TOKENS>
                <input type="hidden" name="action" value="choose-all"/>
                <Hidden search=here.clone()/>
                <button type="submit" class="btn">{label}</button>
            </form>
        }
    });
    let most = u64::try_from(MAX_CHOSEN).unwrap_or(u64::MAX);
    view! {
        <section class="section action" aria-labelledby="several-title">
            <h2 id="several-title">"Revoke several"</h2>
            <p>{format!("Choose rows above, or all that match: {} at most. The next page shows what would be revoked, and asks.", tokens(most))}</p>
            <div class="several">
                <form id="chosen" method="post" action=paths::ALL_TOKENS>
                    <input type="hidden" name="action" value="choose"/>
                    <Hidden search=here/>
                    <button type="submit" class="btn">"Revoke the chosen rows…"</button>
                </form>
                {all}
            </div>
        </section>
    }
    .into_any()
}

/// Finds the token that a leaked Auth Token belongs to.
#[component]
fn LookUpForm(problem: Option<&'static str>) -> impl IntoView {
    let invalid = problem.is_some().then_some("true");
    let (class, message) = match problem {
        Some(problem) => ("error", problem),
        None => ("hint", "It is not kept anywhere. That you looked is written to the audit log."),
    };
    view! {
        <section class="section action" id="look-up" aria-labelledby="look-up-title">
            <h2 id="look-up-title">"Found a token somewhere?"</h2>
            <p>"Enter an Auth Token or an Account SID to see whose it is, valid or not."</p>
            <form method="post" action=paths::ALL_TOKENS>
                <input type="hidden" name="action" value="look-up"/>
                <div class="field">
                    <label for="credential">"Auth Token or Account SID"</label>
                    <input type="text" id="credential" name="credential" class="mono" autocomplete="off" autocapitalize="none" spellcheck="false" required aria-invalid=invalid aria-describedby="credential-message"/>
                    <span id="credential-message" class=class>{message}</span>
                </div>
                <div><button type="submit" class="btn">"Look up"</button></div>
            </form>
        </section>
    }
}
