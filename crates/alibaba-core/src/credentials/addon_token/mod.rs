//! Credentials from the token file that ACK mounts into the add-ons of managed clusters.

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Arc;

use aes::cipher::block_padding::Pkcs7;
use aes::cipher::{BlockModeDecrypt as _, KeyIvInit as _};
use alibaba_sign::{Credentials, Secret};
use base64::Engine as _;
use chrono::{DateTime, Utc};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde::Deserialize;

use crate::Context;
use crate::credentials::config_file::ConfigFile;
use crate::credentials::document::json_place;
use crate::identity::{CredentialsError, CredentialsErrorKind, Identity, ProvideCredentials};

const NAME: &str = "ACK add-on token";
const PATH_VARIABLE: &str = "ALIBABA_CLOUD_ACK_ADDON_TOKEN_PATH";
const DEFAULT_PATH: &str = "/var/addon/token-config";
const BLOCK: usize = 16;

/// Reads `/var/addon/token-config`, or the file that `ALIBABA_CLOUD_ACK_ADDON_TOKEN_PATH` names: the
/// entry `addon.token.config` of a Secret such as `addon.csi.token`.
///
/// ACK replaces the file's content before it expires. Wrap this in a [cache](super::CachedProvider):
/// each `provide` reads and decrypts the file.
#[derive(Clone, Debug)]
pub struct AddonTokenProvider {
    file: ConfigFile,
}

impl AddonTokenProvider {
    /// The file where ACK mounts it.
    #[must_use]
    pub fn new(context: &Context) -> Self {
        Self {
            file: ConfigFile {
                context: context.clone(),
                provider: NAME,
                path: None,
                variable: PATH_VARIABLE,
            },
        }
    }

    /// This file.
    #[must_use]
    pub fn with_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.file.path = Some(path.into());
        self
    }

    async fn read(&self) -> Result<Identity, CredentialsError> {
        let (path, content) = self.file.read(vec![DEFAULT_PATH.into()]).await?;
        let token = AddonToken::parse(&content).map_err(|error| {
            let kind = match error {
                AddonTokenError::Remote { .. } => CredentialsErrorKind::Refused,
                _ => CredentialsErrorKind::Invalid,
            };
            let step = format!("open the token file `{}`", path.display());
            CredentialsError::new(kind, NAME, step).with_source(error)
        })?;
        let now = self.file.context.clock.now();
        if token.expires_at <= now {
            let step = format!(
                "use the token file `{}`: it expired at `{}` and ACK has not replaced it",
                path.display(),
                token.expires_at
            );
            return Err(CredentialsError::new(
                CredentialsErrorKind::Expired,
                NAME,
                step,
            ));
        }
        Identity::new(NAME, token.credentials, Some(token.expires_at))
    }
}

impl ProvideCredentials for AddonTokenProvider {
    fn name(&self) -> &'static str {
        NAME
    }

    fn provide(&self) -> BoxFuture<'_, Result<Arc<Identity>, CredentialsError>> {
        async move { self.read().await.map(Arc::new) }.boxed()
    }
}

/// The content of a token file, opened.
///
/// Its fields are encrypted with a key that is in the same file, so whoever reads the file has the
/// credentials: never log it.
#[derive(Clone, Debug)]
pub struct AddonToken {
    /// What to sign with.
    pub credentials: Credentials,
    /// Until when.
    pub expires_at: DateTime<Utc>,
}

