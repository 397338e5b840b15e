//! What stays the same from the first to the last object of a restore.

use std::collections::HashSet;
use std::sync::Arc;

use super::bystanders::Bystanders;
use super::gate::Gate;
use super::marks::Marks;
use super::owners::OwnerKey;
use super::spec::RestoreSpec;
use super::step::TransformStep;
use super::volumes::loaded::Loaded;
use crate::cluster::writer::ClusterWriter;
use crate::deadline::Deadline;
use crate::volumes::VolumeSnapshotter;
use crate::{Digest, ObjectId, OpenBackup, RunOptions};

/// A restore's specification, its backup and its cluster.
pub(crate) struct Environment<'a> {
    pub(crate) api: ClusterWriter,
    pub(crate) spec: &'a RestoreSpec,
    pub(crate) options: &'a RunOptions,
    /// Those of the caller, in their order.
    pub(crate) steps: &'a [TransformStep],
    pub(crate) backup: &'a OpenBackup,
    /// Over what is restored.
    pub(crate) digest: Digest,
    /// Of this restore, for what it creates and changes.
    pub(crate) marks: Marks,
    pub(crate) deadline: Deadline,
    /// Whom it must not harm.
    pub(crate) bystanders: Bystanders,
    /// What decides by powers.
    pub(crate) gate: Gate<'a>,
    /// Whose uids others need.
    pub(crate) owners: HashSet<OwnerKey>,
    /// What brings the data of volumes back.
    pub(crate) snapshotters: &'a [Arc<dyn VolumeSnapshotter>],
    /// What the backup says of the volumes of chosen claims.
    pub(crate) loaded: Loaded,
    /// What volumes that are made for it are named after.
    pub(crate) restore_uid: String,
}

impl<'a> Environment<'a> {
    pub(crate) fn backup_name(&self) -> &'a str {
        self.backup.record().name()
    }

    /// Whether nothing is written, only asked.
    pub(crate) fn is_plan(&self) -> bool {
        self.api.is_dry_run()
    }

    /// Requests under way at once.
    pub(crate) fn parallel(&self) -> usize {
        self.options.restore_parallelism()
    }

    /// The namespace in the cluster of an object of the backup.
    pub(crate) fn target_of(&self, id: &ObjectId) -> Option<String> {
        id.namespace
            .as_deref()
            .map(|namespace| self.spec.target_namespace(namespace).to_owned())
    }
}
