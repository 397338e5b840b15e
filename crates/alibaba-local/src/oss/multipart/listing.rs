//! Listings of uploads under way and of their parts.

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::buckets::listing::roll_up;
use crate::oss::document::{iso_date, truth};
use crate::oss::error::OssError;
use crate::oss::request::Target;
use crate::oss::state::Oss;

impl Oss {
    pub(crate) fn list_parts(&self, target: &Target) -> Result<Response, OssError> {
        let id = target.param("uploadId").unwrap_or_default();
        let max = target.number("max-parts", 1000, 1000)?;
        let marker = target.number("part-number-marker", 0, 10_000)?;
        let encoding = target.encoding();
        self.store.with_bucket(target.bucket(), |stored| {
            let upload = stored
                .uploads
                .get(id)
                .filter(|upload| upload.key == target.key())
                .ok_or_else(|| OssError::no_such_upload(id))?;
            let mut rest = upload
                .parts
                .iter()
                .filter(|(number, _)| **number as usize > marker)
                .peekable();
            let class = upload.attributes.storage_class.unwrap_or_default();
            let mut list = Element::root("ListPartsResult")
                .maybe("EncodingType", encoding.name())
                .text("Bucket", target.bucket())
                .text("Key", &encoding.apply(target.key()))
                .text("UploadId", id)
                .text("StorageClass", class.name());
            let mut last = marker;
            for (number, part) in rest.by_ref().take(max) {
                last = *number as usize;
                list = list.child(
                    &Element::root("Part")
                        .text("PartNumber", &number.to_string())
                        .text("LastModified", &iso_date(part.modified))
                        .text("ETag", &format!("\"{}\"", part.etag))
                        .text("HashCrc64ecma", &part.crc.to_string())
                        .text("Size", &part.len.to_string()),
                );
            }
            let document = list
                .text("MaxParts", &max.to_string())
                .text("PartNumberMarker", &marker.to_string())
                .text("NextPartNumberMarker", &last.to_string())
                .text("IsTruncated", truth(rest.peek().is_some()))
                .document();
            Ok(Response::xml(document))
        })
    }

    pub(crate) fn list_uploads(&self, target: &Target) -> Result<Response, OssError> {
        let max = target.number("max-uploads", 1000, 1000)?;
        let prefix = target.param("prefix").unwrap_or_default();
        let delimiter = target.param("delimiter").unwrap_or_default();
        let markers = (
            target.param("key-marker").unwrap_or_default(),
            target.param("upload-id-marker").unwrap_or_default(),
        );
        let encoding = target.encoding();
        self.store.with_bucket(target.bucket(), |stored| {
            let mut uploads: Vec<_> = stored
                .uploads
                .iter()
                .map(|(id, upload)| (upload.key.as_str(), id.as_str(), upload))
                .filter(|(key, id, _)| {
                    // Without an upload id the marker skips every upload of its key.
                    let after = if markers.1.is_empty() {
                        *key > markers.0
                    } else {
                        (*key, *id) > markers
                    };
                    key.starts_with(prefix) && after
                })
                .collect();
            uploads.sort_unstable_by_key(|(key, id, _)| (*key, *id));
            let mut list = Element::root("ListMultipartUploadsResult")
                .maybe("EncodingType", encoding.name())
                .text("Bucket", target.bucket())
                .text("KeyMarker", &encoding.apply(markers.0))
                .text("UploadIdMarker", markers.1)
                .text("Prefix", &encoding.apply(prefix))
                .text("Delimiter", &encoding.apply(delimiter))
                .text("MaxUploads", &max.to_string());
            let mut rolled: Option<&str> = None;
            let mut last = ("", "");
            let (mut listed, mut truncated) = (0, false);
            for (key, id, upload) in &uploads {
                let rolled_up = roll_up(key, prefix, delimiter);
                if rolled_up
                    .is_some_and(|common| rolled == Some(common) || (markers.0.starts_with(common)))
                {
                    last = (key, id);
                    continue;
                }
                if listed == max {
                    truncated = true;
                    break;
                }
                listed += 1;
                last = (key, id);
                list = list.child(&match rolled_up {
                    Some(common) => {
                        rolled = Some(common);
                        Element::root("CommonPrefixes").text("Prefix", &encoding.apply(common))
                    }
                    None => Element::root("Upload")
                        .text("Key", &encoding.apply(key))
                        .text("UploadId", id)
                        .text("Initiated", &iso_date(upload.initiated)),
                });
            }
            if truncated {
                list = list
                    .text("NextKeyMarker", &encoding.apply(last.0))
                    .text("NextUploadIdMarker", last.1);
            }
            Ok(Response::xml(
                list.text("IsTruncated", truth(truncated)).document(),
            ))
        })
    }
}
