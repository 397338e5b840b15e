//! What the vendor's page grants is enough, and what it does not grant is said.

use std::collections::BTreeSet;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{Restore, RestoreSpec};
use ack_backup_center::engine::seal::{SigningKey, Trust};
use ack_backup_center::engine::{Error, ErrorKind, Repository, Selection};
use ack_backup_center::oss::Operation;
use ack_backup_center::ram::ack::OSS_ACTIONS;
use ack_backup_center::ram::{ResourceForm, known_action};
use alibaba_local::{Fault, LocalCloud, Rule, User};
use kube_local::KubeLocal;

use crate::bucket::{BUCKET, Bucket, SECRET, SEED_ACTIONS, SEED_ID, read_whole};
use crate::cluster::{fill, local_client};

fn of(namespace: &str) -> BackupSpec {
    BackupSpec {
        selection: Selection::of_namespaces([namespace]),
        ..BackupSpec::named("a")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_seven_actions_of_the_page_do_for_everything() {
    let (cluster, bucket) = (KubeLocal::start().await.unwrap(), Bucket::start().await);
    let client = local_client(&cluster.url());
    fill(&client, "big").await;
    let repository = bucket.repository_of(SEED_ID);
    // Small ones are one put each.
    let small = BackupSpec {
        selection: Selection {
            excluded_resources: vec!["configmaps".into()],
            ..of("big").selection
        },
        ..of("big")
    };
    Backup::new(client.clone(), repository.clone(), small)
        .run()
        .await
        .unwrap();
    let asked = bucket.cloud.requests().by_operation();
    assert!(!asked.contains_key("InitiateMultipartUpload"), "{asked:?}");
    repository.delete("a").await.unwrap();

    let key = SigningKey::generate().unwrap();
    let repository = repository.with_trust(Trust::of(key.verifying_key()));
    Backup::new(client.clone(), repository.clone(), of("big"))
        .sealed_with(key)
        .run()
        .await
        .unwrap();
    let asked = bucket.cloud.requests().by_operation();
    assert_eq!(asked["CompleteMultipartUpload"], 1, "{asked:?}");
    let sealed = "backups/a/a-seal.json".to_owned();
    assert!(bucket.keys().await.contains(&sealed));
    assert!(read_whole(&repository, "a").await.len() > 16);
    assert_eq!(repository.list().await.unwrap().records.len(), 1);
    let spec = RestoreSpec {
        namespace_mapping: [("big".to_owned(), "copy".to_owned())].into(),
        ..RestoreSpec::named("r")
    };
    let backup = repository.open("a").await.unwrap();
    let report = Restore::new(client, backup, spec).run().await.unwrap();
    assert!(report.is_complete(), "{report}");
    repository.delete("a").await.unwrap();
    assert_eq!(bucket.keys().await, Vec::<String>::new());
    // The store asks once whether the bucket keeps versions, and does without the response.
    let refused = bucket.cloud.requests().all();
    let refused = refused.iter().filter(|r| r.status == Some(403));
    let refused: Vec<_> = refused.map(|r| r.operation).collect();
    assert_eq!(refused, ["GetBucketVersioning"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_that_may_not_be_aborted_is_reported_with_what_to_do() {
    let (cluster, bucket) = (KubeLocal::start().await.unwrap(), Bucket::start().await);
    let client = local_client(&cluster.url());
    fill(&client, "big").await;
    let fault = Fault::Status(403, "UserDisable");
    bucket
        .cloud
        .faults()
        .add(Rule::new(fault).operation("CompleteMultipartUpload"));
    let repository = bucket.repository_of(SEED_ID);
    let error = Backup::new(client.clone(), repository.clone(), of("big"))
        .run()
        .await
        .unwrap_err();
    bucket.cloud.faults().clear();
    assert_eq!(error.kind(), ErrorKind::Store);
    assert_eq!(error.left_behind().len(), 1, "{}", error.chain());
    let left = &error.left_behind()[0];
    for word in [
        "backups/a/a.tar.gz",
        "billed",
        "lifecycle rule",
        "right to abort",
    ] {
        assert!(left.contains(word), "{left}");
    }
    assert!(error.chain().contains(left), "{}", error.chain());
    assert_eq!(bucket.uploads().await, 1);
    // It is in nobody's way, and whoever has the right clears it away.
    Backup::new(client, repository, of("big"))
        .run()
        .await
        .unwrap();
    let swept = bucket
        .client_with(SECRET)
        .abort_stale_uploads(BUCKET, "backups/", std::time::Duration::ZERO)
        .await
        .unwrap();
    assert_eq!((swept.aborted.len(), swept.failed.len()), (1, 0));
    assert_eq!(bucket.uploads().await, 0);
}

/// What fails, of a backup and its deletion, for a user who lacks one of the seven actions.
async fn without(client: &kube::Client, action: &str) -> Option<Error> {
    let rights = SEED_ACTIONS.into_iter().filter(|one| *one != action);
    let user = User::new("LTAI-less", SECRET).allow_only(rights);
    let bucket = Bucket::with_users(LocalCloud::builder().bucket(BUCKET), [user]).await;
    let repository = bucket.repository_of("LTAI-less");
    whole_life(client, &repository).await.err()
}

async fn whole_life(
    client: &kube::Client,
    repository: &Repository,
) -> ack_backup_center::engine::Result<()> {
    Backup::new(client.clone(), repository.clone(), of("default"))
        .run()
        .await?;
    assert_eq!(repository.list().await?.records.len(), 1);
    repository.open("a").await?;
    repository.delete("a").await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_action_that_is_used_the_step_is_named() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = local_client(&cluster.url());
    for (action, step) in [
        ("oss:PutObject", "take the lease on the name `a`"),
        ("oss:GetObject", "read the record of `a`"),
        ("oss:DeleteObject", "delete the record of `a`"),
        ("oss:ListObjects", "list what lies below `backups/a`"),
    ] {
        let error = without(&client, action).await;
        let text = error
            .unwrap_or_else(|| panic!("{action} is not needed"))
            .chain();
        assert!(
            text.contains(step) && text.contains("action"),
            "{action}: {text}"
        );
    }
    // The page grants these as well; a backup does not need them.
    for action in ["oss:GetBucket", "oss:ListBuckets", "oss:GetBucketStat"] {
        assert!(without(&client, action).await.is_none(), "{action}");
    }
}

#[test]
fn the_table_of_rights_has_every_operation_of_oss_with_its_resource() {
    for operation in Operation::ALL {
        for right in [operation.action(), operation.version_action()] {
            let action = known_action(right).unwrap_or_else(|| panic!("{right}"));
            let forms: Vec<String> = action
                .resources()
                .iter()
                .map(ResourceForm::pattern)
                .collect();
            assert_eq!(forms, [operation.resource().within("*")], "{right}");
        }
    }
    let named: BTreeSet<&str> = Operation::ALL.iter().map(Operation::action).collect();
    // `GetBucket` is the older name of `ListObjects`, which is what is called.
    assert_eq!(SEED_ACTIONS, OSS_ACTIONS);
    for right in OSS_ACTIONS
        .iter()
        .filter(|right| **right != "oss:GetBucket")
    {
        assert!(named.contains(right), "{right}");
    }
}
