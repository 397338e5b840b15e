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
    /// What the group is called that it is of.
    pub(crate) group: Option<String>,
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
    /// By handle: those of its members, by volume.
    groups: BTreeMap<String, BTreeMap<String, String>>,
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
            group: None,
        });
        cut.looks += 1;
        let ready = cut.looks > LOOKS && fault != Some(Fault::NeverReady);
        Ok((handle, cut.clone(), ready))
    }

    /// CSI's ListSnapshots for one handle.
    pub(crate) fn find(&self, handle: &str) -> Option<Cut> {
        self.kept().snapshots.get(handle).cloned()
    }

    /// CSI's DeleteSnapshot: what is gone is a success. A member goes with its group alone.
    pub(crate) fn delete(&self, handle: &str) {
        let mut kept = self.kept();
        if kept
            .snapshots
            .get(handle)
            .is_some_and(|cut| cut.group.is_none())
        {
            kept.snapshots.remove(handle);
        }
    }

    /// CSI's CreateVolumeGroupSnapshot: all of one moment, or none. Called again with a name, it returns the same one.
    #[expect(clippy::type_complexity, reason = "it is what the call returns")]
    pub(crate) fn create_group(
        &self,
        name: &str,
        volumes: &[&str],
    ) -> Result<(String, Vec<(String, String, Cut)>, bool), String> {
        let fault =
            |kept: &Kept, of: Fault| volumes.iter().any(|it| kept.faults.get(*it) == Some(&of));
        let group = format!("g-of-{name}");
        let is_there = self.kept().groups.contains_key(&group);
        if !is_there {
            if fault(&self.kept(), Fault::Refused) {
                return Err(
                    "rpc error: code = FailedPrecondition desc = the disk is busy".to_owned(),
                );
            }
            let mut members = BTreeMap::new();
            for (n, volume) in volumes.iter().enumerate() {
                let (handle, _, _) = self.create(&format!("{name}-{n}"), volume)?;
                members.insert((*volume).to_owned(), handle);
            }
            let mut kept = self.kept();
            let first = members
                .values()
                .next()
                .and_then(|it| kept.snapshots.get(it));
            let cut_at = first.map(|cut| cut.cut_at).unwrap_or_default();
            for handle in members.values() {
                let cut = kept.snapshots.get_mut(handle).expect("it was just made");
                (cut.group, cut.cut_at) = (Some(group.clone()), cut_at);
            }
            kept.groups.insert(group.clone(), members);
        }
        let mut kept = self.kept();
        let ready = !fault(&kept, Fault::NeverReady);
        let members = kept.groups[&group].clone();
        let mut cuts = Vec::new();
        for (volume, handle) in members {
            let cut = kept
                .snapshots
                .get_mut(&handle)
                .expect("it goes with its group");
            cut.looks += 1;
            cuts.push((volume, handle, cut.clone()));
        }
        let ready = ready && cuts.iter().all(|(_, _, cut)| cut.looks > LOOKS);
        Ok((group, cuts, ready))
    }

    /// CSI's GetVolumeGroupSnapshot, for exactly these members.
    pub(crate) fn find_group(&self, handle: &str, members: &[String]) -> Option<(i64, bool)> {
        let kept = self.kept();
        let mut own: Vec<&String> = kept.groups.get(handle)?.values().collect();
        let mut asked: Vec<&String> = members.iter().collect();
        own.sort();
        asked.sort();
        let cut = kept.snapshots.get(*own.first()?)?;
        (own == asked).then_some((cut.cut_at, true))
    }

    /// CSI's DeleteVolumeGroupSnapshot, for exactly these members: what is gone is a success. Returns whether it is one.
    pub(crate) fn delete_group(&self, handle: &str, members: &[String]) -> bool {
        let is_there = self.kept().groups.contains_key(handle);
        if is_there && self.find_group(handle, members).is_none() {
            return false;
        }
        let mut kept = self.kept();
        for member in kept.groups.remove(handle).unwrap_or_default().into_values() {
            kept.snapshots.remove(&member);
        }
        true
    }

    /// How many groups there are.
    pub(crate) fn groups(&self) -> usize {
        self.kept().groups.len()
    }

    /// CSI's CreateVolume from a snapshot.
    pub(crate) fn restore(&self, volume: &str, handle: &str) {
        let contents = self.find(handle).expect("the snapshot is there").contents;
        self.write(volume, &contents);
    }
}
