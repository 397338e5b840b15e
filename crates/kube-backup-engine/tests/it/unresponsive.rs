//! An API server that fails for good, or says nothing: backups and restores end, in bounded time, with
//! the server's last words.
//!
//! The client is made from a default `kube::Config`, whose own retries the engine has to get past. The
//! clock is paused: it jumps whenever everything waits.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::cluster::{client, shop};
use futures::TryStreamExt as _;
use kube::client::Body;
use kube_backup_engine::backup::{Backup, BackupReport, BackupSpec};
use kube_backup_engine::restore::{Outcome, Restore, RestoreSpec};
use kube_backup_engine::{
    EntryFilter, Error, ErrorKind, Phase, Repository, RunOptions, Selection, Waiting, client_for,
};
use kube_local::{Fault, KubeLocal, Rule};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

/// What one list may cost a backup: a request's time, and an attempt that outlasts it.
const BOUND: Duration = Duration::from_secs(120);

const HOUR: Duration = Duration::from_secs(3600);
const UNABLE: &str = "the server is currently unable to handle the request (503)";

fn unavailable() -> Fault {
    Fault::Status(503, "ServiceUnavailable")
}

struct Source {
    cluster: KubeLocal,
    store: Arc<dyn ObjectStore>,
}

impl Source {
    async fn new() -> Self {
        let cluster = KubeLocal::start().await.unwrap();
        shop(&client(&cluster), "shop").await;
        cluster.requests().clear();
        let store = Arc::new(InMemory::new());
        Self { cluster, store }
    }

    fn repository(&self) -> Repository {
        Repository::new(Arc::clone(&self.store), "")
    }

    fn spec() -> BackupSpec {
        BackupSpec {
            selection: Selection {
                included_namespaces: BTreeSet::from(["shop".to_owned()]),
                ..Selection::default()
            },
            ..BackupSpec::named("a")
        }
    }

    fn backup(&self, spec: BackupSpec) -> Backup {
        Backup::new(client(&self.cluster), self.repository(), spec)
    }

    /// The one list of Secrets.
    fn break_secrets(&self, fault: Fault) {
        let secrets = Rule::new(fault).path_contains("/secrets?");
        self.cluster.faults().add(secrets);
    }

    fn asked_for_secrets(&self) -> usize {
        let requests = self.cluster.requests();
        requests.count_where(|request| request.path.ends_with("/secrets"))
    }

    /// What it is called, in `namespace/name`.
    async fn kinds_in_backup(&self) -> BTreeSet<String> {
        let backup = self.repository().open("a").await.unwrap();
        let entries = backup.entries(&EntryFilter::default()).await.unwrap();
        entries
            .into_iter()
            .map(|entry| entry.id.resource.to_string())
            .collect()
    }
}

