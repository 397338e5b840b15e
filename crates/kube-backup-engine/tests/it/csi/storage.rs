//! What a CSI driver keeps: volumes and snapshots, in memory.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A snapshot in the storage.
#[derive(Debug, Clone)]
pub(crate) struct Cut {
    pub(crate) contents: Vec<u8>,
    /// In nanoseconds.
    pub(crate) cut_at: i64,
    /// How often it was looked at.
    looks: u32,
}

/// What happens to snapshots of a volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The driver says no, again and again.
    Refused,
    /// It is cut and is never ready.
    NeverReady,
}

#[derive(Debug, Default)]
struct Kept {
    volumes: BTreeMap<String, Vec<u8>>,
    /// By handle.
    snapshots: BTreeMap<String, Cut>,
    faults: BTreeMap<String, Fault>,
}

/// The storage.
#[derive(Debug, Default)]
pub(crate) struct Storage(Mutex<Kept>);

/// Looks until a snapshot is ready.
const LOOKS: u32 = 2;

impl Storage {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn write(&self, volume: &str, contents: &[u8]) {
        self.kept().volumes.insert(volume.into(), contents.into());
    }

    pub(crate) fn contents(&self, volume: &str) -> Vec<u8> {
        self.kept().volumes[volume].clone()
    }

    pub(crate) fn count(&self) -> usize {
        self.kept().snapshots.len()
    }

    pub(crate) fn handles(&self) -> Vec<String> {
        self.kept().snapshots.keys().cloned().collect()
    }

    pub(crate) fn fail(&self, volume: &str, fault: Fault) {
        self.kept().faults.insert(volume.into(), fault);
    }

    /// From now on nothing fails.
    pub(crate) fn mend(&self) {
        self.kept().faults.clear();
    }

    /// CSI's CreateSnapshot: called again with a name, it returns the same one. Handle, time, size and readiness.
    pub(crate) fn create(&self, name: &str, volume: &str) -> Result<(String, Cut, bool), String> {
        let mut kept = self.kept();
        let fault = kept.faults.get(volume).copied();
        if fault == Some(Fault::Refused) {
            return Err("rpc error: code = FailedPrecondition desc = the disk is busy".to_owned());
        }
        let handle = format!("s-of-{name}");
        let contents = kept.volumes.get(volume).cloned().unwrap_or_default();
        let now = std::time::SystemTime::now();
        let since = now
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let cut = kept.snapshots.entry(handle.clone()).or_insert_with(|| Cut {
            contents,
            cut_at: i64::try_from(since.as_nanos()).unwrap_or_default(),
            looks: 0,
        });
        cut.looks += 1;
        let ready = cut.looks > LOOKS && fault != Some(Fault::NeverReady);
        Ok((handle, cut.clone(), ready))
    }

    /// CSI's ListSnapshots for one handle.
    pub(crate) fn find(&self, handle: &str) -> Option<Cut> {
        self.kept().snapshots.get(handle).cloned()
    }

    /// CSI's DeleteSnapshot: what is gone is a success.
    pub(crate) fn delete(&self, handle: &str) {
        self.kept().snapshots.remove(handle);
    }

    /// CSI's CreateVolume from a snapshot.
    pub(crate) fn restore(&self, volume: &str, handle: &str) {
        let contents = self.find(handle).expect("the snapshot is there").contents;
        self.write(volume, &contents);
    }
}
