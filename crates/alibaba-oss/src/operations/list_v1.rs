//! ListObjects, the first version.

use super::list::{ListBucketResult, ObjectPage, page};
use super::listing::{self, Listing, key_filters, paged};
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::xml::KeyEncoding;

/// A listing of version 1 under construction. See [`Client::list_objects_v1`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListObjectsV1 {
    list: Listing<String>,
}

impl Client {
    /// Lists objects by the first version of the API, for gateways that know no other. OSS itself
    /// is better asked by [`Client::list_objects`].
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let page = client.list_objects_v1("backups").prefix("notes/").send().await?;
    /// println!("{} objects, more after {:?}", page.objects.len(), page.next);
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_objects_v1(&self, bucket: impl Into<String>) -> ListObjectsV1 {
        ListObjectsV1 {
            list: Listing::new(self, bucket),
        }
    }
}

impl ListObjectsV1 {
    key_filters!();

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where the bucket does not exist.
    pub async fn send(&self) -> Result<ObjectPage> {
        let began = self.list.after.as_ref();
        let call = self
            .list
            .call(Operation::LIST_OBJECTS, "objects", "max-keys")
            .query_maybe("marker", began);
        let client = &self.list.client;
        let mut list: ListBucketResult = client.document(&call, "ListBucketResult").await?;
        let keys = KeyEncoding::new(&call.step, list.encoding_type.as_deref());
        let (truncated, marker) = (list.is_truncated, list.next_marker.take());
        let marker = marker.map(|marker| keys.decode(marker)).transpose()?;
        let mut page = page(&call.step, list, None)?;
        // Some servers leave it to the client to see where a page ends.
        let marker = marker.or_else(|| {
            let last = page.objects.last().map(|object| &object.key);
            last.max(page.common_prefixes.last()).cloned()
        });
        page.next = listing::next(&call.step, truncated, marker, began)?;
        Ok(page)
    }
}

paged!(ListObjectsV1, ObjectPage, String, over list;
    /// Only keys after this one.
);
