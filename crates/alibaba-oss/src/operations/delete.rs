//! DeleteObject and DeleteMultipleObjects.

use std::collections::HashSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::object_target::ObjectTarget;
use super::setters::{bypass_governance, version_id};
use crate::call::Call;
use crate::client::Client;
use crate::error::{Error, ErrorKind, Result};
use crate::headers::{self, header, text};
use crate::operation::Operation;
use crate::xml::{self, KeyEncoding};

/// How many keys one DeleteMultipleObjects takes.
pub(crate) const MAX_KEYS: usize = 1000;

/// How long its document may be, with room for what stands around the keys.
const MAX_BODY: usize = 2 * 1024 * 1024 - 1024;

/// What one request deletes.
#[derive(Default)]
struct Batch<'k> {
    /// The elements of the document.
    body: String,
    objects: Vec<Named<'k>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Object<'k> {
    key: &'k str,
    #[serde(skip_serializing_if = "Option::is_none")]
    version_id: Option<&'k str>,
}

/// A key, and the version of it where one is meant.
type Named<'k> = (&'k str, Option<&'k str>);

/// A DeleteObject under construction. See [`Client::delete_object`].
#[derive(Clone, Debug)]
#[must_use]
pub struct DeleteObject {
    target: ObjectTarget,
    bypass_governance: bool,
}

