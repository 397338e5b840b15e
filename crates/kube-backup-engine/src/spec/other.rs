//! Fields of Velero's that this crate does nothing about.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Allowed {
    /// Anything: it changes nothing of what is kept or comes back.
    Anything,
    /// Only what asks for nothing: `false`, empty, or nothing at all.
    Nothing,
}

/// Fields, and what each may hold.
pub(crate) type Fields = [(&'static str, Allowed)];

/// Of a backup (backup_types.go).
pub(crate) const BACKUP: &Fields = &[
    ("backupType", Allowed::Anything),
    ("datamover", Allowed::Anything),
    ("includedClusterScopedResources", Allowed::Nothing),
    ("includedNamespaceScopedResources", Allowed::Nothing),
    ("orderedResources", Allowed::Nothing),
    ("snapshotMoveData", Allowed::Nothing),
    ("storageLocation", Allowed::Anything),
    ("uploaderConfig", Allowed::Anything),
    ("volumeSnapshotLocations", Allowed::Anything),
];

/// Of a restore (restore_types.go).
pub(crate) const RESTORE: &Fields = &[
    ("backupName", Allowed::Anything),
    ("itemOperationTimeout", Allowed::Anything),
    ("resourceModifier", Allowed::Nothing),
    ("resourcePolicy", Allowed::Nothing),
    ("scheduleName", Allowed::Anything),
    ("skipDefaultResourceModifier", Allowed::Anything),
    ("uploaderConfig", Allowed::Anything),
];

/// Reads what is left of a specification, which must be fields of Velero's.
fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
    known: &Fields,
) -> Result<Map<String, Value>, D::Error> {
    let fields = Map::deserialize(deserializer)?;
    match fields
        .keys()
        .find(|name| !known.iter().any(|(known, _)| known == name))
    {
        None => Ok(fields),
        Some(name) => Err(serde::de::Error::custom(format!("unknown field `{name}`"))),
    }
}

pub(crate) fn of_backup<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    read(deserializer, BACKUP)
}

pub(crate) fn of_restore<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Map<String, Value>, D::Error> {
    read(deserializer, RESTORE)
}

/// The first field that asks for something, or that is none of Velero's.
pub(crate) fn unsupported<'a>(fields: &'a Map<String, Value>, known: &Fields) -> Option<&'a str> {
    let asks = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
        Value::Bool(true) | Value::Number(_) => true,
    };
    let refused = |(name, value): &(&String, &Value)| {
        let allowed = known.iter().find(|(known, _)| known == name);
        match allowed {
            Some((_, Allowed::Anything)) => false,
            Some((_, Allowed::Nothing)) => asks(value),
            None => true,
        }
    };
    let found = fields.iter().find(refused);
    found.map(|(name, _)| name.as_str())
}
