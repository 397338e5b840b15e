//! What to do about a refusal, in one half-sentence.

use super::codes;
use crate::error::{Document, ErrorKind};

/// The remedy, to follow what was being done; empty where there is none that is known.
pub(super) fn remedy(kind: ErrorKind, action: &str, document: &Document) -> String {
    let code = document.code.as_deref().unwrap_or_default();
    let fixed = match (kind, code) {
        (ErrorKind::ClockSkew, _) => {
            return format!(
                ": this machine's clock is more than 15 minutes off{}; set it, for example with NTP",
                document
                    .server_time
                    .as_ref()
                    .map(|time| format!(" (OSS says {time})"))
                    .unwrap_or_default(),
            );
        }
        (_, "SignatureDoesNotMatch") => {
            ": check the AccessKey secret, it does not belong to this AccessKey id"
        }
        (_, "InvalidAccessKeyId") => {
            ": check the AccessKey id, or add the security token if the pair is temporary"
        }
        (
            _,
            "SecurityTokenExpired" | "InvalidSecurityToken" | "AccessKeyIdAndSecurityTokenNotMatch",
        ) => ": the security token is wrong or no longer valid; fetch new temporary credentials",
        (_, "InvalidArgument") => return of_the_signature(document).to_owned(),
        (_, "InvalidBucketName") => {
            ": check the bucket's name, and that the endpoint does not begin with it"
        }
        (_, "PublicEndpointForbidden") => {
            ": accounts opened since March 2025 reach buckets of mainland regions by `OssEndpoint::internal`, from inside the region, or by a domain name of their own, `OssEndpoint::cname`"
        }
        (_, "SecondLevelDomainForbidden") => {
            ": OSS's own hosts want the bucket in front of the endpoint, `UrlStyle::VirtualHost`"
        }
        (_, "UserDisable" | "InDebt" | "InDebtOverdue") => {
            ": the account is suspended or in debt; settle that in Alibaba Cloud's console"
        }
        (_, "EntityTooLarge") => {
            ": upload it in parts, or copy it with `Client::copy`, which takes any size"
        }
        (_, "FileImmutable") => ": a retention or a legal hold keeps it",
        (_, "NoSuchUpload") => ": the upload was completed or aborted",
        (_, "ObjectNotAppendable") => ": only objects that were made by an append take appends",
        (_, "PositionNotEqualToLength") => ": look up where the object ends by a head request",
        (_, "BucketNotEmpty") => {
            ": delete its objects, all their versions, and the uploads under way first"
        }
        (_, "NoSuchBucket") => ": create the bucket, or check its name and region",
        (ErrorKind::Denied, "AccessDenied" | "") => {
            return match &document.endpoint {
                Some(endpoint) => format!(": the bucket is reached at `{endpoint}`"),
                None => {
                    let named = document.auth_action.as_deref();
                    let action = named.filter(|it| !it.is_empty()).unwrap_or(action);
                    format!(": add the action `{action}` to the caller's RAM policy")
                }
            };
        }
        (ErrorKind::Archived, _) => ": restore the archived object first",
        _ => "",
    };
    fixed.to_owned()
}

/// Where the argument that is invalid is the signature itself.
fn of_the_signature(document: &Document) -> &'static str {
    let words = document.message.as_deref().unwrap_or_default();
    if codes::is_of_another_region(document) {
        ": check the region, it must be the one that the bucket lies in"
    } else if codes::is_of_version_1(document) {
        ": signature version 1 is closed for this account or bucket; sign with version 4, the default"
    } else if words.contains("Authorization header is invalid") {
        ": where the service is too old for signature version 4, as in some private clouds, sign with version 1: `ClientBuilder::with_signature`"
    } else {
        ""
    }
}
