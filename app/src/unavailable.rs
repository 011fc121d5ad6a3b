//! The page that says that Latchkey cannot answer for now. It is made of nothing that could be missing as well: no
//! session, no database, no script.

use leptos::prelude::*;

use crate::PageAssets;
use crate::components::FrontDoor;
use crate::document::look;
use crate::paths::window_title;

const TITLE: &str = "Not available for now";

/// The page, whole. `again` is where the same is asked again; `None` after a form, which the
/// browser sends again when the page is reloaded.
#[must_use]
pub fn unavailable_page(assets: Option<PageAssets>, again: Option<String>, request_id: String) -> String {
    Owner::new().with(|| {
        let head = assets.map(|PageAssets { folder }| look(&folder));
        let way_on = match again {
            Some(target) => view! { <a class="btn primary" href=target>"Try again"</a> }.into_any(),
            None => {
                view! { <p>"Nothing was done. Reload this page to send what you entered once more."</p> }.into_any()
            }
        };
        view! {
            <!DOCTYPE html>
            <html lang="en">
                <head>
                    <meta charset="utf-8"/>
                    <meta name="viewport" content="width=device-width, initial-scale=1"/>
                    {head}
                    <title inner_html=window_title(TITLE)></title>
                </head>
                <body>
                    <FrontDoor title=TITLE about="Latchkey cannot reach its database. Try again in a moment.">
                        {way_on}
                        <p class="sub">"If it stays, tell your operator the request id "<code>{request_id}</code>"."</p>
                    </FrontDoor>
                </body>
            </html>
        }
        .to_html()
    })
}
