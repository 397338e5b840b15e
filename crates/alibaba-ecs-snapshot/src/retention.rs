//! For how long automatic snapshots are kept.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// For how long the snapshots of a policy are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Retention {
    /// Until they are deleted, or the disk has as many automatic snapshots as it may.
    Forever,
    /// For so many days, 1 to 65535.
    Days(u32),
}

impl From<u32> for Retention {
    fn from(days: u32) -> Self {
        Self::Days(days)
    }
}

impl Serialize for Retention {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Forever => serializer.serialize_i64(-1),
            Self::Days(days @ 1..=65535) => serializer.serialize_u32(*days),
            Self::Days(days) => {
                let problem = format!("expected 1 to 65535 days, got {days}");
                Err(S::Error::custom(problem))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Retention {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match i64::deserialize(deserializer)? {
            -1 => Ok(Self::Forever),
            days => match u32::try_from(days) {
                Ok(days) => Ok(Self::Days(days)),
                Err(_) => Err(D::Error::custom("expected a number of days, or -1")),
            },
        }
    }
}
