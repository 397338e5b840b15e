//! Digests that somebody noted: of a record, and of a plan.

use std::sync::Arc;

use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::{Digest, EntryFilter, ErrorKind, Selection};
use kube_local::KubeLocal;
use object_store::memory::InMemory;
use object_store::{ObjectStore, ObjectStoreExt as _};
use sha2::{Digest as _, Sha256};

use super::{backed_up, bytes, keys};
use crate::cluster;
use crate::hostile::forge::Forgery;
use crate::hostile::tarball::{Tarball, foreign_backup};

#[tokio::test]
async fn a_backup_with_another_record_than_the_one_expected_is_refused() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (_cluster, repository, report) = backed_up(Arc::clone(&store)).await;
    assert!(
        report
            .to_string()
            .contains(&format!("record SHA-256 {}", report.record_sha256)),
        "{report}"
    );
    let noted: Digest = report.record_sha256;
    let open = async || repository.open("a").await.unwrap().expecting(noted);
    open().await.unwrap();
    // All digests agree, and it is another record.
    let mut forgery = Forgery::of(&repository).await;
    forgery.record["metadata"]["labels"] = serde_json::json!({"forged": "yes"});
    forgery.put(&repository).await;
    assert_eq!(open().await.unwrap_err().kind(), ErrorKind::Untrusted);
}

#[tokio::test]
async fn a_record_without_digests_vouches_for_nothing() {
    let repository = foreign_backup(Tarball::new().finish()).await;
    let backup = repository.open("a").await.unwrap();
    let noted = backup.record_sha256();
    let error = backup.expecting(noted).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Untrusted);
}

#[tokio::test]
async fn a_run_that_expects_a_plan_restores_what_was_planned_or_nothing() {
    let store: Arc<dyn ObjectStore> = Arc::new(InMemory::new());
    let (_cluster, repository, _) = backed_up(Arc::clone(&store)).await;
    let target = KubeLocal::start().await.unwrap();
    let restore = async |spec: RestoreSpec| {
        let backup = repository.open("a").await.unwrap();
        Restore::new(cluster::client(&target), backup, spec)
    };
    let spec = RestoreSpec::named("r");
    let plan = restore(spec.clone()).await.plan().await.unwrap();
    assert!(
        plan.to_string()
            .contains(&format!("digest {}", plan.digest))
    );

    // Computed again by what is documented.
    let backup = repository.open("a").await.unwrap();
    let mut entries = backup.entries(&EntryFilter::default()).await.unwrap();
    entries.sort_by(|a, b| a.id.cmp(&b.id));
    let record = bytes(store.as_ref(), "backups/a/velero-backup.json").await;
    let mut text = format!("{}  velero-backup.json\n", Digest::of(&record));
    for entry in &entries {
        let place = match &entry.id.namespace {
            Some(namespace) => format!("namespaces/{namespace}"),
            None => "cluster".to_owned(),
        };
        let path = format!(
            "resources/{}/{place}/{}.json",
            entry.id.resource, entry.id.name
        );
        text.push_str(&format!("{}  {path}\n", entry.sha256));
    }
    assert_eq!(plan.items.len(), entries.len());
    let digest: [u8; 32] = Sha256::digest(text).into();
    assert_eq!(plan.digest, Digest::from(digest));

    let before = target.requests().writes();
    let fewer = RestoreSpec {
        selection: Selection {
            excluded_resources: vec!["secrets".to_owned()],
            ..Selection::default()
        },
        ..spec.clone()
    };
    let other_spec = restore(fewer).await.expecting(plan.digest).run().await;
    assert_eq!(other_spec.unwrap_err().kind(), ErrorKind::Untrusted);

    let mut whole = Vec::new();
    for key in keys(store.as_ref()).await {
        whole.push((key.clone(), bytes(store.as_ref(), key.as_ref()).await));
    }
    let mut forgery = Forgery::of(&repository).await;
    forgery.record["metadata"]["labels"] = serde_json::json!({"forged": "yes"});
    forgery.put(&repository).await;
    let forged = restore(spec.clone())
        .await
        .expecting(plan.digest)
        .run()
        .await;
    assert_eq!(forged.unwrap_err().kind(), ErrorKind::Untrusted);
    assert_eq!(target.requests().writes(), before, "something was restored");

    for (key, bytes) in whole {
        store.put(&key, bytes.into()).await.unwrap();
    }
    let report = restore(spec).await.expecting(plan.digest).run().await;
    assert!(report.unwrap().is_complete());
}
