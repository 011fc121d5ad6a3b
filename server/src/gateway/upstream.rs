//! Reading `--upstream`.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};

/// Where requests are forwarded to: a scheme, a host and a port, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
}

impl Upstream {
    /// Reads it as `http://HOST[:PORT]` or `https://HOST[:PORT]`.
    ///
    /// # Errors
    /// What is wrong with the text, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|_| "this is no URL".to_owned())?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err("write it with its scheme, as http://api.internal:8080".to_owned());
        };
        if *scheme != Scheme::HTTP && *scheme != Scheme::HTTPS {
            return Err("the scheme is http or https".to_owned());
        }
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return Err("it has a host, and no user".to_owned());
        }
        // `Uri` drops a fragment without a word.
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() || text.contains('#') {
            return Err("it ends with the host and its port: a request's own path and query are sent on".to_owned());
        }
        // `Authority::port` is silent about a port that is missing or too large.
        let port = authority.as_str().strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':'));
        if port.is_some_and(|port| !port.parse().is_ok_and(|port: u16| port > 0)) {
            return Err("the port is a number from 1 to 65535".to_owned());
        }
        Ok(Self { scheme: scheme.clone(), authority: authority.clone() })
    }

    /// Whether it is spoken to over TLS.
    pub(super) fn is_https(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// Where a request's path and query lead there, byte for byte.
    pub(super) fn uri(&self, path_and_query: PathAndQuery) -> Result<Uri, http::Error> {
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(path_and_query)
            .build()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_are_enough() {
        for text in ["http://127.0.0.1:8080", "https://api.internal", "HTTPS://api.internal/", "http://[::1]:80"] {
            let upstream = Upstream::parse(text).unwrap();
            assert_eq!(upstream.is_https(), text.to_lowercase().starts_with("https:"), "{text}");
        }
    }

    #[test]
    fn more_or_less_is_refused() {
        for text in [
            "",
            "api.internal",
            "api.internal:8080",
            "/",
            "ftp://api.internal",
            "unix:///run/api",
            "http://",
            "http://:80",
            "http://api.internal/v1",
            "http://api.internal/?x",
            "http://api.internal#x",
            "http://ann:secret@api.internal",
            "http://@api.internal",
            "http://api.internal:",
            "http://api.internal:0",
            "http://api.internal:99999",
        ] {
            assert!(Upstream::parse(text).is_err(), "{text:?}: {:?}", Upstream::parse(text));
        }
    }

    #[test]
    fn paths_and_queries_are_kept_byte_for_byte() {
        let upstream = Upstream::parse("http://api.internal").unwrap();
        for text in ["/a%7Eb/%c3%a9?x=%2f&y=../..//&", "/a?", "/a"] {
            assert_eq!(upstream.uri(text.parse().unwrap()).unwrap().to_string(), format!("http://api.internal{text}"));
        }
    }
}
