//! What goes wrong is said by its step, with what to do about it.

use std::sync::Arc;

use ack_backup_center::core::credentials::StaticProvider;
use ack_backup_center::core::retry::RetryPolicy;
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::{Error, ErrorKind, Repository};
use ack_backup_center::oss::{Client, OssStore};
use kube_local::KubeLocal;

use crate::bucket::{BUCKET, Bucket, SECRET, client};

async fn failure(repository: Repository, cluster: &str) -> Error {
    let client = kube::Client::try_from(kube::Config::new(cluster.parse().unwrap())).unwrap();
    Backup::new(client, repository, BackupSpec::named("a"))
        .run()
        .await
        .unwrap_err()
}

/// The error in one line, which holds its step and its remedy.
fn says(error: &Error, parts: &[&str]) -> String {
    let text = error.chain();
    for part in parts {
        assert!(text.contains(part), "`{part}` is not in: {text}");
    }
    text
}

fn over(store: OssStore) -> Repository {
    Repository::new(Arc::new(store), "")
}

#[tokio::test]
async fn a_wrong_secret_names_the_key() {
    let (cluster, bucket) = (KubeLocal::start().await.unwrap(), Bucket::start().await);
    let error = failure(
        over(OssStore::new(bucket.client_with("wrong"), BUCKET)),
        &cluster.url(),
    )
    .await;
    assert_eq!(error.kind(), ErrorKind::Store);
    let text = says(
        &error,
        &["read the record of `a`", "check the AccessKey secret"],
    );
    assert!(!text.contains(SECRET) && !text.contains("wrong"), "{text}");
}

#[tokio::test]
async fn a_missing_bucket_names_the_bucket() {
    let (cluster, bucket) = (KubeLocal::start().await.unwrap(), Bucket::start().await);
    let error = failure(
        over(OssStore::new(bucket.client_with(SECRET), "nobody")),
        &cluster.url(),
    )
    .await;
    let remedy = "create the bucket, or check its name and region";
    says(
        &error,
        &["take the lease on the name `a`", "`nobody`", remedy],
    );
}

#[tokio::test]
async fn an_unreachable_server_names_its_address() {
    let cluster = KubeLocal::start().await.unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let error = failure(
        over(OssStore::new(
            client(&format!("http://{closed}"), SECRET),
            BUCKET,
        )),
        &cluster.url(),
    )
    .await;
    assert!(error.is_retryable());
    let remedy = "check the bucket's name, region and endpoint";
    says(&error, &["read the record of `a`", remedy]);

    let bucket = Bucket::start().await;
    let error = failure(bucket.repository(), &format!("http://{closed}")).await;
    assert_eq!(error.kind(), ErrorKind::Cluster);
    says(
        &error,
        &["discover the kinds", "check the server's address"],
    );
    // Nothing was written, and the name is free.
    assert_eq!(bucket.keys().await, Vec::<String>::new());
    Backup::new(
        kube::Client::try_from(kube::Config::new(cluster.url().parse().unwrap())).unwrap(),
        bucket.repository(),
        BackupSpec::named("a"),
    )
    .run()
    .await
    .unwrap();
}

#[tokio::test]
async fn a_clock_that_is_wrong_is_corrected_or_named() {
    let (cluster, bucket) = (KubeLocal::start().await.unwrap(), Bucket::start().await);
    bucket.cloud.clock().set_offset_seconds(20 * 60);
    // The client learns the time from the refusal, so the backup works.
    Backup::new(
        kube::Client::try_from(kube::Config::new(cluster.url().parse().unwrap())).unwrap(),
        bucket.repository(),
        BackupSpec::named("a"),
    )
    .run()
    .await
    .unwrap();
    // Without a second attempt it cannot, and says what is wrong.
    let credentials = Credentials::new(crate::bucket::ID, SECRET);
    let credentials = Arc::new(StaticProvider::new(credentials).unwrap());
    let context = Context::system().unwrap();
    let once = Client::builder(&context, Region::CN_HANGZHOU, credentials)
        .with_endpoint(bucket.cloud.endpoint().parse().unwrap())
        .with_retry(RetryPolicy::never())
        .build()
        .unwrap();
    let error = failure(over(OssStore::new(once, BUCKET)), &cluster.url()).await;
    let remedy = "this machine's clock is more than 15 minutes off";
    says(&error, &["read the record of `a`", remedy]);
}
