//! Buckets that keep what was written: under a retention policy, and with versions.

use std::time::Duration;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::{ErrorKind, Repository, RunOptions, Selection};
use alibaba_local::{Fault, Rule};
use kube::Client;
use kube_local::KubeLocal;
use object_store::ObjectStoreExt as _;

use crate::bucket::{Bucket, SEED_ID, read_whole};
use crate::cluster::{fill, local_client};

fn of(client: &Client, repository: &Repository, namespace: &str, name: &str) -> Backup {
    let spec = BackupSpec {
        selection: Selection::of_namespaces([namespace]),
        ..BackupSpec::named(name)
    };
    Backup::new(client.clone(), repository.clone(), spec)
        .with_options(RunOptions::default().with_lease_duration(Duration::from_millis(200)))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_needs_to_write_nothing_over_and_to_delete_nothing() {
    let (cluster, bucket) = (KubeLocal::start().await.unwrap(), Bucket::locked().await);
    let client = local_client(&cluster.url());
    fill(&client, "big").await;
    let repository = bucket.repository_of(SEED_ID);
    let backup = |name: &str| of(&client, &repository, "big", name);
    let report = backup("a").run().await.unwrap();
    assert_eq!(report.results, Default::default(), "{report}");
    assert!(read_whole(&repository, "a").await.len() > 16);
    // A lost response is not taken for another's object, though a repetition is refused.
    for operation in ["PutObject", "CompleteMultipartUpload"] {
        let lost = Rule::new(Fault::LoseReply).operation(operation);
        for skip in 0..6 {
            bucket.cloud.faults().add(lost.clone().skip(skip).times(1));
            let name = format!("{}-{skip}", operation.to_lowercase());
            let outcome = backup(&name).run().await;
            bucket.cloud.faults().clear();
            let report = outcome.unwrap_or_else(|error| panic!("{name}: {}", error.chain()));
            assert_eq!(
                read_whole(&repository, &name).await.len() as u64,
                report.record.status.progress.unwrap().items_backed_up
            );
        }
    }
    let again = backup("a").run().await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::AlreadyExists);
    let error = repository.delete("a").await.unwrap_err();
    let text = error.chain();
    assert!(
        text.contains("record of `a`") && text.contains("retention policy"),
        "{text}"
    );
    read_whole(&repository, "a").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_with_leftovers_that_are_kept_is_refused_and_says_why() {
    let (cluster, bucket) = (KubeLocal::start().await.unwrap(), Bucket::locked().await);
    let client = local_client(&cluster.url());
    let repository = bucket.repository_of(SEED_ID);
    let backup = |name: &str| of(&client, &repository, "default", name);
    let refused = async |name: &str| {
        let error = backup(name).run().await.unwrap_err();
        let text = error.chain();
        for word in [name, "retention policy", "choose another name"] {
            assert!(text.contains(word), "{word} in {text}");
        }
        assert!(repository.record(name).await.unwrap().is_none());
    };
    // Killed after it took its lease.
    let lease = "backups/claimed/claimed-lease.json".into();
    let store = repository.store();
    store.put(&lease, r#"{"uid":"dead"}"#.into()).await.unwrap();
    refused("claimed").await;
    // Failed after its archive.
    let rule = Rule::new(Fault::Status(403, "UserDisable"));
    let rule = rule.operation("PutObject").key_contains("index.json.gz");
    bucket.cloud.faults().add(rule);
    let error = backup("written").run().await.unwrap_err();
    bucket.cloud.faults().clear();
    let left = error.left_behind().join("; ");
    assert!(
        left.contains("lease") && left.contains("retention policy"),
        "{left}"
    );
    refused("written").await;
    backup("another").run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn versions_are_no_obstacle() {
    let (cluster, bucket) = (KubeLocal::start().await.unwrap(), Bucket::versioned().await);
    let client = local_client(&cluster.url());
    fill(&client, "big").await;
    let repository = bucket.repository();
    let backup = |name: &str| of(&client, &repository, "big", name);
    // Deleted and made again: the versions of the first lie below the second.
    for _ in 0..2 {
        let report = backup("a").run().await.unwrap();
        assert_eq!(report.results, Default::default(), "{report}");
        assert!(read_whole(&repository, "a").await.len() > 16);
        let again = backup("a").run().await.unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AlreadyExists);
        repository.delete("a").await.unwrap();
        assert!(repository.list().await.unwrap().records.is_empty());
    }
}
