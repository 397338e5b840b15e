//! Waiting for snapshots, groups, copies and disks.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use alibaba_core::{Error, ErrorKind, PendingState, Polled, Region, Waiter};

use crate::connect::Client;
use crate::disk::Disk;
use crate::group::SnapshotGroup;
use crate::ids::{DiskId, SnapshotGroupId, SnapshotId};
use crate::snapshot::Snapshot;
use crate::words::{DiskStatus, SnapshotStatus};

/// The first snapshot of a full disk of many TiB takes hours.
const SNAPSHOT_TIMEOUT: Duration = Duration::from_secs(6 * 3600);
const DISK_TIMEOUT: Duration = Duration::from_secs(30 * 60);
/// For how many looks, some 12 seconds, a resource that has just been made may be missing from lists.
const LOOKS_BEFORE_IT_IS_LISTED: u32 = 4;

impl Client {
    /// A poller that waits for a snapshot, for up to 6 hours unless set otherwise.
    ///
    /// It needs nothing but the id, so a restarted program can make it again. Looking needs
    /// `ecs:DescribeSnapshots`.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let poller = ecs.snapshot_poller("s-bp1fake0000000000001");
    /// let snapshot = poller.with_progress(|state| println!("{state}")).until_accomplished().await?;
    /// println!("{:?} bytes", snapshot.full_size_bytes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot_poller<'a>(&self, id: impl Into<SnapshotId>) -> Poller<'a, SnapshotId> {
        Poller::new(self, id.into(), SNAPSHOT_TIMEOUT)
    }

    /// A poller that waits for a copy in its own region, for up to 6 hours unless set otherwise.
    ///
    /// Looking needs `ecs:DescribeSnapshots` there.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_core::Region;
    ///
    /// ecs.copy_poller(Region::CN_BEIJING, "s-2zefake0000000000001").until_accomplished().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn copy_poller<'a>(
        &self,
        region: Region,
        id: impl Into<SnapshotId>,
    ) -> Poller<'a, SnapshotId> {
        self.in_region(region).snapshot_poller(id)
    }

    /// A poller that waits for all snapshots of a group, for up to 6 hours unless set otherwise.
    ///
    /// Looking needs `ecs:DescribeSnapshotGroups`.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let group = ecs.snapshot_group_poller("ssg-bp1fake000000000001").until_accomplished().await?;
    /// println!("{} snapshots", group.snapshots.len());
    /// # Ok(())
    /// # }
    /// ```
    pub fn snapshot_group_poller<'a>(
        &self,
        id: impl Into<SnapshotGroupId>,
    ) -> Poller<'a, SnapshotGroupId> {
        Poller::new(self, id.into(), SNAPSHOT_TIMEOUT)
    }

    /// A poller that waits for a disk, for up to 30 minutes unless set otherwise.
    ///
    /// Looking needs `ecs:DescribeDisks`.
    ///
    /// ```no_run
    /// # async fn example(ecs: alibaba_ecs_snapshot::Client) -> Result<(), alibaba_core::Error> {
    /// let disk = ecs.disk_poller("d-bp1fake0000000000001").until_available().await?;
    /// println!("{:?} GiB in {:?}", disk.size_gib, disk.zone_id);
    /// # Ok(())
    /// # }
    /// ```
    pub fn disk_poller<'a>(&self, id: impl Into<DiskId>) -> Poller<'a, DiskId> {
        Poller::new(self, id.into(), DISK_TIMEOUT)
    }
}

type OnProgress<'a> = Box<dyn FnMut(&PendingState) + Send + 'a>;

/// Looks at a resource again and again until it is done, at growing intervals and up to a deadline.
///
/// It holds nothing but the id `I`: one made anew after a restart goes on where the old one was.
#[must_use = "a poller looks at nothing until it is told what to wait for"]
pub struct Poller<'a, I> {
    client: Client,
    id: I,
    timeout: Duration,
    intervals: Option<(Duration, Duration)>,
    on_progress: Option<OnProgress<'a>>,
}

/// How far a resource is.
enum Verdict {
    Done,
    Pending(PendingState),
    Failed,
}

impl<'a, I: fmt::Display> Poller<'a, I> {
    fn new(client: &Client, id: I, timeout: Duration) -> Self {
        Self {
            client: client.clone(),
            id,
            timeout,
            intervals: None,
            on_progress: None,
        }
    }

    /// Sets for how long it waits.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets how long it waits after the first look (by default 2 s), and the longest wait to which
    /// that grows (30 s).
    pub fn with_intervals(mut self, first: Duration, max: Duration) -> Self {
        self.intervals = Some((first, max));
        self
    }

    /// Tells each state on the way to `on_progress`.
    pub fn with_progress(mut self, on_progress: impl FnMut(&PendingState) + Send + 'a) -> Self {
        self.on_progress = Some(Box::new(on_progress));
        self
    }

