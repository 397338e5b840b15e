//! Signing an `http::Request` in place, and verifying one that came in.

pub(crate) mod acs3;
mod oss_v4;
#[cfg(test)]
mod tests;

use std::time::Duration;

use http::header::{AUTHORIZATION, HOST, HeaderName};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri};
use smallvec::SmallVec;

use crate::oss_v4::UNSIGNED_PAYLOAD;
use crate::percent;

/// Where the bucket of an OSS request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addressing<'a> {
    /// The host stands for this bucket, as a part of its name or as a domain name bound to it; the
    /// whole path is the key.
    Host(&'a str),
    /// The path's first segment is the bucket, if there is one: path style, and calls on the service.
    Path,
}

/// Why an `http::Request` cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignHttpError {
    /// A sequence is cut short, or what it stands for is not UTF-8.
    #[error("{0} is not percent-encoded UTF-8")]
    Escape(&'static str),
    /// OSS reads it as one thing and URL libraries as another.
    #[error("query holds a bare `+`: write `%20` or `%2B`")]
    Plus,
    /// The signature covers the host.
    #[error("request names no host, neither in its URI nor in a `host` header")]
    Host,
    /// OSS takes whole seconds, from one to seven days' worth.
    #[error("presigned URL expires after {0:?}: OSS takes 1 second to 7 days")]
    Expiry(Duration),
    /// The address with the signature in it is longer than an HTTP client can send.
    #[error("presigned URL is longer than 64 KiB")]
    TooLong,
    /// A line break, say, in a credential.
    #[error("`{0}` cannot hold this value")]
    Value(&'static str),
}

/// What `+` means in a query.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Plus {
    /// A space, as in forms: OpenAPI.
    Space,
    /// Nothing that both ends agree on: OSS.
    Refused,
}

/// A query in its parts, decoded.
struct Query<'a> {
    text: &'a str,
    /// Those parts that are not as they stand in the text, in order.
    decoded: Vec<String>,
    plus: Plus,
}

impl<'a> Query<'a> {
    fn new(uri: &'a Uri, plus: Plus) -> Result<Self, SignHttpError> {
        let text = uri.query().unwrap_or_default();
        if plus == Plus::Refused && text.contains('+') {
            return Err(SignHttpError::Plus);
        }
        let mut query = Self {
            text,
            decoded: Vec::new(),
            plus,
        };
        // Most have nothing to decode.
        if query.is_encoded(text) {
            for part in raw_pairs(text).flat_map(|(name, value)| [Some(name), value]) {
                if let Some(part) = part.filter(|part| query.is_encoded(part)) {
                    let decoded = match plus {
                        Plus::Space => percent::decode(&part.replace('+', " ")),
                        Plus::Refused => percent::decode(part),
                    };
                    let decoded = decoded.ok_or(SignHttpError::Escape("query"))?;
                    query.decoded.push(decoded);
                }
            }
        }
        Ok(query)
    }

    /// Name and value of each parameter, decoded.
    fn pairs(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        let mut decoded = self.decoded.iter();
        raw_pairs(self.text).map(move |(name, value)| {
            let mut part = |raw| match self.is_plain(raw) {
                true => raw,
                false => decoded.next().map_or(raw, String::as_str),
            };
            (part(name), value.map(part))
        })
    }

    fn is_plain(&self, part: &str) -> bool {
        self.decoded.is_empty() || !self.is_encoded(part)
    }

    fn is_encoded(&self, part: &str) -> bool {
        part.contains('%') || (self.plus == Plus::Space && part.contains('+'))
    }
}

fn raw_pairs(query: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| match pair.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (pair, None),
    })
}

fn borrowed(headers: &HeaderMap) -> SmallVec<[(&str, &[u8]); 12]> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
        .collect()
}

/// Adds the `host` header that an HTTP client would add, so that it can be signed.
fn ensure_host(headers: &mut HeaderMap, uri: &Uri) -> Result<(), SignHttpError> {
    if headers.contains_key(HOST) {
        return Ok(());
    }
    let value = host_of(uri).ok_or(SignHttpError::Host)?;
    headers.insert(HOST, value);
    Ok(())
}

/// Host and port, without a port that the scheme implies.
fn host_of(uri: &Uri) -> Option<HeaderValue> {
    let authority = uri.authority()?;
    let implied = match uri.scheme_str() {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    };
    let text = match authority.port_u16() {
        Some(port) if Some(port) != implied => format!("{}:{port}", authority.host()),
        _ => authority.host().to_owned(),
    };
    HeaderValue::try_from(text).ok()
}

/// The same address with another path and query.
fn with_path_and_query(uri: &Uri, path_and_query: String) -> Option<Uri> {
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(path_and_query).ok()?);
    Uri::from_parts(parts).ok()
}

/// Puts the signer's headers in place of any of their names. `authorization` is given to keep.
fn insert<'a>(
    headers: &mut HeaderMap,
    others: impl Iterator<Item = (&'static str, &'a str)>,
    authorization: String,
) -> Result<(), SignHttpError> {
    for (name, value) in others {
        let value = match value {
            UNSIGNED_PAYLOAD => Ok(HeaderValue::from_static(UNSIGNED_PAYLOAD)),
            value => HeaderValue::from_str(value),
        };
        let mut value = value.map_err(|_| SignHttpError::Value(name))?;
        value.set_sensitive(name.ends_with("-security-token"));
        headers.insert(HeaderName::from_static(name), value);
    }
    let mut value =
        HeaderValue::try_from(authorization).map_err(|_| SignHttpError::Value("authorization"))?;
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Ok(())
}
