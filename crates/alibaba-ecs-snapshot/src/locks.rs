//! Locks, which keep snapshots from being deleted.

use alibaba_core::Paginator;
use alibaba_core::openapi::{Acknowledged, read::time};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::connect::{Client, next_token, sized};
use crate::ids::SnapshotId;
use crate::read;
use crate::words::{LockMode, LockStatus};

alibaba_core::operations! {
    impl Client;
    /// The operations on locks.
    pub(crate) const OPERATIONS;

    /// Locks a snapshot, so that nobody can delete it for so many days.
    ///
    /// **After the cool-off period nobody can undo it**, neither the account nor support, and the
    /// snapshot is paid for until it is over. Until then it can be unlocked, or locked anew with
    /// other values. Afterwards the lock can only be made longer, with a cool-off period of 0.
    /// Needs `ecs:LockSnapshot` on `acs:ecs:<region>:<account>:snapshot/<id>`. A client token makes
    /// it safe to repeat.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ecs_snapshot::LockMode;
    ///
    /// let id = "s-bp1fake0000000000001";
    /// let lock = ecs.lock_snapshot(id, LockMode::Compliance, 30_u32, 24_u32).send().await?.lock;
    /// println!("until {:?}", lock.expires_at);
    /// # Ok(())
    /// # }
    /// ```
    fn lock_snapshot = LockSnapshot(
        snapshot_id: SnapshotId = "SnapshotId",
        lock_mode: LockMode = "LockMode",
        lock_days: u32 = "LockDuration" [in 1..=36500],
        cool_off_hours: u32 = "CoolOffPeriod" [in 0..=72],
    ) -> LockResponse [region("RegionId"), client_token("ClientToken")] {
        /// Checks only: where it could be done, the call fails with `DryRunOperation`.
        dry_run: bool = "DryRun";
    }

    /// Takes a lock off a snapshot, while its cool-off period is not over.
    ///
    /// Needs `ecs:UnlockSnapshot` on `acs:ecs:<region>:<account>:snapshot/<id>`. A client token
    /// makes it safe to repeat.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// ecs.unlock_snapshot("s-bp1fake0000000000001").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn unlock_snapshot = UnlockSnapshot(snapshot_id: SnapshotId = "SnapshotId")
        -> Acknowledged [region("RegionId"), client_token("ClientToken")]
    {
        /// Checks only: where it could be done, the call fails with `DryRunOperation`.
        dry_run: bool = "DryRun";
    }

    /// Lists locked snapshots.
    ///
    /// [`send`](DescribeLockedSnapshots::send) gets one page,
    /// [`items`](DescribeLockedSnapshots::items) all of them. Needs `ecs:DescribeLockedSnapshots`
    /// on `*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let mut locks = ecs.describe_locked_snapshots().items();
    /// while let Some(lock) = locks.try_next().await? {
    ///     println!("{} until {:?}", lock.snapshot_id, lock.expires_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn describe_locked_snapshots = DescribeLockedSnapshots() -> LockPage [region("RegionId")] {
        /// Only these, up to 100.
        snapshot_ids: Vec<SnapshotId> = "SnapshotIds" [in 0..=100];
        /// Only those whose locks are so far.
        lock_status: LockStatus = "LockStatus";
        /// Checks the right only: where it is there, the call fails with `DryRunOperation`.
        dry_run: bool = "DryRun";
        /// How many a page has at most.
        max_results: u32 = "MaxResults" [in 1..=100];
        /// Where to go on: the token of the page before.
        next_token: String = "NextToken";
    }
}

impl DescribeLockedSnapshots {
    /// All locked snapshots from here on, page after page of up to 100.
    pub fn items(self) -> Paginator<SnapshotLock> {
        sized(self.into_call(), 100).list_by_token(
            "list locked snapshots",
            next_token,
            |page: LockPage| (page.locks, page.next_token),
        )
    }
}

/// The lock of a snapshot.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct SnapshotLock {
    /// The snapshot.
    pub snapshot_id: SnapshotId,
    /// How it is locked.
    #[serde(default, rename = "LockMode", deserialize_with = "read::present")]
    pub mode: Option<LockMode>,
    /// How far the lock is.
    #[serde(default, rename = "LockStatus", deserialize_with = "read::present")]
    pub status: Option<LockStatus>,
    /// When it was locked.
    #[serde(default, rename = "LockCreationTime", deserialize_with = "time")]
    pub created_at: Option<DateTime<Utc>>,
    /// For how many days.
    #[serde(default, rename = "LockDuration", deserialize_with = "read::number")]
    pub lock_days: Option<u32>,
    /// From when these count: a snapshot that is being made is locked when it is there.
    #[serde(default, rename = "LockDurationStartTime", deserialize_with = "time")]
    pub starts_at: Option<DateTime<Utc>>,
    /// Until when it is locked.
    #[serde(default, rename = "LockExpiredTime", deserialize_with = "time")]
    pub expires_at: Option<DateTime<Utc>>,
    /// For how many hours the lock can be undone.
    #[serde(default, rename = "CoolOffPeriod", deserialize_with = "read::number")]
    pub cool_off_hours: Option<u32>,
    /// Until when that is.
    #[serde(
        default,
        rename = "CoolOffPeriodExpiredTime",
        deserialize_with = "time"
    )]
    pub cool_off_ends_at: Option<DateTime<Utc>>,
}

/// The lock of one snapshot.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct LockResponse {
    /// What support asks for.
    pub request_id: String,
    /// The lock.
    #[serde(rename = "LockedSnapshotInfo")]
    pub lock: SnapshotLock,
}

/// A page of locks.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct LockPage {
    /// What support asks for.
    pub request_id: String,
    /// The locks.
    #[serde(default, rename = "LockedSnapshotsInfo")]
    pub locks: Vec<SnapshotLock>,
    /// Where the next page begins.
    #[serde(default, deserialize_with = "read::present")]
    pub next_token: Option<String>,
}
