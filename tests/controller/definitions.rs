//! The definitions: held to what is committed, described throughout, and enforced by a real server.

use std::path::Path;

use ack_backup_center::crds::{self, GoDuration};
use http::Method;
use serde_json::{Value, json};

use crate::cluster::{list, object, plane};
use crate::manifests;

/// The text of a definition's file.
fn yaml(definition: &impl serde::Serialize) -> String {
    let text = serde_norway::to_string(definition).unwrap();
    format!(
        "# Written by the types in src/crds: UPDATE_CRDS=1 cargo test --features controller --test controller committed\n{text}"
    )
}

#[test]
fn committed_definitions_are_those_of_the_code() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/crds");
    let update = std::env::var_os("UPDATE_CRDS").is_some();
    let mut names = Vec::new();
    for definition in crds::definitions() {
        let name = format!("{}.yaml", definition.spec.names.plural);
        let wanted = yaml(&definition);
        let path = folder.join(&name);
        if update {
            std::fs::write(&path, &wanted).unwrap();
        }
        let found = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            found == wanted,
            "deploy/crds/{name} is not what the code says; write it by UPDATE_CRDS=1"
        );
        names.push(name);
    }
    let mut there: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "kustomization.yaml")
        .collect();
    there.sort();
    assert_eq!(there, names);
}

/// Calls `look` for every field below a schema, with its path.
fn walk(path: &str, schema: &Value, look: &mut impl FnMut(&str, &Value)) {
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        look(&path, field);
        walk(&path, field, look);
    }
    if schema["items"].is_object() {
        walk(&format!("{path}[]"), &schema["items"], look);
    }
    if schema["additionalProperties"].is_object() {
        walk(
            &format!("{path}{{}}"),
            &schema["additionalProperties"],
            look,
        );
    }
}

#[test]
fn every_field_is_explained() {
    let (mut silent, mut fields) = (Vec::new(), 0);
    for definition in crds::definitions() {
        let definition = serde_json::to_value(&definition).unwrap();
        let names = &definition["spec"]["names"];
        let kind = names["kind"].as_str().unwrap();
        assert_eq!(names["categories"], json!(["csdr"]), "{kind}");
        assert_eq!(names["shortNames"].as_array().unwrap().len(), 1, "{kind}");
        let version = &definition["spec"]["versions"][0];
        assert!(version["subresources"]["status"].is_object(), "{kind}");
        let columns = version["additionalPrinterColumns"].as_array().unwrap();
        assert_eq!(columns[0]["name"], "Phase", "{kind}");
        let schema = &version["schema"]["openAPIV3Schema"];
        // Unknown fields of a specification are kept, so that they can be reported.
        let spec = &schema["properties"]["spec"];
        assert_eq!(spec["x-kubernetes-preserve-unknown-fields"], true, "{kind}");
        walk(kind, schema, &mut |path, field| {
            fields += 1;
            let described = field["description"].as_str().is_some_and(|it| it.len() > 3);
            // What the API server explains itself.
            let own = [".apiVersion", ".kind", ".metadata", ".spec", ".status"];
            let own = own.iter().any(|name| path == format!("{kind}{name}"));
            if !described && !own {
                silent.push(path.to_owned());
            }
            // A status that a later version wrote is still read.
            if path.starts_with(&format!("{kind}.status")) {
                assert!(
                    field.get("enum").is_none() || path.contains(".conditions[]"),
                    "{path} is a closed list"
                );
            }
        });
    }
    assert!(silent.is_empty(), "without a description: {silent:#?}");
    assert!(fields > 150, "{fields}");
}

#[tokio::test]
async fn manifests_that_users_have_are_applied_unmodified() {
    let Some(plane) = plane() else { return };
    let client = plane.client();
    let mut applied = 0;
    for (name, manifest) in manifests::ALL {
        for object in manifests::objects(manifest) {
            let kind = object["kind"].as_str().unwrap();
            let of = object["metadata"]["name"].as_str().unwrap();
            // As kubectl does: unknown fields are errors, and nothing is kept.
            let query = "fieldManager=kubectl&fieldValidation=Strict&dryRun=All";
            let path = format!("{}/{of}?{query}", list(kind, "csdr"));
            let request = http::Request::patch(path)
                .header("content-type", "application/apply-patch+yaml")
                .body(object.to_string().into_bytes())
                .unwrap();
            let kept: Value = client
                .request(request)
                .await
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(kept["spec"], object["spec"], "{name}");
            assert_eq!(
                kept["metadata"]["annotations"],
                object["metadata"]["annotations"]
            );
            applied += 1;
        }
    }
    assert_eq!(applied, 7);
}

