//! Hashing passwords and comparing them, without letting that take the machine over.
//!
//! One argon2id hash takes 19 MiB and some 15 ms. A bounded number runs at a time, a bounded number waits, and
//! whoever comes after that is told to come back. Vendors' Auth Tokens never come here.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use argon2::password_hash::phc;
use argon2::password_hash::{Error as HashError, PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use latchkey_domain::{FieldProblem, Password, PlainText, Refusal};
use tokio::sync::Semaphore;

use crate::ports::Random;
use crate::{Failure, Outcome, PasswordHash};

/// Parameters from the OWASP Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_LENGTH: usize = 16;

/// How many hashes run at a time.
const RUNNING: usize = 2;
/// How many may wait for one of those.
const WAITING: usize = 32;

/// Common passwords of twelve characters and more: those of Django's `common-passwords.txt.gz` (BSD licence),
/// which come from Royce Williams' list of passwords in breaches, <https://gist.github.com/roycewilliams/226886fd01572964e1431ac8afc999ce>.
const COMMON: &str = include_str!("common_passwords.txt");

/// Hashes and compares passwords, so many at a time.
pub struct PasswordPool {
    running: Arc<Semaphore>,
    queued: AtomicUsize,
    dummy: PasswordHash,
}

impl PasswordPool {
    /// Makes the pool, and the hash that unknown addresses are compared with.
    ///
    /// # Errors
    /// Where the random source or the hashing does not work.
    pub fn new(random: &dyn Random) -> Outcome<Self> {
        let mut salt = [0; SALT_LENGTH];
        random.fill(&mut salt)?;
        let dummy = hash("no password has this hash", &salt)?;
        Ok(Self { running: Arc::new(Semaphore::new(RUNNING)), queued: AtomicUsize::new(0), dummy })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// [`Refusal::Busy`] where too many wait; otherwise where hashing does not work.
    pub async fn hash(&self, password: &PlainText, random: &dyn Random) -> Outcome<PasswordHash> {
        let mut salt = [0; SALT_LENGTH];
        random.fill(&mut salt)?;
        let password = password.clone();
        self.run(move || hash(password.expose(), &salt)).await
    }

    /// Whether `password` is the one that `known` is the hash of. Where there is none, a hash that nothing
    /// matches is compared, so that the time tells nothing.
    ///
    /// # Errors
    /// [`Refusal::Busy`] where too many wait; otherwise where comparing does not work.
    pub async fn matches(&self, password: &PlainText, known: Option<PasswordHash>) -> Outcome<bool> {
        let is_known = known.is_some();
        let known = known.unwrap_or_else(|| self.dummy.clone());
        let password = password.clone();
        let equal = self.run(move || verify(password.expose(), &known)).await?;
        Ok(equal && is_known)
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> Outcome<T> + Send + 'static) -> Outcome<T> {
        let _place = Place::take(&self.queued).ok_or(Refusal::Busy)?;
        let permit = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Refusal::Busy)?;
        let task = tokio::task::spawn_blocking(move || {
            let result = work();
            // Held until the work is done, even where nobody waits for it any more.
            drop(permit);
            result
        });
        task.await.map_err(|error| Failure::PasswordHashing(error.to_string()))?
    }
}

/// A place among those that run or wait; given back when dropped.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(queued: &'a AtomicUsize) -> Option<Self> {
        let taken = queued.fetch_add(1, Ordering::Relaxed);
        let place = Self(queued);
        (taken < RUNNING + WAITING).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Checks a new password: its length, and that it is none that a guesser would try first.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_new_password(password: &PlainText, email: &str) -> Result<(), FieldProblem> {
    let text = password.expose();
    Password::check(text)?;
    let lower = text.to_lowercase();
    let account = email.split('@').next().unwrap_or_default();
    let common = COMMON.lines().any(|line| line.eq_ignore_ascii_case(text))
        || lower == email
        || repeats_a_short_part(&lower)
        || is_mostly(&lower, account)
        || is_mostly(&lower, "latchkey");
    if common { Err(FieldProblem::PasswordCommon) } else { Ok(()) }
}

/// Whether the text is one part of up to four characters over and over: `aaaaaaaaaaaa`, `abcabcabcabc`.
fn repeats_a_short_part(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    (1..=4).any(|length| characters.iter().zip(characters.iter().skip(length)).all(|(one, next)| one == next))
}

/// Whether at most four characters are left of the text without this word.
fn is_mostly(text: &str, word: &str) -> bool {
    word.chars().count() >= 4 && text.contains(word) && text.replace(word, "").chars().count() <= 4
}

fn argon2() -> Outcome<Argon2<'static>> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| Failure::PasswordHashing(error.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str, salt: &[u8]) -> Outcome<PasswordHash> {
    let hash: phc::PasswordHash = argon2()?
        .hash_password_with_salt(password.as_bytes(), salt)
        .map_err(|error| Failure::PasswordHashing(error.to_string()))?;
    Ok(PasswordHash::from_phc(hash.to_string()))
}

fn verify(password: &str, known: &PasswordHash) -> Outcome<bool> {
    let broken = |error: String| Failure::PasswordHashing(error);
    let known = phc::PasswordHash::new(known.as_phc()).map_err(|error| broken(error.to_string()))?;
    match argon2()?.verify_password(password.as_bytes(), &known) {
        Ok(()) => Ok(true),
        Err(HashError::PasswordInvalid) => Ok(false),
        Err(error) => Err(broken(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRandom;

    fn plain(text: &str) -> PlainText {
        PlainText::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let pool = PasswordPool::new(&SystemRandom).unwrap();
        let password = plain("an unlikely phrase");
        let hash = pool.hash(&password, &SystemRandom).await.unwrap();
        assert!(hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_phc());
        assert!(pool.matches(&password, Some(hash.clone())).await.unwrap());
        assert!(!pool.matches(&plain("another phrase"), Some(hash)).await.unwrap());
        assert!(!pool.matches(&plain("no password has this hash"), None).await.unwrap());
    }

    #[tokio::test]
    async fn whoever_comes_when_the_queue_is_full_is_told_so() {
        let pool = PasswordPool::new(&SystemRandom).unwrap();
        let places: Vec<_> = (0..RUNNING + WAITING).map(|_| Place::take(&pool.queued).unwrap()).collect();
        let refused = pool.matches(&plain("x"), None).await;
        assert!(matches!(refused, Err(Failure::Refused(Refusal::Busy))));
        drop(places);
        assert!(pool.matches(&plain("x"), None).await.is_ok());
    }

    #[test]
    fn easily_guessed_passwords_are_refused() {
        for text in [
            "1q2w3e4r5t6y",
            "Password1234",
            "aaaaaaaaaaaa",
            "abcabcabcabc",
            "ann.mercer2026",
            "latchkey1234",
            "ann.mercer@example.com",
        ] {
            let checked = check_new_password(&plain(text), "ann.mercer@example.com");
            assert_eq!(checked, Err(FieldProblem::PasswordCommon), "{text}");
        }
        assert_eq!(check_new_password(&plain("correct horse battery"), "ann.mercer@example.com"), Ok(()));
        assert_eq!(check_new_password(&plain("short"), "a@b"), Err(FieldProblem::PasswordTooShort));
    }
}
