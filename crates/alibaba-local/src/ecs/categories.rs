//! Categories of disks: how large they may be, and whether they have snapshots.

/// A category of disks.
#[derive(Debug)]
pub(super) struct Category {
    pub(super) name: &'static str,
    /// In GiB.
    pub(super) sizes: (u64, u64),
    pub(super) is_essd: bool,
    pub(super) has_snapshots: bool,
}

const fn category(name: &'static str, sizes: (u64, u64), is_essd: bool) -> Category {
    Category {
        name,
        sizes,
        is_essd,
        has_snapshots: true,
    }
}

/// Sizes are those of CreateDisk's reference; of regional and ephemeral disks, those that the disk
/// driver of ACK has.
pub(super) const CATEGORIES: &[Category] = &[
    category("cloud", (5, 2000), false),
    category("cloud_efficiency", (20, 32768), false),
    category("cloud_ssd", (20, 32768), false),
    category("cloud_essd", (1, 65536), true),
    category("cloud_auto", (1, 65536), true),
    category("cloud_essd_entry", (10, 32768), true),
    category("cloud_regional_disk_auto", (10, 65536), true),
    ephemeral("elastic_ephemeral_disk_standard"),
    ephemeral("elastic_ephemeral_disk_premium"),
];

const fn ephemeral(name: &'static str) -> Category {
    Category {
        has_snapshots: false,
        ..category(name, (64, 8192), false)
    }
}

/// What CreateDisk makes unless told otherwise.
pub(super) const DEFAULT: &str = "cloud";

/// Of ESSDs: the level, and the least size in GiB.
pub(super) const PERFORMANCE_LEVELS: [(&str, u64); 4] =
    [("PL0", 1), ("PL1", 20), ("PL2", 461), ("PL3", 1261)];

pub(super) fn find(name: &str) -> Option<&'static Category> {
    CATEGORIES.iter().find(|category| category.name == name)
}

/// Snapshots of the ESSD series can be used at once, ten can be under way, and groups take them.
pub(super) fn is_essd(name: &str) -> bool {
    find(name).is_some_and(|category| category.is_essd)
}

pub(super) fn has_snapshots(name: &str) -> bool {
    find(name).is_some_and(|category| category.has_snapshots)
}
