//! ListObjects, the first version.

use futures::Stream;
use http::Method;

use super::list::{ListBucketResult, ObjectPage, page};
use super::listing::{self, Paged};
use crate::client::{Call, Client};
use crate::error::Result;
use crate::xml::KeyEncoding;

/// A listing of version 1 under construction. See [`Client::list_objects_v1`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListObjectsV1 {
    client: Client,
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    marker: Option<String>,
    max_keys: u32,
}

impl Client {
    /// Lists objects by the first version of the API, for gateways that know no other. OSS itself
    /// is better asked by [`Client::list_objects`].
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let page = client.list_objects_v1("backups").prefix("notes/").send().await?;
    /// println!("{} objects, more behind {:?}", page.objects.len(), page.next_token);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_objects_v1(&self, bucket: impl Into<String>) -> ListObjectsV1 {
        ListObjectsV1 {
            client: self.clone(),
            bucket: bucket.into(),
            prefix: String::new(),
            delimiter: None,
            marker: None,
            max_keys: 1000,
        }
    }
}

impl ListObjectsV1 {
    /// Only keys that begin so.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Rolls up what lies behind the first delimiter after the prefix.
    pub fn delimiter(mut self, delimiter: impl Into<String>) -> Self {
        self.delimiter = Some(delimiter.into());
        self
    }

    /// Only keys after this one.
    pub fn marker(mut self, key: impl Into<String>) -> Self {
        self.marker = Some(key.into());
        self
    }

    /// At most this many entries a page, up to 1000.
    pub fn max_keys(mut self, max: u32) -> Self {
        self.max_keys = max.clamp(1, 1000);
        self
    }

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where the bucket does not exist.
    pub async fn send(&self) -> Result<ObjectPage> {
        let step = format!("list objects of `{}`", self.bucket);
        let mut call = Call::new(Method::GET, step)
            .bucket(&self.bucket)
            .query("encoding-type", "url")
            .query("max-keys", self.max_keys.to_string())
            .query("prefix", &self.prefix);
        if let Some(delimiter) = &self.delimiter {
            call = call.query("delimiter", delimiter);
        }
        if let Some(marker) = &self.marker {
            call = call.query("marker", marker);
        }
        let mut list: ListBucketResult = self.client.document(&call, "ListBucketResult").await?;
        let keys = KeyEncoding::new(&call.step, list.encoding_type.as_deref());
        let (truncated, marker) = (list.is_truncated, list.next_marker.take());
        let marker = marker.map(|marker| keys.decode(marker)).transpose()?;
        let mut page = page(&call.step, list, None)?;
        // Some servers leave it to the client to see where a page ends.
        let marker = marker.or_else(|| {
            let last = page.objects.last().map(|object| &object.key);
            last.max(page.common_prefixes.last()).cloned()
        });
        page.next_token = listing::next(&call.step, truncated, marker, self.marker.as_ref())?;
        Ok(page)
    }

    /// All pages, one after the other.
    pub fn pages(self) -> impl Stream<Item = Result<ObjectPage>> + Send {
        listing::pages(self)
    }
}

impl Paged for ListObjectsV1 {
    type Page = ObjectPage;

    fn page(&self) -> impl Future<Output = Result<ObjectPage>> + Send {
        self.send()
    }

    fn behind(self, page: &ObjectPage) -> Option<Self> {
        page.next_token.clone().map(|marker| self.marker(marker))
    }
}
