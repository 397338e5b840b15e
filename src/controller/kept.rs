//! What is kept in memory of each object that is watched: of one that is over, no more than somebody reads.

use std::mem::take;

use kube::ResourceExt;

use crate::crds::{
    ApplicationBackup, ApplicationBackupSpec, ApplicationBackupStatus, ApplicationRestore,
    ApplicationRestoreSpec, ApplicationRestoreStatus, BackupLocation, BackupSchedule,
    ConvertToSnapshot, ConvertToSnapshotSpec, ConvertToSnapshotStatus, DeleteRequest,
    SCHEDULE_LABEL, SYNCED_FROM, phase,
};

/// What `kubectl apply` writes: the whole object once more.
const APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A kind of which objects are kept.
pub(super) trait Kept: ResourceExt {
    /// The phase of work that comes to an end.
    fn phase(&self) -> Option<&str> {
        None
    }

    /// Lets go of what nobody reads of one that is over. Whoever writes its status, which is written whole, asks the API server for it.
    fn shrink(&mut self) {}

    /// Lets go of what nobody reads.
    fn keep_what_is_read(&mut self) {
        self.meta_mut().managed_fields = None;
        if self.meta().annotations.is_some() {
            self.annotations_mut().remove(APPLIED);
        }
        if self.phase().is_some_and(phase::is_over) {
            // Of all that are written there, these are read.
            if self.meta().labels.is_some() {
                self.labels_mut().retain(|name, _| name == SCHEDULE_LABEL);
            }
            if self.meta().annotations.is_some() {
                self.annotations_mut().retain(|name, _| name == SYNCED_FROM);
            }
            self.meta_mut().owner_references = None;
            self.shrink();
        }
    }
}

impl Kept for BackupLocation {}
impl Kept for BackupSchedule {}
impl Kept for DeleteRequest {}

impl Kept for ApplicationBackup {
    fn phase(&self) -> Option<&str> {
        self.status.as_ref()?.phase.as_deref()
    }

    /// Retention, metrics, looks at vaults and proofs read it.
    fn shrink(&mut self) {
        let spec = take(&mut self.spec);
        self.spec = ApplicationBackupSpec {
            storage_location: spec.storage_location,
            verification: spec.verification,
            ..ApplicationBackupSpec::default()
        };
        self.status = self.status.take().map(|status| ApplicationBackupStatus {
            phase: status.phase,
            start_timestamp: status.start_timestamp,
            completion_timestamp: status.completion_timestamp,
            expiration: status.expiration,
            objects: status.objects,
            archive_bytes: status.archive_bytes,
            warnings: status.warnings,
            errors: status.errors,
            backup_uid: status.backup_uid,
            source_cluster: status.source_cluster,
            from_schedule: status.from_schedule,
            verification: status.verification,
            ..ApplicationBackupStatus::default()
        });
    }
}

impl Kept for ApplicationRestore {
    fn phase(&self) -> Option<&str> {
        self.status.as_ref()?.phase.as_deref()
    }

    fn shrink(&mut self) {
        self.spec = ApplicationRestoreSpec::default();
        self.status = self.status.take().map(|status| ApplicationRestoreStatus {
            phase: status.phase,
            ..ApplicationRestoreStatus::default()
        });
    }
}

impl Kept for ConvertToSnapshot {
    fn phase(&self) -> Option<&str> {
        self.status.as_ref()?.phase.as_deref()
    }

