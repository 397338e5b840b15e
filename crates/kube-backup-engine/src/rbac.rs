//! The roles that backups and restores need in a cluster, as manifests to apply.
//!
//! ```console
//! $ kubectl apply -f rbac/backup.yaml
//! $ kubectl create clusterrolebinding backup --clusterrole=kube-backup-engine-backup --serviceaccount=backup:backup
//! ```
//!
//! | manifest | its role may | it may not |
//! |---|---|---|
//! | [`BACKUP`] | list every kind | write anything, enter Pods, reach nodes |
//! | [`HOOKS`] | run commands in Pods, where a backup or a restore has hooks | anything else |
//! | [`SNAPSHOTS`] | make and delete snapshots by CSI drivers | read what is in them |
//! | [`RESTORE`] | create, patch and look at kinds of Kubernetes, and at those added by aggregation | delete, escalate, bind, impersonate, proxy, exec |
//! | [`RESTORE_VOLUMES`] | beside [`RESTORE`]: delete Pods, make and delete VolumeSnapshots and their contents | restore anything by itself |
//! | [`RESTORE_AS`] | act as somebody, with what they may do | write as itself |
//! | [`RESTORE_DISASTER`] | everything: for a person, for as long as it takes | |
//!
//! The end-to-end tests of this workspace run under exactly these.

/// For backups.
pub const BACKUP: &str = include_str!("../rbac/backup.yaml");

/// For [backups](crate::backup::BackupHooks) and [restores](crate::restore::RestoreHooks) with hooks, besides what they
/// need without.
pub const HOOKS: &str = include_str!("../rbac/hooks.yaml");

/// For a [`CsiSnapshotter`](crate::volumes::CsiSnapshotter), whatever it is used for.
pub const SNAPSHOTS: &str = include_str!("../rbac/snapshots.yaml");

/// For restores of what grants no more than this role has.
pub const RESTORE: &str = include_str!("../rbac/restore.yaml");

/// For restores that bring the data of volumes back by CSI snapshots or through mounts, beside [`RESTORE`].
pub const RESTORE_VOLUMES: &str = include_str!("../rbac/restore-volumes.yaml");

/// For restores that [act as](crate::restore::ActAs) somebody.
pub const RESTORE_AS: &str = include_str!("../rbac/restore-as.yaml");

/// For the restore of a whole cluster.
pub const RESTORE_DISASTER: &str = include_str!("../rbac/restore-disaster.yaml");
