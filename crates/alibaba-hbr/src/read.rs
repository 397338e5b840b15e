//! Reading the odd forms of Cloud Backup's responses.

use std::fmt;
use std::marker::PhantomData;

use alibaba_core::Secret;
pub(crate) use alibaba_core::openapi::read::present;
use chrono::{DateTime, Utc};
use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads a secret; none, where it is null or empty.
pub(crate) fn secret<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Secret>, D::Error> {
    Ok(present::<_, String>(d)?.map(Secret::new))
}

/// Reads a time in UNIX seconds; none, where it is null or 0.
pub(crate) fn unix<'de, D: Deserializer<'de>>(d: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    match Option::<i64>::deserialize(d)?.filter(|seconds| *seconds != 0) {
        None => Ok(None),
        Some(seconds) => match DateTime::from_timestamp(seconds, 0) {
            Some(time) => Ok(Some(time)),
            None => Err(D::Error::custom("expected a time in UNIX seconds")),
        },
    }
}

/// Reads a list of paths that is written as JSON in a text. Another text is taken as one path.
pub(crate) fn paths<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<String>, D::Error> {
    let text = present::<_, String>(d)?;
    Ok(text.map_or_else(Vec::new, |text| {
        serde_json::from_str(&text).unwrap_or_else(|_| vec![text])
    }))
}

/// Reads a list, which sits one level down, as in `"Vaults": {"Vault": [..]}`, or not.
pub(crate) fn list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct List<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for List<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list, or an object with one")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while let Some(element) = elements.next_element()? {
                list.push(element);
            }
            Ok(list)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while members.next_key::<IgnoredAny>()?.is_some() {
                list.extend(members.next_value::<Option<Vec<T>>>()?.unwrap_or_default());
            }
            Ok(list)
        }
    }

    deserializer.deserialize_any(List(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "list")]
        list: Vec<u32>,
        #[serde(default, deserialize_with = "unix")]
        time: Option<DateTime<Utc>>,
        #[serde(default, deserialize_with = "paths")]
        paths: Vec<String>,
        #[serde(default, deserialize_with = "present")]
        text: Option<String>,
    }

    fn sample(json: &str) -> Sample {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn lists_sit_one_level_down_or_not() {
        for (json, expected) in [
            (r#"{"list": {"Item": [1, 2]}}"#, vec![1, 2]),
            (r#"{"list": [1, 2]}"#, vec![1, 2]),
            (r#"{"list": {"Item": null}}"#, vec![]),
            (r#"{"list": {}}"#, vec![]),
            (r#"{"list": null}"#, vec![]),
            ("{}", vec![]),
        ] {
            assert_eq!(sample(json).list, expected, "{json}");
        }
        assert!(serde_json::from_str::<Sample>(r#"{"list": 1}"#).is_err());
    }

    #[test]
    fn times_count_seconds_and_0_is_none() {
        let expected: DateTime<Utc> = "2026-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(sample(r#"{"time": 1767225600}"#).time, Some(expected));
        assert_eq!(sample(r#"{"time": 0}"#).time, None);
        assert_eq!(sample(r#"{"time": null}"#).time, None);
        let far = format!(r#"{{"time": {}}}"#, i64::MAX);
        assert!(serde_json::from_str::<Sample>(&far).is_err());
    }

    #[test]
    fn empty_texts_are_none_and_paths_may_be_plain() {
        assert_eq!(sample(r#"{"text": ""}"#).text, None);
        assert_eq!(sample(r#"{"text": "a"}"#).text.as_deref(), Some("a"));
        assert_eq!(
            sample(r#"{"paths": "[\"/a\",\"/b c\"]"}"#).paths,
            ["/a", "/b c"]
        );
        assert_eq!(sample(r#"{"paths": "/a"}"#).paths, ["/a"]);
        assert!(sample(r#"{"paths": ""}"#).paths.is_empty());
    }
}
