//! Two backups of one name at once: at most one is committed, and what it committed is its own.

use std::time::Duration;

use ack_backup_center::engine::backup::{Backup, BackupReport, BackupSpec};
use ack_backup_center::engine::{ErrorKind, Result, RunOptions, Selection};
use alibaba_local::{Fault, Rule};
use kube_local::KubeLocal;
use serde_json::json;

use crate::bucket::{Bucket, read_whole};
use crate::cluster::{create, local_client};

const ROUNDS: usize = 100;
const NAMESPACES: [&str; 2] = ["one", "two"];

async fn cluster() -> KubeLocal {
    let cluster = KubeLocal::start().await.unwrap();
    let client = local_client(&cluster.url());
    for namespace in NAMESPACES {
        let object = json!({"metadata": {"name": namespace}});
        create(&client, "/api/v1/namespaces", &object).await;
    }
    cluster
}

/// Two backups of one name, each of a namespace of its own, both at once.
async fn both(
    cluster: &KubeLocal,
    bucket: &Bucket,
    name: &str,
    lease: Duration,
) -> [Result<BackupReport>; 2] {
    let client = local_client(&cluster.url());
    let backup = |namespace: &str| {
        let spec = BackupSpec {
            selection: Selection {
                included_namespaces: [namespace.to_owned()].into(),
                included_resources: vec!["configmaps".into(), "serviceaccounts".into()],
                ..Selection::default()
            },
            ..BackupSpec::named(name)
        };
        let options = RunOptions::default().with_lease_duration(lease);
        let backup = Backup::new(client.clone(), bucket.repository(), spec).with_options(options);
        tokio::spawn(backup.run())
    };
    let [one, two] = NAMESPACES.map(backup);
    [one.await.unwrap(), two.await.unwrap()]
}

/// Whether one of two was committed; then it is whole, and holds what that one read.
async fn settled(bucket: &Bucket, name: &str, outcomes: &[Result<BackupReport>; 2]) -> bool {
    let repository = bucket.repository();
    let record = repository.record(name).await.unwrap();
    let committed: Vec<usize> = (0..2).filter(|n| outcomes[*n].is_ok()).collect();
    let said = || {
        format!(
            "{name}: {:?}",
            outcomes
                .each_ref()
                .map(|outcome| outcome.as_ref().map(|r| r.record.uid()))
        )
    };
    assert!(committed.len() < 2, "both were committed, {}", said());
    for error in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        let fair = matches!(error.kind(), ErrorKind::Busy | ErrorKind::AlreadyExists);
        assert!(fair, "{name}: {}", error.chain());
    }
    let Some(&winner) = committed.first() else {
        assert!(record.is_none(), "a record that nobody wrote, {}", said());
        return false;
    };
    let report = outcomes[winner].as_ref().unwrap();
    assert_eq!(record.as_ref(), Some(&report.record), "{}", said());
    let objects = read_whole(&repository, name).await;
    assert!(!objects.is_empty());
    for object in objects {
        assert!(
            !object.contains(NAMESPACES[1 - winner]),
            "{object}, {}",
            said()
        );
    }
    let backup = repository.open(name).await.unwrap();
    assert_eq!(
        backup.results().await.unwrap().as_ref(),
        Some(&report.results)
    );
    true
}

async fn rivals(bucket: Bucket) {
    let cluster = cluster().await;
    let mut committed = 0;
    for round in 0..ROUNDS {
        let name = format!("r{round}");
        let outcomes = both(&cluster, &bucket, &name, Duration::from_secs(1)).await;
        committed += usize::from(settled(&bucket, &name, &outcomes).await);
    }
    let leases = bucket.keys().await;
    assert!(
        !leases.iter().any(|key| key.contains("lease")),
        "{leases:?}"
    );
    // A machine that stands still for a second may let both of them give up.
    assert!(committed > ROUNDS * 9 / 10, "{committed} of {ROUNDS}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_backups_of_one_name_one_is_committed() {
    rivals(Bucket::start().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_backups_of_one_name_one_is_committed_on_a_bucket_with_versions() {
    rivals(Bucket::versioned().await).await;
}

/// Writers that stand still for longer than their leases last, at any of their requests, and no heartbeat of
/// theirs is seen: each believes that the other is dead.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_writers_that_take_the_name_from_each_other_at_most_one_is_committed() {
    let (cluster, bucket) = (cluster().await, Bucket::start().await);
    let mut committed = 0;
    for round in 0..ROUNDS {
        let heartbeat = Rule::new(Fault::Status(403, "AccessDenied"));
        let heartbeat = heartbeat.operation("PutObject").key_contains("-lease-");
        bucket.cloud.faults().add(heartbeat);
        for n in 0..8 {
            // Here and there, and the same ones every time.
            let skip = (round * 5 + n * 3) % 28;
            let pause = 5 + (round as u64 * 31 + n as u64 * 17) % 45;
            let fault = Fault::Delay(Duration::from_millis(pause));
            let rule = Rule::new(fault).skip(skip).times(1);
            bucket.cloud.faults().add(rule);
        }
        let name = format!("r{round}");
        let outcomes = both(&cluster, &bucket, &name, Duration::from_millis(4)).await;
        bucket.cloud.faults().clear();
        committed += usize::from(settled(&bucket, &name, &outcomes).await);
    }
    // Fewer than half, as a rule: writers that believe each other dead often both give up.
    assert!(committed > 5, "{committed} of {ROUNDS} were committed");
}
