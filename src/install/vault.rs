//! The vaults of a cluster: `BackupLocation`s.

use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams};
use serde_json::{Value, json};

use super::error::{Error, Refusal};
use super::spec::VaultSpec;
use crate::component::{GROUP, NAMESPACE, VERSION, phase};

/// What ACK's own component says of a task that has not begun.
const QUEUED: &str = "Queued";

/// The custom resources of one kind; none where the kind is not there.
pub(super) async fn list(cluster: &kube::Client, kind: &str) -> Result<Vec<DynamicObject>, Error> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(GROUP, VERSION, kind));
    let api = Api::<DynamicObject>::namespaced_with(cluster.clone(), NAMESPACE, &resource);
    match api.list(&ListParams::default()).await {
        Ok(list) => Ok(list.items),
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(Vec::new()),
        Err(error) => Err(Error::cluster(format!("list the {kind}s in `{NAMESPACE}`"))(error)),
    }
}

/// The vault to create, if it is to be: none is there, or this one was created before.
pub(super) fn wanted(
    there: &[DynamicObject],
    spec: Option<&VaultSpec>,
    notes: &mut Vec<String>,
) -> Result<Option<Value>, Refusal> {
    let Some(spec) = spec else {
        if there.is_empty() {
            notes.push(
                "there is no backup vault yet: create a BackupLocation, or name a bucket"
                    .to_owned(),
            );
        }
        return Ok(None);
    };
    let same = there
        .iter()
        .find(|it| it.metadata.name.as_deref() == Some(&spec.name));
    if let Some(same) = same {
        let storage = &same.data["spec"]["objectStorage"];
        let text = |key: &str| storage[key].as_str().unwrap_or_default();
        if (text("bucket"), text("prefix")) != (&spec.bucket, &spec.prefix) {
            return Err(Refusal::OtherVault {
                name: spec.name.clone(),
                bucket: format!("{}/{}", text("bucket"), text("prefix")),
            });
        }
        return Ok(None);
    }
    if !there.is_empty() {
        let names: Vec<_> = there
            .iter()
            .filter_map(|it| it.metadata.name.as_deref())
            .collect();
        notes.push(format!(
            "there are backup vaults already ({}): `{}` is created beside them",
            names.join(", "),
            spec.name
        ));
    }
    Ok(Some(manifest(spec)))
}

fn manifest(spec: &VaultSpec) -> Value {
    let mut storage = json!({"bucket": spec.bucket});
    if !spec.prefix.is_empty() {
        storage["prefix"] = spec.prefix.as_str().into();
    }
    json!({
        "apiVersion": format!("{GROUP}/{VERSION}"),
        "kind": "BackupLocation",
        "metadata": {"name": spec.name, "namespace": NAMESPACE},
        "spec": {
            "provider": "alibabacloud",
            "objectStorage": storage,
            "config": {"region": spec.region.as_str(), "network": spec.network.to_string()},
        },
    })
}

/// What runs: tasks whose phase says neither that they ended nor that they have not begun.
pub(super) async fn running(cluster: &kube::Client) -> Result<Vec<String>, Error> {
    let kinds = [
        "ApplicationBackup",
        "ApplicationRestore",
        "ConvertToSnapshot",
        "DeleteRequest",
    ];
    let mut tasks = Vec::new();
    for kind in kinds {
        for task in list(cluster, kind).await? {
            let word = task.data["status"]["phase"].as_str().unwrap_or_default();
            if !phase::is_over(word) && !matches!(word, "" | phase::NEW | QUEUED) {
                let name = task.metadata.name.unwrap_or_default();
                tasks.push(format!("{kind} `{name}` ({word})"));
            }
        }
    }
    Ok(tasks)
}
