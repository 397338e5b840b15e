//! What a write says of the object beside its bytes.

use chrono::{DateTime, Utc};
use http::HeaderMap;

use crate::gateway::response::Response;
use crate::oss::error::OssError;
use crate::oss::objects::tagging::tags_of_header;
use crate::oss::refusal::Refusal;
use crate::oss::storage::object::{Acl, Attributes, Kind, NULL_VERSION, ObjectMeta, StorageClass};
use crate::oss::storage::sink::Received;

/// All user metadata of an object, names and values.
const MAX_METADATA: usize = 8 * 1024;
/// What `x-oss-traffic-limit` may say, in bits a second.
const TRAFFIC_LIMIT: std::ops::RangeInclusive<u64> = 245_760..=838_860_800;

impl Attributes {
    pub(crate) fn read(headers: &HeaderMap) -> Result<Self, OssError> {
        let text = |name| {
            headers
                .get(name)
                .map(|value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()))
        };
        if headers.contains_key("x-oss-callback") {
            return Err(OssError::not_implemented("x-oss-callback"));
        }
        if let Some(limit) = text("x-oss-traffic-limit")
            && !limit
                .parse()
                .is_ok_and(|limit| TRAFFIC_LIMIT.contains(&limit))
        {
            return Err(OssError::invalid_argument(
                "x-oss-traffic-limit",
                limit,
                "The traffic limit must be between 245760 and 838860800 bit/s.",
            ));
        }
        let storage_class = text("x-oss-storage-class")
            .map(|name| {
                StorageClass::parse(&name).ok_or_else(|| {
                    OssError::invalid_argument(
                        "x-oss-storage-class",
                        name,
                        "The storage class you specified is invalid.",
                    )
                })
            })
            .transpose()?;
        Ok(Self {
            create: forbids_overwrite(headers)?,
            storage_class,
            acl: object_acl(headers)?.unwrap_or_default(),
            tags: text("x-oss-tagging").map_or(Ok(Vec::new()), |text| tags_of_header(&text))?,
            headers: kept_headers(headers)?,
        })
    }

    /// The meta of an object with these attributes; version and sequence are the bucket's to set.
    pub(crate) fn object(
        self,
        key: &str,
        kind: Kind,
        received: &Received,
        now: DateTime<Utc>,
    ) -> ObjectMeta {
        ObjectMeta {
            key: key.to_owned(),
            version: NULL_VERSION.to_owned(),
            sequence: 0,
            len: received.len,
            etag: received.etag(),
            content_md5: received.content_md5(),
            crc: received.crc,
            modified: now,
            kind,
            storage_class: self.storage_class.unwrap_or_default(),
            acl: self.acl,
            tags: self.tags,
            headers: self.headers,
            restored: None,
            retention: None,
            legal_hold: false,
        }
    }
}

impl Response {
    /// Repeats how an object is encrypted.
    pub(crate) fn encryption(self, headers: &[(String, String)]) -> Self {
        headers
            .iter()
            .filter(|(name, _)| name.starts_with("x-oss-server-side-"))
            .fold(self, |response, (name, value)| response.header(name, value))
    }
}

/// Keys are 1 to 1023 bytes and begin neither with `/` nor with `\`.
pub(crate) fn check_key(key: &str) -> Result<(), OssError> {
    if key.is_empty() || key.len() > 1023 || key.starts_with(['/', '\\']) {
        return Err(OssError::refuse(
            Refusal::INVALID_OBJECT_NAME,
            "The length of object name is invalid, or it begins with a slash.",
        )
        .with("ObjectName", key));
    }
    Ok(())
}

/// `x-oss-object-acl`, where it is sent.
pub(crate) fn object_acl(headers: &HeaderMap) -> Result<Option<Acl>, OssError> {
    let Some(value) = headers.get("x-oss-object-acl") else {
        return Ok(None);
    };
    let text = String::from_utf8_lossy(value.as_bytes());
    Acl::parse(&text).map(Some).ok_or_else(|| {
        OssError::invalid_argument("x-oss-object-acl", text, "no such object access control")
    })
}

/// `x-oss-forbid-overwrite`, which takes `true` and `false` and nothing else.
pub(crate) fn forbids_overwrite(headers: &HeaderMap) -> Result<bool, OssError> {
    match headers
        .get("x-oss-forbid-overwrite")
        .map(http::HeaderValue::as_bytes)
    {
        None | Some(b"false") => Ok(false),
        Some(b"true") => Ok(true),
        Some(other) => Err(OssError::invalid_argument(
            "x-oss-forbid-overwrite",
            String::from_utf8_lossy(other),
            "no such value of x-oss-forbid-overwrite",
        )),
    }
}

/// The headers that a get sends back.
fn kept_headers(headers: &HeaderMap) -> Result<Vec<(String, String)>, OssError> {
    let mut kept = Vec::new();
    let mut metadata = 0;
    for (name, value) in headers {
        let name = name.as_str();
        if let Some(meta) = name.strip_prefix("x-oss-meta-") {
            metadata += meta.len() + value.len();
        } else if !is_kept(name) {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        if name == "x-oss-server-side-encryption"
            && !matches!(value.as_str(), "AES256" | "KMS" | "SM4")
        {
            return Err(OssError::refuse(
                Refusal::INVALID_ENCRYPTION_ALGORITHM,
                "The encryption algorithm you specified is not one of AES256, KMS and SM4.",
            ));
        }
        kept.push((name.to_owned(), value));
    }
    if metadata > MAX_METADATA {
        return Err(OssError::refuse(
            Refusal::METADATA_TOO_LARGE,
            "Your metadata headers exceed the maximum allowed metadata size.",
        ));
    }
    Ok(kept)
}

fn is_kept(name: &str) -> bool {
    matches!(
        name,
        "content-type"
            | "cache-control"
            | "content-disposition"
            | "content-encoding"
            | "content-language"
            | "expires"
            | "x-oss-server-side-encryption"
            | "x-oss-server-side-data-encryption"
            | "x-oss-server-side-encryption-key-id"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_refuse_what_oss_refuses() {
        for (name, value, code) in [
            ("x-oss-forbid-overwrite", "yes", "InvalidArgument"),
            ("x-oss-storage-class", "Frozen", "InvalidArgument"),
            ("x-oss-object-acl", "public", "InvalidArgument"),
            ("x-oss-traffic-limit", "1", "InvalidArgument"),
            (
                "x-oss-server-side-encryption",
                "ROT13",
                "InvalidEncryptionAlgorithmError",
            ),
            ("x-oss-callback", "e30=", "NotImplemented"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(Attributes::read(&headers).unwrap_err().code, code, "{name}");
        }
        let mut headers = HeaderMap::new();
        headers.insert("x-oss-meta-long", "x".repeat(8 * 1024).parse().unwrap());
        assert_eq!(
            Attributes::read(&headers).unwrap_err().code,
            "MetadataTooLarge"
        );
    }
}
