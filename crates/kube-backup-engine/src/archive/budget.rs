//! What an archive has cost so far, held against what it may cost.

use super::ReadLimits;
use crate::{Error, Result};

/// The ratio is not checked before this much text: small archives of one object compress well.
const RATIO_GRACE: u64 = 64 << 20;

/// What whoever reads an archive, or writes it, has spent of what [`ReadLimits`] allow.
#[derive(Debug)]
pub(crate) struct Budget {
    limits: ReadLimits,
    text: u64,
    entries: u64,
}

impl Budget {
    pub(crate) fn new(limits: ReadLimits) -> Self {
        Self {
            limits,
            text: 0,
            entries: 0,
        }
    }

    pub(crate) fn limits(&self) -> &ReadLimits {
        &self.limits
    }

    /// Decompressed bytes so far.
    pub(crate) fn text(&self) -> u64 {
        self.text
    }

    /// Counts `length` more bytes of text, which came of `compressed` bytes in all.
    ///
    /// # Errors
    /// When that is more than an honest archive holds.
    pub(crate) fn add_text(&mut self, length: u64, compressed: u64) -> Result<()> {
        self.text = self.text.saturating_add(length);
        let by_ratio = compressed
            .saturating_mul(self.limits.max_ratio)
            .max(RATIO_GRACE);
        if self.text > self.limits.max_total || self.text > by_ratio {
            return Err(Error::corrupt(
                "read archive: it decompresses to more than it may",
            ));
        }
        Ok(())
    }

    /// Counts one more object.
    ///
    /// # Errors
    /// When there are more than there may be.
    pub(crate) fn add_entry(&mut self) -> Result<()> {
        self.entries += 1;
        check_entries(self.entries, &self.limits)
    }

    /// Whether an entry of `length` bytes can be added so that all is read back.
    pub(crate) fn has_room_for(&self, length: u64) -> bool {
        self.entries < self.limits.max_entries
            && self.text.saturating_add(length) <= self.limits.max_total
    }
}

/// Refuses more objects than there may be.
pub(crate) fn check_entries(entries: u64, limits: &ReadLimits) -> Result<()> {
    if entries <= limits.max_entries {
        return Ok(());
    }
    Err(Error::corrupt(format!(
        "read archive: it holds {entries} objects or more, and {} are read; raise `ReadLimits::max_entries` \
         if so many are right",
        limits.max_entries
    )))
}
