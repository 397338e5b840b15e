//! Buckets made and removed.

use http::HeaderValue;
use serde::Serialize;

use super::attributes::{Acl, StorageClass};
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::xml;

/// A PutBucket under construction. See [`Client::create_bucket`].
#[derive(Clone, Debug)]
#[must_use]
pub struct CreateBucket {
    client: Client,
    bucket: String,
    acl: Option<Acl>,
    storage_class: Option<StorageClass>,
    redundancy: Option<Redundancy>,
}

/// Over how much of a region the copies of an object are spread.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Redundancy {
    /// One zone (LRS).
    Zone,
    /// Several zones, one of which may fail (ZRS).
    Zones,
    /// Another, by the name that OSS gives it.
    Other(String),
}

impl Redundancy {
    /// OSS's name of it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Zone => "LRS",
            Self::Zones => "ZRS",
            Self::Other(name) => name,
        }
    }
}

impl From<&str> for Redundancy {
    fn from(name: &str) -> Self {
        match name {
            "LRS" => Self::Zone,
            "ZRS" => Self::Zones,
            other => Self::Other(other.to_owned()),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CreateBucketConfiguration<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    storage_class: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data_redundancy_type: Option<&'c str>,
}

impl Client {
    /// Creates a bucket in the client's region. To create one that is already the caller's is no
    /// error to OSS.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client
    ///     .create_bucket("nightly-backups")
    ///     .storage_class(&alibaba_oss::StorageClass::InfrequentAccess)
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn create_bucket(&self, bucket: impl Into<String>) -> CreateBucket {
        CreateBucket {
            client: self.clone(),
            bucket: bucket.into(),
            acl: None,
            storage_class: None,
            redundancy: None,
        }
    }

    /// Deletes an empty bucket. Uploads under way count as content.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client.delete_bucket("nightly-backups").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) where it is not empty.
    pub async fn delete_bucket(&self, bucket: &str) -> Result<()> {
        let step = format!("delete bucket `{bucket}`");
        let call = Call::new(Operation::DELETE_BUCKET, step).bucket(bucket);
        match self.execute(&call).await {
            // What the first attempt deleted, the second does not find.
            Err(error) if error.was_repeated() && error.service_code() == Some("NoSuchBucket") => {
                Ok(())
            }
            gone => gone.map(drop),
        }
    }
}

impl CreateBucket {
    /// Who may read and write it; by default the owner alone.
    pub fn acl(mut self, acl: Acl) -> Self {
        self.acl = Some(acl);
        self
    }

    /// How its objects are kept unless they say otherwise; by default [`StorageClass::Standard`].
    pub fn storage_class(mut self, class: &StorageClass) -> Self {
        self.storage_class = Some(class.clone());
        self
    }

    /// Over how much of the region its objects are spread; by default one zone.
    pub fn redundancy(mut self, redundancy: &Redundancy) -> Self {
        self.redundancy = Some(redundancy.clone());
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) where the name is somebody else's.
    pub async fn send(self) -> Result<()> {
        let step = format!("create bucket `{}`", self.bucket);
        let mut call = Call::new(Operation::PUT_BUCKET, step).bucket(&self.bucket);
        if let Some(acl) = self.acl {
            call = call.header("x-oss-acl", HeaderValue::from_static(acl.as_str()));
        }
        if self.storage_class.is_some() || self.redundancy.is_some() {
            let body = CreateBucketConfiguration {
                storage_class: self.storage_class.as_ref().map(StorageClass::as_str),
                data_redundancy_type: self.redundancy.as_ref().map(Redundancy::as_str),
            };
            call = call.payload(xml::write(&body).into());
        }
        self.client.execute(&call).await.map(drop)
    }
}
