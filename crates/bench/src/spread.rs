//! How tokens are spread in a large company: over owners, years, lifetimes, scopes, sources and use.
//!
//! Nobody has published such figures; these are chosen to be hard on lists rather than kind: few owners have most of
//! the tokens, few sets of scopes are most of the sets, much has ended, and what is in use was used of late.

use fastrand::Rng;
use latchkey_domain::{DAY, Timestamp};
use latchkey_service::{DEFAULT_CATALOG, read_catalog};

use crate::Outcome;

/// The time at which the database is made, as far as it knows: 24 November 2026.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_795_500_000);
/// For how long tokens have been made, in days.
const YEARS: f64 = 5.0 * 365.0;

const WORDS: [&str; 24] = [
    "Indeed",
    "E-Verify",
    "Payroll",
    "Assess on Cloud",
    "Background check",
    "Job board feed",
    "Timecards",
    "CRM sync",
    "Data warehouse",
    "Reporting",
    "Onboarding",
    "LinkedIn",
    "ZipRecruiter",
    "Monster",
    "Billing",
    "Invoices",
    "Credentialing",
    "Texting",
    "Video interviews",
    "Document signing",
    "Single sign-on",
    "Benefits",
    "Tax credits",
    "Test",
];
const PLACES: [&str; 8] = ["production", "staging", "Chicago", "Dallas", "Berlin", "nightly", "old", "vendor"];

/// Which lives tokens have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lives {
    /// As they come in years of use: most have ended.
    Spread,
    /// None has ended at this instant, nor will within some months.
    AllLiveAt(Timestamp),
}

/// A token to be.
pub(crate) struct Made {
    pub(crate) owner: usize,
    pub(crate) description: String,
    pub(crate) scopes: usize,
    pub(crate) is_page: bool,
    pub(crate) created_at: i64,
    pub(crate) expires_at: i64,
    pub(crate) revoked_at: Option<i64>,
    /// 0 for never.
    pub(crate) used_at: i64,
}

/// Where tokens come from.
pub(crate) struct Spread {
    random: Rng,
    owners: usize,
    /// Sets of scopes, those of most tokens first, and whether each is All Scopes.
    pub(crate) sets: Vec<(String, bool)>,
}

impl Spread {
    pub(crate) fn new(tokens: u64, seed: u64) -> Outcome<Self> {
        let mut random = Rng::with_seed(seed);
        let catalog = read_catalog(DEFAULT_CATALOG)?;
        let mut names: Vec<String> = catalog.scopes().iter().map(|scope| scope.name.to_string()).collect();
        names.sort();
        let mut sets = vec![(names.join(" "), true)];
        while sets.len() < 1_500 {
            let most = 1 + random.usize(..6);
            let mut set: Vec<&str> = (0..most).filter_map(|_| random.choice(&names)).map(String::as_str).collect();
            set.sort_unstable();
            set.dedup();
            sets.push((set.join(" "), false));
        }
        // Two hundred tokens an owner, but for small databases.
        let owners = usize::try_from(tokens / 200)?.max(20);
        Ok(Self { random, owners, sets })
    }

    pub(crate) const fn owners(&self) -> usize {
        self.owners
    }

    /// When tokens are made, the oldest first: more each year.
    pub(crate) fn times(&mut self, tokens: u64, lives: Lives) -> Vec<i64> {
        if let Lives::AllLiveAt(now) = lives {
            let first = now.unix_seconds() - 30 * DAY;
            let mut times: Vec<i64> = (0..tokens).map(|_| first + self.random.i64(0..29 * DAY)).collect();
            times.sort_unstable();
            return times;
        }
        let mut times: Vec<i64> = (0..tokens)
            .map(|_| {
                let age = YEARS * self.random.f64().powf(1.5);
                #[expect(clippy::cast_possible_truncation, reason = "days of a few years, in seconds")]
                let age = (age * 86_400.0) as i64;
                NOW.unix_seconds() - age - 1
            })
            .collect();
        times.sort_unstable();
        times
    }

    /// A token that was made then.
    pub(crate) fn token(&mut self, created_at: i64, number: u64, lives: Lives) -> Made {
        let lifetime = match self.random.u8(..10) {
            _ if lives != Lives::Spread => 365,
            0..5 => 90,
            5..8 => 180,
            _ => 365,
        };
        let expires_at = created_at + lifetime * DAY;
        let now = match lives {
            Lives::Spread => NOW.unix_seconds(),
            Lives::AllLiveAt(now) => now.unix_seconds(),
        };
        let lived_until = now.min(expires_at - 1);
        let at = |random: &mut Rng| created_at + random.i64(0..=(lived_until - created_at));
        let revoked_at = (lives == Lives::Spread && self.random.u8(..8) == 0).then(|| at(&mut self.random));
        let until = revoked_at.unwrap_or(lived_until);
        let used_at = match self.random.u8(..10) {
            // Never.
            0..3 => 0,
            // To the end: it is some service's.
            3..8 => (until - self.random.i64(0..2 * DAY)).max(created_at),
            _ => created_at + self.random.i64(0..=(until - created_at)),
        };
        let word = self.random.choice(WORDS).unwrap_or("Token");
        let place = self.random.choice(PLACES).unwrap_or("x");
        Made {
            owner: self.skewed(self.owners, 3),
            description: format!("{word} {place} {number}"),
            scopes: self.skewed(self.sets.len(), 4),
            is_page: self.random.u8(..10) < 7,
            created_at,
            expires_at,
            revoked_at,
            used_at,
        }
    }

    /// A number below `count`; the higher the power, the more of them are small.
    fn skewed(&mut self, count: usize, power: i32) -> usize {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a place in a list"
        )]
        let place = (self.random.f64().powi(power) * count as f64) as usize;
        place.min(count - 1)
    }

    pub(crate) fn bytes<const LENGTH: usize>(&mut self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        self.random.fill(&mut bytes);
        bytes
    }
}
