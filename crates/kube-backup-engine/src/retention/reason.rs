//! Why a backup is kept, deleted, or neither yet.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::Within;

/// Of what a rule keeps one each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Period {
    /// Backups.
    Last,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// ISO weeks.
    Week,
    /// Months.
    Month,
    /// Years.
    Year,
}

/// Why a backup is kept, deleted, or neither yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    tag = "reason"
)]
#[non_exhaustive]
pub enum Reason {
    /// A rule keeps it.
    Rule {
        /// Of what the rule keeps one each.
        period: Period,
        /// Whether it is kept as the oldest there is, although its period has another.
        oldest: bool,
        /// How many more the rule keeps; `None` for all.
        #[serde(skip_serializing_if = "Option::is_none")]
        left: Option<u32>,
    },
    /// It is less than this older than the newest.
    Within {
        /// The span.
        span: Within,
    },
    /// There are no rules, and it has not expired.
    NoRules {
        /// When it will have.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
    },
    /// It is the newest good one of its plan.
    NewestGood,
    /// There is no good one, and it is the newest that anything can be restored from.
    BestThereIs,
    /// It is no good one, and there is no newer one that is.
    NoNewerGood {
        /// What is wrong with it.
        because: String,
    },
    /// It has not ended.
    NotEnded {
        /// Its phase.
        phase: String,
    },
    /// It is dated in the future, so nothing can be said of its age: check the clock of whoever wrote it.
    InFuture,
    /// Its record does not say when it was made.
    NoTime,
    /// When it expires cannot be read.
    UnreadableExpiry {
        /// Why.
        because: String,
    },
    /// Another program wrote it, and deletes it.
    OfOthers {
        /// When it expires, as that program noted.
        #[serde(skip_serializing_if = "Option::is_none")]
        expires_at: Option<DateTime<Utc>>,
    },
    /// It has expired.
    Expired {
        /// When.
        at: DateTime<Utc>,
    },
    /// There are rules, and none keeps it.
    NoRuleKeeps,
    /// It is no good one, and this newer one is.
    Superseded {
        /// What is wrong with it.
        because: String,
        /// The newer one.
        by: String,
    },
    /// It would be deleted, and the bucket does not let it go before.
    LockedUntil {
        /// The end of the lock.
        at: DateTime<Utc>,
    },
    /// It would be deleted, and is held.
    Held {
        /// For this reason.
        because: String,
    },
    /// It would be deleted, and enough others are in this pass.
    EnoughForNow,
    /// It would be deleted, and the clock has jumped.
    ClockJumped {
        /// When it is believed again.
        until: DateTime<Utc>,
    },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = |at: &DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Self::Rule {
                period,
                oldest,
                left,
            } => {
                if *oldest {
                    f.write_str("oldest ")?;
                }
                f.write_str(match period {
                    Period::Last => "last",
                    Period::Hour => "hourly",
                    Period::Day => "daily",
                    Period::Week => "weekly",
                    Period::Month => "monthly",
                    Period::Year => "yearly",
                })?;
                match left {
                    Some(left) => write!(f, " ({left} left)"),
                    None => Ok(()),
                }
            }
            Self::Within { span } => write!(f, "within {span} of the newest"),
            Self::NoRules {
                expires_at: Some(at),
            } => write!(f, "expires at {}", time(at)),
            Self::NoRules { expires_at: None } => {
                f.write_str("nothing says that it may be deleted")
            }
            Self::NewestGood => f.write_str("the newest good one of its plan"),
            Self::BestThereIs => {
                f.write_str("there is no good one, and this is the newest to restore from")
            }
            Self::NoNewerGood { because } => write!(f, "{because}, and there is no newer good one"),
            Self::NotEnded { phase } if phase.is_empty() => f.write_str("its record has no phase"),
            Self::NotEnded { phase } => write!(f, "it has not ended: it is {phase}"),
            Self::InFuture => {
                f.write_str("it is dated in the future: check the clock of whoever wrote it")
            }
            Self::NoTime => f.write_str("its record does not say when it was made"),
            Self::UnreadableExpiry { because } => write!(f, "its expiry cannot be read: {because}"),
            Self::OfOthers {
                expires_at: Some(at),
            } => {
                write!(
                    f,
                    "another program wrote it, and deletes it after {}",
                    time(at)
                )
            }
            Self::OfOthers { expires_at: None } => {
                f.write_str("another program wrote it, and deletes it")
            }
            Self::Expired { at } => write!(f, "expired at {}", time(at)),
            Self::NoRuleKeeps => f.write_str("no rule keeps it"),
            Self::Superseded { because, by } => {
                write!(f, "{because}, and `{by}` is newer and good")
            }
            Self::LockedUntil { at } => write!(f, "the bucket keeps it until {}", time(at)),
            Self::Held { because } => write!(f, "held: {because}"),
            Self::EnoughForNow => f.write_str("enough are deleted in this pass"),
            Self::ClockJumped { until } => {
                write!(
                    f,
                    "the clock has jumped, and is not believed before {}",
                    time(until)
                )
            }
        }
    }
}
