//! The refusals of this OSS: each with its HTTP status, its code and its error class (EC).
//!
//! None is made up. `alibaba-oss/tests/cases/refusals.tsv` has the rows that the official SDKs' tests and
//! OSS's documentation show, each with its place there, and a test holds this table against it. Error
//! classes that no such place shows are left out, and what OSS is only said to refuse, in words, is
//! listed by the test as without a source.

/// A kind of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    /// The error class, `x-oss-ec`; empty where it is not known.
    pub(crate) ec: &'static str,
}

macro_rules! refusals {
    ($($name:ident = $status:literal $code:literal $($ec:literal)?;)*) => {
        impl Refusal {
            $(pub(crate) const $name: Self = Self {
                status: $status,
                code: $code,
                ec: concat!($($ec)?),
            };)*

            #[cfg(test)]
            const ALL: &[Self] = &[$(Self::$name),*];
        }
    };
}

refusals! {
    // Who is calling.
    ACCESS_DENIED = 403 "AccessDenied" "0003-00000001";
    NOT_BY_POLICY = 403 "AccessDenied";
    AUTHORIZATION_MALFORMED = 400 "InvalidArgument" "0002-00000213";
    CREDENTIAL_PARAMETER_MALFORMED = 400 "InvalidArgument" "0002-00000224";
    SIGNING_DATE = 400 "InvalidArgument" "0002-00000212";
    SIGNING_REGION = 400 "InvalidArgument" "0002-00000226";
    SIGNING_PRODUCT = 400 "InvalidArgument" "0002-00000227";
    SIGNATURE_V1_REFUSED = 403 "InvalidArgument" "0002-00000080";
    SIGNATURE_V1_MISMATCH = 403 "SignatureDoesNotMatch" "0002-00000040";
    SIGNATURE_MISMATCH = 403 "SignatureDoesNotMatch" "0002-00000201";
    POST_SIGNATURE_MISMATCH = 403 "SignatureDoesNotMatch";
    REQUEST_EXPIRED = 403 "AccessDenied" "0002-00000069";
    TIME_TOO_SKEWED = 403 "RequestTimeTooSkewed" "0002-00000504";
    KEY_DISABLED = 403 "InvalidAccessKeyId" "0002-00000904";
    KEY_UNKNOWN = 403 "InvalidAccessKeyId" "0002-00000902";
    TOKEN_MISSING = 403 "InvalidAccessKeyId" "0002-00000003";
    TOKEN_MISMATCH = 403 "InvalidSecurityToken" "0002-00000006";
    TOKEN_EXPIRED = 403 "SecurityTokenExpired";

    // Where it is called.
    OTHER_ENDPOINT = 403 "AccessDenied" "0003-00001403";
    SECOND_LEVEL_DOMAIN = 403 "SecondLevelDomainForbidden";

    // What is asked.
    ENTITY_TOO_LARGE = 400 "EntityTooLarge";
    ENTITY_TOO_SMALL = 400 "EntityTooSmall";
    FIELD_ITEM_TOO_LONG = 400 "FieldItemTooLong";
    FILES_IN_POST_REQUEST = 400 "IncorrectNumberOfFilesInPOSTRequest";
    INVALID_ARGUMENT = 400 "InvalidArgument";
    INVALID_BUCKET_NAME = 400 "InvalidBucketName";
    INVALID_DIGEST = 400 "InvalidDigest";
    INVALID_ENCRYPTION_ALGORITHM = 400 "InvalidEncryptionAlgorithmError";
    INVALID_OBJECT_NAME = 400 "InvalidObjectName";
    INVALID_PART = 400 "InvalidPart";
    INVALID_PART_ORDER = 400 "InvalidPartOrder";
    INVALID_POLICY_DOCUMENT = 400 "InvalidPolicyDocument";
    INVALID_RANGE = 416 "InvalidRange";
    INVALID_TAG = 400 "InvalidTag" "0010-00000219";
    INVALID_TARGET_TYPE = 400 "InvalidTargetType" "0026-00000011";
    INVALID_URI = 400 "InvalidURI";
    MALFORMED_POST_REQUEST = 400 "MalformedPOSTRequest";
    MALFORMED_XML = 400 "MalformedXML";
    METADATA_TOO_LARGE = 400 "MetadataTooLarge";
    METHOD_NOT_ALLOWED = 405 "MethodNotAllowed" "0003-00000016";
    MISSING_ARGUMENT = 400 "MissingArgument" "0016-00000502";
    MISSING_CONTENT_LENGTH = 411 "MissingContentLength";
    NOT_IMPLEMENTED = 501 "NotImplemented";
    NOT_SYMLINK = 400 "NotSymlink";
    OPERATION_NOT_SUPPORTED = 400 "OperationNotSupported" "0016-00000702";
    REQUEST_TIMEOUT = 400 "RequestTimeout";

    // What there is.
    NO_SUCH_BUCKET = 404 "NoSuchBucket" "0015-00000101";
    NO_SUCH_KEY = 404 "NoSuchKey" "0026-00000001";
    NO_SUCH_LIFECYCLE = 404 "NoSuchLifecycle";
    NO_SUCH_OBJECT_RETENTION = 404 "NoSuchObjectRetention";
    NO_SUCH_OBJECT_WORM = 404 "NoSuchObjectWormConfiguration";
    NO_SUCH_OVERWRITE_CONFIG = 404 "NoSuchBucketOverwriteConfig";
    NO_SUCH_UPLOAD = 404 "NoSuchUpload";
    NO_SUCH_VERSION = 404 "NoSuchVersion" "0026-00000001";
    NO_SUCH_WORM = 404 "NoSuchWORMConfiguration";
    SYMLINK_TARGET_NOT_EXIST = 404 "SymlinkTargetNotExist" "0026-00000012";

    // What state it is in.
    ARCHIVE_RESTORE_FILE_STALE = 409 "ArchiveRestoreFileStale";
    ARCHIVE_RESTORE_NOT_FINISHED = 409 "ArchiveRestoreNotFinished" "0016-00000719";
    BUCKET_NOT_EMPTY = 409 "BucketNotEmpty" "0015-00000301";
    FILE_ALREADY_EXISTS = 409 "FileAlreadyExists" "0026-00000002";
    FILE_IMMUTABLE = 409 "FileImmutable";
    INVALID_BUCKET_STATE = 409 "InvalidBucketState";
    INVALID_OBJECT_STATE = 403 "InvalidObjectState";
    OBJECT_NOT_APPENDABLE = 409 "ObjectNotAppendable";
    OBJECT_TOO_LARGE = 409 "ObjectTooLarge";
    POSITION_NOT_EQUAL_TO_LENGTH = 409 "PositionNotEqualToLength" "0026-00000016";
    PRECONDITION_FAILED = 412 "PreconditionFailed";
    RESTORE_IN_PROGRESS = 409 "RestoreAlreadyInProgress";
    WORM_ALREADY_EXISTS = 409 "WORMConfigurationAlreadyExists";
    WORM_LOCKED = 409 "WORMConfigurationLocked";
    WORM_NOT_LOCKED = 409 "WORMConfigurationNotLocked";

    INTERNAL_ERROR = 500 "InternalError";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Codes that this server uses although no place with their status is known to us.
    const WITHOUT_A_SOURCE: [&str; 14] = [
        "ArchiveRestoreFileStale",
        "InvalidBucketState",
        "InvalidURI",
        "MetadataTooLarge",
        "NoSuchBucketOverwriteConfig",
        "NoSuchObjectRetention",
        "NoSuchObjectWormConfiguration",
        "NoSuchWORMConfiguration",
        "NotSymlink",
        "ObjectTooLarge",
        "SecondLevelDomainForbidden",
        "WORMConfigurationAlreadyExists",
        "WORMConfigurationLocked",
        "WORMConfigurationNotLocked",
    ];

    #[test]
    fn every_refusal_is_one_that_osss_own_tests_and_documents_show() {
        let table = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../alibaba-oss/tests/cases/refusals.tsv"
        );
        let text = std::fs::read_to_string(table).unwrap();
        let shown: BTreeSet<(u16, &str, &str)> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| {
                let [status, code, ec, source] = line.split('\t').collect::<Vec<_>>()[..] else {
                    panic!("four columns: {line:?}");
                };
                assert!(!source.is_empty(), "{line:?}");
                (status.parse().unwrap(), code, ec)
            })
            .collect();
        let mut unused: BTreeSet<_> = WITHOUT_A_SOURCE.into_iter().collect();
        for refusal in Refusal::ALL {
            let Refusal { status, code, ec } = *refusal;
            if unused.remove(code) {
                assert_eq!(ec, "", "an error class without a source: {refusal:?}");
                assert!(!shown.iter().any(|(_, shown, _)| *shown == code), "{code}");
                continue;
            }
            let same = |row: &&(u16, &str, &str)| row.0 == status && row.1 == code;
            let found: Vec<_> = shown.iter().filter(same).collect();
            assert!(!found.is_empty(), "{refusal:?}");
            assert!(
                ec.is_empty() || found.iter().any(|row| row.2 == ec),
                "{refusal:?}, of which are known: {found:?}"
            );
        }
        assert!(unused.is_empty(), "not used: {unused:?}");
    }
}
