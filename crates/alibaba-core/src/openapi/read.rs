//! Reading the members of responses: what serde does not do by itself.

use std::fmt;
use std::marker::PhantomData;

use alibaba_sign::Secret;
use chrono::{DateTime, NaiveDateTime, Utc};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// A response that says no more than that the call was performed.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Acknowledged {
    /// What support asks for.
    pub request_id: String,
}

/// Reads a list that sits one level down, as in `"Users": {"User": [..]}`.
///
/// # Errors
///
/// If there is anything else.
pub fn nested<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    struct OneMember<T>(PhantomData<T>);

    impl<'de, T: Deserialize<'de>> Visitor<'de> for OneMember<T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object with a list")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut list = Vec::new();
            while map.next_key::<serde::de::IgnoredAny>()?.is_some() {
                list.extend(map.next_value::<Option<Vec<T>>>()?.unwrap_or_default());
            }
            Ok(list)
        }
    }

    deserializer.deserialize_map(OneMember(PhantomData))
}

/// Reads a text, or what is made of one such as an id; none, where it is null or empty.
///
/// # Errors
///
/// If it is no text.
pub fn present<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: for<'a> From<&'a str>,
{
    let text = Option::<String>::deserialize(deserializer)?.filter(|text| !text.is_empty());
    Ok(text.map(|text| T::from(&text)))
}

/// Reads a time in UTC, with seconds or without; none, where it is null or empty.
///
/// # Errors
///
/// If it is no time.
pub fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = present::<_, String>(deserializer)? else {
        return Ok(None);
    };
    if let Ok(time) = DateTime::parse_from_rfc3339(&text) {
        return Ok(Some(time.to_utc()));
    }
    match NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%MZ") {
        Ok(time) => Ok(Some(time.and_utc())),
        Err(_) => Err(D::Error::custom(
            "expected a time such as 2026-01-15T08:30:00Z",
        )),
    }
}

/// Reads a secret.
///
/// # Errors
///
/// If it is no string.
pub fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
    String::deserialize(deserializer).map(Secret::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    struct Sample {
        #[serde(default, deserialize_with = "nested")]
        list: Vec<u32>,
        #[serde(default, deserialize_with = "time")]
        time: Option<DateTime<Utc>>,
    }

    fn sample(json: &str) -> Result<Sample, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn lists_sit_one_level_down() {
        for (json, expected) in [
            (r#"{"list": {"Item": [1, 2]}}"#, vec![1, 2]),
            (r#"{"list": {"Item": []}}"#, vec![]),
            (r#"{"list": {"Item": null}}"#, vec![]),
            (r#"{"list": {}}"#, vec![]),
            ("{}", vec![]),
        ] {
            assert_eq!(sample(json).unwrap().list, expected);
        }
        assert!(sample(r#"{"list": [1]}"#).is_err());
    }

    #[test]
    fn times_come_with_seconds_or_without() {
        let at = |text: &str| sample(&format!(r#"{{"time": {text}}}"#)).map(|sample| sample.time);
        let expected: DateTime<Utc> = "2026-01-15T08:30:00Z".parse().unwrap();
        for text in [r#""2026-01-15T08:30:00Z""#, r#""2026-01-15T08:30Z""#] {
            assert_eq!(at(text).unwrap(), Some(expected));
        }
        for nothing in [r#""""#, "null"] {
            assert_eq!(at(nothing).unwrap(), None);
        }
        assert!(at(r#""yesterday""#).is_err());
    }
}
