//! Signing by headers.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::Mac;

use super::canonical::{Canonical, canonical, write_string_to_sign};
use super::key::KeyCache;
use super::scope::Scope;
use super::stamp::Stamp;
use super::{ALGORITHM, Request, UNSIGNED_PAYLOAD};
use crate::hex::Hex32;
use crate::{Credentials, Secret, header};

/// Headers that the signer writes itself, whatever the caller had there.
pub(super) const OWN_HEADERS: [&str; 3] =
    ["x-oss-date", "x-oss-content-sha256", "x-oss-security-token"];

/// Signs requests to the OSS of one region. Clones share the cache of derived keys.
#[derive(Clone)]
pub struct Signer {
    region: String,
    product: String,
    keys: KeyCache,
}

impl Signer {
    /// A signer for the region that the bucket lies in, such as `cn-hangzhou` (never
    /// `oss-cn-hangzhou`; OSS refuses another region's signature with EC 0002-00000226).
    #[must_use]
    pub fn new(region: impl Into<String>) -> Self {
        Self {
            region: region.into(),
            product: "oss".to_owned(),
            keys: KeyCache::default(),
        }
    }

    /// Another product name in the scope: `oss-cloudbox` for cloud boxes, whose region is the id of
    /// the box.
    #[must_use]
    pub fn with_product(mut self, product: impl Into<String>) -> Self {
        self.product = product.into();
        self.keys = KeyCache::default();
        self
    }

    /// The region of the scope.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The headers to add to a request sent at `now`.
    ///
    /// Any `x-oss-date`, `x-oss-content-sha256` and `x-oss-security-token` in the request's headers
    /// are not signed: send the returned ones in their place.
    #[must_use]
    pub fn sign(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        request: &Request<'_>,
    ) -> SignedHeaders {
        let stamp = Stamp::new(now);
        let token = credentials
            .security_token
            .as_ref()
            .map(|t| t.expose().as_bytes());
        let own = [
            ("x-oss-date", Some(stamp.as_bytes())),
            ("x-oss-content-sha256", Some(UNSIGNED_PAYLOAD.as_bytes())),
            ("x-oss-security-token", token),
        ];
        let headers = header::without(request.headers, &OWN_HEADERS)
            .chain(own.iter().filter_map(|&(name, value)| Some((name, value?))));
        let canonical = canonical(request, request.query.iter().copied(), headers);
        let scope = self.scope(&stamp);

        let (id, additional) = (&credentials.access_key_id, canonical.additional());
        // Exactly: what is longer than its content is copied where it becomes a header's value.
        let mut length = ALGORITHM.len() + id.len() + scope.len() + 12 + 1 + 11 + 64;
        if !additional.is_empty() {
            length += 19 + additional.len();
        }
        let mut authorization = String::with_capacity(length);
        for part in [ALGORITHM, " Credential=", id, "/"] {
            authorization.push_str(part);
        }
        scope.push_to(&mut authorization);
        if !additional.is_empty() {
            authorization.push_str(",AdditionalHeaders=");
            authorization.push_str(additional);
        }
        authorization.push_str(",Signature=");
        let secret = &credentials.access_key_secret;
        authorization.push_str(self.signature(secret, &stamp, canonical).as_str());
        SignedHeaders {
            others: OtherHeaders {
                stamp,
                security_token: credentials.security_token.clone(),
            },
            authorization,
        }
    }

    pub(super) fn scope<'a>(&'a self, stamp: &'a Stamp) -> Scope<'a> {
        Scope {
            day: stamp.day(),
            region: &self.region,
            product: &self.product,
        }
    }

    /// The signature of a request. Writes the string to sign in the canonical request's room.
    pub(super) fn signature(&self, secret: &Secret, stamp: &Stamp, canonical: Canonical) -> Hex32 {
        let hash = canonical.hash();
        let mut to_sign = canonical.bytes;
        write_string_to_sign(&mut to_sign, stamp, &self.scope(stamp), &hash);
        self.signature_of(secret, stamp, &to_sign)
    }

    /// The signature of a text.
    pub(super) fn signature_of(&self, secret: &Secret, stamp: &Stamp, text: &[u8]) -> Hex32 {
        let mac = self.keys.keyed(secret, &self.scope(stamp));
        Hex32::new(&mac.chain_update(text).finalize().into_bytes().into())
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("region", &self.region)
            .field("product", &self.product)
            .finish_non_exhaustive()
    }
}

/// The headers that make a request authentic. Add all of them, unchanged.
#[derive(Clone)]
pub struct SignedHeaders {
    others: OtherHeaders,
    authorization: String,
}

/// All but `Authorization`.
#[derive(Clone)]
pub(crate) struct OtherHeaders {
    stamp: Stamp,
    security_token: Option<Secret>,
}

impl OtherHeaders {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let token = self.security_token.as_ref();
        [
            ("x-oss-date", self.stamp.as_str()),
            ("x-oss-content-sha256", UNSIGNED_PAYLOAD),
        ]
        .into_iter()
        .chain(token.map(|token| ("x-oss-security-token", token.expose())))
    }
}

impl SignedHeaders {
    /// `Authorization` apart from the others, to keep.
    #[cfg(feature = "http")]
    pub(crate) fn into_parts(self) -> (OtherHeaders, String) {
        (self.others, self.authorization)
    }

    /// The value of `Authorization`. Mark the header as sensitive.
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Every header, with its lower-case name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.others
            .iter()
            .chain([("authorization", self.authorization.as_str())])
    }
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedHeaders")
            .field("date", &self.others.stamp.as_str())
            .finish_non_exhaustive()
    }
}
