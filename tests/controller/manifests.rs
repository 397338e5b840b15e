//! Manifests as users have them.

use serde::Deserialize as _;
use serde_json::Value;

pub(crate) const ALL: [(&str, &str); 5] = [
    ("vault", include_str!("samples/vault.yaml")),
    ("backup", include_str!("samples/backup.yaml")),
    ("restore", include_str!("samples/restore.yaml")),
    ("delete", include_str!("samples/delete.yaml")),
    (
        "reset-conversion",
        include_str!("samples/reset-conversion.yaml"),
    ),
];

/// The objects in a manifest.
pub(crate) fn objects(manifest: &str) -> Vec<Value> {
    serde_norway::Deserializer::from_str(manifest)
        .map(|document| Value::deserialize(document).unwrap())
        .collect()
}
