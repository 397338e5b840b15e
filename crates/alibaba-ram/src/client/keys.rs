//! AccessKeys.

use alibaba_core::Secret;
use alibaba_core::openapi::{Acknowledged, read};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::connect::Client;
use super::names::{AccessKeyId, UserName};

alibaba_core::words! {
    /// Whether an AccessKey can sign.
    AccessKeyStatus {
        /// It can.
        Active = "Active",
        /// It cannot: calls fail with `InvalidAccessKeyId.Inactive`.
        Inactive = "Inactive",
    }
}

alibaba_core::operations! {
    impl Client;
    /// The operations on AccessKeys.
    pub(super) const OPERATIONS;

    /// Creates an AccessKey, which acts with all rights of its user.
    ///
    /// Its secret is in this response and never again. A user has up to two keys
    /// (`LimitExceeded.User.AccessKey`). Needs `ram:CreateAccessKey` on
    /// `acs:ram:*:<account>:user/<name>`. **Never repeat it blindly**: a lost response leaves a key
    /// whose secret nobody knows. List the keys then, and delete the one that is new.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// let key = ram.create_access_key().user_name("backup").send().await?.access_key;
    /// let secret: alibaba_core::Secret = key.secret;
    /// # let _ = secret;
    /// # Ok(())
    /// # }
    /// ```
    fn create_access_key = CreateAccessKey() -> AccessKeyResponse {
        /// Whose key it is; the caller's, if this is not set.
        user_name: UserName = "UserName";
    }

    /// Deletes an AccessKey, which no longer signs from then on.
    ///
    /// Needs `ram:DeleteAccessKey` on `acs:ram:*:<account>:user/<name>`. It is repeated after a
    /// broken connection, and may then fail with `EntityNotExist.User.AccessKey`, which says that it
    /// is done.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// ram.delete_access_key("LTAI-example-id").user_name("backup").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_access_key = DeleteAccessKey(id: AccessKeyId = "UserAccessKeyId") -> Acknowledged [idempotent] {
        /// Whose key it is; the caller's, if this is not set.
        user_name: UserName = "UserName";
    }

    /// Lists the AccessKeys of a user, without their secrets.
    ///
    /// Needs `ram:ListAccessKeys` on `acs:ram:*:<account>:user/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// for key in ram.list_access_keys().user_name("backup").send().await?.access_keys {
    ///     println!("{} is {}", key.id, key.status);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn list_access_keys = ListAccessKeys() -> AccessKeyList {
        /// Whose keys; the caller's, if this is not set.
        user_name: UserName = "UserName";
    }

    /// Lets an AccessKey sign, or keeps it from signing until further notice.
    ///
    /// Needs `ram:UpdateAccessKey` on `acs:ram:*:<account>:user/<name>`. The same call again has the
    /// same effect, and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::AccessKeyStatus;
    ///
    /// let call = ram.update_access_key("LTAI-example-id", AccessKeyStatus::Inactive);
    /// call.user_name("backup").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn update_access_key = UpdateAccessKey(
        id: AccessKeyId = "UserAccessKeyId",
        status: AccessKeyStatus = "Status",
    ) -> Acknowledged [idempotent] {
        /// Whose key it is; the caller's, if this is not set.
        user_name: UserName = "UserName";
    }

    /// Says when an AccessKey was last used.
    ///
    /// Needs `ram:GetAccessKeyLastUsed` on `acs:ram:*:<account>:user/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// let call = ram.get_access_key_last_used("LTAI-example-id").user_name("backup");
    /// println!("{:?}", call.send().await?.last_used.at);
    /// # Ok(())
    /// # }
    /// ```
    fn get_access_key_last_used = GetAccessKeyLastUsed(id: AccessKeyId = "UserAccessKeyId") -> AccessKeyLastUsedResponse {
        /// Whose key it is.
        user_name: UserName = "UserName";
    }
}

/// A new AccessKey.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct NewAccessKey {
    /// The id.
    #[serde(rename = "AccessKeyId")]
    pub id: AccessKeyId,
    /// What it signs with.
    #[serde(rename = "AccessKeySecret", deserialize_with = "read::secret")]
    pub secret: Secret,
    /// Whether it can sign.
    pub status: AccessKeyStatus,
    /// When it was made.
    #[serde(default, rename = "CreateDate", deserialize_with = "read::time")]
    pub created_at: Option<DateTime<Utc>>,
}

/// The new AccessKey.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AccessKeyResponse {
    /// What support asks for.
    pub request_id: String,
    /// The key.
    pub access_key: NewAccessKey,
}

/// An AccessKey, without its secret.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AccessKey {
    /// The id.
    #[serde(rename = "AccessKeyId")]
    pub id: AccessKeyId,
    /// Whether it can sign.
    pub status: AccessKeyStatus,
    /// When it was made.
    #[serde(default, rename = "CreateDate", deserialize_with = "read::time")]
    pub created_at: Option<DateTime<Utc>>,
}

/// The AccessKeys of a user.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AccessKeyList {
    /// What support asks for.
    pub request_id: String,
    /// The keys.
    #[serde(default, deserialize_with = "read::nested")]
    pub access_keys: Vec<AccessKey>,
}

/// When an AccessKey was last used.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AccessKeyLastUsed {
    /// When; none, if it never was.
    #[serde(default, rename = "LastUsedDate", deserialize_with = "read::time")]
    pub at: Option<DateTime<Utc>>,
}

/// When an AccessKey was last used.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AccessKeyLastUsedResponse {
    /// What support asks for.
    pub request_id: String,
    /// The last use.
    #[serde(rename = "AccessKeyLastUsed")]
    pub last_used: AccessKeyLastUsed,
}
