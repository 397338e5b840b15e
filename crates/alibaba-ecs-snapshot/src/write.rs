//! Writing the odd forms of ECS's parameters.

use alibaba_core::openapi::{Json, bounded};
use chrono::Weekday;
use serde::ser::Error;
use serde::{Serialize, Serializer};

use crate::tag::Tag;
use crate::words::SnapshotCategory;

/// A filter by ids, as JSON in a text: up to 100. An empty list matches nothing.
pub(crate) fn ids<T: Serialize>(ids: Vec<T>) -> Json<impl Serialize> {
    Json(bounded(ids, 0..=100))
}

/// The ids that a call acts on, as JSON in a text: one at least.
pub(crate) fn targets<T: Serialize>(ids: Vec<T>) -> Json<impl Serialize> {
    Json(Targets(ids))
}

struct Targets<T>(Vec<T>);

impl<T: Serialize> Serialize for Targets<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_empty() {
            return Err(S::Error::custom("expected one id at least, got none"));
        }
        self.0.serialize(serializer)
    }
}

/// One element as a list, as JSON in a text.
pub(crate) fn only<T: Serialize>(element: T) -> Json<impl Serialize> {
    Json([element])
}

/// Days of the week as `["1","7"]`.
pub(crate) fn weekdays(days: Vec<Weekday>) -> Json<impl Serialize> {
    let number = |day: Weekday| day.number_from_monday().to_string();
    let days: Vec<String> = days.into_iter().map(number).collect();
    Json(bounded(days, 1..=7))
}

/// Hours of the day as `["0","12"]`.
pub(crate) fn hours(hours: Vec<u8>) -> Json<impl Serialize> {
    let hours: Vec<Hour> = hours.into_iter().map(Hour).collect();
    Json(bounded(hours, 1..=24))
}

struct Hour(u8);

impl Serialize for Hour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 < 24 {
            serializer.collect_str(&self.0)
        } else {
            let problem = format!("expected hours from 0 to 23, got {}", self.0);
            Err(S::Error::custom(problem))
        }
    }
}

/// A category to filter by, which is written in another case there than elsewhere.
pub(crate) fn category_filter(category: SnapshotCategory) -> String {
    match category {
        SnapshotCategory::Archive => "archive".to_owned(),
        other => other.as_str().to_owned(),
    }
}

/// Tags to give: held to ECS's rules, unlike those to look for.
pub(crate) fn new_tags(tags: Vec<Tag>) -> impl Serialize {
    NewTags(tags)
}

struct NewTags(Vec<Tag>);

impl NewTags {
    fn problem(&self) -> Option<String> {
        if self.0.len() > 20 {
            return Some(format!("expected up to 20 tags, got {}", self.0.len()));
        }
        self.0.iter().enumerate().find_map(|(at, tag)| {
            let key = &tag.key;
            let is_url = |text: &str| text.contains("http://") || text.contains("https://");
            let problem = if !(1..=128).contains(&key.chars().count()) {
                "is not of 1 to 128 characters"
            } else if key.starts_with("aliyun") || key.starts_with("acs:") {
                "begins with `aliyun` or `acs:`"
            } else if tag.value.chars().count() > 128 {
                "has a value of more than 128 characters"
            } else if is_url(key) || is_url(&tag.value) {
                "holds `http://` or `https://`"
            } else if self.0[..at].iter().any(|before| before.key == *key) {
                "is there twice"
            } else {
                return None;
            };
            Some(format!("the tag `{key}` {problem}"))
        })
    }
}

impl Serialize for NewTags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.problem() {
            Some(problem) => Err(S::Error::custom(problem)),
            None => self.0.serialize(serializer),
        }
    }
}
