//! The list of service reps.

use axum::extract::{Request, State};
use axum::response::Response;
use latchkey_app::{AdministrationPage, Place, RepsPage, Said};
use latchkey_domain::{RepKind, RepState, Role};
use latchkey_service::ports::RepFilter;

use super::{asked, fail, render};
use crate::ServerState;
use crate::site::pages::target_of;

/// How many rows the list shows at first.
const ROWS: u32 = 100;
/// The most rows in one page.
const MAX_ROWS: u32 = 5_000;

pub(super) async fn show(State(state): State<ServerState>, request: Request) -> Response {
    let (context, caller) = match asked(&request) {
        Ok(asked) => asked,
        Err(response) => return *response,
    };
    let place = Place::parse(target_of(&request));
    let (filter, mut ignored) = filter_of(&place);
    let rows = match place.value("rows").filter(|rows| !rows.is_empty()).map(|rows| rows.parse()) {
        None => ROWS,
        Some(Ok(rows)) => u32::clamp(rows, 1, MAX_ROWS),
        Some(Err(_)) => {
            ignored.push("the number of rows");
            ROWS
        }
    };
    let notice = (place.value("notice").as_deref() == Some("withdrawn"))
        .then(|| Said { done: true, sentence: "The invitation is withdrawn, and its address is free.".to_owned() });
    match state.service.rep_listing(&caller, &filter, rows).await {
        Ok(listing) => {
            let page = RepsPage { listing, filter, rows, ignored, notice };
            render(context, AdministrationPage::Reps(page), 200, request).await
        }
        Err(failure) => fail(&state, &context, failure, request).await,
    }
}

/// The filter in an address, and what of it makes no sense.
fn filter_of(place: &Place) -> (RepFilter, Vec<&'static str>) {
    let mut ignored = Vec::new();
    let filter = RepFilter {
        text: place.value("q").unwrap_or_default().trim().to_owned(),
        role: choice(place, "role", "the role", Role::parse, &mut ignored),
        kind: choice(place, "kind", "the kind", RepKind::parse, &mut ignored),
        state: choice(place, "state", "the state", RepState::parse, &mut ignored),
    };
    (filter, ignored)
}

fn choice<T>(
    place: &Place,
    name: &str,
    called: &'static str,
    parse: impl Fn(&str) -> Option<T>,
    ignored: &mut Vec<&'static str>,
) -> Option<T> {
    let text = place.value(name).filter(|text| !text.is_empty())?;
    let value = parse(&text);
    if value.is_none() {
        ignored.push(called);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_left_out_and_named() {
        let (filter, ignored) = filter_of(&Place::parse("/x?q=+ann+&role=admin&kind=robot&state=&rows=5"));
        assert_eq!(
            (filter.text.as_str(), filter.role, filter.kind, filter.state),
            ("ann", Some(Role::Admin), None, None)
        );
        assert_eq!(ignored, ["the kind"]);
    }
}