/// What the server says of a new object; nothing when it takes it.
async fn refusal(client: &kube::Client, kind: &str, spec: Value) -> Option<String> {
    let path = format!("{}?dryRun=All", list(kind, "csdr"));
    let new = object(kind, &control_plane::unique_name("it"), &spec);
    match test_support::send(client, Method::POST, &path, &new).await {
        Ok(_) => None,
        Err(error) => Some(error.to_string()),
    }
}

#[tokio::test]
async fn what_contradicts_itself_is_refused_in_plain_words() {
    let Some(plane) = plane() else { return };
    let client = plane.client();
    let vault = |change: Value| {
        let mut spec = json!({"objectStorage": {"bucket": "cnfs-oss-a"}});
        json_patch::merge(&mut spec, &change);
        spec
    };
    for (kind, spec, words) in [
        (
            "BackupLocation",
            vault(json!({"provider": "aws"})),
            "the provider is alibabacloud",
        ),
        (
            "BackupLocation",
            vault(json!({"objectStorage": {"bucket": "Not_A_Bucket"}})),
            "no name of an OSS bucket",
        ),
        (
            "BackupLocation",
            vault(json!({"objectStorage": {"bucket": null}})),
            "bucket",
        ),
        (
            "BackupLocation",
            vault(json!({"config": {"network": "wifi"}})),
            "internal, public or accelerate",
        ),
        (
            "BackupLocation",
            vault(json!({"backupSyncPeriod": "often"})),
            "no span of time",
        ),
        (
            "BackupLocation",
            vault(json!({"validationFrequency": "-5m"})),
            "no span of time",
        ),
        (
            "BackupLocation",
            vault(json!({"accessMode": "None"})),
            "ReadOnly",
        ),
        (
            "ApplicationBackup",
            json!({"storageLocation": "a", "ttl": "soon"}),
            "no span of time",
        ),
        (
            "ApplicationBackup",
            json!({"storageLocation": "a", "includedNamespaces": "shop"}),
            "array",
        ),
        (
            "ApplicationBackup",
            json!({"storageLocation": "a", "labelSelector": {}, "orLabelSelectors": [{}]}),
            "not by both",
        ),
        (
            "ApplicationRestore",
            json!({}),
            "name either the backup to restore",
        ),
        (
            "ApplicationRestore",
            json!({"backupName": "a", "scheduleName": "b"}),
            "name either the backup to restore",
        ),
        (
            "ApplicationRestore",
            json!({"backupName": "a", "existingResourcePolicy": "all"}),
            "update",
        ),
        (
            "ApplicationRestore",
            json!({"backupName": "a", "resourceModifier": {"kind": "Secret", "name": "x"}}),
            "stand in a ConfigMap",
        ),
        (
            "BackupSchedule",
            json!({"schedule": "CRON_TZ=UTC 1 4 * * *", "template": {}}),
            "say the time zone in timeZone",
        ),
        (
            "BackupSchedule",
            json!({"schedule": "1 4 * * *"}),
            "template",
        ),
        (
            "DeleteRequest",
            json!({"deleteObjectName": "a", "deleteObjectType": "Vault"}),
            "Restore",
        ),
        (
            "DeleteRequest",
            json!({"deleteObjectType": "Backup"}),
            "deleteObjectName",
        ),
        (
            "ConvertToSnapshot",
            json!({"convertedarg": []}),
            "backupName",
        ),
    ] {
        let said = refusal(&client, kind, spec.clone()).await;
        let said = said.unwrap_or_else(|| panic!("{kind} {spec} was taken"));
        assert!(said.contains(words), "{kind} {spec}: {said}");
    }
    for (kind, spec) in [
        (
            "BackupLocation",
            vault(json!({"config": {"network": "Public", "zone": "cn-hangzhou-b"}})),
        ),
        (
            "ApplicationBackup",
            json!({"storageLocation": "a", "fromTheFuture": {"a": [1]}}),
        ),
        (
            "ApplicationRestore",
            json!({"scheduleName": "daily", "restorePVs": true}),
        ),
        (
            "BackupSchedule",
            json!({"schedule": "@daily", "timeZone": "Asia/Shanghai", "template": {"storageLocation": "a"}}),
        ),
    ] {
        assert_eq!(refusal(&client, kind, spec).await, None, "{kind}");
    }
}

