//! The operations of OSS that this crate calls, and the RAM actions that they need.
//!
//! Names, actions and resources are those of OSS's documentation ("API operations by function" and "RAM
//! policies"). Every call names its row here, so none can be missing.

use http::Method;

/// An operation of OSS's API.
///
/// Where tags are given to an object that is made, that needs the action of
/// [`Operation::PUT_OBJECT_TAGGING`] too.
///
/// ```
/// use alibaba_oss::Operation;
///
/// // What a policy has to grant for a program that reads and lists one bucket.
/// for operation in [Operation::GET_OBJECT, Operation::LIST_OBJECTS_V2] {
///     println!("{} on {}", operation.action(), operation.resource().within("backups"));
/// }
/// assert_eq!(Operation::GET_OBJECT.action(), "oss:GetObject");
/// assert_eq!(Operation::GET_OBJECT.version_action(), "oss:GetObjectVersion");
/// assert_eq!(Operation::GET_OBJECT.resource().within("backups"), "acs:oss:*:*:backups/*");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    name: &'static str,
    pub(crate) method: Method,
    /// The parameter without a value that tells it from others of its method.
    pub(crate) subresource: Option<&'static str>,
    resource: Resource,
    action: &'static str,
    version_action: Option<&'static str>,
    has_source: bool,
}

/// What an action is granted on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resource {
    /// All buckets of the account.
    Service,
    /// A bucket.
    Bucket,
    /// Objects of a bucket.
    Object,
}

impl Resource {
    /// As it stands in a RAM policy about one bucket: `acs:oss:*:*:backups/*` for its objects.
    #[must_use]
    pub fn within(self, bucket: &str) -> String {
        match self {
            Self::Service => "acs:oss:*:*:*".to_owned(),
            Self::Bucket => format!("acs:oss:*:*:{bucket}"),
            Self::Object => format!("acs:oss:*:*:{bucket}/*"),
        }
    }
}

impl Operation {
    /// Its name in OSS's documentation, such as `GetObject`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The RAM action that it needs.
    #[must_use]
    pub fn action(&self) -> &'static str {
        self.action
    }

    /// The RAM action that it needs where a version of the object is named: mostly another one.
    #[must_use]
    pub fn version_action(&self) -> &'static str {
        self.version_action.unwrap_or(self.action)
    }

    /// What the action is granted on.
    #[must_use]
    pub fn resource(&self) -> Resource {
        self.resource
    }

    /// Whether it also reads another object, on which it needs the action of
    /// [`Operation::GET_OBJECT`].
    #[must_use]
    pub fn has_source(&self) -> bool {
        self.has_source
    }
}

macro_rules! operations {
    ($($constant:ident = $name:literal, $method:ident $($flag:literal)?,
        $resource:ident $action:literal $(/ $versioned:literal)? $(from $source:ident)?;)*) => {
        impl Operation {
            $(
                #[doc = concat!("`", $name, "`.")]
                pub const $constant: Self = Self {
                    name: $name,
                    method: Method::$method,
                    subresource: operations!(@optional $($flag)?),
                    resource: Resource::$resource,
                    action: $action,
                    version_action: operations!(@optional $($versioned)?),
                    has_source: operations!(@given $($source)?),
                };
            )*

            /// All operations that this crate calls.
            pub const ALL: &[Self] = &[$(Self::$constant),*];
        }
    };
    (@optional) => { None };
    (@optional $value:literal) => { Some($value) };
    (@given) => { false };
    (@given $value:ident) => { true };
}

