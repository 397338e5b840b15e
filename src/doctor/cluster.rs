//! The cluster: its version, its nodes, its volumes' drivers, and the component in it.

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment};
use k8s_openapi::api::core::v1::{Container, Node, PodTemplateSpec};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::ListParams;

use super::check::Check;
use crate::chain::chain;
use crate::component::{ADDON, ADDON_NAMESPACE, features_of, version_of};
use crate::grants::{Feature, Requirements};

/// Versions from 1.18 on run it, and its versions from 1.8.1 on need 1.21 ("migrate-controller" change
/// record, v1.8.1: "need Kubernetes later than 1.20").
const OLDEST: (u32, u32) = (1, 18);
const OLDEST_FOR_NEW: (u32, u32) = (1, 21);

/// The version of Kubernetes.
pub(crate) async fn kubernetes(cluster: &kube::Client) -> Check {
    let name = "Kubernetes version";
    let version = match cluster.apiserver_version().await {
        Ok(version) => version,
        Err(error) => return Check::unknown(name, chain(&error)),
    };
    let digits = |text: &str| {
        let end = text
            .find(|char: char| !char.is_ascii_digit())
            .unwrap_or(text.len());
        text[..end].parse::<u32>().ok()
    };
    match (digits(&version.major), digits(&version.minor)) {
        (Some(major), Some(minor)) if (major, minor) < OLDEST => Check::fail(
            name,
            version.git_version,
            "upgrade the cluster to 1.18 or later",
        ),
        (Some(major), Some(minor)) if (major, minor) < OLDEST_FOR_NEW => Check::fail(
            name,
            version.git_version,
            "upgrade the cluster to 1.21 or later: older ones run migrate-controller up to v1.8.0 only",
        ),
        (Some(_), Some(_)) => Check::pass(name, version.git_version),
        _ => Check::unknown(name, format!("`{}` is no version", version.git_version)),
    }
}

/// Whether there is a node for the workers.
pub(crate) async fn nodes(cluster: &kube::Client) -> Check {
    let name = "nodes";
    let all = Api::<Node>::all(cluster.clone());
    match all.list_metadata(&ListParams::default().limit(500)).await {
        Err(error) => Check::unknown(name, chain(&error)),
        Ok(list) if list.items.is_empty() => Check::fail(
            name,
            "there is no node, and the workers have to run somewhere",
            "add a node",
        ),
        Ok(list) => Check::pass(name, format!("{} or more", list.items.len())),
    }
}

/// The component, its version, and what that version can do of what is wanted.
pub(super) async fn component(cluster: &kube::Client, wanted: &Requirements) -> Check {
    let name = "component";
    let install = "install it: `addon install migrate-controller`";
    let found = Api::<Deployment>::namespaced(cluster.clone(), ADDON_NAMESPACE)
        .get_opt(ADDON)
        .await;
    let deployment = match found {
        Err(error) => return Check::unknown(name, chain(&error)),
        Ok(None) => {
            return Check::fail(
                name,
                format!("`{ADDON_NAMESPACE}/{ADDON}` does not exist"),
                install,
            );
        }
        Ok(Some(deployment)) => deployment,
    };
    let version = match version_of(&deployment) {
        Ok(version) => version,
        Err(why) => return Check::unknown(name, why),
    };
    if let Err(why) =
        wanted.check_version(&features_of(&deployment).unwrap_or_else(|| version.clone()))
    {
        return Check::fail(name, version.to_string(), why.to_string());
    }
    match crate::grants::not_rolled_out(&deployment) {
        None => Check::pass(name, version.to_string()),
        Some(why) => Check::fail(
            name,
            format!("{version}: the working component is abnormal: {why}"),
            format!(
                "`kubectl -n {ADDON_NAMESPACE} describe deployment {ADDON}` says what it waits for"
            ),
        ),
    }
}

/// The drivers of volumes: FlexVolume refused, the CSI driver there, snapshots served.
pub(super) async fn volumes(cluster: &kube::Client, wanted: &Requirements) -> Vec<Check> {
    if !wanted.features().any(Feature::is_about_volumes) {
        let reason = wanted.kind().profile().volumes.reason();
        return vec![Check::pass(
            "volumes",
            reason.unwrap_or("no volume is to be backed up"),
        )];
    }
    let system = Api::<DaemonSet>::namespaced(cluster.clone(), ADDON_NAMESPACE);
    let definitions = Api::<CustomResourceDefinition>::all(cluster.clone());
    let (flex, csi, snapshots) = futures::join!(
        flex_volume(cluster),
        system.get_opt("csi-plugin"),
        definitions.get_metadata_opt("volumesnapshots.snapshot.storage.k8s.io"),
    );
    let csi = match csi {
        Err(error) => Check::unknown("CSI driver", chain(&error)),
        Ok(None) => Check::fail(
            "CSI driver",
            "DaemonSet `kube-system/csi-plugin` does not exist",
            "install csi-plugin and csi-provisioner, or leave disk snapshots out",
        ),
        Ok(Some(driver)) => Check::pass("CSI driver", images(&driver)),
    };
    let snapshots = match snapshots {
        Err(error) => Check::unknown("snapshot definitions", chain(&error)),
        Ok(None) => Check::fail(
            "snapshot definitions",
            "`volumesnapshots.snapshot.storage.k8s.io` is not served",
            "install the snapshot controller with its definitions",
        ),
        Ok(Some(_)) => Check::pass("snapshot definitions", "served"),
    };
    vec![flex, csi, snapshots]
}

/// Whether the cluster's volumes are FlexVolume's.
pub(crate) async fn flex_volume(cluster: &kube::Client) -> Check {
    let name = "FlexVolume";
    let system = Api::<DaemonSet>::namespaced(cluster.clone(), ADDON_NAMESPACE);
    match system.get_metadata_opt("flexvolume").await {
        Err(error) => Check::unknown(name, chain(&error)),
        Ok(Some(_)) => Check::fail(
            name,
            "the cluster uses FlexVolume, and the component does not start in it",
            "migrate the volumes to CSI first",
        ),
        Ok(None) => Check::pass(name, "not used"),
    }
}

fn images(driver: &DaemonSet) -> String {
    let containers = containers(driver.spec.as_ref().map(|spec| &spec.template));
    let images: Vec<_> = containers
        .iter()
        .filter_map(|it| it.image.as_deref())
        .collect();
    images.join(", ")
}

fn containers(template: Option<&PodTemplateSpec>) -> &[Container] {
    let spec = template.and_then(|template| template.spec.as_ref());
    spec.map(|spec| spec.containers.as_slice())
        .unwrap_or_default()
}
