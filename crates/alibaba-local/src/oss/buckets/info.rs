//! Buckets: made, listed, described, removed.

use std::collections::BTreeMap;

use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::acl::bucket_acl;
use crate::oss::document::{self, truth};
use crate::oss::document::{iso_date, owner};
use crate::oss::error::OssError;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::bucket::Bucket;
use crate::oss::storage::object::StorageClass;
use crate::oss::storage::settings::{Settings, Versioning};

#[derive(Deserialize)]
struct CreateBucketConfiguration {
    #[serde(rename = "StorageClass")]
    storage_class: Option<StorageClass>,
    #[serde(rename = "DataRedundancyType")]
    redundancy: Option<String>,
}

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

    pub(crate) fn put_bucket(
        &self,
        target: &Target,
        headers: &HeaderMap,
        document: &str,
    ) -> Result<Response, OssError> {
        let name = target.bucket();
        let legal = (3..=63).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !name.starts_with('-')
            && !name.ends_with('-');
        if !legal {
            return Err(OssError::bad_request(
                "InvalidBucketName",
                "The specified bucket is not valid.",
            )
            .ec("0015-00000001")
            .with("BucketName", name));
        }
        let mut settings = Settings::new(self.clock.now());
        let acl = bucket_acl(headers)?;
        settings.acl = acl.unwrap_or(settings.acl);
        if !document.trim().is_empty() {
            let wanted: CreateBucketConfiguration =
                document::read(document, "CreateBucketConfiguration")?;
            settings.storage_class = wanted.storage_class.unwrap_or_default();
            match wanted.redundancy {
                None => {}
                Some(redundancy) if matches!(redundancy.as_str(), "LRS" | "ZRS") => {
                    settings.redundancy = redundancy;
                }
                Some(_) => return Err(OssError::malformed_xml()),
            }
        }
        let is_new = self
            .store
            .create_bucket(name, settings)
            .map_err(|error| OssError::internal(&error))?;
        if let (false, Some(acl)) = (is_new, acl) {
            // Its owner, who all callers here are, may put a bucket again to change its ACL.
            self.store.change_settings(name, |stored| {
                stored.settings.acl = acl;
                Ok(())
            })?;
        }
        Ok(Response::empty(StatusCode::OK).header("location", &format!("/{name}")))
    }

    pub(crate) fn delete_bucket(&self, target: &Target) -> Result<Response, OssError> {
        self.store.remove_bucket(target.bucket())?;
        Ok(Response::empty(StatusCode::NO_CONTENT))
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
