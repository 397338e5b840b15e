//! Volumes from before CSI.

use kube_backup_engine::volumes::{Eligibility, Volume};

/// Why a FlexVolume is not taken, by whatever; `None` for any other volume.
pub(super) fn refusal(volume: &Volume) -> Option<Eligibility> {
    let flex = volume.volume.spec.as_ref()?.flex_volume.as_ref()?;
    Some(Eligibility::refused(format!(
        "it is a FlexVolume of `{}`, which new backups do not take: migrate it to CSI first",
        flex.driver
    )))
}
