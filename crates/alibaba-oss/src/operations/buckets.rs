//! ListBuckets.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::attributes::StorageClass;
use super::listing::{self, paged};
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::headers::header;
use crate::operation::Operation;

/// A listing of buckets under construction. See [`Client::list_buckets`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListBuckets {
    client: Client,
    prefix: Option<String>,
    after: Option<String>,
    resource_group: Option<String>,
    page_size: u32,
}

/// A bucket in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BucketSummary {
    /// Its name.
    pub name: String,
    /// Where it is, as OSS writes it: `oss-cn-hangzhou`.
    pub location: String,
    /// The id of its region: `cn-hangzhou`.
    pub region: Option<String>,
    /// When it was created.
    pub created: DateTime<Utc>,
    /// How its objects are kept unless they say otherwise.
    pub storage_class: Option<StorageClass>,
    /// The endpoint for everybody.
    pub public_endpoint: Option<String>,
    /// The endpoint for machines of the region.
    pub internal_endpoint: Option<String>,
}

/// One page of buckets.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BucketPage {
    /// The buckets, in the order of their names.
    pub buckets: Vec<BucketSummary>,
    /// After which name the next page begins; `None` after the last.
    pub next: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListAllMyBucketsResult {
    #[serde(default)]
    is_truncated: bool,
    next_marker: Option<String>,
    #[serde(default)]
    buckets: Buckets,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Buckets {
    #[serde(default)]
    bucket: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    name: String,
    location: String,
    region: Option<String>,
    creation_date: DateTime<Utc>,
    storage_class: Option<String>,
    extranet_endpoint: Option<String>,
    intranet_endpoint: Option<String>,
}

impl Client {
    /// Lists the account's buckets, of all regions.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let mut pages = std::pin::pin!(client.list_buckets().prefix("backup-").pages());
    /// while let Some(page) = pages.try_next().await? {
    ///     for bucket in page.buckets {
    ///         println!("{} in {}", bucket.name, bucket.location);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_buckets(&self) -> ListBuckets {
        ListBuckets {
            client: self.clone(),
            prefix: None,
            after: None,
            resource_group: None,
            page_size: listing::MOST,
        }
    }
}

impl ListBuckets {
    /// Only names that begin so.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = Some(prefix.into());
        self
    }

    /// Only buckets of this resource group.
    pub fn resource_group(mut self, id: impl Into<String>) -> Self {
        self.resource_group = Some(id.into());
        self
    }

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:ListBuckets`.
    pub async fn send(&self) -> Result<BucketPage> {
        let mut call = Call::new(Operation::LIST_BUCKETS, "list buckets")
            .query("max-keys", self.page_size.to_string())
            .query_maybe("prefix", self.prefix.as_ref())
            .query_maybe("marker", self.after.as_ref());
        if let Some(id) = &self.resource_group {
            let (name, value) = header(&call.step, "x-oss-resource-group-id", id)?;
            call.headers.insert(name, value);
        }
        let list: ListAllMyBucketsResult = self
            .client
            .document(&call, "ListAllMyBucketsResult")
            .await?;
        let marker = list.next_marker.filter(|marker| !marker.is_empty());
        let next = listing::next(&call.step, list.is_truncated, marker, self.after.as_ref())?;
        let buckets = list.buckets.bucket.into_iter();
        Ok(BucketPage {
            buckets: buckets.map(summary).collect(),
            next,
        })
    }
}

paged!(ListBuckets, BucketPage, String, over;
    /// Only names after this one.
);

fn summary(bucket: Listed) -> BucketSummary {
    BucketSummary {
        name: bucket.name,
        location: bucket.location,
        region: bucket.region,
        created: bucket.creation_date,
        storage_class: bucket.storage_class.as_deref().map(Into::into),
        public_endpoint: bucket.extranet_endpoint,
        internal_endpoint: bucket.intranet_endpoint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_without_buckets_and_one_with_two_are_read() {
        let read = |text: &str| -> ListAllMyBucketsResult {
            crate::xml::parse("list", "ListAllMyBucketsResult", text.as_bytes()).unwrap()
        };
        let none =
            "<ListAllMyBucketsResult><Owner><ID>1</ID></Owner><Buckets/></ListAllMyBucketsResult>";
        assert!(read(none).buckets.bucket.is_empty());
        let two = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListAllMyBucketsResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
  <Prefix>my</Prefix><MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated><NextMarker>mybucket10</NextMarker>
  <Owner><ID>512</ID><DisplayName>51264</DisplayName></Owner>
  <Buckets>
    <Bucket><CreationDate>2014-02-07T18:12:43.000Z</CreationDate><ExtranetEndpoint>oss-cn-shanghai.aliyuncs.com</ExtranetEndpoint>
      <IntranetEndpoint>oss-cn-shanghai-internal.aliyuncs.com</IntranetEndpoint><Location>oss-cn-shanghai</Location>
      <Name>app-base-oss</Name><Region>cn-shanghai</Region><StorageClass>Standard</StorageClass></Bucket>
    <Bucket><CreationDate>2014-02-05T11:21:04.000Z</CreationDate><Location>oss-cn-hangzhou</Location><Name>mybucket10</Name></Bucket>
  </Buckets>
</ListAllMyBucketsResult>"#;
        let list = read(two);
        assert!(list.is_truncated);
        let buckets: Vec<_> = list.buckets.bucket.into_iter().map(summary).collect();
        assert_eq!(buckets[0].region.as_deref(), Some("cn-shanghai"));
        assert_eq!(buckets[0].storage_class, Some(StorageClass::Standard));
        assert_eq!(
            (buckets[1].name.as_str(), &buckets[1].region),
            ("mybucket10", &None)
        );
    }
}
