//! From an operation to the code that carries it out.

use http::request::Parts;

use crate::gateway::exchange::Exchange;
use crate::gateway::response::{Body, Response};
use crate::oss::auth;
use crate::oss::buckets::name::is_bucket_name;
use crate::oss::error::OssError;
use crate::oss::operation::Operation as O;
use crate::oss::receive::document;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;

impl Oss {
    /// Authenticates and authorises the caller, and does what it asks for.
    pub(crate) async fn carry_out(
        &self,
        parts: &Parts,
        target: &Target,
        exchange: &Exchange,
        body: Body,
    ) -> Result<Response, OssError> {
        target.check_host(&self.region)?;
        if let Some(name) = target
            .bucket
            .as_deref()
            .filter(|name| !is_bucket_name(name))
        {
            let message = "The specified bucket is not valid.";
            let refused = OssError::refuse(Refusal::INVALID_BUCKET_NAME, message);
            return Err(refused.with("BucketName", name));
        }
        let headers = &parts.headers;
        match auth::authenticate(&self.auth(exchange.now()), parts, target)? {
            Some(caller) => self.authorize(&caller, target, target.key(), headers, exchange)?,
            None if self.is_public(target) => {}
            None => return Err(auth::no_public_access()),
        }
        match target.operation {
            O::PutObject => self.put_object(target, headers, body).await,
            O::PostObject => self.post_object(target, headers, exchange, body).await,
            O::AppendObject => self.append_object(target, headers, body).await,
            O::CopyObject => self.copy_object(target, headers),
            O::GetObject => self.get_object(target, headers, true),
            O::HeadObject => self.get_object(target, headers, false),
            O::GetObjectMeta => self.object_meta(target),
            O::DeleteObject => self.delete_object(target, headers),
            O::PutSymlink => self.put_symlink(target, headers),
            O::GetSymlink => self.get_symlink(target),
            O::PutObjectAcl => self.put_object_acl(target, headers),
            O::GetObjectAcl => self.get_object_acl(target),
            O::GetObjectTagging => self.get_object_tagging(target),
            O::DeleteObjectTagging => self.delete_object_tagging(target),
            O::CleanRestoredObject => self.clean_restored_object(target),
            O::GetObjectRetention => self.get_retention(target),
            O::GetObjectLegalHold => self.get_legal_hold(target),

            O::InitiateMultipartUpload => self.initiate(target, headers),
            O::UploadPart => self.upload_part(target, headers, body).await,
            O::UploadPartCopy => self.upload_part_copy(target, headers).await,
            O::AbortMultipartUpload => self.abort(target),
            O::ListParts => self.list_parts(target),
            O::ListMultipartUploads => self.list_uploads(target),

            O::ListBuckets => self.list_buckets(target),
            O::DeleteBucket => self.delete_bucket(target),
            O::GetBucketInfo => self.bucket_info(target),
            O::GetBucketLocation => self.bucket_location(target),
            O::GetBucketStat => self.bucket_stat(target),
            O::PutBucketAcl => self.put_bucket_acl(target, headers),
            O::GetBucketAcl => self.get_bucket_acl(target),
            O::GetBucketVersioning => self.get_bucket_versioning(target),
            O::GetBucketLifecycle => self.get_lifecycle(target),
            O::DeleteBucketLifecycle => self.delete_lifecycle(target),
            O::AbortBucketWorm => self.abort_worm(target),
            O::CompleteBucketWorm => self.complete_worm(target),
            O::GetBucketWorm => self.get_worm(target),
            O::GetBucketObjectWormConfiguration => self.get_object_worm(target),
            O::GetBucketOverwriteConfig => self.get_overwrite_rules(target),
            O::DeleteBucketOverwriteConfig => self.delete_overwrite_rules(target),
            O::ListObjects => self.list_objects(target, false),
            O::ListObjectsV2 => self.list_objects(target, true),
            O::ListObjectVersions => self.list_versions(target),

            O::PutBucket
            | O::PutBucketVersioning
            | O::PutBucketLifecycle
            | O::InitiateBucketWorm
            | O::ExtendBucketWorm
            | O::PutBucketObjectWormConfiguration
            | O::PutBucketOverwriteConfig
            | O::DeleteMultipleObjects
            | O::RestoreObject
            | O::PutObjectTagging
            | O::PutObjectRetention
            | O::PutObjectLegalHold
            | O::CompleteMultipartUpload => {
                let md5_required = target.operation == O::DeleteMultipleObjects;
                let text = document(headers, body, md5_required).await?;
                self.carry_out_document(parts, target, text)
            }
        }
    }

    /// The operations whose body is an XML document, or nothing.
    fn carry_out_document(
        &self,
        parts: &Parts,
        target: &Target,
        text: String,
    ) -> Result<Response, OssError> {
        let headers = &parts.headers;
        match target.operation {
            O::PutBucket => self.put_bucket(target, headers, &text),
            O::PutBucketVersioning => self.put_bucket_versioning(target, &text),
            O::PutBucketLifecycle => self.put_lifecycle(target, text),
            O::InitiateBucketWorm => self.initiate_worm(target, &text),
            O::ExtendBucketWorm => self.extend_worm(target, &text),
            O::PutBucketObjectWormConfiguration => self.put_object_worm(target, &text),
            O::PutBucketOverwriteConfig => self.put_overwrite_rules(target, text),
            O::DeleteMultipleObjects => self.delete_objects(target, headers, &text),
            O::RestoreObject => self.restore_object(target, &text),
            O::PutObjectTagging => self.put_object_tagging(target, &text),
            O::PutObjectRetention => self.put_retention(target, headers, &text),
            O::PutObjectLegalHold => self.put_legal_hold(target, &text),
            O::CompleteMultipartUpload => self.complete(target, headers, &text),
            other => Err(OssError::not_implemented(other.name())),
        }
    }

    /// What signatures are checked against.
    pub(crate) fn auth(&self, now: chrono::DateTime<chrono::Utc>) -> auth::Context<'_> {
        auth::Context {
            directory: &self.directory,
            region: &self.region,
            now,
            refuse_v1: self.refuse_v1,
        }
    }
}
