//! DSSE: a payload, its type, and signatures over both (`github.com/secure-systems-lab/dsse`, protocol.md and
//! envelope.md).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use serde::{Deserialize, Serialize};

use super::distrust::Distrust;
use super::key::{SigningKey, VerifyingKey};
use crate::{Digest, Error, Result};

/// An in-toto statement.
pub(super) const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// Signatures that are looked at.
const MAX_SIGNATURES: usize = 16;

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Envelope {
    payload_type: String,
    payload: String,
    signatures: Vec<Signature>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Signature {
    #[serde(default)]
    keyid: String,
    sig: String,
}

/// What is signed: type and payload with their lengths, so that neither can be taken for a part of the other.
fn pre_authentication(payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {PAYLOAD_TYPE} {} ",
        PAYLOAD_TYPE.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

/// Signs a payload; returns the envelope's file.
pub(super) fn sign(payload: &[u8], key: &SigningKey) -> Result<Vec<u8>> {
    let envelope = Envelope {
        payload_type: PAYLOAD_TYPE.to_owned(),
        payload: STANDARD.encode(payload),
        signatures: vec![Signature {
            keyid: key.verifying_key().id().to_string(),
            sig: STANDARD.encode(key.sign(&pre_authentication(payload))),
        }],
    };
    let mut bytes = serde_json::to_vec(&envelope)
        .map_err(|error| Error::internal("write the envelope of a seal", error))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The payload of an envelope that one of `keys` signed, and that key's id. Nothing of the payload is looked at before.
pub(super) fn open(bytes: &[u8], keys: &[VerifyingKey]) -> Result<(Vec<u8>, Digest), Distrust> {
    let malformed = |why: &str| Distrust::Malformed(why.to_owned());
    let envelope: Envelope = serde_json::from_slice(bytes)
        .map_err(|error| Distrust::Malformed(format!("it is no DSSE envelope ({error})")))?;
    if envelope.payload_type != PAYLOAD_TYPE {
        return Err(malformed("its payload is of another type"));
    }
    let payload =
        decode(&envelope.payload).ok_or_else(|| malformed("its payload is not in base64"))?;
    let signed = pre_authentication(&payload);
    let signatures = envelope.signatures.iter().take(MAX_SIGNATURES);
    let mut wrong = None;
    for Signature { keyid, sig } in signatures {
        let sig = decode(sig).ok_or_else(|| malformed("a signature is not in base64"))?;
        // The id only says which key to try first; it is not signed, and may be left out.
        for key in keys {
            let id = key.id();
            if !keyid.is_empty() && *keyid != id.to_string() {
                continue;
            }
            if key.verifies(&signed, &sig) {
                return Ok((payload, id));
            }
            wrong = Some(id);
        }
    }
    Err(match (wrong, envelope.signatures.first()) {
        (Some(key), _) => Distrust::BadSignature(key),
        (None, Some(first)) => Distrust::UnknownKey(first.keyid.chars().take(64).collect()),
        (None, None) => malformed("nobody signed it"),
    })
}

/// Verifiers take either alphabet (envelope.md).
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_signed_is_opened_with_the_right_key_and_no_other() {
        let (key, other) = (
            SigningKey::generate().unwrap(),
            SigningKey::generate().unwrap(),
        );
        let (right, wrong) = (key.verifying_key(), other.verifying_key());
        let bytes = sign(b"payload", &key).unwrap();
        let opened = open(&bytes, &[wrong, right]).unwrap();
        assert_eq!(opened, (b"payload".to_vec(), right.id()));
        let unknown = open(&bytes, &[wrong]).unwrap_err();
        assert_eq!(unknown, Distrust::UnknownKey(right.id().to_string()));

        let changed = |change: fn(&mut Envelope)| {
            let mut envelope: Envelope = serde_json::from_slice(&bytes).unwrap();
            change(&mut envelope);
            let bytes = serde_json::to_vec(&envelope).unwrap();
            open(&bytes, &[wrong, right])
        };
        let other_payload = changed(|envelope| envelope.payload = STANDARD.encode("Payload"));
        assert_eq!(
            other_payload.unwrap_err(),
            Distrust::BadSignature(right.id())
        );
        changed(|envelope| envelope.signatures[0].keyid.clear()).unwrap();
        changed(|envelope| {
            let sig = decode(&envelope.signatures[0].sig).unwrap();
            envelope.signatures[0].sig = URL_SAFE.encode(sig);
        })
        .unwrap();
        // Another signature, of whomever, takes nothing from the right one.
        changed(|envelope| {
            let sig = STANDARD.encode([0; 64]);
            let keyid = "somebody".to_owned();
            envelope.signatures.insert(0, Signature { keyid, sig });
        })
        .unwrap();
        for change in [
            (|envelope| envelope.payload_type = "text/plain".into()) as fn(&mut Envelope),
            |envelope| envelope.payload = "~".into(),
            |envelope| envelope.signatures[0].sig = "~".into(),
            |envelope| envelope.signatures.clear(),
        ] {
            assert!(matches!(changed(change), Err(Distrust::Malformed(_))));
        }
    }
}
