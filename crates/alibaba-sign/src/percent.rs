//! The one percent-encoding that Alibaba Cloud's signatures use.
//!
//! The bytes `A-Z a-z 0-9 - _ . ~` stay, every other byte of the UTF-8 form becomes `%XX` with
//! upper-case digits: a space is `%20` and never `+`, `*` is `%2A`, `~` stays. None of the encode
//! sets of URL libraries is this one, and a URL library also removes dot segments, which are legal
//! in object keys.

use std::borrow::Cow;
use std::cmp::Ordering;

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
    decode_borrowed(text).map(Cow::into_owned)
}

/// As [`decode`]; what holds no sequence is not copied.
pub(crate) fn decode_borrowed(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let Some(first) = text.find('%') else {
        return Some(Cow::Borrowed(text));
    };
    let mut out = Vec::with_capacity(bytes.len());
    out.extend_from_slice(&bytes[..first]);
    let mut at = first;
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
    String::from_utf8(out).ok().map(Cow::Owned)
}

/// How the encoded forms of two texts are ordered, without making them.
///
/// The first byte in which the texts differ decides: `%` comes before every byte that stays, and
/// escapes are ordered as the bytes that they stand for.
pub(crate) fn compare_encoded(one: &str, other: &str) -> Ordering {
    let mut bytes = one.bytes().zip(other.bytes());
    match bytes.find(|(one, other)| one != other) {
        Some((one, other)) => (is_unreserved(one), one).cmp(&(is_unreserved(other), other)),
        None => one.len().cmp(&other.len()),
    }
}

/// The value of one hexadecimal digit, of either case.
fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

fn append(out: &mut String, text: &str, keep_slash: bool) {
    let bytes = text.as_bytes();
    let stays = |byte| is_unreserved(byte) | (keep_slash & (byte == b'/'));
    let (mut run, mut at) = (0, 0);
    loop {
        // Tokens have kilobytes, nearly all of which stay. No branches inside, so that the compiler
        // looks at all sixteen at once.
        while let Some(many) = bytes[at..].first_chunk::<16>()
            && many.iter().fold(true, |all, &byte| all & stays(byte))
        {
            at += many.len();
        }
        let Some(ahead) = bytes[at..].iter().position(|&byte| !stays(byte)) else {
            break;
        };
        at += ahead;
        // Only ASCII that stays lies between `run` and `at`, so this never cuts a character: inside
        // one, the run is empty.
        if run < at {
            out.push_str(&text[run..at]);
        }
        let byte = usize::from(bytes[at]);
        out.push('%');
        out.push(char::from(UPPER_HEX[byte >> 4]));
        out.push(char::from(UPPER_HEX[byte & 15]));
        at += 1;
        run = at;
    }
    if run < bytes.len() {
        out.push_str(&text[run..]);
    }
}

fn is_unreserved(byte: u8) -> bool {
    let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
    let is_digit = byte.wrapping_sub(b'0') < 10;
    is_letter | is_digit | (byte == b'-') | (byte == b'_') | (byte == b'.') | (byte == b'~')
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
        fn encoded_forms_are_compared_without_being_made(one in "[ -~\u{4e2d}]{0,4}", other in "[ -~\u{4e2d}]{0,4}") {
            prop_assert_eq!(compare_encoded(&one, &other), encode(&one).cmp(&encode(&other)));
        }

        #[test]
        fn long_texts_are_encoded_like_short_ones(parts in prop::collection::vec("[a-z/]{0,40}|.|[%~ ]", 0..9)) {
            let short = |encode: fn(&str) -> String, text: &str| -> String {
                text.chars().map(|c| encode(c.encode_utf8(&mut [0; 4]))).collect()
            };
            let text = parts.concat();
            prop_assert_eq!(encode(&text), short(encode, &text));
            prop_assert_eq!(encode_path(&text), short(encode_path, &text));
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
