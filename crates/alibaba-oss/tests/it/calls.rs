//! A call of every operation. The fuzzer of responses makes them too.

use std::time::Duration;

use alibaba_oss::{
    Acl, Client, Error, LifecycleRule, Operation, OverwriteRule, Retention, RetentionMode,
    Versioning,
};
use chrono::Utc;

/// An id that no version, upload and retention policy has: whether they are there is not asked before
/// whether the caller may ask.
const NONE: &str = "0004B999EF5A239BB9138C6227D69F95";

/// Makes the call of an operation, all of its response read, on a version of an object where one is to be
/// named. PostObject is a browser's, and no call.
pub async fn send(
    client: &Client,
    bucket: &str,
    operation: &Operation,
    versioned: bool,
) -> Result<(), Error> {
    let id = versioned.then(|| NONE.to_owned());
    macro_rules! on_version {
        ($builder:expr) => {
            match &id {
                Some(id) => $builder.version_id(id),
                None => $builder,
            }
        };
    }
    let (from, to) = ((bucket, "from"), (bucket, "to"));
    let month = Retention {
        mode: RetentionMode::Governance,
        until: Utc::now() + Duration::from_secs(30 * 24 * 3600),
    };
    match operation.name() {
        "ListBuckets" => client.list_buckets().send().await.map(drop),
        "PutBucket" => client.create_bucket(bucket).send().await,
        "DeleteBucket" => client.delete_bucket(bucket).await,
        "GetBucketInfo" => client.bucket_info(bucket).await.map(drop),
        "GetBucketLocation" => client.bucket_location(bucket).await.map(drop),
        "GetBucketStat" => client.bucket_stat(bucket).await.map(drop),
        "PutBucketAcl" => client.put_bucket_acl(bucket, Acl::Private).await,
        "GetBucketAcl" => client.bucket_acl(bucket).await.map(drop),
        "PutBucketVersioning" => {
            let suspended = Versioning::Suspended;
            client.put_bucket_versioning(bucket, suspended).await
        }
        "GetBucketVersioning" => client.bucket_versioning(bucket).await.map(drop),
        "PutBucketLifecycle" => {
            let rules = [LifecycleRule::new("")];
            client.put_bucket_lifecycle(bucket, rules).send().await
        }
        "GetBucketLifecycle" => client.bucket_lifecycle(bucket).await.map(drop),
        "DeleteBucketLifecycle" => client.delete_bucket_lifecycle(bucket).await,
        "InitiateBucketWorm" => client.initiate_bucket_worm(bucket, 1).await.map(drop),
        "CompleteBucketWorm" => client.complete_bucket_worm(bucket, NONE).await,
        "ExtendBucketWorm" => client.extend_bucket_worm(bucket, NONE, 2).await,
        "AbortBucketWorm" => client.abort_bucket_worm(bucket).await,
        "GetBucketWorm" => client.bucket_worm(bucket).await.map(drop),
        "PutBucketObjectWormConfiguration" => client.put_bucket_object_worm(bucket, None).await,
        "GetBucketObjectWormConfiguration" => client.bucket_object_worm(bucket).await.map(drop),
        "PutBucketOverwriteConfig" => {
            let rules = [OverwriteRule::new("kept/")];
            client.put_bucket_overwrite_rules(bucket, &rules).await
        }
        "GetBucketOverwriteConfig" => client.bucket_overwrite_rules(bucket).await.map(drop),
        "DeleteBucketOverwriteConfig" => client.delete_bucket_overwrite_rules(bucket).await,
        "ListObjects" => client.list_objects_v1(bucket).send().await.map(drop),
        "ListObjectsV2" => client.list_objects(bucket).send().await.map(drop),
        "ListObjectVersions" => client.list_versions(bucket).send().await.map(drop),
        "ListMultipartUploads" => client.list_uploads(bucket).send().await.map(drop),
        "PutObject" => client.put_object(bucket, "k", "x").send().await.map(drop),
        "AppendObject" => client
            .append_object(bucket, "log", 0, "x")
            .send()
            .await
            .map(drop),
        "CopyObject" => client.copy_object(from, to).send().await.map(drop),
        "GetObject" => {
            let object = on_version!(client.get_object(bucket, "k")).send().await?;
            object.body.collect().await.map(drop)
        }
        "HeadObject" => on_version!(client.get_object(bucket, "k"))
            .info()
            .await
            .map(drop),
        "GetObjectMeta" => on_version!(client.get_object(bucket, "k"))
            .meta()
            .await
            .map(drop),
        "DeleteObject" => on_version!(client.delete_object(bucket, "k"))
            .send()
            .await
            .map(drop),
        "DeleteMultipleObjects" => client.delete_objects(bucket, &["k"]).await.map(drop),
        "RestoreObject" => on_version!(client.restore_object(bucket, "k"))
            .send()
            .await
            .map(drop),
        "PutSymlink" => client
            .put_symlink(bucket, "link", "k")
            .send()
            .await
            .map(drop),
        "GetSymlink" => on_version!(client.get_symlink(bucket, "link"))
            .send()
            .await
            .map(drop),
        "PutObjectAcl" => {
            on_version!(client.object_acl(bucket, "k"))
                .put(Acl::Private)
                .await
        }
        "GetObjectAcl" => on_version!(client.object_acl(bucket, "k"))
            .get()
            .await
            .map(drop),
        "PutObjectTagging" => {
            on_version!(client.object_tagging(bucket, "k"))
                .put([("a", "b")])
                .await
        }
        "GetObjectTagging" => on_version!(client.object_tagging(bucket, "k"))
            .get()
            .await
            .map(drop),
        "DeleteObjectTagging" => {
            on_version!(client.object_tagging(bucket, "k"))
                .delete()
                .await
        }
        "PutObjectRetention" => client.object_retention(bucket, "k").put(month).await,
        "GetObjectRetention" => client.object_retention(bucket, "k").get().await.map(drop),
        "PutObjectLegalHold" => client.object_legal_hold(bucket, "k").put(false).await,
        "GetObjectLegalHold" => client.object_legal_hold(bucket, "k").get().await.map(drop),
        "InitiateMultipartUpload" => client.initiate_upload(bucket, "big").send().await.map(drop),
        "UploadPart" => {
            let part = client.upload_part(bucket, "big", NONE, 1, "x");
            part.send().await.map(drop)
        }
        "UploadPartCopy" => {
            let part = client.upload_part_copy(bucket, "big", NONE, 1, from, 0..1);
            part.send().await.map(drop)
        }
        "CompleteMultipartUpload" => {
            let complete = client.complete_upload(bucket, "big", NONE, []);
            complete.send().await.map(drop)
        }
        "AbortMultipartUpload" => client.abort_upload(bucket, "big", NONE).await,
        "ListParts" => client
            .list_parts(bucket, "big", NONE)
            .send()
            .await
            .map(drop),
        other => panic!("no call of {other} is known here"),
    }
}
