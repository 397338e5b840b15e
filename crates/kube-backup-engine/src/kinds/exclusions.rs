//! What is never backed up, or never restored, and why.

use crate::GroupResource;

/// Kinds that are left out, with the reason.
type Exclusion = (&'static str, &'static str, &'static str);

const DATA: &str = "it stands for data held elsewhere, which comes back with a volume";
const MACHINE: &str = "it belongs to a machine of the cluster";
const EVENT: &str = "it tells what happened in the cluster it was taken from";
const ORDER: &str = "it is an order to Velero, which would carry it out a second time";

const MEASURED: &str = "controllers of the cluster it was taken from keep it up to date";
const IDENTITY: &str =
    "it asks for a certificate for whoever made it, and would be asked for by the restore";
const ISSUED: &str = "it is made again from its Certificate";
const OURS: &str = "it is an order to a backup center, which would carry it out a second time";

/// Velero, backup_controller.go.
const NEVER_BACKED_UP: [Exclusion; 4] = [
    ("snapshot.storage.k8s.io", "volumesnapshots", DATA),
    ("snapshot.storage.k8s.io", "volumesnapshotcontents", DATA),
    ("groupsnapshot.storage.k8s.io", "volumegroupsnapshots", DATA),
    (
        "groupsnapshot.storage.k8s.io",
        "volumegroupsnapshotcontents",
        DATA,
    ),
];

/// Velero, restore_controller.go, and the rest of its own kinds that are orders; requests for certificates,
/// into which the API server writes who created them; and what machines and network plugins keep of
/// themselves (the CRDs of Cilium, Calico and Terway).
#[rustfmt::skip]
const NEVER_RESTORED: &[Exclusion] = &[
    ("", "nodes", MACHINE),
    ("", "events", EVENT),
    ("events.k8s.io", "events", EVENT),
    ("velero.io", "backups", ORDER),
    ("velero.io", "restores", ORDER),
    ("velero.io", "resticrepositories", ORDER),
    ("velero.io", "backuprepositories", ORDER),
    ("velero.io", "datadownloads", ORDER),
    ("velero.io", "datauploads", ORDER),
    ("velero.io", "deletebackuprequests", ORDER),
    ("velero.io", "downloadrequests", ORDER),
    ("velero.io", "podvolumebackups", ORDER),
    ("velero.io", "podvolumerestores", ORDER),
    ("velero.io", "serverstatusrequests", ORDER),
    ("csdr.alibabacloud.com", "applicationbackups", OURS),
    ("csdr.alibabacloud.com", "applicationrestores", OURS),
    ("csdr.alibabacloud.com", "deleterequests", OURS),
    ("csdr.alibabacloud.com", "converttosnapshots", OURS),
    ("storage.k8s.io", "csinodes", MACHINE),
    ("storage.k8s.io", "volumeattachments", MACHINE),
    ("storage.k8s.io", "csistoragecapacities", MEASURED),
    ("resource.k8s.io", "resourceslices", MACHINE),
    ("coordination.k8s.io", "leasecandidates", MACHINE),
    ("internal.apiserver.k8s.io", "storageversions", MEASURED),
    ("storagemigration.k8s.io", "storageversionmigrations", MEASURED),
    ("cilium.io", "ciliumnodes", MACHINE),
    ("cilium.io", "ciliumendpoints", MEASURED),
    ("cilium.io", "ciliumendpointslices", MEASURED),
    ("cilium.io", "ciliumidentities", MEASURED),
    ("crd.projectcalico.org", "blockaffinities", MACHINE),
    ("crd.projectcalico.org", "ipamblocks", MACHINE),
    ("crd.projectcalico.org", "ipamhandles", MACHINE),
    ("network.alibabacloud.com", "nodes", MACHINE),
    ("network.alibabacloud.com", "noderuntimes", MACHINE),
    ("network.alibabacloud.com", "podenis", MACHINE),
    ("certificates.k8s.io", "certificatesigningrequests", IDENTITY),
    ("certificates.k8s.io", "podcertificaterequests", IDENTITY),
    ("cert-manager.io", "certificaterequests", IDENTITY),
    ("acme.cert-manager.io", "orders", ISSUED),
    ("acme.cert-manager.io", "challenges", ISSUED),
];

/// Kinds of which one group shows another group's objects: the first is left out where the second is
/// served (Velero, item_collector.go: cohabitating resources).
const COPIES: [[(&str, &str); 2]; 6] = [
    [("extensions", "deployments"), ("apps", "deployments")],
    [("extensions", "daemonsets"), ("apps", "daemonsets")],
    [("extensions", "replicasets"), ("apps", "replicasets")],
    [
        ("extensions", "ingresses"),
        ("networking.k8s.io", "ingresses"),
    ],
    [
        ("extensions", "networkpolicies"),
        ("networking.k8s.io", "networkpolicies"),
    ],
    [("events.k8s.io", "events"), ("", "events")],
];

/// Why no backup holds this kind; `None` when one may.
pub(crate) fn never_backed_up(kind: &GroupResource) -> Option<&'static str> {
    reason(&NEVER_BACKED_UP, kind)
}

/// Why no restore brings this kind back; `None` when one may.
pub(crate) fn never_restored(kind: &GroupResource) -> Option<&'static str> {
    reason(NEVER_RESTORED, kind)
}

fn reason(excluded: &[Exclusion], kind: &GroupResource) -> Option<&'static str> {
    let row = excluded
        .iter()
        .find(|(group, plural, _)| kind.is(group, plural));
    row.map(|(_, _, reason)| *reason)
}

/// The kind of another group that holds the same objects.
pub(crate) fn original_of(kind: &GroupResource) -> Option<GroupResource> {
    COPIES.iter().find_map(|[(group, plural), (of, original)]| {
        kind.is(group, plural)
            .then(|| GroupResource::new(*of, *original))
    })
}
