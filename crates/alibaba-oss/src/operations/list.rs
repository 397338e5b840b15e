//! ListObjectsV2.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::attributes::StorageClass;
use super::listing::{self, CommonPrefix, Listing, Owner, key_filters, paged};
use crate::client::Client;
use crate::error::Result;
use crate::headers::unquoted;
use crate::operation::Operation;
use crate::xml::KeyEncoding;

/// A listing under construction. See [`Client::list_objects`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListObjects {
    list: Listing<String>,
    start_after: Option<String>,
    fetch_owner: bool,
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ObjectPage {
    /// The objects, in the order of their keys.
    pub objects: Vec<ObjectSummary>,
    /// The keys up to the delimiter, where they are rolled up.
    pub common_prefixes: Vec<String>,
    /// Where the next page begins, for `after`; `None` after the last.
    pub next: Option<String>,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectSummary {
    /// Its key, decoded.
    pub key: String,
    /// How many bytes it has.
    pub size: u64,
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// When it was last modified.
    pub last_modified: DateTime<Utc>,
    /// How it is kept.
    pub storage_class: Option<StorageClass>,
    /// As [`ObjectInfo::restore`](crate::ObjectInfo::restore).
    pub restore: Option<String>,
    /// The account that owns it, where that was asked for.
    pub owner_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListBucketResult {
    pub(crate) encoding_type: Option<String>,
    #[serde(default)]
    pub(crate) is_truncated: bool,
    next_continuation_token: Option<String>,
    pub(crate) next_marker: Option<String>,
    #[serde(default)]
    contents: Vec<Contents>,
    #[serde(default)]
    common_prefixes: Vec<CommonPrefix>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Contents {
    key: String,
    size: u64,
    #[serde(rename = "ETag")]
    etag: Option<String>,
    last_modified: DateTime<Utc>,
    storage_class: Option<String>,
    restore_info: Option<String>,
    owner: Option<Owner>,
}

impl Client {
    /// Lists objects, page by page.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let mut pages = std::pin::pin!(client.list_objects("backups").prefix("notes/").pages());
    /// while let Some(page) = pages.try_next().await? {
    ///     for object in page.objects {
    ///         println!("{} {}", object.size, object.key);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_objects(&self, bucket: impl Into<String>) -> ListObjects {
        ListObjects {
            list: Listing::new(self, bucket),
            start_after: None,
            fetch_owner: false,
        }
    }
}

impl ListObjects {
    key_filters!();

    /// Only keys after this one.
    pub fn start_after(mut self, key: impl Into<String>) -> Self {
        self.start_after = Some(key.into());
        self
    }

    /// Has every object name its owner.
    pub fn fetch_owner(mut self, fetch: bool) -> Self {
        self.fetch_owner = fetch;
        self
    }

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where the bucket does not exist.
    pub async fn send(&self) -> Result<ObjectPage> {
        let began = self.list.after.as_ref();
        let call = self
            .list
            .call(Operation::LIST_OBJECTS_V2, "objects", "max-keys")
            .query("list-type", "2")
            .query_maybe("start-after", self.start_after.as_ref())
            .query_maybe("continuation-token", began)
            .query_maybe("fetch-owner", self.fetch_owner.then_some("true"));
        let client = &self.list.client;
        let mut list: ListBucketResult = client.document(&call, "ListBucketResult").await?;
        // Its letters are those of Base64, which encoding may have touched.
        let keys = KeyEncoding::new(&call.step, list.encoding_type.as_deref());
        let token = list.next_continuation_token.take();
        let token = token.map(|token| keys.decode(token)).transpose()?;
        let token = token.filter(|token| !token.is_empty());
        let next = listing::next(&call.step, list.is_truncated, token, began)?;
        page(&call.step, list, next)
    }
}

paged!(ListObjects, ObjectPage, String, over list;
    /// Goes on after a page, by its `next`.
);

/// A page of either version of the listing, its marker or token as OSS wrote it.
pub(crate) fn page(step: &str, list: ListBucketResult, next: Option<String>) -> Result<ObjectPage> {
    let keys = KeyEncoding::new(step, list.encoding_type.as_deref());
    Ok(ObjectPage {
        objects: list
            .contents
            .into_iter()
            .map(|object| {
                Ok(ObjectSummary {
                    key: keys.decode(object.key)?,
                    size: object.size,
                    etag: object.etag.as_deref().map(unquoted),
                    last_modified: object.last_modified,
                    storage_class: object.storage_class.as_deref().map(Into::into),
                    restore: object.restore_info,
                    owner_id: object.owner.map(|owner| owner.id),
                })
            })
            .collect::<Result<_>>()?,
        common_prefixes: listing::prefixes(keys, list.common_prefixes)?,
        next,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
  <Name>backups</Name><Prefix>a%2F</Prefix><MaxKeys>2</MaxKeys><Delimiter>%2F</Delimiter>
  <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated><KeyCount>3</KeyCount>
  <NextContinuationToken>CgJiYw--</NextContinuationToken>
  <CommonPrefixes><Prefix>a%2Fb%2F</Prefix></CommonPrefixes>
  <Contents>
    <Key>a%2F%E4%B8%AD+%2B%01</Key><LastModified>2026-11-25T01:02:03.000Z</LastModified>
    <ETag>"5B3C1A2E053D763E1B002CC607C5A0FE"</ETag><Type>Normal</Type><Size>344606</Size>
    <StorageClass>ColdArchive</StorageClass><RestoreInfo>ongoing-request="true"</RestoreInfo>
    <Owner><ID>0022012</ID><DisplayName>user</DisplayName></Owner>
  </Contents>
  <CommonPrefixes><Prefix>a%2Fz%2F</Prefix></CommonPrefixes>
</ListBucketResult>"#;

    #[test]
    fn a_page_is_read_with_or_without_a_namespace() {
        let plain = PAGE.replace(" xmlns=\"http://doc.oss-cn-hangzhou.aliyuncs.com\"", "");
        assert_ne!(plain, PAGE);
        for text in [PAGE, &plain] {
            let list: ListBucketResult =
                crate::xml::parse("list", "ListBucketResult", text.as_bytes()).unwrap();
            assert!(list.is_truncated);
            let page = page("list", list, None).unwrap();
            assert_eq!(page.common_prefixes, ["a/b/", "a/z/"]);
            let [object] = page.objects.as_slice() else {
                panic!("{page:?}");
            };
            assert_eq!(object.key, "a/中++\u{1}");
            assert_eq!(object.size, 344_606);
            assert_eq!(
                object.etag.as_deref(),
                Some("5B3C1A2E053D763E1B002CC607C5A0FE")
            );
            assert_eq!(object.storage_class, Some(StorageClass::ColdArchive));
            assert_eq!(object.restore.as_deref(), Some("ongoing-request=\"true\""));
            assert_eq!(object.owner_id.as_deref(), Some("0022012"));
        }
    }
}
