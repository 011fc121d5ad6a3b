//! Where Latchkey's secrets come from, and the names of requests.

use rand::TryRng;
use rand::rngs::SysRng;

use crate::ports::{Random, RandomUnavailable};

/// The operating system's random source, asked each time for secrets; for names, a generator that it has seeded.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        SysRng.try_fill_bytes(buffer).map_err(|_| RandomUnavailable)
    }

    #[expect(clippy::disallowed_methods, reason = "this is the service's Random")]
    fn fill_for_names(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        rand::rng().try_fill_bytes(buffer).map_err(|_| RandomUnavailable)
    }
}
