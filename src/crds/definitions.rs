//! What a cluster is told of the kinds.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::CustomResourceExt as _;

use super::{
    ApplicationBackup, ApplicationRestore, BackupLocation, BackupSchedule, ConvertToSnapshot,
    DeleteRequest,
};

/// The definitions of all kinds, by name. The same stand as YAML in `deploy/crds/`.
#[must_use]
pub fn definitions() -> Vec<CustomResourceDefinition> {
    let mut all = vec![
        ApplicationBackup::crd(),
        ApplicationRestore::crd(),
        BackupLocation::crd(),
        BackupSchedule::crd(),
        ConvertToSnapshot::crd(),
        DeleteRequest::crd(),
    ];
    all.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    all
}
