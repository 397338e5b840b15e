//! What snapshots and groups are tagged with: whose they are, for those who find them without a record.
//!
//! A resource has up to 20 tags of 128 characters, and members of a group cannot be given any when they
//! are made. So a group has, beside four tags of its own, one for each of its up to 16 disks.

use std::collections::BTreeMap;

use alibaba_ecs_snapshot::Tag;
use kube_backup_engine::volumes::{
    ObjectRef, SnapshotGroup, VolumeMethod, VolumeRecord, snapshot_name,
};

use super::details::TAGGED;
use super::shared::NAME;

/// The uid of the backup, by which everything of it is found.
pub(super) const BACKUP_UID: &str = "ack-backup-center.io/backup-uid";
/// Its name, for people.
const BACKUP: &str = "ack-backup-center.io/backup";
/// The cluster that the volume is of.
const CLUSTER: &str = "ack-backup-center.io/cluster";
const NAMESPACE: &str = "ack-backup-center.io/namespace";
const CLAIM: &str = "ack-backup-center.io/claim";
const CLAIM_UID: &str = "ack-backup-center.io/claim-uid";
const VOLUME: &str = "ack-backup-center.io/volume";
/// Of a disk that a restore has made: the restore's uid.
pub(super) const RESTORE_UID: &str = "ack-backup-center.io/restore-uid";
/// What tags begin with that note a detail of a disk, or, of a group, a member by its disk.
const PREFIX: &str = "ack-backup-center.io/";

const MOST: usize = 20;
const LONGEST: usize = 128;

/// Tags in the making: up to 20, no key twice, no value that is too long.
#[derive(Debug, Default)]
struct Tags(Vec<Tag>);

impl Tags {
    fn add(&mut self, key: &str, value: &str) {
        let is_url = |text: &str| text.contains("http://") || text.contains("https://");
        let is_legal = (1..=LONGEST).contains(&key.chars().count())
            && !key.starts_with("aliyun")
            && !key.starts_with("acs:")
            && !is_url(key)
            && !is_url(value);
        let is_new = !self.0.iter().any(|tag| tag.key == key);
        if is_legal && is_new && !value.is_empty() && self.0.len() < MOST {
            let value: String = value.chars().take(LONGEST).collect();
            self.0.push(Tag::new(key, value));
        }
    }

    /// What else people want there, as far as there is room.
    fn with_labels(mut self, labels: &BTreeMap<String, String>) -> Vec<Tag> {
        for (key, value) in labels {
            self.add(key, value);
        }
        self.0
    }
}

/// The tags of the snapshot of one volume.
pub(super) fn of_snapshot(
    record: &VolumeRecord,
    backup: &str,
    cluster: &str,
    labels: &BTreeMap<String, String>,
) -> Vec<Tag> {
    let mut tags = Tags::default();
    tags.add(BACKUP_UID, &record.backup_uid);
    tags.add(BACKUP, backup);
    tags.add(CLUSTER, cluster);
    tags.add(NAMESPACE, &record.claim.namespace);
    tags.add(CLAIM, &record.claim.name);
    tags.add(CLAIM_UID, &record.claim.uid);
    tags.add(VOLUME, &record.volume.name);
    for name in TAGGED {
        let value = record.attributes.get(name);
        tags.add(&format!("{PREFIX}{name}"), value.map_or("", String::as_str));
    }
    tags.with_labels(labels)
}

/// The tags of a group of these records, each with its disk.
pub(super) fn of_group<'r>(
    group: &SnapshotGroup,
    cluster: &str,
    members: impl IntoIterator<Item = (&'r str, &'r VolumeRecord)>,
) -> Vec<Tag> {
    let mut tags = Tags::default();
    tags.add(BACKUP_UID, &group.backup_uid);
    tags.add(BACKUP, &group.backup_name);
    tags.add(CLUSTER, cluster);
    for (disk, record) in members {
        tags.add(&format!("{PREFIX}{disk}"), &member(record));
    }
    tags.with_labels(&group.labels)
}

/// The tags of a disk that a restore makes.
pub(super) fn of_disk(record: &VolumeRecord, restore_uid: &str, claim: &ObjectRef) -> Vec<Tag> {
    let mut tags = Tags::default();
    tags.add(RESTORE_UID, restore_uid);
    tags.add(BACKUP_UID, &record.backup_uid);
    tags.add(NAMESPACE, &claim.namespace);
    tags.add(CLAIM, &claim.name);
    tags.0
}

