//! What was asked of the server.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use alibaba_ram::Decision;
use chrono::{DateTime, SecondsFormat, Utc};
use parking_lot::{Mutex, MutexGuard};

/// One request, as the server understood it.
///
/// `Display` shows it as people read it: a line for the request, and one for each decision, with the
/// statement that made it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RequestRecord {
    /// When it came, by the cloud's clock.
    pub at: DateTime<Utc>,
    /// The service, such as `oss`.
    pub service: &'static str,
    /// The API's name, such as `PutObject`.
    pub operation: &'static str,
    /// The bucket, where one was named.
    pub bucket: Option<String>,
    /// The object key, where one was named.
    pub key: Option<String>,
    /// The `Range` header, where one was sent.
    pub range: Option<String>,
    /// The HTTP status of the response; `None` while it is under way, and where none was sent.
    pub status: Option<u16>,
    /// Bytes of the response's body.
    pub bytes_out: u64,
    /// What was decided on the caller's rights, action by action, up to the first that was not
    /// allowed: with the statement that made it. Empty where no rights were asked for, as of a caller
    /// without a name.
    pub decisions: Vec<Decision>,
}

impl fmt::Display for RequestRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at.to_rfc3339_opts(SecondsFormat::Millis, true);
        write!(f, "{at} {} {}", self.service, self.operation)?;
        // Names are what somebody sent: they stay on their line, whatever is in them.
        if let Some(bucket) = &self.bucket {
            write!(f, " {}", bucket.escape_debug())?;
        }
        if let Some(key) = &self.key {
            let slash = if self.bucket.is_some() { "/" } else { " " };
            write!(f, "{slash}{}", key.escape_debug())?;
        }
        if let Some(range) = &self.range {
            write!(f, " {}", range.escape_debug())?;
        }
        match self.status {
            Some(status) => write!(f, " -> {status}, {} bytes", self.bytes_out)?,
            None => f.write_str(" -> no response")?,
        }
        for decision in &self.decisions {
            write!(f, "\n    {}", escape_lines(&decision.to_string()))?;
        }
        Ok(())
    }
}

/// A text without characters that would end its line, or move about on it.
fn escape_lines(text: &str) -> String {
    let escape = |char: char| match char.is_control() {
        true => char.escape_debug().collect::<String>(),
        false => char.to_string(),
    };
    text.chars().map(escape).collect()
}

/// Every request since the start, or the last [`RequestLog::clear`]. Clones share one list.
#[derive(Clone, Debug, Default)]
pub struct RequestLog(Arc<Mutex<Records>>);

#[derive(Default)]
struct Records {
    /// The number of the first record that is kept: each has one of its own.
    first: usize,
    records: VecDeque<RequestRecord>,
    /// How many are kept.
    most: Option<usize>,
    watchers: Vec<Watcher>,
}

type Watcher = Arc<dyn Fn(&RequestRecord) + Send + Sync>;

impl RequestLog {
    /// All requests, in the order of their arrival.
    #[must_use]
    pub fn all(&self) -> Vec<RequestRecord> {
        self.lock().records.iter().cloned().collect()
    }