/// Why a token file cannot be opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddonTokenError {
    /// It is not the JSON document that it should be.
    #[error("parse it as JSON: {0}")]
    Json(String),
    /// A field is missing.
    #[error("find its field `{0}`")]
    MissingField(&'static str),
    /// The expiration is not a time.
    #[error("read its `expiration`: expected such as `2026-01-15T09:30:00Z`")]
    Expiration,
    /// The key's length is not one of AES's.
    #[error("use its `keyring`: expected 16, 24 or 32 bytes")]
    Keyring,
    /// A field is not Base64.
    #[error("decode its `{0}` as Base64")]
    Base64(&'static str),
    /// A field is shorter than an initialisation vector and one block, or not in whole blocks.
    #[error("decrypt its `{0}`: it is cut short")]
    Ciphertext(&'static str),
    /// A field does not end as it should: the key is another's, or the field is damaged.
    #[error("decrypt its `{0}`: the padding is wrong")]
    Padding(&'static str),
    /// A field is not text once decrypted.
    #[error("decrypt its `{0}`: the result is not text")]
    Text(&'static str),
    /// ACK could not get the credentials, and left its reason here instead.
    #[error(
        "ACK could not assume the role `{role}`: `{code}`: {message}; authorise the role in the ACK console"
    )]
    Remote {
        /// The role.
        role: String,
        /// RAM's code.
        code: String,
        /// RAM's words.
        message: String,
    },
}

#[derive(Deserialize)]
struct Document {
    #[serde(rename = "access.key.id")]
    id: Option<String>,
    #[serde(rename = "access.key.secret")]
    secret: Option<String>,
    #[serde(rename = "security.token")]
    token: Option<String>,
    expiration: Option<String>,
    keyring: Option<String>,
    error: Option<RemoteError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct RemoteError {
    role_name: String,
    code: String,
    message: String,
}

impl AddonToken {
    /// Opens a token file's content.
    ///
    /// # Errors
    ///
    /// If it is damaged, or has ACK's report of a failure in it. Never panics, whatever the input.
    pub fn parse(content: &[u8]) -> Result<Self, AddonTokenError> {
        use AddonTokenError::MissingField;
        let document: Document = serde_json::from_slice(content)
            .map_err(|error| AddonTokenError::Json(json_place(&error)))?;
        if let Some(error) = document.error {
            let short = |text: String| text.chars().take(300).collect();
            return Err(AddonTokenError::Remote {
                role: short(error.role_name),
                code: short(error.code),
                message: short(error.message),
            });
        }
        let keyring = Secret::new(document.keyring.ok_or(MissingField("keyring"))?);
        let open = |name, field: Option<String>| {
            decrypt(
                name,
                keyring.expose().as_bytes(),
                &field.ok_or(MissingField(name))?,
            )
        };
        let credentials = Credentials::new(
            open("access.key.id", document.id)?,
            open("access.key.secret", document.secret)?,
        )
        .with_security_token(open("security.token", document.token)?);
        let expires_at = document.expiration.ok_or(MissingField("expiration"))?;
        let expires_at = expires_at
            .parse()
            .map_err(|_| AddonTokenError::Expiration)?;
        Ok(Self {
            credentials,
            expires_at,
        })
    }
}

/// Decrypts `base64(iv[16] + AES-CBC)`, padded by PKCS#7.
fn decrypt(name: &'static str, key: &[u8], field: &str) -> Result<String, AddonTokenError> {
    let sealed = base64::engine::general_purpose::STANDARD
        .decode(field)
        .map_err(|_| AddonTokenError::Base64(name))?;
    let (iv, blocks) = sealed
        .split_at_checked(BLOCK)
        .ok_or(AddonTokenError::Ciphertext(name))?;
    if blocks.is_empty() || blocks.len() % BLOCK != 0 {
        return Err(AddonTokenError::Ciphertext(name));
    }
    let keyring = |_| AddonTokenError::Keyring;
    let padding = |_| AddonTokenError::Padding(name);
    let opened = match key.len() {
        16 => cbc::Decryptor::<aes::Aes128>::new_from_slices(key, iv)
            .map_err(keyring)?
            .decrypt_padded_vec::<Pkcs7>(blocks)
            .map_err(padding)?,
        24 => cbc::Decryptor::<aes::Aes192>::new_from_slices(key, iv)
            .map_err(keyring)?
            .decrypt_padded_vec::<Pkcs7>(blocks)
            .map_err(padding)?,
        32 => cbc::Decryptor::<aes::Aes256>::new_from_slices(key, iv)
            .map_err(keyring)?
            .decrypt_padded_vec::<Pkcs7>(blocks)
            .map_err(padding)?,
        _ => return Err(AddonTokenError::Keyring),
    };
    String::from_utf8(opened).map_err(|_| AddonTokenError::Text(name))
}
