//! Parameters in the query.

use axum::extract::Query;
use http::Uri;
use latchkey_service::MAX_PAGE;

use crate::problem::{Problem, ProblemCode};

/// How many records an answer has where none is asked for.
const DEFAULT_PAGE: u32 = 50;
/// The longest text to search for, in characters.
const MAX_NEEDLE: usize = 200;

/// Which page of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// Only records after this id.
    pub(super) after: Option<String>,
    /// At most so many.
    pub(super) limit: u32,
}

/// The parameters of a request. Those that a route does not know are not looked at.
pub(super) struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Reads the query.
    ///
    /// # Errors
    /// 400 where it is not made of names and values.
    pub(super) fn of(uri: &Uri) -> Result<Self, Problem> {
        let Query(pairs) =
            Query::try_from_uri(uri).map_err(|_| invalid("The query cannot be read as names and values."))?;
        Ok(Self(pairs))
    }

    /// `?limit=&after=`
    ///
    /// # Errors
    /// 400 where they are no number from 1 to 200 and no record's id.
    pub(super) fn page(&self) -> Result<Page, Problem> {
        let limit = match self.one("limit")? {
            None => DEFAULT_PAGE,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_PAGE).contains(limit) && text.bytes().all(|byte| byte.is_ascii_digit()))
                .ok_or_else(|| invalid(format!("limit is a number from 1 to {MAX_PAGE}.")))?,
        };
        let after = match self.one("after")? {
            None => None,
            Some(text) if is_record_id(text) => Some(text.to_owned()),
            Some(_) => return Err(invalid("after is the value of next in the answer before.")),
        };
        Ok(Page { after, limit })
    }

    /// `?q=`, what to search for.
    ///
    /// # Errors
    /// 400 where there is nothing to search for, or too much.
    pub(super) fn needle(&self) -> Result<&str, Problem> {
        let needle = self.one("q")?.map(str::trim).unwrap_or_default();
        let acceptable = (1..=MAX_NEEDLE).contains(&needle.chars().count()) && !needle.chars().any(char::is_control);
        if acceptable {
            Ok(needle)
        } else {
            Err(invalid(format!("q is the text to search for, 1 to {MAX_NEEDLE} characters.")))
        }
    }

    fn one(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str());
        match (values.next(), values.next()) {
            (first, None) => Ok(first),
            (_, Some(_)) => Err(invalid(format!("{name} is given more than once."))),
        }
    }
}

/// Whether the text has the form of a record's id.
pub(super) fn is_record_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn invalid(detail: impl Into<std::borrow::Cow<'static, str>>) -> Problem {
    Problem::new(ProblemCode::InvalidParameter, detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn page(query: &str) -> Option<Page> {
        let uri: Uri = format!("/x?{query}").parse().unwrap();
        Parameters::of(&uri).and_then(|parameters| parameters.page()).ok()
    }

    #[test]
    fn limits_are_held_to_their_range() {
        for (query, limit) in [("", 50), ("limit=1", 1), ("limit=200", 200), ("other=x", 50)] {
            assert_eq!(page(query), Some(Page { after: None, limit }), "{query}");
        }
        for query in ["limit=0", "limit=201", "limit=", "limit=%2B5", "limit=5&limit=5", "limit=4294967297", "limit=a"]
        {
            assert_eq!(page(query), None, "{query}");
        }
    }

    #[test]
    fn after_is_a_records_id() {
        let id = "0193584c7be07d2c9f0e6a51b2c4d8e7";
        assert_eq!(page(&format!("after={id}")).and_then(|page| page.after), Some(id.to_owned()));
        for query in ["after=", "after=x", "after=0193584C7BE07D2C9F0E6A51B2C4D8E7", "after=%00", "after=%FF"] {
            assert_eq!(page(query), None, "{query}");
        }
    }

    #[test]
    fn a_needle_is_text_of_bounded_length() {
        let needle = |query: String| {
            let uri: Uri = format!("/x?{query}").parse().unwrap();
            Parameters::of(&uri).and_then(|parameters| parameters.needle().map(str::to_owned)).ok()
        };
        assert_eq!(needle("q=+a+b+".to_owned()), Some("a b".to_owned()));
        assert_eq!(needle(format!("q={}", "x".repeat(200))).map(|needle| needle.len()), Some(200));
        for query in [String::new(), "q=".to_owned(), "q=%00".to_owned(), format!("q={}", "x".repeat(201))] {
            assert_eq!(needle(query.clone()), None, "{query}");
        }
    }

    proptest! {
        #[test]
        fn any_query_gets_an_answer(query in "[ -~&&[^#<>\"\\\\^`{|}]]{0,80}") {
            if let Ok(uri) = format!("/x?{query}").parse::<Uri>()
                && let Ok(parameters) = Parameters::of(&uri)
            {
                let _ = (parameters.page().is_ok(), parameters.needle().is_ok());
            }
        }
    }
}
