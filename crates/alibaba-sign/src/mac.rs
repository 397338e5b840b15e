//! Keyed hashes. HMAC takes keys of every length, so making one cannot fail.
#![expect(clippy::expect_used, reason = "HMAC takes keys of every length")]

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

const ANY_LENGTH: &str = "HMAC takes keys of every length";

pub(crate) fn sha256(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect(ANY_LENGTH)
}

/// A signature of the first generation: HMAC-SHA1, sent as base64.
pub(crate) struct Sha1Mac(Hmac<Sha1>);

impl Sha1Mac {
    pub(crate) fn new(key: &[u8], message: &[u8]) -> Self {
        let mac: Hmac<Sha1> = Hmac::new_from_slice(key).expect(ANY_LENGTH);
        Self(mac.chain_update(message))
    }

    pub(crate) fn into_base64(self) -> String {
        BASE64_STANDARD.encode(self.0.finalize().into_bytes())
    }

    /// Compares in constant time.
    pub(crate) fn is(self, signature: &[u8; 20]) -> bool {
        self.0.verify_slice(signature).is_ok()
    }
}

/// Reads the base64 of exactly 20 bytes.
pub(crate) fn read_sha1(text: &str) -> Option<[u8; 20]> {
    BASE64_STANDARD.decode(text).ok()?.try_into().ok()
}
