//! RestoreObject.

use http::StatusCode;
use serde::Serialize;

use super::object_target::ObjectTarget;
use super::setters::version_id;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::xml;

/// A RestoreObject under construction. See [`Client::restore_object`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RestoreObject {
    target: ObjectTarget,
    days: u32,
    tier: Option<RestoreTier>,
}

/// How quickly an object comes back, and at what price. For the classes ColdArchive and
/// DeepColdArchive; Archive takes about a minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub enum RestoreTier {
    /// ColdArchive within 1 hour, DeepColdArchive within 12.
    Expedited,
    /// ColdArchive within 5 hours, DeepColdArchive within 48.
    Standard,
    /// ColdArchive within 12 hours.
    Bulk,
}

/// What a restore led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreOutcome {
    /// It is on its way: see [`ObjectInfo::restore`](crate::ObjectInfo::restore).
    Started,
    /// It was there already, and stays for the days asked for.
    Extended,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct RestoreRequest {
    days: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    job_parameters: Option<JobParameters>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct JobParameters {
    tier: RestoreTier,
}

impl Client {
    /// Brings an object of an archived class back for some days. Until it is there, reading it
    /// fails with [`Archived`](crate::ErrorKind::Archived).
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use alibaba_oss::RestoreTier;
    ///
    /// client
    ///     .restore_object("backups", "2020/nightly.tar")
    ///     .days(3)
    ///     .tier(RestoreTier::Expedited)
    ///     .send()
    ///     .await?;
    /// println!("{:?}", client.head_object("backups", "2020/nightly.tar").await?.restore());
    /// # Ok(())
    /// # }
    /// ```
    pub fn restore_object(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
    ) -> RestoreObject {
        RestoreObject {
            target: ObjectTarget::new(self, bucket, key),
            days: 1,
            tier: None,
        }
    }
}

impl RestoreObject {
    version_id!();

    /// How long it stays; by default a day.
    pub fn days(mut self, days: u32) -> Self {
        self.days = days;
        self
    }

    /// How quickly it comes; by default as [`RestoreTier::Standard`]. Not for the class Archive.
    pub fn tier(mut self, tier: RestoreTier) -> Self {
        self.tier = Some(tier);
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) where it is on its way already
    /// (`RestoreAlreadyInProgress`), [`Refused`](crate::ErrorKind::Refused) where its class is not
    /// an archived one.
    pub async fn send(self) -> Result<RestoreOutcome> {
        let body = RestoreRequest {
            days: self.days,
            job_parameters: self.tier.map(|tier| JobParameters { tier }),
        };
        let call = self
            .target
            .call(Operation::RESTORE_OBJECT, "restore")
            .payload(xml::write(&body).into());
        match self.target.client.execute(&call).await {
            Ok(reply) if reply.response.status() == StatusCode::OK => Ok(RestoreOutcome::Extended),
            Ok(_) => Ok(RestoreOutcome::Started),
            // The first attempt was carried out, and its response lost.
            Err(error)
                if error.was_repeated()
                    && error.service_code() == Some("RestoreAlreadyInProgress") =>
            {
                Ok(RestoreOutcome::Started)
            }
            Err(error) => Err(error),
        }
    }
}