    /// How many requests there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().records.len()
    }

    /// Whether nothing was asked yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().records.is_empty()
    }

    /// How many requests there were of each operation.
    #[must_use]
    pub fn by_operation(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for record in &self.lock().records {
            *counts.entry(record.operation).or_insert(0) += 1;
        }
        counts
    }

    /// Forgets what was asked so far.
    pub fn clear(&self) {
        let records = &mut *self.lock();
        records.first += records.records.len();
        records.records.clear();
    }

    /// Keeps no more than the last so many requests from now on, for clouds that run for long.
    pub fn keep_last(&self, most: usize) {
        let records = &mut *self.lock();
        records.most = Some(most);
        records.trim();
    }

    /// Shows each request to `watcher` from now on, once it is over: answered, or broken off.
    pub fn watch(&self, watcher: impl Fn(&RequestRecord) + Send + Sync + 'static) {
        self.lock().watchers.push(Arc::new(watcher));
    }

    /// Enters a request. Its number.
    pub(crate) fn begin(&self, record: RequestRecord) -> usize {
        let records = &mut *self.lock();
        records.records.push_back(record);
        let number = records.first + records.records.len() - 1;
        records.trim();
        number
    }

    pub(crate) fn end(&self, number: usize, status: u16, bytes_out: u64) {
        if let Some(record) = self.lock().get_mut(number) {
            record.status = Some(status);
            record.bytes_out = bytes_out;
        }
    }

    pub(crate) fn decided(&self, number: usize, decision: Decision) {
        if let Some(record) = self.lock().get_mut(number) {
            record.decisions.push(decision);
        }
    }

    /// The request is over.
    pub(crate) fn over(&self, number: usize) {
        let (watchers, record) = {
            let records = &mut *self.lock();
            if records.watchers.is_empty() {
                return;
            }
            let record = records.get_mut(number).cloned();
            (records.watchers.clone(), record)
        };
        // Without the lock, so that a watcher may look at the log.
        if let Some(record) = record {
            watchers.iter().for_each(|watcher| watcher(&record));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Records> {
        self.0.lock()
    }
}

impl Records {
    /// The record of this number, unless it was forgotten.
    fn get_mut(&mut self, number: usize) -> Option<&mut RequestRecord> {
        let at = number.checked_sub(self.first)?;
        self.records.get_mut(at)
    }

    fn trim(&mut self) {
        while self.most.is_some_and(|most| self.records.len() > most) {
            self.records.pop_front();
            self.first += 1;
        }
    }
}

impl fmt::Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("first", &self.first)
            .field("records", &self.records)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use alibaba_ram::{Policies, PolicyDocument, Request, Statement};

    use super::*;

    fn record(operation: &'static str) -> RequestRecord {
        RequestRecord {
            at: "2026-01-15T08:30:00.5Z".parse().unwrap(),
            service: "oss",
            operation,
            bucket: Some("backups".to_owned()),
            key: Some("a\nb".to_owned()),
            range: Some("bytes=0-9".to_owned()),
            status: None,
            bytes_out: 0,
            decisions: Vec::new(),
        }
    }

    #[test]
    fn a_request_is_a_line_with_one_for_each_decision_below() {
        let reads = Statement::allow().action("oss:Get*").resource("*");
        let document = PolicyDocument::new().statement(reads);
        let attached = alibaba_ram::AttachedPolicy::named("Read", &document);
        let decide = |action: &str| {
            let policies = Policies::new().identity([attached]);
            policies.evaluate(&Request::new(action, "acs:oss:*:1:backups/a\nb"))
        };
        let mut shown = record("GetObject");
        shown.decisions = vec![decide("oss:GetObject"), decide("oss:PutObject")];
        shown.status = Some(403);
        assert_eq!(
            shown.to_string().lines().collect::<Vec<_>>(),
            [
                "2026-01-15T08:30:00.500Z oss GetObject backups/a\\nb bytes=0-9 -> 403, 0 bytes",
                "    `oss:GetObject` on `acs:oss:*:1:backups/a\\nb` is allowed by statement 1 of the identity policy `Read`",
                "    `oss:PutObject` on `acs:oss:*:1:backups/a\\nb` is not allowed: no statement of the identity policy allows the action",
            ]
        );
        shown.status = None;
        assert!(shown.to_string().contains(" -> no response\n"));
    }

    #[test]
    fn a_request_that_was_under_way_when_the_log_was_cleared_is_taken_for_no_other() {
        let log = RequestLog::default();
        log.begin(record("GetObject"));
        let under_way = log.begin(record("PutObject"));
        log.clear();
        let next = log.begin(record("HeadObject"));
        log.begin(record("HeadObject"));
        log.end(under_way, 500, 1);
        assert!(log.all().iter().all(|it| it.status.is_none()));
        log.end(next, 200, 1);
        assert_eq!(log.all()[0].status, Some(200));
        // As many are kept as are asked for, each under its number.
        log.keep_last(2);
        let last = log.begin(record("PutObject"));
        log.end(last, 201, 0);
        log.end(next, 404, 0);
        let kept: Vec<_> = log.all().iter().map(|it| it.status).collect();
        assert_eq!(kept, [None, Some(201)]);
    }

    #[test]
    fn a_watcher_sees_each_request_when_it_is_over() {
        let log = RequestLog::default();
        let seen = Arc::new(AtomicUsize::new(0));
        let (counter, watched) = (seen.clone(), log.clone());
        log.watch(move |record| {
            assert_eq!(record.operation, "PutObject");
            assert!(!watched.is_empty());
            counter.fetch_add(1, Ordering::Relaxed);
        });
        let number = log.begin(record("PutObject"));
        log.over(number);
        assert_eq!(seen.load(Ordering::Relaxed), 1);
    }
}
