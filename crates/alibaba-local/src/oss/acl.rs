//! Access control lists of buckets and objects, and what they let anybody do.

use http::StatusCode;
use http::header::HeaderMap;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::document::owner;
use crate::oss::error::OssError;
use crate::oss::objects::attributes::object_acl;
use crate::oss::operation::Operation;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;
use crate::oss::storage::object::Acl;

impl Oss {
    pub(crate) fn put_bucket_acl(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Response, OssError> {
        let acl = bucket_acl(headers)?.ok_or_else(|| {
            OssError::refuse(
                Refusal::MISSING_ARGUMENT,
                "Missing Some Required Arguments.",
            )
            .with("ArgumentName", "x-oss-acl")
        })?;
        self.store.change_settings(target.bucket(), |stored| {
            stored.settings.acl = acl;
            Ok(Response::empty(StatusCode::OK))
        })
    }

    pub(crate) fn get_bucket_acl(&self, target: &Target) -> Result<Response, OssError> {
        self.store.with_bucket(target.bucket(), |stored| {
            Ok(acl_document(stored.settings.acl))
        })
    }

    pub(crate) fn put_object_acl(
        &self,
        target: &Target,
        headers: &HeaderMap,
    ) -> Result<Response, OssError> {
        let acl = object_acl(headers)?.ok_or_else(|| {
            OssError::refuse(
                Refusal::MISSING_ARGUMENT,
                "Missing Some Required Arguments.",
            )
            .with("ArgumentName", "x-oss-object-acl")
        })?;
        let ((), version) = self.store.update(
            target.bucket(),
            target.key(),
            target.version()?,
            |meta, _| {
                meta.acl = acl;
                Ok(())
            },
        )?;
        Ok(Response::empty(StatusCode::OK).maybe("x-oss-version-id", version.as_deref()))
    }

    pub(crate) fn get_object_acl(&self, target: &Target) -> Result<Response, OssError> {
        let found = self
            .store
            .object(target.bucket(), target.key(), target.version()?)?;
        Ok(acl_document(found.object.meta.acl).maybe("x-oss-version-id", found.version.as_deref()))
    }

    /// Whether an anonymous caller may do this.
    pub(crate) fn is_public(&self, target: &Target) -> bool {
        let version = target.version().ok().flatten();
        self.store
            .with_bucket(target.bucket(), |stored| {
                let bucket = stored.settings.acl;
                let object = stored
                    .find(target.key(), version)
                    .map_or(Acl::Default, |object| object.meta.acl);
                let acl = if object == Acl::Default {
                    bucket
                } else {
                    object
                };
                use Operation as O;
                Ok(match target.operation {
                    O::GetObject | O::HeadObject | O::GetObjectMeta | O::GetSymlink => {
                        acl != Acl::Private
                    }
                    O::ListObjects | O::ListObjectsV2 | O::ListMultipartUploads => {
                        bucket != Acl::Private
                    }
                    O::PutObject
                    | O::AppendObject
                    | O::PutSymlink
                    | O::DeleteObject
                    | O::InitiateMultipartUpload
                    | O::UploadPart
                    | O::CompleteMultipartUpload
                    | O::AbortMultipartUpload
                    | O::ListParts => acl == Acl::PublicReadWrite,
                    // Its policy, if it has one, is looked at when the form is read.
                    O::PostObject => true,
                    _ => false,
                })
            })
            .unwrap_or(false)
    }
}

/// `x-oss-acl`, where it is sent.
pub(crate) fn bucket_acl(headers: &HeaderMap) -> Result<Option<Acl>, OssError> {
    let Some(value) = headers.get("x-oss-acl") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    Acl::parse(&text)
        .filter(|acl| *acl != Acl::Default)
        .map(Some)
        .ok_or_else(|| {
            OssError::invalid_argument("x-oss-acl", text, "no such bucket access control exists")
        })
}

fn acl_document(acl: Acl) -> Response {
    let grant = Element::root("AccessControlList").text("Grant", acl.name());
    Response::xml(
        Element::root("AccessControlPolicy")
            .child(&owner())
            .child(&grant)
            .document(),
    )
}
