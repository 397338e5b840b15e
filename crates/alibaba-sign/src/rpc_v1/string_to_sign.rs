//! The text that the secret signs.

use zeroize::Zeroizing;

use crate::Secret;
use crate::percent::encode_to;

pub(super) fn string_to_sign(method: &str, mut parameters: Vec<(&str, &str)>) -> String {
    parameters.sort_unstable();
    let mut canonical = String::with_capacity(256);
    for (name, value) in parameters {
        if !canonical.is_empty() {
            canonical.push('&');
        }
        encode_to(&mut canonical, name);
        canonical.push('=');
        encode_to(&mut canonical, value);
    }
    let mut out = String::with_capacity(method.len() + 5 + canonical.len() * 3 / 2);
    out.push_str(method);
    out.push_str("&%2F&");
    encode_to(&mut out, &canonical);
    out
}

/// The HMAC's key: the secret and `&`.
pub(super) fn key(secret: &Secret) -> Zeroizing<String> {
    let mut key = Zeroizing::new(String::with_capacity(secret.expose().len() + 1));
    key.push_str(secret.expose());
    key.push('&');
    key
}
