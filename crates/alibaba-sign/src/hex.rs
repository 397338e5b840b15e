//! Lower-case hexadecimal.

/// The digits of a hash.
#[derive(Clone, Copy)]
pub(crate) struct Hex32([u8; 64]);

impl Hex32 {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        let mut out = [0; 64];
        // Twice as many digits as bytes: there is room.
        let _digits = base16ct::lower::encode(bytes, &mut out);
        Self(out)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(crate) fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// Reads exactly 32 bytes, in digits of either case.
pub(crate) fn read_32(text: &str) -> Option<[u8; 32]> {
    let mut out = [0; 32];
    let read = base16ct::mixed::decode(text, &mut out).ok()?.len();
    (read == out.len()).then_some(out)
}
