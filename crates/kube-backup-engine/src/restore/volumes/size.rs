//! Sizes as Kubernetes writes them.

use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use serde_json::Value;

use crate::volumes::bytes_of;

const UNITS: [(u64, &str); 4] = [
    (1 << 40, "Ti"),
    (1 << 30, "Gi"),
    (1 << 20, "Mi"),
    (1 << 10, "Ki"),
];

/// So many bytes, in the largest unit that is whole.
pub(crate) fn quantity(bytes: u64) -> String {
    let unit = UNITS
        .iter()
        .find(|(unit, _)| bytes >= *unit && bytes.is_multiple_of(*unit));
    match unit {
        Some((unit, name)) => format!("{}{name}", bytes / unit),
        None => bytes.to_string(),
    }
}

/// What a claim asks for, in bytes.
pub(crate) fn requested(claim: &Value) -> Option<u64> {
    let text = claim.pointer("/spec/resources/requests/storage")?;
    bytes_of(&Quantity(text.as_str()?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_as_they_are_read() {
        for (bytes, text) in [
            (20 << 30, "20Gi"),
            (3 << 29, "1536Mi"),
            (1 << 40, "1Ti"),
            (1_000_000, "1000000"),
            (0, "0"),
        ] {
            assert_eq!(quantity(bytes), text);
            assert_eq!(bytes_of(&Quantity(text.to_owned())), Some(bytes), "{text}");
        }
    }
}
