//! What deletions call themselves, and what snapshots of volumes and their groups are called in their storage: 2 to 63 lower-case letters,
//! digits and `-`, beginning with a letter, as Kubernetes objects and cloud disks can be.

use base16ct::lower::encode_string;
use sha2::{Digest as _, Sha256};

/// Longest uid that is written as it is.
const MAX_UID: usize = 36;

/// Who holds the lease on the name of a backup that is being deleted. No backup has this uid.
pub(crate) const PRUNE: &str = "prune";

/// The snapshot of a volume for the backup `uid`.
pub(crate) fn snapshot(uid: &str, volume: &str) -> String {
    format!("backup-{}-{}", short(uid), digest([volume]))
}

/// The group of snapshots of these volumes for the backup `uid`.
pub(crate) fn snapshot_group<'a>(uid: &str, volumes: impl IntoIterator<Item = &'a str>) -> String {
    format!("backup-{}-g-{}", short(uid), digest(volumes))
}

/// The Pod that has a claim mounted while the restore `uid` fills it.
pub(crate) fn filler(uid: &str, namespace: &str, claim: &str) -> String {
    format!("restore-{}-{}", short(uid), digest([namespace, claim]))
}

/// The uid of a restore that was given none: of this name, of the backup with this uid.
pub(crate) fn uid_of_restore(backup_uid: &str, name: &str) -> String {
    let mut digits = encode_string(&Sha256::digest(format!("{backup_uid}\n{name}").as_bytes()));
    digits.truncate(32);
    for at in [20, 16, 12, 8] {
        digits.insert(at, '-');
    }
    digits
}

/// What a claim is restored through.
pub(crate) fn restored_snapshot(restore_uid: &str, namespace: &str, claim: &str) -> String {
    format!(
        "restore-{}-{}",
        short(restore_uid),
        digest([namespace, claim])
    )
}

fn short(uid: &str) -> String {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if uid.len() <= MAX_UID && uid.bytes().all(legal) {
        return uid.to_owned();
    }
    let mut digest = encode_string(&Sha256::digest(uid.as_bytes()));
    digest.truncate(32);
    digest
}

fn digest<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut hash = Sha256::new();
    for name in names {
        hash.update(name.as_bytes());
        hash.update(b"\n");
    }
    let mut digest = encode_string(&hash.finalize());
    digest.truncate(12);
    digest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_from_uid_and_volume() {
        let uid = "0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01";
        // printf 'pvc-1\n' | sha256sum
        assert_eq!(
            snapshot(uid, "pvc-1"),
            "backup-0b5ce1f0-7b7e-4c52-a9ae-6e1c1b7c9d01-1129ed29d522"
        );
        let long = "A".repeat(63);
        for uid in [uid, "B", &long] {
            for name in [
                snapshot(uid, "pvc-1"),
                snapshot_group(uid, ["a", "b"]),
                filler(uid, "shop", "data"),
            ] {
                assert!(name.len() <= 63, "{name}");
                assert!(!name.contains(char::is_uppercase), "{name}");
            }
        }
        let of_restore = uid_of_restore(uid, "r");
        assert_eq!(of_restore.len(), uid.len());
        assert_eq!(short(&of_restore), of_restore);
        assert_ne!(of_restore, uid_of_restore(uid, "s"));
        assert_ne!(
            snapshot_group(uid, ["ab", "c"]),
            snapshot_group(uid, ["a", "bc"])
        );
    }
}
