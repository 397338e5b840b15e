//! `capacity: "10Gi,100Gi"`.

use std::fmt;
use std::str::FromStr;

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde::{Deserialize, Serialize};

use crate::volumes::volume::bytes_of;

/// From the first to the second capacity, both included; either may be left out, as in `100Gi,`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "schema", schemars(with = "String"))]
#[serde(try_from = "String", into = "String")]
pub struct CapacityRange {
    text: String,
    at_least: u64,
    at_most: Option<u64>,
}

impl CapacityRange {
    /// Whether so many bytes are in it.
    #[must_use]
    pub fn contains(&self, bytes: u64) -> bool {
        bytes >= self.at_least && self.at_most.is_none_or(|most| bytes <= most)
    }
}

impl FromStr for CapacityRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let malformed = || {
            format!(
                "`{text}` is no range of capacities: write it as in `10Gi,100Gi`, `10Gi,` or `,100Gi`"
            )
        };
        let (low, high) = text.split_once(',').ok_or_else(malformed)?;
        // Velero takes 0 as either end for none (volume_resources.go).
        let end = |text: &str| match text.trim() {
            "" => Ok(0),
            text => bytes_of(&Quantity(text.to_owned())).ok_or_else(malformed),
        };
        let (at_least, high) = (end(low)?, end(high)?);
        let at_most = (high > 0).then_some(high);
        if at_most.is_some_and(|most| most < at_least) {
            return Err(format!(
                "`{text}` is no range of capacities: it ends before it begins"
            ));
        }
        Ok(Self {
            text: text.to_owned(),
            at_least,
            at_most,
        })
    }
}

impl TryFrom<String> for CapacityRange {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<CapacityRange> for String {
    fn from(range: CapacityRange) -> Self {
        range.text
    }
}

impl fmt::Display for CapacityRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_in_it_and_either_may_be_left_out() {
        let gib = |n: u64| n << 30;
        for (text, inside, outside) in [
            (
                "10Gi,100Gi",
                vec![gib(10), gib(100)],
                vec![gib(10) - 1, gib(100) + 1],
            ),
            (",100Gi", vec![0, gib(100)], vec![gib(100) + 1]),
            ("10Gi, ", vec![gib(10), u64::MAX], vec![0]),
            ("0,", vec![0, u64::MAX], vec![]),
        ] {
            let range: CapacityRange = text.parse().unwrap();
            assert!(inside.iter().all(|bytes| range.contains(*bytes)), "{text}");
            assert!(
                !outside.iter().any(|bytes| range.contains(*bytes)),
                "{text}"
            );
            assert_eq!(String::from(range), text);
        }
        for text in ["", "10Gi", "100Gi,10Gi", "a,b", "1,2,3"] {
            assert!(text.parse::<CapacityRange>().is_err(), "{text}");
        }
    }
}
