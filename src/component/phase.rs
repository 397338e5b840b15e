//! Phases of custom resources. Their words are those that ACK's console and command line show; a status may hold others.

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
/// Of a request, by Velero: done, with or without errors. This component does not write it.
pub const PROCESSED: &str = "Processed";

/// Whether nothing more is done about a task in this phase.
#[must_use]
pub fn is_over(phase: &str) -> bool {
    [
        COMPLETED,
        PARTIALLY_FAILED,
        FAILED,
        FAILED_VALIDATION,
        PROCESSED,
    ]
    .contains(&phase)
}
