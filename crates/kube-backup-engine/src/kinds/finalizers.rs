//! Finalizers: who takes which off again.

/// Taken off by what every control plane has: the API server and kube-controller-manager.
const BUILT_IN: [&str; 10] = [
    "kubernetes",
    "orphan",
    "foregroundDeletion",
    "kubernetes.io/pvc-protection",
    "kubernetes.io/pv-protection",
    "kubernetes.io/vac-protection",
    "batch.kubernetes.io/job-tracking",
    "customresourcecleanup.apiextensions.k8s.io",
    "networking.k8s.io/service-cidr-finalizer",
    "resource.kubernetes.io/delete-protection",
];

/// Put on by whoever made something outside for the object, which is true of one cluster: the same
/// controller puts it on again once it has made another. Where there is none, nobody would take it off.
const OF_THINGS_OUTSIDE: [&str; 9] = [
    // k8s.io/cloud-provider, service/helpers.
    "service.kubernetes.io/load-balancer-cleanup",
    // kubernetes/cloud-provider-alibaba-cloud, pkg/controller/helper.
    "service.k8s.alibaba/resources",
    // kubernetes-csi/external-provisioner and external-snapshotter.
    "external-provisioner.volume.kubernetes.io/finalizer",
    "snapshot.storage.kubernetes.io/pvc-as-source-protection",
    "provisioner.storage.kubernetes.io/cloning-protection",
    "provisioner.storage.kubernetes.io/volumesnapshot-as-source-protection",
    // kubernetes-sigs/alibaba-cloud-csi-driver, pkg/nas.
    "csi.alibabacloud.com/nas-subpath-archive",
    "csi.alibabacloud.com/nas-subpath-deletion",
    // kubernetes-csi/external-attacher, followed by the driver.
    "external-attacher/",
];

/// Whether every control plane takes it off by itself.
pub(crate) fn is_built_in(finalizer: &str) -> bool {
    BUILT_IN.contains(&finalizer)
}

/// Whether it says that a controller made something outside of the cluster for the object.
pub(crate) fn is_of_something_outside(finalizer: &str) -> bool {
    OF_THINGS_OUTSIDE
        .iter()
        .any(|known| *known == finalizer || known.ends_with('/') && finalizer.starts_with(known))
}
