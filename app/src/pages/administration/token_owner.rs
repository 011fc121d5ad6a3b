//! Choosing whose token is to be made.

use leptos::prelude::*;

use crate::components::Page;
use crate::{TokenOwnerPage, paths};

#[component]
pub(super) fn TokenOwnerView(page: TokenOwnerPage) -> impl IntoView {
    let TokenOwnerPage { listing, text, unfit } = page;
    let unfit = unfit.then(|| {
        view! { <p class="notice warn" role="alert">"Whoever was chosen is not an enabled service rep any longer. Choose somebody else."</p> }
    });
    let more =
        listing.more.then(|| view! { <p class="more muted">"There are more: type a part of the name or address."</p> });
    let rows = listing.reps.into_iter().map(|found| {
        let path = format!("{}?rep={}", paths::NEW_TOKEN_FOR, found.rep.id);
        view! {
            <tr role="row">
                <td role="cell"><a href=path>{found.rep.name}</a><span class="sub">{found.rep.email}</span></td>
                <td role="cell" data-label="Kind">{found.rep.kind.label()}</td>
                <td role="cell" data-label="Live tokens" class="num">{found.live_tokens.to_string()}</td>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let list = if rows.is_empty() {
        view! {
            <div class="empty">
                <h2>"Nobody is like that"</h2>
                <p>"No enabled service rep has this in their name or address."</p>
                <a class="btn" href=paths::NEW_TOKEN_FOR>"Show everybody"</a>
            </div>
        }
        .into_any()
    } else {
        view! {
            // On phones the rows are stacked by CSS, at which browsers forget that this is a table: the roles say so.
            <table class="stack" role="table">
                <thead role="rowgroup">
                    <tr role="row">
                        <th role="columnheader" scope="col">"Service Rep"</th>
                        <th role="columnheader" scope="col">"Kind"</th>
                        <th role="columnheader" scope="col" class="num">"Live tokens"</th>
                    </tr>
                </thead>
                <tbody role="rowgroup">{rows}</tbody>
            </table>
            {more}
        }
        .into_any()
    };
    view! {
        <Page about="First: whose token is it to be?" path=paths::NEW_TOKEN_FOR parent=paths::ALL_TOKENS>
            {unfit}
            <div class="card">
                <form class="bar" method="get" action=paths::NEW_TOKEN_FOR role="search" aria-label="Service reps">
                    <input type="search" name="q" value=text aria-label="Name or e-mail" placeholder="Name or e-mail" autocomplete="off"/>
                    <button type="submit" class="btn">"Search"</button>
                </form>
                {list}
            </div>
        </Page>
    }
}
