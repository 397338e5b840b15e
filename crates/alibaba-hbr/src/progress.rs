//! How much is done.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How much of a job is done, in hundredths of a percent, as Cloud Backup counts.
///
/// ```
/// use alibaba_hbr::Progress;
///
/// let progress = Progress::from_hundredths(2550);
/// assert_eq!(progress.percent(), 25);
/// assert_eq!(progress.to_string(), "25.50%");
/// ```
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize,
)]
#[serde(transparent)]
pub struct Progress(u32);

impl Progress {
    /// So many hundredths of a percent: 10000 is all.
    #[must_use]
    pub const fn from_hundredths(hundredths: u32) -> Self {
        Self(hundredths)
    }

    /// Hundredths of a percent.
    #[must_use]
    pub const fn hundredths(self) -> u32 {
        self.0
    }

    /// Whole percent, 100 at most.
    #[must_use]
    pub fn percent(self) -> u8 {
        u8::try_from(self.0 / 100).unwrap_or(100).min(100)
    }
}

impl fmt::Display for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}%", self.0 / 100, self.0 % 100)
    }
}
