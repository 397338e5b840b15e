//! Controllers, a cluster and a cloud.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ack_backup_center::cloud::Cloud;
use ack_backup_center::controller::{ElectionTimes, Options, run};
use ack_backup_center::core::credentials::StaticProvider;
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::engine::Repository;
use ack_backup_center::oss::{Client as Oss, OssStore};
use ack_backup_center::ram::ack::{ECS_ACTIONS, HBR_ACTIONS, OSS_ACTIONS};
use alibaba_local::{Builder, LocalCloud, User};
use futures::TryStreamExt as _;
use object_store::ObjectStore as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::cluster::{define, list, object, plane};

pub(crate) const ID: &str = "LTAI-seed-id";
pub(crate) const SECRET: &str = "example-secret";
pub(crate) const BUCKET: &str = "cnfs-oss-vault";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(90);

/// An account with one bucket, used with the rights of the page.
pub(crate) async fn cloud() -> Arc<LocalCloud> {
    start(LocalCloud::builder().bucket(BUCKET)).await
}

pub(crate) async fn start(builder: Builder) -> Arc<LocalCloud> {
    // What the vendor's page grants ("Install migrate-controller and configure permissions"), and nothing else.
    let granted = [&OSS_ACTIONS[..], &ECS_ACTIONS, &HBR_ACTIONS].concat();
    let user = User::new(ID, SECRET).allow_only(granted);
    Arc::new(builder.user(user).start().await.unwrap())
}

/// Whether a request named this file.
pub(crate) fn was_asked_for(cloud: &LocalCloud, file: &str) -> bool {
    let all = cloud.requests().all();
    all.iter()
        .any(|it| it.key.as_deref().is_some_and(|key| key.ends_with(file)))
}

fn context() -> Context {
    // Reading the machine's roots of trust takes its time.
    static CONTEXT: std::sync::OnceLock<Context> = std::sync::OnceLock::new();
    CONTEXT.get_or_init(|| Context::system().unwrap()).clone()
}

/// A cluster, as one controller sees it.
#[derive(Clone)]
pub(crate) struct World {
    pub(crate) client: kube::Client,
    pub(crate) config: kube::Config,
    /// Where its custom resources are.
    pub(crate) namespace: String,
    pub(crate) cloud: Arc<LocalCloud>,
}

/// A controller that runs.
pub(crate) struct Running {
    runtime: Option<tokio::runtime::Runtime>,
    stop: Option<oneshot::Sender<()>>,
    ended: Option<tokio::task::JoinHandle<()>>,
}

impl World {
    /// In the shared real cluster, in a namespace of its own; `None` where there is none.
    pub(crate) async fn real(cloud: &Arc<LocalCloud>) -> Option<Self> {
        let plane = plane()?;
        let namespace = control_plane::unique_name("csdr");
        let client = plane.client();
        namespace_named(&client, &namespace).await;
        Some(Self {
            client,
            config: plane.config(),
            namespace,
            cloud: cloud.clone(),
        })
    }

    /// In the shared real cluster and namespace `csdr`, with controllers that are the ServiceAccount of an
    /// installation; `None` where there is none.
    pub(crate) fn installed(cloud: &Arc<LocalCloud>) -> Option<Self> {
        let plane = plane()?;
        let mut config = plane.config();
        let account = "system:serviceaccount:kube-system:migrate-controller";
        config.auth_info.impersonate = Some(account.to_owned());
        Some(Self {
            client: plane.client(),
            config,
            namespace: "csdr".to_owned(),
            cloud: cloud.clone(),
        })
    }

    /// In a cluster of its own.
    pub(crate) async fn local(url: &str, cloud: &Arc<LocalCloud>) -> Self {
        let world = Self::at(url, cloud);
        define(&world.client).await;
        world
    }

    /// In whatever is at this address.
    pub(crate) fn at(url: &str, cloud: &Arc<LocalCloud>) -> Self {
        Self {
            client: test_support::client(url),
            config: kube::Config::new(url.parse().unwrap()),
            namespace: "csdr".to_owned(),
            cloud: cloud.clone(),
        }
    }

    /// The cloud, as controllers are given it.
    fn account_at(cloud: &str) -> Cloud {
        let keys = StaticProvider::new(Credentials::new(ID, SECRET)).unwrap();
        Cloud::new(&context(), Region::CN_HANGZHOU, Arc::new(keys))
            .with_endpoint(cloud.parse().unwrap())
    }

    /// The account that controllers use.
    pub(crate) fn account(&self) -> Cloud {
        Self::account_at(&self.cloud.endpoint())
    }

    pub(crate) fn options(&self) -> Options {
        Self::options_for(self.config.clone(), &self.namespace, &self.cloud.endpoint())
    }

    /// For a controller of any cluster and cloud.
    pub(crate) fn options_for(config: kube::Config, namespace: &str, cloud: &str) -> Options {
        Options::new(config, Self::account_at(cloud))
            .in_namespace(namespace)
            .or_machine_credentials()
            .with_cluster_id("c0123456789abcdef0123456789abcdef")
            .with_grace(Duration::from_secs(5))
    }

    /// A controller alone, in a runtime of its own, so that it can be killed with all that it does.
    pub(crate) fn controller(&self) -> Running {
        Running::start(self.options().alone())
    }

    /// One of several.
    pub(crate) fn candidate(&self, name: &str) -> Running {
        let times = ElectionTimes {
            lease: Duration::from_secs(3),
            renew_within: Duration::from_secs(2),
            retry: Duration::from_millis(300),
        };
        self.candidate_for(name, times)
    }

    pub(crate) fn candidate_for(&self, name: &str, times: ElectionTimes) -> Running {
        Running::start(self.options().called(name).with_election(times))
    }

