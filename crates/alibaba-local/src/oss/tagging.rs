//! Tags of objects.

use http::StatusCode;
use serde::Deserialize;

use super::Oss;
use super::answer::Answer;
use super::attributes::check_tags;
use super::error::OssError;
use super::request::Target;
use super::xml::{self, Element};

#[derive(Deserialize)]
struct Tagging {
    #[serde(rename = "TagSet")]
    set: TagSet,
}

#[derive(Deserialize)]
struct TagSet {
    #[serde(rename = "Tag", default)]
    tags: Vec<Tag>,
}

#[derive(Deserialize)]
struct Tag {
    #[serde(rename = "Key")]
    key: String,
    #[serde(rename = "Value", default)]
    value: String,
}

impl Oss {
    pub(super) fn put_object_tagging(
        &self,
        target: &Target,
        document: &str,
    ) -> Result<Answer, OssError> {
        let tagging: Tagging = xml::read(document, "Tagging")?;
        let tags: Vec<_> = tagging
            .set
            .tags
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect();
        check_tags(&tags)?;
        self.set_tags(target, tags, StatusCode::OK)
    }

    pub(super) fn delete_object_tagging(&self, target: &Target) -> Result<Answer, OssError> {
        self.set_tags(target, Vec::new(), StatusCode::NO_CONTENT)
    }

    fn set_tags(
        &self,
        target: &Target,
        tags: Vec<(String, String)>,
        status: StatusCode,
    ) -> Result<Answer, OssError> {
        let ((), version) = self.store.update(
            target.bucket(),
            target.key(),
            target.version()?,
            |facts, _| {
                facts.tags = tags;
                Ok(())
            },
        )?;
        Ok(Answer::empty(status).maybe("x-oss-version-id", version.as_deref()))
    }

    pub(super) fn get_object_tagging(&self, target: &Target) -> Result<Answer, OssError> {
        let found = self
            .store
            .object(target.bucket(), target.key(), target.version()?)?;
        let set =
            found
                .object
                .facts
                .tags
                .iter()
                .fold(Element::root("TagSet"), |set, (key, value)| {
                    set.child(&Element::root("Tag").text("Key", key).text("Value", value))
                });
        Ok(Answer::xml(Element::root("Tagging").child(&set).document())
            .maybe("x-oss-version-id", found.version.as_deref()))
    }
}
