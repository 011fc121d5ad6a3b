//! Where Latchkey's secrets come from.

use rand::TryRng;
use rand::rngs::SysRng;

use crate::ports::{Random, RandomUnavailable};

/// The operating system's random source, asked each time.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), RandomUnavailable> {
        SysRng.try_fill_bytes(buffer).map_err(|_| RandomUnavailable)
    }
}
