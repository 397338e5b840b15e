//! The canonical request, and what is signed of it.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use super::{ALGORITHM, Request, UNSIGNED_PAYLOAD};
use crate::header::lower;
use crate::hex;
use crate::percent::{encode_path_to, encode_to};

/// A header to be signed, its name in lower case.
pub(super) type Header<'a> = (Cow<'a, str>, &'a [u8]);

/// The canonical request as bytes (header values need not be UTF-8), and the additional names.
pub(super) struct Canonical {
    pub(super) bytes: Vec<u8>,
    /// Joined by `;`, empty when there are none.
    pub(super) additional: String,
}

/// Writes down the request. `headers` are the ones that travel, `query` the pairs that travel
/// except the signature itself.
pub(super) fn canonical<'a>(
    request: &Request<'a>,
    query: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Canonical {
    let mut signed = Vec::with_capacity(8);
    let mut additional: Vec<Cow<'a, str>> = Vec::new();
    for (name, value) in headers {
        let name = lower(name);
        if signed_by_default(&name) {
            signed.push((name, value.trim_ascii()));
        } else if request
            .additional_headers
            .iter()
            .any(|a| a.eq_ignore_ascii_case(&name))
        {
            additional.push(name.clone());
            signed.push((name, value.trim_ascii()));
        }
    }
    signed.sort_unstable_by(|a: &Header<'_>, b| a.0.cmp(&b.0));
    additional.sort_unstable();
    additional.dedup();
    let additional = additional.join(";");

    let mut out = String::with_capacity(384);
    out.push_str(request.method);
    out.push_str("\n/");
    if let Some(bucket) = request.bucket {
        encode_path_to(&mut out, bucket);
        out.push('/');
        encode_path_to(&mut out, request.key.unwrap_or_default());
    }
    out.push('\n');
    push_query(&mut out, query);
    out.push('\n');

    let mut bytes = out.into_bytes();
    for (name, value) in &signed {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(value);
        bytes.push(b'\n');
    }
    bytes.push(b'\n');
    bytes.extend_from_slice(additional.as_bytes());
    bytes.push(b'\n');
    bytes.extend_from_slice(UNSIGNED_PAYLOAD.as_bytes());
    Canonical { bytes, additional }
}

/// The text that the key signs.
pub(super) fn string_to_sign(stamp: &str, scope: &str, canonical: &[u8]) -> String {
    let mut out = String::with_capacity(ALGORITHM.len() + stamp.len() + scope.len() + 67);
    out.push_str(ALGORITHM);
    out.push('\n');
    out.push_str(stamp);
    out.push('\n');
    out.push_str(scope);
    out.push('\n');
    out.push_str(hex::Hex32::new(&Sha256::digest(canonical).into()).as_str());
    out
}

/// Appends the pairs, encoded and sorted by encoded key.
fn push_query<'a>(out: &mut String, query: impl Iterator<Item = (&'a str, Option<&'a str>)>) {
    let mut pairs: Vec<(String, &str)> = query
        .map(|(name, value)| (crate::percent::encode(name), value.unwrap_or_default()))
        .collect();
    // By value too: one official SDK signs repeated keys so, the others cannot send them.
    pairs.sort_unstable();
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push('&');
        }
        out.push_str(name);
        if !value.is_empty() {
            out.push('=');
            encode_to(out, value);
        }
    }
}

fn signed_by_default(lower_name: &str) -> bool {
    lower_name.starts_with("x-oss-") || lower_name == "content-type" || lower_name == "content-md5"
}
