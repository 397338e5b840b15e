//! The canonical request, and what is signed of it.

use std::borrow::Cow;

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use super::{ALGORITHM, Request};
use crate::header::lower;
use crate::percent::encode_to;
use crate::{Secret, hex, mac};

/// The canonical request as bytes (header values need not be UTF-8).
pub(super) struct Canonical {
    pub(super) bytes: Vec<u8>,
    names: std::ops::Range<usize>,
}

impl Canonical {
    /// Writes down the request with those of `headers`, the ones that travel, that `is_signed`
    /// picks by their lower-case name.
    pub(super) fn new<'a>(
        request: &Request<'_>,
        content_sha256: &str,
        headers: impl Iterator<Item = (&'a str, &'a [u8])>,
        is_signed: impl Fn(&str) -> bool,
    ) -> Self {
        let mut signed: SmallVec<[(Cow<'_, str>, &[u8]); 12]> = SmallVec::new();
        let mut length = request.method.len() + request.path.len() + content_sha256.len() + 8;
        for (name, value) in headers {
            let name = lower(name);
            if is_signed(&name) {
                length += name.len() * 2 + value.len() + 3;
                signed.push((name, value.trim_ascii()));
            }
        }
        // By value too: that is the order of several values of one name.
        signed.sort_unstable();

        // A guess: how much is escaped is not known yet.
        let texts = request
            .query
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2);
        let free = texts.sum::<usize>();
        let mut out = String::with_capacity(length + free + free / 2);
        out.push_str(request.method);
        out.push('\n');
        out.push_str(if request.path.is_empty() {
            "/"
        } else {
            request.path
        });
        out.push('\n');
        push_query(&mut out, request.query);
        out.push('\n');

        let mut bytes = out.into_bytes();
        let groups = || signed.chunk_by(|(one, _), (next, _)| one == next);
        for group in groups() {
            for (at, (name, value)) in group.iter().enumerate() {
                if at == 0 {
                    bytes.extend_from_slice(name.as_bytes());
                    bytes.push(b':');
                } else {
                    bytes.push(b',');
                }
                bytes.extend_from_slice(value);
            }
            bytes.push(b'\n');
        }
        bytes.push(b'\n');
        let begin = bytes.len();
        for (at, group) in groups().enumerate() {
            if at > 0 {
                bytes.push(b';');
            }
            bytes.extend_from_slice(group[0].0.as_bytes());
        }
        let names = begin..bytes.len();
        bytes.push(b'\n');
        bytes.extend_from_slice(content_sha256.as_bytes());
        Self { bytes, names }
    }

    /// The names of the signed headers, joined by `;`.
    pub(super) fn signed_headers(&self) -> &str {
        std::str::from_utf8(&self.bytes[self.names.clone()]).unwrap_or_default()
    }

    pub(super) fn string_to_sign(&self) -> StringToSign {
        StringToSign(sha256(&self.bytes))
    }
}

/// The text that the secret signs.
pub(super) struct StringToSign(hex::Hex32);

impl StringToSign {
    pub(super) fn keyed(&self, secret: &Secret) -> Hmac<Sha256> {
        mac::sha256(secret.expose().as_bytes())
            .chain_update(ALGORITHM)
            .chain_update(b"\n")
            .chain_update(self.0.as_str())
    }
}

impl std::fmt::Display for StringToSign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{ALGORITHM}\n{}", self.0.as_str())
    }
}

pub(super) fn sha256(bytes: &[u8]) -> hex::Hex32 {
    hex::Hex32::new(&Sha256::digest(bytes).into())
}

fn push_query(out: &mut String, query: &[(&str, &str)]) {
    let mut sorted;
    let query = if query.is_sorted() {
        query
    } else {
        sorted = SmallVec::<[_; 12]>::from_slice(query);
        sorted.sort_unstable();
        &sorted
    };
    for (at, (name, value)) in query.iter().enumerate() {
        if at > 0 {
            out.push('&');
        }
        encode_to(out, name);
        out.push('=');
        encode_to(out, value);
    }
}
