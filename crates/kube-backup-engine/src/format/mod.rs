//! Every name that is written outside: to the object store, to the objects of a cluster, to the storage of
//! volumes. `FORMAT.md` says what they mean, and a golden tree in the tests holds both to it.
//!
//! The format only grows. What is new gets a new name; what was ever written is read for ever.

pub(crate) mod annotations;
pub(crate) mod entries;
pub(crate) mod index;
pub(crate) mod keys;
pub(crate) mod labels;
pub(crate) mod names;
pub(crate) mod record;

/// JSON pointers to what a restore puts on objects.
pub(crate) const PUT_ON_BY_A_RESTORE: [&str; 6] = [
    "/metadata/labels/velero.io~1backup-name",
    "/metadata/labels/velero.io~1restore-name",
    "/metadata/annotations/kube-backup-engine.io~1restored-by",
    "/metadata/annotations/kube-backup-engine~1restored-by",
    "/metadata/annotations/kube-backup-engine.io~1backup-uid",
    "/metadata/annotations/kube-backup-engine.io~1restore-uid",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_and_names_agree() {
        let pointer =
            |map: &str, name: &str| format!("/metadata/{map}/{}", name.replace('/', "~1"));
        assert_eq!(
            PUT_ON_BY_A_RESTORE.map(str::to_owned),
            [
                pointer("labels", labels::BACKUP_NAME),
                pointer("labels", labels::RESTORE_NAME),
                pointer("annotations", annotations::RESTORED_BY),
                pointer("annotations", annotations::FORMER_RESTORED_BY),
                pointer("annotations", annotations::BACKUP_UID),
                pointer("annotations", annotations::RESTORE_UID),
            ]
        );
    }
}
