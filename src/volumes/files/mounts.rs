//! Where the kubelet has what a Pod mounts, and which volumes have such a place.

use k8s_openapi::api::core::v1::PersistentVolume;
use kube_backup_engine::volumes::{Eligibility, Mount, Volume};

use super::nodes::Nodes;
use crate::volumes::flex;

/// The kubelet's directory of a volume's kind, and where in a volume's own it is mounted: only CSI puts it
/// one level down.
fn plugin(volume: &PersistentVolume) -> Option<(&'static str, &'static str)> {
    let spec = volume.spec.as_ref()?;
    let kinds = [
        (spec.csi.is_some(), ("kubernetes.io~csi", "/mount")),
        (spec.nfs.is_some(), ("kubernetes.io~nfs", "")),
        (spec.local.is_some(), ("kubernetes.io~local-volume", "")),
        (spec.cephfs.is_some(), ("kubernetes.io~cephfs", "")),
        (spec.rbd.is_some(), ("kubernetes.io~rbd", "")),
        (spec.iscsi.is_some(), ("kubernetes.io~iscsi", "")),
        (spec.fc.is_some(), ("kubernetes.io~fc", "")),
    ];
    let found = kinds.into_iter().find(|(is_it, _)| *is_it)?;
    Some(found.1)
}

/// The place of a volume below the kubelet's directory of Pods.
pub(super) fn below_pods(volume: &PersistentVolume, pod_uid: &str) -> Option<String> {
    let (plugin, mount) = plugin(volume)?;
    let name = volume.metadata.name.as_deref()?;
    let is_one_step = |part: &str| !part.is_empty() && !part.contains('/') && part != "..";
    (is_one_step(pod_uid) && is_one_step(name))
        .then(|| format!("{pod_uid}/volumes/{plugin}/{name}{mount}"))
}

/// The PersistentVolume that a place is of.
pub(super) fn volume_of(place: &str) -> Option<&str> {
    let mut parts = place
        .trim_start_matches('/')
        .split('/')
        .skip_while(|part| *part != "volumes");
    parts.nth(2)
}

/// Whether two places are the same: one may be named from the node's root on.
pub(super) fn is_same(place: &str, other: &str) -> bool {
    let (place, other) = (place.trim_matches('/'), other.trim_matches('/'));
    let ends = |long: &str, short: &str| {
        let rest = long.strip_suffix(short);
        rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
    };
    !place.is_empty() && !other.is_empty() && (ends(place, other) || ends(other, place))
}

/// Whether the files of a volume can be copied: through the mount of a Pod, on a node that may be chosen.
pub(super) fn eligibility(volume: &Volume, nodes: &Nodes) -> Eligibility {
    let spec = volume.volume.spec.as_ref();
    if let Some(refusal) = flex::refusal(volume) {
        return refusal;
    }
    if volume.is_block() {
        return Eligibility::refused(
            "its volumeMode is Block, and Cloud Backup copies files (HBR backup request failed): only a snapshot \
             of its disk keeps it",
        );
    }
    if spec.is_some_and(|spec| spec.host_path.is_some()) {
        return Eligibility::refused(
            "it is a hostPath, which the kubelet mounts nowhere (SOURCE_NOT_EXIST): use a local volume instead",
        );
    }
    if plugin(&volume.volume).is_none() {
        return Eligibility::refused(
            "it is of a kind of which it is not known where the kubelet mounts it",
        );
    }
    if volume.mounts.is_empty() {
        return Eligibility::refused("no running Pod has it mounted, and its files are read there");
    }
    match choices(volume, nodes) {
        Ok(_) => Eligibility::Eligible { group: None },
        Err(reason) => Eligibility::refused(reason),
    }
}

/// The mounts that files can be read through, the most wanted first; why there are none.
pub(super) fn choices<'v>(
    volume: &'v Volume,
    nodes: &Nodes,
) -> Result<Vec<(u8, &'v Mount)>, String> {
    let mut refused = Vec::new();
    let mut choices = Vec::new();
    for mount in &volume.mounts {
        if below_pods(&volume.volume, &mount.pod.uid).is_none() {
            refused.push(format!("the uid of Pod `{}` is not known", mount.pod));
            continue;
        }
        match nodes.rank(&mount.node) {
            Ok(rank) => choices.push((rank, mount)),
            Err(reason) => refused.push(reason),
        }
    }
    if choices.is_empty() {
        refused.dedup();
        return Err(format!(
            "no node that it is mounted on may be chosen: {}",
            refused.join("; ")
        ));
    }
    choices.sort_by(|(rank, mount), (other, mount2)| {
        (rank, &mount.node, &mount.pod.uid).cmp(&(other, &mount2.node, &mount2.pod.uid))
    });
    Ok(choices)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn volume(spec: &str) -> PersistentVolume {
        let text = format!(r#"{{"metadata": {{"name": "pv-1"}}, "spec": {spec}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn each_kind_is_mounted_where_the_kubelet_mounts_it() {
        for (spec, place) in [
            (
                r#"{"csi": {"driver": "nasplugin.csi.alibabacloud.com", "volumeHandle": "x"}}"#,
                "kubernetes.io~csi/pv-1/mount",
            ),
            (
                r#"{"nfs": {"server": "a", "path": "/"}}"#,
                "kubernetes.io~nfs/pv-1",
            ),
            (
                r#"{"local": {"path": "/mnt/a"}}"#,
                "kubernetes.io~local-volume/pv-1",
            ),
            (
                r#"{"cephfs": {"monitors": []}}"#,
                "kubernetes.io~cephfs/pv-1",
            ),
        ] {
            let place = format!("uid-1/volumes/{place}");
            assert_eq!(below_pods(&volume(spec), "uid-1"), Some(place.clone()));
            assert_eq!(volume_of(&place), Some("pv-1"));
            assert_eq!(
                volume_of(&format!("/var/lib/kubelet/pods/{place}")),
                Some("pv-1")
            );
            assert!(is_same(&place, &format!("/var/lib/kubelet/pods/{place}/")));
            assert!(!is_same(&place, &format!("1{place}")));
        }
        assert_eq!(
            below_pods(&volume(r#"{"hostPath": {"path": "/"}}"#), "uid-1"),
            None
        );
        assert_eq!(
            below_pods(
                &volume(r#"{"nfs": {"server": "a", "path": "/"}}"#),
                "../uid"
            ),
            None
        );
        assert!(!is_same("", "a"));
    }
}
