//! Lifecycle rules of buckets: what OSS deletes, moves and aborts by itself.

mod document;

use chrono::{DateTime, Utc};
use http::{HeaderValue, Method};

use super::attributes::StorageClass;
use super::is_unset;
use crate::client::{Call, Client};
use crate::error::Result;
use crate::xml::{self, Element};

/// A lifecycle rule.
///
/// What a rule that was read has beside these fields (filters, access times) is kept as it is
/// written, and goes back with it: reading all rules, changing one and putting them loses nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LifecycleRule {
    /// Its name, unique in the bucket; OSS gives one where none is given.
    pub id: Option<String>,
    /// Only keys that begin so; empty for all.
    pub prefix: String,
    /// Only objects with these tags.
    pub tags: Vec<(String, String)>,
    /// Whether it is carried out.
    pub enabled: bool,
    /// When objects are deleted.
    pub expiration: Option<Expiration>,
    /// When objects change their class.
    pub transitions: Vec<Transition>,
    /// When uploads are aborted that were not completed.
    pub abort_uploads: Option<Due>,
    /// So many days after they were overwritten or deleted, versions are deleted for good.
    pub noncurrent_expiration_days: Option<u32>,
    /// When versions that were overwritten or deleted change their class.
    pub noncurrent_transitions: Vec<NoncurrentTransition>,
    /// Elements that are not known here, as they were read.
    other: String,
}

/// When something is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Due {
    /// So many days after the last modification, or the beginning of an upload.
    Days(u32),
    /// At once for what was last modified before this day, which has to begin at midnight UTC.
    CreatedBefore(DateTime<Utc>),
}

/// What is deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Expiration {
    /// Objects, when they are due.
    Objects(Due),
    /// Delete markers behind which no version is left.
    OrphanedDeleteMarkers,
}

/// What changes its class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
    /// When.
    pub due: Due,
    /// Into which class.
    pub storage_class: StorageClass,
}

/// Which versions change their class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoncurrentTransition {
    /// So many days after they were overwritten or deleted.
    pub days: u32,
    /// Into which class.
    pub storage_class: StorageClass,
}

/// A PutBucketLifecycle under construction. See [`Client::put_bucket_lifecycle`].
#[derive(Clone, Debug)]
#[must_use]
pub struct PutBucketLifecycle {
    client: Client,
    bucket: String,
    rules: Vec<LifecycleRule>,
    allow_overlap: bool,
}

impl LifecycleRule {
    /// A rule for keys that begin so, carried out once it says what to do.
    ///
    /// ```
    /// use alibaba_oss::{Due, Expiration, LifecycleRule};
    ///
    /// let mut rule = LifecycleRule::new("nightly/");
    /// rule.id = Some("forget-nightly".to_owned());
    /// rule.expiration = Some(Expiration::Objects(Due::Days(30)));
    /// rule.abort_uploads = Some(Due::Days(7));
    /// ```
    #[must_use]
    pub fn new(prefix: impl Into<String>) -> Self {
        Self {
            prefix: prefix.into(),
            enabled: true,
            ..Self::default()
        }
    }
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
        let call = Call::new(Method::GET, step)
            .bucket(bucket)
            .flag("lifecycle");
        let read = self.attempt_all(&call, |reply| async {
            let bytes = xml::collect(&call.step, reply.response, self.silence()).await?;
            let text = xml::text_of(&call.step, document::ROOT, &bytes)?;
            document::read(text).ok_or_else(|| call.misread("the rules"))
        });
        match read.await {
            Err(gave_up) if is_unset(&gave_up.error) => Ok(Vec::new()),
            read => read.map_err(|gave_up| gave_up.error),
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
        let call = Call::new(Method::DELETE, step)
            .bucket(bucket)
            .flag("lifecycle");
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
        let rules = self.rules.iter().map(document::element);
        let body = Element::new(document::ROOT).children(rules);
        let mut call = Call::new(Method::PUT, step)
            .bucket(&self.bucket)
            .flag("lifecycle")
            .payload(body.into());
        if self.allow_overlap {
            let allowed = HeaderValue::from_static("true");
            call = call.header("x-oss-allow-same-action-overlap", allowed);
        }
        self.client.execute(&call).await.map(drop)
    }
}
