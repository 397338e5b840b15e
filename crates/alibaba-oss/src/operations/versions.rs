//! Versioning of buckets, and the listing of versions.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::attributes::StorageClass;
use super::listing::{self, CommonPrefix, Listing, key_filters, paged};
use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::headers::unquoted;
use crate::operation::Operation;
use crate::xml::{self, KeyEncoding};

/// Whether a bucket keeps what is overwritten and deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Versioning {
    /// Every version is kept under an id of its own.
    Enabled,
    /// Versions made before stay; new ones have the id `null` and replace each other.
    Suspended,
}

/// A listing of versions under construction. See [`Client::list_versions`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ListVersions {
    list: Listing<VersionMarker>,
}

/// Where a page of versions ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionMarker {
    /// The key of the last version.
    pub key: String,
    /// Its id; empty for all versions of the key.
    pub version_id: String,
}

/// One page of versions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VersionPage {
    /// Versions and delete markers, in the order of their keys, of one key the newest first.
    pub versions: Vec<ObjectVersion>,
    /// The keys up to the delimiter, where they are rolled up.
    pub common_prefixes: Vec<String>,
    /// After which version the next page begins; `None` after the last.
    pub next: Option<VersionMarker>,
}

/// A version of an object, or the marker that it was deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObjectVersion {
    /// Its key, decoded.
    pub key: String,
    /// Its id; `null` for what was written without versioning.
    pub version_id: String,
    /// Whether it is the current one.
    pub is_latest: bool,
    /// Whether it says that the object was deleted, and holds no bytes.
    pub is_delete_marker: bool,
    /// How many bytes it has; 0 for delete markers.
    pub size: u64,
    /// The entity tag, without quotes.
    pub etag: Option<String>,
    /// When it was made.
    pub last_modified: DateTime<Utc>,
    /// How it is kept.
    pub storage_class: Option<StorageClass>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct VersioningConfiguration {
    status: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ListVersionsResult {
    encoding_type: Option<String>,
    #[serde(default)]
    is_truncated: bool,
    next_key_marker: Option<String>,
    next_version_id_marker: Option<String>,
    /// Versions and markers lie between each other: their order says which is newer.
    #[serde(rename = "$value", default)]
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
enum Entry {
    Version(Listed),
    DeleteMarker(Listed),
    CommonPrefixes(CommonPrefix),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    key: String,
    version_id: String,
    is_latest: bool,
    last_modified: DateTime<Utc>,
    #[serde(rename = "ETag")]
    etag: Option<String>,
    size: Option<u64>,
    storage_class: Option<String>,
}

impl Versioning {
    /// OSS's name of it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Suspended => "Suspended",
        }
    }

    pub(crate) fn parse(name: &str) -> Option<Self> {
        let mut all = [Self::Enabled, Self::Suspended].into_iter();
        all.find(|state| state.as_str() == name)
    }
}

impl Client {
    /// Whether a bucket keeps versions; `None` where that was never switched on.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// if client.bucket_versioning("backups").await?.is_some() {
    ///     println!("`forbid_overwrite` has no effect here");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:GetBucketVersioning`.
    pub async fn bucket_versioning(&self, bucket: &str) -> Result<Option<Versioning>> {
        let step = format!("read the versioning of `{bucket}`");
        let call = Call::new(Operation::GET_BUCKET_VERSIONING, step).bucket(bucket);
        let found: VersioningConfiguration =
            self.document(&call, "VersioningConfiguration").await?;
        match found.status.as_deref() {
            None | Some("") => Ok(None),
            Some(name) => match Versioning::parse(name) {
                Some(versioning) => Ok(Some(versioning)),
                None => Err(call.misread(format!("versioning `{name}`"))),
            },
        }
    }

    /// Switches versions on, or suspends them. They can never be switched off again.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client.put_bucket_versioning("backups", alibaba_oss::Versioning::Enabled).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Conflict`](crate::ErrorKind::Conflict) where the bucket has a retention policy.
    pub async fn put_bucket_versioning(&self, bucket: &str, versioning: Versioning) -> Result<()> {
        let body = VersioningConfiguration {
            status: Some(versioning.as_str().to_owned()),
        };
        let step = format!("set the versioning of `{bucket}`");
        let call = Call::new(Operation::PUT_BUCKET_VERSIONING, step)
            .bucket(bucket)
            .payload(xml::write(&body).into());
        self.execute(&call).await.map(drop)
    }

    /// Lists all versions of objects, page by page. Without versioning, every object is one
    /// version with the id `null`.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use futures::TryStreamExt;
    ///
    /// let mut pages = std::pin::pin!(client.list_versions("backups").prefix("nightly/").pages());
    /// while let Some(page) = pages.try_next().await? {
    ///     for version in page.versions.iter().filter(|version| !version.is_latest) {
    ///         println!("{} was once {} bytes", version.key, version.size);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn list_versions(&self, bucket: impl Into<String>) -> ListVersions {
        ListVersions {
            list: Listing::new(self, bucket),
        }
    }
}

