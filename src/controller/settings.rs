//! How many work at once, and how long: ConfigMap `csdr-config`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

use crate::volumes::files::NodePolicy;

/// The ConfigMap, in the namespace of the custom resources.
pub const CONFIG: &str = "csdr-config";

/// What key `applicationBackup` of ConfigMap [`CONFIG`] holds, as ACK's FAQ gives it. Changes count for what
/// starts after them; nothing needs to be restarted.
///
/// ```
/// use ack_backup_center::controller::Settings;
///
/// let (settings, remarks) = Settings::read("backup_max_worker_num: 3\nvelero_timeout_minutes: \"90\"")?;
/// assert_eq!(settings.backup_workers, 3);
/// assert_eq!(settings.timeout.as_secs(), 90 * 60);
/// assert!(remarks.is_empty());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Settings {
    /// `backup_max_worker_num`: backups at once.
    pub backup_workers: usize,
    /// `restore_max_worker_num`: restores at once.
    pub restore_workers: usize,
    /// `delete_max_worker_num`: deletions at once.
    pub delete_workers: usize,
    /// `schedule_max_worker_num`: plans looked at at once.
    pub schedule_workers: usize,
    /// `convert_max_worker_num`: conversions at once.
    pub convert_workers: usize,
    /// `sync_max_backup_num`: how many backups that others wrote into a vault are shown, of each vault. It is not of ACK's.
    pub shown_backups: usize,
    /// `velero_timeout_minutes`: how long a backup or a restore may take.
    pub timeout: Duration,
    /// `node_schedule_policy`: on which nodes files are copied.
    pub nodes: NodePolicy,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            backup_workers: 15,
            restore_workers: 5,
            delete_workers: 30,
            schedule_workers: 20,
            convert_workers: 15,
            shown_backups: 10_000,
            nodes: NodePolicy::default(),
            timeout: Duration::from_secs(60 * 60),
        }
    }
}

impl Settings {
    /// Reads them, with remarks about what is not known. What is not said has its default.
    ///
    /// # Errors
    ///
    /// If it is no YAML mapping, or a value is no whole number within 1 and 10 000, or no policy. The text names the key.
    pub fn read(text: &str) -> Result<(Self, Vec<String>), String> {
        let read: Option<Map<String, Value>> = serde_norway::from_str(text).map_err(|error| {
            format!(
                "ConfigMap `{CONFIG}`, key `applicationBackup`: it is no mapping in YAML: {error}"
            )
        })?;
        let (mut settings, mut remarks) = (Self::default(), Vec::new());
        for (key, value) in read.unwrap_or_default() {
            let number = || number(&key, &value);
            match key.as_str() {
                "backup_max_worker_num" => settings.backup_workers = number()?,
                "restore_max_worker_num" => settings.restore_workers = number()?,
                "delete_max_worker_num" => settings.delete_workers = number()?,
                "schedule_max_worker_num" => settings.schedule_workers = number()?,
                "velero_timeout_minutes" => {
                    settings.timeout = Duration::from_secs(60 * number()? as u64);
                }
                "sync_max_backup_num" => settings.shown_backups = number()?,
                "convert_max_worker_num" => settings.convert_workers = number()?,
                "node_schedule_policy" => settings.nodes = policy(&key, &value)?,
                key => remarks.push(format!("`{key}` is not known")),
            }
        }
        Ok((settings, remarks))
    }

    /// Those of a ConfigMap's data.
    pub(super) fn of(
        data: Option<&BTreeMap<String, String>>,
    ) -> Result<(Self, Vec<String>), String> {
        let text = data.and_then(|data| data.get("applicationBackup"));
        Self::read(text.map_or("", String::as_str))
    }
}

/// ACK writes numbers with and without quotes.
fn number(key: &str, value: &Value) -> Result<usize, String> {
    let number = match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    let number = number.and_then(|it| usize::try_from(it).ok());
    number
        .filter(|it| (1..=10_000).contains(it))
        .ok_or_else(|| {
            format!(
                "ConfigMap `{CONFIG}`: `{key}` is {value}: write a whole number from 1 to 10000"
            )
        })
}

fn policy(key: &str, value: &Value) -> Result<NodePolicy, String> {
    let text = value.as_str().map(str::trim).unwrap_or_default();
    let read = text.parse();
    read.map_err(|why: String| format!("ConfigMap `{CONFIG}`: `{key}` is {value}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The sample of the page "FAQ about the backup center".
    const SAMPLE: &str = "backup_max_worker_num: 15\nrestore_max_worker_num: 5\ndelete_max_worker_num: 30\n\
                          schedule_max_worker_num: 20\nconvert_max_worker_num: 15\nnode_schedule_policy: exclude\n";

    #[test]
    fn the_documented_sample_is_read() {
        let (settings, remarks) = Settings::read(SAMPLE).unwrap();
        assert_eq!(settings, Settings::default());
        assert!(remarks.is_empty(), "{remarks:?}");
        let included = Settings::read("node_schedule_policy: include\nconvert_max_worker_num: 2");
        let included = included.unwrap().0;
        assert_eq!(included.nodes, NodePolicy::Include);
        assert_eq!(included.convert_workers, 2);
        assert_eq!(Settings::read("").unwrap().0, Settings::default());
        assert_eq!(
            Settings::read("velero_timeout_minutes: 120")
                .unwrap()
                .0
                .timeout,
            Duration::from_secs(7200)
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_its_key() {
        for text in [
            "backup_max_worker_num: 0",
            "backup_max_worker_num: many",
            "restore_max_worker_num: -1",
            "velero_timeout_minutes: 1e9",
            "- 1",
            "a: [",
            "delete_max_worker_num: 10001",
            "node_schedule_policy: some",
            "node_schedule_policy: 1",
        ] {
            let error = Settings::read(text).unwrap_err();
            assert!(error.contains("csdr-config"), "{error}");
        }
    }
}
