//! In a Pod: what a kubelet gives a container is all there is, and the cluster is the one it runs in.

use std::process::{Command, Stdio};

use ack_backup_center::engine::rbac;
use control_plane::{ControlPlane, unique_name};
use http::Method;
use kube::Client;
use serde::Deserialize as _;
use serde_json::{Value, json};
use test_support::{create, get, send, until};

use crate::bare;
use crate::program::{Ran, World, ended};

const ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";
const BINDINGS: &str = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings";

/// A namespace with the service account of the Pod.
struct Account<'a> {
    plane: &'a ControlPlane,
    namespace: String,
}

impl<'a> Account<'a> {
    async fn new(plane: &'a ControlPlane) -> Self {
        let client = plane.client();
        let namespace = unique_name("backup");
        let object = json!({"metadata": {"name": namespace}});
        create(&client, "/api/v1/namespaces", object).await;
        let accounts = format!("/api/v1/namespaces/{namespace}/serviceaccounts");
        create(&client, &accounts, json!({"metadata": {"name": "backup"}})).await;
        Self { plane, namespace }
    }

    /// Lets it have a role that is in the manifest, once the server heeds `example`.
    async fn let_have(&self, manifest: &str, name: &str, example: Value) {
        let client = self.plane.client();
        for document in serde_norway::Deserializer::from_str(manifest) {
            let role = Value::deserialize(document).unwrap();
            // Another test's may be there already.
            let _ = send(&client, Method::POST, ROLES, &role).await;
        }
        let binding = json!({"metadata": {"name": format!("{}-{name}", self.namespace)},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name},
            "subjects": [{"kind": "ServiceAccount", "name": "backup", "namespace": self.namespace}]});
        create(&client, BINDINGS, binding).await;
        let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
            "user": format!("system:serviceaccount:{}:backup", self.namespace), "resourceAttributes": example}});
        loop {
            let reviews = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
            let review = send(&client, Method::POST, reviews, &review).await.unwrap();
            if review["status"]["allowed"] == true {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    }

    /// Writes the files that a kubelet mounts.
    async fn mount(&self, world: &World) {
        let client = self.plane.client();
        let path = format!(
            "/api/v1/namespaces/{}/serviceaccounts/backup/token",
            self.namespace
        );
        let request =
            json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}});
        let token = send(&client, Method::POST, &path, &request).await.unwrap();
        let folder = world.path("serviceaccount");
        std::fs::create_dir_all(&folder).unwrap();
        let token = token["status"]["token"].as_str().unwrap();
        std::fs::write(folder.join("token"), token).unwrap();
        std::fs::write(folder.join("namespace"), &self.namespace).unwrap();
        std::fs::copy(self.plane.certificate_path(), folder.join("ca.crt")).unwrap();
    }

    /// The program in a Pod of this account; nothing where no Pod can be had.
    fn command(&self, world: &World, arguments: &[&str]) -> Option<Command> {
        let mut command = bare::pod(world.files.path(), env!("CARGO_BIN_EXE_backup-center"))?;
        let (host, port) = self.plane.url().strip_prefix("https://")?.split_once(':')?;
        command
            .args(arguments)
            .envs(world.bucket())
            .env("KUBERNETES_SERVICE_HOST", host)
            .env("KUBERNETES_SERVICE_PORT", port)
            .stdin(Stdio::null());
        Some(command)
    }

    async fn run(&self, world: &World, arguments: &[&str]) -> Ran {
        ended(self.command(world, arguments).unwrap()).await
    }

    async fn done(&self, world: &World, arguments: &[&str]) -> String {
        let ran = self.run(world, arguments).await;
        assert_eq!(ran.code, 0, "{arguments:?}: {ran:?}");
        ran.said
    }
}

async fn shop(client: &Client) -> String {
    let shop = unique_name("shop");
    let object = json!({"metadata": {"name": shop}});
    create(client, "/api/v1/namespaces", object).await;
    let settings = json!({"metadata": {"name": "settings"}, "data": {"colour": "red"}});
    let list = format!("/api/v1/namespaces/{shop}/configmaps");
    create(client, &list, settings).await;
    until(
        client,
        &format!("/api/v1/namespaces/{shop}/serviceaccounts/default"),
        "there",
        |it| !it.is_null(),
    )
    .await;
    shop
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cluster_that_it_runs_in_is_backed_up_and_restored_into_by_the_shipped_roles() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let client = plane.client();
    let world = World::new().await;
    let account = Account::new(plane).await;
    if account.command(&world, &[]).is_none() {
        return;
    }
    account.mount(&world).await;
    let shop = shop(&client).await;
    let copy = format!("{shop}-copy");

    // Without rights it says which is missing, and leaves nothing.
    let create = ["backup", "create", "one", "--include-namespaces", &shop];
    let ran = account.run(&world, &create).await;
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.complained.contains("list") && ran.complained.contains("forbidden"),
        "{ran:?}"
    );
    assert_eq!(world.stored().await, Vec::<String>::new(), "{ran:?}");

    let lists = json!({"verb": "list", "group": "", "resource": "secrets"});
    account
        .let_have(rbac::BACKUP, "kube-backup-engine-backup", lists)
        .await;
    account.done(&world, &["location", "check"]).await;
    account.done(&world, &create).await;
    let verify = ["backup", "verify", "one", "--against-cluster"];
    account.done(&world, &verify).await;

    let creates = json!({"verb": "create", "group": "apps", "resource": "deployments"});
    account
        .let_have(rbac::RESTORE, "kube-backup-engine-restore", creates)
        .await;
    let mapping = format!("{shop}:{copy}");
    let restore = ["restore", "create", "--from-backup", "one"];
    let mapped = ["--namespace-mappings", &mapping];
    account
        .done(&world, &[&restore[..], &mapped].concat())
        .await;
    let path = format!("/api/v1/namespaces/{copy}/configmaps/settings");
    let settings = get(&client, &path).await.unwrap();
    assert_eq!(settings["data"]["colour"], "red");
}

/// A kubeconfig that was named and cannot be used is not passed over for whatever cluster this runs in.
#[tokio::test(flavor = "multi_thread")]
async fn another_cluster_is_never_taken_for_the_one_that_was_named() {
    let Some(plane) = control_plane::shared() else {
        return;
    };
    let world = World::new().await;
    let account = Account::new(plane).await;
    if account.command(&world, &[]).is_none() {
        return;
    }
    account.mount(&world).await;
    let lists = json!({"verb": "list", "group": "", "resource": "secrets"});
    account
        .let_have(rbac::BACKUP, "kube-backup-engine-backup", lists)
        .await;
    std::fs::write(world.path("broken"), "clusters: [").unwrap();
    for named in ["gone", "broken"] {
        let create = ["backup", "create", "one", "--include-namespaces", "default"];
        let mut command = account.command(&world, &create).unwrap();
        command.env("KUBECONFIG", world.path(named));
        let ran = ended(command).await;
        assert_eq!(ran.code, 1, "{ran:?}");
        assert!(ran.complained.contains("KUBECONFIG"), "{ran:?}");
    }
    assert_eq!(world.stored().await, Vec::<String>::new());
}