    fn shrink(&mut self) {
        self.spec = ConvertToSnapshotSpec::default();
        self.status = self.status.take().map(|status| ConvertToSnapshotStatus {
            phase: status.phase,
            ..ConvertToSnapshotStatus::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A backup with so many volumes, messages and labels, in this phase.
    fn backup(phase: &str, many: usize) -> ApplicationBackup {
        let names: Vec<String> = (0..many).map(|number| format!("name-{number}")).collect();
        let labels: std::collections::BTreeMap<_, _> =
            names.iter().map(|name| (name, "a label")).collect();
        let mut object = json!({
            "apiVersion": "csdr.alibabacloud.com/v1beta1", "kind": "ApplicationBackup",
            "metadata": {
                "name": "day", "namespace": "csdr", "uid": "u", "resourceVersion": "7", "generation": 2,
                "labels": labels,
                "annotations": {SYNCED_FROM: "v", APPLIED: "all of it ".repeat(many)},
                "managedFields": [{"manager": "kubectl", "operation": "Apply"}],
            },
            "spec": {
                "storageLocation": "vault", "verification": "Drill", "ttl": "720h", "includedNamespaces": names,
                "pvBackup": {"defaultPvBackup": true}, "other": names,
            },
            "status": {
                "phase": phase, "startTimestamp": "2026-11-01T00:00:00Z", "completionTimestamp": "2026-11-01T00:01:00Z",
                "expiration": "2026-12-01T00:00:00Z", "objects": 7, "archiveBytes": 8, "warnings": 1, "errors": 2,
                "backupUid": "v", "sourceCluster": "c", "fromSchedule": "plan", "firstMessages": names,
                "volumes": names.iter().map(|name| json!({"persistentVolume": name})).collect::<Vec<_>>(),
                "verification": {"phase": "Failed", "level": "Drill", "firstDifference": "a field"},
                "conditions": [{"type": "Ready", "status": "True", "reason": "Completed", "message": "m".repeat(many),
                    "lastTransitionTime": "2026-11-01T00:00:00Z"}],
            },
        });
        object["metadata"]["labels"][SCHEDULE_LABEL] = json!("plan");
        serde_json::from_value(object).unwrap()
    }

    fn kept<K: Kept + serde::Serialize>(mut object: K) -> Value {
        object.keep_what_is_read();
        serde_json::to_value(object).unwrap()
    }

    #[test]
    fn a_backup_that_is_over_costs_the_same_however_much_is_in_it() {
        for over in ["Completed", "PartiallyFailed", "Failed"] {
            assert_eq!(kept(backup(over, 0)), kept(backup(over, 100)));
        }
        let left = kept(backup("Completed", 100));
        assert_eq!(
            left,
            json!({
                "apiVersion": "csdr.alibabacloud.com/v1beta1", "kind": "ApplicationBackup",
                "metadata": {
                    "name": "day", "namespace": "csdr", "uid": "u", "resourceVersion": "7", "generation": 2,
                    "labels": {SCHEDULE_LABEL: "plan"}, "annotations": {SYNCED_FROM: "v"},
                },
                "spec": {"storageLocation": "vault", "verification": "Drill"},
                "status": {
                    "phase": "Completed", "startTimestamp": "2026-11-01T00:00:00Z", "completionTimestamp": "2026-11-01T00:01:00Z",
                    "expiration": "2026-12-01T00:00:00Z", "objects": 7, "archiveBytes": 8, "warnings": 1, "errors": 2,
                    "backupUid": "v", "sourceCluster": "c", "fromSchedule": "plan",
                    "verification": {"phase": "Failed", "level": "Drill", "firstDifference": "a field"},
                },
            })
        );
    }

    #[test]
    fn what_is_under_way_is_kept_whole() {
        let whole = backup("InProgress", 100);
        let mut wanted = serde_json::to_value(&whole).unwrap();
        let metadata = wanted["metadata"].as_object_mut().unwrap();
        metadata.remove("managedFields");
        metadata["annotations"] = json!({SYNCED_FROM: "v"});
        assert_eq!(kept(whole), wanted);
    }

    #[test]
    fn of_a_restore_and_a_conversion_that_are_over_it_is_known_that_they_are() {
        let of = |kind: &str| {
            json!({
                "apiVersion": "csdr.alibabacloud.com/v1beta1", "kind": kind,
                "metadata": {"name": "day", "uid": "u", "labels": {"a": "b"}, "annotations": {"c": "d"}},
                "spec": {"backupName": "day", "convertedarg": [], "includedNamespaces": ["shop"]},
                "status": {"phase": "Completed", "message": "done", "storageLocation": "vault"},
            })
        };
        let restore: ApplicationRestore = serde_json::from_value(of("ApplicationRestore")).unwrap();
        let conversion: ConvertToSnapshot =
            serde_json::from_value(of("ConvertToSnapshot")).unwrap();
        for left in [kept(restore), kept(conversion)] {
            assert_eq!(left["status"], json!({"phase": "Completed"}));
            assert_eq!(left["metadata"]["uid"], "u");
            assert!(!left.to_string().contains("shop"), "{left}");
        }
    }
}
