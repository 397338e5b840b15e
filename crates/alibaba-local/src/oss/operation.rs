//! The APIs served, the right each needs, and what tells them apart.

use http::Method;

/// What an operation's RAM action is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// All buckets of the account.
    Service,
    Bucket,
    /// One object of the bucket.
    Object,
    /// Any object of the bucket.
    Objects,
}

macro_rules! operations {
    ($($name:ident: $action:literal $(/ $versioned:literal)? on $scope:ident;)*) => {
        /// An API by its documented name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Operation {
            $($name,)*
        }

        impl Operation {
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// What the action is on.
            pub(crate) fn scope(self) -> Scope {
                match self {
                    $(Self::$name => Scope::$scope,)*
                }
            }

            /// The RAM action it needs, which is another one where a version is named (Object
            /// Storage Service documentation, "RAM policies").
            pub(crate) fn ram_action(self, versioned: bool) -> &'static str {
                match self {
                    $(Self::$name => {
                        let actions: &[&'static str] = &[$action $(, $versioned)?];
                        actions[usize::from(versioned && actions.len() > 1)]
                    })*
                }
            }
        }
    };
}

operations! {
    ListBuckets: "oss:ListBuckets" on Service;
    PutBucket: "oss:PutBucket" on Bucket;
    DeleteBucket: "oss:DeleteBucket" on Bucket;
    GetBucketInfo: "oss:GetBucketInfo" on Bucket;
    GetBucketLocation: "oss:GetBucketLocation" on Bucket;
    GetBucketStat: "oss:GetBucketStat" on Bucket;
    PutBucketAcl: "oss:PutBucketAcl" on Bucket;
    GetBucketAcl: "oss:GetBucketAcl" on Bucket;
    PutBucketVersioning: "oss:PutBucketVersioning" on Bucket;
    GetBucketVersioning: "oss:GetBucketVersioning" on Bucket;
    PutBucketLifecycle: "oss:PutBucketLifecycle" on Bucket;
    GetBucketLifecycle: "oss:GetBucketLifecycle" on Bucket;
    DeleteBucketLifecycle: "oss:DeleteBucketLifecycle" on Bucket;
    InitiateBucketWorm: "oss:InitiateBucketWorm" on Bucket;
    AbortBucketWorm: "oss:AbortBucketWorm" on Bucket;
    CompleteBucketWorm: "oss:CompleteBucketWorm" on Bucket;
    ExtendBucketWorm: "oss:ExtendBucketWorm" on Bucket;
    GetBucketWorm: "oss:GetBucketWorm" on Bucket;
    PutBucketObjectWormConfiguration: "oss:PutBucketObjectWormConfiguration" on Bucket;
    GetBucketObjectWormConfiguration: "oss:GetBucketObjectWormConfiguration" on Bucket;
    PutBucketOverwriteConfig: "oss:PutBucketOverwriteConfig" on Bucket;
    GetBucketOverwriteConfig: "oss:GetBucketOverwriteConfig" on Bucket;
    DeleteBucketOverwriteConfig: "oss:DeleteBucketOverwriteConfig" on Bucket;
    ListObjects: "oss:ListObjects" on Bucket;
    ListObjectsV2: "oss:ListObjects" on Bucket;
    ListObjectVersions: "oss:ListObjectVersions" on Bucket;
    ListMultipartUploads: "oss:ListMultipartUploads" on Bucket;
    DeleteMultipleObjects: "oss:DeleteObject" on Objects;
    PutObject: "oss:PutObject" on Object;
    PostObject: "oss:PutObject" on Object;
    AppendObject: "oss:PutObject" on Object;
    CopyObject: "oss:PutObject" on Object;
    GetObject: "oss:GetObject" / "oss:GetObjectVersion" on Object;
    HeadObject: "oss:GetObject" / "oss:GetObjectVersion" on Object;
    GetObjectMeta: "oss:GetObject" / "oss:GetObjectVersion" on Object;
    DeleteObject: "oss:DeleteObject" / "oss:DeleteObjectVersion" on Object;
    RestoreObject: "oss:RestoreObject" / "oss:RestoreObjectVersion" on Object;
    CleanRestoredObject: "oss:CleanRestoredObject" / "oss:CleanRestoredObjectVersion" on Object;
    PutSymlink: "oss:PutObject" on Object;
    GetSymlink: "oss:GetObject" / "oss:GetObjectVersion" on Object;
    PutObjectAcl: "oss:PutObjectAcl" / "oss:PutObjectVersionAcl" on Object;
    GetObjectAcl: "oss:GetObjectAcl" / "oss:GetObjectVersionAcl" on Object;
    PutObjectTagging: "oss:PutObjectTagging" / "oss:PutObjectVersionTagging" on Object;
    GetObjectTagging: "oss:GetObjectTagging" / "oss:GetObjectVersionTagging" on Object;
    DeleteObjectTagging: "oss:DeleteObjectTagging" / "oss:DeleteObjectVersionTagging" on Object;
    PutObjectRetention: "oss:PutObjectRetention" on Object;
    GetObjectRetention: "oss:GetObjectRetention" on Object;
    PutObjectLegalHold: "oss:PutObjectLegalHold" on Object;
    GetObjectLegalHold: "oss:GetObjectLegalHold" on Object;
    InitiateMultipartUpload: "oss:PutObject" on Object;
    UploadPart: "oss:PutObject" on Object;
    UploadPartCopy: "oss:PutObject" on Object;
    CompleteMultipartUpload: "oss:PutObject" on Object;
    AbortMultipartUpload: "oss:AbortMultipartUpload" on Object;
    ListParts: "oss:ListParts" on Object;
}

