//! Clients with exactly the rights that the shipped roles have.

use std::time::{Duration, Instant};

use ack_backup_center::engine::{Discovery, rbac};
use control_plane::ControlPlane;
use kube::Client;
use serde::Deserialize as _;
use serde_json::{Value, json};

use crate::cluster::{paths, send};

const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";

/// A role, and somebody who has it and nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) user: &'static str,
    manifest: &'static str,
    /// Something that it allows: verb, group, resource.
    example: [&'static str; 3],
}

pub(crate) const BACKUP: Role = Role {
    name: "kube-backup-engine-backup",
    user: "backs-up",
    manifest: rbac::BACKUP,
    example: ["list", "", "secrets"],
};

pub(crate) const RESTORE: Role = Role {
    name: "kube-backup-engine-restore",
    user: "restores",
    manifest: rbac::RESTORE,
    example: ["create", "apps", "deployments"],
};

pub(crate) const RESTORE_VOLUMES: Role = Role {
    name: "kube-backup-engine-restore-volumes",
    user: "restores-volumes",
    manifest: rbac::RESTORE_VOLUMES,
    example: ["delete", "", "pods"],
};

pub(crate) const RESTORE_AS: Role = Role {
    name: "kube-backup-engine-restore-as",
    user: "restores-for-others",
    manifest: rbac::RESTORE_AS,
    example: ["impersonate", "", "users"],
};

pub(crate) const DISASTER: Role = Role {
    name: "kube-backup-engine-restore-disaster",
    user: "restores-all",
    manifest: rbac::RESTORE_DISASTER,
    example: ["escalate", "rbac.authorization.k8s.io", "clusterroles"],
};

/// Creates what may be there already.
pub(crate) async fn apply(client: &Client, list: &str, object: &Value) {
    let created = send(client, http::Method::POST, list, object).await;
    if let Err(error) = created {
        assert!(error.to_string().contains("exists"), "{list}: {error}");
    }
}

/// Whether somebody may do something, as the server says.
pub(crate) async fn may(client: &Client, user: &str, groups: &[&str], attributes: &Value) -> bool {
    let (field, attributes) = match attributes.get("path") {
        Some(_) => ("nonResourceAttributes", attributes),
        None => ("resourceAttributes", attributes),
    };
    let review = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": groups, field: attributes}});
    let list = "/apis/authorization.k8s.io/v1/subjectaccessreviews";
    let response = send(client, http::Method::POST, list, &review)
        .await
        .unwrap();
    response["status"]["allowed"] == true
}

/// A client of somebody who has the role, once the server knows.
pub(crate) async fn client_of(plane: &ControlPlane, role: Role) -> Client {
    let admin = plane.client();
    let found = Discovery::run(&admin).await.unwrap();
    for document in serde_norway::Deserializer::from_str(role.manifest) {
        let object = Value::deserialize(document).unwrap();
        let (list, _) = paths(&found, &object).unwrap();
        apply(&admin, &list, &object).await;
    }
    let binding = json!({"metadata": {"name": role.name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role.name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": role.user}]});
    apply(&admin, &format!("{RBAC}/clusterrolebindings"), &binding).await;
    await_right(&admin, role, role.example).await;
    user(plane, role.user)
}

/// Waits until the role allows a verb, group and resource: controllers aggregate it, and the server has to
/// notice.
async fn await_right(admin: &Client, role: Role, [verb, group, resource]: [&str; 3]) {
    let attributes = json!({"verb": verb, "group": group, "resource": resource});
    let started = Instant::now();
    while !may(admin, role.user, &[], &attributes).await {
        assert!(
            started.elapsed() < Duration::from_secs(60),
            "{role:?} does not count"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Lets the role for restores have the kind of a definition, as whoever installs an operator would.
pub(crate) async fn let_restores_have(plane: &ControlPlane, group: &str, plural: &str) {
    let admin = plane.client();
    client_of(plane, RESTORE).await;
    let role = json!({"metadata": {"name": format!("restore-{plural}.{group}"),
            "labels": {"kube-backup-engine.io/aggregate-to-restore": "true"}},
        "rules": [{"apiGroups": [group], "resources": [plural], "verbs": ["create", "get", "list", "patch"]}]});
    apply(&admin, &format!("{RBAC}/clusterroles"), &role).await;
    await_right(&admin, RESTORE, ["create", group, plural]).await;
}

/// A client of a user.
pub(crate) fn user(plane: &ControlPlane, name: &str) -> Client {
    let mut config = plane.config();
    config.auth_info.impersonate = Some(name.to_owned());
    // Else those of the administrator would count.
    config.auth_info.impersonate_groups = Some(vec!["system:authenticated".to_owned()]);
    Client::try_from(config).unwrap()
}

/// Whoever only backs up.
pub(crate) async fn backs_up() -> Client {
    client_of(control_plane::shared().unwrap(), BACKUP).await
}

/// Whoever restores what grants no more than the role has.
pub(crate) async fn restores() -> Client {
    client_of(control_plane::shared().unwrap(), RESTORE).await
}

/// Whoever restores applications with their volumes: both roles, for one user.
pub(crate) async fn restores_volumes() -> Client {
    let plane = control_plane::shared().unwrap();
    client_of(plane, RESTORE).await;
    let also = Role {
        user: RESTORE_VOLUMES.user,
        ..RESTORE
    };
    let binding = json!({"metadata": {"name": "restore-beside-volumes"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": also.name},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": also.user}]});
    let admin = plane.client();
    apply(&admin, &format!("{RBAC}/clusterrolebindings"), &binding).await;
    await_right(&admin, also, also.example).await;
    client_of(plane, RESTORE_VOLUMES).await
}

/// Whoever restores a whole cluster.
pub(crate) async fn restores_all() -> Client {
    client_of(control_plane::shared().unwrap(), DISASTER).await
}
