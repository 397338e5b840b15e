//! Credentials from the content of a Kubernetes Secret.

use alibaba_sign::Credentials;

use super::StaticProvider;
use crate::identity::{CredentialsError, CredentialsErrorKind};

const NAME: &str = "Kubernetes Secret";

/// The entry that holds the AccessKey id.
pub const ACCESS_KEY_ID: &str = "access-key-id";
/// The entry that holds the AccessKey secret.
pub const ACCESS_KEY_SECRET: &str = "access-key-secret";

/// The credentials in a Secret such as ACK's `alibaba-addon-secret`, given a way to look up its
/// entries (decoded, as clients hand them over).
///
/// White space around the values is dropped: it comes from `echo` and from files, and no key has it.
///
/// ```
/// use std::collections::BTreeMap;
/// use alibaba_core::credentials::from_secret_content;
///
/// let data = BTreeMap::from([
///     ("access-key-id", b"LTAI-example-id\n".to_vec()),
///     ("access-key-secret", b"example-secret".to_vec()),
/// ]);
/// let provider = from_secret_content(|entry| data.get(entry).map(Vec::as_slice))?;
/// # Ok::<(), alibaba_core::credentials::CredentialsError>(())
/// ```
///
/// # Errors
///
/// If an entry is missing, empty, not text, or cannot be a credential.
pub fn from_secret_content<'a>(
    entry: impl Fn(&str) -> Option<&'a [u8]>,
) -> Result<StaticProvider, CredentialsError> {
    let invalid = |step: String| CredentialsError::new(CredentialsErrorKind::Invalid, NAME, step);
    let text = |name: &str| {
        let bytes = entry(name).ok_or_else(|| invalid(format!("find its entry `{name}`")))?;
        let text = str::from_utf8(bytes)
            .map_err(|_| invalid(format!("read its entry `{name}`: it is not text")))?;
        match text.trim_ascii() {
            "" => Err(invalid(format!("read its entry `{name}`: it is empty"))),
            text => Ok(text.to_owned()),
        }
    };
    let (id, secret) = (text(ACCESS_KEY_ID)?, text(ACCESS_KEY_SECRET)?);
    StaticProvider::named(NAME, Credentials::new(id, secret))
}