/// What an operation is recognised by.
pub(crate) struct Shape<'a> {
    pub(crate) method: &'a Method,
    pub(crate) bucket: bool,
    pub(crate) key: bool,
    /// `x-oss-copy-source` is there.
    pub(crate) copy: bool,
    /// The body is a form.
    pub(crate) form: bool,
    pub(crate) has: &'a dyn Fn(&str) -> bool,
}

impl Operation {
    /// `None` for what OSS knows and this server does not: refusing beats doing another thing.
    pub(crate) fn recognise(shape: &Shape<'_>) -> Option<Self> {
        match (shape.bucket, shape.key) {
            (false, _) => (shape.method == Method::GET).then_some(Self::ListBuckets),
            (true, false) => Self::of_bucket(shape),
            (true, true) => Self::of_object(shape),
        }
    }

    fn of_bucket(shape: &Shape<'_>) -> Option<Self> {
        let has = shape.has;
        let table: &[(&str, &str, Self)] = &[
            ("GET", "bucketInfo", Self::GetBucketInfo),
            ("GET", "location", Self::GetBucketLocation),
            ("GET", "stat", Self::GetBucketStat),
            ("PUT", "acl", Self::PutBucketAcl),
            ("GET", "acl", Self::GetBucketAcl),
            ("PUT", "versioning", Self::PutBucketVersioning),
            ("GET", "versioning", Self::GetBucketVersioning),
            ("PUT", "lifecycle", Self::PutBucketLifecycle),
            ("GET", "lifecycle", Self::GetBucketLifecycle),
            ("DELETE", "lifecycle", Self::DeleteBucketLifecycle),
            ("POST", "wormExtend", Self::ExtendBucketWorm),
            ("POST", "wormId", Self::CompleteBucketWorm),
            ("POST", "worm", Self::InitiateBucketWorm),
            ("DELETE", "worm", Self::AbortBucketWorm),
            ("GET", "worm", Self::GetBucketWorm),
            ("PUT", "objectWorm", Self::PutBucketObjectWormConfiguration),
            ("GET", "objectWorm", Self::GetBucketObjectWormConfiguration),
            ("PUT", "overwriteConfig", Self::PutBucketOverwriteConfig),
            ("GET", "overwriteConfig", Self::GetBucketOverwriteConfig),
            (
                "DELETE",
                "overwriteConfig",
                Self::DeleteBucketOverwriteConfig,
            ),
            ("POST", "delete", Self::DeleteMultipleObjects),
            ("GET", "uploads", Self::ListMultipartUploads),
            ("GET", "versions", Self::ListObjectVersions),
        ];
        if let Some(found) = look_up(table, shape) {
            return Some(found);
        }
        if KNOWN_SUB_RESOURCES.iter().any(|name| has(name)) {
            return None;
        }
        match shape.method.as_str() {
            "PUT" => Some(Self::PutBucket),
            "DELETE" => Some(Self::DeleteBucket),
            "GET" if has("list-type") => Some(Self::ListObjectsV2),
            "GET" => Some(Self::ListObjects),
            "POST" if shape.form => Some(Self::PostObject),
            _ => None,
        }
    }

