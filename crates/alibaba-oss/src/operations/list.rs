//! ListObjectsV2.

use chrono::{DateTime, Utc};
use futures::Stream;
use http::Method;
use serde::Deserialize;

use super::attributes::StorageClass;
use super::listing::{self, Paged};
use crate::client::{Call, Client};
use crate::error::Result;
use crate::xml::KeyEncoding;

/// A listing under construction. See [`Client::list_objects`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListObjects {
    client: Client,
    bucket: String,
    prefix: String,
    delimiter: Option<String>,
    start_after: Option<String>,
    token: Option<String>,
    max_keys: u32,
    fetch_owner: bool,
}

/// One page of a listing.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct ObjectPage {
    /// The objects, in the order of their keys.
    pub objects: Vec<ObjectSummary>,
    /// What lies behind the delimiter, rolled up.
    pub common_prefixes: Vec<String>,
    /// Where the next page begins, for `token` or, in version 1, `marker`; `None` after the last.
    pub next_token: Option<String>,
}

/// An object in a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectSummary {
    /// Its key, decoded.
    pub key: String,
    /// Its length.
    pub len: u64,
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

#[derive(Deserialize)]
struct Owner {
    #[serde(rename = "ID")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CommonPrefix {
    pub(crate) prefix: String,
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
    ///         println!("{} {}", object.len, object.key);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_objects(&self, bucket: impl Into<String>) -> ListObjects {
        ListObjects {
            client: self.clone(),
            bucket: bucket.into(),
            prefix: String::new(),
            delimiter: None,
            start_after: None,
            token: None,
            max_keys: 1000,
            fetch_owner: false,
        }
    }
}

impl ListObjects {
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
    pub fn start_after(mut self, key: impl Into<String>) -> Self {
        self.start_after = Some(key.into());
        self
    }

    /// Continues behind a page.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// At most this many entries a page, up to 1000.
    pub fn max_keys(mut self, max: u32) -> Self {
        self.max_keys = max.clamp(1, 1000);
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
        let mut call = Call::new(Method::GET, format!("list objects of `{}`", self.bucket))
            .bucket(&self.bucket)
            .query("list-type", "2")
            .query("encoding-type", "url")
            .query("max-keys", self.max_keys.to_string());
        for (name, value) in [
            (
                "prefix",
                Some(&self.prefix).filter(|prefix| !prefix.is_empty()),
            ),
            ("delimiter", self.delimiter.as_ref()),
            ("start-after", self.start_after.as_ref()),
            ("continuation-token", self.token.as_ref()),
        ] {
            if let Some(value) = value {
                call = call.query(name, value);
            }
        }
        if self.fetch_owner {
            call = call.query("fetch-owner", "true");
        }
        let mut list: ListBucketResult = self.client.document(&call, "ListBucketResult").await?;
        // Its letters are those of Base64, which encoding may have touched.
        let keys = KeyEncoding::new(&call.step, list.encoding_type.as_deref());
        let token = list.next_continuation_token.take();
        let token = token.map(|token| keys.decode(token)).transpose()?;
        let token = token.filter(|token| !token.is_empty());
        let next = listing::next(&call.step, list.is_truncated, token, self.token.as_ref())?;
        page(&call.step, list, next)
    }

    /// All pages, one after the other.
    pub fn pages(self) -> impl Stream<Item = Result<ObjectPage>> + Send {
        listing::pages(self)
    }
}

impl Paged for ListObjects {
    type Page = ObjectPage;

    fn page(&self) -> impl Future<Output = Result<ObjectPage>> + Send {
        self.send()
    }

    fn behind(self, page: &ObjectPage) -> Option<Self> {
        page.next_token.clone().map(|token| self.token(token))
    }
}

/// A page of either version of the listing, its marker or token as OSS wrote it.
pub(crate) fn page(
    step: &str,
    list: ListBucketResult,
    next_token: Option<String>,
) -> Result<ObjectPage> {
    let keys = KeyEncoding::new(step, list.encoding_type.as_deref());
    Ok(ObjectPage {
        objects: list
            .contents
            .into_iter()
            .map(|object| {
                Ok(ObjectSummary {
                    key: keys.decode(object.key)?,
                    len: object.size,
                    etag: object.etag.map(|tag| tag.trim_matches('"').to_owned()),
                    last_modified: object.last_modified,
                    storage_class: object.storage_class.as_deref().map(Into::into),
                    restore: object.restore_info,
                    owner_id: object.owner.map(|owner| owner.id),
                })
            })
            .collect::<Result<_>>()?,
        common_prefixes: list
            .common_prefixes
            .into_iter()
            .map(|common| keys.decode(common.prefix))
            .collect::<Result<_>>()?,
        next_token,
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
            assert_eq!(object.len, 344_606);
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
