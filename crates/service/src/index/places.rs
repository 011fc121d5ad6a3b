//! Where slots lie: in which part, and where in it. Both make one number of 32 bits, since there are as many of these as
//! there are secrets.

/// In how many parts the slots lie, at least; at most in twice as many. Their numbers have 7 bits of a place, slots the
/// other 25.
const PARTS: usize = 64;
const SLOT_BITS: u32 = 25;

/// How many parts there are, and for how many slots each has room at first: so that the hash tables, which have room for
/// seven eighths of a power of two, are nearly full.
pub(super) fn layout(expected: usize) -> (usize, usize) {
    // What falls to a part by chance is rarely a twentieth more than its share.
    let expected = expected + expected / 20;
    let room_of = |power: u32| 7_usize << power;
    let largest = (0..SLOT_BITS - 3).take_while(|power| room_of(*power).saturating_mul(PARTS) <= expected).last();
    largest.map(room_of).map_or((PARTS, 0), |each| (expected.div_ceil(each).min(2 * PARTS), each))
}

/// Part and slot as one number.
pub(super) fn packed(part: usize, number: u32) -> u32 {
    (u32::try_from(part).unwrap_or_default() << SLOT_BITS) | number
}

/// The part of such a number.
pub(super) fn part_of(at: u32) -> usize {
    index(at >> SLOT_BITS)
}

/// Its slot, within the part.
pub(super) const fn number_of(at: u32) -> u32 {
    at & ((1 << SLOT_BITS) - 1)
}

/// A number as a place in something that lies in memory.
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use hashbrown::HashTable;

    use super::*;

    #[test]
    fn tables_are_nearly_full_when_what_is_expected_has_come() {
        assert_eq!(layout(0), (PARTS, 0));
        for expected in [500, 10_000, 68_267, 999_999, 1_000_000, 10_000_000, 50_000_000] {
            let (parts, each) = layout(expected);
            assert!((PARTS..=2 * PARTS).contains(&parts), "{expected}: {parts}");
            let (room, table) = (parts * each, HashTable::<u32>::with_capacity(each).capacity());
            assert!(room >= expected && room <= expected + expected / 10, "{expected}: {parts} of {each}");
            assert_eq!(table, each, "{expected}");
        }
    }
}
