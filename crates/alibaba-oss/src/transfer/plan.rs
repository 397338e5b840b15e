//! How a transfer is cut into parts: plain arithmetic.

use std::ops::Range;

const MIB: u64 = 1024 * 1024;

/// The least that a part has, where the caller does not say.
pub(crate) const PART: u64 = 8 * MIB;

/// OSS takes no more parts.
pub(crate) const MAX_PARTS: u64 = 10_000;

/// What OSS takes as a part: 100 KB to 5 GB.
const PART_LIMITS: (u64, u64) = (100 * 1024, 5 * 1024 * MIB);

/// After so many parts of a stream the next ones are twice as long.
const DOUBLE_AFTER: u32 = 2_000;

/// The cutting of a transfer of known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) len: u64,
    pub(crate) part_size: u64,
    pub(crate) concurrency: usize,
}

impl Plan {
    /// Parts of 8 MiB for small objects, and otherwise so large that there are about 1000, up to
    /// 64 MiB; beyond 10 000 of those, as large as they have to be. Four at a time, eight from
    /// 1 GiB on, and never more than there are.
    pub(crate) fn new(len: u64, part_size: Option<u64>, concurrency: Option<usize>) -> Self {
        let fitting = (len / 1_000).next_multiple_of(MIB).clamp(PART, 64 * MIB);
        let least = len.div_ceil(MAX_PARTS).next_multiple_of(MIB);
        let wanted = part_size.unwrap_or(fitting);
        let part_size = if wanted.saturating_mul(MAX_PARTS) < len {
            least
        } else {
            wanted
        };
        let part_size = part_size.clamp(PART_LIMITS.0, PART_LIMITS.1);
        let usual = if len < 1024 * MIB { 4 } else { 8 };
        let parts = usize::try_from(len.div_ceil(part_size)).unwrap_or(usize::MAX);
        Self {
            len,
            part_size,
            concurrency: concurrency.unwrap_or(usual).clamp(1, parts.max(1)),
        }
    }

    pub(crate) fn parts(&self) -> u32 {
        u32::try_from(self.len.div_ceil(self.part_size)).unwrap_or(u32::MAX)
    }

    /// The bytes of a part; the first is number 1.
    pub(crate) fn range(&self, number: u32) -> Range<u64> {
        let start = (u64::from(number) - 1) * self.part_size;
        start..(start + self.part_size).min(self.len)
    }
}

/// How long this part of a stream of unknown length is. They grow, so that 10 000 of them hold
/// more than 480 GiB while the first ones need little memory.
pub(crate) fn stream_part(number: u32, first: u64) -> u64 {
    first.saturating_mul(1 << ((number - 1) / DOUBLE_AFTER).min(10))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_and_concurrency_follow_the_length() {
        let plan = |len| {
            let plan = Plan::new(len, None, None);
            (plan.part_size / MIB, plan.concurrency, plan.parts())
        };
        assert_eq!(plan(0), (8, 1, 0));
        assert_eq!(plan(20 * MIB), (8, 3, 3));
        assert_eq!(plan(1024 * MIB), (8, 8, 128));
        assert_eq!(plan(30_000 * MIB), (30, 8, 1000));
        assert_eq!(plan(600_000 * MIB), (64, 8, 9375));
        assert_eq!(plan(6_400_000 * MIB), (640, 8, 10_000));
        assert!((1..=10_000).map(|n| stream_part(n, PART)).sum::<u64>() > 480 * 1024 * MIB);
    }

    proptest! {
        #[test]
        fn parts_cover_the_object_once_within_the_limits(
            len in 1_u64..50_000_000_000_000,
            part in proptest::option::of(1_u64..10_000_000_000),
            concurrency in proptest::option::of(0_usize..100),
        ) {
            let plan = Plan::new(len, part, concurrency);
            prop_assert!(u64::from(plan.parts()) <= MAX_PARTS);
            prop_assert!(plan.concurrency >= 1);
            let mut at = 0;
            for number in 1..=plan.parts() {
                let range = plan.range(number);
                prop_assert_eq!(range.start, at);
                prop_assert!(range.end > at);
                prop_assert!(range.end == len || range.end - at >= PART_LIMITS.0);
                prop_assert!(range.end - at <= PART_LIMITS.1);
                at = range.end;
            }
            prop_assert_eq!(at, len);
        }
    }
}
