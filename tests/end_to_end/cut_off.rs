//! Backups that are cut off at any moment leave nothing that looks like one.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::{Repository, RunOptions};
use ack_backup_center::oss::OssStore;
use futures::TryStreamExt as _;
use kube::Client;
use kube_local::KubeLocal;
use object_store::ObjectStoreExt as _;
use object_store::path::Path;

use crate::bucket::{BUCKET, Bucket, SECRET};
use crate::cluster::fill;

const TIMES: usize = 100;

fn backup(client: &Client, repository: &Repository) -> Backup {
    Backup::new(client.clone(), repository.clone(), BackupSpec::named("a"))
        .with_options(RunOptions::default().with_lease_duration(Duration::from_millis(300)))
}

/// Polls a future until `there`, and `polls` times more; then drops it. `None` unless it was done.
async fn drop_when<T>(
    future: impl Future<Output = T>,
    there: impl Fn() -> bool,
    polls: usize,
) -> Option<T> {
    let mut future = pin!(future);
    let mut left = polls;
    poll_fn(|context| {
        if there() {
            if left == 0 {
                return Poll::Ready(None);
            }
            left -= 1;
        }
        future.as_mut().poll(context).map(Some)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_cut_off_anywhere_is_none_and_its_name_is_free() {
    let cluster = KubeLocal::start().await.unwrap();
    let client = kube::Client::try_from(kube::Config::new(cluster.url().parse().unwrap())).unwrap();
    let bucket = Bucket::start().await;
    let repository = bucket.repository();
    let store = OssStore::new(bucket.client_with(SECRET), BUCKET);
    fill(&client, "big").await;
    let asked = || cluster.requests().count() + bucket.cloud.requests().len();
    backup(&client, &repository).run().await.unwrap();
    let whole = asked();
    assert!(
        store
            .head(&Path::from("backups/a/a.tar.gz"))
            .await
            .unwrap()
            .size
            > 8 << 20
    );
    repository.delete("a").await.unwrap();

    let mut cut = 0;
    for n in 0..TIMES {
        // By requests and not by time: another machine, or a busy one, cuts at the same places.
        let (requests, polls) = (asked() + whole * n / TIMES, n % 4);
        let backup = backup(&client, &repository).run();
        let there = || asked() >= requests;
        if let Some(done) = drop_when(backup, there, polls).await {
            done.unwrap();
            repository.open("a").await.unwrap();
            repository.delete("a").await.unwrap();
            continue;
        }
        cut += 1;
        // What is on its way ends by itself: the abort, and the lease's removal.
        let until = Instant::now() + Duration::from_secs(10);
        loop {
            let uploads = bucket
                .client_with(SECRET)
                .list_uploads(BUCKET)
                .send()
                .await
                .unwrap();
            if uploads.uploads.is_empty() {
                break;
            }
            assert!(
                Instant::now() < until,
                "cut off {n}/{TIMES} of the way: {uploads:?} are left"
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        if repository.record("a").await.unwrap().is_some() {
            // Cut off after the commit: then it is a backup, and whole.
            let entries = repository
                .open("a")
                .await
                .unwrap()
                .stream()
                .try_fold(0, |n, _| async move { Ok(n + 1) });
            assert!(entries.await.unwrap() > 16);
            repository.delete("a").await.unwrap();
        }
    }
    assert!(cut > TIMES / 2, "only {cut} of {TIMES} were cut off");
    backup(&client, &repository).run().await.unwrap();
    assert_eq!(repository.list().await.unwrap().records.len(), 1);
}
