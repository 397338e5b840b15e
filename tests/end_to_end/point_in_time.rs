//! A backup is of one point in time, on a real API server that others write to; and what becomes of it when the
//! server's history is shorter than the backup.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::{Phase, Repository, Selection};
use control_plane::{Binaries, ControlPlane};
use futures::{StreamExt as _, stream};
use http::Method;
use kube::Client;
use object_store::memory::InMemory;
use serde_json::{Value, json};

use crate::bucket::read_whole;
use crate::cluster::{create, define, send};
use crate::roles;

/// Tokens under way at once, each with a writer of its own.
const WRITERS: usize = 4;
/// How often tokens change their kind, all together.
const MOVES: usize = 3000;
/// Makes each list three pages long, with the tokens on the last.
const FILLERS: usize = 1100;

fn memory() -> Repository {
    Repository::new(Arc::new(InMemory::new()), "")
}

/// Two kinds in one namespace, and the paths of their lists.
struct Field {
    client: Client,
    namespace: String,
    /// Kinds by the names that a backup has for them, and their lists.
    kinds: [(String, String); 2],
}

impl Field {
    async fn new(client: Client) -> Self {
        let namespace = control_plane::unique_name("moment");
        let group = format!("{}.example.com", control_plane::unique_name("g"));
        create(
            &client,
            "/api/v1/namespaces",
            &json!({"metadata": {"name": namespace}}),
        )
        .await;
        define(
            &client,
            &group,
            "token",
            &["v1"],
            &json!({"strategy": "None"}),
        )
        .await;
        let kinds = [
            (
                "secrets".to_owned(),
                format!("/api/v1/namespaces/{namespace}/secrets"),
            ),
            (
                format!("tokens.{group}"),
                format!("/apis/{group}/v1/namespaces/{namespace}/tokens"),
            ),
        ];
        let field = Self {
            client,
            namespace,
            kinds,
        };
        // One first: until the definition is served, a create waits.
        field.put(1, "a").await;
        stream::iter(0..FILLERS * 2)
            .for_each_concurrent(8, |n| {
                let field = &field;
                async move { field.put(n % 2, &format!("a{n}")).await }
            })
            .await;
        field
    }

    async fn put(&self, kind: usize, name: &str) {
        let object = match kind {
            0 => json!({"metadata": {"name": name}}),
            _ => {
                let group = self.kinds[1].0.split_once('.').unwrap().1;
                json!({"apiVersion": format!("{group}/v1"), "kind": "Token", "metadata": {"name": name}})
            }
        };
        create(&self.client, &self.kinds[kind].1, &object).await;
    }

    async fn take(&self, kind: usize, name: &str) {
        let path = format!("{}/{name}", self.kinds[kind].1);
        send(&self.client, Method::DELETE, &path, &Value::Null)
            .await
            .unwrap();
    }

    /// Moves two tokens from kind to kind until told to stop. One is created where it goes before it is
    /// deleted where it was, so that it is never nowhere; the other the other way round, so that it is
    /// never in two places. Each counts its moves in its name.
    async fn move_tokens(&self, writer: usize, moves: &AtomicUsize, stop: &AtomicBool) {
        let name = |token: &str, n: usize| format!("{token}{writer}-{n}");
        self.put(0, &name("x", 0)).await;
        self.put(0, &name("y", 0)).await;
        let mut n = 0;
        while !stop.load(Ordering::Relaxed) {
            let (here, there) = (n % 2, (n + 1) % 2);
            self.put(there, &name("x", n + 1)).await;
            self.take(here, &name("x", n)).await;
            self.take(here, &name("y", n)).await;
            self.put(there, &name("y", n + 1)).await;
            n += 1;
            moves.fetch_add(2, Ordering::Relaxed);
        }
    }

    /// What the server itself says was there at a point in time, as `kind namespace/name`.
    async fn at(&self, version: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (kind, list) in &self.kinds {
            let path = format!("{list}?resourceVersion={version}&resourceVersionMatch=Exact");
            let list = send(&self.client, Method::GET, &path, &Value::Null)
                .await
                .unwrap();
            for item in list["items"].as_array().unwrap() {
                let name = item["metadata"]["name"].as_str().unwrap();
                found.insert(format!("{kind} {}/{name}", self.namespace));
            }
        }
        found
    }
}

