//! What was typed to filter and sort all tokens by, and what it means.
//!
//! It comes from an address or a form, so it can be anything. What makes no sense is left out, and said: a list that
//! looks filtered and is not would be worse than either.

use latchkey_domain::{DAY, Email, ScopeName, Timestamp, TokenSource, TokenStatus};

use crate::ports::{TokenOrder, TokenPosition, TokenQuery, TokenSort};
use crate::{BreachKind, Outcome, Service};

/// The longest text that is searched for, in characters.
const MAX_TEXT: usize = 120;
/// The shortest: indexes of texts hold parts of three characters.
const MIN_TEXT: usize = 3;
/// The most days of not being used that can be asked for: longer than any token lives.
const MAX_DAYS: i64 = 3_660;

/// What was typed. Empty texts stand for "any".
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is said by its name in the address")]
pub struct TokenSearch {
    pub text: String,
    pub rep: String,
    pub status: String,
    pub scope: String,
    pub source: String,
    pub expires_before: String,
    pub unused_days: String,
    pub sensitive: String,
    pub all_scopes: String,
    pub breaks: String,
    pub sort: String,
    pub direction: String,
    pub after: String,
}

/// A search that makes sense.
#[derive(Debug, Clone)]
pub(super) struct Understood {
    pub(super) query: TokenQuery,
    pub(super) order: TokenOrder,
    pub(super) after: Option<TokenPosition>,
    /// What was left out, in sentences.
    pub(super) notes: Vec<String>,
}

impl TokenSearch {
    /// The status that stands for both of those that live tokens have.
    pub const LIVE: &str = "live";
    /// The names of its parts in addresses and forms.
    pub const NAMES: [&str; 13] = [
        "q",
        "rep",
        "status",
        "scope",
        "source",
        "expires_before",
        "unused_days",
        "sensitive",
        "all_scopes",
        "breaks",
        "sort",
        "direction",
        "after",
    ];

    /// Reads the parts by their names.
    pub fn read(value: impl Fn(&str) -> Option<String>) -> Self {
        let [
            text,
            rep,
            status,
            scope,
            source,
            expires_before,
            unused_days,
            sensitive,
            all_scopes,
            breaks,
            sort,
            direction,
            after,
        ] = Self::NAMES.map(|name| value(name).unwrap_or_default().trim().to_owned());
        Self {
            text,
            rep,
            status,
            scope,
            source,
            expires_before,
            unused_days,
            sensitive,
            all_scopes,
            breaks,
            sort,
            direction,
            after,
        }
    }

    /// Names and values of what was typed at all.
    #[must_use]
    pub fn parts(&self) -> Vec<(&'static str, &str)> {
        let values = [
            &self.text,
            &self.rep,
            &self.status,
            &self.scope,
            &self.source,
            &self.expires_before,
            &self.unused_days,
            &self.sensitive,
            &self.all_scopes,
            &self.breaks,
            &self.sort,
            &self.direction,
            &self.after,
        ];
        let parts = Self::NAMES.into_iter().zip(values.map(String::as_str));
        parts.filter(|(_, value)| !value.is_empty()).collect()
    }

    /// The order that is asked for. Without one, the newest come first.
    #[must_use]
    pub fn order(&self) -> TokenOrder {
        let by = match self.sort.as_str() {
            "expires" => TokenSort::Expires,
            "last_used" => TokenSort::LastUsed,
            _ => TokenSort::Created,
        };
        TokenOrder { by, descending: self.direction != "ascending" }
    }

    /// Whether it filters at all.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        let order_and_place = ["sort", "direction", "after"];
        self.parts().iter().any(|(name, _)| !order_and_place.contains(name))
    }
}

