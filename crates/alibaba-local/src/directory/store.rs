//! The directory: what is known of users, roles and sessions, and how it changes.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use alibaba_ram::PolicyDocument;
use chrono::{DateTime, TimeDelta, Utc};
use parking_lot::Mutex;

use super::ACCOUNT_ID;
use super::add::{Described, Left};
use super::caller::{Caller, Identity, KeyProblem};
use super::provider::OidcProvider;
use super::records::{KeyStatus, Records};
use super::role::Role;
use super::session::{NewSession, Session};
use super::user::{NamedPolicy, User};
use crate::gateway::clock::LocalClock;
use crate::journal::Journal;

/// The folder in the data folder. No bucket can have this name.
const FOLDER: &str = "_ram";
/// How exactly it is known when a key was last used: what is known is written down.
const USE_IS_NEWS: TimeDelta = TimeDelta::minutes(1);

/// Users, roles, sessions and identity providers of the account. Clones share them, and changes
/// hold from the next request on.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    kept: Arc<Mutex<Kept>>,
    clock: LocalClock,
}

/// The records, and the file in which changes of them are written down.
#[derive(Debug, Default)]
struct Kept {
    records: Records,
    journal: Journal,
}

/// A role as those see it who decide whether it may be assumed.
#[derive(Clone, Debug)]
pub(crate) struct RoleView {
    pub(crate) id: String,
    pub(crate) role: Role,
}

/// The policies that bear on a caller.
#[derive(Debug, Default)]
pub(crate) struct CallerPolicies {
    pub(crate) identity: Vec<NamedPolicy>,
    pub(crate) session: Option<PolicyDocument>,
}

impl Directory {
    /// Who is described, beside what an earlier process left in the folder.
    pub(crate) fn open(folder: Option<&Path>, described: Described) -> io::Result<Self> {
        let path = match folder {
            None => None,
            Some(folder) => Some(secret_folder(folder.join(FOLDER))?.join("journal")),
        };
        let mut records = Records::default();
        let journal = Journal::open(path, &mut records)?;
        records.check()?;
        let left = Left::of(&records);
        let directory = Self {
            kept: Arc::new(Mutex::new(Kept { records, journal })),
            clock: LocalClock::default(),
        };
        let now = directory.clock.now();
        directory.change(|records| records.describe(described, &left, now))?;
        Ok(directory)
    }

    /// Adds a user with its keys, or another pair of keys to a user who is there. Policies that
    /// are set take the place of those there were.
    pub fn add_user(&self, user: User) {
        let now = self.clock.now();
        self.set(|records| records.add_user(user, &Left::default(), now));
    }

    /// Removes a user and its keys. Whether there was one of this name.
    pub fn remove_user(&self, name: &str) -> bool {
        self.set(|records| {
            for key in records.keys.keys_of(|it| it.user.as_deref() == Some(name)) {
                records.keys.remove(&key);
            }
            records.users.remove(name).is_some()
        })
    }

    /// Adds a role, or puts another one in its place.
    pub fn add_role(&self, role: Role) {
        let now = self.clock.now();
        self.set(|records| records.add_role(role, &Left::default(), now));
    }

    /// Removes a role. Its sessions end with it. Whether there was one of this name.
    pub fn remove_role(&self, name: &str) -> bool {
        self.set(|records| records.remove_role(name))
    }

    /// Adds an OIDC provider, or puts another one in its place.
    pub fn add_oidc_provider(&self, provider: OidcProvider) {
        self.set(|records| records.providers.insert(provider.name.clone(), provider));
    }

