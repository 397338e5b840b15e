//! The directory: what is known of users, roles and sessions, and how it changes.

use std::sync::Arc;

use alibaba_ram::PolicyDocument;
use chrono::{DateTime, Utc};
use parking_lot::Mutex;

use super::ACCOUNT_ID;
use super::caller::{Caller, Identity, KeyProblem};
use super::managed::{ADMINISTRATOR_ACCESS, Attachment, PolicyId, PolicyKind};
use super::provider::OidcProvider;
use super::records::{Key, KeyStatus, Records, StoredRole, StoredUser};
use super::role::Role;
use super::session::{NewSession, Session};
use super::user::{NamedPolicy, User};
use crate::gateway::clock::LocalClock;

/// Users, roles, sessions and identity providers of the account. Clones share them, and changes
/// hold from the next request on.
#[derive(Clone, Debug, Default)]
pub struct Directory {
    records: Arc<Mutex<Records>>,
    clock: LocalClock,
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
        let now = self.clock.now();
        let name = (!user.is_account).then(|| user.name.unwrap_or(user.access_key_id.clone()));
        self.change(|records| {
            if let Some(name) = &name {
                let id = records.next_id();
                let stored = records.users.entry(name.clone()).or_insert_with(|| {
                    let mut stored = StoredUser::new(id, now);
                    stored.attached.push(Attachment {
                        policy: PolicyId::new(PolicyKind::System, ADMINISTRATOR_ACCESS),
                        since: now,
                    });
                    stored
                });
                if let Some(policies) = user.policies {
                    stored.own = policies;
                    stored.attached.clear();
                }
            }
            let key = Key {
                secret: user.secret,
                token: user.token,
                user: name,
                status: KeyStatus::Active,
                created_at: now,
                last_used: None,
            };
            records.keys.insert(user.access_key_id, key);
        });
    }

    /// Removes a user and its keys. Whether there was one of this name.
    pub fn remove_user(&self, name: &str) -> bool {
        self.change(|records| {
            let others = |_: &String, key: &mut Key| key.user.as_deref() != Some(name);
            records.keys.retain(others);
            records.users.remove(name).is_some()
        })
    }

    /// Adds a role, or puts another one in its place.
    pub fn add_role(&self, role: Role) {
        let now = self.clock.now();
        self.change(|records| {
            let id = records.next_id();
            let name = role.name.clone();
            records.roles.insert(name, StoredRole::new(id, role, now));
        });
    }

    /// Removes a role. Its sessions end with it. Whether there was one of this name.
    pub fn remove_role(&self, name: &str) -> bool {
        self.change(|records| records.remove_role(name))
    }

    /// Adds an OIDC provider, or puts another one in its place.
    pub fn add_oidc_provider(&self, provider: OidcProvider) {
        let mut records = self.records.lock();
        records.providers.insert(provider.name.clone(), provider);
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

    /// Looks at what there is, and changes it, with nobody in between.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Records) -> T) -> T {
        change(&mut self.records.lock())
    }

    /// The owner of a pair of keys.
    pub(crate) fn caller(&self, access_key_id: &str) -> Result<Caller, KeyProblem> {
        let records = self.records.lock();
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
        let mut records = self.records.lock();
        if let Some(key) = records.keys.get_mut(&caller.access_key_id) {
            key.last_used = Some(self.clock.now());
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
        let records = self.records.lock();
        let mut roles = records.roles.values();
        let found = roles.find(|stored| stored.role.name.eq_ignore_ascii_case(name));
        found.map(|stored| RoleView {
            id: stored.id.clone(),
            role: stored.role.clone(),
        })
    }

    pub(crate) fn oidc_provider(&self, name: &str) -> Option<OidcProvider> {
        self.records.lock().providers.get(name).cloned()
    }

    /// Opens a session of a role, and forgets those that are over. `None` where there is no such
    /// role.
    pub(crate) fn open_session(&self, new: NewSession, now: DateTime<Utc>) -> Option<Session> {
        let mut records = self.records.lock();
        records.sessions.retain(|_, session| {
            // Kept for a day, so that late requests are told that their token has expired.
            session.expires_at + chrono::TimeDelta::hours(24) > now
        });
        let role_id = records.roles.get(&new.role)?.id.clone();
        let session = Session::open(new, role_id);
        records
            .sessions
            .insert(session.access_key_id.clone(), session.clone());
        Some(session)
    }
}
