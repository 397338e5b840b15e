//! Lifecycle rules of buckets: what OSS deletes, moves and aborts by itself.

mod document;
mod rule;

pub use rule::{Due, Expiration, LifecycleRule, NoncurrentTransition, Transition};

use crate::call::Call;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::xml;

/// A PutBucketLifecycle under construction. See [`Client::put_bucket_lifecycle`].
#[derive(Clone, Debug)]
#[must_use]
pub struct PutBucketLifecycle {
    client: Client,
    bucket: String,
    rules: Vec<LifecycleRule>,
    allow_overlap: bool,
}

impl Client {
    /// The lifecycle rules of a bucket; none where none were ever put.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// for rule in client.bucket_lifecycle("backups").await? {
    ///     println!("{:?}: {:?} under `{}`", rule.id, rule.expiration, rule.prefix);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such bucket,
    /// [`Denied`](crate::ErrorKind::Denied) without the action `oss:GetBucketLifecycle`.
    pub async fn bucket_lifecycle(&self, bucket: &str) -> Result<Vec<LifecycleRule>> {
        let step = format!("read the lifecycle rules of `{bucket}`");
        let call = Call::new(Operation::GET_BUCKET_LIFECYCLE, step).bucket(bucket);
        let read = self.attempt_all(&call, |reply| async {
            let (_, body) = self.whole(&call, reply).await?;
            let text = xml::text_of(&call.step, document::ROOT, &body)?;
            document::read(text).ok_or_else(|| call.misread("the rules"))
        });
        match read.await {
            Err(error) if error.is_unset() => Ok(Vec::new()),
            read => read,
        }
    }

    /// Puts these rules in the place of **all** that a bucket has. To add one, read the others
    /// first.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// use alibaba_oss::{Due, LifecycleRule};
    ///
    /// let mut rules = client.bucket_lifecycle("backups").await?;
    /// let mut abort = LifecycleRule::new("");
    /// abort.id = Some("abort-stale-uploads".to_owned());
    /// abort.abort_uploads = Some(Due::Days(7));
    /// rules.retain(|rule| rule.id != abort.id);
    /// rules.push(abort);
    /// client.put_bucket_lifecycle("backups", rules).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn put_bucket_lifecycle(
        &self,
        bucket: impl Into<String>,
        rules: impl IntoIterator<Item = LifecycleRule>,
    ) -> PutBucketLifecycle {
        PutBucketLifecycle {
            client: self.clone(),
            bucket: bucket.into(),
            rules: rules.into_iter().collect(),
            allow_overlap: false,
        }
    }

    /// Removes all lifecycle rules of a bucket.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// client.delete_bucket_lifecycle("backups").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such bucket.
    pub async fn delete_bucket_lifecycle(&self, bucket: &str) -> Result<()> {
        let step = format!("remove the lifecycle rules of `{bucket}`");
        let call = Call::new(Operation::DELETE_BUCKET_LIFECYCLE, step).bucket(bucket);
        self.execute(&call).await.map(drop)
    }
}

impl PutBucketLifecycle {
    /// Takes rules whose prefixes overlap, which OSS refuses otherwise.
    pub fn allow_overlap(mut self, allow: bool) -> Self {
        self.allow_overlap = allow;
        self
    }

    /// Sends it.
    ///
    /// # Errors
    ///
    /// [`Refused`](crate::ErrorKind::Refused) for rules that do nothing, or more than 1000.
    pub async fn send(self) -> Result<()> {
        let step = format!(
            "put {} lifecycle rules for `{}`",
            self.rules.len(),
            self.bucket
        );
        let call = Call::new(Operation::PUT_BUCKET_LIFECYCLE, step)
            .bucket(&self.bucket)
            .switch("x-oss-allow-same-action-overlap", self.allow_overlap)
            .payload(document::write(&self.rules).into());
        self.client.execute(&call).await.map(drop)
    }
}
