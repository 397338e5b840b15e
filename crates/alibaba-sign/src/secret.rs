//! A string that does not print itself.

use std::fmt;
use std::sync::{Arc, Weak};

use zeroize::Zeroizing;

/// A secret string: an AccessKey secret, a security token, a derived key.
///
/// It never shows itself: `Debug` prints `Secret(***)` and there is no `Display`, so `derive(Debug)`
/// on what contains one is safe. The memory is overwritten when the last clone is dropped; clones
/// share one allocation.
///
/// ```
/// use alibaba_sign::Secret;
///
/// let secret = Secret::new("example-secret");
/// assert_eq!(format!("{secret:?}"), "Secret(***)");
/// assert_eq!(secret.expose(), "example-secret");
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

impl Secret {
    /// Wraps a secret value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(value.into())))
    }

    /// The value itself. Call it where the value is used, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Which secret this is, without holding it: the identity of the shared allocation.
    pub(crate) fn identity(&self) -> SecretIdentity {
        SecretIdentity(Arc::downgrade(&self.0))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self::new(value)
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self::new(value)
    }
}

/// Names one [`Secret`] and its clones. Keeps the allocation reserved but not the value alive, so
/// an identity can never be taken over by a later secret at the same address.
#[derive(Clone, Debug)]
pub(crate) struct SecretIdentity(Weak<Zeroizing<String>>);

impl SecretIdentity {
    pub(crate) fn is(&self, secret: &Secret) -> bool {
        std::ptr::eq(self.0.as_ptr(), Arc::as_ptr(&secret.0))
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}
