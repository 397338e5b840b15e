//! Which vaults can be used now.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::Stream;
use kube::core::ObjectMeta;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::crds::{BackupLocation, GoDuration, VerificationLevel};

/// What is known of a vault.
#[derive(Clone, Debug)]
pub(in crate::controller) struct Known {
    /// As it was when it was looked at.
    pub(in crate::controller) location: Arc<BackupLocation>,
    /// Why it cannot be used, else that it can.
    pub(in crate::controller) state: Result<(), String>,
    /// When it was looked at.
    pub(super) validated: Instant,
    /// When its backups were read.
    pub(super) synced: Option<Instant>,
    /// Whether its status says all this.
    pub(super) told: bool,
}

type All = BTreeMap<String, Known>;

/// What is asked for by each vault that is there: its uid, and the generation of its specification.
type Asked = BTreeMap<String, (Option<String>, Option<i64>)>;

/// The vaults, by name. Whoever waits for one is told when it changes, and asks nobody.
#[derive(Clone, Debug)]
pub(in crate::controller) struct Vaults {
    known: watch::Sender<All>,
    asked: watch::Sender<Asked>,
}

impl Default for Vaults {
    fn default() -> Self {
        Self {
            known: watch::Sender::new(All::new()),
            asked: watch::Sender::new(Asked::new()),
        }
    }
}

impl Vaults {
    /// A vault was seen.
    pub(in crate::controller) fn seen(&self, vault: &ObjectMeta) {
        let asked = (vault.uid.clone(), vault.generation);
        self.asked.send_if_modified(|all| {
            let name = vault.name.clone().unwrap_or_default();
            all.insert(name, asked.clone()) != Some(asked)
        });
    }

    /// Ready once a vault asks for something else than it does here, or is another one of its name.
    pub(super) async fn asks_for_another(&self, vault: &ObjectMeta) {
        let (name, uid) = (vault.name.clone().unwrap_or_default(), &vault.uid);
        let is_another = |all: &Asked| {
            let asked = all.get(&name);
            asked.is_some_and(|it| it.0 != *uid || it.1 > vault.generation)
        };
        // Its sender is here.
        let _ = self.asked.subscribe().wait_for(is_another).await;
    }

    pub(in crate::controller) fn get(&self, name: &str) -> Option<Known> {
        self.known.borrow().get(name).cloned()
    }

    pub(super) fn put(&self, name: &str, known: Known) {
        self.known.send_modify(|all| {
            all.insert(name.to_owned(), known);
        });
    }

    /// The status says what was seen at `validated`.
    pub(super) fn told(&self, name: &str, validated: Instant) {
        self.known.send_if_modified(|all| {
            let known = all.get_mut(name).filter(|it| it.validated == validated);
            if let Some(known) = known {
                known.told = true;
            }
            // Nobody waits for that.
            false
        });
    }

    pub(in crate::controller) fn forget(&self, name: &str) {
        self.known
            .send_if_modified(|all| all.remove(name).is_some());
    }

    /// A vault is not there any more.
    pub(in crate::controller) fn is_gone(&self, name: &str, uid: &str) {
        self.forget(name);
        self.asked.send_if_modified(|all| {
            let asked = all.get(name);
            asked.is_some_and(|it| it.0.as_deref() == Some(uid)) && all.remove(name).is_some()
        });
    }

    /// Forgets all, as another process may have led meanwhile.
    pub(in crate::controller) fn clear(&self) {
        self.known.send_replace(All::new());
    }

    /// Something each time that what vaults ask about proving their backups has changed.
    pub(in crate::controller) fn verification_changes(
        &self,
    ) -> impl Stream<Item = ()> + Send + 'static {
        let begin = (self.known.subscribe(), BTreeMap::new());
        futures::stream::unfold(begin, async |(mut changes, before)| {
            loop {
                let asked = verifications(&changes.borrow_and_update());
                if asked != before {
                    return Some(((), (changes, asked)));
                }
                changes.changed().await.ok()?;
            }
        })
    }

    /// Waits for a vault, no longer than this.
    pub(in crate::controller) fn wait_for(&self, name: &str, within: Duration) -> Wait {
        Wait {
            changes: self.known.subscribe(),
            name: name.to_owned(),
            end: Instant::now() + within,
            told: None,
        }
    }
}

/// What vaults ask about proving their backups: those that ask, and how often.
fn verifications(all: &All) -> BTreeMap<String, (VerificationLevel, Option<GoDuration>)> {
    let asking = all.iter().filter_map(|(name, known)| {
        let spec = &known.location.spec;
        let often = spec.verification_frequency.clone();
        Some((name.clone(), (spec.verification?, often)))
    });
    asking.collect()
}

/// Waiting for a vault. It asks nobody: whoever looks at vaults tells.
#[derive(Debug)]
pub(in crate::controller) struct Wait {
    changes: watch::Receiver<All>,
    name: String,
    end: Instant,
    told: Option<String>,
}

/// What waiting for a vault came to so far.
#[derive(Debug)]
pub(in crate::controller) enum Waited {
    /// It can be used.
    Usable(Arc<BackupLocation>),
    /// It cannot yet, for this reason, which is another one than before.
    Still(String),
    /// The time is over, and it could not be used for this reason.
    Over(String),
}

impl Wait {
    /// The next that there is to tell.
    pub(in crate::controller) async fn next(&mut self) -> Waited {
        loop {
            let known = self.changes.borrow_and_update().get(&self.name).cloned();
            let why = match known {
                Some(Known {
                    state: Ok(()),
                    location,
                    ..
                }) => return Waited::Usable(location),
                Some(Known {
                    state: Err(why), ..
                }) => why,
                None => format!(
                    "there is no BackupLocation `{}` that was looked at: create it",
                    self.name
                ),
            };
            if self.told.as_ref() != Some(&why) {
                self.told = Some(why.clone());
                return Waited::Still(why);
            }
            tokio::select! {
                changed = self.changes.changed() => if changed.is_err() {
                    return Waited::Over(why);
                },
                () = tokio::time::sleep_until(self.end) => return Waited::Over(why),
            }
        }
    }
}

impl Known {
    /// A vault that was looked at now.
    pub(super) fn now(
        location: Arc<BackupLocation>,
        state: Result<(), String>,
        synced: Option<Instant>,
    ) -> Self {
        Self {
            location,
            state,
            validated: Instant::now(),
            synced,
            told: false,
        }
    }

    /// How long it need not be looked at again: never, while its status lacks what was seen.
    pub(super) fn rests(&self, validation: Duration, syncing: Duration) -> Option<Duration> {
        let next = self.validated + validation;
        let next = self.synced.map_or(next, |at| next.min(at + syncing));
        let left = next.checked_duration_since(Instant::now())?;
        (self.told && !left.is_zero()).then_some(left)
    }
}
