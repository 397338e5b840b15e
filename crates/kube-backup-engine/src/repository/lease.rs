//! The lease on a backup's name: who may write it.
//!
//! A lease is a small object beside the backup: created only if absent, never overwritten, deleted
//! at the end. Its holder keeps renewing a *heartbeat*, a second object beside the lease. A lease
//! whose heartbeat has not changed for a while is abandoned, and the name is free. No clocks are
//! compared: whoever wants the name watches the heartbeat.
//!
//! A holder is one [run](super::runs), and not whoever has its uid: two runs of one backup are rivals like any others,
//! and the second one goes on with what the first has left once that is abandoned, or known to be over.
//!
//! Object stores cannot fence off a writer that has lost its lease, so a writer that was suspended (a
//! paused machine) may wake up after another took the name over. Three things keep it from doing harm:
//! it only ever creates objects, it checks its lease before it deletes or commits anything, and it
//! checks once more after the commit, which it undoes if the name has changed hands meanwhile.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use serde::{Deserialize, Serialize};

use super::runs::{Run, is_over, over};
use super::small::read_up_to;
use crate::format::keys::Keys;
use crate::{Error, ErrorKind, Result};

/// How often a holder renews its heartbeat in the time after which others call the lease abandoned.
const RENEWALS: u32 = 4;

/// Most that is read of a lease or a heartbeat.
const MAX_READ: u64 = 4 << 10;

/// Who holds a lease. What cannot be read as one was not written by a living writer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Holder {
    uid: String,
    /// The run; empty in leases from before runs had names.
    #[serde(default)]
    run: String,
}

/// What a watcher sees of a lease at one time.
#[derive(Debug, PartialEq, Eq)]
struct Sight {
    holder: Holder,
    heartbeat: Option<Vec<u8>>,
}

/// The lease on one name, held.
pub(crate) struct Lease {
    place: Place,
    holder: Holder,
    /// Alive for as long as this is.
    run: Option<Run>,
    duration: Duration,
    heartbeats: u64,
    released: bool,
    before_release: Option<LastThing>,
}

type LastThing = Box<dyn FnOnce() -> BoxFuture<'static, ()> + Send + Sync>;

/// Where a lease is.
#[derive(Clone)]
struct Place {
    store: Arc<dyn ObjectStore>,
    keys: Keys,
    name: String,
}

impl Place {
    fn new(store: &Arc<dyn ObjectStore>, keys: &Keys, name: &str) -> Self {
        Self {
            store: Arc::clone(store),
            keys: keys.clone(),
            name: name.to_owned(),
        }
    }

    /// Who holds the lease; `None` when there is none.
    async fn holder(&self) -> Result<Option<Holder>> {
        let bytes = self.read(&self.keys.lease()).await?;
        Ok(bytes.map(|bytes| serde_json::from_slice(&bytes).unwrap_or_default()))
    }

    async fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        let step = || format!("read who holds the lease on `{}`", self.name);
        // What is longer is no lease, and of a heartbeat the beginning says whether it changes.
        let read = read_up_to(self.store.as_ref(), path, MAX_READ).await;
        let read = read.map_err(|error| Error::store(step(), error))?;
        Ok(read.map(|bytes| bytes.to_vec()))
    }

    async fn look(&self) -> Result<Option<Sight>> {
        let Some(holder) = self.holder().await? else {
            return Ok(None);
        };
        let heartbeat = self.read(&self.keys.heartbeat(&holder.uid)).await?;
        Ok(Some(Sight { holder, heartbeat }))
    }

    async fn create(&self, holder: &Holder) -> Result<bool> {
        let bytes = serde_json::to_vec(holder)
            .map_err(|error| Error::internal("write the lease", error))?;
        let options = PutOptions::from(PutMode::Create);
        let path = self.keys.lease();
        let created = self.store.put_opts(&path, bytes.into(), options);
        match created.await {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(Error::store(
                format!("take the lease on the name `{}`", self.name),
                error,
            )),
        }
    }

    /// Watches the existing lease until it changes, its holder is known to be gone, or for the whole duration.
    async fn watch(&self, own: &Holder, duration: Duration) -> Result<Watched> {
        let Some(first) = self.look().await? else {
            return Ok(Watched::Gone);
        };
        if first.holder == *own {
            return Ok(Watched::Ours);
        }
        if is_over(&first.holder.run) {
            return Ok(Watched::Abandoned(first));
        }
        tracing::info!(
            name = self.name,
            "another writer holds the lease on this name; watching whether it is alive"
        );
        for _ in 0..RENEWALS {
            tokio::select! {
                () = over(&first.holder.run) => {}
                () = tokio::time::sleep(duration / RENEWALS) => {}
            }
            match self.look().await? {
                None => return Ok(Watched::Gone),
                Some(now) if is_over(&now.holder.run) => return Ok(Watched::Abandoned(now)),
                Some(now) if now != first => return Ok(Watched::Alive),
                Some(_) => {}
            }
        }
        Ok(Watched::Abandoned(first))
    }

    /// Removes an abandoned lease, if it has not changed.
    async fn remove(&self, abandoned: &Sight) -> Result<()> {
        if self.look().await?.as_ref() != Some(abandoned) {
            return Ok(());
        }
        match self.store.delete(&self.keys.lease()).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(Error::kept(
                format!(
                    "take over the name `{}` from an unfinished backup; choose another \
                     name, since its lease is kept",
                    self.name
                ),
                error,
            )),
        }
    }

    /// Deletes the heartbeat of a holder, if it has one, and the lease. Returns what remains, for people.
    async fn clear(&self, heartbeat: Option<Path>) -> Option<String> {
        // The heartbeat first: a lease without one counts as abandoned, and is cleaned up.
        for path in heartbeat.into_iter().chain([self.keys.lease()]) {
            match self.store.delete(&path).await {
                Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => {
                    let error = Error::kept(format!("remove the lease `{path}`"), error);
                    tracing::debug!(error = error.chain(), "the lease could not be removed");
                    return Some(error.chain());
                }
            }
        }
        None
    }
}

