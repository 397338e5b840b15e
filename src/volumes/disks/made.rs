//! What is said of a snapshot when it is made: for how long it is kept, and what it is for.

use std::time::Duration;

use alibaba_ecs_snapshot::SnapshotId;
use kube_backup_engine::Result;
use kube_backup_engine::volumes::VolumeRecord;

use super::shared::Shared;
use crate::volumes::failure::Failure;

/// For how many days ECS keeps it, as an attribute of its record.
pub(super) const RETENTION: &str = "retentionDays";
/// Why a volume is of no group although others of its zone are.
pub(super) const SEPARATELY: &str = "separately";

/// Whole days, so that nothing goes before its time: 1 to 65536.
pub(super) fn days(retain: Duration) -> u32 {
    let days = retain.as_secs().div_ceil(86_400).clamp(1, 65_536);
    u32::try_from(days).unwrap_or(65_536)
}

/// What a snapshot is for, in up to 256 characters.
pub(super) fn description(record: &VolumeRecord) -> String {
    let claim = &record.claim;
    let text = format!("claim {claim}, backup {}", record.backup_uid);
    text.chars().take(256).collect()
}

impl Shared {
    /// Gives a member of a group the name and the description that it cannot be given when it is made.
    pub(super) async fn name_member(&self, record: &VolumeRecord) -> Result<()> {
        let Some(handle) = record.handle.clone() else {
            return Ok(());
        };
        let ecs = self.ecs_in(record.region.as_deref())?;
        let call = ecs
            .modify_snapshot_attribute(SnapshotId::new(&handle))
            .snapshot_name(record.name.as_str())
            .description(description(record));
        let step = format!("give the snapshot `{handle}` of a group a name of its own");
        call.send().await.map_err(Failure::of(step))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retentions_are_whole_days_within_bounds() {
        let hours = |hours: u64| days(Duration::from_secs(hours * 3600));
        assert_eq!([0, 1, 24, 25, 720].map(hours), [1, 1, 1, 2, 30]);
        assert_eq!(days(Duration::MAX), 65_536);
    }
}
