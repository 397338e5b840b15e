//! Signing an `http::Request` in place, and verifying one that came in.

pub(crate) mod acs3;
mod oss_v4;
#[cfg(test)]
mod tests;

use http::header::{HOST, HeaderName};
use http::{HeaderMap, HeaderValue, Uri};

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

type Pairs = Vec<(String, Option<String>)>;

/// The query, decoded.
fn decoded_query(uri: &Uri, plus: Plus) -> Result<Pairs, SignHttpError> {
    let decode = |text: &str| {
        let decoded = match plus {
            Plus::Space if text.contains('+') => percent::decode(&text.replace('+', " ")),
            Plus::Refused if text.contains('+') => return Err(SignHttpError::Plus),
            _ => percent::decode(text),
        };
        decoded.ok_or(SignHttpError::Escape("query"))
    };
    uri.query()
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| match pair.split_once('=') {
            Some((name, value)) => Ok((decode(name)?, Some(decode(value)?))),
            None => Ok((decode(pair)?, None)),
        })
        .collect()
}

fn borrowed(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
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

/// Puts the signer's headers in place of any of their name.
fn insert<'a>(
    headers: &mut HeaderMap,
    own: impl Iterator<Item = (&'static str, &'a str)>,
) -> Result<(), SignHttpError> {
    for (name, value) in own {
        let mut value = HeaderValue::try_from(value).map_err(|_| SignHttpError::Value(name))?;
        value.set_sensitive(name == "authorization" || name.ends_with("-security-token"));
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(())
}