#[tokio::test]
async fn what_would_mean_something_else_cannot_change_and_a_vault_can_be_patched() {
    let Some(plane) = plane() else { return };
    let client = plane.client();
    let changes = [
        (
            "BackupLocation",
            json!({"objectStorage": {"bucket": "cnfs-oss-a", "prefix": "team1"}, "config": {"network": "internal"}}),
            vec![
                (
                    json!({"objectStorage": {"bucket": "cnfs-oss-b"}}),
                    Some("keeps its bucket and prefix"),
                ),
                (
                    json!({"objectStorage": {"prefix": null}}),
                    Some("keeps its bucket and prefix"),
                ),
                // As the FAQ says to leave the internal network.
                (
                    json!({"config": {"network": "public", "region": "cn-beijing"}}),
                    None,
                ),
                (json!({"validationFrequency": "1m"}), None),
            ],
        ),
        (
            "ApplicationBackup",
            json!({"storageLocation": "a", "includedNamespaces": ["shop"], "labelSelector": {"matchLabels": {"a": "b"}}}),
            vec![
                (
                    json!({"includedNamespaces": ["shop", "bank"]}),
                    Some("stays what it was asked to be"),
                ),
                (
                    json!({"storageLocation": "b"}),
                    Some("stays what it was asked to be"),
                ),
                (
                    json!({"excludedResources": ["secrets"]}),
                    Some("stays what it was asked to be"),
                ),
                (
                    json!({"labelSelector": {"matchLabels": {"a": "c"}}}),
                    Some("stays what it was asked to be"),
                ),
                (
                    json!({"labelSelector": null}),
                    Some("stays what it was asked to be"),
                ),
            ],
        ),
        (
            "ApplicationRestore",
            json!({"backupName": "a", "namespaceMapping": {"shop": "shop-dr"}}),
            vec![
                (
                    json!({"namespaceMapping": {"shop": "shop"}}),
                    Some("stays what it was asked to be"),
                ),
                (
                    json!({"convertedarg": [{"namespace": "shop"}]}),
                    Some("stays what it was asked to be"),
                ),
            ],
        ),
        (
            "BackupSchedule",
            json!({"schedule": "@daily", "template": {"storageLocation": "a", "includedNamespaces": ["shop"]}}),
            vec![(json!({"paused": true, "schedule": "@hourly"}), None)],
        ),
        (
            "DeleteRequest",
            json!({"deleteObjectName": "a", "deleteObjectType": "Backup"}),
            vec![(json!({"deleteObjectName": "b"}), Some("stays what it is"))],
        ),
    ];
    for (kind, spec, patches) in changes {
        let name = control_plane::unique_name("it");
        test_support::create(&client, &list(kind, "csdr"), object(kind, &name, &spec)).await;
        let path = format!("{}/{name}", list(kind, "csdr"));
        for (change, words) in patches {
            let patch = json!({"spec": change});
            let said = test_support::send(&client, Method::PATCH, &path, &patch).await;
            match (said, words) {
                (Ok(_), None) => {}
                (Err(error), Some(words)) if error.to_string().contains(words) => {}
                (said, _) => panic!("{kind} {change}: {said:?}"),
            }
        }
        test_support::delete(&client, &path).await;
    }
}

#[tokio::test]
async fn an_object_comes_back_as_it_was_written() {
    let Some(plane) = plane() else { return };
    let client = plane.client();
    let name = control_plane::unique_name("it");
    let spec = json!({
        "storageLocation": "a",
        "ttl": "720h0m0s",
        "labelSelector": {"matchExpressions": [{"key": "tier", "operator": "In", "values": ["web"]}]},
        "hooks": {"resources": []},
    });
    let kind = "ApplicationBackup";
    test_support::create(&client, &list(kind, "csdr"), object(kind, &name, &spec)).await;
    let backups = kube::Api::<crds::ApplicationBackup>::namespaced(client.clone(), "csdr");
    let backup = backups.get(&name).await.unwrap();
    assert_eq!(backup.spec.ttl, Some(GoDuration::from("720h0m0s")));
    assert_eq!(backup.spec.unknown.keys().collect::<Vec<_>>(), ["hooks"]);
    assert_eq!(serde_json::to_value(&backup.spec).unwrap(), spec);
    // A phase that only a later version knows.
    let path = format!("{}/{name}", list(kind, "csdr"));
    let status = json!({"status": {"phase": "Fermenting", "progress": {"lists": 1, "objects": 2}}});
    test_support::patch(&client, &format!("{path}/status"), &status).await;
    let backup = backups.get(&name).await.unwrap();
    assert_eq!(backup.status.unwrap().phase.as_deref(), Some("Fermenting"));
    test_support::delete(&client, &path).await;
}