impl Lease {
    /// Takes the lease on `name`, or says that another writer is at work.
    pub(crate) async fn take(
        store: &Arc<dyn ObjectStore>,
        keys: &Keys,
        name: &str,
        uid: &str,
        duration: Duration,
    ) -> Result<Self> {
        if duration.is_zero() {
            return Err(Error::invalid(format!(
                "take the lease on the name `{name}`: a lease that lasts no time is anybody's; give \
                 `lease_duration` some seconds"
            )));
        }
        Self::take_as(Place::new(store, keys, name), uid, duration, Run::begin()).await
    }

    async fn take_as(place: Place, uid: &str, duration: Duration, run: Run) -> Result<Self> {
        let holder = Holder {
            uid: uid.to_owned(),
            run: run.name(),
        };
        // Three rounds: found abandoned, then lost to another writer who saw the same, then really busy.
        for _ in 0..3 {
            if place.create(&holder).await? {
                return Ok(Self::held(place, holder, run, duration));
            }
            match place.watch(&holder, duration).await? {
                Watched::Gone => {}
                Watched::Ours => return Ok(Self::held(place, holder, run, duration)),
                Watched::Alive => break,
                Watched::Abandoned(sight) => place.remove(&sight).await?,
            }
        }
        Err(Error::new(
            ErrorKind::Busy,
            format!(
                "back up as `{}`: another backup of this name is being written; wait for it or choose another name",
                place.name
            ),
        ))
    }

    fn held(place: Place, holder: Holder, run: Run, duration: Duration) -> Self {
        Self {
            place,
            holder,
            run: Some(run),
            duration,
            heartbeats: 0,
            released: false,
            before_release: None,
        }
    }

    /// Does this before the name is given back, should whoever holds it be dropped.
    pub(crate) fn if_dropped(
        &mut self,
        last: impl FnOnce() -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) {
        self.before_release = Some(Box::new(last));
    }

    /// Releases what an earlier run of this very writer has left of its lease, when it was stopped after it had committed. One
    /// that may be alive keeps it: beside a record a lease means nothing.
    pub(crate) async fn release_left(
        store: &Arc<dyn ObjectStore>,
        keys: &Keys,
        name: &str,
        uid: &str,
    ) {
        let place = Place::new(store, keys, name);
        // What cannot be removed is found abandoned by whoever wants the name.
        if let Ok(Some(left)) = place.holder().await
            && left.uid == uid
            && is_over(&left.run)
        {
            // It may have had any number.
            let _ = place.clear(Some(keys.heartbeat(uid))).await;
        }
    }

    /// Whether a run of this uid holds the lease on `name`.
    pub(crate) async fn is_held_by(
        store: &Arc<dyn ObjectStore>,
        keys: &Keys,
        name: &str,
        uid: &str,
    ) -> Result<bool> {
        let holder = Place::new(store, keys, name).holder().await?;
        Ok(holder.is_some_and(|holder| holder.uid == uid))
    }

    /// Whether another run of the same uid has taken the name over: what this one has begun is that one's by now.
    async fn is_continued(&self) -> bool {
        let holder = self.place.holder().await;
        matches!(holder, Ok(Some(now)) if now.uid == self.holder.uid && now != self.holder)
    }

