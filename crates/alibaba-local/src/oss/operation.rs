//! The APIs served, and what tells them apart.

use http::Method;

macro_rules! operations {
    ($($name:ident: $action:literal $(/ $versioned:literal)?;)*) => {
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
    ListBuckets: "oss:ListBuckets";
    PutBucket: "oss:PutBucket";
    DeleteBucket: "oss:DeleteBucket";
    GetBucketInfo: "oss:GetBucketInfo";
    GetBucketLocation: "oss:GetBucketLocation";
    GetBucketStat: "oss:GetBucketStat";
    PutBucketAcl: "oss:PutBucketAcl";
    GetBucketAcl: "oss:GetBucketAcl";
    PutBucketVersioning: "oss:PutBucketVersioning";
    GetBucketVersioning: "oss:GetBucketVersioning";
    PutBucketLifecycle: "oss:PutBucketLifecycle";
    GetBucketLifecycle: "oss:GetBucketLifecycle";
    DeleteBucketLifecycle: "oss:DeleteBucketLifecycle";
    InitiateBucketWorm: "oss:InitiateBucketWorm";
    AbortBucketWorm: "oss:AbortBucketWorm";
    CompleteBucketWorm: "oss:CompleteBucketWorm";
    ExtendBucketWorm: "oss:ExtendBucketWorm";
    GetBucketWorm: "oss:GetBucketWorm";
    PutBucketObjectWormConfiguration: "oss:PutBucketObjectWormConfiguration";
    GetBucketObjectWormConfiguration: "oss:GetBucketObjectWormConfiguration";
    PutBucketOverwriteConfig: "oss:PutBucketOverwriteConfig";
    GetBucketOverwriteConfig: "oss:GetBucketOverwriteConfig";
    DeleteBucketOverwriteConfig: "oss:DeleteBucketOverwriteConfig";
    ListObjects: "oss:ListObjects";
    ListObjectsV2: "oss:ListObjects";
    ListObjectVersions: "oss:ListObjectVersions";
    ListMultipartUploads: "oss:ListMultipartUploads";
    DeleteMultipleObjects: "oss:DeleteObject";
    PutObject: "oss:PutObject";
    PostObject: "oss:PutObject";
    AppendObject: "oss:PutObject";
    CopyObject: "oss:PutObject";
    GetObject: "oss:GetObject" / "oss:GetObjectVersion";
    HeadObject: "oss:GetObject" / "oss:GetObjectVersion";
    GetObjectMeta: "oss:GetObject" / "oss:GetObjectVersion";
    DeleteObject: "oss:DeleteObject" / "oss:DeleteObjectVersion";
    RestoreObject: "oss:RestoreObject" / "oss:RestoreObjectVersion";
    CleanRestoredObject: "oss:CleanRestoredObject" / "oss:CleanRestoredObjectVersion";
    PutSymlink: "oss:PutObject";
    GetSymlink: "oss:GetObject" / "oss:GetObjectVersion";
    PutObjectAcl: "oss:PutObjectAcl" / "oss:PutObjectVersionAcl";
    GetObjectAcl: "oss:GetObjectAcl" / "oss:GetObjectVersionAcl";
    PutObjectTagging: "oss:PutObjectTagging" / "oss:PutObjectVersionTagging";
    GetObjectTagging: "oss:GetObjectTagging" / "oss:GetObjectVersionTagging";
    DeleteObjectTagging: "oss:DeleteObjectTagging" / "oss:DeleteObjectVersionTagging";
    PutObjectRetention: "oss:PutObjectRetention";
    GetObjectRetention: "oss:GetObjectRetention";
    PutObjectLegalHold: "oss:PutObjectLegalHold";
    GetObjectLegalHold: "oss:GetObjectLegalHold";
    InitiateMultipartUpload: "oss:PutObject";
    UploadPart: "oss:PutObject";
    UploadPartCopy: "oss:PutObject";
    CompleteMultipartUpload: "oss:PutObject";
    AbortMultipartUpload: "oss:AbortMultipartUpload";
    ListParts: "oss:ListParts";
}

/// What an operation is recognised by.
pub(super) struct Shape<'a> {
    pub(super) method: &'a Method,
    pub(super) bucket: bool,
    pub(super) key: bool,
    /// `x-oss-copy-source` is there.
    pub(super) copy: bool,
    /// The body is a form.
    pub(super) form: bool,
    pub(super) has: &'a dyn Fn(&str) -> bool,
}

impl Operation {
    /// `None` for what OSS knows and this server does not: refusing beats doing another thing.
    pub(super) fn recognise(shape: &Shape<'_>) -> Option<Self> {
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
