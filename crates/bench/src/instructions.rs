//! How many instructions judging a credential takes, as valgrind counts them: the same on every machine for the same
//! compiler, to within a few dozen, however busy it is.
//!
//! The program runs itself under valgrind twice, with so many calls and with twice as many. What the second run takes
//! more is what the calls took.

use std::hint::black_box;
use std::process::Command;
use std::sync::Arc;

use latchkey_domain::{AccountSid, CredentialHeaders, HeaderValues, Presented, ScopeName, UsedFrom};
use latchkey_service::Purpose;
use latchkey_service::ports::BootClock;
use latchkey_store::{Opening, SqlStore};

use crate::Outcome;
use crate::generate;
use crate::secrets::secret_of;
use crate::spread::{Lives, NOW};
use crate::work::service;

/// How many tokens there are; the look-up's depth does not grow with them.
const TOKENS: u64 = 2_000;
/// How many calls the first run makes unless it is said: so many that what differs between two runs beside the calls (how
/// long threads look for work before they rest) is nothing to each.
pub(crate) const CALLS: usize = 50_000;

/// Counts over so many calls, prints, and fails where there are more than `most`.
pub(crate) async fn count(calls: usize, most: Option<u64>) -> Outcome<()> {
    let directory = tempfile::tempdir()?;
    let url = format!("sqlite://{}", directory.path().join("few.db").display());
    SqlStore::open(&url, Opening::Serve).await?.close().await;
    generate::fill(&url, TOKENS, 7, Lives::AllLiveAt(NOW)).await?;
    let taken = under_valgrind(&url, 2 * calls)?.saturating_sub(under_valgrind(&url, calls)?);
    let each = taken.checked_div(u64::try_from(calls)?).ok_or("over no calls nothing can be counted")?;
    println!("{each} instructions for each credential that is judged");
    match most {
        Some(most) if each > most => Err(format!("that is more than the {most} that are allowed").into()),
        _ => Ok(()),
    }
}

fn under_valgrind(url: &str, calls: usize) -> Outcome<u64> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(std::env::current_exe()?)
        .args(["--database-url", url, "judge", "--calls", &calls.to_string()])
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let counted = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    match counted {
        Some(count) if output.status.success() => Ok(count),
        _ => Err(format!("valgrind did not count: {text}").into()),
    }
}

/// Time in which what is in memory never grows old, so that each call does the same.
struct Still;

impl BootClock for Still {
    fn micros(&self) -> u64 {
        1
    }
}

/// Judges so many credentials, each read from its header first. What is counted.
pub(crate) async fn judge(url: &str, calls: usize) -> Outcome<()> {
    let store = SqlStore::open(url, Opening::Serve).await?;
    let service = service(store)?.with_boot_clock(Arc::new(Still));
    service.build_index().await?;
    let needed: ScopeName = "employee-read".parse()?;
    let search = latchkey_service::TokenSearch::default();
    let mut export = service.export_tokens(&crate::work::admin(), &search, "CSV").await?;
    let mut headers = Vec::new();
    while headers.len() < 1_000 {
        let part = service.next_exported_tokens(&mut export).await?;
        if part.is_empty() {
            break;
        }
        headers.extend(part.iter().map(|listed| header_of(listed.token.sid)));
    }
    let mut good = 0;
    for header in headers.iter().cycle().take(calls) {
        let authorization = HeaderValues::One(header.as_bytes());
        let headers = CredentialHeaders { authorization, ..CredentialHeaders::default() };
        let presented = Presented::from_request(&headers)?.ok_or("no credential")?;
        let verified = service.verify(&presented, Some(&needed), UsedFrom::Anywhere, Purpose::Call).await?;
        good += usize::from(black_box(&verified).is_good());
    }
    if good == calls { Ok(()) } else { Err(format!("{good} of {calls} were good").into()) }
}

fn header_of(sid: AccountSid) -> String {
    use base64::Engine as _;

    let pair = format!("{sid}:{}", secret_of(sid).expose());
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}
