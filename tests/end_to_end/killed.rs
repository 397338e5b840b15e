//! Backups whose process is killed at any of their requests: nothing visible, nothing harmed.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::{ErrorKind, RunOptions, Selection};
use alibaba_local::{Fault, Rule};
use kube_local::KubeLocal;
use serde_json::json;

use crate::bucket::{BUCKET, Bucket, ID, SECRET, read_whole, repository};
use crate::cluster::{create, fill, local_client};

/// A time that nobody waits for.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);
const CHILD: &str = "ACK_BACKUP_TEST_KILLED";

/// The backup that is killed. It takes a multipart upload.
fn killed_spec() -> BackupSpec {
    BackupSpec {
        selection: Selection {
            included_namespaces: ["big".to_owned()].into(),
            included_resources: ["configmaps", "secrets", "serviceaccounts"]
                .map(str::to_owned)
                .into(),
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    }
}

/// The backup that follows.
fn next_spec() -> BackupSpec {
    BackupSpec {
        selection: Selection::of_namespaces(["small"]),
        ..BackupSpec::named("a")
    }
}

/// Not a test, but the process that the tests below kill: this program, started once more.
#[tokio::test]
#[ignore = "the process that other tests of this file start and kill"]
async fn the_process_that_is_killed() {
    let Ok(addresses) = std::env::var(CHILD) else {
        return;
    };
    let (cluster, endpoint) = addresses.split_once(' ').unwrap();
    Backup::new(
        local_client(cluster),
        repository(endpoint, ID),
        killed_spec(),
    )
    // So long that no heartbeat falls into the run: every run makes the same requests.
    .with_options(RunOptions::default().with_lease_duration(Duration::from_secs(600)))
    .run()
    .await
    .unwrap();
}

struct World {
    cluster: KubeLocal,
    bucket: Bucket,
    client: kube::Client,
}

impl World {
    async fn new() -> Self {
        let cluster = KubeLocal::start().await.unwrap();
        let client = local_client(&cluster.url());
        fill(&client, "big").await;
        create(
            &client,
            "/api/v1/namespaces",
            &json!({"metadata": {"name": "small"}}),
        )
        .await;
        Self {
            bucket: Bucket::start().await,
            cluster,
            client,
        }
    }

    fn start(&self) -> Child {
        Command::new(std::env::current_exe().unwrap())
            .args(["killed::the_process_that_is_killed", "--exact", "--ignored"])
            .env(
                CHILD,
                format!("{} {}", self.cluster.url(), self.bucket.cloud.endpoint()),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    /// How many requests an undisturbed run makes, to the API server and to OSS.
    async fn count(&self) -> (usize, usize) {
        self.forget_requests();
        let status = ended(self.start()).await;
        assert!(status.success(), "{status}");
        let counts = (
            self.cluster.requests().count(),
            self.bucket.cloud.requests().len(),
        );
        let uploads = self.bucket.cloud.requests().by_operation();
        assert_eq!(uploads["CompleteMultipartUpload"], 1, "{uploads:?}");
        assert!(read_whole(&self.bucket.repository(), "a").await.len() > 16);
        self.bucket.repository().delete("a").await.unwrap();
        counts
    }

    fn forget_requests(&self) {
        self.cluster.requests().clear();
        self.bucket.cloud.requests().clear();
    }

    /// Starts a backup, kills it once `there`, and says whether its record was there by then.
    async fn kill_when(&self, there: impl Fn() -> bool) -> bool {
        self.forget_requests();
        let mut child = self.start();
        let until = Instant::now() + Duration::from_secs(120);
        while !there() {
            assert!(Instant::now() < until, "the request did not come");
            assert_eq!(child.try_wait().unwrap(), None, "the backup has ended");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        // What is to be carried out is carried out meanwhile; either way is to be survived.
        tokio::time::sleep(Duration::from_millis(20)).await;
        child.kill().unwrap();
        assert_eq!(ended(child).await.signal(), Some(9));
        self.bucket.cloud.faults().clear();
        self.cluster.faults().clear();

        let repository = self.bucket.repository();
        let committed = repository.record("a").await.unwrap();
        assert_eq!(
            repository.list().await.unwrap().records.len(),
            usize::from(committed.is_some())
        );
        if let Some(record) = &committed {
            // Killed after the commit: then it is a backup, and a whole one.
            let objects = read_whole(&repository, "a").await;
            assert!(objects.len() > 16, "{objects:?}");
            let again = self.next().await.unwrap_err();
            assert_eq!(again.kind(), ErrorKind::AlreadyExists);
            assert_eq!(repository.record("a").await.unwrap().as_ref(), Some(record));
            assert_eq!(read_whole(&repository, "a").await, objects);
        } else {
            let report = self.next().await.unwrap();
            assert_eq!(report.results.errors.count(), 0, "{report}");
            let objects = read_whole(&repository, "a").await;
            assert!(
                objects.contains(&"namespaces small".to_owned())
                    && !objects.iter().any(|name| name.contains("big")),
                "{objects:?}"
            );
        }
        self.sweep().await;
        repository.delete("a").await.unwrap();
        assert_eq!(self.bucket.keys().await, Vec::<String>::new());
        committed.is_some()
    }

    async fn next(
        &self,
    ) -> ack_backup_center::engine::Result<ack_backup_center::engine::backup::BackupReport> {
        let repository = self.bucket.repository();
        Backup::new(self.client.clone(), repository, next_spec())
            .with_options(RunOptions::default().with_lease_duration(Duration::from_millis(100)))
            .run()
            .await
    }

    /// What the housekeeping of a bucket does, without waiting at all.
    async fn sweep(&self) {
        let client = self.bucket.client_with(SECRET);
        let swept = client.abort_stale_uploads(BUCKET, "backups/", Duration::ZERO);
        assert_eq!(swept.await.unwrap().failed.len(), 0);
        assert_eq!(self.bucket.uploads().await, 0);
    }
}

async fn ended(mut child: Child) -> ExitStatus {
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_request_to_oss_it_leaves_nothing_or_a_whole_backup() {
    let world = World::new().await;
    let (_, requests) = world.count().await;
    let mut committed = 0;
    for n in 0..requests {
        // Killed before the request is carried out, and after it.
        for fault in [Fault::Delay(FOR_EVER), Fault::NeverReply] {
            let rule = Rule::new(fault).skip(n).times(1);
            world.bucket.cloud.faults().add(rule);
            let there = || world.bucket.cloud.requests().len() > n;
            committed += usize::from(world.kill_when(there).await);
        }
    }
    // The commit itself is carried out, and then its owner looks twice and clears up.
    assert!(
        (3..requests).contains(&committed),
        "{committed} of 2 x {requests} were committed"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_request_to_the_api_server_it_leaves_nothing() {
    let world = World::new().await;
    let (requests, _) = world.count().await;
    for n in 0..requests {
        let rule = kube_local::Rule::new(kube_local::Fault::Delay(FOR_EVER));
        world.cluster.faults().add(rule.skip(n).times(1));
        let there = || world.cluster.requests().count() > n;
        assert!(
            !world.kill_when(there).await,
            "committed without request {n}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_lost_at_any_request_changes_nothing() {
    let world = World::new().await;
    let (asked, stored) = world.count().await;
    let repository = world.bucket.repository();
    let expected = {
        let backup = Backup::new(world.client.clone(), repository.clone(), killed_spec())
            .with_options(RunOptions::default().with_lease_duration(Duration::from_secs(600)));
        backup.run().await.unwrap();
        let mut objects = read_whole(&repository, "a").await;
        repository.delete("a").await.unwrap();
        objects.sort();
        objects
    };
    for n in 0..asked + stored {
        world.forget_requests();
        if n < stored {
            let rule = Rule::new(Fault::LoseReply).skip(n).times(1);
            world.bucket.cloud.faults().add(rule);
        } else {
            // Half of the reply is lost, or all of it.
            let fault = [
                kube_local::Fault::ResetBody(100),
                kube_local::Fault::LoseReply,
            ][n % 2]
                .clone();
            let rule = kube_local::Rule::new(fault);
            world.cluster.faults().add(rule.skip(n - stored).times(1));
        }
        let backup = Backup::new(world.client.clone(), repository.clone(), killed_spec())
            .with_options(RunOptions::default().with_lease_duration(Duration::from_secs(600)));
        let report = backup
            .run()
            .await
            .unwrap_or_else(|error| panic!("request {n}: {}", error.chain()));
        assert_eq!(report.results, Default::default(), "request {n}: {report}");
        assert!(report.record.point_in_time().unwrap().unwrap().is_one());
        let mut objects = read_whole(&repository, "a").await;
        objects.sort();
        assert_eq!(objects, expected, "request {n}");
        let leases: Vec<_> = world.bucket.keys().await;
        assert!(
            !leases.iter().any(|key| key.contains("lease")),
            "{leases:?}"
        );
        world.sweep().await;
        repository.delete("a").await.unwrap();
    }
    assert!(asked > 6 && stored > 12, "{asked} and {stored} requests");
}