    pub(crate) async fn create(&self, kind: &str, name: &str, spec: Value) -> Value {
        self.create_object(object(kind, name, &spec)).await
    }

    pub(crate) async fn create_object(&self, object: Value) -> Value {
        let kind = object["kind"].as_str().unwrap().to_owned();
        test_support::create(&self.client, &list(&kind, &self.namespace), object).await
    }

    /// A vault, once it can be used.
    pub(crate) async fn vault(&self, name: &str, prefix: &str) {
        let spec = json!({"provider": "alibabacloud", "objectStorage": {"bucket": BUCKET, "prefix": prefix}, "config": {"network": "internal"}});
        self.create("BackupLocation", name, spec).await;
        self.phase("BackupLocation", name, "Available").await;
    }

    pub(crate) fn path(&self, kind: &str, name: &str) -> String {
        format!("{}/{name}", list(kind, &self.namespace))
    }

    pub(crate) async fn get(&self, kind: &str, name: &str) -> Option<Value> {
        test_support::get(&self.client, &self.path(kind, name)).await
    }

    pub(crate) async fn delete(&self, kind: &str, name: &str) {
        test_support::delete(&self.client, &self.path(kind, name)).await;
    }

    /// Waits for a phase, and returns the object.
    pub(crate) async fn phase(&self, kind: &str, name: &str, phase: &str) -> Value {
        let what = format!("{kind} {name} is {phase}");
        self.until(kind, name, &what, |it| it["status"]["phase"] == phase)
            .await
    }

    pub(crate) async fn until(
        &self,
        kind: &str,
        name: &str,
        what: &str,
        ready: impl Fn(&Value) -> bool,
    ) -> Value {
        let started = Instant::now();
        loop {
            let object = self.get(kind, name).await.unwrap_or_default();
            if ready(&object) {
                return object;
            }
            assert!(started.elapsed() < PATIENCE, "not {what}: {object:#}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    pub(crate) async fn gone(&self, kind: &str, name: &str) {
        let what = format!("{kind} {name} gone");
        self.until(kind, name, &what, Value::is_null).await;
    }

    /// Reasons and notes of the events about an object.
    pub(crate) async fn events(&self, name: &str) -> Vec<(String, String)> {
        let path = format!(
            "/apis/events.k8s.io/v1/namespaces/{}/events",
            self.namespace
        );
        let all = test_support::get(&self.client, &path).await.unwrap();
        let text = |it: &Value| it.as_str().unwrap_or_default().to_owned();
        let about = all["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|it| it["regarding"]["name"] == name);
        about
            .map(|it| (text(&it["reason"]), text(&it["note"])))
            .collect()
    }

    fn store(&self) -> OssStore {
        let keys = StaticProvider::new(Credentials::new(ID, SECRET)).unwrap();
        let oss = Oss::builder(&context(), Region::CN_HANGZHOU, Arc::new(keys))
            .with_endpoint(self.cloud.endpoint().parse().unwrap())
            .build();
        OssStore::new(oss.unwrap(), BUCKET)
    }

    pub(crate) fn repository(&self, prefix: &str) -> Repository {
        Repository::new(Arc::new(self.store()), prefix)
    }

    /// Everything in the bucket.
    pub(crate) async fn keys(&self) -> Vec<String> {
        let all: Vec<_> = self.store().list(None).try_collect().await.unwrap();
        all.into_iter().map(|it| it.location.to_string()).collect()
    }

    /// An application: objects of several kinds in a namespace of its own, which is returned.
    pub(crate) async fn application(&self) -> String {
        let namespace = control_plane::unique_name("shop");
        namespace_named(&self.client, &namespace).await;
        let core = format!("/api/v1/namespaces/{namespace}");
        for (kind, plural, rest) in [
            (
                "ConfigMap",
                "configmaps",
                json!({"data": {"colour": "blue"}}),
            ),
            (
                "Secret",
                "secrets",
                json!({"stringData": {"password": "a"}}),
            ),
            (
                "Service",
                "services",
                json!({"spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]}}),
            ),
        ] {
            let mut object = json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "web"}});
            json_patch::merge(&mut object, &rest);
            test_support::create(&self.client, &format!("{core}/{plural}"), object).await;
        }
        let labels = json!({"app": "web"});
        let container = json!({"name": "web", "image": "old.example/lib/web:1"});
        let deployment = json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
            "spec": {"replicas": 1, "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}},
        });
        let path = format!("/apis/apps/v1/namespaces/{namespace}/deployments");
        test_support::create(&self.client, &path, deployment).await;
        namespace
    }

    /// An application, and a backup of this name that it is in, in `vault-a`.
    pub(crate) async fn backed_up(&self, backup: &str) {
        let shop = self.application().await;
        let spec = json!({"storageLocation": "vault-a", "includedNamespaces": [shop]});
        self.create("ApplicationBackup", backup, spec).await;
        self.phase("ApplicationBackup", backup, "Completed").await;
    }

    pub(crate) async fn read(&self, path: &str) -> Option<Value> {
        test_support::get(&self.client, path).await
    }
}

pub(crate) async fn namespace_named(client: &kube::Client, name: &str) {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    test_support::create(client, "/api/v1/namespaces", namespace).await;
}

impl Running {
    pub(crate) fn start(options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let ended = runtime.spawn(async move {
            let stop = async { drop(stopped.await) };
            run(options, stop).await.unwrap();
        });
        Self {
            runtime: Some(runtime),
            stop: Some(stop),
            ended: Some(ended),
        }
    }

    /// Ends it where it is, at once.
    pub(crate) fn kill(mut self) {
        std::mem::forget(self.stop.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        self.ended.take().unwrap().await.unwrap();
        self.runtime.take().unwrap().shutdown_background();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