/// What a delete did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deleted {
    /// On buckets with versioning: the version that is gone, or the delete marker that was made.
    pub version_id: Option<String>,
    /// Whether that is a delete marker.
    pub is_delete_marker: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeleteResult {
    encoding_type: Option<String>,
    #[serde(default)]
    deleted: Vec<Confirmed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Confirmed {
    key: String,
    version_id: Option<String>,
}

impl Client {
    /// Deletes an object. That there was none is no error to OSS.
    ///
    /// On buckets with versioning the object is hidden by a delete marker, and every version stays;
    /// a version that is named is gone for good.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let deleted = client.delete_object("backups", "notes/today.txt").send().await?;
    /// if let Some(marker) = deleted.version_id.filter(|_| deleted.is_delete_marker) {
    ///     // To delete the marker brings the object back.
    ///     client.delete_object("backups", "notes/today.txt").version_id(marker).send().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn delete_object(&self, bucket: impl Into<String>, key: impl Into<String>) -> DeleteObject {
        DeleteObject {
            target: ObjectTarget::new(self, bucket, key),
            bypass_governance: false,
        }
    }

    /// Deletes up to 1000 objects in one request, and returns the keys that OSS did not confirm.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let kept = client.delete_objects("backups", &["a.txt", "b.txt"]).await?;
    /// assert!(kept.is_empty(), "a retention keeps {kept:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for more than 1000 keys.
    pub async fn delete_objects(&self, bucket: &str, keys: &[&str]) -> Result<Vec<String>> {
        let wanted = keys.iter().map(|key| (*key, None));
        let kept = self.delete_many(bucket, wanted).await?;
        Ok(kept.into_iter().map(|(key, _)| key.to_owned()).collect())
    }

    /// Deletes up to 1000 versions, each a key and a version id, in one request, and returns those
    /// that OSS did not confirm.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let page = client.list_versions("backups").prefix("old/").send().await?;
    /// let versions: Vec<_> = page
    ///     .versions
    ///     .iter()
    ///     .map(|version| (version.key.as_str(), version.version_id.as_str()))
    ///     .collect();
    /// let kept = client.delete_versions("backups", &versions).await?;
    /// println!("{} are still there", kept.len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Configuration`] for more than 1000 versions.
    pub async fn delete_versions(
        &self,
        bucket: &str,
        versions: &[(&str, &str)],
    ) -> Result<Vec<(String, String)>> {
        let wanted = versions.iter().map(|(key, id)| (*key, Some(*id)));
        let kept = self.delete_many(bucket, wanted).await?;
        Ok(kept
            .into_iter()
            .map(|(key, id)| (key.to_owned(), id.unwrap_or_default().to_owned()))
            .collect())
    }

    /// What was not confirmed.
    async fn delete_many<'k>(
        &self,
        bucket: &str,
        wanted: impl ExactSizeIterator<Item = Named<'k>>,
    ) -> Result<Vec<Named<'k>>> {
        if wanted.len() > MAX_KEYS {
            let step = format!("delete {} objects of `{bucket}`", wanted.len());
            let text = format!("{step}: OSS takes at most {MAX_KEYS} at once");
            return Err(Error::new(ErrorKind::Configuration, text));
        }
        let mut kept = Vec::new();
        let mut batch = Batch::default();
        for (key, id) in wanted {
            // No XML document can hold this character, in whatever spelling.
            if key.contains('\0') {
                let mut delete = self.delete_object(bucket, key);
                delete.target.version_id = id.map(str::to_owned);
                match delete.send().await {
                    Err(error) if error.kind() == ErrorKind::Conflict => kept.push((key, id)),
                    done => done.map(drop)?,
                }
                continue;
            }
            let version_id = id;
            let object = xml::write(&Object { key, version_id });
            if batch.body.len() + object.len() > MAX_BODY {
                kept.extend(
                    self.delete_batch(bucket, std::mem::take(&mut batch))
                        .await?,
                );
            }
            batch.body.push_str(&object);
            batch.objects.push((key, id));
        }
        kept.extend(self.delete_batch(bucket, batch).await?);
        Ok(kept)
    }

    async fn delete_batch<'k>(&self, bucket: &str, batch: Batch<'k>) -> Result<Vec<Named<'k>>> {
        if batch.objects.is_empty() {
            return Ok(Vec::new());
        }
        let step = format!("delete {} objects of `{bucket}`", batch.objects.len());
        let objects = batch.body;
        let body = format!("<Delete><Quiet>false</Quiet>{objects}</Delete>");
        let digest = BASE64_STANDARD.encode(Md5::digest(body.as_bytes()));
        let (_, digest) = header(&step, "content-md5", &digest)?;
        let call = Call::new(Operation::DELETE_MULTIPLE_OBJECTS, step)
            .bucket(bucket)
            .query("encoding-type", "url")
            .header("content-md5", digest)
            .payload(body.into());
        let result: DeleteResult = self.document(&call, "DeleteResult").await?;
        let keys = KeyEncoding::new(&call.step, result.encoding_type.as_deref());
        let (mut gone, mut gone_versions) = (HashSet::new(), HashSet::new());
        for deleted in result.deleted {
            let key = keys.decode(deleted.key)?;
            if let Some(id) = deleted.version_id {
                gone_versions.insert((key.clone(), id));
            }
            gone.insert(key);
        }
        let mut kept = batch.objects;
        kept.retain(|(key, id)| match id {
            Some(id) => !gone_versions.contains(&((*key).to_owned(), (*id).to_owned())),
            None => !gone.contains(*key),
        });
        Ok(kept)
    }
}

impl DeleteObject {
    version_id!();

    bypass_governance!(
        /// Deletes a version although a retention in governance mode keeps it, where the caller may.
        bypass_governance
    );

    /// Sends it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Conflict`] where a retention or a legal hold keeps it.
    pub async fn send(self) -> Result<Deleted> {
        let call = self
            .target
            .call(Operation::DELETE_OBJECT, "delete")
            .switch(BYPASS, self.bypass_governance);
        let reply = self.target.client.execute(&call).await?;
        let headers = reply.response.headers();
        Ok(Deleted {
            version_id: headers::version_id(headers),
            is_delete_marker: text(headers, "x-oss-delete-marker") == Some("true"),
        })
    }
}

/// Lifts retentions in governance mode.
pub(crate) const BYPASS: &str = "x-oss-bypass-governance-retention";
