//! Reading the odd forms of ECS's responses.

use std::time::Duration;

pub(crate) use alibaba_core::openapi::read::present;
use chrono::Weekday;
use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer};

use crate::words::SnapshotCategory;

/// Reads how much is done, written as `40%`.
pub(crate) fn percent<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u8>, D::Error> {
    let Some(text) = present::<_, String>(deserializer)? else {
        return Ok(None);
    };
    let number = text.strip_suffix('%').unwrap_or(&text).trim();
    match number.parse() {
        Ok(percent) => Ok(Some(percent)),
        Err(_) => Err(D::Error::custom("expected a share such as 40%")),
    }
}

/// Reads a number that comes as a number or as text.
pub(crate) fn number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<u64>,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Number(u64),
        Text(String),
    }
    let number = match Option::<Number>::deserialize(deserializer)? {
        None => return Ok(None),
        Some(Number::Text(text)) if text.is_empty() => return Ok(None),
        Some(Number::Text(text)) => text.parse().ok(),
        Some(Number::Number(number)) => Some(number),
    };
    let number = number.and_then(|number| T::try_from(number).ok());
    let problem = || D::Error::custom("expected a whole number in its bounds");
    number.map(Some).ok_or_else(problem)
}

/// Reads whole seconds.
pub(crate) fn seconds<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
    Ok(number::<_, u64>(d)?.map(Duration::from_secs))
}

/// Reads a category, which lists write in lower case.
pub(crate) fn category<'de, D>(deserializer: D) -> Result<Option<SnapshotCategory>, D::Error>
where
    D: Deserializer<'de>,
{
    let word = present::<_, String>(deserializer)?;
    Ok(word.map(|word| match word.as_str() {
        "standard" => SnapshotCategory::Standard,
        "flash" => SnapshotCategory::Flash,
        "archive" => SnapshotCategory::Archive,
        other => SnapshotCategory::from(other),
    }))
}

/// Reads a list that is written as JSON in a text, or as a list after all.
pub(crate) fn json_list<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum List<T> {
        Text(String),
        List(Vec<T>),
    }
    match Option::<List<T>>::deserialize(deserializer)? {
        None => Ok(Vec::new()),
        Some(List::List(list)) => Ok(list),
        Some(List::Text(text)) if text.is_empty() => Ok(Vec::new()),
        Some(List::Text(text)) => serde_json::from_str(&text).map_err(D::Error::custom),
    }
}

/// Reads hours of the day, written as `["0","12"]`.
pub(crate) fn hours<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    numbers(deserializer, |text| {
        text.parse().ok().filter(|hour| *hour < 24)
    })
}

/// Reads days of the week, written as `["1","7"]` for Monday and Sunday.
pub(crate) fn weekdays<'de, D: Deserializer<'de>>(d: D) -> Result<Vec<Weekday>, D::Error> {
    numbers(d, |text| {
        let from_monday: u8 = text.parse().ok()?;
        Weekday::try_from(from_monday.checked_sub(1)?).ok()
    })
}

fn numbers<'de, D, T>(deserializer: D, parse: fn(&str) -> Option<T>) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
{
    let texts: Vec<String> = json_list(deserializer)?;
    texts
        .iter()
        .map(|text| {
            parse(text).ok_or_else(|| D::Error::custom("expected hours or days of the week"))
        })
        .collect()
}