operations! {
    LIST_BUCKETS = "ListBuckets", GET, Service "oss:ListBuckets";
    PUT_BUCKET = "PutBucket", PUT, Bucket "oss:PutBucket";
    DELETE_BUCKET = "DeleteBucket", DELETE, Bucket "oss:DeleteBucket";
    GET_BUCKET_INFO = "GetBucketInfo", GET "bucketInfo", Bucket "oss:GetBucketInfo";
    GET_BUCKET_LOCATION = "GetBucketLocation", GET "location", Bucket "oss:GetBucketLocation";
    GET_BUCKET_STAT = "GetBucketStat", GET "stat", Bucket "oss:GetBucketStat";
    PUT_BUCKET_ACL = "PutBucketAcl", PUT "acl", Bucket "oss:PutBucketAcl";
    GET_BUCKET_ACL = "GetBucketAcl", GET "acl", Bucket "oss:GetBucketAcl";
    PUT_BUCKET_VERSIONING = "PutBucketVersioning", PUT "versioning", Bucket "oss:PutBucketVersioning";
    GET_BUCKET_VERSIONING = "GetBucketVersioning", GET "versioning", Bucket "oss:GetBucketVersioning";
    PUT_BUCKET_LIFECYCLE = "PutBucketLifecycle", PUT "lifecycle", Bucket "oss:PutBucketLifecycle";
    GET_BUCKET_LIFECYCLE = "GetBucketLifecycle", GET "lifecycle", Bucket "oss:GetBucketLifecycle";
    DELETE_BUCKET_LIFECYCLE = "DeleteBucketLifecycle", DELETE "lifecycle", Bucket "oss:DeleteBucketLifecycle";
    INITIATE_BUCKET_WORM = "InitiateBucketWorm", POST "worm", Bucket "oss:InitiateBucketWorm";
    COMPLETE_BUCKET_WORM = "CompleteBucketWorm", POST, Bucket "oss:CompleteBucketWorm";
    EXTEND_BUCKET_WORM = "ExtendBucketWorm", POST "wormExtend", Bucket "oss:ExtendBucketWorm";
    ABORT_BUCKET_WORM = "AbortBucketWorm", DELETE "worm", Bucket "oss:AbortBucketWorm";
    GET_BUCKET_WORM = "GetBucketWorm", GET "worm", Bucket "oss:GetBucketWorm";
    PUT_BUCKET_OBJECT_WORM = "PutBucketObjectWormConfiguration", PUT "objectWorm",
        Bucket "oss:PutBucketObjectWormConfiguration";
    GET_BUCKET_OBJECT_WORM = "GetBucketObjectWormConfiguration", GET "objectWorm",
        Bucket "oss:GetBucketObjectWormConfiguration";
    PUT_BUCKET_OVERWRITE_CONFIG = "PutBucketOverwriteConfig", PUT "overwriteConfig",
        Bucket "oss:PutBucketOverwriteConfig";
    GET_BUCKET_OVERWRITE_CONFIG = "GetBucketOverwriteConfig", GET "overwriteConfig",
        Bucket "oss:GetBucketOverwriteConfig";
    DELETE_BUCKET_OVERWRITE_CONFIG = "DeleteBucketOverwriteConfig", DELETE "overwriteConfig",
        Bucket "oss:DeleteBucketOverwriteConfig";
    LIST_OBJECTS = "ListObjects", GET, Bucket "oss:ListObjects";
    LIST_OBJECTS_V2 = "ListObjectsV2", GET, Bucket "oss:ListObjects";
    LIST_OBJECT_VERSIONS = "ListObjectVersions", GET "versions", Bucket "oss:ListObjectVersions";
    LIST_MULTIPART_UPLOADS = "ListMultipartUploads", GET "uploads", Bucket "oss:ListMultipartUploads";

    PUT_OBJECT = "PutObject", PUT, Object "oss:PutObject";
    POST_OBJECT = "PostObject", POST, Object "oss:PutObject";
    APPEND_OBJECT = "AppendObject", POST "append", Object "oss:PutObject";
    COPY_OBJECT = "CopyObject", PUT, Object "oss:PutObject" from source;
    GET_OBJECT = "GetObject", GET, Object "oss:GetObject" / "oss:GetObjectVersion";
    HEAD_OBJECT = "HeadObject", HEAD, Object "oss:GetObject" / "oss:GetObjectVersion";
    GET_OBJECT_META = "GetObjectMeta", HEAD "objectMeta", Object "oss:GetObject" / "oss:GetObjectVersion";
    DELETE_OBJECT = "DeleteObject", DELETE, Object "oss:DeleteObject" / "oss:DeleteObjectVersion";
    DELETE_MULTIPLE_OBJECTS = "DeleteMultipleObjects", POST "delete",
        Object "oss:DeleteObject" / "oss:DeleteObjectVersion";
    RESTORE_OBJECT = "RestoreObject", POST "restore", Object "oss:RestoreObject" / "oss:RestoreObjectVersion";
    PUT_SYMLINK = "PutSymlink", PUT "symlink", Object "oss:PutObject";
    GET_SYMLINK = "GetSymlink", GET "symlink", Object "oss:GetObject" / "oss:GetObjectVersion";
    PUT_OBJECT_ACL = "PutObjectAcl", PUT "acl", Object "oss:PutObjectAcl" / "oss:PutObjectVersionAcl";
    GET_OBJECT_ACL = "GetObjectAcl", GET "acl", Object "oss:GetObjectAcl" / "oss:GetObjectVersionAcl";
    PUT_OBJECT_TAGGING = "PutObjectTagging", PUT "tagging",
        Object "oss:PutObjectTagging" / "oss:PutObjectVersionTagging";
    GET_OBJECT_TAGGING = "GetObjectTagging", GET "tagging",
        Object "oss:GetObjectTagging" / "oss:GetObjectVersionTagging";
    DELETE_OBJECT_TAGGING = "DeleteObjectTagging", DELETE "tagging",
        Object "oss:DeleteObjectTagging" / "oss:DeleteObjectVersionTagging";
    PUT_OBJECT_RETENTION = "PutObjectRetention", PUT "retention", Object "oss:PutObjectRetention";
    GET_OBJECT_RETENTION = "GetObjectRetention", GET "retention", Object "oss:GetObjectRetention";
    PUT_OBJECT_LEGAL_HOLD = "PutObjectLegalHold", PUT "legalHold", Object "oss:PutObjectLegalHold";
    GET_OBJECT_LEGAL_HOLD = "GetObjectLegalHold", GET "legalHold", Object "oss:GetObjectLegalHold";

    INITIATE_MULTIPART_UPLOAD = "InitiateMultipartUpload", POST "uploads", Object "oss:PutObject";
    UPLOAD_PART = "UploadPart", PUT, Object "oss:PutObject";
    UPLOAD_PART_COPY = "UploadPartCopy", PUT, Object "oss:PutObject" from source;
    COMPLETE_MULTIPART_UPLOAD = "CompleteMultipartUpload", POST, Object "oss:PutObject";
    ABORT_MULTIPART_UPLOAD = "AbortMultipartUpload", DELETE, Object "oss:AbortMultipartUpload";
    LIST_PARTS = "ListParts", GET, Object "oss:ListParts";
}
