//! The signing key, derived once a day and kept as an HMAC that has already taken it in.

use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use super::SCOPE_END;
use super::scope::Scope;
use crate::secret::SecretIdentity;
use crate::{Secret, mac};

pub(super) type HmacSha256 = Hmac<Sha256>;

/// A rotation keeps two generations alive for a while, midnight two days: four would do.
const KEPT: usize = 8;

/// Derived keys by credential generation and day. Region and product are the signer's own.
///
/// An entry names its secret by identity, so the cache neither holds a secret longer than its owner
/// does, nor hashes it to find out whether it is the same.
#[derive(Clone, Default)]
pub(super) struct KeyCache(Arc<Mutex<Vec<Entry>>>);

struct Entry {
    secret: SecretIdentity,
    day: [u8; 8],
    /// Signs as the key does. Overwritten when it is dropped: hmac's and sha2's `zeroize` are on.
    midstate: HmacSha256,
}

impl KeyCache {
    /// The keyed HMAC for this secret and day.
    pub(super) fn keyed(&self, secret: &Secret, scope: &Scope<'_>) -> HmacSha256 {
        let day = scope.day;
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hit) = entries
            .iter()
            .find(|e| e.day == day.as_bytes() && e.secret.is(secret))
        {
            return hit.midstate.clone();
        }
        let midstate = mac::sha256(&*derive(secret, scope));
        entries.retain(|entry| !entry.secret.is_gone());
        if entries.len() == KEPT {
            entries.remove(0);
        }
        if let Ok(day) = day.as_bytes().try_into() {
            entries.push(Entry {
                secret: secret.identity(),
                day,
                midstate: midstate.clone(),
            });
        }
        midstate
    }
}

/// The key chain of signature version 4.
///
/// Each key of it could sign for what it was derived for, and is overwritten when the next is made.
pub(super) fn derive(secret: &Secret, scope: &Scope<'_>) -> Zeroizing<[u8; 32]> {
    let mut seed = Zeroizing::new(String::with_capacity(9 + secret.expose().len()));
    seed.push_str("aliyun_v4");
    seed.push_str(secret.expose());
    let step = |key: &[u8], part: &str| -> Zeroizing<[u8; 32]> {
        let mac = mac::sha256(key).chain_update(part.as_bytes());
        let mut made = mac.finalize().into_bytes();
        let key = Zeroizing::new(made.into());
        made.as_mut_slice().zeroize();
        key
    };
    let key = step(seed.as_bytes(), scope.day);
    let key = step(&*key, scope.region);
    let key = step(&*key, scope.product);
    step(&*key, SCOPE_END)
}
