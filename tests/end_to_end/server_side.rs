//! Encryption by OSS that a store asks for: all that is stored has it, or nothing of the cluster is stored.

use std::sync::Arc;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::{ErrorKind, Repository, Selection};
use ack_backup_center::oss::{Encryption, OssStore};
use alibaba_local::{Fault, Rule};
use kube::Client;
use kube_local::KubeLocal;
use serde_json::json;

use crate::bucket::{BUCKET, Bucket, SECRET, read_whole};
use crate::cluster::{create, local_client};

const PASSWORD: &str = "hunter2-and-more";

async fn cluster() -> (KubeLocal, Client) {
    let cluster = KubeLocal::start().await.unwrap();
    let client = local_client(&cluster.url());
    let namespace = json!({"metadata": {"name": "app"}});
    create(&client, "/api/v1/namespaces", &namespace).await;
    let secret = json!({"metadata": {"name": "s"}, "stringData": {"password": PASSWORD}});
    create(&client, "/api/v1/namespaces/app/secrets", &secret).await;
    (cluster, client)
}

fn spec() -> BackupSpec {
    BackupSpec {
        selection: Selection::of_namespaces(["app"]),
        ..BackupSpec::named("a")
    }
}

/// A repository whose store asks for a key of KMS.
fn repository(bucket: &Bucket) -> Repository {
    let key_id = Some("key-1".to_owned());
    let store = OssStore::builder(bucket.client_with(SECRET), BUCKET)
        .encryption(Encryption::Kms { key_id })
        .build();
    Repository::new(Arc::new(store), "")
}

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_backup_is_encrypted_with_the_key_that_was_asked_for() {
    let ((_cluster, client), bucket) = (cluster().await, Bucket::start().await);
    let repository = repository(&bucket);
    let backup = Backup::new(client, repository.clone(), spec());
    backup.run().await.unwrap();
    assert!(!read_whole(&repository, "a").await.is_empty());
    let keys = bucket.keys().await;
    assert!(keys.len() > 3, "{keys:?}");
    for key in keys {
        let oss = bucket.client_with(SECRET);
        let headers = oss.head_object(BUCKET, &key).await.unwrap().headers;
        for (name, value) in [
            ("x-oss-server-side-encryption", "KMS"),
            ("x-oss-server-side-encryption-key-id", "key-1"),
        ] {
            assert_eq!(headers[name], value, "{key}");
        }
    }
}

/// Whoever does not say that they encrypt is sent the lease, and nothing of the cluster.
#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_says_that_it_is_encrypted_nothing_of_the_cluster_is_stored() {
    let ((_cluster, client), bucket) = (cluster().await, Bucket::start().await);
    bucket.cloud.faults().add(Rule::new(Fault::NoEncryption));
    let error = Backup::new(client, repository(&bucket), spec())
        .run()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Store, "{}", error.chain());
    let chain = error.chain();
    for word in ["lease", "encryption by `KMS` was asked for"] {
        assert!(chain.contains(word), "{chain}");
    }
    let puts = bucket.cloud.requests().all();
    let puts = puts.iter().filter(|it| it.operation == "PutObject");
    assert!(puts.clone().count() > 0);
    for put in puts {
        let key = put.key.as_deref().unwrap_or_default();
        assert!(key.contains("-lease"), "{key}");
    }
    let asked = bucket.cloud.requests().by_operation();
    assert!(!asked.contains_key("InitiateMultipartUpload"), "{asked:?}");
    let keys = bucket.keys().await;
    assert!(keys.iter().all(|key| key.contains("-lease")), "{keys:?}");
}
