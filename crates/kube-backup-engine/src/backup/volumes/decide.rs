//! Which snapshotter takes the data of a volume and why, or why none does: a function of what is known before
//! anything is asked of a storage.

use std::sync::Arc;

use super::survey::{Claimed, opts_out};
use crate::backup::volume_spec::VolumeSpec;
use crate::format::annotations::{BACKUP_VOLUMES, BACKUP_VOLUMES_EXCLUDES};
use crate::format::labels::SKIP_VOLUME_DATA;
use crate::volumes::policy::PolicyActionKind;
use crate::volumes::{Eligibility, VolumeDecision, VolumeMethod, VolumeSnapshotter};

/// What was decided about one volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decided {
    pub(crate) decision: VolumeDecision,
    /// Which snapshotter takes it, by its place among them.
    pub(crate) snapshotter: Option<usize>,
    /// Whether someone wants its data, and it is not kept.
    pub(crate) is_missing: bool,
}

/// What the settings ask for.
enum Wish {
    /// Nothing, for this reason.
    Skip(String),
    /// One of these ways, the first that is possible; with the reason.
    One(Vec<Way>, Option<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Snapshot,
    Copy,
}

impl Way {
    fn of(method: VolumeMethod) -> Self {
        match method {
            VolumeMethod::NativeSnapshot | VolumeMethod::CsiSnapshot => Self::Snapshot,
            VolumeMethod::PodVolumeBackup => Self::Copy,
        }
    }

    fn called(self) -> &'static str {
        match self {
            Self::Snapshot => "a snapshot",
            Self::Copy => "a copy of its files",
        }
    }
}

/// Decides about one claim.
pub(crate) fn decide(
    claimed: &Claimed,
    spec: &VolumeSpec,
    snapshotters: &[Arc<dyn VolumeSnapshotter>],
) -> Decided {
    let (ways, why) = match wish(claimed, spec) {
        Wish::Skip(reason) => return skipped(reason, false),
        Wish::One(ways, why) => (ways, why),
    };
    if let Some(reason) = &claimed.unusable {
        // A claim that never had a volume has no data that could be missed.
        let is_bound = claimed.volume.claim.spec.as_ref();
        let is_bound = is_bound.is_some_and(|spec| spec.volume_name.is_some());
        return skipped(reason.clone(), is_bound);
    }
    let mut refusals = Vec::new();
    for way in &ways {
        for (at, snapshotter) in snapshotters.iter().enumerate() {
            let capabilities = snapshotter.capabilities();
            if Way::of(capabilities.method) != *way {
                continue;
            }
            let refused = match snapshotter.eligibility(&claimed.volume) {
                // What it says of itself is held against what it says of the volume.
                Eligibility::Eligible { .. }
                    if claimed.volume.is_block() && !capabilities.block =>
                {
                    block_refused(*way)
                }
                Eligibility::Eligible { .. } => {
                    return Decided {
                        decision: VolumeDecision::Taken {
                            snapshotter: snapshotter.name().to_owned(),
                            method: capabilities.method,
                            reason: why.unwrap_or_else(|| of_itself(claimed)),
                        },
                        snapshotter: Some(at),
                        is_missing: false,
                    };
                }
                Eligibility::Refused(reason) => reason,
            };
            refusals.push(format!("`{}`: {refused}", snapshotter.name()));
        }
    }
    let asked: Vec<&str> = ways.iter().map(|way| way.called()).collect();
    let asked = asked.join(" nor ");
    let mut reason = match (ways.len(), refusals.is_empty()) {
        (_, true) => format!("there is nothing here that makes {asked}"),
        (1, false) => format!("nothing can make {asked}"),
        (_, false) => format!("neither {asked} can be made"),
    };
    if let Some(why) = why {
        reason = format!("{why}, and {reason}");
    }
    if !refusals.is_empty() {
        reason = format!("{reason} ({})", refusals.join("; "));
    }
    skipped(reason, true)
}

/// E18 of ACK's backup center: files are copied through a mount, and a raw device has none.
fn block_refused(way: Way) -> String {
    match way {
        Way::Copy => {
            "it is a raw device (`volumeMode: Block`), which has no files; use a CSI snapshot"
                .to_owned()
        }
        Way::Snapshot => {
            "it is a raw device (`volumeMode: Block`), which it does not take".to_owned()
        }
    }
}

fn skipped(reason: String, is_missing: bool) -> Decided {
    Decided {
        decision: VolumeDecision::Skipped { reason },
        snapshotter: None,
        is_missing,
    }
}

/// Why a volume is taken where no setting is about it.
fn of_itself(claimed: &Claimed) -> String {
    match claimed.volume.csi() {
        Some((driver, _)) => format!("its driver is `{driver}`"),
        None => "its kind of volume is taken".to_owned(),
    }
}

fn wish(claimed: &Claimed, spec: &VolumeSpec) -> Wish {
    if opts_out(&claimed.volume.claim) {
        return Wish::Skip(format!("label `{SKIP_VOLUME_DATA}` of the claim says so"));
    }
    if let Some(it) = claimed.uses.iter().find(|it| it.opts_out) {
        return Wish::Skip(format!(
            "label `{SKIP_VOLUME_DATA}` of Pod `{}` says so",
            it.pod.name
        ));
    }
    let policies = spec.resource_policy.as_ref().and_then(|it| it.policies());
    if let Some((at, action)) = policies.and_then(|it| it.action_for(&claimed.volume)) {
        let why = format!("rule {at} of the policies says `{action}`");
        return match action {
            PolicyActionKind::Skip => Wish::Skip(why),
            PolicyActionKind::Snapshot => Wish::One(vec![Way::Snapshot], Some(why)),
            PolicyActionKind::FsBackup => Wish::One(vec![Way::Copy], Some(why)),
        };
    }
    let pod_that = |says: fn(&super::pods::Use) -> bool| claimed.uses.iter().find(|it| says(it));
    let snapshots = spec.snapshot_volumes != Some(false);
    let by_default = spec.default_volumes_to_fs_backup;
    if by_default != Some(true)
        && let Some(it) = pod_that(|it| it.wants_copy)
    {
        let why = format!(
            "annotation `{BACKUP_VOLUMES}` of Pod `{}` names it",
            it.pod.name
        );
        return Wish::One(vec![Way::Copy], Some(why));
    }
    let refused = pod_that(|it| it.refuses_copy);
    match (by_default, refused, snapshots) {
        (Some(true), None, _) => {
            let why = "`defaultVolumesToFsBackup` is set".to_owned();
            Wish::One(vec![Way::Copy], Some(why))
        }
        (None, None, true) => Wish::One(vec![Way::Snapshot, Way::Copy], None),
        (None, None, false) => Wish::One(vec![Way::Copy], None),
        (_, _, true) => Wish::One(vec![Way::Snapshot], None),
        (_, Some(it), false) => Wish::Skip(format!(
            "annotation `{BACKUP_VOLUMES_EXCLUDES}` of Pod `{}` names it, and `snapshotVolumes` is false",
            it.pod.name
        )),
        (Some(false), None, false) => Wish::Skip(
            "`snapshotVolumes` and `defaultVolumesToFsBackup` are false, and no Pod asks for a copy of it"
                .to_owned(),
        ),
    }
}
