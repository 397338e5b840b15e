//! Percent-encoding, both ways.

use alibaba_sign::percent::{decode, encode, encode_path};

/// Any text: decoding never panics, undoes encoding, and is stable.
pub fn percent(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let is_clean = |encoded: &str, kept: &str| {
        encoded
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || kept.as_bytes().contains(&b))
    };
    let (value, path) = (encode(text), encode_path(text));
    assert!(is_clean(&value, "-_.~%"), "{value}");
    assert!(is_clean(&path, "-_.~%/"), "{path}");
    assert_eq!(decode(&value).as_deref(), Some(text));
    assert_eq!(decode(&path).as_deref(), Some(text));
    if let Some(decoded) = decode(text) {
        assert_eq!(decode(&encode(&decoded)), Some(decoded));
    }
}
