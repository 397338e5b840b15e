//! Retention and legal hold of single objects, on buckets that have them switched on.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::delete::BYPASS;
use super::object_target::ObjectTarget;
use super::setters::{bypass_governance, version_id};
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::xml;

/// Who may lift a retention before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize, Serialize)]
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
    /// This many days.
    Days(u32),
    /// This many years.
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

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ObjectWormConfiguration {
    object_worm_enabled: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<WormRule>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WormRule {
    default_retention: WormDefault,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct WormDefault {
    mode: RetentionMode,
    #[serde(skip_serializing_if = "Option::is_none")]
    days: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    years: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct RetentionDocument {
    mode: RetentionMode,
    retain_until_date: DateTime<Utc>,
}

#[derive(Serialize)]
#[serde(rename = "Retention", rename_all = "PascalCase")]
struct NewRetention {
    mode: RetentionMode,
    retain_until_date: String,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LegalHold {
    status: HoldStatus,
}

#[derive(Deserialize, Serialize, PartialEq, Eq)]
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
        let rule = default.map(|default| {
            let (days, years) = match default.period {
                RetentionPeriod::Days(days) => (Some(days), None),
                RetentionPeriod::Years(years) => (None, Some(years)),
            };
            let mode = default.mode;
            WormRule {
                default_retention: WormDefault { mode, days, years },
            }
        });
        let body = ObjectWormConfiguration {
            object_worm_enabled: Some("Enabled".to_owned()),
            rule,
        };
        let step = format!("switch the retention of objects on for `{bucket}`");
        let call = Call::new(Operation::PUT_BUCKET_OBJECT_WORM, step)
            .bucket(bucket)
            .payload(xml::write(&body).into());
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
        let call = Call::new(Operation::GET_BUCKET_OBJECT_WORM, step).bucket(bucket);
        let found: Option<ObjectWormConfiguration> =
            self.setting(&call, "ObjectWormConfiguration").await?;
        let Some(found) = found else {
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

    bypass_governance!(
        /// Shortens or lifts a retention in governance mode, where the caller may.
        bypass_governance
    );

    /// The retention, where there is one.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such object.
    pub async fn get(&self) -> Result<Option<Retention>> {
        let operation = Operation::GET_OBJECT_RETENTION;
        let call = self.target.call(operation, "read the retention of");
        let found: Option<RetentionDocument> =
            self.target.client.setting(&call, "Retention").await?;
        Ok(found.map(|found| Retention {
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
        let body = NewRetention {
            mode: retention.mode,
            retain_until_date: retention.until.to_rfc3339_opts(SecondsFormat::Millis, true),
        };
        let call = self
            .target
            .call(Operation::PUT_OBJECT_RETENTION, "set the retention of")
            .switch(BYPASS, self.bypass_governance)
            .payload(xml::write(&body).into());
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
        let operation = Operation::GET_OBJECT_LEGAL_HOLD;
        let call = self.target.call(operation, "read the legal hold of");
        let found: Option<LegalHold> = self.target.client.setting(&call, "LegalHold").await?;
        Ok(found.is_some_and(|hold| hold.status == HoldStatus::On))
    }

    /// Holds it, or lets it go.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where the object, or the retention of objects in
    /// its bucket, is not there.
    pub async fn put(&self, hold: bool) -> Result<()> {
        let status = if hold {
            HoldStatus::On
        } else {
            HoldStatus::Off
        };
        let call = self
            .target
            .call(Operation::PUT_OBJECT_LEGAL_HOLD, "set the legal hold of")
            .payload(xml::write(&LegalHold { status }).into());
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
