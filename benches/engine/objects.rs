//! The objects: mostly small ConfigMaps and Secrets, and here and there a Secret as large as the
//! API server takes them.

use std::fmt::Write as _;

/// Every fourth object is a Secret, and one in a thousand is large.
const LARGE_EVERY: usize = 1000;

/// What the API server takes as a Secret's data, after base64 (core validation, MaxSecretSize).
const LARGE: usize = 1 << 20;

/// The kind's plural, and the body of a create request.
pub(crate) fn object(number: usize) -> (&'static str, Vec<u8>) {
    if number % LARGE_EVERY == LARGE_EVERY / 2 {
        return ("secrets", secret(number, LARGE));
    }
    if number % 4 == 1 {
        return ("secrets", secret(number, 1500));
    }
    ("configmaps", config_map(number))
}

/// Configuration as people write it: it compresses well.
fn config_map(number: usize) -> Vec<u8> {
    let mut lines = String::new();
    for line in 0..40 {
        let _ = write!(
            lines,
            "shop.service-{number}.setting-{line}=value {}\\n",
            number * 31 + line * 7
        );
    }
    format!(
        "{{\"metadata\":{{\"name\":\"config-{number}\",\"labels\":{{\"app\":\"shop\",\
         \"part\":\"{}\"}}}},\"data\":{{\"shop.properties\":\"{lines}\"}}}}",
        number % 17
    )
    .into_bytes()
}

/// Keys and Helm releases: they do not compress.
fn secret(number: usize, len: usize) -> Vec<u8> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let head = format!(
        "{{\"metadata\":{{\"name\":\"secret-{number}\",\"labels\":{{\"app\":\"shop\"}}}},\
         \"data\":{{\"key\":\""
    );
    let mut body = head.into_bytes();
    let mut state = number as u64 | 1 << 40;
    // Three bytes are four letters; a whole number of those needs no padding.
    for _ in 0..len / 3 * 4 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        body.push(ALPHABET[(state >> 32) as usize % 64]);
    }
    body.extend_from_slice(b"\"}}");
    body
}