/// A member as its tag names it: its volume and its claim, or, where they are too long, only what its
/// snapshot is called.
fn member(record: &VolumeRecord) -> String {
    let text = format!("{} {}", record.volume.name, record.claim);
    if text.chars().count() <= LONGEST {
        text
    } else {
        record.name.clone()
    }
}

pub(super) fn value<'t>(tags: &'t [Tag], key: &str) -> Option<&'t str> {
    let tag = tags.iter().find(|tag| tag.key == key)?;
    Some(&tag.value)
}

/// The record that the tags of a single snapshot tell of.
pub(super) fn record(tags: &[Tag], name: &str) -> Option<VolumeRecord> {
    let uid = value(tags, BACKUP_UID)?;
    let mut record = VolumeRecord::found(NAME, VolumeMethod::NativeSnapshot, uid, name);
    let text = |key: &str| value(tags, key).unwrap_or_default().to_owned();
    record.claim = ObjectRef {
        namespace: text(NAMESPACE),
        name: text(CLAIM),
        uid: text(CLAIM_UID),
    };
    record.volume.name = text(VOLUME);
    for name in TAGGED {
        if let Some(value) = value(tags, &format!("{PREFIX}{name}")) {
            record.attributes.insert(name.to_owned(), value.to_owned());
        }
    }
    Some(record)
}

/// The record of a group's member, by its disk.
pub(super) fn member_record(tags: &[Tag], disk: &str) -> Option<VolumeRecord> {
    let uid = value(tags, BACKUP_UID)?;
    let text = value(tags, &format!("{PREFIX}{disk}"))?;
    let found = |name: &str| VolumeRecord::found(NAME, VolumeMethod::NativeSnapshot, uid, name);
    let Some((volume, claim)) = text.split_once(' ') else {
        return Some(found(text));
    };
    let mut record = found(&snapshot_name(uid, volume));
    volume.clone_into(&mut record.volume.name);
    let (namespace, name) = claim.split_once('/').unwrap_or(("", claim));
    namespace.clone_into(&mut record.claim.namespace);
    name.clone_into(&mut record.claim.name);
    Some(record)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record_of(volume: &str, claim: &str) -> VolumeRecord {
        let name = snapshot_name("uid-1", volume);
        let mut record = VolumeRecord::found(NAME, VolumeMethod::NativeSnapshot, "uid-1", name);
        volume.clone_into(&mut record.volume.name);
        record.claim = ObjectRef {
            namespace: "shop".to_owned(),
            name: claim.to_owned(),
            uid: String::new(),
        };
        record
    }

    proptest! {
        /// Whatever a volume is called, its snapshot is found again by what it is called.
        #[test]
        fn members_are_found_by_what_their_group_says(volume in "[a-z][a-z0-9.-]{0,252}", claim in "[a-z][a-z0-9-]{0,80}") {
            let record = record_of(&volume, &claim);
            let tags = [Tag::new(BACKUP_UID, "uid-1"), Tag::new(format!("{PREFIX}d-1"), member(&record))];
            let found = member_record(&tags, "d-1").unwrap();
            prop_assert_eq!(&found.name, &record.name);
            prop_assert!(found.volume.name.is_empty() || found.claim == record.claim);
            prop_assert!(member_record(&tags, "d-2").is_none());
        }
    }

    #[test]
    fn tags_are_few_enough_and_labels_take_what_room_is_left() {
        let mut record = record_of("pv", "data");
        for name in TAGGED {
            record.attributes.insert(name.to_owned(), "x".to_owned());
        }
        let labels: BTreeMap<_, _> = (0..30)
            .map(|n| (format!("label-{n:02}"), "y".repeat(200)))
            .chain([("acs:own".to_owned(), "z".to_owned())])
            .collect();
        let tags = of_snapshot(&record, "nightly", "c1", &labels);
        assert_eq!(tags.len(), MOST);
        assert!(
            tags.iter()
                .all(|tag| tag.value.len() <= LONGEST && !tag.key.starts_with("acs:"))
        );
        let found = super::record(&tags, &record.name).unwrap();
        assert_eq!(found, record);
    }
}
