//! Tags of objects.

use serde::{Deserialize, Serialize};

use super::object_target::ObjectTarget;
use super::setters::version_id;
use crate::client::Client;
use crate::error::Result;
use crate::operation::Operation;
use crate::xml;

/// The tags of an object. See [`Client::object_tagging`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ObjectTagging {
    target: ObjectTarget,
}

#[derive(Deserialize, Serialize)]
struct Tagging {
    #[serde(rename = "TagSet")]
    set: TagSet,
}

#[derive(Deserialize, Serialize)]
struct TagSet {
    #[serde(rename = "Tag", default)]
    tags: Vec<Tag>,
}

/// A tag in a document.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(crate) struct Tag {
    pub(crate) key: String,
    #[serde(default)]
    pub(crate) value: String,
}

impl Client {
    /// The tags of an object: read, replaced, removed.
    ///
    /// ```no_run
    /// # async fn run(client: alibaba_oss::Client) -> alibaba_oss::Result<()> {
    /// let tags = client.object_tagging("backups", "nightly.tar");
    /// tags.put([("keep", "yes"), ("team", "storage")]).await?;
    /// assert_eq!(tags.get().await?.len(), 2);
    /// tags.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn object_tagging(
        &self,
        bucket: impl Into<String>,
        key: impl Into<String>,
    ) -> ObjectTagging {
        ObjectTagging {
            target: ObjectTarget::new(self, bucket, key),
        }
    }
}

impl ObjectTagging {
    version_id!();

    /// The tags, names and values.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such object.
    pub async fn get(&self) -> Result<Vec<(String, String)>> {
        let operation = Operation::GET_OBJECT_TAGGING;
        let call = self.target.call(operation, "read the tags of");
        let found: Tagging = self.target.client.document(&call, "Tagging").await?;
        let tags = found.set.tags.into_iter();
        Ok(tags.map(|tag| (tag.key, tag.value)).collect())
    }

    /// Puts these tags in the place of those there are; at most ten.
    ///
    /// # Errors
    ///
    /// [`Refused`](crate::ErrorKind::Refused) for tags that OSS does not take (`InvalidTag`).
    pub async fn put<'t>(&self, tags: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<()> {
        let tags = tags.into_iter().map(|(key, value)| Tag {
            key: key.to_owned(),
            value: value.to_owned(),
        });
        let set = TagSet {
            tags: tags.collect(),
        };
        let call = self
            .target
            .call(Operation::PUT_OBJECT_TAGGING, "tag")
            .payload(xml::write(&Tagging { set }).into());
        self.target.client.execute(&call).await.map(drop)
    }

    /// Removes all tags.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) where there is no such object.
    pub async fn delete(&self) -> Result<()> {
        let operation = Operation::DELETE_OBJECT_TAGGING;
        let call = self.target.call(operation, "remove the tags of");
        self.target.client.execute(&call).await.map(drop)
    }
}
