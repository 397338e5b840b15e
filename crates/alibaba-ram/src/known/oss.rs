//! OSS. Actions on a bucket take the bucket, actions on objects what is in it: two resources, of
//! which a policy for one bucket needs both.
//!
//! Names are those of OSS's documentation of RAM policies; `GetBucket` is the older name of
//! `ListObjects`.

use super::action::{KnownAction, ResourceForm, mandatory, on};

const ACCOUNT: &[ResourceForm] = &[mandatory("acs:oss:{region}:{account}:*")];
const BUCKET: &[ResourceForm] = &[mandatory("acs:oss:{region}:{account}:{bucket}")];
const OBJECT: &[ResourceForm] = &[mandatory("acs:oss:{region}:{account}:{bucket}/{key}")];

pub(super) const ACTIONS: &[KnownAction] = &[
    on("oss:ListBuckets", ACCOUNT).assumed(),
    on("oss:PutBucket", BUCKET),
    on("oss:DeleteBucket", BUCKET),
    on("oss:GetBucket", BUCKET),
    on("oss:GetBucketInfo", BUCKET),
    on("oss:GetBucketLocation", BUCKET),
    on("oss:GetBucketStat", BUCKET),
    on("oss:PutBucketAcl", BUCKET),
    on("oss:GetBucketAcl", BUCKET),
    on("oss:PutBucketVersioning", BUCKET),
    on("oss:GetBucketVersioning", BUCKET),
    on("oss:PutBucketLifecycle", BUCKET),
    on("oss:GetBucketLifecycle", BUCKET),
    on("oss:DeleteBucketLifecycle", BUCKET),
    on("oss:InitiateBucketWorm", BUCKET),
    on("oss:AbortBucketWorm", BUCKET),
    on("oss:CompleteBucketWorm", BUCKET),
    on("oss:ExtendBucketWorm", BUCKET),
    on("oss:GetBucketWorm", BUCKET),
    on("oss:PutBucketObjectWormConfiguration", BUCKET),
    on("oss:GetBucketObjectWormConfiguration", BUCKET),
    on("oss:PutBucketOverwriteConfig", BUCKET),
    on("oss:GetBucketOverwriteConfig", BUCKET),
    on("oss:DeleteBucketOverwriteConfig", BUCKET),
    on("oss:ListObjects", BUCKET),
    on("oss:ListObjectVersions", BUCKET),
    on("oss:ListMultipartUploads", BUCKET),
    on("oss:PutObject", OBJECT),
    on("oss:GetObject", OBJECT),
    on("oss:GetObjectVersion", OBJECT),
    on("oss:DeleteObject", OBJECT),
    on("oss:DeleteObjectVersion", OBJECT),
    on("oss:RestoreObject", OBJECT),
    on("oss:RestoreObjectVersion", OBJECT),
    on("oss:CleanRestoredObject", OBJECT),
    on("oss:CleanRestoredObjectVersion", OBJECT),
    on("oss:PutObjectAcl", OBJECT),
    on("oss:PutObjectVersionAcl", OBJECT),
    on("oss:GetObjectAcl", OBJECT),
    on("oss:GetObjectVersionAcl", OBJECT),
    on("oss:PutObjectTagging", OBJECT),
    on("oss:PutObjectVersionTagging", OBJECT),
    on("oss:GetObjectTagging", OBJECT),
    on("oss:GetObjectVersionTagging", OBJECT),
    on("oss:DeleteObjectTagging", OBJECT),
    on("oss:DeleteObjectVersionTagging", OBJECT),
    on("oss:PutObjectRetention", OBJECT),
    on("oss:GetObjectRetention", OBJECT),
    on("oss:PutObjectLegalHold", OBJECT),
    on("oss:GetObjectLegalHold", OBJECT),
    on("oss:AbortMultipartUpload", OBJECT),
    on("oss:ListParts", OBJECT),
];
