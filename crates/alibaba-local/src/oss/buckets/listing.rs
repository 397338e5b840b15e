//! ListObjects, version 1 and 2.

use std::ops::Bound;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::document::{iso_date, owner, truth};
use crate::oss::error::OssError;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::Object;

/// One page of a listing: what is in it, and where the next begins.
struct Page {
    entries: Vec<Entry>,
    next: Option<String>,
}

enum Entry {
    Object(Arc<Object>),
    Prefix(String),
}

impl Oss {
    pub(crate) fn list_objects(&self, target: &Target, v2: bool) -> Result<Response, OssError> {
        let max = target.number("max-keys", 100, 1000)?;
        let prefix = target.param("prefix").unwrap_or_default();
        let delimiter = target.param("delimiter").unwrap_or_default();
        let encoding = target.encoding();
        let token = target
            .param("continuation-token")
            .filter(|token| !token.is_empty());
        let start = match (v2, token) {
            (true, Some(token)) => BASE64_STANDARD
                .decode(token)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok())
                .ok_or_else(|| {
                    OssError::invalid_argument(
                        "continuation-token",
                        token,
                        "The continuation token is not valid.",
                    )
                })?,
            (true, None) => target.param("start-after").unwrap_or_default().to_owned(),
            (false, _) => target.param("marker").unwrap_or_default().to_owned(),
        };
        let page = self.page(target.bucket(), prefix, delimiter, &start, max)?;

        let mut list = Element::root("ListBucketResult")
            .text("Name", target.bucket())
            .text("Prefix", &encoding.apply(prefix))
            .text("MaxKeys", &max.to_string())
            .text("Delimiter", &encoding.apply(delimiter))
            .maybe("EncodingType", encoding.name())
            .text("IsTruncated", truth(page.next.is_some()));
        list = if v2 {
            let start_after = target.param("start-after").map(|s| encoding.apply(s));
            let next = page.next.map(|next| BASE64_STANDARD.encode(next));
            list.text("KeyCount", &page.entries.len().to_string())
                .maybe("StartAfter", start_after.as_deref())
                .maybe("ContinuationToken", token)
                .maybe("NextContinuationToken", next.as_deref())
        } else {
            let next = page.next.map(|next| encoding.apply(&next));
            list.text("Marker", &encoding.apply(&start))
                .maybe("NextMarker", next.as_deref())
        };
        let with_owner = !v2 || target.param("fetch-owner") == Some("true");
        let now = self.clock.now();
        for entry in &page.entries {
            list = match entry {
                Entry::Object(object) => {
                    let meta = &object.meta;
                    let contents = Element::root("Contents")
                        .text("Key", &encoding.apply(&meta.key))
                        .text("LastModified", &iso_date(meta.modified))
                        .text("ETag", &meta.quoted_etag())
                        .text("Type", meta.kind.name())
                        .text("Size", &meta.len.to_string())
                        .text("StorageClass", meta.storage_class.name())
                        .maybe("RestoreInfo", meta.restore_info(now).as_deref());
                    list.child(&if with_owner {
                        contents.child(&owner())
                    } else {
                        contents
                    })
                }
                Entry::Prefix(prefix) => list.child(
                    &Element::root("CommonPrefixes").text("Prefix", &encoding.apply(prefix)),
                ),
            };
        }
        Ok(Response::xml(list.document()))
    }

    /// Keys after `start` under `prefix`, those with the delimiter after it rolled up.
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
            // Keys are in order, so those of one rolled-up prefix lie together.
            let mut rolled: Option<&str> = None;
            let mut last = String::new();
            let from = if start < prefix {
                Bound::Included(prefix)
            } else {
                Bound::Excluded(start)
            };
            for (key, versions) in stored.objects.range::<str, _>((from, Bound::Unbounded)) {
                if !key.starts_with(prefix) {
                    break;
                }
                let Some(object) = versions.last().filter(|o| !o.meta.is_marker()) else {
                    continue;
                };
                let rolled_up = roll_up(key, prefix, delimiter);
                match rolled_up {
                    // A marker inside a rolled-up prefix has passed all of it.
                    Some(common) if start >= common && start.starts_with(common) => continue,
                    Some(common) if rolled == Some(common) => {
                        // The marker has to sort after everything the prefix holds.
                        last.clone_from(key);
                        continue;
                    }
                    _ if page.entries.len() == max => {
                        page.next = Some(last);
                        break;
                    }
                    Some(common) => {
                        rolled = Some(common);
                        page.entries.push(Entry::Prefix(common.to_owned()));
                    }
                    None => page.entries.push(Entry::Object(object.clone())),
                }
                last.clone_from(key);
            }
            Ok(page)
        })
    }
}

/// The key up to the first delimiter after the prefix, if there is one.
pub(crate) fn roll_up<'k>(key: &'k str, prefix: &str, delimiter: &str) -> Option<&'k str> {
    if delimiter.is_empty() {
        return None;
    }
    let at = key.get(prefix.len()..)?.find(delimiter)?;
    key.get(..prefix.len() + at + delimiter.len())
}
