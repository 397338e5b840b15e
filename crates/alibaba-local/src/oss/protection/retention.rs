//! Retention and legal hold of single objects.

use chrono::{DateTime, Utc};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::document::{self, iso_date};
use crate::oss::error::OssError;
use crate::oss::objects::delete::bypasses_governance;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::{Retention, RetentionMode};
use crate::oss::storage::settings::{ObjectWorm, RetentionSpan, Settings, Versioning};

#[derive(Deserialize)]
struct ObjectWormConfiguration {
    #[serde(rename = "ObjectWormEnabled")]
    enabled: String,
    #[serde(rename = "Rule")]
    rule: Option<Rule>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "DefaultRetention")]
    default: DefaultRetention,
}

#[derive(Deserialize)]
struct DefaultRetention {
    #[serde(rename = "Mode")]
    mode: RetentionMode,
    #[serde(rename = "Days")]
    days: Option<u32>,
    #[serde(rename = "Years")]
    years: Option<u32>,
}

#[derive(Deserialize)]
struct RetentionBody {
    #[serde(rename = "Mode")]
    mode: RetentionMode,
    #[serde(rename = "RetainUntilDate")]
    until: DateTime<Utc>,
}

#[derive(Deserialize)]
struct LegalHoldBody {
    #[serde(rename = "Status")]
    status: Hold,
}

#[derive(Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Hold {
    On,
    Off,
}

impl Oss {
    /// Cannot be undone, and needs versioning (PutBucketObjectWormConfiguration).
    pub(crate) fn put_object_worm(
        &self,
        target: &Target,
        document: &str,
    ) -> Result<Response, OssError> {
        let wanted: ObjectWormConfiguration = document::read(document, "ObjectWormConfiguration")?;
        if wanted.enabled != "Enabled" {
            return Err(OssError::malformed_xml());
        }
        let default = match wanted.rule.map(|rule| rule.default) {
            None => None,
            Some(rule) => Some((
                rule.mode,
                match (rule.days, rule.years) {
                    (Some(days @ 1..), None) => RetentionSpan::Days(days),
                    (None, Some(years @ 1..)) => RetentionSpan::Years(years),
                    _ => return Err(OssError::malformed_xml()),
                },
            )),
        };
        let now = self.clock.now();
        self.store.change_settings(target.bucket(), |stored| {
            let settings = &mut stored.settings;
            let excluded = settings.worm.as_ref().is_some_and(|w| w.is_in_force(now));
            if settings.versioning != Some(Versioning::Enabled) || excluded {
                return Err(OssError::refuse(
                    Refusal::INVALID_BUCKET_STATE,
                    "Object retention needs versioning and excludes a retention policy of the bucket.",
                ));
            }
            settings.object_worm = Some(ObjectWorm { default });
            Ok(Response::empty(StatusCode::OK))
        })
    }

    pub(crate) fn get_object_worm(&self, target: &Target) -> Result<Response, OssError> {
        self.store.with_bucket(target.bucket(), |stored| {
            let worm = needs_object_worm(&stored.settings)?;
            let mut document =
                Element::root("ObjectWormConfiguration").text("ObjectWormEnabled", "Enabled");
            if let Some((mode, span)) = worm.default {
                let retention = Element::root("DefaultRetention").text("Mode", mode.name());
                let retention = match span {
                    RetentionSpan::Days(days) => retention.text("Days", &days.to_string()),
                    RetentionSpan::Years(years) => retention.text("Years", &years.to_string()),
                };
                document = document.child(&Element::root("Rule").child(&retention));
            }
            Ok(Response::xml(document.document()))
        })
    }

    pub(crate) fn put_retention(
        &self,
        target: &Target,
        headers: &HeaderMap,
        document: &str,
    ) -> Result<Response, OssError> {
        let wanted: RetentionBody = document::read(document, "Retention")?;
        let now = self.clock.now();
        if wanted.until <= now {
            return Err(OssError::invalid_argument(
                "RetainUntilDate",
                iso_date(wanted.until),
                "The retain until date must be in the future.",
            ));
        }
        let bypass = bypasses_governance(headers);
        self.change_retained(target, |meta| {
            let loosens = meta.retention.is_some_and(|current| {
                wanted.until < current.until
                    || (current.mode == RetentionMode::Compliance && wanted.mode != current.mode)
            });
            let protected = meta.retention.is_some_and(|current| {
                current.until > now && !(bypass && current.mode == RetentionMode::Governance)
            });
            if loosens && protected {
                return Err(OssError::access_denied(
                    "The retention of this object can only be extended.",
                ));
            }
            meta.retention = Some(Retention {
                mode: wanted.mode,
                until: wanted.until,
            });
            Ok(())
        })
    }

    pub(crate) fn get_retention(&self, target: &Target) -> Result<Response, OssError> {
        let (document, version) = self.read_retained(target, |meta| {
            let retention = meta.retention.ok_or_else(|| {
                OssError::refuse(
                    Refusal::NO_SUCH_OBJECT_RETENTION,
                    "The specified object has no retention.",
                )
            })?;
            Ok(Element::root("Retention")
                .text("Mode", retention.mode.name())
                .text("RetainUntilDate", &iso_date(retention.until)))
        })?;
        Ok(Response::xml(document.document()).maybe("x-oss-version-id", version.as_deref()))
    }

    pub(crate) fn put_legal_hold(
        &self,
        target: &Target,
        document: &str,
    ) -> Result<Response, OssError> {
        let wanted: LegalHoldBody = document::read(document, "LegalHold")?;
        self.change_retained(target, |meta| {
            meta.legal_hold = matches!(wanted.status, Hold::On);
            Ok(())
        })
    }

    pub(crate) fn get_legal_hold(&self, target: &Target) -> Result<Response, OssError> {
        let (document, version) = self.read_retained(target, |meta| {
            let status = if meta.legal_hold { "ON" } else { "OFF" };
            Ok(Element::root("LegalHold").text("Status", status))
        })?;
        Ok(Response::xml(document.document()).maybe("x-oss-version-id", version.as_deref()))
    }

    fn change_retained(
        &self,
        target: &Target,
        change: impl FnOnce(&mut crate::oss::storage::object::ObjectMeta) -> Result<(), OssError>,
    ) -> Result<Response, OssError> {
        let ((), version) = self.store.update(
            target.bucket(),
            target.key(),
            target.version()?,
            |meta, settings| {
                needs_object_worm(settings)?;
                change(meta)
            },
        )?;
        Ok(Response::empty(StatusCode::OK).maybe("x-oss-version-id", version.as_deref()))
    }

    fn read_retained(
        &self,
        target: &Target,
        read: impl FnOnce(&crate::oss::storage::object::ObjectMeta) -> Result<Element, OssError>,
    ) -> Result<(Element, Option<String>), OssError> {
        let version = target.version()?;
        self.store.with_bucket(target.bucket(), |stored| {
            needs_object_worm(&stored.settings)?;
            let meta = &stored.find(target.key(), version)?.meta;
            Ok((read(meta)?, stored.version_of(meta)))
        })
    }
}

fn needs_object_worm(settings: &Settings) -> Result<ObjectWorm, OssError> {
    settings.object_worm.ok_or_else(|| {
        OssError::refuse(
            Refusal::NO_SUCH_OBJECT_WORM,
            "The bucket has no object retention.",
        )
    })
}
