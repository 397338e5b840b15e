//! Keys that sign and keys that verify: Ed25519, as PEM.

use std::fmt;
use std::str::FromStr;

use ring::rand::SystemRandom;
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::{Digest, Error, Result};

/// What stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo (RFC 8410, §4).
const SPKI: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
const PRIVATE: &str = "PRIVATE KEY";
const PUBLIC: &str = "PUBLIC KEY";

/// A key that seals backups. It does not print itself.
///
/// Its file is PKCS#8 in PEM, as `openssl genpkey -algorithm ed25519` writes it, too.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl SigningKey {
    /// A new key, from the system's generator.
    ///
    /// # Errors
    /// [`ErrorKind::Internal`](crate::ErrorKind::Internal) when the system has no random bytes.
    pub fn generate() -> Result<Self> {
        let failed = |error: ring::error::Unspecified| {
            Error::internal("generate a key that seals backups", error.to_string())
        };
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(failed)?;
        Self::from_pkcs8(pkcs8.as_ref())
    }

    /// Reads a key from a PEM file's text.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`](crate::ErrorKind::Invalid) when it is no Ed25519 key in PKCS#8. The error holds
    /// nothing of the text.
    pub fn from_pem(text: &str) -> Result<Self> {
        let wanted =
            "read a key that seals backups: it takes an Ed25519 key, as PEM of a `PRIVATE KEY`";
        let pem = pem::parse(text).map_err(|_| Error::invalid(wanted))?;
        let (tag, der) = (pem.tag().to_owned(), Zeroizing::new(pem.into_contents()));
        if tag != PRIVATE {
            return Err(Error::invalid(wanted));
        }
        Self::from_pkcs8(&der)
    }

    fn from_pkcs8(der: &[u8]) -> Result<Self> {
        // Files of OpenSSL lack the public key, which is then computed.
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).map_err(|error| {
            Error::invalid("read a key that seals backups: it is no Ed25519 key in PKCS#8")
                .with_source(error.to_string())
        })?;
        Ok(Self {
            pair,
            pkcs8: Zeroizing::new(der.to_vec()),
        })
    }

    /// The text of its PEM file, to be kept secret.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let pem = pem::Pem::new(PRIVATE, self.pkcs8.as_slice());
        Zeroizing::new(encode(&pem))
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.pair.public_key().as_ref());
        VerifyingKey(bytes)
    }

    pub(super) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.pair.sign(bytes).as_ref().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying_key().id())
    }
}

/// The public half of a [`SigningKey`]. As text and in JSON it is PEM of a `PUBLIC KEY`, as `openssl pkey -pubout` writes it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// What the key is called in seals: the SHA-256 of its DER.
    #[must_use]
    pub fn id(&self) -> Digest {
        Digest::of(&self.der())
    }

    fn der(&self) -> Vec<u8> {
        [&SPKI[..], &self.0].concat()
    }

    pub(super) fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(bytes, signature).is_ok()
    }
}

fn encode(pem: &pem::Pem) -> String {
    let config = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(pem, config)
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encode(&pem::Pem::new(PUBLIC, self.der())))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.id())
    }
}

impl FromStr for VerifyingKey {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let found = pem::parse(text).ok();
        let key = found.filter(|pem| pem.tag() == PUBLIC).and_then(|pem| {
            let key = pem.contents().strip_prefix(&SPKI)?;
            key.try_into().ok()
        });
        key.map(Self).ok_or_else(|| {
            Error::invalid(
                "read a key that verifies seals: it takes an Ed25519 key, as PEM of a `PUBLIC KEY`",
            )
        })
    }
}

impl TryFrom<String> for VerifyingKey {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<VerifyingKey> for String {
    fn from(key: VerifyingKey) -> Self {
        key.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `openssl genpkey -algorithm ed25519`, and `openssl pkey -pubout` of it (OpenSSL 3).
    const OPENSSL: (&str, &str) = (
        include_str!("../../tests/fixtures/seal/key.pem"),
        include_str!("../../tests/fixtures/seal/public.pem"),
    );

    #[test]
    fn keys_of_openssl_are_read_and_written_as_it_writes_them() {
        let key = SigningKey::from_pem(OPENSSL.0).unwrap();
        assert_eq!(key.verifying_key().to_string(), OPENSSL.1);
        let read: VerifyingKey = OPENSSL.1.parse().unwrap();
        assert_eq!(read, key.verifying_key());
        assert_eq!(key.to_pem().as_str(), OPENSSL.0);
    }

    #[test]
    fn a_new_key_survives_its_file_and_shows_nothing() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::from_pem(&key.to_pem()).unwrap();
        assert_eq!(again.verifying_key(), key.verifying_key());
        assert!(key.verifying_key().verifies(b"a", &again.sign(b"a")));
        assert!(!key.verifying_key().verifies(b"b", &again.sign(b"a")));
        assert_eq!(
            format!("{key:?}"),
            format!("SigningKey({})", key.verifying_key().id())
        );
        assert_ne!(
            SigningKey::generate().unwrap().verifying_key(),
            key.verifying_key()
        );
    }

    #[test]
    fn other_keys_are_refused_without_being_shown() {
        let (private, public) = OPENSSL;
        for text in ["", "x", public, &private.replace("MC4C", "MC4D")] {
            let error = SigningKey::from_pem(text).unwrap_err();
            assert!(!error.chain().contains("MC4"), "{error}");
        }
        for text in ["", "x", private, &public.replace("MCow", "MCox")] {
            assert!(text.parse::<VerifyingKey>().is_err(), "{text}");
        }
    }
}
