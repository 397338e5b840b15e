//! Counted calls, of which one goes wrong: to a store, to a snapshotter, and to an API server. The one way in which tests cut
//! something off.

use std::cmp::Ordering;
use std::future::pending;
use std::ops::Range;
use std::sync::atomic::{self, AtomicUsize};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fmt, io};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use http::Request;
use kube::Client;
use kube::client::Body;
use kube_backup_engine::volumes::testkit::{FakeSnapshotter, FakeStorage};
use kube_backup_engine::volumes::{
    Capabilities, Eligibility, GroupLimits, RestoreSource, RestoreTarget, SnapshotGroup, Volume,
    VolumeRecord, VolumeSnapshotter,
};
use kube_backup_engine::{Error, ErrorKind};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{
    CopyOptions, GetOptions, GetResult, ListResult, MultipartUpload, ObjectMeta, ObjectStore,
    ObjectStoreExt as _, PutMultipartOptions, PutOptions, PutPayload, PutResult,
};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What becomes of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The process is killed before it is carried out.
    KilledBefore,
    /// The process is killed once it was carried out.
    KilledAfter,
    /// It is not carried out.
    Fails,
    /// It is carried out, and nobody learns of it.
    LosesReply,
    /// It is not carried out, nor is any after it.
    FailsForGood,
}

impl Fault {
    /// Whether nothing is heard of any call any more, since their process is gone.
    fn kills(self) -> bool {
        matches!(self, Self::KilledBefore | Self::KilledAfter)
    }
}

/// What becomes of the next call.
enum Next {
    IsFine,
    GoesWrong(Fault),
    /// There is nobody any more to make it.
    IsNotMade,
}

#[derive(Debug, Default)]
struct State {
    log: Vec<String>,
    fault: Option<(usize, Fault)>,
}

/// All calls of one run, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Calls(Arc<Mutex<State>>, Arc<Notify>);

impl Calls {
    /// Lets the call with this number, counted from 0 and from now on, go wrong.
    pub(crate) fn fail_at(&self, number: usize, fault: Fault) {
        let mut state = self.0.lock().unwrap();
        state.log.clear();
        state.fault = Some((number, fault));
    }

    /// Whether the call that is to go wrong was made.
    pub(crate) fn has_gone_wrong(&self) -> bool {
        let state = self.0.lock().unwrap();
        state.fault.is_some_and(|(at, _)| state.log.len() > at)
    }

    /// The calls so far.
    pub(crate) fn log(&self) -> Vec<String> {
        self.0.lock().unwrap().log.clone()
    }

    /// How many of the calls so far begin with this.
    pub(crate) fn count(&self, of: &str) -> usize {
        self.log()
            .iter()
            .filter(|call| call.starts_with(of))
            .count()
    }

    /// Ends once the process is killed.
    pub(crate) async fn killed(&self) {
        self.1.notified().await;
    }

    fn next(&self, call: String) -> Next {
        let mut state = self.0.lock().unwrap();
        let number = state.log.len();
        let (at, fault) = state.fault.unwrap_or((usize::MAX, Fault::Fails));
        // A process that is gone makes no calls; what is left of it in this one is not heard.
        if number <= at || !fault.kills() {
            state.log.push(call);
        }
        match number.cmp(&at) {
            Ordering::Equal => Next::GoesWrong(fault),
            Ordering::Greater if fault.kills() => Next::IsNotMade,
            Ordering::Greater if fault == Fault::FailsForGood => Next::GoesWrong(fault),
            Ordering::Less | Ordering::Greater => Next::IsFine,
        }
    }

