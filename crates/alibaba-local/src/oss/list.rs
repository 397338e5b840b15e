//! Buckets, and what lies in them.

use std::collections::BTreeSet;
use std::ops::Bound;

use http::StatusCode;
use serde::Deserialize;

use super::answer::Answer;
use super::error::OssError;
use super::request::Target;
use super::store::ObjectFacts;
use super::xml::{Element, KeyEncoding};
use super::{Oss, iso_date, number};
use alibaba_sign::percent;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

#[derive(Deserialize)]
#[serde(rename = "Delete")]
struct DeleteBody {
    #[serde(rename = "Quiet", default)]
    quiet: bool,
    #[serde(rename = "Object", default)]
    objects: Vec<DeleteObject>,
}

#[derive(Deserialize)]
struct DeleteObject {
    #[serde(rename = "Key")]
    key: String,
}

/// One page of a listing: what is in it, and where the next begins.
struct Page {
    entries: Vec<Entry>,
    next: Option<String>,
}

enum Entry {
    Object(ObjectFacts),
    Prefix(String),
}

impl Oss {
    pub(super) fn list_buckets(&self) -> Answer {
        let mut buckets = Element::root("Buckets");
        for (name, bucket) in self.store.lock().iter() {
            buckets = buckets.child(
                &Element::root("Bucket")
                    .text("Name", name)
                    .text("CreationDate", &iso_date(bucket.created))
                    .text("Location", &format!("oss-{}", self.region))
                    .text("Region", &self.region)
                    .text("StorageClass", "Standard")
                    .text(
                        "ExtranetEndpoint",
                        &format!("oss-{}.aliyuncs.com", self.region),
                    )
                    .text(
                        "IntranetEndpoint",
                        &format!("oss-{}-internal.aliyuncs.com", self.region),
                    ),
            );
        }
        let owner = Element::root("Owner")
            .text("ID", "100000000000000")
            .text("DisplayName", "local");
        Answer::xml(
            Element::root("ListAllMyBucketsResult")
                .child(&owner)
                .child(&buckets)
                .text("IsTruncated", "false")
                .document(),
        )
    }

    pub(super) fn put_bucket(&self, bucket: &str) -> Result<Answer, OssError> {
        let legal = (3..=63).contains(&bucket.len())
            && bucket
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !bucket.starts_with('-')
            && !bucket.ends_with('-');
        if !legal {
            return Err(OssError::bad_request(
                "InvalidBucketName",
                "The specified bucket is not valid.",
            )
            .with("BucketName", bucket));
        }
        self.store
            .create_bucket(bucket, self.clock.now())
            .map_err(|e| OssError::internal(&e))?;
        Ok(Answer::empty(StatusCode::OK))
    }

    pub(super) fn delete_bucket(&self, bucket: &str) -> Result<Answer, OssError> {
        self.store.with_bucket(bucket, |stored| {
            if stored.objects.is_empty() && stored.uploads.is_empty() {
                return Ok(());
            }
            Err(OssError::new(
                StatusCode::CONFLICT,
                "BucketNotEmpty",
                "The bucket has objects. Please delete them first.",
            ))
        })?;
        self.store
            .remove_bucket(bucket)
            .map_err(|e| OssError::internal(&e))?;
        Ok(Answer::empty(StatusCode::NO_CONTENT))
    }

    pub(super) fn bucket_info(&self, bucket: &str) -> Result<Answer, OssError> {
        self.store.with_bucket(bucket, |stored| {
            let facts = Element::root("Bucket")
                .text("Name", bucket)
                .text("CreationDate", &iso_date(stored.created))
                .text("Location", &format!("oss-{}", self.region))
                .text("StorageClass", "Standard")
                .text(
                    "ExtranetEndpoint",
                    &format!("oss-{}.aliyuncs.com", self.region),
                )
                .text(
                    "IntranetEndpoint",
                    &format!("oss-{}-internal.aliyuncs.com", self.region),
                );
            Ok(Answer::xml(
                Element::root("BucketInfo").child(&facts).document(),
            ))
        })
    }

    pub(super) fn bucket_location(&self, bucket: &str) -> Result<Answer, OssError> {
        self.store.with_bucket(bucket, |_| {
            Ok(Answer::xml(format!(
                "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<LocationConstraint>oss-{}</LocationConstraint>",
                self.region
            )))
        })
    }

    pub(super) fn bucket_stat(&self, bucket: &str) -> Result<Answer, OssError> {
        self.store.with_bucket(bucket, |stored| {
            let storage: u64 = stored.objects.values().map(|object| object.facts.len).sum();
            let parts: usize = stored
                .uploads
                .values()
                .map(|upload| upload.parts.len())
                .sum();
            Ok(Answer::xml(
                Element::root("BucketStat")
                    .text("Storage", &storage.to_string())
                    .text("ObjectCount", &stored.objects.len().to_string())
                    .text("MultipartUploadCount", &stored.uploads.len().to_string())
                    .text("MultipartPartCount", &parts.to_string())
                    .document(),
            ))
        })
    }

