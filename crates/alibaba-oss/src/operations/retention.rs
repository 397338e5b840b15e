//! Retention and legal hold of single objects, on buckets that have them switched on.

use chrono::{DateTime, SecondsFormat, Utc};
use http::{HeaderValue, Method};
use serde::Deserialize;

use super::delete::BYPASS;
use super::object_target::ObjectTarget;
use super::setters::version_id;
use super::unless_unset;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::xml::Element;

/// Who may lift a retention before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum RetentionMode {
    /// Those who may, and say so.
    Governance,
    /// Nobody.
    Compliance,
}

/// Until when a version of an object is neither overwritten nor deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Who may lift it before.
    pub mode: RetentionMode,
    /// Its end.
    pub until: DateTime<Utc>,
}

/// The retention that new objects of a bucket get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultRetention {
    /// Who may lift it before its end.
    pub mode: RetentionMode,
    /// How long it lasts.
    pub period: RetentionPeriod,
}

/// How long a retention lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetentionPeriod {
    /// So many days.
    Days(u32),
    /// So many years.
    Years(u32),
}

/// The retention of objects as a bucket has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectWorm {
    /// What new objects get by themselves.
    pub default: Option<DefaultRetention>,
}

/// The retention of an object. See [`Client::object_retention`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ObjectRetention {
    target: ObjectTarget,
    bypass_governance: bool,
}

/// The legal hold of an object. See [`Client::object_legal_hold`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ObjectLegalHold {
    target: ObjectTarget,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ObjectWormConfiguration {
    rule: Option<WormRule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WormRule {
    default_retention: WormDefault,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct WormDefault {
    mode: RetentionMode,
    days: Option<u32>,
    years: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RetentionDocument {
    mode: RetentionMode,
    retain_until_date: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct LegalHold {
    status: HoldStatus,
}

#[derive(Deserialize, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
enum HoldStatus {
    On,
    Off,
}

impl RetentionMode {
    /// OSS's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Governance => "GOVERNANCE",
            Self::Compliance => "COMPLIANCE",
        }
    }
}

impl Client {
    /// Switches the retention of objects on, for ever, with what new objects get by themselves. The
    /// bucket needs versioning, and excludes a retention policy of its own
    /// ([`Client::initiate_bucket_worm`]).
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use alibaba_oss::{DefaultRetention, RetentionMode, RetentionPeriod, Versioning};
    ///
    /// client.put_bucket_versioning("backups", Versioning::Enabled).await?;
    /// let month = DefaultRetention {
    ///     mode: RetentionMode::Governance,
    ///     period: RetentionPeriod::Days(30),
    /// };
    /// client.put_bucket_object_worm("backups", Some(month)).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) where the bucket is in another state.
    pub async fn put_bucket_object_worm(
        &self,
        bucket: &str,
        default: Option<DefaultRetention>,
    ) -> Result<()> {
        let mut body = Element::new("ObjectWormConfiguration").text("ObjectWormEnabled", "Enabled");
        if let Some(default) = default {
            let retention = Element::new("DefaultRetention").text("Mode", default.mode.as_str());
            let retention = match default.period {
                RetentionPeriod::Days(days) => retention.text("Days", &days.to_string()),
                RetentionPeriod::Years(years) => retention.text("Years", &years.to_string()),
            };
            body = body.child(&Element::new("Rule").child(&retention));
        }
        let step = format!("switch the retention of objects on for `{bucket}`");
        let call = Call::new(Method::PUT, step)
            .bucket(bucket)
            .flag("objectWorm")
            .payload(body.into());
        self.execute(&call).await.map(drop)
    }

    /// Whether a bucket has the retention of objects switched on, and what new ones get.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// if let Some(worm) = client.bucket_object_worm("backups").await? {
    ///     println!("new objects get {:?}", worm.default);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such bucket.
    pub async fn bucket_object_worm(&self, bucket: &str) -> Result<Option<ObjectWorm>> {
        let step = format!("read the retention of objects of `{bucket}`");
        let call = Call::new(Method::GET, step)
            .bucket(bucket)
            .flag("objectWorm");
        let found = self.document::<ObjectWormConfiguration>(&call, "ObjectWormConfiguration");
        let Some(found) = unless_unset(found.await)? else {
            return Ok(None);
        };
        let default = found.rule.map(|rule| {
            let WormDefault { mode, days, years } = rule.default_retention;
            let period = match (days, years) {
                (Some(days), None) => RetentionPeriod::Days(days),
                (None, Some(years)) => RetentionPeriod::Years(years),
                _ => return Err(call.misread("the default retention: neither days nor years")),
            };
            Ok(DefaultRetention { mode, period })
        });
        Ok(Some(ObjectWorm {
            default: default.transpose()?,
        }))
    }

    /// The retention of an object: read, set, extended.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use alibaba_oss::{Retention, RetentionMode};
    /// use chrono::{TimeDelta, Utc};
    ///
    /// let retention = client.object_retention("backups", "nightly.tar");
    /// let month = Retention {
    ///     mode: RetentionMode::Compliance,
    ///     until: Utc::now() + TimeDelta::days(30),
    /// };
    /// retention.put(month).await?;
    /// println!("{:?}", retention.get().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn object_retention(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
    ) -> ObjectRetention {
        ObjectRetention {
            target: ObjectTarget::new(self, bucket, key),
            bypass_governance: false,
        }
    }

    /// The legal hold of an object, which keeps it until it is taken away again.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let hold = client.object_legal_hold("backups", "evidence.tar");
    /// hold.put(true).await?;
    /// assert!(hold.get().await?);
    /// # Ok(())
    /// # }
    /// ```
    pub fn object_legal_hold(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
    ) -> ObjectLegalHold {
        ObjectLegalHold {
            target: ObjectTarget::new(self, bucket, key),
        }
    }
}

impl ObjectRetention {
    version_id!();

    /// Shortens or lifts a retention in governance mode, where the caller may.
    pub fn bypass_governance(mut self, bypass: bool) -> Self {
        self.bypass_governance = bypass;
        self
    }

    /// The retention, where there is one.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such object.
    pub async fn get(&self) -> Result<Option<Retention>> {
        let call = self.target.call(Method::GET, "read the retention of");
        let call = call.flag("retention");
        let found = self
            .target
            .client
            .document::<RetentionDocument>(&call, "Retention");
        Ok(unless_unset(found.await)?.map(|found| Retention {
            mode: found.mode,
            until: found.retain_until_date,
        }))
    }

    /// Sets the retention, or extends it.
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) where that would loosen the retention there is, and
    /// [`NotFound`](crate::ErrorKind::NotFound) where the object, or the retention of objects in
    /// its bucket, is not there.
    pub async fn put(&self, retention: Retention) -> Result<()> {
        let until = retention.until.to_rfc3339_opts(SecondsFormat::Millis, true);
        let body = Element::new("Retention")
            .text("Mode", retention.mode.as_str())
            .text("RetainUntilDate", &until);
        let mut call = self
            .target
            .call(Method::PUT, "set the retention of")
            .flag("retention")
            .payload(body.into());
        if self.bypass_governance {
            call = call.header(BYPASS, HeaderValue::from_static("true"));
        }
        self.target.client.execute(&call).await.map(drop)
    }
}

