//! The directory: what is known of users, roles and sessions, and how it changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use alibaba_ram::PolicyDocument;
use alibaba_sign::Secret;
use chrono::{DateTime, Utc};
use parking_lot::{Mutex, MutexGuard};

use super::ACCOUNT_ID;
use super::caller::{Caller, Identity};
use super::provider::OidcProvider;
use super::role::Role;
use super::session::{NewSession, Session};
use super::user::{NamedPolicy, User};

/// Users, roles, sessions and identity providers of the account. Clones share them, and changes
/// hold from the next request on.
#[derive(Clone, Debug, Default)]
pub struct Directory(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    users: BTreeMap<String, StoredUser>,
    /// By AccessKey id.
    keys: BTreeMap<String, Key>,
    roles: BTreeMap<String, StoredRole>,
    /// By AccessKey id.
    sessions: BTreeMap<String, Session>,
    providers: BTreeMap<String, OidcProvider>,
    /// Ids given out so far.
    ids: u64,
}

#[derive(Debug)]
struct StoredUser {
    id: String,
    policies: Vec<NamedPolicy>,
}

#[derive(Debug)]
struct StoredRole {
    id: String,
    role: Role,
}

/// A pair of keys of a user, or of the account.
#[derive(Debug)]
struct Key {
    secret: Secret,
    token: Option<Secret>,
    /// The account's where there is none.
    user: Option<String>,
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
    /// Adds a user with its keys, or another pair of keys to a user who is there. Policies that
    /// are set take the place of those there were.
    pub fn add_user(&self, user: User) {
        let mut inner = self.lock();
        let name = (!user.is_account).then(|| user.name.unwrap_or(user.access_key_id.clone()));
        if let Some(name) = &name {
            let id = inner.next_id();
            let stored = inner
                .users
                .entry(name.clone())
                .or_insert_with(|| StoredUser {
                    id,
                    policies: vec![NamedPolicy::administrator()],
                });
            if let Some(policies) = user.policies {
                stored.policies = policies;
            }
        }
        let key = Key {
            secret: user.secret,
            token: user.token,
            user: name,
        };
        inner.keys.insert(user.access_key_id, key);
    }

    /// Removes a user and its keys. Whether there was one of this name.
    pub fn remove_user(&self, name: &str) -> bool {
        let mut inner = self.lock();
        inner
            .keys
            .retain(|_, key| key.user.as_deref() != Some(name));
        inner.users.remove(name).is_some()
    }

    /// Adds a role, or puts another one in its place.
    pub fn add_role(&self, role: Role) {
        let mut inner = self.lock();
        let id = inner.next_id();
        inner
            .roles
            .insert(role.name.clone(), StoredRole { id, role });
    }

    /// Removes a role. Its sessions end with it. Whether there was one of this name.
    pub fn remove_role(&self, name: &str) -> bool {
        let mut inner = self.lock();
        inner.sessions.retain(|_, session| session.role != name);
        inner.roles.remove(name).is_some()
    }

    /// Adds an OIDC provider, or puts another one in its place.
    pub fn add_oidc_provider(&self, provider: OidcProvider) {
        let mut inner = self.lock();
        inner.providers.insert(provider.name.clone(), provider);
    }

    /// The account's id, which is part of every resource name.
    #[must_use]
    pub fn account_id(&self) -> &'static str {
        ACCOUNT_ID
    }

    /// The owner of a pair of keys.
    pub(crate) fn caller(&self, access_key_id: &str) -> Option<Caller> {
        let inner = self.lock();
        if let Some(session) = inner.sessions.get(access_key_id) {
            return Some(Caller {
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
        let key = inner.keys.get(access_key_id)?;
        let identity = match &key.user {
            None => Identity::Account,
            Some(name) => Identity::User {
                name: name.clone(),
                id: inner.users.get(name)?.id.clone(),
            },
        };
        Some(Caller {
            access_key_id: access_key_id.to_owned(),
            secret: key.secret.clone(),
            token: key.token.clone(),
            expires_at: None,
            identity,
        })
    }

    /// The policies of a caller, as they are now.
    pub(super) fn policies_of(&self, caller: &Caller) -> CallerPolicies {
        let inner = self.lock();
        match &caller.identity {
            Identity::Account => CallerPolicies::default(),
            Identity::User { name, .. } => CallerPolicies {
                identity: inner
                    .users
                    .get(name)
                    .map(|user| user.policies.clone())
                    .unwrap_or_default(),
                session: None,
            },
            Identity::Session { role, .. } => CallerPolicies {
                identity: inner
                    .roles
                    .get(role)
                    .map(|stored| stored.role.policies.clone())
                    .unwrap_or_default(),
                session: inner
                    .sessions
                    .get(&caller.access_key_id)
                    .and_then(|session| session.policy.clone()),
            },
        }
    }

    /// A role by its name, in any case.
    pub(crate) fn role(&self, name: &str) -> Option<RoleView> {
        let inner = self.lock();
        let mut roles = inner.roles.values();
        let found = roles.find(|stored| stored.role.name.eq_ignore_ascii_case(name));
        found.map(|stored| RoleView {
            id: stored.id.clone(),
            role: stored.role.clone(),
        })
    }

    pub(crate) fn oidc_provider(&self, name: &str) -> Option<OidcProvider> {
        self.lock().providers.get(name).cloned()
    }

    /// Opens a session of a role, and forgets those that are over. `None` where there is no such
    /// role.
    pub(crate) fn open_session(&self, new: NewSession, now: DateTime<Utc>) -> Option<Session> {
        let mut inner = self.lock();
        inner.sessions.retain(|_, session| {
            // Kept for a day, so that late requests are told that their token has expired.
            session.expires_at + chrono::TimeDelta::hours(24) > now
        });
        let role_id = inner.roles.get(&new.role)?.id.clone();
        let session = Session::open(new, role_id);
        inner
            .sessions
            .insert(session.access_key_id.clone(), session.clone());
        Some(session)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock()
    }
}

impl Inner {
    /// Of a user or a role: 18 digits.
    fn next_id(&mut self) -> String {
        self.ids += 1;
        format!("{:018}", 300_000_000_000_000_000 + self.ids)
    }
}
