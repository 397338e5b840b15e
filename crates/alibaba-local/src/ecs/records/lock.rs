//! Locks of snapshots.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A lock in compliance mode, the only one there is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::ecs) struct Lock {
    pub(in crate::ecs) created: DateTime<Utc>,
    /// From when its days count: a snapshot that is being made is locked when it is there.
    pub(in crate::ecs) starts: DateTime<Utc>,
    pub(in crate::ecs) cool_off_hours: u32,
    pub(in crate::ecs) days: u32,
}

/// How far a lock is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::ecs) enum LockStatus {
    CoolOff,
    Locked,
    Expired,
}

impl LockStatus {
    pub(in crate::ecs) const ALL: [Self; 3] = [Self::CoolOff, Self::Locked, Self::Expired];

    pub(in crate::ecs) fn name(self) -> &'static str {
        match self {
            Self::CoolOff => "compliance-cooloff",
            Self::Locked => "compliance",
            Self::Expired => "expired",
        }
    }
}

impl Lock {
    pub(in crate::ecs) fn cool_off_ends(&self) -> DateTime<Utc> {
        self.created + TimeDelta::hours(i64::from(self.cool_off_hours))
    }

    pub(in crate::ecs) fn expires(&self) -> DateTime<Utc> {
        let days = TimeDelta::days(i64::from(self.days));
        let end = self.starts.checked_add_signed(days);
        end.unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    pub(in crate::ecs) fn status(&self, now: DateTime<Utc>) -> LockStatus {
        if now >= self.expires() {
            LockStatus::Expired
        } else if now < self.cool_off_ends() {
            LockStatus::CoolOff
        } else {
            LockStatus::Locked
        }
    }
}
