//! Uploads from a browser's form.

use std::fmt;
use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::call::Call;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::operation::Operation;

/// What a form upload may be, under construction. See [`Client::post_policy`].
#[derive(Clone, Debug)]
#[must_use]
pub struct PostPolicy {
    client: Client,
    bucket: String,
    fields: Vec<(String, String)>,
    conditions: Vec<Value>,
}

/// A form that uploads one file, for whoever is given it.
#[derive(Clone)]
#[non_exhaustive]
pub struct PostForm {
    /// Where to send it, by POST as `multipart/form-data`.
    pub url: String,
    /// The fields with their values, to be sent before the field `file`, which comes last. Where
    /// only the beginning of the key is given, the field `key` has to be completed.
    pub fields: Vec<(String, String)>,
    /// When OSS will refuse it.
    pub expires_at: DateTime<Utc>,
}

/// Prints the fields without their values, most of which are secrets or derived of them.
impl fmt::Debug for PostForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("PostForm")
            .field("url", &self.url)
            .field("fields", &names)
            .field("expires_at", &self.expires_at)
            .finish()
    }
}

impl Client {
    /// A form by which a browser uploads a file into the bucket, without credentials of its own.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let form = client
    ///     .post_policy("uploads")
    ///     .key_prefix("users/42/")
    ///     .content_length(1..=10_000_000)
    ///     .field("success_action_status", "201")
    ///     .sign(Duration::from_secs(600))
    ///     .await?;
    /// for (name, value) in &form.fields {
    ///     println!("<input type=\"hidden\" name=\"{name}\" value=\"{value}\">");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn post_policy(&self, bucket: impl Into<String>) -> PostPolicy {
        PostPolicy {
            client: self.clone(),
            bucket: bucket.into(),
            fields: Vec::new(),
            conditions: Vec::new(),
        }
    }
}

impl PostPolicy {
    /// The key of the object, exactly.
    pub fn key(self, key: impl Into<String>) -> Self {
        self.field("key", key)
    }

    /// What the key begins with. `${filename}` after it stands for the name of the file, unless
    /// the sender of the form puts something else there.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        let prefix = prefix.into();
        self.conditions
            .push(json!(["starts-with", "$key", &prefix]));
        self.fields
            .push(("key".to_owned(), format!("{prefix}${{filename}}")));
        self
    }

    /// How long the file may be.
    pub fn content_length(mut self, bytes: RangeInclusive<u64>) -> Self {
        let (least, most) = (bytes.start(), bytes.end());
        self.conditions
            .push(json!(["content-length-range", least, most]));
        self
    }

    /// A field and the value that it must have, such as `content-type`, `success_action_status`,
    /// `x-oss-forbid-overwrite` or `x-oss-meta-name`.
    pub fn field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.conditions
            .push(json!(["eq", format!("${name}"), &value]));
        self.fields.push((name, value));
        self
    }

    /// A further condition, as OSS documents them for the policy of PostObject, such as
    /// `["in", "$content-type", ["image/png", "image/jpeg"]]`.
    pub fn condition(mut self, condition: Value) -> Self {
        self.conditions.push(condition);
        self
    }

    /// The form, good for this long.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Credentials`] where there are none, [`ErrorKind::Configuration`] where neither
    /// key nor prefix is given.
    pub async fn sign(self, expires: Duration) -> Result<PostForm> {
        let step = format!("sign a form that uploads into `{}`", self.bucket);
        if !self.fields.iter().any(|(name, _)| name == "key") {
            let text = format!("{step}: without a key anything could be overwritten; give one");
            return Err(Error::new(ErrorKind::Configuration, text));
        }
        let call = Call::new(Operation::POST_OBJECT, step).bucket(&self.bucket);
        let identity = self.client.identity(&call.step).await?;
        let now = self.client.clock().now_for_presigning();
        let asked = now + expires;
        let expires_at = identity.expires_at.map_or(asked, |token| token.min(asked));
        let signer = self.client.signer();
        let mut conditions = vec![json!({ "bucket": self.bucket })];
        conditions.extend(signer.form_conditions(&identity.credentials, now));
        conditions.extend(self.conditions);
        let policy = json!({
            "expiration": expires_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "conditions": conditions,
        });
        let own = signer.form_fields(&identity.credentials, now, &policy.to_string());
        Ok(PostForm {
            url: self.client.address(&call)?.to_string(),
            fields: self.fields.into_iter().chain(own).collect(),
            expires_at,
        })
    }
}