/// What a backup of a cluster without its Secrets says, once all else is in it.
async fn without_secrets(source: &Source) -> String {
    let began = Instant::now();
    let running = timeout(HOUR, source.backup(Source::spec()).run());
    let report: BackupReport = running.await.expect("it ends").unwrap();
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    assert_eq!(report.record.status.phase, Phase::PartiallyFailed);
    let kinds = source.kinds_in_backup().await;
    for kind in [
        "configmaps",
        "deployments.apps",
        "rolebindings.rbac.authorization.k8s.io",
    ] {
        assert!(kinds.contains(kind), "{kind}: {kinds:?}");
    }
    let errors: Vec<_> = report.results.errors.messages().collect();
    assert_eq!(errors.len(), 1, "{report}");
    let message = errors[0].to_string();
    assert!(message.contains("secrets could not be listed"), "{message}");
    message
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_unavailable_for_ever_costs_a_backup_that_kind_alone() {
    let source = Source::new().await;
    source.break_secrets(unavailable());
    let message = without_secrets(&source).await;
    assert!(message.contains(UNABLE), "{message}");
    // Each request that the server saw was an attempt of the engine's: nothing repeats them in between.
    let attempts = source.asked_for_secrets();
    assert!(attempts > 5, "{attempts}");
    let counted = format!("after {attempts} attempts in ");
    assert!(message.contains(&counted), "{attempts}: {message}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_asks_for_an_hour_is_asked_again_sooner() {
    let source = Source::new().await;
    source.break_secrets(Fault::Throttle { wait: HOUR });
    let message = without_secrets(&source).await;
    assert!(message.contains("(429), after "), "{message}");
    let attempts = source.asked_for_secrets();
    assert!((2..=4).contains(&attempts), "{attempts}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_replies_is_given_up() {
    let source = Source::new().await;
    source.break_secrets(Fault::NeverReply);
    let message = without_secrets(&source).await;
    assert!(message.contains("no response within"), "{message}");
    assert!(message.contains("after 2 attempts"), "{message}");
}

#[tokio::test(start_paused = true)]
async fn a_list_that_stalls_in_its_middle_is_given_up() {
    let source = Source::new().await;
    source.break_secrets(Fault::StallBody(300));
    let message = without_secrets(&source).await;
    assert!(
        message.contains("no more of the response within"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_list_that_stalls_once_is_read_again() {
    let source = Source::new().await;
    let stall = Rule::new(Fault::StallBody(300)).path_contains("/secrets?");
    source.cluster.faults().add(stall.times(1));
    let report = source.backup(Source::spec()).run().await.unwrap();
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    assert!(source.kinds_in_backup().await.contains("secrets"));
}

#[tokio::test(start_paused = true)]
async fn silence_after_refusals_leaves_the_servers_last_words() {
    let source = Source::new().await;
    let secrets = |fault| Rule::new(fault).path_contains("/secrets?");
    source.cluster.faults().add(secrets(unavailable()).times(3));
    source.cluster.faults().add(secrets(Fault::NeverReply));
    let message = without_secrets(&source).await;
    let told = format!("; before that: {UNABLE}");
    assert!(
        message.contains("no response within") && message.contains(&told),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_discovery_a_backup_fails_by_name_and_leaves_nothing() {
    let source = Source::new().await;
    for fault in [unavailable(), Fault::NeverReply] {
        source.cluster.faults().clear();
        source
            .cluster
            .faults()
            .add(Rule::new(fault.clone()).path_contains("/api"));
        let began = Instant::now();
        let running = timeout(HOUR, source.backup(Source::spec()).run());
        let error = running.await.expect("it ends").unwrap_err().chain();
        assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
        assert!(
            error.contains("discover the kinds of the cluster"),
            "{error}"
        );
        let words = match fault {
            Fault::NeverReply => "no complete response within",
            _ => UNABLE,
        };
        assert!(error.contains(words), "{error}");
    }
    source.assert_no_trace().await;
}

impl Source {
    async fn assert_no_trace(&self) {
        let left: Vec<_> = self.store.list(None).try_collect().await.unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_backup_outlasts_its_deadline_and_what_it_waited_for_is_named() {
    let source = Source::new().await;
    source.break_secrets(unavailable());
    let options = RunOptions::default()
        .with_request_timeout(HOUR)
        .with_deadline(Duration::from_secs(30));
    let backup = source.backup(Source::spec()).with_options(options);
    let running = timeout(HOUR, backup.run());
    let error: Error = running.await.expect("it ends").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    let told = error.chain();
    for part in [
        "back up as `a`: list and store the objects: the deadline of the backup, 30s after its start",
        "waiting for GET `/api/v1/namespaces/shop/secrets` (attempt ",
        UNABLE,
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    // Aborts of uploads are on their way.
    tokio::time::sleep(Duration::from_secs(1)).await;
    source.assert_no_trace().await;
}

#[tokio::test]
async fn a_client_for_the_engine_sends_once_and_says_who_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let client = client_for(kube::Config::new(url.parse().unwrap())).unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let length = stream.read(&mut head).await.unwrap();
        let response = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(response).await.unwrap();
        head.truncate(length);
        String::from_utf8(head).unwrap()
    });
    let request = http::Request::get("/version").body(Body::empty()).unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!(response.status(), 503);
    let head = server.await.unwrap();
    let agent = format!(
        "user-agent: kube-backup-engine/{}",
        env!("CARGO_PKG_VERSION")
    );
    assert!(head.contains(&agent), "{head}");
}

#[tokio::test(start_paused = true)]
async fn whoever_wants_to_know_is_told_what_is_waited_for() {
    let source = Source::new().await;
    let secrets = Rule::new(unavailable()).path_contains("/secrets?");
    source.cluster.faults().add(secrets.times(3));
    let told: Arc<Mutex<Vec<Waiting>>> = Arc::default();
    let sink = Arc::clone(&told);
    let backup = source.backup(Source::spec());
    let backup = backup.on_wait(move |waiting| sink.lock().unwrap().push(waiting.clone()));
    let report = backup.run().await.unwrap();
    assert_eq!(report.record.status.phase, Phase::Completed, "{report}");
    let told = told.lock().unwrap();
    let attempts: Vec<u32> = told.iter().map(|waiting| waiting.attempts).collect();
    assert_eq!(attempts, [1, 2, 3]);
    for waiting in told.iter() {
        assert_eq!(waiting.request, "GET `/api/v1/namespaces/shop/secrets`");
        assert_eq!(waiting.failure, UNABLE);
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_reports_what_the_server_last_said() {
    let source = Source::new().await;
    source.backup(Source::spec()).run().await.unwrap();
    for (fault, words) in [
        (unavailable(), UNABLE),
        (Fault::Throttle { wait: HOUR }, "(429), after "),
        (Fault::NeverReply, "no complete response within"),
        (Fault::StallBody(10), "no complete response within"),
    ] {
        let target = KubeLocal::start().await.unwrap();
        let secrets = Rule::new(fault.clone())
            .method("POST")
            .path_contains("/secrets");
        target.faults().add(secrets);
        let backup = source.repository().open("a").await.unwrap();
        let restore = Restore::new(client(&target), backup, RestoreSpec::named("r"));
        let began = Instant::now();
        let report = timeout(HOUR, restore.run())
            .await
            .expect("it ends")
            .unwrap();
        assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
        let failed: Vec<_> = report.failed().collect();
        assert_eq!(failed.len(), 1, "{fault:?}: {report}");
        let Outcome::Failed(reason) = &failed[0].outcome else {
            panic!("{report}");
        };
        assert!(
            reason.starts_with("POST `/api/v1/namespaces/shop/secrets`: ")
                && reason.contains(words),
            "{fault:?}: {reason}"
        );
    }
}
