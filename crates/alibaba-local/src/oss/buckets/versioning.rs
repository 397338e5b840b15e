//! Versioning of buckets, and the listing of versions.

use std::ops::Bound;

use http::StatusCode;
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::buckets::listing::roll_up;
use crate::oss::document::{self, KeyEncoding, iso_date, owner, truth};
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::ObjectMeta;
use crate::oss::storage::settings::Versioning;

#[derive(Deserialize)]
struct VersioningConfiguration {
    #[serde(rename = "Status")]
    status: Status,
}

#[derive(Deserialize)]
enum Status {
    Enabled,
    Suspended,
}

impl Oss {
    pub(crate) fn put_bucket_versioning(
        &self,
        target: &Target,
        document: &str,
    ) -> Result<Response, OssError> {
        let wanted: VersioningConfiguration = document::read(document, "VersioningConfiguration")?;
        let now = self.clock.now();
        self.store.change_settings(target.bucket(), |stored| {
            let settings = &mut stored.settings;
            // "A bucket cannot have both versioning and retention policies" (Versioning).
            if settings.worm.as_ref().is_some_and(|w| w.is_in_force(now)) {
                return Err(OssError::refuse(
                    Refusal::INVALID_BUCKET_STATE,
                    "A bucket with a retention policy cannot have versioning.",
                ));
            }
            settings.versioning = Some(match wanted.status {
                Status::Enabled => Versioning::Enabled,
                Status::Suspended if settings.object_worm.is_some() => {
                    return Err(OssError::refuse(
                        Refusal::INVALID_BUCKET_STATE,
                        "A bucket with object retention keeps its versioning.",
                    ));
                }
                Status::Suspended => Versioning::Suspended,
            });
            Ok(Response::empty(StatusCode::OK))
        })
    }

    pub(crate) fn get_bucket_versioning(&self, target: &Target) -> Result<Response, OssError> {
        self.store.with_bucket(target.bucket(), |stored| {
            Ok(Response::xml(
                Element::root("VersioningConfiguration")
                    .maybe("Status", stored.settings.versioning.map(Versioning::name))
                    .document(),
            ))
        })
    }

    /// Versions and markers as they lie: by key, within a key the newest first.
    pub(crate) fn list_versions(&self, target: &Target) -> Result<Response, OssError> {
        let max = target.number("max-keys", 100, 1000)?;
        let prefix = target.param("prefix").unwrap_or_default();
        let delimiter = target.param("delimiter").unwrap_or_default();
        let markers = (
            target.param("key-marker").unwrap_or_default(),
            target.param("version-id-marker").unwrap_or_default(),
        );
        if markers.0.is_empty() && !markers.1.is_empty() {
            return Err(OssError::invalid_argument(
                "version-id-marker",
                markers.1,
                "A version-id marker cannot be specified without a key marker.",
            ));
        }
        let encoding = target.encoding();
        self.store.with_bucket(target.bucket(), |stored| {
            let mut entries = Vec::new();
            let mut next: Option<(String, String)> = None;
            let mut last = (String::new(), String::new());
            let mut common: Option<&str> = None;
            let from = Bound::Included(markers.0.max(prefix));
            'keys: for (key, versions) in stored.objects.range::<str, _>((from, Bound::Unbounded)) {
                if !key.starts_with(prefix) {
                    break;
                }
                if let Some(rolled_up) = roll_up(key, prefix, delimiter) {
                    if common == Some(rolled_up) || markers.0.starts_with(rolled_up) {
                        last = (key.clone(), String::new());
                        continue;
                    }
                    if entries.len() == max {
                        next = Some(last);
                        break;
                    }
                    common = Some(rolled_up);
                    entries.push(
                        Element::root("CommonPrefixes").text("Prefix", &encoding.apply(rolled_up)),
                    );
                    last = (key.clone(), String::new());
                    continue;
                }
                let resumes = key == markers.0;
                if resumes && markers.1.is_empty() {
                    continue;
                }
                let newest = versions.last().map(|object| object.meta.sequence);
                let rest = versions
                    .iter()
                    .rev()
                    .skip_while(|object| resumes && object.meta.version != markers.1)
                    .skip(usize::from(resumes));
                for object in rest {
                    if entries.len() == max {
                        next = Some(last);
                        break 'keys;
                    }
                    let is_latest = newest == Some(object.meta.sequence);
                    entries.push(version_entry(&object.meta, is_latest, encoding));
                    last = (key.clone(), object.meta.version.clone());
                }
            }
            let mut list = Element::root("ListVersionsResult")
                .text("Name", target.bucket())
                .text("Prefix", &encoding.apply(prefix))
                .text("KeyMarker", &encoding.apply(markers.0))
                .text("VersionIdMarker", markers.1)
                .text("MaxKeys", &max.to_string())
                .text("Delimiter", &encoding.apply(delimiter))
                .maybe("EncodingType", encoding.name())
                .text("IsTruncated", truth(next.is_some()));
            if let Some((key, version)) = &next {
                list = list
                    .text("NextKeyMarker", &encoding.apply(key))
                    .text("NextVersionIdMarker", version);
            }
            let list = entries.iter().fold(list, Element::child);
            Ok(Response::xml(list.document()))
        })
    }
}

fn version_entry(meta: &ObjectMeta, is_latest: bool, encoding: KeyEncoding) -> Element {
    let entry = Element::root(if meta.is_marker() {
        "DeleteMarker"
    } else {
        "Version"
    })
    .text("Key", &encoding.apply(&meta.key))
    .text("VersionId", &meta.version)
    .text("IsLatest", truth(is_latest))
    .text("LastModified", &iso_date(meta.modified));
    let entry = if meta.is_marker() {
        entry
    } else {
        entry
            .text("ETag", &meta.quoted_etag())
            .text("Type", meta.kind.name())
            .text("Size", &meta.len.to_string())
            .text("StorageClass", meta.storage_class.name())
    };
    entry.child(&owner())
}
