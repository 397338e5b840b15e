//! The retention policy of a whole bucket: initiated, locked within a day or lapsed, extended.

use http::StatusCode;
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::document::{self, iso_date};
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::settings::BucketWorm;

/// A retention's days: 1 to 70 years.
const DAYS: std::ops::RangeInclusive<u32> = 1..=25_550;

#[derive(Deserialize)]
struct WormConfiguration {
    #[serde(rename = "RetentionPeriodInDays")]
    days: u32,
}

impl Oss {
    pub(crate) fn initiate_worm(
        &self,
        target: &Target,
        document: &str,
    ) -> Result<Response, OssError> {
        let days = read_days(document, "InitiateWormConfiguration")?;
        let now = self.clock.now();
        self.store.change_settings(target.bucket(), |stored| {
            let settings = &mut stored.settings;
            if settings.versioning.is_some() || settings.object_worm.is_some() {
                return Err(OssError::refuse(
                    Refusal::INVALID_BUCKET_STATE,
                    "A bucket with versioning cannot have a retention policy.",
                ));
            }
            if settings.worm.as_ref().is_some_and(|w| w.is_in_force(now)) {
                return Err(OssError::refuse(
                    Refusal::WORM_ALREADY_EXISTS,
                    "The bucket has a retention policy already.",
                ));
            }
            let worm = BucketWorm::new(now, days, false);
            let response = Response::empty(StatusCode::OK).header("x-oss-worm-id", &worm.id);
            settings.worm = Some(worm);
            Ok(response)
        })
    }

    /// Locks the policy: from now on it can only grow.
    pub(crate) fn complete_worm(&self, target: &Target) -> Result<Response, OssError> {
        self.change_worm(target, |worm| {
            if worm.locked {
                return Err(locked());
            }
            worm.locked = true;
            Ok(())
        })
    }

    pub(crate) fn extend_worm(
        &self,
        target: &Target,
        document: &str,
    ) -> Result<Response, OssError> {
        let days = read_days(document, "ExtendWormConfiguration")?;
        self.change_worm(target, |worm| {
            if !worm.locked {
                return Err(OssError::refuse(
                    Refusal::WORM_NOT_LOCKED,
                    "Only a locked retention policy can be extended.",
                ));
            }
            if days < worm.days {
                return Err(OssError::invalid_argument(
                    "RetentionPeriodInDays",
                    days.to_string(),
                    "A locked retention period cannot become shorter.",
                ));
            }
            worm.days = days;
            Ok(())
        })
    }

    pub(crate) fn abort_worm(&self, target: &Target) -> Result<Response, OssError> {
        let now = self.clock.now();
        self.store.change_settings(target.bucket(), |stored| {
            match &stored.settings.worm {
                Some(worm) if worm.locked => return Err(locked()),
                Some(worm) if worm.is_in_force(now) => stored.settings.worm = None,
                _ => return Err(no_such_worm(target)),
            }
            Ok(Response::empty(StatusCode::NO_CONTENT))
        })
    }

    pub(crate) fn get_worm(&self, target: &Target) -> Result<Response, OssError> {
        let now = self.clock.now();
        self.store.with_bucket(target.bucket(), |stored| {
            let worm = stored
                .settings
                .worm
                .as_ref()
                .filter(|worm| worm.is_in_force(now))
                .ok_or_else(|| no_such_worm(target))?;
            Ok(Response::xml(
                Element::root("WormConfiguration")
                    .text("WormId", &worm.id)
                    .text("State", if worm.locked { "Locked" } else { "InProgress" })
                    .text("RetentionPeriodInDays", &worm.days.to_string())
                    .text("CreationDate", &iso_date(worm.created))
                    .document(),
            ))
        })
    }

    /// Changes the policy that the request names by its id.
    fn change_worm(
        &self,
        target: &Target,
        change: impl FnOnce(&mut BucketWorm) -> Result<(), OssError>,
    ) -> Result<Response, OssError> {
        let now = self.clock.now();
        self.store.change_settings(target.bucket(), |stored| {
            let worm = stored
                .settings
                .worm
                .as_mut()
                .filter(|worm| worm.is_in_force(now))
                .filter(|worm| target.param("wormId") == Some(worm.id.as_str()))
                .ok_or_else(|| no_such_worm(target))?;
            change(worm)?;
            Ok(Response::empty(StatusCode::OK))
        })
    }
}

fn read_days(document: &str, root: &str) -> Result<u32, OssError> {
    let wanted: WormConfiguration = document::read(document, root)?;
    if DAYS.contains(&wanted.days) {
        Ok(wanted.days)
    } else {
        Err(OssError::invalid_argument(
            "RetentionPeriodInDays",
            wanted.days.to_string(),
            "The retention period must be between 1 and 25550 days.",
        ))
    }
}

fn no_such_worm(target: &Target) -> OssError {
    OssError::refuse(
        Refusal::NO_SUCH_WORM,
        "The WORM Configuration does not exist.",
    )
    .with("BucketName", target.bucket())
}

fn locked() -> OssError {
    OssError::refuse(Refusal::WORM_LOCKED, "The WORM configuration is locked.")
}