impl ListVersions {
    key_filters!();

    /// The next page.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where the bucket does not exist,
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:ListObjectVersions`.
    pub async fn send(&self) -> Result<VersionPage> {
        let began = self.list.after.as_ref();
        let id = began.map(|began| &began.version_id);
        let call = self
            .list
            .call(Operation::LIST_OBJECT_VERSIONS, "the versions", "max-keys")
            .query_maybe("key-marker", began.map(|began| &began.key))
            .query_maybe("version-id-marker", id.filter(|id| !id.is_empty()));
        let client = &self.list.client;
        let list: ListVersionsResult = client.document(&call, "ListVersionsResult").await?;
        read(&call.step, list, began)
    }
}

paged!(ListVersions, VersionPage, VersionMarker, over list;
    /// Only versions after this one: older ones of the same key, and those of later keys.
);

/// The page of a listing that began after `began`.
fn read(
    step: &str,
    list: ListVersionsResult,
    began: Option<&VersionMarker>,
) -> Result<VersionPage> {
    let keys = KeyEncoding::new(step, list.encoding_type.as_deref());
    let marker = list
        .next_key_marker
        .map(|key| keys.decode(key))
        .transpose()?;
    let marker = marker.map(|key| VersionMarker {
        key,
        version_id: list.next_version_id_marker.unwrap_or_default(),
    });
    let mut page = VersionPage {
        versions: Vec::new(),
        common_prefixes: Vec::new(),
        next: listing::next(step, list.is_truncated, marker, began)?,
    };
    for entry in list.entries {
        match entry {
            Entry::Version(listed) => page.versions.push(version(keys, listed, false)?),
            Entry::DeleteMarker(listed) => page.versions.push(version(keys, listed, true)?),
            Entry::CommonPrefixes(common) => {
                page.common_prefixes.push(keys.decode(common.prefix)?);
            }
            Entry::Other => {}
        }
    }
    Ok(page)
}

fn version(keys: KeyEncoding<'_>, listed: Listed, is_delete_marker: bool) -> Result<ObjectVersion> {
    Ok(ObjectVersion {
        key: keys.decode(listed.key)?,
        version_id: listed.version_id,
        is_latest: listed.is_latest,
        is_delete_marker,
        size: listed.size.unwrap_or_default(),
        etag: listed.etag.as_deref().map(unquoted),
        last_modified: listed.last_modified,
        storage_class: listed.storage_class.as_deref().map(Into::into),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_markers_and_prefixes_keep_their_order() {
        let text = r#"<?xml version="1.0" encoding="UTF-8"?>
<ListVersionsResult xmlns="http://doc.oss-cn-hangzhou.aliyuncs.com">
  <Name>backups</Name><Prefix/><KeyMarker/><VersionIdMarker/><MaxKeys>4</MaxKeys><Delimiter>%2F</Delimiter>
  <EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>
  <NextKeyMarker>k%2B</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>
  <DeleteMarker><Key>k%2B</Key><VersionId>v3</VersionId><IsLatest>true</IsLatest>
    <LastModified>2026-11-25T03:00:00.000Z</LastModified><Owner><ID>1</ID></Owner></DeleteMarker>
  <Version><Key>k%2B</Key><VersionId>v2</VersionId><IsLatest>false</IsLatest>
    <LastModified>2026-11-25T02:00:00.000Z</LastModified><ETag>"AB"</ETag><Type>Normal</Type>
    <Size>93731</Size><StorageClass>IA</StorageClass><Owner><ID>1</ID></Owner></Version>
  <CommonPrefixes><Prefix>dir%2F</Prefix></CommonPrefixes>
  <DeleteMarker><Key>k%2B</Key><VersionId>v1</VersionId><IsLatest>false</IsLatest>
    <LastModified>2026-11-25T01:00:00.000Z</LastModified></DeleteMarker>
</ListVersionsResult>"#;
        let list = crate::xml::parse("list", "ListVersionsResult", text.as_bytes()).unwrap();
        let page = read("list", list, None).unwrap();
        let found: Vec<_> = page
            .versions
            .iter()
            .map(|v| {
                (
                    v.version_id.as_str(),
                    v.is_delete_marker,
                    v.is_latest,
                    v.size,
                )
            })
            .collect();
        let expected = [
            ("v3", true, true, 0),
            ("v2", false, false, 93_731),
            ("v1", true, false, 0),
        ];
        assert_eq!(found, expected);
        let storage_class = page.versions[1].storage_class.clone();
        assert_eq!(storage_class, Some(StorageClass::InfrequentAccess));
        assert_eq!(page.common_prefixes, ["dir/"]);
        let next = VersionMarker {
            key: "k+".to_owned(),
            version_id: "v1".to_owned(),
        };
        assert_eq!(page.next, Some(next.clone()));

        // A page that says to begin where it itself began would be read for ever.
        let list = crate::xml::parse("list", "ListVersionsResult", text.as_bytes()).unwrap();
        let error = read("list", list, Some(&next)).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::Response);
    }
}
