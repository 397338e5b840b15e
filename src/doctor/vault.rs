//! A vault: its bucket, by itself and beside the verification of a backup in it.

use std::fmt;

use kube_backup_engine::verify::{Verify, VerifyReport};
use serde::Serialize;

use super::buckets;
use super::report::Report;
use crate::vault::OpenVault;

/// A backup that was read to its last byte, and what the bucket around it is. `Display` is the one report after
/// the other, `Serialize` the same for machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct VerifiedInVault {
    /// What the engine found of the backup.
    pub backup: VerifyReport,
    /// Who gets at the bucket, and how well it keeps what is in it.
    pub bucket: Report,
}

impl VerifiedInVault {
    /// Whether the backup can be restored, and nobody else is known to get at it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.backup.is_restorable() && self.bucket.is_healthy()
    }
}

impl fmt::Display for VerifiedInVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { backup, bucket } = self;
        write!(f, "{backup}\n{bucket}")
    }
}

/// Looks at the bucket of a vault, as the [`Doctor`](super::Doctor) does: its class and region, whether others get at it, whether
/// it encrypts, and whether what is deleted can be had back.
///
/// It takes `oss:GetBucketInfo`, and for retention policies `oss:GetBucketWorm`, which backups do without: what may not be
/// looked at is unknown, and no failure. Nothing is changed.
pub async fn check_vault(vault: &OpenVault) -> Report {
    Report {
        checks: buckets::of_vault(vault).await,
    }
}

/// Runs a verification of a backup in a vault, and looks at its bucket meanwhile.
///
/// ```no_run
/// # async fn example(vault: ack_backup_center::vault::OpenVault) -> Result<(), Box<dyn std::error::Error>> {
/// use ack_backup_center::doctor::verify_in_vault;
/// use ack_backup_center::engine::verify::Verify;
///
/// let verify = Verify::new(vault.repository.clone(), "nightly");
/// let verified = verify_in_vault(&vault, verify).await?;
/// print!("{verified}");
/// std::process::exit(if verified.is_good() { 0 } else { 1 });
/// # }
/// ```
///
/// # Errors
///
/// As [`Verify::run`].
pub async fn verify_in_vault(
    vault: &OpenVault,
    verify: Verify,
) -> kube_backup_engine::Result<VerifiedInVault> {
    let (backup, bucket) = futures::join!(verify.run(), check_vault(vault));
    Ok(VerifiedInVault {
        backup: backup?,
        bucket,
    })
}
