//! What a PersistentVolume says of the disk behind it.

use kube_backup_engine::volumes::{Eligibility, Volume};

use crate::volumes::flex;

/// ACK's driver of cloud disks.
pub(super) const DRIVER: &str = "diskplugin.csi.alibabacloud.com";
/// The one key by which the driver binds a volume to its zone.
pub(super) const ZONE_KEY: &str = "topology.diskplugin.csi.alibabacloud.com/zone";
/// Keys that others, and the driver in other settings, use for zones.
const OTHER_ZONE_KEYS: [&str; 2] = [
    "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/zone",
];
/// The key of regional disks.
pub(super) const REGION_KEY: &str = "topology.kubernetes.io/region";
/// Disks that are kept in several zones.
const REGIONAL: &str = "cloud_regional_disk_auto";

/// All keys that bind a volume of the driver to a place.
pub(super) fn topology_keys() -> Vec<String> {
    let keys = [ZONE_KEY, REGION_KEY];
    keys.into_iter()
        .chain(OTHER_ZONE_KEYS)
        .map(str::to_owned)
        .collect()
}

/// Whether the disk of a volume can be snapshotted in this region, and with which others.
pub(super) fn eligibility(volume: &Volume, region: Option<&str>) -> Eligibility {
    if let Some(refusal) = flex::refusal(volume) {
        return refusal;
    }
    let id = match volume.csi() {
        Some((DRIVER, handle)) => handle,
        Some((driver, _)) => {
            return Eligibility::refused(format!("its driver is `{driver}`, not `{DRIVER}`"));
        }
        None => return Eligibility::refused(format!("it is not of the CSI driver `{DRIVER}`")),
    };
    if !is_disk_id(id) {
        return Eligibility::refused(format!("its handle `{id}` is not the id of a disk"));
    }
    let category = category(volume);
    let is_of = |prefix: &str| category.as_deref().is_some_and(|it| it.starts_with(prefix));
    if is_of("elastic_ephemeral_disk") || is_of("local") {
        let category = category.unwrap_or_default();
        return Eligibility::refused(format!(
            "its disk is of the category `{category}`, which has no snapshots: back up its files instead"
        ));
    }
    let own = affinity(volume, REGION_KEY).or_else(|| label(volume, REGION_KEY));
    if let (Some(own), Some(region)) = (own, region)
        && own != region
    {
        return Eligibility::refused(format!(
            "its disk is in the region `{own}`, and snapshots are made in `{region}`"
        ));
    }
    Eligibility::Eligible {
        group: group(volume, category.as_deref()),
    }
}

/// Which disks can be cut together: ESSDs of one zone, and regional ones among themselves. Where the volume
/// says nothing of the category, ECS decides on those that say nothing.
fn group(volume: &Volume, category: Option<&str>) -> Option<String> {
    if attribute(volume, "multiAttach").is_some_and(is_true) {
        return None;
    }
    match category {
        Some(REGIONAL) => Some("regional".to_owned()),
        Some("cloud_essd" | "cloud_auto" | "cloud_essd_entry") => zone(volume),
        Some(_) => None,
        None => zone(volume).map(|zone| format!("{zone}, of a category that is not known")),
    }
}

/// Whether a disk of ESSD's kind can be in a group at all.
pub(super) fn has_groups(category: &str) -> bool {
    matches!(
        category,
        "cloud_essd" | "cloud_auto" | "cloud_essd_entry" | REGIONAL
    )
}

/// The id of the disk.
pub(super) fn disk_id(volume: &Volume) -> Option<String> {
    let (_, handle) = volume.csi().filter(|(driver, _)| *driver == DRIVER)?;
    Some(handle.to_owned())
}

/// The category that the disk has.
pub(super) fn category(volume: &Volume) -> Option<String> {
    let stated = attribute(volume, "type").filter(|text| !text.contains(','));
    let stated = stated.filter(|text| *text != "available");
    // `cloud_essd.PL1`
    let labelled = || label(volume, "csi.alibabacloud.com/disktype");
    let category = stated.or_else(labelled)?;
    Some(category.split('.').next()?.to_owned())
}

/// The zone that the volume is bound to.
pub(super) fn zone(volume: &Volume) -> Option<String> {
    let keys = std::iter::once(ZONE_KEY).chain(OTHER_ZONE_KEYS);
    let mut found = keys.filter_map(|key| affinity(volume, key).or_else(|| label(volume, key)));
    found.next().map(str::to_owned)
}

pub(super) fn attribute<'v>(volume: &'v Volume, name: &str) -> Option<&'v str> {
    let csi = volume.volume.spec.as_ref()?.csi.as_ref()?;
    let attributes = csi.volume_attributes.as_ref()?;
    attributes.get(name).map(String::as_str)
}

/// What the driver takes for true in parameters of a class.
pub(super) fn is_true(text: &str) -> bool {
    matches!(text.to_ascii_lowercase().as_str(), "yes" | "true" | "1")
}

fn label<'v>(volume: &'v Volume, key: &str) -> Option<&'v str> {
    let labels = volume.volume.metadata.labels.as_ref()?;
    labels.get(key).map(String::as_str)
}

/// The one value that the volume's node affinity allows for a key.
fn affinity<'v>(volume: &'v Volume, key: &str) -> Option<&'v str> {
    let spec = volume.volume.spec.as_ref()?;
    let required = spec.node_affinity.as_ref()?.required.as_ref()?;
    let expressions = required
        .node_selector_terms
        .iter()
        .flat_map(|term| term.match_expressions.iter().flatten());
    let mut values = expressions
        .filter(|it| it.key == key && it.operator == "In")
        .flat_map(|it| it.values.iter().flatten());
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

fn is_disk_id(id: &str) -> bool {
    let rest = id.strip_prefix("d-").unwrap_or_default();
    !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
