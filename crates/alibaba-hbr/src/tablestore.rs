//! Tablestore: which tables, and how they are restored.

use serde::{Deserialize, Serialize};

use crate::read;

/// Tables of a Tablestore instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OtsTables {
    /// Their names.
    #[serde(default, deserialize_with = "read::list")]
    pub table_names: Vec<String>,
}

/// How a Tablestore table is to be restored.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct OtsRestore {
    /// How many channels copy at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch_channel_count: Option<u32>,
    /// Whether a table that is there already is overwritten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub overwrite_existing: Option<bool>,
    /// Whether the values of auto-increment keys are made anew.
    #[serde(
        skip_serializing_if = "Option::is_none",
        rename = "ReGenerateAutoIncrementPK"
    )]
    pub regenerate_auto_increment_key: Option<bool>,
    /// Whether secondary indexes are restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_index: Option<bool>,
    /// What their names end in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub index_name_suffix: Option<String>,
    /// Whether search indexes are restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub restore_search_index: Option<bool>,
    /// What their names end in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search_index_name_suffix: Option<String>,
}

/// How a Tablestore table was restored, as lists say it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct OtsRestoreDetail {
    /// How many channels copied at a time.
    pub batch_channel_count: Option<u32>,
    /// Whether a table that was there already was overwritten.
    pub overwrite_existing: Option<bool>,
}