impl Service {
    pub(super) async fn understand_search(&self, search: &TokenSearch) -> Outcome<Understood> {
        let now = self.now();
        let mut notes = Notes(Vec::new());
        let mut query = TokenQuery::all(now);
        query.owner = match search.rep.as_str() {
            "" => None,
            typed => {
                let rep = match Email::parse(typed) {
                    Ok(email) => self.store.rep_by_email(&email).await?,
                    Err(_) => None,
                };
                notes.unless(rep.map(|rep| rep.id), "the service rep, since nobody has this address")
            }
        };
        query.live = search.status == TokenSearch::LIVE;
        if !query.live {
            query.status =
                notes.parse(&search.status, TokenStatus::parse, "the status, since there is none of this name");
        }
        let known = |name: &str| name.parse().ok().filter(|name: &ScopeName| self.catalog.scope(name).is_some());
        query.scope = notes.parse(&search.scope, known, "the scope, since the catalog has none of this name");
        query.source = notes.parse(&search.source, TokenSource::parse, "the source, since there is none of this name");
        query.text = notes.parse(&search.text, text_of, "the text, since it must have three characters or more");
        query.expires_before =
            notes.parse(&search.expires_before, Timestamp::of_date, "the date, since it is not one like 2027-01-31");
        let days = |text: &str| text.parse().ok().filter(|days| (1..=MAX_DAYS).contains(days));
        let days: Option<i64> =
            notes.parse(&search.unused_days, days, "the days without use: 1 to 3660 can be asked for");
        query.unused_since = days.map(|days| now.plus_seconds(-days * DAY));
        let yes = |text: &str| (text == "1").then_some(());
        let sensitive = notes.parse(&search.sensitive, yes, "whether scopes are sensitive");
        query.one_of = sensitive.map(|()| {
            let sensitive = self.catalog.scopes().iter().filter(|scope| scope.sensitive);
            sensitive.map(|scope| scope.name.clone()).collect()
        });
        query.all_scopes = notes.parse(&search.all_scopes, yes, "whether it is All Scopes").is_some();
        if let Some(breaks) =
            notes.parse(&search.breaks, BreachKind::parse, "the rule of the policy, since there is none of this name")
        {
            let policy = self.store.policy().await?.policy;
            match breaks.query(&policy, now) {
                Some(breaking) => query.restrict_to(breaking),
                None => notes.0.push("the rule of the policy, since the policy has no such rule now".to_owned()),
            }
        }
        let known = |text: &str| ["created", "expires", "last_used"].contains(&text).then_some(());
        let _ = notes.parse(&search.sort, known, "the order, since there is none of this name");
        let known = |text: &str| ["ascending", "descending"].contains(&text).then_some(());
        let _ = notes.parse(&search.direction, known, "the direction of the order");
        let after =
            notes.parse(&search.after, |text| text.parse().ok(), "where to go on; this is the list's beginning");
        Ok(Understood { query, order: search.order(), after, notes: notes.0 })
    }
}

/// What was left out.
struct Notes(Vec<String>);

impl Notes {
    fn parse<T>(&mut self, text: &str, parse: impl Fn(&str) -> Option<T>, what: &str) -> Option<T> {
        if text.is_empty() { None } else { self.unless(parse(text), what) }
    }

    fn unless<T>(&mut self, value: Option<T>, what: &str) -> Option<T> {
        if value.is_none() {
            self.0.push(what.to_owned());
        }
        value
    }
}

fn text_of(typed: &str) -> Option<String> {
    let text: String =
        typed.chars().filter(|character| !character.is_control()).take(MAX_TEXT).collect::<String>().to_lowercase();
    (text.chars().count() >= MIN_TEXT).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_typed_comes_back() {
        let search = TokenSearch::read(|name| match name {
            "q" => Some(" pay ".to_owned()),
            "sort" => Some("expires".to_owned()),
            "direction" => Some("ascending".to_owned()),
            _ => None,
        });
        assert_eq!(search.parts(), [("q", "pay"), ("sort", "expires"), ("direction", "ascending")]);
        assert_eq!(search.order(), TokenOrder { by: TokenSort::Expires, descending: false });
        assert!(search.is_filtered());
        assert!(!TokenSearch { text: String::new(), ..search }.is_filtered());
    }

    #[test]
    fn a_text_has_three_characters_that_count() {
        assert_eq!(text_of("ab"), None);
        assert_eq!(text_of("a\u{0}b"), None);
        assert_eq!(text_of("ÜBE").as_deref(), Some("übe"));
    }
}
