//! OSS V4.

use std::borrow::Cow;
use std::time::Duration;

use chrono::{DateTime, Utc};
use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Method, Request, Uri};
use smallvec::SmallVec;

use super::{
    Addressing, Plus, Query, SignHttpError, borrowed, ensure_host, host_of, insert,
    with_path_and_query,
};
use crate::oss_v4::{self, Claim, PresignError, Signer};
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
    /// If path or query are not percent-encoded UTF-8, the query holds a bare `+`, no host is
    /// named though it is to be signed, or a value is not allowed in a header.
    pub fn sign_http<B>(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        addressing: Addressing<'_>,
        additional_headers: &[&str],
        request: &mut Request<B>,
    ) -> Result<(), SignHttpError> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let headers = request.headers_mut();
        let head = (&method, &uri, headers);
        self.sign_head(credentials, now, addressing, additional_headers, head)
    }

    /// [`Signer::sign_http`] of a request in its parts.
    ///
    /// # Errors
    ///
    /// As [`Signer::sign_http`].
    pub fn sign_parts(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        addressing: Addressing<'_>,
        additional_headers: &[&str],
        parts: &mut Parts,
    ) -> Result<(), SignHttpError> {
        let head = (&parts.method, &parts.uri, &mut parts.headers);
        self.sign_head(credentials, now, addressing, additional_headers, head)
    }

    fn sign_head(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        addressing: Addressing<'_>,
        additional_headers: &[&str],
        (method, uri, headers): (&Method, &Uri, &mut HeaderMap),
    ) -> Result<(), SignHttpError> {
        if wants_host(additional_headers) {
            ensure_host(headers, uri)?;
        }
        let query = Query::new(uri, Plus::Refused)?;
        let (bucket, key) = place(addressing, uri.path()).ok_or(SignHttpError::Escape("path"))?;
        let signed = self.sign(
            credentials,
            now,
            &oss_v4::Request {
                method: method.as_str(),
                bucket: bucket.as_deref(),
                key: key.as_deref(),
                query: &pairs(&query),
                headers: &borrowed(headers),
                additional_headers,
            },
        );
        let (others, authorization) = signed.into_parts();
        insert(headers, others.iter(), authorization)
    }

    /// Signs a request's URL, so that anyone who has it can make the request until `now + expires`:
    /// puts the signature's parameters after the query, in place of any that were there. The headers
    /// that are signed must be sent as they stand; `host` is added to them where it is missing and to
    /// be signed.
    ///
    /// ```
    /// use std::time::Duration;
    /// use alibaba_sign::{oss_v4, Addressing, Credentials};
    /// use chrono::{TimeZone, Utc};
    ///
    /// let mut request = http::Request::get("https://demo.oss-cn-hangzhou.aliyuncs.com/a%20b.txt").body(())?;
    /// let signer = oss_v4::Signer::new("cn-hangzhou");
    /// let now = Utc.with_ymd_and_hms(2026, 1, 15, 8, 30, 0).unwrap();
    /// let (credentials, hour) = (Credentials::new("LTAI-example-id", "example-secret"), Duration::from_secs(3600));
    /// let bucket = Addressing::Host("demo");
    /// signer.presign_http(&credentials, now, hour, bucket, &[], &mut request)?;
    /// assert_eq!(request.uri().path(), "/a%20b.txt");
    /// assert!(request.uri().query().is_some_and(|query| query.contains("&x-oss-expires=3600&")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`Signer::sign_http`], and [`SignHttpError::Expiry`] when `expires` is under a second or
    /// over [`MAX_EXPIRY`](oss_v4::MAX_EXPIRY). The request is unchanged then, except for its `host`.
    pub fn presign_http<B>(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        expires: Duration,
        addressing: Addressing<'_>,
        additional_headers: &[&str],
        request: &mut Request<B>,
    ) -> Result<(), SignHttpError> {
        let (method, uri) = (request.method().clone(), request.uri().clone());
        let head = (&method, &uri, request.headers_mut());
        let signed = self.presigned_uri(
            credentials,
            now,
            expires,
            addressing,
            additional_headers,
            head,
        )?;
        *request.uri_mut() = signed;
        Ok(())
    }

    /// [`Signer::presign_http`] of a request in its parts.
    ///
    /// # Errors
    ///
    /// As [`Signer::presign_http`].
    pub fn presign_parts(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        expires: Duration,
        addressing: Addressing<'_>,
        additional_headers: &[&str],
        parts: &mut Parts,
    ) -> Result<(), SignHttpError> {
        let head = (&parts.method, &parts.uri, &mut parts.headers);
        parts.uri = self.presigned_uri(
            credentials,
            now,
            expires,
            addressing,
            additional_headers,
            head,
        )?;
        Ok(())
    }

    fn presigned_uri(
        &self,
        credentials: &Credentials,
        now: DateTime<Utc>,
        expires: Duration,
        addressing: Addressing<'_>,
        additional_headers: &[&str],
        (method, uri, headers): (&Method, &Uri, &mut HeaderMap),
    ) -> Result<Uri, SignHttpError> {
        if wants_host(additional_headers) {
            ensure_host(headers, uri)?;
        }
        let query = Query::new(uri, Plus::Refused)?;
        let (bucket, key) = place(addressing, uri.path()).ok_or(SignHttpError::Escape("path"))?;
        let mut before = String::with_capacity(uri.path().len() + 1);
        before.push_str(uri.path());
        before.push('?');
        let signed = self.presign_after(
            &before,
            credentials,
            now,
            expires,
            &oss_v4::Request {
                method: method.as_str(),
                bucket: bucket.as_deref(),
                key: key.as_deref(),
                query: &pairs(&query),
                headers: &borrowed(headers),
                additional_headers,
            },
        );
        let signed = signed.map_err(|PresignError::Expiry(given)| SignHttpError::Expiry(given))?;
        with_path_and_query(uri, signed).ok_or(SignHttpError::TooLong)
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
        let query = Query::new(request.uri(), Plus::Refused).map_err(|_| malformed("query"))?;
        let presigned = query
            .pairs()
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
        let query = Query::new(request.uri(), Plus::Refused).map_err(|_| malformed("query"))?;
        let (bucket, key) = place(addressing, request.uri().path()).ok_or(malformed("path"))?;
        // HTTP/2 has no Host header.
        let host = host_of(request.uri()).filter(|_| !request.headers().contains_key("host"));
        let mut headers = borrowed(request.headers());
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

fn wants_host(additional_headers: &[&str]) -> bool {
    additional_headers
        .iter()
        .any(|name| name.eq_ignore_ascii_case("host"))
}

type Place<'a> = (Option<Cow<'a, str>>, Option<Cow<'a, str>>);

/// Bucket and key, decoded.
fn place<'a>(addressing: Addressing<'a>, path: &'a str) -> Option<Place<'a>> {
    let rest = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = match addressing {
        Addressing::Host(bucket) => (Cow::Borrowed(bucket), rest),
        Addressing::Path => {
            let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
            (percent::decode_borrowed(bucket)?, key)
        }
    };
    let some = |text: Cow<'a, str>| (!text.is_empty()).then_some(text);
    Some((some(bucket), some(percent::decode_borrowed(key)?)))
}

fn pairs<'a>(query: &'a Query<'_>) -> SmallVec<[(&'a str, Option<&'a str>); 8]> {
    query.pairs().collect()
}
