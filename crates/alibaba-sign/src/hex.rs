//! Lower-case hexadecimal.

use crate::percent::hex_digit;

const LOWER_HEX: &[u8; 16] = b"0123456789abcdef";

/// Appends the digits of `bytes`.
pub(crate) fn push(out: &mut String, bytes: &[u8]) {
    for byte in bytes {
        out.push(char::from(LOWER_HEX[usize::from(byte >> 4)]));
        out.push(char::from(LOWER_HEX[usize::from(byte & 15)]));
    }
}

/// Reads exactly 32 bytes, in digits of either case.
pub(crate) fn read_32(text: &str) -> Option<[u8; 32]> {
    let digits: &[u8; 64] = text.as_bytes().try_into().ok()?;
    let mut out = [0; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
    }
    Some(out)
}
