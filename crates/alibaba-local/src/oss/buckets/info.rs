//! Buckets listed, described and measured.

use std::collections::BTreeMap;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::document::{iso_date, owner, truth};
use crate::oss::error::OssError;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::bucket::Bucket;
use crate::oss::storage::object::StorageClass;
use crate::oss::storage::settings::{Settings, Versioning};

impl Oss {
    pub(crate) fn list_buckets(&self, target: &Target) -> Result<Response, OssError> {
        let max = target.number("max-keys", 100, 1000)?;
        let prefix = target.param("prefix").unwrap_or_default();
        let marker = target.param("marker").unwrap_or_default();
        let stored = self.store.lock();
        let mut rest = stored
            .iter()
            .filter(|(name, _)| name.as_str() > marker && name.starts_with(prefix))
            .peekable();
        let mut buckets = Element::root("Buckets");
        let mut last = "";
        for (name, bucket) in rest.by_ref().take(max) {
            last = name;
            buckets = buckets.child(&self.described(name, &bucket.settings));
        }
        let truncated = rest.peek().is_some();
        let mut result = Element::root("ListAllMyBucketsResult")
            .text("Prefix", prefix)
            .text("Marker", marker)
            .text("MaxKeys", &max.to_string())
            .text("IsTruncated", truth(truncated));
        if truncated {
            result = result.text("NextMarker", last);
        }
        Ok(Response::xml(
            result.child(&owner()).child(&buckets).document(),
        ))
    }

    pub(crate) fn bucket_info(&self, target: &Target) -> Result<Response, OssError> {
        let name = target.bucket();
        self.store.with_bucket(name, |stored| {
            let settings = &stored.settings;
            let grant = Element::root("AccessControlList").text("Grant", settings.acl.name());
            let encryption = Element::root("ServerSideEncryptionRule").text("SSEAlgorithm", "None");
            let meta = self
                .described(name, settings)
                .text("DataRedundancyType", &settings.redundancy)
                .text("AccessMonitor", "Disabled")
                .text("CrossRegionReplication", "Disabled")
                .text("TransferAcceleration", "Disabled")
                .text("BlockPublicAccess", "false")
                .maybe("Versioning", settings.versioning.map(Versioning::name))
                .child(&encryption)
                .child(&owner())
                .child(&grant);
            Ok(Response::xml(
                Element::root("BucketInfo").child(&meta).document(),
            ))
        })
    }

    pub(crate) fn bucket_location(&self, target: &Target) -> Result<Response, OssError> {
        self.store.with_bucket(target.bucket(), |_| {
            let location = format!("oss-{}", self.region);
            Ok(Response::xml(
                Element::root("LocationConstraint")
                    .value(&location)
                    .document(),
            ))
        })
    }

    /// Counted now; the real one lags by about an hour.
    pub(crate) fn bucket_stat(&self, target: &Target) -> Result<Response, OssError> {
        let now = self.clock.now();
        self.store.with_bucket(target.bucket(), |stored| {
            let tally = Tally::of(stored);
            let parts: usize = stored.uploads.values().map(|u| u.parts.len()).sum();
            let mut stat = Element::root("BucketStat")
                .text("Storage", &tally.bytes.to_string())
                .text("ObjectCount", &tally.objects.to_string())
                .text("MultipartUploadCount", &stored.uploads.len().to_string())
                .text("MultipartPartCount", &parts.to_string())
                .text("LiveChannelCount", "0")
                .text("LastModifiedTime", &now.timestamp().to_string())
                .text("DeleteMarkerCount", &tally.markers.to_string());
            for class in StorageClass::ALL {
                let name = match class {
                    StorageClass::InfrequentAccess => "InfrequentAccess",
                    other => other.name(),
                };
                let (objects, bytes) = tally.classes.get(name).copied().unwrap_or_default();
                stat = stat
                    .text(&format!("{name}Storage"), &bytes.to_string())
                    .text(&format!("{name}ObjectCount"), &objects.to_string());
                if class != StorageClass::Standard {
                    stat = stat.text(&format!("{name}RealStorage"), &bytes.to_string());
                }
            }
            Ok(Response::xml(stat.document()))
        })
    }

    /// What listings and GetBucketInfo both say of a bucket.
    fn described(&self, name: &str, settings: &Settings) -> Element {
        let region = &self.region;
        Element::root("Bucket")
            .text("Name", name)
            .text("CreationDate", &iso_date(settings.created))
            .text("Location", &format!("oss-{region}"))
            .text("Region", region)
            .text("StorageClass", settings.storage_class.name())
            .text("ExtranetEndpoint", &format!("oss-{region}.aliyuncs.com"))
            .text(
                "IntranetEndpoint",
                &format!("oss-{region}-internal.aliyuncs.com"),
            )
    }
}

/// How much there is of everything, all versions counted.
#[derive(Default)]
struct Tally {
    objects: usize,
    markers: usize,
    bytes: u64,
    classes: BTreeMap<&'static str, (usize, u64)>,
}

impl Tally {
    fn of(bucket: &Bucket) -> Self {
        let mut tally = Self::default();
        for object in bucket.objects.values().flatten() {
            let meta = &object.meta;
            if meta.is_marker() {
                tally.markers += 1;
                continue;
            }
            tally.objects += 1;
            tally.bytes += meta.len;
            let name = match meta.storage_class {
                StorageClass::InfrequentAccess => "InfrequentAccess",
                other => other.name(),
            };
            let class = tally.classes.entry(name).or_default();
            class.0 += 1;
            class.1 += meta.len;
        }
        tally
    }
}
