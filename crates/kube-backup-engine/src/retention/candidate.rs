//! What retention knows of a backup.

use chrono::{DateTime, Utc};

use crate::format::labels::SCHEDULE_NAME;
use crate::{Phase, Record};

/// What is known of a backup, for a [`RetentionPolicy`](super::RetentionPolicy).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Its uid; empty where the record has none.
    pub uid: String,
    /// The plan that made it; `None` for those made by hand, which are gone through as if of one plan.
    pub plan: Option<String>,
    /// When it was begun. `None` where the record does not say: then it is kept.
    pub created_at: Option<DateTime<Utc>>,
    /// When it may be deleted, if that was said; or why it cannot be read.
    pub expires_at: Result<Option<DateTime<Utc>>, String>,
    /// How it ended.
    pub phase: Phase,
    /// What became of its verification or drill.
    pub verified: Verified,
    /// Nobody can delete it before: a retention policy of the bucket.
    pub locked_until: Option<DateTime<Utc>>,
    /// Nobody may delete it, for this reason: a legal hold, or somebody who restores from it.
    pub held: Option<String>,
    /// Whether another program wrote it.
    pub is_foreign: bool,
}

/// What became of the verification or drill of a backup.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verified {
    /// There was none.
    #[default]
    Not,
    /// It is as it should be.
    Passed,
    /// It is not, for this reason: no good backup.
    Failed(String),
}

impl Candidate {
    /// A good backup of this name, made at this time, by hand.
    pub fn completed(name: impl Into<String>, created_at: DateTime<Utc>) -> Self {
        Self {
            name: name.into(),
            uid: String::new(),
            plan: None,
            created_at: Some(created_at),
            expires_at: Ok(None),
            phase: Phase::Completed,
            verified: Verified::Not,
            locked_until: None,
            held: None,
            is_foreign: false,
        }
    }

    /// What its record says. What is not in records is for the caller to add: drills, locks and holds.
    #[must_use]
    pub fn of(record: &Record) -> Self {
        let plan = record
            .metadata
            .labels
            .get(SCHEDULE_NAME)
            .filter(|plan| !plan.is_empty());
        Self {
            name: record.name().to_owned(),
            uid: record.uid().to_owned(),
            plan: plan.cloned(),
            created_at: record
                .metadata
                .creation_timestamp
                .or(record.status.start_timestamp),
            expires_at: record.expires_at().map_err(|error| error.chain()),
            phase: record.status.phase.clone(),
            verified: Verified::Not,
            locked_until: None,
            held: None,
            is_foreign: !matches!(record.archive(), Ok(Some(_))),
        }
    }

    /// The same, made by this plan.
    #[must_use]
    pub fn of_plan(mut self, plan: impl Into<String>) -> Self {
        self.plan = Some(plan.into());
        self
    }

    /// The same, with what became of its verification or drill.
    #[must_use]
    pub fn verified(mut self, verified: Verified) -> Self {
        self.verified = verified;
        self
    }

    /// Whether it counts: it is whole, and nothing is known against it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.phase == Phase::Completed && !matches!(self.verified, Verified::Failed(_))
    }

    /// Whether anything can be restored from it.
    pub(super) fn is_restorable(&self) -> bool {
        matches!(self.phase, Phase::Completed | Phase::PartiallyFailed)
    }

    /// Whether it has ended.
    pub(super) fn has_ended(&self) -> bool {
        matches!(
            self.phase,
            Phase::Completed | Phase::PartiallyFailed | Phase::Failed
        )
    }
}
