//! Watches: the changes after a revision, as a stream of JSON lines.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::Stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;

use super::render::{self, Form, Format};
use super::table;
use crate::catalog::Resource;
use crate::cluster::{Cluster, ListOptions};
use crate::cluster::{invalid_version, list_matches};
use crate::error::ApiError;
use crate::store::{Change, Stored};

/// What a watch is asked for beyond a list's options.
#[derive(Debug, Clone)]
pub(crate) struct WatchOptions {
    pub(crate) list: ListOptions,
    pub(crate) bookmarks: bool,
    pub(crate) initial_events: bool,
    pub(crate) timeout: Duration,
}

struct Watch {
    cluster: Arc<Cluster>,
    resource: Arc<Resource>,
    namespace: Option<String>,
    options: WatchOptions,
    format: Format,
    revisions: watch::Receiver<u64>,
    /// Changes up to here were sent.
    after: u64,
    queue: VecDeque<Bytes>,
    ends: Instant,
    bookmark_due: Instant,
    stopping: watch::Receiver<bool>,
    done: bool,
    first_row: bool,
}

const BOOKMARK_EVERY: Duration = Duration::from_secs(60);

/// Opens a watch; the error of an old revision comes as its first event, as on the server.
pub(crate) fn open(
    cluster: &Arc<Cluster>,
    resource: &Arc<Resource>,
    namespace: Option<&str>,
    options: WatchOptions,
    format: Format,
    stopping: watch::Receiver<bool>,
) -> Result<impl Stream<Item = Bytes> + Send + use<>, ApiError> {
    let revisions = cluster.revisions();
    let now = Instant::now();
    let mut watch = Watch {
        cluster: Arc::clone(cluster),
        resource: Arc::clone(resource),
        namespace: namespace.map(str::to_owned),
        format,
        revisions,
        after: 0,
        queue: VecDeque::new(),
        ends: now + options.timeout,
        bookmark_due: now + BOOKMARK_EVERY,
        options,
        stopping,
        done: false,
        first_row: true,
    };
    watch.start()?;
    Ok(futures::stream::unfold(watch, |mut watch| async move {
        let next = watch.next().await?;
        Some((next, watch))
    }))
}