    /// A client that makes its requests through these calls.
    pub(crate) fn client(&self, inner: &Client) -> Client {
        let (calls, inner) = (self.clone(), inner.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (calls, inner) = (calls.clone(), inner.clone());
            async move {
                let call = format!("{} {}", request.method(), request.uri().path());
                let send = async { inner.send(request).await.map_err(io::Error::other) };
                let reset = || io::Error::other("the connection was reset");
                calls.carry_out(call, send, reset).await
            }
        });
        Client::new(service, "default")
    }

    /// Carries a call out, or not.
    async fn carry_out<T, E>(
        &self,
        call: String,
        carry_out: impl Future<Output = Result<T, E>>,
        failure: impl Fn() -> E,
    ) -> Result<T, E> {
        let fault = match self.next(call) {
            Next::IsFine => None,
            Next::GoesWrong(fault) => Some(fault),
            Next::IsNotMade => return pending().await,
        };
        if matches!(fault, Some(Fault::Fails | Fault::FailsForGood)) {
            return Err(failure());
        }
        if fault == Some(Fault::KilledBefore) {
            self.1.notify_one();
            return pending().await;
        }
        let carried_out = carry_out.await;
        match fault {
            Some(Fault::KilledAfter) => {
                self.1.notify_one();
                pending().await
            }
            Some(Fault::LosesReply) => Err(failure()),
            _ => carried_out,
        }
    }
}

/// A store in memory whose calls are counted.
#[derive(Debug, Clone, Default)]
pub(crate) struct CountedStore {
    pub(crate) inner: Arc<InMemory>,
    pub(crate) calls: Calls,
    /// Keys that contain this are kept, as under a retention policy.
    pub(crate) locked: Option<&'static str>,
}

impl fmt::Display for CountedStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("counted")
    }
}

fn broken() -> object_store::Error {
    object_store::Error::Generic {
        store: "counted",
        source: "the store is out of order".into(),
    }
}

