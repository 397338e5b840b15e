//! URLs that carry their own signature.

use std::fmt;

/// The query of a presigned URL, without the `?`. Anyone who has it can make the request, so it does
/// not print itself.
#[derive(Clone)]
pub struct PresignedQuery(pub(crate) String);

impl PresignedQuery {
    /// The encoded query.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PresignedQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PresignedQuery(***)")
    }
}
