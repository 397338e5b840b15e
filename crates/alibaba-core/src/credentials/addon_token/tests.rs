use proptest::prelude::*;
use serde::Deserialize;

use super::*;

/// Made with pycryptodome 4.4.0 after the form that ACK's CSI driver reads.
const VECTORS: &str = include_str!("../../../tests/vectors/ack_addon_token.json");

#[derive(Deserialize)]
struct Vectors {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    input: Input,
    expected: Expected,
}

#[derive(Deserialize)]
struct Input {
    token_config: String,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Expected {
    Error {
        error: String,
    },
    Opened {
        access_key_id: String,
        access_key_secret: String,
        security_token: String,
        expiration: DateTime<Utc>,
    },
}

fn name(error: &AddonTokenError) -> &'static str {
    match error {
        AddonTokenError::Json(_) => "json",
        AddonTokenError::MissingField(_) => "missing_field",
        AddonTokenError::Expiration => "expiration",
        AddonTokenError::Keyring => "keyring",
        AddonTokenError::Base64(_) => "base64",
        AddonTokenError::Ciphertext(_) => "ciphertext",
        AddonTokenError::Padding(_) => "padding",
        AddonTokenError::Text(_) => "text",
        AddonTokenError::Remote { .. } => "remote",
    }
}

fn vectors() -> Vec<Case> {
    serde_json::from_str::<Vectors>(VECTORS).unwrap().cases
}

#[test]
fn every_vector() {
    let cases = vectors();
    assert_eq!(cases.len(), 15);
    for case in cases {
        let opened = AddonToken::parse(case.input.token_config.as_bytes());
        match case.expected {
            Expected::Error { error } => {
                assert_eq!(name(&opened.unwrap_err()), error, "{}", case.name);
            }
            Expected::Opened {
                access_key_id,
                access_key_secret,
                security_token,
                expiration,
            } => {
                let opened = opened.unwrap();
                assert_eq!(
                    opened.credentials.access_key_id, access_key_id,
                    "{}",
                    case.name
                );
                assert_eq!(
                    opened.credentials.access_key_secret.expose(),
                    access_key_secret
                );
                let token = opened.credentials.security_token.unwrap();
                assert_eq!(
                    (token.expose(), opened.expires_at),
                    (security_token.as_str(), expiration)
                );
            }
        }
    }
}

proptest! {
    #[test]
    fn any_damage_is_an_error_or_still_a_token(at in any::<prop::sample::Index>(), byte: u8) {
        let mut content = vectors()[0].input.token_config.clone().into_bytes();
        let at = at.index(content.len());
        content[at] = byte;
        let _ = AddonToken::parse(&content);
        let _ = AddonToken::parse(&content[..at]);
    }

    #[test]
    fn any_field_is_decrypted_or_refused(key in prop::collection::vec(any::<u8>(), 0..40), field in prop::collection::vec(any::<u8>(), 0..100)) {
        let field = base64::engine::general_purpose::STANDARD.encode(field);
        let _ = decrypt("f", &key, &field);
    }
}