    /// Does `work` for as long as the name is held.
    ///
    /// # Errors
    /// Those of `work`; [`ErrorKind::Busy`] as soon as another writer has the name.
    pub(crate) async fn during<T>(&mut self, work: impl Future<Output = Result<T>>) -> Result<T> {
        tokio::select! {
            done = work => done,
            lost = self.keep() => Err(lost),
        }
    }

    /// Does `work` to its end, and holds the name meanwhile for as long as it is not lost.
    pub(crate) async fn through<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return done,
            lost = self.keep() => tracing::debug!(error = lost.chain(), "finished without the name"),
        }
        work.await
    }

    /// Does `work` to its end, unless another run of the same uid has taken the name over: `None` then.
    pub(crate) async fn unless_continued<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        if self.is_continued().await {
            return None;
        }
        let mut work = pin!(work);
        tokio::select! {
            done = &mut work => return Some(done),
            _ = self.keep() => {}
        }
        match self.is_continued().await {
            true => None,
            false => Some(work.await),
        }
    }

    /// Renews the heartbeat for as long as this is polled. Ends only when another writer has the name.
    async fn keep(&mut self) -> Error {
        loop {
            tokio::time::sleep(self.duration / RENEWALS).await;
            let name = self.place.name.clone();
            // One request that hangs must not cost the name.
            match tokio::time::timeout(self.duration / 2, self.renew()).await {
                Ok(Err(error)) if error.kind() == ErrorKind::Busy => return error,
                Ok(Err(error)) => {
                    tracing::debug!(name, %error, "the lease could not be renewed");
                }
                Err(_) => tracing::debug!(name, "renewing the lease takes too long"),
                Ok(Ok(())) => {}
            }
        }
    }

    async fn renew(&mut self) -> Result<()> {
        self.check().await?;
        // Refused by a retention policy, for example: then nobody can take the lease away either.
        let renewed = self.heartbeat().await;
        renewed.map_err(|error| Error::store("renew the heartbeat", error))
    }

    async fn heartbeat(&mut self) -> object_store::Result<()> {
        self.heartbeats += 1;
        let store = &self.place.store;
        let path = self.place.keys.heartbeat(&self.holder.uid);
        let put = async || store.put(&path, self.heartbeats.to_string().into()).await;
        match put().await {
            // A store that never overwrites anything.
            Err(object_store::Error::AlreadyExists { .. }) => {
                store.delete(&path).await?;
                put().await.map(drop)
            }
            put => put.map(drop),
        }
    }

    /// Fails when another writer has taken the name over.
    pub(crate) async fn check(&self) -> Result<()> {
        if self.place.holder().await?.as_ref() == Some(&self.holder) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Busy,
            format!(
                "back up as `{}`: another backup took the name over, since this one made no progress for too long",
                self.place.name
            ),
        ))
    }

    /// Releases the name. Returns what remains of the lease, for people.
    pub(crate) async fn release(mut self) -> Option<String> {
        self.released = true;
        if self.check().await.is_err() {
            // Another writer's, or the store does not respond: then the lease will be found abandoned.
            return None;
        }
        let heartbeat = self.place.keys.heartbeat(&self.holder.uid);
        let heartbeat = (self.heartbeats > 0).then_some(heartbeat);
        self.place.clear(heartbeat).await
    }
}

enum Watched {
    Gone,
    /// It was created after all, and the reply was lost.
    Ours,
    Alive,
    Abandoned(Sight),
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let last = self.before_release.take();
        let mut own = Self {
            place: self.place.clone(),
            holder: self.holder.clone(),
            run: self.run.take(),
            duration: self.duration,
            heartbeats: self.heartbeats,
            // A runtime that shuts down drops what it is given, and nobody else releases it then.
            released: true,
            before_release: None,
        };
        runtime.spawn(async move {
            if let Some(last) = last {
                own.through(last()).await;
            }
            own.release().await
        });
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::throttle::{ThrottleConfig, ThrottledStore};

    use super::*;

    const DURATION: Duration = Duration::from_secs(20);

    struct Name(Arc<dyn ObjectStore>, Keys);

    impl Name {
        fn new() -> Self {
            let keys = Keys::new(&Path::from(""), "a").unwrap();
            Self(Arc::new(InMemory::new()), keys)
        }

        async fn take(&self, uid: &str) -> Result<Lease> {
            Lease::take(&self.0, &self.1, "a", uid, DURATION).await
        }

        /// As a process of its own does, of whose runs this one knows nothing.
        async fn take_elsewhere(&self, uid: &str) -> Lease {
            let place = Place::new(&self.0, &self.1, "a");
            let taken = Lease::take_as(place, uid, DURATION, Run::of_another_process());
            taken.await.unwrap()
        }

