//! How long pages of the list of all tokens take.

use std::time::Instant;

use latchkey_domain::AccountSid;
use latchkey_service::ports::{TokenListing as _, TokenQuery};
use latchkey_service::{Service, TOKEN_PAGE, TokenSearch};
use latchkey_store::SqlStore;

use crate::Outcome;
use crate::spread::NOW;
use crate::work::{admin, service};

const SORTS: [&str; 3] = ["created", "expires", "last_used"];
const DIRECTIONS: [&str; 2] = ["descending", "ascending"];
const STATUSES: [&str; 4] = ["active", "expiring_soon", "expired", "revoked"];
const SCOPES: [&str; 3] = ["employee-read", "universal-search", "web-user-write"];
/// Owners of many tokens, of some, and of few.
const REPS: [&str; 3] = ["rep1@example.com", "rep50@example.com", "rep4000@example.com"];

/// How many tokens are passed at once on the way to a deep page.
const STEP: usize = 20_000;

fn filters() -> Vec<(String, TokenSearch)> {
    let named = |name: &str, value: &str| {
        let search = TokenSearch::read(|asked| (asked == name).then(|| value.to_owned()));
        (format!("{name}={value}"), search)
    };
    let mut filters = vec![("none".to_owned(), TokenSearch::default())];
    filters.extend(STATUSES.map(|status| named("status", status)));
    filters.extend(SCOPES.map(|scope| named("scope", scope)));
    filters.extend(REPS.map(|rep| named("rep", rep)));
    filters.extend(["page", "command_line"].map(|source| named("source", source)));
    filters.extend(["payroll", "payroll berlin 77", "lk01"].map(|text| named("q", text)));
    filters.extend(["2024-01-01", "2026-12-01", "2027-06-01"].map(|date| named("expires_before", date)));
    filters.extend(["1", "90", "400"].map(|days| named("unused_days", days)));
    filters.extend(["sensitive", "all_scopes"].map(|flag| named(flag, "1")));
    for status in STATUSES {
        for rep in REPS {
            let (_, search) = named("rep", rep);
            filters.push((format!("rep={rep}, status={status}"), TokenSearch { status: status.to_owned(), ..search }));
        }
        for scope in SCOPES {
            let (_, search) = named("scope", scope);
            filters
                .push((format!("scope={scope}, status={status}"), TokenSearch { status: status.to_owned(), ..search }));
        }
    }
    filters
}

/// Measures each filter in each order, and says which take longest.
pub(crate) async fn measure(store: SqlStore, rounds: usize, only: Option<&str>, page: u32) -> Outcome<()> {
    let service = service(store.clone())?;
    let mut slowest: Vec<(f64, String)> = Vec::new();
    let is_asked_for = |name: &str| only.is_none_or(|only| name == only);
    for (name, filter) in filters().into_iter().filter(|(name, _)| is_asked_for(name)) {
        for sort in SORTS {
            for direction in DIRECTIONS {
                let search = TokenSearch { sort: sort.to_owned(), direction: direction.to_owned(), ..filter.clone() };
                let (median, p95, found) = time(&service, &search, rounds).await?;
                let line = format!("{median:7.1} {p95:7.1} ms  {name}, by {sort} {direction}: {found}");
                println!("{line}");
                slowest.push((p95, line));
            }
        }
    }
    slowest.sort_by(|one, other| other.0.total_cmp(&one.0));
    println!("\nslowest:");
    for (_, line) in slowest.iter().take(15) {
        println!("{line}");
    }
    deep(&service, &store, rounds, page).await
}

/// Median and 95th percentile of the milliseconds that a page takes.
async fn time(service: &Service, search: &TokenSearch, rounds: usize) -> Outcome<(f64, f64, String)> {
    let admin = admin();
    let mut times = Vec::with_capacity(rounds);
    let mut found = String::new();
    for _ in 0..rounds.max(1) {
        let begun = Instant::now();
        let page = service.all_tokens(&admin, search.clone()).await?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        let plus = if page.count_is_least { "+" } else { "" };
        let cut = if page.is_cut_short { ", cut short" } else { "" };
        found = format!("{} rows of {}{plus}{cut}", page.tokens.len(), page.count);
    }
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times.get((times.len() * share).div_ceil(100).saturating_sub(1)).copied().unwrap_or(0.0);
    Ok((at(50), at(95), found))
}

/// The first page and a deep one, in each order.
async fn deep(service: &Service, store: &SqlStore, rounds: usize, page: u32) -> Outcome<()> {
    println!("\npage 1 and page {page}:");
    for sort in SORTS {
        let first = TokenSearch { sort: sort.to_owned(), ..TokenSearch::default() };
        let query = TokenQuery::all(NOW);
        let before = TOKEN_PAGE.saturating_mul(page.saturating_sub(1));
        // A name that no token has: a walk past all those tokens finds nothing, and says where it ended. In steps, each of
        // which the database has time for.
        let nothing = TokenQuery { owner: None, text: Some(AccountSid::from_bytes([0xff; 16]).to_string()), ..query };
        let mut place = None;
        for passed in (0..before).step_by(STEP) {
            let step = u32::try_from(STEP)?.min(before - passed);
            place = store.walk_tokens(&nothing, first.order(), place, 1, step).await?.rest;
            if place.is_none() {
                break;
            }
        }
        let Some(place) = place else {
            println!("{sort}: there are not so many");
            continue;
        };
        let there = TokenSearch { after: place.to_string(), ..first.clone() };
        let (median, p95, _) = time(service, &first, rounds).await?;
        let (deep_median, deep_p95, found) = time(service, &there, rounds).await?;
        println!("{sort}: {median:.1} ({p95:.1}) ms; {deep_median:.1} ({deep_p95:.1}) ms: {found}");
    }
    Ok(())
}