    /// The account's id, which is part of every resource name.
    #[must_use]
    pub fn account_id(&self) -> &'static str {
        ACCOUNT_ID
    }

    /// The clock that all of it goes by.
    pub(crate) fn clock(&self) -> &LocalClock {
        &self.clock
    }

    /// Looks at what there is, and changes it, with nobody in between. What has changed is kept when this
    /// returns.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Records) -> T) -> io::Result<T> {
        let kept = &mut *self.kept.lock();
        let result = change(&mut kept.records);
        kept.journal.commit(&mut kept.records)?;
        Ok(result)
    }

    /// As [`change`](Self::change), for those whom nothing can be told.
    fn set<T>(&self, change: impl FnOnce(&mut Records) -> T) -> T {
        let kept = &mut *self.kept.lock();
        let result = change(&mut kept.records);
        if let Err(error) = kept.journal.commit(&mut kept.records) {
            tracing::warn!(%error, "keep the directory");
        }
        result
    }

    /// The owner of a pair of keys.
    pub(crate) fn caller(&self, access_key_id: &str) -> Result<Caller, KeyProblem> {
        let records = &self.kept.lock().records;
        if let Some(session) = records.sessions.get(access_key_id) {
            return Ok(Caller {
                access_key_id: session.access_key_id.clone(),
                secret: session.secret.clone(),
                token: Some(session.token.clone()),
                expires_at: Some(session.expires_at),
                identity: Identity::Session {
                    role: session.role.clone(),
                    role_id: session.role_id.clone(),
                    name: session.name.clone(),
                },
            });
        }
        let key = records.keys.get(access_key_id).ok_or(KeyProblem::Unknown)?;
        if key.status == KeyStatus::Inactive {
            return Err(KeyProblem::Inactive);
        }
        let identity = match &key.user {
            None => Identity::Account,
            Some(name) => {
                let user = records.users.get(name).ok_or(KeyProblem::Unknown)?;
                Identity::User {
                    name: name.clone(),
                    id: user.id.clone(),
                }
            }
        };
        Ok(Caller {
            access_key_id: access_key_id.to_owned(),
            secret: key.secret.clone(),
            token: key.token.clone(),
            expires_at: None,
            identity,
        })
    }

    /// Notes that a caller has used its keys, and looks up its policies as they are now.
    pub(super) fn policies_of(&self, caller: &Caller) -> CallerPolicies {
        let kept = &mut *self.kept.lock();
        let records = &mut kept.records;
        let now = self.clock.now();
        let is_news = |before: DateTime<Utc>| (now - before).abs() >= USE_IS_NEWS;
        let key = records.keys.get(&caller.access_key_id);
        if key.is_some_and(|key| key.last_used.is_none_or(is_news)) {
            if let Some(key) = records.keys.get_mut(&caller.access_key_id) {
                key.last_used = Some(now);
            }
            // No reason to fail a call: it is written down with the next change.
            if let Err(error) = kept.journal.commit(records) {
                tracing::warn!(%error, "keep when a key was last used");
            }
        }
        match &caller.identity {
            Identity::Account => CallerPolicies::default(),
            Identity::User { name, .. } => CallerPolicies {
                identity: records
                    .users
                    .get(name)
                    .map(|user| records.in_force(&user.own, &user.attached))
                    .unwrap_or_default(),
                session: None,
            },
            Identity::Session { role, .. } => CallerPolicies {
                identity: records
                    .roles
                    .get(role)
                    .map(|stored| records.in_force(&stored.role.policies, &stored.attached))
                    .unwrap_or_default(),
                session: records
                    .sessions
                    .get(&caller.access_key_id)
                    .and_then(|session| session.policy.clone()),
            },
        }
    }

    /// A role by its name, in any case.
    pub(crate) fn role(&self, name: &str) -> Option<RoleView> {
        let records = &self.kept.lock().records;
        let mut roles = records.roles.values();
        let found = roles.find(|stored| stored.role.name.eq_ignore_ascii_case(name));
        found.map(|stored| RoleView {
            id: stored.id.clone(),
            role: stored.role.clone(),
        })
    }

    pub(crate) fn oidc_provider(&self, name: &str) -> Option<OidcProvider> {
        self.kept.lock().records.providers.get(name).cloned()
    }

    /// Opens a session of a role, and forgets those that are over. `None` where there is no such
    /// role.
    pub(crate) fn open_session(
        &self,
        new: NewSession,
        now: DateTime<Utc>,
    ) -> io::Result<Option<Session>> {
        self.change(|records| {
            // Kept for a day, so that late requests are told that their token has expired.
            let is_over = |it: &Session| it.expires_at + TimeDelta::hours(24) <= now;
            for over in records.sessions.keys_of(is_over) {
                records.sessions.remove(&over);
            }
            let role_id = records.roles.get(&new.role)?.id.clone();
            let session = Session::open(new, role_id);
            let id = session.access_key_id.clone();
            records.sessions.insert(id, session.clone());
            Some(session)
        })
    }
}

/// The folder itself, which nobody else on the machine can look into: there are secrets in it.
fn secret_folder(folder: PathBuf) -> io::Result<PathBuf> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder)?;
    Ok(folder)
}