        /// As if its process was killed.
        async fn abandon(&self, uid: &str) {
            self.take_elsewhere(uid).await.released = true;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_lasts_no_time_takes_no_living_writers_name() {
        let place = Name::new();
        let first = place.take("one").await.unwrap();
        let none = Duration::ZERO;
        let second = Lease::take(&place.0, &place.1, "a", "two", none).await;
        assert_eq!(second.err().unwrap().kind(), ErrorKind::Invalid);
        first.check().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_name_of_a_living_writer_is_busy_and_that_of_a_dead_one_is_free() {
        let place = Name::new();
        let mut first = place.take("one").await.unwrap();
        let second = tokio::select! {
            _ = first.keep() => panic!("it was lost"),
            second = place.take("two") => second,
        };
        assert_eq!(second.err().unwrap().kind(), ErrorKind::Busy);
        first.check().await.unwrap();
        // It no longer renews its heartbeat.
        let second = place.take("two").await.unwrap();
        assert_eq!(first.check().await.unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(first.keep().await.kind(), ErrorKind::Busy);
        // Whoever lost it releases nothing.
        assert_eq!(first.release().await, None);
        second.check().await.unwrap();
        assert_eq!(second.release().await, None);
        place.take("three").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_renewal_that_hangs_does_not_cost_the_name() {
        let hour = Duration::from_secs(3600);
        let store = Arc::new(ThrottledStore::new(
            InMemory::new(),
            ThrottleConfig::default(),
        ));
        let keys = Keys::new(&Path::from(""), "a").unwrap();
        let place = Name(Arc::clone(&store) as Arc<dyn ObjectStore>, keys);
        let mut first = place.take("one").await.unwrap();
        store.config_mut(|config| config.wait_put_per_call = hour);
        let rival = async {
            tokio::time::sleep(DURATION / 3).await;
            store.config_mut(|config| config.wait_put_per_call = Duration::ZERO);
            place.take("two").await
        };
        let rival = tokio::select! {
            _ = first.keep() => panic!("it was lost"),
            rival = rival => rival,
        };
        assert_eq!(rival.err().unwrap().kind(), ErrorKind::Busy);
        first.check().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_that_see_a_dead_lease_one_gets_the_name() {
        let place = Name::new();
        place.abandon("dead").await;
        let uids: Vec<String> = (0..5).map(|n| n.to_string()).collect();
        let all = futures::future::join_all(uids.iter().map(|uid| place.take(uid))).await;
        let held: Vec<Lease> = all.into_iter().filter_map(Result::ok).collect();
        let mut owners = 0;
        for lease in &held {
            owners += usize::from(lease.check().await.is_ok());
        }
        assert_eq!(owners, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_no_lease_is_nobodys() {
        let long = format!("{}{{\"uid\":\"two\"}}", " ".repeat(MAX_READ as usize));
        for garbage in ["{", &long] {
            let place = Name::new();
            let garbage = garbage.as_bytes().to_vec();
            place.0.put(&place.1.lease(), garbage.into()).await.unwrap();
            let lease = place.take("one").await.unwrap();
            lease.check().await.unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_of_the_same_uid_is_another_holder() {
        let place = Name::new();
        let mut first = place.take_elsewhere("one").await;
        let second = tokio::select! {
            _ = first.keep() => panic!("it was lost"),
            second = place.take("one") => second,
        };
        assert_eq!(second.err().unwrap().kind(), ErrorKind::Busy);
        // It is suspended, and wakes up.
        let second = place.take("one").await.unwrap();
        assert_eq!(first.check().await.unwrap_err().kind(), ErrorKind::Busy);
        assert!(first.is_continued().await && !second.is_continued().await);
        assert_eq!(first.release().await, None);
        second.check().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_is_known_to_be_over_is_not_waited_for() {
        let place = Name::new();
        for next in ["one", "two"] {
            let mut over = place.take("one").await.unwrap();
            over.released = true;
            drop(over);
            let began = tokio::time::Instant::now();
            let lease = place.take(next).await.unwrap();
            assert!(began.elapsed().is_zero(), "{next}");
            lease.release().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_holder_has_done_its_last_thing_before_the_next_has_the_name() {
        let place = Name::new();
        let (done, is_done) = (Arc::new(std::sync::Mutex::new(false)), DURATION * 5);
        let mut first = place.take("one").await.unwrap();
        let last = Arc::clone(&done);
        first.if_dropped(move || {
            Box::pin(async move {
                tokio::time::sleep(is_done).await;
                *last.lock().unwrap() = true;
            })
        });
        drop(first);
        let error = place.take("one").await.err().unwrap();
        assert_eq!(
            error.kind(),
            ErrorKind::Busy,
            "it is alive for as long as that"
        );
        tokio::time::sleep(is_done).await;
        place.take("one").await.unwrap();
        assert!(*done.lock().unwrap());
    }
}
