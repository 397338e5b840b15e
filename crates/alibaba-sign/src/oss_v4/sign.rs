//! Signing by headers.

use std::fmt;

use chrono::{DateTime, Utc};
use hmac::Mac;

use super::canonical::{canonical, string_to_sign};
use super::key::KeyCache;
use super::stamp::Stamp;
use super::{ALGORITHM, Request, SCOPE_END, UNSIGNED_PAYLOAD};
use crate::hex::Hex32;
use crate::{Credentials, Secret};

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
            ("x-oss-date", Some(stamp.as_str().as_bytes())),
            ("x-oss-content-sha256", Some(UNSIGNED_PAYLOAD.as_bytes())),
            ("x-oss-security-token", token),
        ];
        let headers = request
            .headers
            .iter()
            .copied()
            .filter(|(name, _)| !OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name)))
            .chain(own.iter().filter_map(|&(name, value)| Some((name, value?))));
        let canonical = canonical(request, request.query.iter().copied(), headers);
        let scope = self.scope(&stamp);
        let to_sign = string_to_sign(stamp.as_str(), &scope, &canonical.bytes);

        let id = &credentials.access_key_id;
        let mut authorization = String::with_capacity(
            ALGORITHM.len() + id.len() + scope.len() + canonical.additional.len() + 112,
        );
        for part in [ALGORITHM, " Credential=", id, "/", &scope] {
            authorization.push_str(part);
        }
        if !canonical.additional.is_empty() {
            authorization.push_str(",AdditionalHeaders=");
            authorization.push_str(&canonical.additional);
        }
        authorization.push_str(",Signature=");
        self.signature(
            &credentials.access_key_secret,
            &stamp,
            &to_sign,
            &mut authorization,
        );
        SignedHeaders {
            stamp,
            security_token: credentials.security_token.clone(),
            authorization,
        }
    }

    pub(super) fn scope(&self, stamp: &Stamp) -> String {
        scope(stamp.day(), &self.region, &self.product)
    }

    /// Appends the hexadecimal signature of `to_sign` to `out`.
    pub(super) fn signature(
        &self,
        secret: &Secret,
        stamp: &Stamp,
        to_sign: &str,
        out: &mut String,
    ) {
        let mac = self
            .keys
            .keyed(secret, stamp.day(), &self.region, &self.product);
        let signature = mac.chain_update(to_sign.as_bytes()).finalize();
        out.push_str(Hex32::new(&signature.into_bytes().into()).as_str());
    }
}

pub(super) fn scope(day: &str, region: &str, product: &str) -> String {
    let mut out =
        String::with_capacity(day.len() + region.len() + product.len() + SCOPE_END.len() + 3);
    for part in [day, "/", region, "/", product, "/", SCOPE_END] {
        out.push_str(part);
    }
    out
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
    stamp: Stamp,
    security_token: Option<Secret>,
    authorization: String,
}

impl SignedHeaders {
    /// The value of `Authorization`. Mark the header as sensitive.
    #[must_use]
    pub fn authorization(&self) -> &str {
        &self.authorization
    }

    /// Every header, with its lower-case name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("x-oss-date", Some(self.stamp.as_str())),
            ("x-oss-content-sha256", Some(UNSIGNED_PAYLOAD)),
            (
                "x-oss-security-token",
                self.security_token.as_ref().map(Secret::expose),
            ),
            ("authorization", Some(self.authorization.as_str())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

impl fmt::Debug for SignedHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedHeaders")
            .field("date", &self.stamp.as_str())
            .finish_non_exhaustive()
    }
}
