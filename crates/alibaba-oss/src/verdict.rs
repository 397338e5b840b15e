//! What a comparison of checksums came to.

/// What the CRC-64 says of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The bytes are those that OSS stored.
    Verified,
    /// Nothing to compare: a range, or an object that has no CRC-64.
    NotAvailable,
    /// The bytes are others. Only ever found in an error: see
    /// [`Error::verdict`](crate::Error::verdict).
    Mismatch,
}
