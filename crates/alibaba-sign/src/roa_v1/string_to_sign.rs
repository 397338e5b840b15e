//! The text that the secret signs.

use super::Request;
use crate::header::{value, write_lines};

/// As bytes, since header values need not be UTF-8. `headers` are those that are sent.
pub(super) fn string_to_sign<'a>(
    request: &Request<'_>,
    date: &str,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(384);
    out.extend_from_slice(request.method.as_bytes());
    out.push(b'\n');
    for name in ["accept", "content-md5", "content-type"] {
        out.extend_from_slice(value(request.headers, name));
        out.push(b'\n');
    }
    out.extend_from_slice(date.as_bytes());
    out.push(b'\n');

    write_lines(&mut out, headers, "x-acs-");

    out.extend_from_slice(request.path.as_bytes());
    let mut query = request.query.to_vec();
    query.sort_unstable();
    for (at, (name, value)) in query.into_iter().enumerate() {
        out.push(if at == 0 { b'?' } else { b'&' });
        out.extend_from_slice(name.as_bytes());
        if !value.is_empty() {
            out.push(b'=');
            out.extend_from_slice(value.as_bytes());
        }
    }
    out
}
