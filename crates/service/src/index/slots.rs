//! Slots of one part of the index: numbered from 0 on, without a gap.
//!
//! They lie in chunks. A vector that grows is copied, which leaves holes in memory of the sizes that it had; and nobody
//! can look anything up meanwhile.

use super::places::index;

/// How many slots lie together.
const CHUNK: usize = 256;

/// Something in numbered slots.
#[derive(Debug)]
pub(super) struct Slots<T> {
    /// All are full but the last, and none is empty.
    chunks: Vec<Vec<T>>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { chunks: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.chunks.last().map_or(0, |last| (self.chunks.len() - 1) * CHUNK + last.len())
    }

    /// How much memory they take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.chunks.len() * CHUNK * size_of::<T>() + self.chunks.capacity() * size_of::<Vec<T>>()
    }

    /// What stands in a slot.
    pub(super) fn get(&self, number: u32) -> Option<&T> {
        let number = index(number);
        self.chunks.get(number / CHUNK)?.get(number % CHUNK)
    }

    /// What stands in a slot, to be changed.
    pub(super) fn get_mut(&mut self, number: u32) -> Option<&mut T> {
        let number = index(number);
        self.chunks.get_mut(number / CHUNK)?.get_mut(number % CHUNK)
    }

    /// What stands in all of them, in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.chunks.iter().flatten()
    }

    /// Puts it in the next slot.
    pub(super) fn push(&mut self, value: T) {
        if let Some(last) = self.chunks.last_mut().filter(|last| last.len() < CHUNK) {
            last.push(value);
            return;
        }
        let mut chunk = Vec::with_capacity(CHUNK);
        chunk.push(value);
        self.chunks.push(chunk);
    }

    /// Takes away what stands in a slot, and puts in its place what stands in the last one.
    pub(super) fn swap_remove(&mut self, number: u32) {
        let Some(moved) = self.pop() else { return };
        if let Some(place) = self.get_mut(number) {
            *place = moved;
        }
    }

    fn pop(&mut self) -> Option<T> {
        let last = self.chunks.last_mut()?;
        let popped = last.pop();
        if last.is_empty() {
            self.chunks.pop();
        }
        popped
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// As a vector does it.
        #[test]
        fn they_are_as_a_vector(steps in proptest::collection::vec((any::<u8>(), 0_u32..600), 0..1_500)) {
            let (mut slots, mut vector) = (Slots::default(), Vec::new());
            for (step, (removes, number)) in steps.into_iter().enumerate() {
                if removes < 90 && index(number) < vector.len() {
                    slots.swap_remove(number);
                    vector.swap_remove(index(number));
                } else {
                    slots.push(step);
                    vector.push(step);
                }
                prop_assert_eq!(slots.len(), vector.len());
            }
            for number in 0..u32::try_from(vector.len() + 1).unwrap() {
                prop_assert_eq!(slots.get(number), vector.get(index(number)));
            }
        }
    }
}
