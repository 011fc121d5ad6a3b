//! Reading `--public-url`.

use http::Uri;

/// The URL as browsers write an origin: scheme and host in lower case, no port where it is the scheme's own, no
/// slash at the end.
pub(super) fn parse(text: &str) -> Result<String, String> {
    let uri: Uri = text.parse().map_err(|_| "this is no URL".to_owned())?;
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err("write it with its scheme, as https://pat.example.com".to_owned());
    };
    let own_port = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return Err("the scheme is http or https".to_owned()),
    };
    if authority.as_str().contains('@') || authority.host().is_empty() {
        return Err("it has a host, and no user".to_owned());
    }
    if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
        return Err("it ends with the host and its port: Latchkey has no path in front of it".to_owned());
    }
    let host = authority.host().to_ascii_lowercase();
    // `Authority::port` is silent about a port that is missing or too large.
    let port = authority.as_str().strip_prefix(authority.host()).and_then(|rest| rest.strip_prefix(':'));
    match port.map(str::parse::<u16>) {
        None => Ok(format!("{scheme}://{host}")),
        Some(Ok(port)) if port == own_port => Ok(format!("{scheme}://{host}")),
        Some(Ok(port)) if port > 0 => Ok(format!("{scheme}://{host}:{port}")),
        Some(_) => Err("the port is a number from 1 to 65535".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_written_as_an_origin() {
        for (text, origin) in [
            ("https://pat.example.com", "https://pat.example.com"),
            ("HTTPS://PAT.Example.com/", "https://pat.example.com"),
            ("https://pat.example.com:443", "https://pat.example.com"),
            ("http://pat.example.com:443", "http://pat.example.com:443"),
            ("http://[::1]:3000/", "http://[::1]:3000"),
        ] {
            assert_eq!(parse(text).as_deref(), Ok(origin), "{text}");
        }
    }

    #[test]
    fn near_misses_are_refused() {
        for text in [
            "",
            "pat.example.com",
            "/",
            "ftp://pat.example.com",
            "https://",
            "https://pat.example.com/latchkey",
            "https://pat.example.com?x",
            "https://ann@pat.example.com",
            "https://pat.example.com:",
            "https://pat.example.com:99999",
        ] {
            assert!(parse(text).is_err(), "{text:?}: {:?}", parse(text));
        }
    }
}