impl Watch {
    fn start(&mut self) -> Result<(), ApiError> {
        let cluster = Arc::clone(&self.cluster);
        let state = cluster.lock();
        let current = state.store.revision();
        let asked = self.options.list.resource_version.as_str();
        let from: u64 = match asked {
            "" | "0" => 0,
            text => (text.parse()).map_err(|_| ApiError::new(500, "", invalid_version(text)))?,
        };
        if from == 0 || self.options.initial_events {
            let list = ListOptions {
                limit: 0,
                continue_token: String::new(),
                resource_version: String::new(),
                version_match: String::new(),
                ..self.options.list.clone()
            };
            let listed = state.list(&self.resource, self.namespace.as_deref(), &list)?;
            for object in &listed.items {
                self.push("ADDED", object);
            }
            self.after = current;
            if self.options.initial_events && self.options.bookmarks {
                self.push_bookmark(current, true);
            }
            return Ok(());
        }
        self.after = from;
        if from < state.store.compacted() {
            let message = format!(
                "too old resource version: {from} ({})",
                state.store.compacted()
            );
            self.push_error(&ApiError::expired(message));
        }
        Ok(())
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(bytes) = self.queue.pop_front() {
                return Some(bytes);
            }
            if self.done {
                return None;
            }
            let reached = *self.revisions.borrow_and_update();
            if reached > self.after {
                self.collect(reached);
                continue;
            }
            tokio::select! {
                changed = self.revisions.changed() => {
                    if changed.is_err() {
                        self.done = true;
                    }
                }
                () = tokio::time::sleep_until(self.ends) => self.done = true,
                () = tokio::time::sleep_until(self.bookmark_due), if self.options.bookmarks => {
                    self.bookmark_due = Instant::now() + BOOKMARK_EVERY;
                    self.push_bookmark(self.after, false);
                }
                _ = self.stopping.changed() => self.done = true,
            }
        }
    }

    /// Queues what happened since the last look.
    fn collect(&mut self, reached: u64) {
        let changes = self
            .cluster
            .lock()
            .store
            .changes(&self.resource.collection, self.after);
        let Ok(changes) = changes else {
            let message = format!("too old resource version: {} ({reached})", self.after);
            return self.push_error(&ApiError::expired(message));
        };
        self.after = changes.last().map_or(reached, |c| c.revision.max(reached));
        for change in changes {
            self.push_change(&change);
        }
    }

    fn push_change(&mut self, change: &Change) {
        let shows = |object: &Option<Arc<Stored>>| {
            object.as_ref().is_some_and(|o| {
                self.namespace.as_ref().is_none_or(|ns| *ns == o.namespace)
                    && list_matches(&self.resource, o, &self.options.list)
            })
        };
        let (before, after) = (shows(&change.before), shows(&change.after));
        match (&change.after, &change.tombstone) {
            (Some(object), _) if before && after => self.push("MODIFIED", object),
            (Some(object), _) if after => self.push("ADDED", object),
            (None, Some(tombstone)) if before => self.push("DELETED", tombstone),
            (Some(now), _) if before => {
                // It no longer matches: gone for this watch, as it was, at the new revision.
                if let Some(old) = &change.before {
                    let mut value = render::value_of(&self.resource, old);
                    value["metadata"]["resourceVersion"] = now.revision.to_string().into();
                    self.push_value("DELETED", &value);
                }
            }
            _ => {}
        }
    }

    fn push(&mut self, event: &str, object: &Stored) {
        if let Err(error) = crate::cluster::convertible(&self.resource, &object.api_version) {
            return self.push_error(&error);
        }
        if self.format.form == Form::Whole && !self.format.yaml {
            let plain = Format {
                pretty: false,
                ..self.format
            };
            let object = render::object(&self.resource, object, &plain);
            let mut line = Vec::with_capacity(object.len() + 40);
            line.extend_from_slice(format!("{{\"type\":\"{event}\",\"object\":").as_bytes());
            line.extend_from_slice(&object);
            line.extend_from_slice(b"}\n");
            self.queue.push_back(line.into());
            return;
        }
        let value = render::value_of(&self.resource, object);
        self.push_value(event, &value);
    }

    fn push_value(&mut self, event: &str, value: &Value) {
        let shown = match self.format.form {
            Form::Whole => value.clone(),
            Form::Table => {
                let metadata = json!({"resourceVersion": value["metadata"]["resourceVersion"]});
                let rows = std::slice::from_ref(value);
                let table = table::table(&self.resource, rows, &metadata, self.first_row);
                self.first_row = false;
                table
            }
            Form::MetadataOnly => json!({
                "kind": "PartialObjectMetadata",
                "apiVersion": "meta.k8s.io/v1",
                "metadata": value["metadata"],
            }),
        };
        self.push_line(&json!({"type": event, "object": shown}));
    }

    fn push_bookmark(&mut self, revision: u64, ends_initial: bool) {
        let mut metadata = json!({"resourceVersion": revision.to_string()});
        if ends_initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let object = json!({
            "kind": self.resource.kind,
            "apiVersion": self.resource.group_version(),
            "metadata": metadata,
        });
        self.push_line(&json!({"type": "BOOKMARK", "object": object}));
    }

    fn push_error(&mut self, error: &ApiError) {
        self.push_line(&json!({"type": "ERROR", "object": error.to_value()}));
        self.done = true;
    }

    fn push_line(&mut self, value: &Value) {
        let mut line = serde_json::to_vec(value).unwrap_or_default();
        line.push(b'\n');
        self.queue.push_back(line.into());
    }
}
