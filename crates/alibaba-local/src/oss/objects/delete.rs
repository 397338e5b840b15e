//! DeleteObject and DeleteMultipleObjects.

use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::document;
use crate::oss::error::OssError;
use crate::oss::request::Target;
use crate::oss::state::Oss;

/// The most keys of one request.
const MAX_KEYS: usize = 1000;

#[derive(Deserialize)]
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
    #[serde(rename = "VersionId")]
    version: Option<String>,
}

impl Oss {
    pub(crate) fn delete_object(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Response, OssError> {
        let deleted = self.store.delete(
            target.bucket(),
            target.key(),
            target.version()?,
            bypasses_governance(headers),
            self.clock.now(),
        )?;
        Ok(Response::empty(StatusCode::NO_CONTENT)
            .maybe("x-oss-version-id", deleted.version.as_deref())
            .maybe("x-oss-delete-marker", deleted.marker.then_some("true")))
    }

    /// The response names what was deleted; what could not be is not in it.
    pub(crate) fn delete_objects(
        &self,
        target: &Target,
        headers: &HeaderMap,
        document: &str,
    ) -> Result<Response, OssError> {
        let wanted: DeleteBody = document::read(document, "Delete")?;
        let legal = (1..=MAX_KEYS).contains(&wanted.objects.len())
            && wanted
                .objects
                .iter()
                .all(|object| !object.key.is_empty() && object.version.as_deref() != Some(""));
        if !legal {
            return Err(OssError::malformed_xml());
        }
        let encoding = target.encoding();
        let bypass = bypasses_governance(headers);
        let mut result = Element::root("DeleteResult").maybe("EncodingType", encoding.name());
        for object in &wanted.objects {
            let deleted = match self.store.delete(
                target.bucket(),
                &object.key,
                object.version.as_deref(),
                bypass,
                self.clock.now(),
            ) {
                Ok(deleted) => deleted,
                Err(kept) if kept.code == "FileImmutable" => continue,
                Err(error) => return Err(error),
            };
            let mut entry = Element::root("Deleted")
                .text("Key", &encoding.apply(&object.key))
                .maybe("VersionId", object.version.as_deref());
            if deleted.marker {
                entry = entry
                    .text("DeleteMarker", "true")
                    .maybe("DeleteMarkerVersionId", deleted.version.as_deref());
            }
            result = result.child(&entry);
        }
        Ok(if wanted.quiet {
            Response::empty(StatusCode::OK)
        } else {
            Response::xml(result.document())
        })
    }
}

/// Whether the caller lifts retentions that may be lifted.
pub(crate) fn bypasses_governance(headers: &HeaderMap) -> bool {
    headers
        .get("x-oss-bypass-governance-retention")
        .is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"true"))
}
