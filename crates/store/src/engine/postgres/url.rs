//! A database's URL: what of it is Latchkey's own, and what the driver reads.

use std::fs::File;
use std::ops::RangeInclusive;
use std::time::Duration;

use percent_encoding::percent_decode_str;

use crate::open::OpenError;

/// Parameters that the driver reads. Any other one would be left out of account without a word, and logged with its
/// value: a mistyped `sslmode` must not mean a connection that everybody can read.
const DRIVERS: [&str; 20] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "options[search_path]",
    "options[role]",
];

/// What `sslmode` can be (<https://www.postgresql.org/docs/current/libpq-ssl.html>).
const SSL_MODES: [&str; 5] = ["disable", "prefer", "require", "verify-ca", "verify-full"];

/// What a URL says, beside where the database is and who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    /// The most connections of a node that serves (`connections`).
    pub(super) connections: u32,
    /// How long a connection may take to come, from the pool or from the server (`connect_timeout`, in seconds).
    pub(super) connect_timeout: Duration,
    /// How long the server works on one statement before it gives up (`statement_timeout`, in seconds).
    pub(super) statement_timeout: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self { connections: 10, connect_timeout: Duration::from_secs(5), statement_timeout: Duration::from_secs(30) }
    }
}

/// Takes Latchkey's own parameters out of a URL, and answers them with the URL that is left for the driver.
///
/// # Errors
/// Where a parameter is unknown, or its value is none. Neither is repeated unless it is a name alone: in a mistyped
/// URL the password may stand anywhere.
pub(super) fn read(url: &str) -> Result<(Settings, String), OpenError> {
    let mut settings = Settings::default();
    let Some((place, parameters)) = url.split_once('?') else { return Ok((settings, url.to_owned())) };
    let (mut left, mut tls) = (Vec::new(), Tls::default());
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let name = percent_decode_str(name).decode_utf8_lossy();
        match &*name {
            "connections" => settings.connections = number(&name, value, 2..=1000)?,
            "connect_timeout" => settings.connect_timeout = seconds(&name, value, 1..=60)?,
            "statement_timeout" => settings.statement_timeout = seconds(&name, value, 1..=3600)?,
            known if DRIVERS.contains(&known) => {
                tls.read(known, value);
                left.push(parameter);
            }
            unknown => {
                let is_a_name =
                    unknown.len() <= 40 && unknown.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
                let named = if is_a_name && parameter.contains('=') { unknown } else { "one of them" };
                let reason = format!("of its parameters, {named} is not known");
                return Err(OpenError::UnusableUrl { reason });
            }
        }
    }
    tls.check()?;
    let url = if left.is_empty() { place.to_owned() } else { format!("{place}?{}", left.join("&")) };
    Ok((settings, url))
}

/// What the URL says of TLS, as far as the driver would refuse it in words that name nothing, or not before it has
/// connected.
#[derive(Default)]
struct Tls {
    mode: String,
    /// The file with the authority, and the parameter that names it.
    authority: Option<(String, String)>,
}

impl Tls {
    fn read(&mut self, name: &str, value: &str) {
        // As the driver reads it.
        let value = value.replace('+', " ");
        let value = percent_decode_str(&value).decode_utf8_lossy();
        match name {
            "sslmode" | "ssl-mode" => self.mode = value.to_ascii_lowercase(),
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => self.authority = Some((name.to_owned(), value.into_owned())),
            _ => {}
        }
    }

    fn check(&self) -> Result<(), OpenError> {
        let reason = match (self.mode.as_str(), &self.authority) {
            ("verify-ca" | "verify-full", Some((name, file))) if !file.contains("-----BEGIN") => {
                let Err(error) = File::open(file) else { return Ok(()) };
                format!("the file of its parameter {name} cannot be opened: {error}")
            }
            // The second is one that the driver knows, and that is never private.
            ("" | "allow", _) => return Ok(()),
            (mode, _) if SSL_MODES.contains(&mode) => return Ok(()),
            _ => format!("its parameter sslmode is one of {}", SSL_MODES.join(", ")),
        };
        Err(OpenError::UnusableUrl { reason })
    }
}

fn seconds(name: &str, value: &str, range: RangeInclusive<u32>) -> Result<Duration, OpenError> {
    number(name, value, range).map(|seconds| Duration::from_secs(seconds.into()))
}

fn number(name: &str, value: &str, range: RangeInclusive<u32>) -> Result<u32, OpenError> {
    value.parse().ok().filter(|number| range.contains(number)).ok_or_else(|| {
        let reason = format!("its parameter {name} is a whole number from {} to {}", range.start(), range.end());
        OpenError::UnusableUrl { reason }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latchkeys_own_parameters_are_taken_out() {
        let url = "postgres://u:p@host/db";
        assert_eq!(read(url), Ok((Settings::default(), url.to_owned())));
        let (settings, left) =
            read(&format!("{url}?connections=40&sslmode=verify-full&connect_timeout=2&statement_timeout=60")).unwrap();
        assert_eq!(left, format!("{url}?sslmode=verify-full"));
        let expected = Settings {
            connections: 40,
            connect_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_mins(1),
        };
        assert_eq!(settings, expected);
        assert_eq!(read(&format!("{url}?connections=40")).unwrap().1, url);
    }

    #[test]
    fn what_the_driver_takes_of_tls_is_taken() {
        let file = tempfile::NamedTempFile::with_prefix("an authority").unwrap();
        let path = file.path().display().to_string();
        let written = path.replace(' ', "+");
        for parameters in [
            "sslmode=Verify-Full".to_owned(),
            "sslmode=allow".to_owned(),
            "sslmode=disable&sslrootcert=nowhere".to_owned(),
            format!("sslrootcert={written}&sslmode=verify-ca"),
            format!("ssl-mode=verify-full&ssl-ca={}", path.replace(' ', "%20")),
            "sslmode=verify-full&sslrootcert=-----BEGIN+CERTIFICATE-----".to_owned(),
        ] {
            let url = format!("postgres://u@host/db?{parameters}");
            assert_eq!(read(&url), Ok((Settings::default(), url.clone())));
        }
        for (parameters, reason) in [
            ("sslmode=required", "its parameter sslmode is one of "),
            ("sslmode=verify-ca&ssl-ca=nowhere", "the file of its parameter ssl-ca cannot be opened: "),
        ] {
            let refused = read(&format!("postgres://u@host/db?{parameters}")).unwrap_err().to_string();
            assert!(refused.contains(reason), "{refused}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused_without_its_value() {
        for (parameters, reason) in [
            ("ssl_mode=hunter2", "of its parameters, ssl_mode is not known"),
            ("hunter2", "of its parameters, one of them is not known"),
            ("Hunter2=1", "of its parameters, one of them is not known"),
            ("connections=hunter2", "its parameter connections is a whole number from 2 to 1000"),
            ("connections=1", "its parameter connections is a whole number from 2 to 1000"),
            ("connect_timeout=", "its parameter connect_timeout is a whole number from 1 to 60"),
            ("statement_timeout=0", "its parameter statement_timeout is a whole number from 1 to 3600"),
        ] {
            let refused = read(&format!("postgres://u@host/db?{parameters}")).unwrap_err();
            assert_eq!(refused, OpenError::UnusableUrl { reason: reason.to_owned() }, "{parameters}");
        }
    }
}
