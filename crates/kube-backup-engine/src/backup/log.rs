//! What a backup tells of itself while it is made, in the lines of Velero's log.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use chrono::{DateTime, SecondsFormat, Utc};

use crate::archive::gzip::gzip;
use crate::cluster::retry::Waiting;
use crate::printable::Printable;
use crate::volumes::{SnapshotState, VolumeRecord};
use crate::{Result, Results, ResultsBySource};

/// Most bytes of text that are kept: some ten thousand lines. What comes later is counted.
const MAX_TEXT: usize = 4 << 20;

/// How much a line matters.
#[derive(Debug, Clone, Copy)]
pub(super) enum Level {
    Info,
    Warning,
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// The log of one backup.
#[derive(Debug, Default)]
pub(super) struct RunLog(Mutex<Lines>);

#[derive(Debug, Default)]
struct Lines {
    text: String,
    left_out: u64,
    /// Of snapshots, by name: how far each was when it was last told.
    told: BTreeMap<String, &'static str>,
}

impl Lines {
    /// A line as logrus writes it (github.com/sirupsen/logrus, text_formatter.go), which Velero's log is made of.
    fn add(&mut self, at: DateTime<Utc>, level: Level, message: &str, fields: &[(&str, &str)]) {
        if self.text.len() >= MAX_TEXT {
            self.left_out += 1;
            return;
        }
        let time = at.to_rfc3339_opts(SecondsFormat::Secs, true);
        let mut line = format!("time={time:?} level={level} msg={}", Quoted(message));
        for (name, value) in fields {
            // Nothing can go wrong with a `String`.
            let _ = write!(line, " {name}={}", Quoted(value));
        }
        self.text.push_str(&line);
        self.text.push('\n');
    }
}

impl RunLog {
    pub(super) fn add(
        &self,
        at: DateTime<Utc>,
        level: Level,
        message: &str,
        fields: &[(&str, &str)],
    ) {
        self.lines(|lines| lines.add(at, level, message, fields));
    }

    /// A request that failed, and is tried again.
    pub(super) fn add_wait(&self, at: DateTime<Utc>, waiting: &Waiting) {
        let message = format!("waiting for the API server: {waiting}");
        self.add(at, Level::Warning, &message, &[]);
    }

    /// The snapshots that have come further since they were last told.
    pub(super) fn add_volumes(&self, at: DateTime<Utc>, records: &[VolumeRecord]) {
        self.lines(|lines| {
            for record in records {
                let (level, word) = match record.state {
                    SnapshotState::Pending => (Level::Info, "begun"),
                    SnapshotState::Ready => (Level::Info, "ready"),
                    SnapshotState::Complete => (Level::Info, "complete"),
                    SnapshotState::Failed { .. } => (Level::Error, "failed"),
                };
                if lines.told.insert(record.name.clone(), word) == Some(word) {
                    continue;
                }
                let mut message =
                    format!("snapshot of the volume of claim `{}`: {word}", record.claim);
                if let SnapshotState::Failed { reason } = &record.state {
                    message = format!("{message}: {reason}");
                }
                let handle = record.handle.as_deref().unwrap_or_default();
                let fields = [
                    ("snapshotter", record.snapshotter.as_str()),
                    ("snapshot", handle),
                ];
                lines.add(at, level, &message, &fields);
            }
        });
    }

    /// All messages of the results.
    pub(super) fn add_results(&self, at: DateTime<Utc>, results: &Results) {
        let levels = [
            (Level::Warning, &results.warnings),
            (Level::Error, &results.errors),
        ];
        for (
            level,
            ResultsBySource {
                velero,
                cluster,
                namespaces,
            },
        ) in levels
        {
            for message in velero.iter().chain(cluster) {
                self.add(at, level, message, &[]);
            }
            for (namespace, messages) in namespaces {
                for message in messages {
                    self.add(at, level, message, &[("namespace", namespace)]);
                }
            }
        }
    }

    /// `<name>-logs.gz`.
    pub(super) fn write(&self) -> Result<Bytes> {
        self.lines(|lines| {
            let mut text = lines.text.clone();
            if lines.left_out > 0 {
                text.push_str(&format!(
                    "level=warning msg=\"{} lines more\"\n",
                    lines.left_out
                ));
            }
            gzip(text.as_bytes())
        })
    }

    fn lines<T>(&self, work: impl FnOnce(&mut Lines) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A value as logrus quotes it, on one line whatever is in it.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._/@^+".contains(&byte);
        if !self.0.is_empty() && self.0.bytes().all(is_plain) {
            return f.write_str(self.0);
        }
        f.write_char('"')?;
        let text = self.0.replace('\\', r"\\").replace('"', r#"\""#);
        Printable(&text).fmt(f)?;
        f.write_char('"')
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::index::gunzip;

    fn text(log: &RunLog) -> String {
        let text = gunzip(&log.write().unwrap(), 2 * MAX_TEXT as u64).unwrap();
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn lines_are_those_of_logrus_and_hold_no_other_line() {
        let at = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
        let log = RunLog::default();
        log.add(at, Level::Info, "plain", &[("backup", "velero/a")]);
        let hostile = "a \"b\" \\ \u{1b}[2J\nlevel=error msg=forged";
        log.add(at, Level::Error, hostile, &[("namespace", "")]);
        let expected = concat!(
            "time=\"2026-11-18T11:06:40Z\" level=info msg=plain backup=velero/a\n",
            "time=\"2026-11-18T11:06:40Z\" level=error msg=\"a \\\"b\\\" \\\\ \\u{1b}[2J\\nlevel=error msg=forged\" \
             namespace=\"\"\n"
        );
        assert_eq!(text(&log), expected);
    }

    #[test]
    fn a_log_ends_somewhere_and_says_so() {
        let log = RunLog::default();
        let long = "x".repeat(MAX_TEXT / 2);
        for _ in 0..5 {
            log.add(DateTime::UNIX_EPOCH, Level::Info, &long, &[]);
        }
        let text = text(&log);
        assert!(
            text.ends_with("level=warning msg=\"3 lines more\"\n"),
            "{}",
            text.len()
        );
    }

    #[test]
    fn snapshots_are_told_when_they_come_further() {
        let log = RunLog::default();
        let record = serde_json::json!({"snapshotter": "ecs", "method": "NativeSnapshot", "backupUid": "u",
            "name": "s", "claim": {"namespace": "shop", "name": "data", "uid": ""},
            "volume": {"namespace": "", "name": "v", "uid": ""}, "state": {"phase": "pending"}});
        let mut record: VolumeRecord = serde_json::from_value(record).unwrap();
        for state in [
            SnapshotState::Pending,
            SnapshotState::Pending,
            SnapshotState::Complete,
            SnapshotState::Complete,
        ] {
            record.state = state;
            log.add_volumes(DateTime::UNIX_EPOCH, std::slice::from_ref(&record));
        }
        assert_eq!(text(&log).lines().count(), 2);
    }
}