    /// Waits until `look` finds something of which `judge` says that it is done.
    async fn until<T, F>(
        self,
        kind: &str,
        state: &str,
        look: impl Fn() -> F,
        judge: fn(&T) -> Verdict,
    ) -> Result<T, Error>
    where
        F: Future<Output = Result<Option<T>, Error>>,
    {
        let Self {
            client,
            id,
            timeout,
            intervals,
            on_progress,
        } = self;
        let what = format!("{kind} `{id}` to be {state}");
        let failed =
            |kind, problem: &str| Err(Error::new(kind, format!("wait for {what}: {problem}")));
        let mut waiter = Waiter::new(client.0.context(), what.clone(), timeout);
        if let Some((first, max)) = intervals {
            waiter = waiter.with_intervals(first, max);
        }
        if let Some(on_progress) = on_progress {
            waiter = waiter.with_progress(on_progress);
        }
        let absent = AtomicU32::new(0);
        let (absent, look, failed) = (&absent, &look, &failed);
        waiter
            .until(|| async move {
                let Some(found) = look().await? else {
                    if absent.fetch_add(1, Ordering::Relaxed) < LOOKS_BEFORE_IT_IS_LISTED {
                        return Ok(Polled::Pending(PendingState::new("not listed")));
                    }
                    return failed(ErrorKind::NotFound, "it is not there");
                };
                // From now on, a look that does not find it says that it is gone.
                absent.store(LOOKS_BEFORE_IT_IS_LISTED, Ordering::Relaxed);
                match judge(&found) {
                    Verdict::Done => Ok(Polled::Done(found)),
                    Verdict::Pending(state) => Ok(Polled::Pending(state)),
                    Verdict::Failed => failed(ErrorKind::Conflict, "it has failed"),
                }
            })
            .await
    }
}

impl Poller<'_, SnapshotId> {
    /// Waits until the snapshot is accomplished.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if it failed, [`ErrorKind::NotFound`] if it is not there,
    /// [`ErrorKind::Timeout`] when the time is over, and what looking fails with.
    pub async fn until_accomplished(self) -> Result<Snapshot, Error> {
        self.until_snapshot("accomplished", |snapshot| judge_snapshot(snapshot, false))
            .await
    }

    /// Waits until disks can be made of the snapshot, which for ESSDs is soon. It can still fail
    /// afterwards, and cannot be copied before it is accomplished.
    ///
    /// # Errors
    ///
    /// As [`until_accomplished`](Self::until_accomplished).
    pub async fn until_usable(self) -> Result<Snapshot, Error> {
        self.until_snapshot("usable", |snapshot| judge_snapshot(snapshot, true))
            .await
    }

    async fn until_snapshot(
        self,
        state: &str,
        judge: fn(&Snapshot) -> Verdict,
    ) -> Result<Snapshot, Error> {
        let call = self
            .client
            .describe_snapshots()
            .snapshot_ids([self.id.clone()]);
        let look = || {
            let call = call.clone();
            async { Ok(call.send().await?.snapshots.into_iter().next()) }
        };
        self.until("snapshot", state, look, judge).await
    }
}

impl Poller<'_, SnapshotGroupId> {
    /// Waits until all snapshots of the group are accomplished.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] if one failed, [`ErrorKind::NotFound`] if the group is not there,
    /// [`ErrorKind::Timeout`] when the time is over, and what looking fails with.
    pub async fn until_accomplished(self) -> Result<SnapshotGroup, Error> {
        let groups = self.client.describe_snapshot_groups();
        let call = groups.snapshot_group_ids([self.id.clone()]);
        let look = || {
            let call = call.clone();
            async { Ok(call.send().await?.snapshot_groups.into_iter().next()) }
        };
        self.until("snapshot group", "accomplished", look, judge_group)
            .await
    }
}

impl Poller<'_, DiskId> {
    /// Waits until the disk is there, and attached to no instance or to one.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`] if it is not there, [`ErrorKind::Timeout`] when the time is over, and
    /// what looking fails with.
    pub async fn until_available(self) -> Result<Disk, Error> {
        let call = self.client.describe_disks().disk_ids([self.id.clone()]);
        let look = || {
            let call = call.clone();
            async { Ok(call.send().await?.disks.into_iter().next()) }
        };
        self.until("disk", "available", look, judge_disk).await
    }
}

fn judge_snapshot(snapshot: &Snapshot, is_usable_enough: bool) -> Verdict {
    match &snapshot.status {
        Some(SnapshotStatus::Failed) => Verdict::Failed,
        Some(SnapshotStatus::Accomplished) => Verdict::Done,
        _ if is_usable_enough && snapshot.available == Some(true) => Verdict::Done,
        status => Verdict::Pending(
            pending(status.as_ref().map(SnapshotStatus::as_str))
                .with_percent(snapshot.percent)
                .with_remaining(snapshot.remaining),
        ),
    }
}

fn judge_group(group: &SnapshotGroup) -> Verdict {
    match &group.status {
        Some(SnapshotStatus::Failed) => Verdict::Failed,
        Some(SnapshotStatus::Accomplished) => Verdict::Done,
        status => {
            // As far as the slowest.
            let percent = group
                .snapshots
                .iter()
                .filter_map(|member| member.percent)
                .min();
            Verdict::Pending(
                pending(status.as_ref().map(SnapshotStatus::as_str)).with_percent(percent),
            )
        }
    }
}

fn judge_disk(disk: &Disk) -> Verdict {
    match &disk.status {
        Some(DiskStatus::Available | DiskStatus::InUse) => Verdict::Done,
        status => Verdict::Pending(pending(status.as_ref().map(DiskStatus::as_str))),
    }
}

fn pending(state: Option<&str>) -> PendingState {
    PendingState::new(state.unwrap_or("without a state"))
}

impl<I: fmt::Debug> fmt::Debug for Poller<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poller")
            .field("id", &self.id)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}
