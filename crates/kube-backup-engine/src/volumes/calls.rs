//! Calls to snapshotters: made again for as long as that is worth it, and held against what was asked.

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::{SnapshotGroup, VolumeRecord, VolumeSnapshotter};
use crate::{Error, ErrorKind, Result};

const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long to wait before something is looked at again: longer each time.
#[derive(Debug)]
pub(crate) struct Pause(Duration);

impl Default for Pause {
    fn default() -> Self {
        Self(FIRST_PAUSE)
    }
}

impl Pause {
    /// Waits, but not beyond `until`.
    pub(crate) async fn wait(&mut self, until: Instant) {
        let next = Instant::now() + self.0;
        self.0 = (self.0 * 2).min(LONGEST_PAUSE);
        tokio::time::sleep_until(next.min(until)).await;
    }
}

/// How long to wait before something that takes its time is looked at again: a twentieth of what it has taken by now, so
/// that waiting for it takes little longer than it does, however long that is.
#[derive(Debug)]
pub(crate) struct Looks(Instant);

impl Default for Looks {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Looks {
    /// Waits, but not beyond `until`.
    pub(crate) async fn wait(&self, until: Instant) {
        let pause = (self.0.elapsed() / 20).clamp(FIRST_PAUSE, LONGEST_PAUSE);
        tokio::time::sleep_until(until.min(Instant::now() + pause)).await;
    }
}

/// A time that long after now; none is further away than the clock can tell.
pub(crate) fn after(time: Duration) -> Instant {
    let far = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    Instant::now() + time.min(far)
}

/// Makes a call again while it fails in a way that may pass, until `until`.
pub(crate) async fn persist<'a, T>(
    step: &str,
    until: Instant,
    mut call: impl FnMut() -> BoxFuture<'a, Result<T>>,
) -> Result<T> {
    let mut pause = Pause::default();
    let mut last: Option<Error> = None;
    loop {
        match timeout_at(until, call()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) if !error.is_retryable() || Instant::now() >= until => {
                return Err(error);
            }
            Ok(Err(error)) => {
                tracing::debug!(step, error = error.chain(), "made again");
                last = Some(error);
            }
            Err(_) => {
                let error = Error::new(ErrorKind::Timeout, format!("{step}: it took too long"));
                return Err(match last {
                    Some(last) => error.with_source(last),
                    None => error,
                });
            }
        }
        pause.wait(until).await;
    }
}

/// The records of a group that was asked for, if they are those.
pub(crate) fn of_group(
    snapshotter: &dyn VolumeSnapshotter,
    group: &SnapshotGroup,
    records: Vec<VolumeRecord>,
) -> Result<Vec<VolumeRecord>> {
    let is_asked = |(record, request): (&VolumeRecord, &super::SnapshotRequest)| {
        record.name == request.name
            && record.volume.name == request.volume.name()
            && record.claim == request.volume.claim_ref()
            && record.backup_uid == group.backup_uid
            && record.snapshotter == snapshotter.name()
    };
    let is_right =
        records.len() == group.members.len() && records.iter().zip(&group.members).all(is_asked);
    match is_right {
        true => Ok(records),
        false => Err(others(snapshotter, "snapshot", &records)),
    }
}

/// The records that were asked about, as they are now, if they are those.
pub(crate) fn of_poll(
    snapshotter: &dyn VolumeSnapshotter,
    asked: &[VolumeRecord],
    records: Vec<VolumeRecord>,
) -> Result<Vec<VolumeRecord>> {
    let is_same = |(a, b): (&VolumeRecord, &VolumeRecord)| {
        a.name == b.name
            && a.snapshotter == b.snapshotter
            && a.backup_uid == b.backup_uid
            && a.volume == b.volume
            && a.claim == b.claim
    };
    match records.len() == asked.len() && records.iter().zip(asked).all(is_same) {
        true => Ok(records),
        false => Err(others(snapshotter, "poll", &records)),
    }
}

fn others(snapshotter: &dyn VolumeSnapshotter, call: &str, records: &[VolumeRecord]) -> Error {
    let names: Vec<&str> = records.iter().map(|record| record.name.as_str()).collect();
    Error::new(
        ErrorKind::Volume,
        format!(
            "{call}: the snapshotter `{}` responded with {names:?}, which are not the snapshots that it was asked about",
            snapshotter.name()
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How long it takes until something is seen to be done, and how often it is looked at.
    async fn seen_after(done: Duration) -> (Duration, usize) {
        let (began, until) = (Instant::now(), after(Duration::MAX));
        let (looks, mut count) = (Looks::default(), 0);
        loop {
            looks.wait(until).await;
            count += 1;
            if began.elapsed() >= done {
                return (began.elapsed(), count);
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_its_time_is_seen_to_be_done_soon_after_it_is_and_is_not_looked_at_all_the_time()
     {
        let mut done = Duration::from_millis(100);
        while done < Duration::from_secs(3600) {
            done = done.mul_f64(1.07);
            let (seen, looks) = seen_after(done).await;
            let late = seen - done;
            let allowed = (done / 20).max(FIRST_PAUSE) + Duration::from_millis(10);
            assert!(
                late <= allowed && late <= LONGEST_PAUSE,
                "{done:?}: {late:?}"
            );
            let most = 110 + done.as_secs() / LONGEST_PAUSE.as_secs();
            assert!(looks as u64 <= most, "{done:?}: {looks} looks");
        }
    }
}