#[async_trait]
impl ObjectStore for CountedStore {
    async fn put_opts(
        &self,
        location: &Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> object_store::Result<PutResult> {
        let put = self.inner.put_opts(location, payload, options);
        self.calls
            .carry_out(format!("put {location}"), put, broken)
            .await
    }

    async fn put_multipart_opts(
        &self,
        location: &Path,
        options: PutMultipartOptions,
    ) -> object_store::Result<Box<dyn MultipartUpload>> {
        self.inner.put_multipart_opts(location, options).await
    }

    async fn get_opts(
        &self,
        location: &Path,
        options: GetOptions,
    ) -> object_store::Result<GetResult> {
        let get = self.inner.get_opts(location, options);
        self.calls
            .carry_out(format!("get {location}"), get, broken)
            .await
    }

    async fn get_ranges(
        &self,
        location: &Path,
        ranges: &[Range<u64>],
    ) -> object_store::Result<Vec<Bytes>> {
        self.inner.get_ranges(location, ranges).await
    }

    fn delete_stream(
        &self,
        locations: BoxStream<'static, object_store::Result<Path>>,
    ) -> BoxStream<'static, object_store::Result<Path>> {
        let own = self.clone();
        let deleted = locations.and_then(move |path| {
            let own = own.clone();
            async move {
                if own.locked.is_some_and(|it| path.as_ref().contains(it)) {
                    let path = path.to_string();
                    let source = "WORM".into();
                    return Err(object_store::Error::PermissionDenied { path, source });
                }
                let delete = own.inner.delete(&path);
                let call = format!("delete {path}");
                own.calls.carry_out(call, delete, broken).await?;
                Ok(path)
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, object_store::Result<ObjectMeta>> {
        let (own, listed) = (self.clone(), self.inner.list(prefix));
        let listed = futures::stream::once(async move {
            let list = async { Ok(listed) };
            own.calls.carry_out("list".to_owned(), list, broken).await
        });
        listed.try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> object_store::Result<ListResult> {
        let list = self.inner.list_with_delimiter(prefix);
        let call = "list folders".to_owned();
        self.calls.carry_out(call, list, broken).await
    }

    async fn copy_opts(
        &self,
        from: &Path,
        to: &Path,
        options: CopyOptions,
    ) -> object_store::Result<()> {
        self.inner.copy_opts(from, to, options).await
    }
}

/// How the time of a storage goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Time {
    /// So much passes with each look at a snapshot.
    ByLooks(Duration),
    /// As tokio's, since then.
    Since(Instant),
}

/// A fake snapshotter whose calls are counted.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub(crate) inner: FakeSnapshotter,
    pub(crate) storage: FakeStorage,
    pub(crate) calls: Calls,
    pub(crate) time: Time,
    /// How long a call that begins snapshots takes.
    pub(crate) begins_in: Duration,
    /// Most volumes in a group.
    pub(crate) members: Option<usize>,
    /// What its calls end with, other than by the counted fault, and whether that may pass.
    pub(crate) refuses: Option<(&'static str, bool)>,
    pub(crate) passed: Arc<Mutex<Duration>>,
    /// How many deletions more are under way when they are asked about.
    pub(crate) going: Arc<AtomicUsize>,
}

impl Counted {
    pub(crate) fn new(storage: &FakeStorage, inner: FakeSnapshotter, calls: &Calls) -> Self {
        Self {
            inner,
            storage: storage.clone(),
            calls: calls.clone(),
            time: Time::ByLooks(Duration::from_secs(30)),
            begins_in: Duration::ZERO,
            members: None,
            refuses: None,
            passed: Arc::default(),
            going: Arc::default(),
        }
    }

    fn keep_time(&self, is_look: bool) {
        match self.time {
            Time::ByLooks(time) if is_look => self.storage.advance(time),
            Time::ByLooks(_) => {}
            Time::Since(start) => {
                let mut passed = self.passed.lock().unwrap();
                self.storage.advance(start.elapsed() - *passed);
                *passed = start.elapsed();
            }
        }
    }

    async fn call<T>(
        &self,
        call: String,
        carry_out: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        self.keep_time(call.starts_with("poll"));
        let failure = |what: &str, may_pass| {
            Error::new(ErrorKind::Volume, what.to_owned()).with_retryable(may_pass)
        };
        let refused = self.refuses.filter(|(of, _)| call.starts_with(of));
        let result = self.calls.carry_out(call, carry_out, || {
            failure("the storage did not respond", true)
        });
        let result = result.await?;
        match refused {
            Some((of, may_pass)) => Err(failure(&format!("{of} is refused"), may_pass)),
            None => Ok(result),
        }
    }
}

#[async_trait]
impl VolumeSnapshotter for Counted {
    fn name(&self) -> &str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        let mut capabilities = self.inner.capabilities();
        if let (Some(members), Some(_)) = (self.members, capabilities.groups) {
            capabilities.groups = Some(GroupLimits::new(members, u64::MAX));
        }
        capabilities
    }

    fn eligibility(&self, volume: &Volume) -> Eligibility {
        self.inner.eligibility(volume)
    }

    async fn snapshot(&self, group: &SnapshotGroup) -> Result<Vec<VolumeRecord>, Error> {
        let call = format!("snapshot {}", group.members.len());
        let snapshot = async {
            let begun = self.inner.snapshot(group).await;
            tokio::time::sleep(self.begins_in).await;
            begun
        };
        self.call(call, snapshot).await
    }

    async fn poll(&self, records: &[VolumeRecord]) -> Result<Vec<VolumeRecord>, Error> {
        self.call(format!("poll {}", records.len()), self.inner.poll(records))
            .await
    }

    async fn find(&self, backup_uid: &str) -> Result<Vec<VolumeRecord>, Error> {
        self.call("find".to_owned(), self.inner.find(backup_uid))
            .await
    }

    async fn restore_source(
        &self,
        record: &VolumeRecord,
        target: &RestoreTarget,
    ) -> Result<RestoreSource, Error> {
        self.inner.restore_source(record, target).await
    }

    async fn delete(&self, records: &[VolumeRecord]) -> Result<bool, Error> {
        let one_less = |going: usize| going.checked_sub(1);
        let relaxed = atomic::Ordering::Relaxed;
        if self.going.fetch_update(relaxed, relaxed, one_less).is_ok() {
            return Ok(false);
        }
        self.call(
            format!("delete {}", records.len()),
            self.inner.delete(records),
        )
        .await
    }
}