/// The numbers under which a token is found.
fn numbers(objects: &BTreeSet<String>, token: &str, writer: usize) -> Vec<usize> {
    let prefix = format!("/{token}{writer}-");
    let mut numbers: Vec<usize> = objects
        .iter()
        .filter_map(|object| object.split_once(&prefix)?.1.parse().ok())
        .collect();
    numbers.sort_unstable();
    numbers
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_moves_between_two_kinds_is_never_lost_or_doubled() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let field = Field::new(plane.client()).await;
    let (moves, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let writers = stream::iter(0..WRITERS)
        .for_each_concurrent(WRITERS, |writer| field.move_tokens(writer, &moves, &stop));
    let reader = async {
        let repository = memory();
        let mut backups = 0;
        while moves.load(Ordering::Relaxed) < MOVES || backups < 5 {
            let before = moves.load(Ordering::Relaxed);
            let name = format!("b{backups}");
            let spec = BackupSpec {
                selection: Selection {
                    included_namespaces: [field.namespace.clone()].into(),
                    included_resources: field.kinds.iter().map(|kind| kind.0.clone()).collect(),
                    include_cluster_resources: Some(false),
                    ..Selection::default()
                },
                ..BackupSpec::named(&name)
            };
            let report = Backup::new(roles::backs_up().await, repository.clone(), spec)
                .run()
                .await
                .unwrap();
            let during = moves.load(Ordering::Relaxed) - before;
            assert_eq!(report.results, Default::default(), "{report}");
            let point_in_time = report.record.point_in_time().unwrap().unwrap();
            assert!(point_in_time.is_one(), "{point_in_time:?}");
            let mut found: BTreeSet<String> =
                read_whole(&repository, &name).await.into_iter().collect();
            found.remove(&format!("namespaces {}", field.namespace));
            for writer in 0..WRITERS {
                let (x, y) = (numbers(&found, "x", writer), numbers(&found, "y", writer));
                // Before its first move a token is not there yet.
                if backups == 0 && (x.is_empty() || y.is_empty()) {
                    continue;
                }
                assert!(
                    matches!(x[..], [_]) || matches!(x[..], [a, b] if b == a + 1),
                    "backup {backups}, {during} moves: x{writer} is at {x:?}"
                );
                assert!(
                    y.len() < 2,
                    "backup {backups}, {during} moves: y{writer} is at {y:?}"
                );
            }
            assert_eq!(found, field.at(&point_in_time.resource_version).await);
            backups += 1;
        }
        stop.store(true, Ordering::Relaxed);
        backups
    };
    let (backups, ()) = tokio::join!(reader, writers);
    assert!(backups >= 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_outlasts_the_history_goes_on_with_its_referents_behind_it() {
    if control_plane::shared().is_none() {
        return;
    }
    // A server keeps the history of one to two of these, unless its cache remembers more.
    let flags = [
        "--etcd-compaction-interval=1s",
        "--feature-gates=ListFromCacheSnapshot=false",
    ];
    let plane = tokio::task::spawn_blocking(move || {
        ControlPlane::start_with_flags(&Binaries::find().unwrap(), &flags).unwrap()
    });
    let plane = plane.await.unwrap();
    let client = plane.client();
    let list = |kind: &str| format!("/api/v1/namespaces/default/{kind}");
    let pod = |name: &str, map: &str| {
        json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c", "image": "i",
            "envFrom": [{"configMapRef": {"name": map}}]}]}})
    };
    stream::iter(0..FILLERS)
        .for_each_concurrent(8, |n| {
            let (client, list) = (&client, list("pods"));
            async move { drop(create(client, &list, &pod(&format!("a{n}"), "early")).await) }
        })
        .await;
    create(
        &client,
        &list("configmaps"),
        &json!({"metadata": {"name": "early"}}),
    )
    .await;

    let repository = memory();
    let spec = BackupSpec {
        selection: Selection {
            included_namespaces: ["default".to_owned()].into(),
            included_resources: vec!["pods".into(), "configmaps".into()],
            include_cluster_resources: Some(false),
            ..Selection::default()
        },
        ..BackupSpec::named("a")
    };
    let once = Mutex::new(Some((client.clone(), list("pods"), list("configmaps"))));
    let report = Backup::new(client.clone(), repository.clone(), spec)
        .on_progress(move |progress| {
            // The short list has been read, the long one has not.
            if progress.lists_done != 1 {
                return;
            }
            let Some((client, pods, maps)) = once.lock().unwrap().take() else {
                return;
            };
            assert!(progress.objects < FILLERS as u64, "too late: {progress:?}");
            let meanwhile = async {
                create(&client, &maps, &json!({"metadata": {"name": "late"}})).await;
                create(&client, &pods, &pod("z", "late")).await;
                tokio::time::sleep(Duration::from_secs(5)).await;
            };
            tokio::task::block_in_place(|| {
                tokio::runtime::Handle::current().block_on(meanwhile);
            });
        })
        .run()
        .await
        .unwrap();

    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    let point_in_time = report.record.point_in_time().unwrap().unwrap();
    assert!(!point_in_time.is_one());
    assert_eq!(
        point_in_time.except.keys().collect::<Vec<_>>(),
        ["configmaps", "pods"]
    );
    assert!(
        point_in_time.except["pods"].contains("history"),
        "{point_in_time:?}"
    );
    let mut objects = read_whole(&repository, "a").await;
    let count = objects.len();
    objects.sort();
    objects.dedup();
    assert_eq!(objects.len(), count, "an object is there twice");
    let has = |name: &str| objects.contains(&name.to_owned());
    assert!(has("pods default/z") && has("pods default/a1099"));
    assert!(has("configmaps default/early"));
    assert!(
        has("configmaps default/late"),
        "a Pod refers to what is missing"
    );
}
