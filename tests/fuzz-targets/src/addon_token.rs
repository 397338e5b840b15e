//! The token file of ACK's add-ons.

use alibaba_core::credentials::{AddonToken, AddonTokenProvider};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::json;

use crate::world::{FILE, ask, world};

/// A file of these bytes, and one in the right form around them: a key of a length that they choose,
/// and ciphertexts that they are.
pub fn addon_token(input: &[u8]) {
    ask(
        &AddonTokenProvider::new(&world(input, b"")).with_path(FILE),
        false,
    );

    let Some((&choice, sealed)) = input.split_first() else {
        return;
    };
    let keyring = "k".repeat([16, 24, 32, usize::from(choice)][usize::from(choice % 4)]);
    let field = BASE64_STANDARD.encode(sealed);
    let document = json!({
        "access.key.id": field,
        "access.key.secret": field,
        "security.token": field,
        "expiration": "2026-01-15T09:30:00Z",
        "keyring": keyring,
    });
    if let Ok(token) = AddonToken::parse(document.to_string().as_bytes()) {
        // Whatever opens was padded: shorter than what was sealed, without its vector.
        assert!(token.credentials.access_key_id.len() + 16 < sealed.len());
    }
}
