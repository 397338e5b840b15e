//! OSS V4.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::Request;
use http::header::AUTHORIZATION;

use super::{
    Addressing, Pairs, Plus, SignHttpError, borrowed, decoded_query, ensure_host, host_of, insert,
};
use crate::oss_v4::{self, Claim, Signer};
use crate::verify::malformed;
use crate::{Credentials, Secret, VerifyError, percent};

impl Signer {
    /// Signs a request in place: adds the signature's headers, and `host` where it is missing and
    /// to be signed.
    ///
    /// The HTTP client must send the path as it stands here. Those that build URLs with the `url`
    /// crate rewrite `a/./b`, a legal key, and break the signature.
    ///
    /// ```
    /// use alibaba_sign::{oss_v4, Addressing, Credentials};
    /// use chrono::{TimeZone, Utc};
    ///
    /// let mut request = http::Request::put("https://demo.oss-cn-hangzhou.aliyuncs.com/a%20b.txt")
    ///     .header("content-type", "text/plain")
    ///     .body("hello")?;
    /// let signer = oss_v4::Signer::new("cn-hangzhou");
    /// let now = Utc.with_ymd_and_hms(2026, 1, 15, 8, 30, 0).unwrap();
    /// let credentials = Credentials::new("LTAI-example-id", "example-secret");
    /// let bucket = Addressing::Host("demo");
    /// signer.sign_http(&credentials, now, bucket, &["host"], &mut request)?;
    /// assert!(request.headers()["authorization"].is_sensitive());
    ///
    /// // The other side.
    /// let claim = oss_v4::Claim::from_http(&request)?;
    /// let (secret, tolerance) = (&credentials.access_key_secret, std::time::Duration::from_secs(900));
    /// claim.verify_http(secret, "cn-hangzhou", now, tolerance, bucket, &request)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Where path or query are not percent-encoded UTF-8, the query holds a bare `+`, no host is
    /// named though it is to be signed, or a value cannot stand in a header.
    pub fn sign_http<B>(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        addressing: Addressing<'_>,
        additional_headers: &[&str],
        request: &mut Request<B>,
    ) -> Result<(), SignHttpError> {
        let uri = request.uri().clone();
        if additional_headers
            .iter()
            .any(|name| name.eq_ignore_ascii_case("host"))
        {
            ensure_host(request.headers_mut(), &uri)?;
        }
        let query = decoded_query(&uri, Plus::Refused)?;
        let (bucket, key) = place(addressing, uri.path()).ok_or(SignHttpError::Escape("path"))?;
        let signed = self.sign(
            credentials,
            now,
            &oss_v4::Request {
                method: request.method().as_str(),
                bucket: bucket.as_deref(),
                key: key.as_deref(),
                query: &pairs(&query),
                headers: &borrowed(request.headers()),
                additional_headers,
            },
        );
        insert(request.headers_mut(), signed.iter())
    }
}

impl Claim {
    /// Reads the claim of an incoming request, from its header or its URL.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`], also where it claims in both places, and
    /// [`VerifyError::ScopeDate`].
    pub fn from_http<B>(request: &Request<B>) -> Result<Self, VerifyError> {
        let query = decoded_query(request.uri(), Plus::Refused).map_err(|_| malformed("query"))?;
        let presigned = query
            .iter()
            .any(|(name, _)| name == "x-oss-signature-version");
        let header = request.headers().get(AUTHORIZATION);
        match (header, presigned) {
            (Some(_), true) => Err(malformed("authorization")),
            (None, true) => Self::from_query(&pairs(&query)),
            (header, false) => {
                let header = header.and_then(|value| value.to_str().ok());
                let date = request.headers().get("x-oss-date");
                let date = date.and_then(|value| value.to_str().ok());
                Self::from_headers(
                    header.ok_or(malformed("authorization"))?,
                    date.ok_or(malformed("x-oss-date"))?,
                )
            }
        }
    }

    /// [`Claim::verify`] of an incoming request.
    ///
    /// # Errors
    ///
    /// What was wrong, in the order form, region, product, time, signature.
    pub fn verify_http<B>(
        &self,
        secret: &Secret,
        region: &str,
        now: DateTime<Utc>,
        tolerance: Duration,
        addressing: Addressing<'_>,
        request: &Request<B>,
    ) -> Result<(), VerifyError> {
        let query = decoded_query(request.uri(), Plus::Refused).map_err(|_| malformed("query"))?;
        let (bucket, key) = place(addressing, request.uri().path()).ok_or(malformed("path"))?;
        let mut headers = borrowed(request.headers());
        // HTTP/2 has no Host header.
        let host = host_of(request.uri()).filter(|_| !request.headers().contains_key("host"));
        headers.extend(host.as_ref().map(|host| ("host", host.as_bytes())));
        self.verify(
            secret,
            region,
            now,
            tolerance,
            &oss_v4::Request {
                method: request.method().as_str(),
                bucket: bucket.as_deref(),
                key: key.as_deref(),
                query: &pairs(&query),
                headers: &headers,
                additional_headers: &[],
            },
        )
    }
}

/// Bucket and key, decoded.
fn place(addressing: Addressing<'_>, path: &str) -> Option<(Option<String>, Option<String>)> {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = match addressing {
        Addressing::Host(bucket) => (bucket.to_owned(), rest),
        Addressing::Path => {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            (percent::decode(bucket)?, key)
        }
    };
    let some = |text: String| (!text.is_empty()).then_some(text);
    Some((some(bucket), some(percent::decode(key)?)))
}

fn pairs(query: &Pairs) -> Vec<(&str, Option<&str>)> {
    query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_deref()))
        .collect()
}
