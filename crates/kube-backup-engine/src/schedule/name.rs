//! What the backups of a plan are called.

use chrono::{DateTime, Utc};

use crate::Result;
use crate::format::keys::check_name;

/// The name of the backup of `plan` for the slot at this time: `nightly-20260301183000`, in UTC, whatever the zone
/// of the schedule and of the machine. It follows from the slot alone, so that no slot is run twice.
///
/// # Errors
/// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when that is no name that a backup can have: plans are named as
/// Kubernetes objects are, in 238 characters at most.
pub fn backup_name(plan: &str, slot: DateTime<Utc>) -> Result<String> {
    let name = format!("{plan}-{}", slot.format("%Y%m%d%H%M%S"));
    check_name(&name)?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_of_the_slot_in_utc_and_are_names() {
        let slot = "2026-03-01T18:30:00Z".parse().unwrap();
        assert_eq!(backup_name("a.b-c", slot).unwrap(), "a.b-c-20260301183000");
        backup_name(&"a".repeat(238), slot).unwrap();
        for plan in ["", "A", "a/b", "-a", &"a".repeat(239)] {
            backup_name(plan, slot).unwrap_err();
        }
    }
}
