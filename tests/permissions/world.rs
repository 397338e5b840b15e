//! A cluster and a cloud.

use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::cloud::Cloud;
use ack_backup_center::clusters::ClusterKind;
use ack_backup_center::core::credentials::{SharedCredentials, StaticProvider};
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::grants::{Buckets, Grants, Names, Requirements};
use ack_backup_center::ram::client::{Client as Ram, PolicyType};
use alibaba_local::{LocalCloud, User};
use futures::TryStreamExt;
use http::Method;
use kube_local::KubeLocal;
use serde_json::{Value, json};

use crate::wire::{Trouble, Wire};

pub(crate) const ID: &str = "LTAI-administrator";
pub(crate) const SECRET: &str = "example-secret";
pub(crate) const BUCKET: &str = "mybackups";
const ADMINISTRATOR: &str = "administrator";
const ADDON: &str = "/apis/apps/v1/namespaces/kube-system/deployments/migrate-controller";
pub(crate) const CREDENTIALS: &str = "/api/v1/namespaces/csdr/secrets/alibaba-addon-secret";

thread_local! {
    /// One for each test, since reading the machine's roots of trust takes its time.
    static CONTEXT: Context = Context::system().unwrap();
}

pub(crate) struct World {
    pub(crate) cloud: LocalCloud,
    cluster: KubeLocal,
    client: kube::Client,
    context: Context,
    pub(crate) kind: ClusterKind,
}

pub(crate) fn keys(id: &str, secret: &str) -> SharedCredentials {
    Arc::new(StaticProvider::new(Credentials::new(id, secret)).unwrap())
}

pub(crate) fn named(buckets: &[&str]) -> Buckets {
    Buckets::named(buckets.iter().copied()).unwrap()
}

impl World {
    /// A dedicated cluster without anything.
    pub(crate) async fn empty() -> Self {
        let user = User::new(ID, SECRET).named(ADMINISTRATOR);
        let cluster = KubeLocal::start().await.unwrap();
        Self {
            cloud: LocalCloud::builder()
                .user(user)
                .bucket(BUCKET)
                .start()
                .await
                .unwrap(),
            client: test_support::client(&cluster.url()),
            cluster,
            context: CONTEXT.with(Context::clone),
            kind: ClusterKind::Dedicated,
        }
    }

    /// The same, with the component running in it.
    pub(crate) async fn with_component() -> Self {
        let world = Self::empty().await;
        world
            .add_component("example/migrate-controller:v1.8.7-5db4ae9-aliyun")
            .await;
        world
    }

