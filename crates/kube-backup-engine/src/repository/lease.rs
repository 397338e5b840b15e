//! The lease on a backup's name: who may write it.
//!
//! A lease is a small object beside the backup: created only if absent, never overwritten, deleted
//! at the end. Its holder keeps renewing a *heartbeat*, a second object beside the lease. A lease
//! whose heartbeat has not changed for a while is abandoned, and the name is free. No clocks are
//! compared: whoever wants the name watches the heartbeat.
//!
//! Object stores cannot fence off a writer that has lost its lease, so a writer that was suspended (a
//! paused machine) may wake up after another took the name over. Three things keep it from doing harm:
//! it only ever creates objects, it checks its lease before it deletes or commits anything, and it
//! checks once more after the commit, which it undoes if the name has changed hands meanwhile.

use std::sync::Arc;
use std::time::Duration;

use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions};
use serde::{Deserialize, Serialize};

use super::small::read_up_to;
use crate::format::keys::Keys;
use crate::{Error, ErrorKind, Result};

/// How often a holder renews its heartbeat in the time after which others call the lease abandoned.
const RENEWALS: u32 = 4;

/// Most that is read of a lease or a heartbeat.
const MAX_READ: u64 = 4 << 10;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Content {
    uid: String,
}

/// What a watcher sees of a lease at one time.
#[derive(Debug, PartialEq, Eq)]
struct Sight {
    uid: String,
    heartbeat: Option<Vec<u8>>,
}

