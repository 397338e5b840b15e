//! Words that stand in the status of several kinds.

/// Types of conditions.
pub mod condition {
    /// The summary: what was asked for is there.
    pub const READY: &str = "Ready";
    /// False while the specification holds fields that nobody reads, which the message names.
    pub const FIELDS_KNOWN: &str = "FieldsKnown";
    /// Of a backup: whether the data of volumes is in it.
    pub const VOLUMES_BACKED_UP: &str = "VolumesBackedUp";
    /// Of a backup: whether it was proved.
    pub const VERIFIED: &str = "Verified";
    /// Of a vault: whether its backups are shown in this cluster.
    pub const SYNCED: &str = "Synced";
    /// Of a vault: whether it can be written to.
    pub const WRITABLE: &str = "Writable";
}
