//! What is counted, for `/metrics`: credentials by verdict, requests by route class and status, how long they took,
//! limits that were hit, and failures of the upstream.
//!
//! No label is made of anything that a request says: a label is a word of this program's, so the number of series
//! is fixed, and none of them tells of a token, an address or a path.
//!
//! What most calls add to is found once, at the start; adding to it then takes no lock.

mod histogram;

use std::fmt::Write as _;
use std::time::Duration;

use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use latchkey_domain::Verdict;
use latchkey_service::IndexState;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use crate::problem::{Problem, ProblemCode};
use crate::request::Arrival;
use crate::{ServerState, api, oauth2};
use histogram::Latencies;

/// The text format that every Prometheus reads (OpenMetrics 1.0).
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/openmetrics-text; version=1.0.0; charset=utf-8");

/// A word that stands as a label's value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Word(&'static str);

impl EncodeLabelValue for Word {
    fn encode(&self, encoder: &mut LabelValueEncoder) -> Result<(), std::fmt::Error> {
        encoder.write_str(self.0)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct VerdictLabels {
    verdict: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    route: Word,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct LimitLabels {
    limit: Word,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct UpstreamLabels {
    kind: Word,
}

/// Why a call was refused beside what [`Verdict`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// There was no credential.
    NoCredential,
    /// Its checksum failed.
    Malformed,
    /// The token's calls were used up.
    RateLimited,
    /// The address has sent too many bad credentials.
    TooManyFailures,
    /// The database did not answer.
    Unavailable,
}

impl Refused {
    const fn word(self) -> Word {
        Word(match self {
            Self::NoCredential => "no_credential",
            Self::Malformed => "malformed",
            Self::RateLimited => "rate_limited",
            Self::TooManyFailures => "too_many_failures",
            Self::Unavailable => "unavailable",
        })
    }
}

/// Everything that is counted.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    credentials: Family<VerdictLabels, Counter>,
    /// Those of `credentials` that verdicts add to, in the order of [`Verdict::ALL`].
    verdicts: [Counter; Verdict::ALL.len()],
    requests: Family<RequestLabels, Counter>,
    /// Those of `requests` with status 200, and their latencies, in the order of [`RouteClass::ALL`].
    routes: [RouteMetrics; RouteClass::ALL.len()],
    limits: Family<LimitLabels, Counter>,
    upstream: Family<UpstreamLabels, Counter>,
    windows: Family<LimitLabels, Gauge>,
    index_secrets: Gauge,
    index_bytes: Gauge,
    index_trusted: Gauge,
}

/// What the answers to one class of routes add to.
#[derive(Debug)]
struct RouteMetrics {
    ok: Counter,
    latencies: Latencies,
}

impl Default for Metrics {
    fn default() -> Self {
        let credentials = Family::<VerdictLabels, Counter>::default();
        let requests = Family::<RequestLabels, Counter>::default();
        let durations = Family::<RouteLabels, Latencies>::default();
        let limits = Family::<LimitLabels, Counter>::default();
        let upstream = Family::<UpstreamLabels, Counter>::default();
        let windows = Family::<LimitLabels, Gauge>::default();
        let mut registry = Registry::with_prefix("latchkey");
        registry.register("credentials", "Credentials judged, by verdict", credentials.clone());
        registry.register("requests", "Requests answered, by route class and status", requests.clone());
        registry.register("request_duration_seconds", "Time until the answer began, by route class", durations.clone());
        registry.register("limit_hits", "Calls refused by a limit", limits.clone());
        registry.register("upstream_errors", "Calls that the upstream did not answer", upstream.clone());
        registry.register("limit_windows", "Windows of limits held in memory", windows.clone());
        let (index_secrets, index_bytes, index_trusted) = (Gauge::default(), Gauge::default(), Gauge::default());
        registry.register("index_secrets", "Secrets of live tokens held in memory", index_secrets.clone());
        registry.register("index_bytes", "Memory that they take", index_bytes.clone());
        let trusted = "1 where what is in memory is known to be current, so that calls are judged from it";
        registry.register("index_trusted", trusted, index_trusted.clone());
        let verdicts = Verdict::ALL.map(|verdict| {
            let labels = VerdictLabels { verdict: Word(verdict.code()) };
            credentials.get_or_create(&labels).clone()
        });
        let routes = RouteClass::ALL.map(|route| RouteMetrics {
            ok: requests.get_or_create(&RequestLabels { route: Word(route.word()), status: 200 }).clone(),
            latencies: durations.get_or_create(&RouteLabels { route: Word(route.word()) }).clone(),
        });
        Self {
            registry,
            credentials,
            verdicts,
            requests,
            routes,
            limits,
            upstream,
            windows,
            index_secrets,
            index_bytes,
            index_trusted,
        }
    }
}

impl Metrics {
    /// Counts a credential that was looked up.
    pub(crate) fn judged(&self, verdict: Verdict) {
        if let Some(counter) = self.verdicts.get(verdict as usize) {
            counter.inc();
        }
    }

    /// Counts a call that was refused without, or beside, a verdict.
    pub(crate) fn refused(&self, refused: Refused) {
        match refused {
            Refused::RateLimited => self.limits.get_or_create(&LimitLabels { limit: Word("token") }).inc(),
            Refused::TooManyFailures => self.limits.get_or_create(&LimitLabels { limit: Word("address") }).inc(),
            _ => self.credentials.get_or_create(&VerdictLabels { verdict: refused.word() }).inc(),
        };
    }

    /// Counts a problem of the upstream's; others are none of it.
    pub(crate) fn upstream_failed(&self, code: ProblemCode) {
        let kind = match code {
            ProblemCode::UpstreamUnreachable => "unreachable",
            ProblemCode::UpstreamTimeout => "timeout",
            _ => return,
        };
        self.upstream.get_or_create(&UpstreamLabels { kind: Word(kind) }).inc();
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, route: RouteClass, status: StatusCode, elapsed: Duration) {
        let Some(metrics) = self.routes.get(route as usize) else { return };
        metrics.latencies.observe(elapsed);
        if status == StatusCode::OK {
            metrics.ok.inc();
        } else {
            let labels = RequestLabels { route: Word(route.word()), status: status.as_u16() };
            self.requests.get_or_create(&labels).inc();
        }
    }

    fn text(&self, windows: (usize, usize), index: IndexState) -> Result<String, std::fmt::Error> {
        self.index_secrets.set(i64::try_from(index.secrets).unwrap_or(i64::MAX));
        self.index_bytes.set(i64::try_from(index.bytes).unwrap_or(i64::MAX));
        self.index_trusted.set(i64::from(index.is_trusted));
        for (limit, count) in [("token", windows.0), ("address", windows.1)] {
            let gauge = self.windows.get_or_create(&LimitLabels { limit: Word(limit) });
            gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// What kind of thing a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RouteClass {
    Api,
    ForwardAuth,
    Introspection,
    Revocation,
    Asset,
    Probe,
    Page,
}

impl RouteClass {
    /// Every class, in the order in which they are declared.
    const ALL: [Self; 7] =
        [Self::Api, Self::ForwardAuth, Self::Introspection, Self::Revocation, Self::Asset, Self::Probe, Self::Page];

    /// The class of a path.
    pub(crate) fn of(state: &ServerState, path: &str) -> Self {
        match path {
            oauth2::INTROSPECT => Self::Introspection,
            oauth2::REVOKE => Self::Revocation,
            "/healthz" | "/readyz" | "/metrics" => Self::Probe,
            _ if path.starts_with("/auth/") => Self::ForwardAuth,
            _ if path.starts_with("/pkg/") => Self::Asset,
            _ if path.starts_with("/api/") || api::serves(state, path) => Self::Api,
            _ => Self::Page,
        }
    }

    /// Whether somebody asks about a call that somebody else makes.
    pub(crate) const fn is_question(self) -> bool {
        matches!(self, Self::ForwardAuth | Self::Introspection)
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Api => "api",
            Self::ForwardAuth => "forward_auth",
            Self::Introspection => "introspection",
            Self::Revocation => "revocation",
            Self::Asset => "asset",
            Self::Probe => "probe",
            Self::Page => "page",
        }
    }
}

/// `GET /metrics`, to those whom `--metrics-allow` names.
pub(crate) async fn show(State(state): State<ServerState>, Extension(arrival): Extension<Arrival>) -> Response {
    let request_id = arrival.request_id.as_str();
    // The address that the connection comes from: what a header says is not looked at here.
    if !state.network.metrics_allow.contains(arrival.peer) {
        let detail = "Metrics are shown to the addresses of --metrics-allow only.";
        return Problem::new(ProblemCode::NotAllowedFromHere, detail).into_response(request_id);
    }
    let Ok(text) = state.metrics.text(state.service.counted_windows(), state.service.index_state()) else {
        return Problem::new(ProblemCode::Internal, "The metrics could not be written.").into_response(request_id);
    };
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, MEDIA_TYPE);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_counted_under_its_own_name() {
        for (place, verdict) in Verdict::ALL.into_iter().enumerate() {
            assert_eq!(verdict as usize, place, "{verdict:?}");
        }
        for (place, route) in RouteClass::ALL.into_iter().enumerate() {
            assert_eq!(route as usize, place, "{route:?}");
        }
    }

    #[test]
    fn what_is_counted_is_shown() {
        let metrics = Metrics::default();
        metrics.judged(Verdict::Active);
        metrics.judged(Verdict::Active);
        metrics.refused(Refused::Malformed);
        metrics.refused(Refused::RateLimited);
        metrics.upstream_failed(ProblemCode::UpstreamTimeout);
        metrics.upstream_failed(ProblemCode::NotFound);
        metrics.answered(RouteClass::Api, StatusCode::OK, Duration::from_micros(200));
        let text = metrics.text((3, 4), IndexState { secrets: 5, bytes: 400, is_trusted: true }).unwrap();
        for line in [
            r#"latchkey_credentials_total{verdict="active"} 2"#,
            r#"latchkey_credentials_total{verdict="malformed"} 1"#,
            r#"latchkey_limit_hits_total{limit="token"} 1"#,
            r#"latchkey_upstream_errors_total{kind="timeout"} 1"#,
            r#"latchkey_requests_total{route="api",status="200"} 1"#,
            r#"latchkey_request_duration_seconds_bucket{le="0.0001",route="api"} 0"#,
            r#"latchkey_request_duration_seconds_bucket{le="0.00025",route="api"} 1"#,
            r#"latchkey_request_duration_seconds_bucket{le="+Inf",route="api"} 1"#,
            r#"latchkey_request_duration_seconds_count{route="api"} 1"#,
            r#"latchkey_request_duration_seconds_sum{route="api"} 0.0002"#,
            r#"latchkey_limit_windows{limit="address"} 4"#,
            "latchkey_index_secrets 5",
            "latchkey_index_bytes 400",
            "latchkey_index_trusted 1",
            "# EOF",
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
    }
}
