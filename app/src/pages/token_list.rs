//! The list of one's own tokens, where people land.

use latchkey_domain::view::{RevokedView, TokenListView};
use latchkey_domain::{AccountSid, TokenStatus};
use leptos::prelude::*;

use super::loading::{Loading, LoadingFailed};
use crate::components::{Notice, Page, Reveal, RevealPanel, RevokeDialog, TokenTable, Tone};
use crate::functions::list_tokens;
use crate::place::Navigation;
use crate::root::Live;
use crate::{PlainPost, browser, paths};

/// How many rows the list shows at first, and how many "Show more" adds.
const ROWS: u32 = 100;
/// The most rows in one page.
const MAX_ROWS: u32 = 5_000;

#[component]
pub(crate) fn TokenListPage() -> impl IntoView {
    let navigation: Navigation = expect_context();
    let with_ended = Memo::new(move |_| navigation.value("show").as_deref() == Some("all"));
    let rows = Memo::new(move |_| {
        let asked = navigation.value("rows").and_then(|rows| rows.parse().ok());
        asked.unwrap_or(ROWS).clamp(1, MAX_ROWS)
    });
    let tokens = Resource::new(move || (with_ended.get(), rows.get()), |(ended, rows)| list_tokens(ended, rows));
    let notice = RwSignal::new(first_notice());
    let asked = RwSignal::new(None::<AccountSid>);
    let Reveal(reveal) = expect_context();
    let live = use_context::<Live>().is_none_or(|Live(live)| live);

    let on_revoke = Callback::new(move |sid| asked.set(Some(sid)));
    let on_revoked = Callback::new(move |revoked: RevokedView| {
        asked.set(None);
        notice.set(Some((Tone::Good, revoked_in_words(&revoked.description, revoked.had_ended))));
        tokens.refetch();
        // The button that asked for it leaves with its row.
        request_animation_frame(|| browser::focus("main"));
    });
    let on_cancel = Callback::new(move |()| asked.set(None));
    // Without the live page, the ✕ leads here with the token's name in the query.
    let asked_in_query = move || navigation.value("revoke").and_then(|sid| sid.parse::<AccountSid>().ok());

    let actions = move || {
        let (label, path) = if with_ended.get() {
            ("Show active tokens", paths::TOKENS.to_owned())
        } else {
            ("Show all tokens", format!("{}?show=all", paths::TOKENS))
        };
        view! {
            <a class="btn" href=path>{label}</a>
            <a class="btn primary" href=paths::NEW_TOKEN>"Add"</a>
        }
    };
    view! {
        <Page
            about="One token for each vendor, so that each can be revoked alone."
            path=paths::TOKENS
            actions=actions
        >
            <Notice message=notice/>
            {move || reveal.get().map(|token| view! { <RevealPanel token=token live=live/> })}
            <Transition fallback=Loading>
                {move || Suspend::new(async move {
                    match tokens.await {
                        Ok(list) => {
                            let candidates = list.clone();
                            let dialog = move || {
                                let live = asked.get();
                                let sid = live.or_else(asked_in_query)?;
                                let now = candidates.now;
                                let token = candidates.tokens.iter().find(|token| token.sid == sid)?.clone();
                                token.status.is_live().then(|| {
                                    view! {
                                        <RevokeDialog token=token now=now live=live.is_some() on_cancel=on_cancel on_revoked=on_revoked/>
                                    }
                                })
                            };
                            view! {
                                <TokenList list=list with_ended=with_ended.get_untracked() rows=rows.get_untracked() on_revoke=on_revoke/>
                                {dialog}
                            }
                            .into_any()
                        }
                        Err(error) => view! { <LoadingFailed error=error/> }.into_any(),
                    }
                })}
            </Transition>
        </Page>
    }
    .into_any()
}

#[component]
fn TokenList(list: TokenListView, with_ended: bool, rows: u32, on_revoke: Callback<AccountSid>) -> impl IntoView {
    if list.tokens.is_empty() {
        return view! {
            <div class="card empty">
                <h2>"No access tokens"</h2>
                <p class="muted">"A token lets one vendor call your company's API: only what you select, only for as long as you say."</p>
                <a class="btn" href=paths::NEW_TOKEN>"Add the first token"</a>
            </div>
        }
        .into_any();
    }
    let more = list.more.then(|| {
        let show = if with_ended { "show=all&" } else { "" };
        let path = format!("{}?{show}rows={}", paths::TOKENS, rows.saturating_add(ROWS));
        view! { <div class="foot"><a class="btn" href=path>"Show more"</a></div> }
    });
    view! {
        <div class="card">
            <TokenTable list=list on_revoke=on_revoke/>
            {more}
        </div>
    }
    .into_any()
}

/// What the page has to say when it is opened: the outcome of a plain form, carried by the address or the post.
fn first_notice() -> Option<(Tone, String)> {
    if let Some(PlainPost::RevokeRefused(refusal)) = use_context::<PlainPost>() {
        return Some((Tone::Bad, refusal.sentence()));
    }
    let navigation: Navigation = expect_context();
    match navigation.value_now("notice").as_deref()? {
        "already-created" => Some((Tone::Warn, latchkey_domain::Refusal::AlreadyCreated.sentence())),
        "revoked" => Some((Tone::Good, "The token is revoked. Calls with it are refused from now on.".to_owned())),
        "had-ended" => Some((Tone::Warn, "The token had ended already; nothing has changed.".to_owned())),
        _ => None,
    }
}

fn revoked_in_words(description: &str, had_ended: bool) -> String {
    if had_ended {
        format!("{description} had ended already; nothing has changed.")
    } else {
        format!("{description} is {}. Calls with it are refused from now on.", TokenStatus::Revoked.code())
    }
}
