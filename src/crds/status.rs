//! Words that stand in the status of several kinds.

/// Phases. Their words are those that ACK's console and command line show; a status may hold others.
pub mod phase {
    /// Waiting for its turn, or for what it needs.
    pub const NEW: &str = "New";
    /// Under way; of a vault, being looked at for the first time.
    pub const IN_PROGRESS: &str = "InProgress";
    /// Done, with everything that was asked for.
    pub const COMPLETED: &str = "Completed";
    /// Done, with something missing; the errors say what.
    pub const PARTIALLY_FAILED: &str = "PartiallyFailed";
    /// Not done.
    pub const FAILED: &str = "Failed";
    /// Of a verification: the backup is as it should be.
    pub const PASSED: &str = "Passed";
    /// Of a vault: it can be used.
    pub const AVAILABLE: &str = "Available";
    /// Of a vault: it cannot be used; its message says why.
    pub const UNAVAILABLE: &str = "Unavailable";
    /// Of a plan: it makes backups.
    pub const ENABLED: &str = "Enabled";
    /// Of a plan: it waits until it is no longer paused.
    pub const PAUSED: &str = "Paused";
    /// The object contradicts itself or cannot be read.
    pub const FAILED_VALIDATION: &str = "FailedValidation";
}

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
