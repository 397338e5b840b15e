//! Reports of jobs.

use serde::Deserialize;

use crate::read;

/// Lists of the files that a job was to copy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct JobReport {
    /// The list of the files that failed.
    #[serde(default, deserialize_with = "read::present")]
    pub failed_files: Option<String>,
    /// Whether the lists are ready.
    #[serde(default, deserialize_with = "read::present")]
    pub report_task_status: Option<String>,
    /// The list of the files that were left out.
    #[serde(default, deserialize_with = "read::present")]
    pub skipped_files: Option<String>,
    /// The list of the files that were copied.
    #[serde(default, deserialize_with = "read::present")]
    pub success_files: Option<String>,
    /// The list of all files.
    #[serde(default, deserialize_with = "read::present")]
    pub total_files: Option<String>,
}
