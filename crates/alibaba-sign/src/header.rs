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

/// The value of the first header of that name, in any case, without outer white space; empty where
/// there is none.
pub(crate) fn value<'a>(headers: &[(&str, &'a [u8])], name: &str) -> &'a [u8] {
    headers
        .iter()
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map_or(b"", |(_, value)| value.trim_ascii())
}
