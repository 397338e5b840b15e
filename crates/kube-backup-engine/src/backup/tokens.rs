//! Tokens that open a cluster are never packed: whoever reads a backup would hold them, and no restore needs
//! them.

use crate::kinds::Raw;
use crate::kinds::tokens::{BOOTSTRAP_TOKEN, TOKEN};
use crate::scan;

/// What of a Secret is packed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Packed {
    /// All of it.
    Whole,
    /// This, which lacks the token.
    Without(Vec<u8>),
    /// Nothing.
    Nothing,
}

/// Decides on a Secret by its type.
pub(super) fn packed(raw: &[u8]) -> Packed {
    use crate::kinds::document::Document as _;

    match Raw(raw).text_of("type").as_deref() {
        Some(BOOTSTRAP_TOKEN) => Packed::Nothing,
        // Its controller signs another one for the account of the target (kubernetes.io/docs, "Secret").
        Some(TOKEN) => match scan::without(raw, &["data"], b"token") {
            Some(rest) => Packed::Without(rest),
            None => Packed::Whole,
        },
        _ => Packed::Whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_left_out_and_nothing_else_is_touched() {
        let text = r#"{"metadata": {"name": "t"},  "data" : {"ca.crt":"Y2E=", "token" : "c2VjcmV0","extra":"e"},
            "type": "kubernetes.io/service-account-token"}"#;
        let rest = r#"{"metadata": {"name": "t"},  "data" : {"ca.crt":"Y2E=","extra":"e"},
            "type": "kubernetes.io/service-account-token"}"#;
        assert_eq!(packed(text.as_bytes()), Packed::Without(rest.into()));
        assert_eq!(packed(rest.as_bytes()), Packed::Whole);
        for (secret, expected) in [
            (
                r#"{"type":"bootstrap.kubernetes.io/token","data":{"token-id":"a"}}"#,
                Packed::Nothing,
            ),
            (r#"{"type":"Opaque","data":{"token":"a"}}"#, Packed::Whole),
            (
                r#"{"type":"kubernetes.io/service-account-token"}"#,
                Packed::Whole,
            ),
            (
                r#"{"type":"kubernetes.io/service-account-token","data":{"token":"a"}}"#,
                Packed::Without(
                    br#"{"type":"kubernetes.io/service-account-token","data":{}}"#.to_vec(),
                ),
            ),
        ] {
            assert_eq!(packed(secret.as_bytes()), expected, "{secret}");
        }
    }
}
