//! The canonical request, and what is signed of it.

use std::ops::Range;

use sha2::{Digest, Sha256};
use smallvec::SmallVec;

use super::scope::Scope;
use super::stamp::Stamp;
use super::{ALGORITHM, Request, SCOPE_END, UNSIGNED_PAYLOAD};
use crate::header::lower;
use crate::hex;
use crate::percent::{compare_encoded, encode_path_to, encode_to};

/// The canonical request as bytes: header values need not be UTF-8.
pub(super) struct Canonical {
    pub(super) bytes: Vec<u8>,
    query: Range<usize>,
    additional: Range<usize>,
}

impl Canonical {
    /// The pairs, encoded and sorted, without the `?`.
    pub(super) fn query(&self) -> &str {
        self.text(&self.query)
    }

    /// The additional names, joined by `;`, empty when there are none.
    pub(super) fn additional(&self) -> &str {
        self.text(&self.additional)
    }

    fn text(&self, range: &Range<usize>) -> &str {
        // Names that are not UTF-8 cannot have come from a `&str`.
        std::str::from_utf8(&self.bytes[range.clone()]).unwrap_or_default()
    }

    pub(super) fn hash(&self) -> hex::Hex32 {
        hex::Hex32::new(&Sha256::digest(&self.bytes).into())
    }
}

/// Writes down the request. `headers` and `query` are those that are sent, without the signature
/// itself.
pub(super) fn canonical<'a>(
    request: &Request<'a>,
    query: impl Iterator<Item = (&'a str, Option<&'a str>)>,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Canonical {
    let mut length = request.method.len() + UNSIGNED_PAYLOAD.len() + 8;
    // On the stack as a rule: as many as a request with metadata has, and the signer's own.
    let mut signed: SmallVec<[_; 12]> = SmallVec::new();
    for (name, value) in headers {
        let name = lower(name);
        let is_default = signed_by_default(&name);
        if is_default || is_named(request.additional_headers, &name) {
            length += name.len() * 2 + value.len() + 3;
            signed.push((name, value.trim_ascii(), is_default));
        }
    }
    // Stable: values of one name stay in the order in which they travel.
    signed.sort_by(|(one, ..), (other, ..)| one.cmp(other));
    let pairs = sorted(query);
    // A guess: how much is escaped is not known yet.
    let path = request.bucket.map_or(0, str::len) + request.key.map_or(0, str::len);
    let texts = pairs
        .iter()
        .map(|(name, value)| name.len() + value.len() + 2);
    let free = texts.sum::<usize>() + path;
    length += free + free / 2;

    let mut out = String::with_capacity(length);
    out.push_str(request.method);
    out.push_str("\n/");
    if let Some(bucket) = request.bucket {
        encode_path_to(&mut out, bucket);
        out.push('/');
        encode_path_to(&mut out, request.key.unwrap_or_default());
    }
    out.push('\n');
    let begin = out.len();
    push_query(&mut out, &pairs);
    let query = begin..out.len();
    out.push('\n');

    let mut bytes = out.into_bytes();
    for (name, value, _) in &signed {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(b':');
        bytes.extend_from_slice(value);
        bytes.push(b'\n');
    }
    bytes.push(b'\n');
    let begin = bytes.len();
    let mut last = None;
    for (name, _, is_default) in &signed {
        if *is_default || last == Some(name) {
            continue;
        }
        if last.is_some() {
            bytes.push(b';');
        }
        bytes.extend_from_slice(name.as_bytes());
        last = Some(name);
    }
    let additional = begin..bytes.len();
    bytes.push(b'\n');
    bytes.extend_from_slice(UNSIGNED_PAYLOAD.as_bytes());
    Canonical {
        bytes,
        query,
        additional,
    }
}

/// The additional names that are in the request and not signed anyway, joined by `;`.
pub(super) fn additional_names(request: &Request<'_>) -> String {
    if request.additional_headers.is_empty() {
        return String::new();
    }
    let names = request.headers.iter().map(|(name, _)| lower(name));
    let mut names: SmallVec<[_; 4]> = names
        .filter(|name| !signed_by_default(name) && is_named(request.additional_headers, name))
        .collect();
    names.sort_unstable();
    names.dedup();
    names.join(";")
}

/// Writes the text that the key signs, in the room of what is there.
pub(super) fn write_string_to_sign(
    out: &mut Vec<u8>,
    stamp: &Stamp,
    scope: &Scope<'_>,
    hash: &hex::Hex32,
) {
    out.clear();
    for part in [
        ALGORITHM.as_bytes(),
        b"\n",
        stamp.as_bytes(),
        b"\n",
        scope.day.as_bytes(),
        b"/",
        scope.region.as_bytes(),
        b"/",
        scope.product.as_bytes(),
        b"/",
        SCOPE_END.as_bytes(),
        b"\n",
        hash.as_bytes(),
    ] {
        out.extend_from_slice(part);
    }
}

type Pairs<'a> = SmallVec<[(&'a str, &'a str); 12]>;

/// The pairs, sorted by encoded key.
fn sorted<'a>(query: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Pairs<'a> {
    let mut pairs: Pairs<'_> = query
        .map(|(name, value)| (name, value.unwrap_or_default()))
        // What has neither does not survive a URL: `a&&b` is two parameters.
        .filter(|(name, value)| !name.is_empty() || !value.is_empty())
        .collect();
    // By value too: one official SDK signs repeated keys so, the others cannot send them.
    pairs.sort_unstable_by(|one, other| {
        compare_encoded(one.0, other.0).then_with(|| one.1.cmp(other.1))
    });
    pairs
}

/// Appends the pairs, encoded.
fn push_query(out: &mut String, pairs: &[(&str, &str)]) {
    for (at, (name, value)) in pairs.iter().enumerate() {
        if at > 0 {
            out.push('&');
        }
        encode_to(out, name);
        if !value.is_empty() {
            out.push('=');
            encode_to(out, value);
        }
    }
}

fn is_named(additional: &[&str], name: &str) -> bool {
    additional.iter().any(|it| it.eq_ignore_ascii_case(name))
}

fn signed_by_default(lower_name: &str) -> bool {
    lower_name.starts_with("x-oss-") || lower_name == "content-type" || lower_name == "content-md5"
}