impl ObjectLegalHold {
    version_id!();

    /// Whether it is held.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such object.
    pub async fn get(&self) -> Result<bool> {
        let call = self.target.call(Method::GET, "read the legal hold of");
        let call = call.flag("legalHold");
        let found = self.target.client.document::<LegalHold>(&call, "LegalHold");
        let found = unless_unset(found.await)?;
        Ok(found.is_some_and(|hold| hold.status == HoldStatus::On))
    }

    /// Holds it, or lets it go.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where the object, or the retention of objects in
    /// its bucket, is not there.
    pub async fn put(&self, hold: bool) -> Result<()> {
        let body = Element::new("LegalHold").text("Status", if hold { "ON" } else { "OFF" });
        let call = self
            .target
            .call(Method::PUT, "set the legal hold of")
            .flag("legalHold")
            .payload(body.into());
        self.target.client.execute(&call).await.map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_hold_and_their_default_are_read() {
        let text = "<Retention xmlns=\"http://doc.oss-cn-hangzhou.aliyuncs.com\"><Mode>COMPLIANCE</Mode>\
            <RetainUntilDate>2026-12-01T00:00:00.000Z</RetainUntilDate></Retention>";
        let found: RetentionDocument =
            crate::xml::parse("read", "Retention", text.as_bytes()).unwrap();
        assert_eq!(found.mode, RetentionMode::Compliance);
        assert_eq!(found.retain_until_date.timestamp(), 1_796_083_200);

        let hold = "<LegalHold><Status>ON</Status></LegalHold>";
        let hold: LegalHold = crate::xml::parse("read", "LegalHold", hold.as_bytes()).unwrap();
        assert!(hold.status == HoldStatus::On);

        let text = "<ObjectWormConfiguration><ObjectWormEnabled>Enabled</ObjectWormEnabled><Rule>\
            <DefaultRetention><Mode>GOVERNANCE</Mode><Years>2</Years></DefaultRetention></Rule>\
            </ObjectWormConfiguration>";
        let found: ObjectWormConfiguration =
            crate::xml::parse("read", "ObjectWormConfiguration", text.as_bytes()).unwrap();
        let default = found.rule.unwrap().default_retention;
        assert_eq!((default.days, default.years), (None, Some(2)));
    }
}