    pub(super) fn list_objects(
        &self,
        bucket: &str,
        target: &Target,
        v2: bool,
    ) -> Result<Answer, OssError> {
        let max = number(target, "max-keys", 100, 1000)?;
        let prefix = target.param("prefix").unwrap_or_default();
        let delimiter = target.param("delimiter").unwrap_or_default();
        let encoding = KeyEncoding(target.param("encoding-type") == Some("url"));
        let token = target
            .param("continuation-token")
            .filter(|token| !token.is_empty());
        let start = match (v2, token) {
            (true, Some(token)) => BASE64_STANDARD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| {
                    OssError::bad_request("InvalidArgument", "The continuation token is not valid.")
                        .with("ArgumentName", "continuation-token")
                })?,
            (true, None) => target.param("start-after").unwrap_or_default().to_owned(),
            (false, _) => target.param("marker").unwrap_or_default().to_owned(),
        };
        let page = self.page(bucket, prefix, delimiter, &start, max)?;

        let mut list = Element::root("ListBucketResult")
            .text("Name", bucket)
            .text("Prefix", &encoding.apply(prefix))
            .text("MaxKeys", &max.to_string())
            .text("Delimiter", &encoding.apply(delimiter))
            .maybe("EncodingType", encoding.name())
            .text(
                "IsTruncated",
                if page.next.is_some() { "true" } else { "false" },
            );
        list = if v2 {
            list.text("KeyCount", &page.entries.len().to_string())
                .maybe(
                    "StartAfter",
                    target
                        .param("start-after")
                        .map(|s| encoding.apply(s))
                        .as_deref(),
                )
                .maybe("ContinuationToken", token)
                .maybe(
                    "NextContinuationToken",
                    page.next
                        .map(|next| BASE64_STANDARD.encode(next))
                        .as_deref(),
                )
        } else {
            list.text("Marker", &encoding.apply(&start)).maybe(
                "NextMarker",
                page.next.map(|next| encoding.apply(&next)).as_deref(),
            )
        };
        for entry in &page.entries {
            list = match entry {
                Entry::Object(facts) => list.child(
                    &Element::root("Contents")
                        .text("Key", &encoding.apply(&facts.key))
                        .text("LastModified", &iso_date(facts.modified))
                        .text("ETag", &format!("\"{}\"", facts.etag))
                        .text("Type", &facts.kind)
                        .text("Size", &facts.len.to_string())
                        .text("StorageClass", "Standard"),
                ),
                Entry::Prefix(prefix) => list.child(
                    &Element::root("CommonPrefixes").text("Prefix", &encoding.apply(prefix)),
                ),
            };
        }
        Ok(Answer::xml(list.document()))
    }

    /// Keys after `start` under `prefix`, those with the delimiter behind it rolled up.
    fn page(
        &self,
        bucket: &str,
        prefix: &str,
        delimiter: &str,
        start: &str,
        max: usize,
    ) -> Result<Page, OssError> {
        self.store.with_bucket(bucket, |stored| {
            let mut page = Page {
                entries: Vec::new(),
                next: None,
            };
            let mut seen = BTreeSet::new();
            let mut last = String::new();
            let from = if start < prefix {
                Bound::Included(prefix)
            } else {
                Bound::Excluded(start)
            };
            for (key, object) in stored.objects.range::<str, _>((from, Bound::Unbounded)) {
                if !key.starts_with(prefix) {
                    break;
                }
                let rolled_up = (!delimiter.is_empty())
                    .then(|| key[prefix.len()..].find(delimiter))
                    .flatten()
                    .map(|at| &key[..prefix.len() + at + delimiter.len()]);
                match rolled_up {
                    // A marker inside a rolled-up prefix has passed all of it.
                    Some(common) if start >= common && start.starts_with(common) => continue,
                    Some(common) if seen.contains(common) => {
                        // The marker has to lie behind everything the prefix holds.
                        last.clone_from(key);
                        continue;
                    }
                    _ if page.entries.len() == max => {
                        page.next = Some(last);
                        break;
                    }
                    Some(common) => {
                        seen.insert(common.to_owned());
                        page.entries.push(Entry::Prefix(common.to_owned()));
                    }
                    None => page.entries.push(Entry::Object(object.facts.clone())),
                }
                last.clone_from(key);
            }
            Ok(page)
        })
    }

    pub(super) fn delete_objects(
        &self,
        bucket: &str,
        target: &Target,
        body: &[u8],
    ) -> Result<Answer, OssError> {
        let text = std::str::from_utf8(body).map_err(|_| OssError::malformed_xml())?;
        let wanted: DeleteBody =
            quick_xml::de::from_str(text).map_err(|_| OssError::malformed_xml())?;
        if wanted.objects.is_empty() || wanted.objects.len() > 1000 {
            return Err(OssError::malformed_xml());
        }
        let encoded = KeyEncoding(target.param("encoding-type") == Some("url"));
        let mut result = Element::root("DeleteResult").maybe("EncodingType", encoded.name());
        for object in &wanted.objects {
            self.store.delete(bucket, &object.key)?;
            if !wanted.quiet {
                let key = if encoded.0 {
                    percent::encode(&object.key)
                } else {
                    object.key.clone()
                };
                result = result.child(&Element::root("Deleted").text("Key", &key));
            }
        }
        Ok(if wanted.quiet {
            Answer::empty(StatusCode::OK)
        } else {
            Answer::xml(result.document())
        })
    }
}
