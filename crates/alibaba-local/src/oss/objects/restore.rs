//! Archived objects: frozen, on their way back, readable for some days, frozen again.

use chrono::TimeDelta;
use http::StatusCode;
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::oss::document;
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::Restored;
use crate::oss::storage::object::StorageClass;

#[derive(Deserialize)]
struct RestoreRequest {
    #[serde(rename = "Days", default = "one")]
    days: u32,
    #[serde(rename = "JobParameters")]
    job: Option<JobParameters>,
}

#[derive(Deserialize)]
struct JobParameters {
    #[serde(rename = "Tier")]
    tier: Tier,
}

#[derive(Clone, Copy, Deserialize)]
enum Tier {
    Expedited,
    Standard,
    Bulk,
}

fn one() -> u32 {
    1
}

impl Oss {
    pub(crate) fn restore_object(
        &self,
        target: &Target,
        document: &str,
    ) -> Result<Response, OssError> {
        let request = if document.trim().is_empty() {
            RestoreRequest { days: 1, job: None }
        } else {
            document::read(document, "RestoreRequest")?
        };
        if !(1..=365).contains(&request.days) {
            return Err(OssError::malformed_xml());
        }
        let tier = request.job.map_or(Tier::Standard, |job| job.tier);
        let now = self.clock.now();
        let kept_for = TimeDelta::days(i64::from(request.days));
        let (status, version) = self.store.update(
            target.bucket(),
            target.key(),
            target.version()?,
            |meta, _| {
                let takes = match self.restore_time {
                    Some(time) if meta.storage_class.is_archived() => time,
                    _ => retrieval_time(meta.storage_class, tier)?,
                };
                let (status, restored) = match meta.restored {
                    Some(restored) if now < restored.ready => {
                        return Err(OssError::refuse(
                            Refusal::RESTORE_IN_PROGRESS,
                            "The restore operation is in progress.",
                        ));
                    }
                    Some(restored) if now < restored.until => (
                        StatusCode::OK,
                        Restored {
                            until: now + kept_for,
                            ..restored
                        },
                    ),
                    _ => (
                        StatusCode::ACCEPTED,
                        Restored {
                            ready: now + takes,
                            until: now + takes + kept_for,
                        },
                    ),
                };
                meta.restored = Some(restored);
                Ok(status)
            },
        )?;
        Ok(Response::empty(status).maybe("x-oss-version-id", version.as_deref()))
    }

    /// Freezes a restored object before its time.
    pub(crate) fn clean_restored_object(&self, target: &Target) -> Result<Response, OssError> {
        let now = self.clock.now();
        let ((), version) = self.store.update(
            target.bucket(),
            target.key(),
            target.version()?,
            |meta, _| match meta.restored {
                Some(restored) if now < restored.ready => Err(OssError::refuse(
                    Refusal::ARCHIVE_RESTORE_NOT_FINISHED,
                    "The archive file's restore is not finished.",
                )),
                Some(restored) if now < restored.until => {
                    meta.restored = None;
                    Ok(())
                }
                _ => Err(OssError::refuse(
                    Refusal::ARCHIVE_RESTORE_FILE_STALE,
                    "The archive file or restore info stale",
                )),
            },
        )?;
        Ok(Response::empty(StatusCode::OK).maybe("x-oss-version-id", version.as_deref()))
    }
}

/// How long OSS says that it takes (RestoreObject; where a span is given, its end).
fn retrieval_time(class: StorageClass, tier: Tier) -> Result<TimeDelta, OssError> {
    Ok(match (class, tier) {
        (StorageClass::Standard | StorageClass::InfrequentAccess, _) => {
            return Err(OssError::refuse(
                Refusal::OPERATION_NOT_SUPPORTED,
                "The operation is not supported for this resource.",
            ));
        }
        (StorageClass::Archive, _) => TimeDelta::minutes(1),
        (StorageClass::ColdArchive, Tier::Expedited) => TimeDelta::hours(1),
        (StorageClass::ColdArchive, Tier::Standard) => TimeDelta::hours(5),
        (StorageClass::ColdArchive, Tier::Bulk)
        | (StorageClass::DeepColdArchive, Tier::Expedited) => TimeDelta::hours(12),
        (StorageClass::DeepColdArchive, _) => TimeDelta::hours(48),
    })
}
