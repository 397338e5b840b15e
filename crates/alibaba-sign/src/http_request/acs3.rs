//! ACS3.

use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Uri};
use smallvec::SmallVec;

use super::{Plus, Query, SignHttpError, borrowed, ensure_host, host_of, insert};
use crate::acs3::{self, Claim};
use crate::verify::malformed;
use crate::{Credentials, Secret, VerifyError};

/// Signs a request in place: adds the signature's headers, and `host` where it is missing.
///
/// The headers `x-acs-action` and `x-acs-version` say what to call; `content-type` belongs with a
/// body. A header added later that begins with `x-acs-` makes the signature wrong.
///
/// ```
/// use alibaba_sign::{acs3, Credentials};
/// use chrono::{TimeZone, Utc};
///
/// let mut request = http::Request::post("https://ecs.cn-hangzhou.aliyuncs.com/?RegionId=cn-hangzhou")
///     .header("x-acs-action", "DescribeSnapshots")
///     .header("x-acs-version", "2014-05-26")
///     .body("")?;
/// let now = Utc.with_ymd_and_hms(2026, 1, 15, 8, 30, 0).unwrap();
/// let credentials = Credentials::new("LTAI-example-id", "example-secret");
/// acs3::sign_http(&credentials, now, "3f0d9c1b2a4e4c7d8f6a5b4c3d2e1f00", &mut request)?;
/// assert!(request.headers()["authorization"].is_sensitive());
///
/// // The other side.
/// let claim = acs3::Claim::from_http(&request)?;
/// let tolerance = std::time::Duration::from_secs(15 * 60);
/// claim.verify_http(&credentials.access_key_secret, now, tolerance, &request)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// If the query is not percent-encoded UTF-8, no host is named, or a value is not allowed in a
/// header. The request is unchanged then, except for its `host`.
pub fn sign_http<B: AsRef<[u8]>>(
    credentials: &Credentials,
    now: DateTime<Utc>,
    nonce: &str,
    request: &mut Request<B>,
) -> Result<(), SignHttpError> {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    // Taken out and put back, since the body is borrowed beside them.
    let mut headers = std::mem::take(request.headers_mut());
    let head = (&method, &uri, &mut headers);
    let signed = sign_head(credentials, now, nonce, head, request.body().as_ref());
    *request.headers_mut() = headers;
    signed
}

/// [`sign_http`] of a request in its parts.
///
/// # Errors
///
/// As [`sign_http`].
pub fn sign_parts(
    credentials: &Credentials,
    now: DateTime<Utc>,
    nonce: &str,
    parts: &mut Parts,
    body: &[u8],
) -> Result<(), SignHttpError> {
    let head = (&parts.method, &parts.uri, &mut parts.headers);
    sign_head(credentials, now, nonce, head, body)
}

fn sign_head(
    credentials: &Credentials,
    now: DateTime<Utc>,
    nonce: &str,
    (method, uri, headers): (&Method, &Uri, &mut HeaderMap),
    body: &[u8],
) -> Result<(), SignHttpError> {
    ensure_host(headers, uri)?;
    let query = Query::new(uri, Plus::Space)?;
    let signed = acs3::sign(
        credentials,
        now,
        nonce,
        &acs3::Request {
            method: method.as_str(),
            path: uri.path(),
            query: &pairs(&query),
            headers: &borrowed(headers),
            additional_headers: &[],
            body,
        },
    );
    let (others, authorization) = signed.into_parts();
    insert(headers, others.iter(), authorization)
}

impl Claim {
    /// Reads the claim of an incoming request.
    ///
    /// # Errors
    ///
    /// [`VerifyError::Malformed`].
    pub fn from_http<B>(request: &Request<B>) -> Result<Self, VerifyError> {
        let text = |name: &'static str| {
            let value = request.headers().get(name).and_then(|v| v.to_str().ok());
            value.ok_or(malformed(name))
        };
        Self::from_headers(text(AUTHORIZATION.as_str())?, text("x-acs-date")?)
    }

    /// [`Claim::verify`] of an incoming request with its whole body.
    ///
    /// # Errors
    ///
    /// What was wrong, in the order form, signed headers, time, body, signature.
    pub fn verify_http<B: AsRef<[u8]>>(
        &self,
        secret: &Secret,
        now: DateTime<Utc>,
        tolerance: Duration,
        request: &Request<B>,
    ) -> Result<(), VerifyError> {
        let query = Query::new(request.uri(), Plus::Space).map_err(|_| malformed("query"))?;
        // HTTP/2 has no Host header.
        let host = host_of(request.uri()).filter(|_| !request.headers().contains_key("host"));
        let mut headers = borrowed(request.headers());
        headers.extend(host.as_ref().map(|host| ("host", host.as_bytes())));
        self.verify(
            secret,
            now,
            tolerance,
            &acs3::Request {
                method: request.method().as_str(),
                path: request.uri().path(),
                query: &pairs(&query),
                headers: &headers,
                additional_headers: &[],
                body: request.body().as_ref(),
            },
        )
    }
}

fn pairs<'a>(query: &'a Query<'_>) -> SmallVec<[(&'a str, &'a str); 8]> {
    let pairs = query.pairs();
    pairs
        .map(|(name, value)| (name, value.unwrap_or_default()))
        .collect()
}