    fn of_object(shape: &Shape<'_>) -> Option<Self> {
        let has = shape.has;
        if has("uploadId") {
            return match shape.method.as_str() {
                "POST" => Some(Self::CompleteMultipartUpload),
                "PUT" if has("partNumber") && shape.copy => Some(Self::UploadPartCopy),
                "PUT" if has("partNumber") => Some(Self::UploadPart),
                "DELETE" => Some(Self::AbortMultipartUpload),
                "GET" => Some(Self::ListParts),
                _ => None,
            };
        }
        let table: &[(&str, &str, Self)] = &[
            ("POST", "uploads", Self::InitiateMultipartUpload),
            ("POST", "append", Self::AppendObject),
            ("POST", "restore", Self::RestoreObject),
            ("POST", "cleanRestoredObject", Self::CleanRestoredObject),
            ("PUT", "symlink", Self::PutSymlink),
            ("GET", "symlink", Self::GetSymlink),
            ("PUT", "acl", Self::PutObjectAcl),
            ("GET", "acl", Self::GetObjectAcl),
            ("PUT", "tagging", Self::PutObjectTagging),
            ("GET", "tagging", Self::GetObjectTagging),
            ("DELETE", "tagging", Self::DeleteObjectTagging),
            ("PUT", "retention", Self::PutObjectRetention),
            ("GET", "retention", Self::GetObjectRetention),
            ("PUT", "legalHold", Self::PutObjectLegalHold),
            ("GET", "legalHold", Self::GetObjectLegalHold),
            ("HEAD", "objectMeta", Self::GetObjectMeta),
        ];
        if let Some(found) = look_up(table, shape) {
            return Some(found);
        }
        if KNOWN_SUB_RESOURCES.iter().any(|name| has(name)) {
            return None;
        }
        match shape.method.as_str() {
            "PUT" if shape.copy => Some(Self::CopyObject),
            "PUT" => Some(Self::PutObject),
            "GET" => Some(Self::GetObject),
            "HEAD" => Some(Self::HeadObject),
            "DELETE" => Some(Self::DeleteObject),
            _ => None,
        }
    }
}

/// The first line whose method and sub-resource the request has.
fn look_up(table: &[(&str, &str, Operation)], shape: &Shape<'_>) -> Option<Operation> {
    table
        .iter()
        .find(|(method, name, _)| shape.method.as_str() == *method && (shape.has)(name))
        .map(|(_, _, operation)| *operation)
}

/// Sub-resources that turn a request into another one than its method and path suggest.
const KNOWN_SUB_RESOURCES: &[&str] = &[
    "accessPoint",
    "acl",
    "append",
    "bucketInfo",
    "cleanRestoredObject",
    "cname",
    "cors",
    "delete",
    "encryption",
    "httpsConfig",
    "inventory",
    "legalHold",
    "lifecycle",
    "location",
    "logging",
    "metaQuery",
    "objectWorm",
    "overwriteConfig",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "referer",
    "replication",
    "requestPayment",
    "resourceGroup",
    "restore",
    "retention",
    "stat",
    "style",
    "symlink",
    "tagging",
    "transferAcceleration",
    "uploads",
    "versioning",
    "versions",
    "website",
    "worm",
    "wormExtend",
    "wormId",
    "x-oss-process",
    "x-oss-async-process",
];