    pub(crate) async fn add_component(&self, image: &str) {
        let labels = json!({"app": "migrate-controller"});
        let container = json!({"name": "migrate-controller", "image": image});
        let deployment = json!({
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "migrate-controller"},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        });
        let (list, _) = ADDON.rsplit_once('/').unwrap();
        self.send(Method::POST, list, &deployment).await;
    }

    /// Where the cluster is served.
    pub(crate) fn url(&self) -> String {
        self.cluster.url()
    }

    /// A client without a wire in between.
    pub(crate) fn client(&self) -> kube::Client {
        self.client.clone()
    }

    pub(crate) fn cloud_as(&self, credentials: SharedCredentials) -> Cloud {
        self.cloud_over(&self.context, credentials)
    }

    fn cloud_over(&self, context: &Context, credentials: SharedCredentials) -> Cloud {
        Cloud::new(context, Region::CN_HANGZHOU, credentials)
            .with_endpoint(self.cloud.endpoint().parse().unwrap())
    }

    /// As the administrator.
    pub(crate) fn account(&self) -> Cloud {
        self.cloud_as(keys(ID, SECRET))
    }

    pub(crate) fn ram(&self) -> Ram {
        self.cloud_as(keys(ID, SECRET)).ram().unwrap()
    }

    pub(crate) async fn grants(&self) -> Grants {
        self.grants_over(&Wire::with(Trouble::None)).await
    }

    /// Grants whose requests go over this wire.
    pub(crate) async fn grants_over(&self, wire: &Wire) -> Grants {
        let names = self.names().await;
        let mut context = self.context.clone();
        context.http = wire.http(context.http.clone());
        let cloud = self.cloud_over(&context, keys(ID, SECRET));
        Grants::with_names(&cloud, self.client_over(wire), names)
            .unwrap()
            .with_reservation_timeout(Duration::ZERO)
    }

    /// A client of the cluster whose requests go over this wire.
    pub(crate) fn client_over(&self, wire: &Wire) -> kube::Client {
        let config = kube::Config::new(self.cluster.url().parse().unwrap());
        kube::client::ClientBuilder::try_from(config)
            .unwrap()
            .with_layer(wire)
            .build()
    }

    pub(crate) async fn names(&self) -> Names {
        let system = self.read("/api/v1/namespaces/kube-system").await;
        Names::of(self.kind, system["metadata"]["uid"].as_str().unwrap())
    }

    pub(crate) fn requirements(&self, buckets: Buckets) -> Requirements {
        Requirements::new(self.kind, buckets).unwrap()
    }

    /// An object, or null.
    pub(crate) async fn read(&self, path: &str) -> Value {
        match test_support::send(&self.client(), Method::GET, path, &Value::Null).await {
            Ok(object) => object,
            Err(kube::Error::Api(status)) if status.code == 404 => Value::Null,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Value {
        test_support::send(&self.client(), method, path, body)
            .await
            .unwrap()
    }

    /// The Deployment's controller, which has no Pods to wait for.
    pub(crate) async fn roll_out(&self) -> ! {
        loop {
            let found = self.read(ADDON).await;
            let generation = &found["metadata"]["generation"];
            if found["status"]["observedGeneration"] != *generation {
                let status = json!({"status": {"observedGeneration": generation}});
                let path = format!("{ADDON}/status");
                let client = self.client();
                let _ = test_support::send(&client, Method::PATCH, &path, &status).await;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// All that a run may change, with ids of keys by the order of what they are used for.
    pub(crate) async fn settled(&self) -> Value {
        let ram = self.ram();
        let users: Vec<_> = ram.list_users().items().try_collect().await.unwrap();
        let secret = self.read(CREDENTIALS).await;
        let key_in_secret = decoded(&secret, "access-key-id");
        let mut seen = Vec::new();
        for user in users
            .iter()
            .filter(|user| user.name.as_str() != ADMINISTRATOR)
        {
            let list = ram
                .list_access_keys()
                .user_name(&user.name)
                .send()
                .await
                .unwrap();
            let keys: Vec<_> = list
                .access_keys
                .iter()
                .map(|key| {
                    let in_use = Some(key.id.as_str()) == key_in_secret.as_deref();
                    json!({"inUse": in_use, "status": key.status.as_str()})
                })
                .collect();
            let attached = ram
                .list_policies_for_user(&user.name)
                .send()
                .await
                .unwrap()
                .policies;
            let attached: Vec<_> = attached
                .iter()
                .map(|policy| policy.name.to_string())
                .collect();
            seen.push(json!({"user": user.name.as_str(), "keys": keys, "policies": attached}));
        }
        let policies = ram.list_policies().policy_type(PolicyType::Custom).items();
        let policies: Vec<_> = policies.try_collect().await.unwrap();
        let mut documents = Vec::new();
        for policy in policies {
            let found = ram
                .get_policy(&policy.name, PolicyType::Custom)
                .send()
                .await
                .unwrap();
            let text = found.default_policy_version.policy_document;
            let document: Value = serde_json::from_str(text.as_str()).unwrap();
            documents.push(json!({"policy": policy.name.as_str(), "document": document}));
        }
        let notes: Vec<_> = secret["metadata"]["annotations"]
            .as_object()
            .map(|notes| notes.keys().cloned().collect())
            .unwrap_or_default();
        let works = match (key_in_secret, decoded(&secret, "access-key-secret")) {
            (Some(id), Some(value)) => {
                let sts = self.cloud_as(keys(&id, &value)).sts().unwrap();
                json!(sts.caller_identity().await.unwrap().arn)
            }
            _ => Value::Null,
        };
        let addon = self.read(ADDON).await;
        let started_for = &addon["spec"]["template"]["metadata"]["annotations"]["ack-backup-center.io/credentials"];
        json!({
            "users": seen,
            "policies": documents,
            "secret": {"exists": !secret.is_null(), "notes": notes, "works": works},
            "restarted": started_for.as_str().map(|mark| if mark == "none" { "without a key" } else { "with a key" }),
        })
    }
}

/// A value of the Secret.
pub(crate) fn decoded(secret: &Value, key: &str) -> Option<String> {
    let object: k8s_openapi::api::core::v1::Secret = serde_json::from_value(secret.clone()).ok()?;
    let value = object.data?.remove(key)?;
    String::from_utf8(value.0).ok()
}
