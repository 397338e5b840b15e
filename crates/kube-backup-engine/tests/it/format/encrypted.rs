//! Encrypted backups that are kept, as they were written once: they are to be read for ever.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use futures::TryStreamExt as _;
use kube_backup_engine::encryption::{EncryptionMode, Identity};
use kube_backup_engine::verify::Verify;
use kube_backup_engine::{EntryFilter, Repository};
use object_store::local::LocalFileSystem;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/encryption");

fn repository() -> Repository {
    let store = LocalFileSystem::new_with_prefix(FOLDER).unwrap();
    let identity = include_str!("../../fixtures/encryption/identity.txt");
    Repository::new(Arc::new(store), "").with_identities(Identity::all_of(identity).unwrap())
}

#[tokio::test]
async fn encrypted_backups_that_are_kept_are_read() {
    for (name, mode) in [
        ("secrets", EncryptionMode::Secrets),
        ("all", EncryptionMode::All),
    ] {
        for repository in [repository(), repository().ignoring_indexes()] {
            let backup = repository.open(name).await.unwrap();
            assert_eq!(backup.encryption().unwrap().mode, mode);
            let secret = EntryFilter {
                names: ["phrase".to_owned()].into(),
                ..EntryFilter::default()
            };
            let entries = backup.entries(&secret).await.unwrap();
            let objects: Vec<_> = backup.read(&entries).try_collect().await.unwrap();
            let [(entry, json)] = &objects[..] else {
                panic!("{objects:?}")
            };
            assert_eq!(entry.id.to_string(), "secrets shop/phrase");
            let secret: serde_json::Value = serde_json::from_slice(json).unwrap();
            // base64 of `correct horse battery staple`
            let value = "Y29ycmVjdCBob3JzZSBiYXR0ZXJ5IHN0YXBsZQ==";
            assert_eq!(secret["data"]["value"], value);
            assert!(backup.resource_list().await.unwrap().unwrap()["v1/Secret"].len() >= 4);
            assert!(backup.results().await.unwrap().is_some());
        }
        let report = Verify::new(repository(), name).run().await.unwrap();
        assert!(report.is_restorable(), "{report}");
    }
}

/// What is written down is what is written.
#[test]
fn every_name_of_them_stands_in_the_specification() {
    let specification = include_str!("../../../FORMAT.md");
    let mut names = BTreeSet::new();
    for name in ["secrets", "all"] {
        let folder = Path::new(FOLDER).join("backups").join(name);
        for file in std::fs::read_dir(&folder).unwrap() {
            let file = file.unwrap().file_name().into_string().unwrap();
            names.insert(match file.strip_prefix(name) {
                Some(rest) => format!("B{rest}"),
                None => file,
            });
        }
        let record = std::fs::read(folder.join("velero-backup.json")).unwrap();
        let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
        for annotation in record["metadata"]["annotations"]
            .as_object()
            .unwrap()
            .keys()
        {
            assert!(
                specification.contains(&format!("`{annotation}`"))
                    || annotation.starts_with("velero.io/")
            );
        }
    }
    assert_eq!(names.len(), 11, "{names:?}");
    for name in names {
        assert!(
            specification.contains(&format!("`backups/B/{name}`")),
            "{name}"
        );
    }
}
