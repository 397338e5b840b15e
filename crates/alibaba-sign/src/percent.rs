//! The one percent-encoding that Alibaba Cloud's signatures use.
//!
//! The bytes `A-Z a-z 0-9 - _ . ~` stay, every other byte of the UTF-8 form becomes `%XX` with
//! upper-case digits: a space is `%20` and never `+`, `*` is `%2A`, `~` stays. None of the encode
//! sets of URL libraries is this one, and a URL library also removes dot segments, which are legal
//! in object keys.

const UPPER_HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Encodes a query key or value.
///
/// ```
/// assert_eq!(alibaba_sign::percent::encode("a b*c~/中"), "a%20b%2Ac~%2F%E4%B8%AD");
/// ```
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    encode_to(&mut out, text);
    out
}

/// Encodes a path, keeping `/`.
///
/// ```
/// assert_eq!(alibaba_sign::percent::encode_path("a//b/./x y"), "a//b/./x%20y");
/// ```
#[must_use]
pub fn encode_path(path: &str) -> String {
    let mut out = String::with_capacity(path.len() + 8);
    encode_path_to(&mut out, path);
    out
}

/// Appends the encoded form of a query key or value to `out`.
pub fn encode_to(out: &mut String, text: &str) {
    append(out, text, false);
}

/// Appends the encoded form of a path to `out`, keeping `/`.
pub fn encode_path_to(out: &mut String, path: &str) {
    append(out, path, true);
}

/// Decodes `%XX` sequences; everything else, `+` too, stands for itself. `None` where a sequence is
/// cut short or the result is not UTF-8.
///
/// ```
/// use alibaba_sign::percent::decode;
/// assert_eq!(decode("a%20b+c").as_deref(), Some("a b+c"));
/// assert_eq!(decode("50%"), None);
/// ```
#[must_use]
pub fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let high = hex_digit(*bytes.get(at + 1)?)?;
            let low = hex_digit(*bytes.get(at + 2)?)?;
            out.push(high << 4 | low);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

/// The value of one hexadecimal digit, of either case.
pub(crate) fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn append(out: &mut String, text: &str, keep_slash: bool) {
    let bytes = text.as_bytes();
    let mut run = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if is_unreserved(byte) || (keep_slash && byte == b'/') {
            continue;
        }
        // Only unreserved ASCII lies between `run` and `at`, so this never cuts a character:
        // inside one, the run is empty.
        if run < at {
            out.push_str(&text[run..at]);
        }
        out.push('%');
        out.push(char::from(UPPER_HEX[usize::from(byte >> 4)]));
        out.push(char::from(UPPER_HEX[usize::from(byte & 15)]));
        run = at + 1;
    }
    if run < bytes.len() {
        out.push_str(&text[run..]);
    }
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn decoding_undoes_encoding(text in any::<String>()) {
            prop_assert_eq!(decode(&encode(&text)), Some(text.clone()));
            prop_assert_eq!(decode(&encode_path(&text)), Some(text));
        }

        #[test]
        fn only_unreserved_bytes_and_escapes_come_out(text in any::<String>()) {
            let encoded = encode(&text);
            prop_assert!(encoded.bytes().all(|b| is_unreserved(b) || b == b'%'));
        }
    }

    #[test]
    fn characters_that_url_libraries_treat_differently() {
        assert_eq!(encode("*~+ '()!"), "%2A~%2B%20%27%28%29%21");
        assert_eq!(encode_path("/./../a"), "/./../a");
    }
}
