//! Tags of objects.

use http::StatusCode;
use serde::Deserialize;

use alibaba_sign::percent;

use crate::gateway::response::Response;
use crate::gateway::xml::Element;
use crate::oss::document;
use crate::oss::error::OssError;
use crate::oss::refusal::Refusal;
use crate::oss::request::Target;
use crate::oss::state::Oss;

const MAX_TAGS: usize = 10;
const MAX_TAG_KEY: usize = 128;
const MAX_TAG_VALUE: usize = 256;

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
    pub(crate) fn put_object_tagging(
        &self,
        target: &Target,
        document: &str,
    ) -> Result<Response, OssError> {
        let tagging: Tagging = document::read(document, "Tagging")?;
        let tags: Vec<_> = tagging
            .set
            .tags
            .into_iter()
            .map(|tag| (tag.key, tag.value))
            .collect();
        check_tags(&tags)?;
        self.set_tags(target, tags, StatusCode::OK)
    }

    pub(crate) fn delete_object_tagging(&self, target: &Target) -> Result<Response, OssError> {
        self.set_tags(target, Vec::new(), StatusCode::NO_CONTENT)
    }

    fn set_tags(
        &self,
        target: &Target,
        tags: Vec<(String, String)>,
        status: StatusCode,
    ) -> Result<Response, OssError> {
        let ((), version) = self.store.update(
            target.bucket(),
            target.key(),
            target.version()?,
            |meta, _| {
                meta.tags = tags;
                Ok(())
            },
        )?;
        Ok(Response::empty(status).maybe("x-oss-version-id", version.as_deref()))
    }

    pub(crate) fn get_object_tagging(&self, target: &Target) -> Result<Response, OssError> {
        let found = self
            .store
            .object(target.bucket(), target.key(), target.version()?)?;
        let set =
            found
                .object
                .meta
                .tags
                .iter()
                .fold(Element::root("TagSet"), |set, (key, value)| {
                    set.child(&Element::root("Tag").text("Key", key).text("Value", value))
                });
        Ok(
            Response::xml(Element::root("Tagging").child(&set).document())
                .maybe("x-oss-version-id", found.version.as_deref()),
        )
    }
}

/// Tags as a header has them: `key=value&key=value`, encoded as in a query.
pub(crate) fn tags_of_header(text: &str) -> Result<Vec<(String, String)>, OssError> {
    let decode = |part: &str| {
        percent::decode(&part.replace('+', " ")).ok_or_else(|| invalid_tag("is not encoded right"))
    };
    let tags = text
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(key)?, decode(value)?))
        })
        .collect::<Result<Vec<_>, OssError>>()?;
    check_tags(&tags)?;
    Ok(tags)
}

/// At most ten, keys unique, keys and values within their lengths and characters.
fn check_tags(tags: &[(String, String)]) -> Result<(), OssError> {
    let legal = |text: &str| {
        text.chars()
            .all(|c| c.is_alphanumeric() || " +-=._:/".contains(c))
    };
    if tags.len() > MAX_TAGS {
        return Err(invalid_tag("comes with more than 9 others"));
    }
    for (at, (key, value)) in tags.iter().enumerate() {
        if key.is_empty() || key.chars().count() > MAX_TAG_KEY || !legal(key) {
            return Err(invalid_tag("has an invalid key"));
        }
        if value.chars().count() > MAX_TAG_VALUE || !legal(value) {
            return Err(invalid_tag("has an invalid value"));
        }
        if tags[..at].iter().any(|(earlier, _)| earlier == key) {
            return Err(invalid_tag("has the key of another"));
        }
    }
    Ok(())
}

fn invalid_tag(what: &str) -> OssError {
    OssError::refuse(Refusal::INVALID_TAG, format!("A tag you provided {what}."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_a_header_are_decoded_and_checked() {
        assert_eq!(
            tags_of_header("a=1&b%20c=x%3Dy&d").unwrap(),
            [
                ("a".to_owned(), "1".to_owned()),
                ("b c".to_owned(), "x=y".to_owned()),
                ("d".to_owned(), String::new())
            ]
        );
        for bad in ["a=1&a=2", "=1", "a=%zz", "a=b,c", &"k=v&".repeat(11)] {
            assert_eq!(tags_of_header(bad).unwrap_err().code, "InvalidTag", "{bad}");
        }
    }
}