/// The lease on one name, held.
pub(crate) struct Lease {
    store: Arc<dyn ObjectStore>,
    keys: Keys,
    name: String,
    uid: String,
    heartbeats: u64,
    released: bool,
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
                "take the lease on the name `{name}`: a lease that lasts no time is anybody's; give                  `lease_duration` some seconds"
            )));
        }
        let mut lease = Self {
            store: Arc::clone(store),
            keys: keys.clone(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            heartbeats: 0,
            released: true,
        };
        // Three rounds: found abandoned, then lost to another writer who saw the same, then really busy.
        for _ in 0..3 {
            if lease.create().await? {
                lease.released = false;
                return Ok(lease);
            }
            match lease.watch(duration).await? {
                Watched::Gone => {}
                Watched::Ours => {
                    lease.released = false;
                    return Ok(lease);
                }
                Watched::Alive => break,
                Watched::Abandoned(sight) => lease.remove(&sight).await?,
            }
        }
        Err(Error::new(
            ErrorKind::Busy,
            format!(
                "back up as `{name}`: another backup of this name is being written; wait for it or choose another name"
            ),
        ))
    }

    /// Releases what an earlier run of this very writer may have left of its lease, when it was stopped after it had committed.
    pub(crate) async fn release_left(
        store: &Arc<dyn ObjectStore>,
        keys: &Keys,
        name: &str,
        uid: &str,
    ) {
        let left = Self {
            store: Arc::clone(store),
            keys: keys.clone(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            // It may have had any number.
            heartbeats: 1,
            released: true,
        };
        // What cannot be removed is found abandoned by whoever wants the name.
        let _ = left.release().await;
    }

    async fn create(&self) -> Result<bool> {
        let content = Content {
            uid: self.uid.clone(),
        };
        let bytes = serde_json::to_vec(&content)
            .map_err(|error| Error::internal("write the lease", error))?;
        let options = PutOptions::from(PutMode::Create);
        match self
            .store
            .put_opts(&self.keys.lease(), bytes.into(), options)
            .await
        {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(Error::store(
                format!("take the lease on the name `{}`", self.name),
                error,
            )),
        }
    }

    /// Who holds the lease; `None` when there is none.
    async fn owner(&self) -> Result<Option<String>> {
        let bytes = self.read(&self.keys.lease()).await?;
        // Whatever cannot be read was not written by a living writer.
        let uid = |bytes: Vec<u8>| {
            serde_json::from_slice(&bytes)
                .map(|content: Content| content.uid)
                .unwrap_or_default()
        };
        Ok(bytes.map(uid))
    }

    async fn read(&self, path: &object_store::path::Path) -> Result<Option<Vec<u8>>> {
        let step = || format!("read who holds the lease on `{}`", self.name);
        // What is longer is no lease, and of a heartbeat the beginning says whether it changes.
        let read = read_up_to(self.store.as_ref(), path, MAX_READ).await;
        let read = read.map_err(|error| Error::store(step(), error))?;
        Ok(read.map(|bytes| bytes.to_vec()))
    }

    async fn look(&self) -> Result<Option<Sight>> {
        let Some(uid) = self.owner().await? else {
            return Ok(None);
        };
        let heartbeat = self.read(&self.keys.heartbeat(&uid)).await?;
        Ok(Some(Sight { uid, heartbeat }))
    }

    /// Whether this uid holds the lease on `name`.
    pub(crate) async fn is_held_by(
        store: &Arc<dyn ObjectStore>,
        keys: &Keys,
        name: &str,
        uid: &str,
    ) -> Result<bool> {
        let nobody = Self {
            store: Arc::clone(store),
            keys: keys.clone(),
            name: name.to_owned(),
            uid: uid.to_owned(),
            heartbeats: 0,
            released: true,
        };
        Ok(nobody.owner().await?.as_deref() == Some(uid))
    }

    /// Watches the existing lease until it changes, or for the whole duration.
    async fn watch(&self, duration: Duration) -> Result<Watched> {
        let Some(first) = self.look().await? else {
            return Ok(Watched::Gone);
        };
        if first.uid == self.uid {
            return Ok(Watched::Ours);
        }
        tracing::info!(
            name = self.name,
            "another writer holds the lease on this name; watching whether it is alive"
        );
        for _ in 0..RENEWALS {
            tokio::time::sleep(duration / RENEWALS).await;
            match self.look().await? {
                None => return Ok(Watched::Gone),
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

    /// Renews the heartbeat for as long as this is polled. Ends only when another writer has the name.
    pub(crate) async fn keep(&mut self, duration: Duration) -> Result<()> {
        loop {
            tokio::time::sleep(duration / RENEWALS).await;
            // One request that hangs must not cost the name.
            match tokio::time::timeout(duration / 2, self.renew()).await {
                Ok(Err(error)) if error.kind() == ErrorKind::Busy => return Err(error),
                Ok(Err(error)) => {
                    tracing::debug!(name = self.name, %error, "the lease could not be renewed");
                }
                Err(_) => tracing::debug!(name = self.name, "renewing the lease takes too long"),
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
        let path = self.keys.heartbeat(&self.uid);
        let put = async || {
            self.store
                .put(&path, self.heartbeats.to_string().into())
                .await
        };
        match put().await {
            // A store that never overwrites anything.
            Err(object_store::Error::AlreadyExists { .. }) => {
                self.store.delete(&path).await?;
                put().await.map(drop)
            }
            put => put.map(drop),
        }
    }

    /// Fails when another writer has taken the name over.
    pub(crate) async fn check(&self) -> Result<()> {
        if self.owner().await?.as_deref() == Some(&self.uid) {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::Busy,
            format!(
                "back up as `{}`: another backup took the name over, since this one made no progress for too long",
                self.name
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
        // The heartbeat first: a lease without one counts as abandoned, and is cleaned up.
        let heartbeat = (self.heartbeats > 0).then(|| self.keys.heartbeat(&self.uid));
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

enum Watched {
    Gone,
    Ours,
    Alive,
    Abandoned(Sight),
}

impl Drop for Lease {
    fn drop(&mut self) {
        if self.released {
            return;
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            let own = Self {
                store: Arc::clone(&self.store),
                keys: self.keys.clone(),
                name: self.name.clone(),
                uid: self.uid.clone(),
                heartbeats: self.heartbeats,
                released: true,
            };
            runtime.spawn(own.release());
        }
    }
}

#[cfg(test)]
mod tests {
    use object_store::memory::InMemory;
    use object_store::path::Path;
    use object_store::throttle::{ThrottleConfig, ThrottledStore};

    use super::*;

    const DURATION: Duration = Duration::from_secs(20);

    struct Place(Arc<dyn ObjectStore>, Keys);

    impl Place {
        fn new() -> Self {
            let keys = Keys::new(&Path::from(""), "a").unwrap();
            Self(Arc::new(InMemory::new()), keys)
        }

        async fn take(&self, uid: &str) -> Result<Lease> {
            Lease::take(&self.0, &self.1, "a", uid, DURATION).await
        }

        /// As if its process was killed.
        async fn abandon(&self, uid: &str) {
            let mut lease = self.take(uid).await.unwrap();
            lease.released = true;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_that_lasts_no_time_takes_no_living_writers_name() {
        let place = Place::new();
        let first = place.take("one").await.unwrap();
        let none = Duration::ZERO;
        let second = Lease::take(&place.0, &place.1, "a", "two", none).await;
        assert_eq!(second.err().unwrap().kind(), ErrorKind::Invalid);
        first.check().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn the_name_of_a_living_writer_is_busy_and_that_of_a_dead_one_is_free() {
        let place = Place::new();
        let mut first = place.take("one").await.unwrap();
        let second = tokio::select! {
            _ = first.keep(DURATION) => panic!("it was lost"),
            second = place.take("two") => second,
        };
        assert_eq!(second.err().unwrap().kind(), ErrorKind::Busy);
        first.check().await.unwrap();
        // It no longer renews its heartbeat.
        let second = place.take("two").await.unwrap();
        assert_eq!(first.check().await.unwrap_err().kind(), ErrorKind::Busy);
        assert_eq!(
            first.keep(DURATION).await.unwrap_err().kind(),
            ErrorKind::Busy
        );
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
        let place = Place(Arc::clone(&store) as Arc<dyn ObjectStore>, keys);
        let mut first = place.take("one").await.unwrap();
        store.config_mut(|config| config.wait_put_per_call = hour);
        let rival = async {
            tokio::time::sleep(DURATION / 3).await;
            store.config_mut(|config| config.wait_put_per_call = Duration::ZERO);
            place.take("two").await
        };
        let rival = tokio::select! {
            _ = first.keep(DURATION) => panic!("it was lost"),
            rival = rival => rival,
        };
        assert_eq!(rival.err().unwrap().kind(), ErrorKind::Busy);
        first.check().await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_that_see_a_dead_lease_one_gets_the_name() {
        let place = Place::new();
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
            let place = Place::new();
            let garbage = garbage.as_bytes().to_vec();
            place.0.put(&place.1.lease(), garbage.into()).await.unwrap();
            let lease = place.take("one").await.unwrap();
            lease.check().await.unwrap();
        }
    }
}
