//! How users, roles and providers get into the directory without a call of RAM.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::managed::{ADMINISTRATOR_ACCESS, Attachment, PolicyId, PolicyKind};
use super::provider::OidcProvider;
use super::records::{Key, KeyStatus, Records, StoredRole, StoredUser};
use super::role::Role;
use super::user::User;

/// Who is there from the start.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    pub(crate) users: Vec<User>,
    pub(crate) roles: Vec<Role>,
    pub(crate) providers: Vec<OidcProvider>,
}

/// What an earlier process left. Calls may have changed it since it was described first, and what
/// they can change stays as it is.
#[derive(Debug, Default)]
pub(super) struct Left {
    users: BTreeSet<String>,
    keys: BTreeSet<String>,
    roles: BTreeSet<String>,
}

impl Left {
    pub(super) fn of(records: &Records) -> Self {
        let keys = |keys: &mut dyn Iterator<Item = &String>| keys.cloned().collect();
        Self {
            users: keys(&mut records.users.iter().map(|it| it.0)),
            keys: keys(&mut records.keys.iter().map(|it| it.0)),
            roles: keys(&mut records.roles.iter().map(|it| it.0)),
        }
    }
}

impl Records {
    pub(super) fn describe(&mut self, described: Described, left: &Left, now: DateTime<Utc>) {
        for user in described.users {
            self.add_user(user, left, now);
        }
        for role in described.roles {
            self.add_role(role, left, now);
        }
        for provider in described.providers {
            self.providers.insert(provider.name.clone(), provider);
        }
    }

    pub(super) fn add_user(&mut self, user: User, left: &Left, now: DateTime<Utc>) {
        let owner = (!user.is_account).then(|| user.name.unwrap_or(user.access_key_id.clone()));
        let stays = left.keys.contains(&user.access_key_id);
        let key = self.keys.get_mut(&user.access_key_id);
        let owner = match key.filter(|key| stays && key.user.is_some() == owner.is_some()) {
            // Whose it is stays too: its owner may have got another name.
            Some(key) => {
                (key.secret, key.token) = (user.secret, user.token);
                key.user.clone()
            }
            None => {
                let key = Key {
                    secret: user.secret,
                    token: user.token,
                    user: owner.clone(),
                    status: KeyStatus::Active,
                    created_at: now,
                    last_used: None,
                };
                self.keys.insert(user.access_key_id, key);
                owner
            }
        };
        let Some(name) = owner else { return };
        if !self.users.contains(&name) {
            let mut stored = StoredUser::new(self.next_id(), now);
            stored.attached.push(Attachment {
                policy: PolicyId::new(PolicyKind::System, ADMINISTRATOR_ACCESS),
                since: now,
            });
            self.users.insert(&name, stored);
        }
        if let (Some(stored), Some(policies)) = (self.users.get_mut(&name), user.policies) {
            stored.own = policies;
            if !left.users.contains(&name) {
                stored.attached.clear();
            }
        }
    }

    pub(super) fn add_role(&mut self, role: Role, left: &Left, now: DateTime<Utc>) {
        let stays = left.roles.contains(&role.name);
        match self.roles.get_mut(&role.name).filter(|_| stays) {
            Some(stored) => stored.role.policies = role.policies,
            None => {
                let name = role.name.clone();
                let id = self.next_id();
                self.roles.insert(name, StoredRole::new(id, role, now));
            }
        }
    }
}
