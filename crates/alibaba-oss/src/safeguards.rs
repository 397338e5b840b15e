//! What a client insists on in every call: the encryption of what it stores, and the owner of the
//! buckets it calls.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};

use crate::call::Call;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::operation::Operation;
use crate::operations::attributes::Encryption;
use crate::owner::ExpectedOwner;

/// The headers that ask for encryption, and say in the response what became of that.
const ALGORITHM: &str = "x-oss-server-side-encryption";
const KEY_ID: &str = "x-oss-server-side-encryption-key-id";

/// The call with the client's encryption, where it makes an object and asks for none itself.
pub(crate) fn encrypted(call: &Call, encryption: &Encryption) -> Option<Result<Call>> {
    if !call.makes_object() || call.headers.contains_key(ALGORITHM) {
        return None;
    }
    let headers: Vec<_> = encryption.headers().collect();
    Some(call.clone().headers(&headers))
}

/// That an object was encrypted as it was asked for. OSS says in its response how it did.
pub(crate) fn check_encryption(call: &Call, headers: &HeaderMap) -> Result<()> {
    let Some(asked) = call.headers.get(ALGORITHM).filter(|_| call.makes_object()) else {
        return Ok(());
    };
    let found = headers.get(ALGORITHM);
    let key = (call.headers.get(KEY_ID), headers.get(KEY_ID));
    let is_other_key = matches!(key, (Some(asked), Some(found)) if asked != found);
    if found == Some(asked) && !is_other_key {
        return Ok(());
    }
    let shown = |value: Option<&HeaderValue>| {
        let shown = value.and_then(|value| value.to_str().ok());
        shown.unwrap_or("none").to_owned()
    };
    let step = &call.step;
    let problem = match is_other_key {
        true => format!(
            "{step}: encryption with the key `{}` was asked for, and the response says `{}`",
            shown(key.0),
            shown(key.1)
        ),
        false => format!(
            "{step}: encryption by `{}` was asked for, and the response says `{}`; the object may be stored without it",
            shown(Some(asked)),
            shown(found)
        ),
    };
    Err(Error::new(ErrorKind::Response, problem))
}

impl Client {
    /// The same client, which has every object that it stores encrypted by OSS in this way, unless the
    /// call says otherwise: puts, appends, copies and uploads in parts. Each response is held to it: an
    /// object that OSS does not say to be encrypted so is an error.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use alibaba_oss::Encryption;
    ///
    /// let client = client.with_encryption(Encryption::Kms { key_id: None });
    /// client.put_object("backups", "secrets.json", "{}").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn with_encryption(mut self, encryption: Encryption) -> Self {
        self.encryption = Some(Arc::new(encryption));
        self
    }

    /// The same client, which calls only buckets of this account. Names of buckets are global: one that
    /// was deleted can be taken by anybody, who would then be sent what was meant for it.
    ///
    /// The owner is asked for before the first call on a bucket, and again after five minutes, by
    /// GetBucketInfo (`oss:GetBucketInfo`). Where it is another's, or cannot be asked for, calls fail with
    /// [`ErrorKind::Denied`] and nothing is sent. The id is that of
    /// [`BucketInfo::owner_id`](crate::BucketInfo::owner_id).
    #[must_use]
    pub fn with_expected_owner(mut self, account_id: impl Into<String>) -> Self {
        self.owner = Some(Arc::new(ExpectedOwner::new(account_id.into())));
        self
    }

    /// The call as it is to be sent, once the bucket was found to be whose it is said to be.
    pub(crate) async fn guarded(&self, call: &Call) -> Result<Option<Call>> {
        if let (Some(owner), Some(bucket)) = (&self.owner, &call.bucket)
            && !call.is(&Operation::GET_BUCKET_INFO)
        {
            // Boxed, since this is itself a call.
            Box::pin(self.expect_owner(owner, bucket, &call.step)).await?;
        }
        let encryption = self.encryption.as_deref();
        encryption
            .and_then(|encryption| encrypted(call, encryption))
            .transpose()
    }

    async fn expect_owner(&self, owner: &ExpectedOwner, bucket: &str, step: &str) -> Result<()> {
        let now = self.clock().local().now();
        if owner.is_known(bucket, now) {
            return Ok(());
        }
        let info = self.bucket_info(bucket).await.map_err(|error| {
            let kind = error.kind();
            let text = match kind {
                ErrorKind::Denied => format!(
                    "{step}: learn who owns `{bucket}`, which the expected owner needs the action `oss:GetBucketInfo` for"
                ),
                _ => format!("{step}: learn who owns `{bucket}`"),
            };
            Error::new(kind, text).with_source(error)
        })?;
        if info.owner_id != owner.id() {
            let text = format!(
                "{step}: `{bucket}` belongs to the account `{}`, and not to `{}` as is expected",
                info.owner_id,
                owner.id()
            );
            return Err(Error::new(ErrorKind::Denied, text));
        }
        owner.learn(bucket, now);
        Ok(())
    }
}
