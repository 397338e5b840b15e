//! Names and values of headers as all algorithms write them down.

use std::borrow::Cow;

/// The name in lower case, copied only where it is not already.
pub(crate) fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

/// The caller's headers without those that a signer writes itself.
pub(crate) fn without<'a>(
    headers: &'a [(&'a str, &'a [u8])],
    own: &'a [&str],
) -> impl Iterator<Item = (&'a str, &'a [u8])> {
    let is_own = |name: &str| own.iter().any(|own| own.eq_ignore_ascii_case(name));
    headers
        .iter()
        .copied()
        .filter(move |(name, _)| !is_own(name))
}

/// Writes `name:value` lines, sorted, of the headers with this prefix.
pub(crate) fn write_lines<'a>(
    out: &mut Vec<u8>,
    headers: impl Iterator<Item = (&'a str, &'a [u8])>,
    prefix: &str,
) {
    let mut lines: Vec<(Cow<'_, str>, &[u8])> = headers
        .map(|(name, value)| (lower(name), value.trim_ascii()))
        .filter(|(name, _)| name.starts_with(prefix))
        .collect();
    lines.sort_unstable();
    for (name, value) in lines {
        out.extend_from_slice(name.as_bytes());
        out.push(b':');
        out.extend_from_slice(value);
        out.push(b'\n');
    }
}

/// The value of the first header of that name, in any case, without outer white space; empty where
/// there is none.
pub(crate) fn value<'a>(headers: &[(&str, &'a [u8])], name: &str) -> &'a [u8] {
    headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map_or(b"", |(_, value)| value.trim_ascii())
}
