//! What the directory holds.

use std::io;

use alibaba_ram::PolicyDocument;
use alibaba_sign::Secret;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::managed::{Attachment, ManagedPolicy, PolicyId, PolicyKind};
use super::provider::OidcProvider;
use super::role::Role;
use super::session::Session;
use super::user::NamedPolicy;
use super::written;
use crate::journal::{Journaled, Table, Tables};

/// Everything, to be looked at and changed as one.
#[derive(Debug, Default)]
pub(crate) struct Records {
    pub(crate) users: Table<StoredUser>,
    /// By AccessKey id.
    pub(crate) keys: Table<Key>,
    pub(crate) roles: Table<StoredRole>,
    /// Those of the account, by name.
    pub(crate) policies: Table<ManagedPolicy>,
    /// By AccessKey id.
    pub(super) sessions: Table<Session>,
    pub(super) providers: Table<OidcProvider>,
    /// How many ids were given out, in one row.
    ids: Table<u64>,
}

/// A user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredUser {
    pub(crate) id: String,
    pub(crate) profile: Profile,
    /// Policies that are the user's alone.
    pub(super) own: Vec<NamedPolicy>,
    pub(crate) attached: Vec<Attachment>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// What is said of a user, and decides nothing.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Profile {
    pub(crate) display_name: String,
    pub(crate) comments: String,
    pub(crate) email: String,
    pub(crate) mobile_phone: String,
}

/// A role.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct StoredRole {
    pub(crate) id: String,
    /// With the policies that are the role's alone.
    pub(crate) role: Role,
    /// The trust policy as it was given, character by character.
    pub(crate) trust_text: String,
    pub(crate) description: String,
    pub(crate) console_login: bool,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) attached: Vec<Attachment>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
}

/// A pair of keys of a user, or of the account.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    #[serde(with = "written")]
    pub(crate) secret: Secret,
    #[serde(with = "written::optional")]
    pub(crate) token: Option<Secret>,
    /// The account's where there is none.
    pub(crate) user: Option<String>,
    pub(crate) status: KeyStatus,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used: Option<DateTime<Utc>>,
}

/// Whether a pair of keys can sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeyStatus {
    Active,
    Inactive,
}

impl KeyStatus {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
        }
    }
}

impl StoredUser {
    pub(crate) fn new(id: String, now: DateTime<Utc>) -> Self {
        Self {
            id,
            profile: Profile::default(),
            own: Vec::new(),
            attached: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }
}

impl StoredRole {
    pub(crate) fn new(id: String, role: Role, now: DateTime<Utc>) -> Self {
        Self {
            id,
            trust_text: role.trust.to_string(),
            role,
            description: String::new(),
            console_login: false,
            tags: Vec::new(),
            attached: Vec::new(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Puts another trust policy in place.
    pub(crate) fn trust(&mut self, text: String, document: PolicyDocument) {
        self.role.trust = document;
        self.trust_text = text;
    }
}

/// The one row of the table of ids.
const IDS: &str = "users and roles";

impl Tables for Records {
    fn tables(&mut self) -> Vec<(&'static str, &mut dyn Journaled)> {
        vec![
            ("users", &mut self.users),
            ("keys", &mut self.keys),
            ("roles", &mut self.roles),
            ("policies", &mut self.policies),
            ("sessions", &mut self.sessions),
            ("providers", &mut self.providers),
            ("ids", &mut self.ids),
        ]
    }
}

impl Records {
    /// Whether what was read back is what this crate wrote: a policy has a version in force.
    pub(super) fn check(&self) -> io::Result<()> {
        match self.policies.values().find(|it| !it.is_whole()) {
            None => Ok(()),
            Some(policy) => {
                let name = &policy.id.name;
                let problem = format!("the policy `{name}` has no version in force");
                Err(io::Error::new(io::ErrorKind::InvalidData, problem))
            }
        }
    }

    /// Of a user or a role: 18 digits.
    pub(crate) fn next_id(&mut self) -> String {
        let ids = self.ids.get(IDS).copied().unwrap_or_default() + 1;
        self.ids.insert(IDS, ids);
        format!("{:018}", 300_000_000_000_000_000 + ids)
    }

    /// A policy of the account or of the system.
    pub(crate) fn policy(&self, id: &PolicyId) -> Option<&ManagedPolicy> {
        match id.kind {
            PolicyKind::Custom => self.policies.get(&id.name),
            PolicyKind::System => ManagedPolicy::of_system().iter().find(|it| it.id == *id),
        }
    }

    /// The policies of a user or role: its own, and the versions in force of those attached.
    pub(super) fn in_force(
        &self,
        own: &[NamedPolicy],
        attached: &[Attachment],
    ) -> Vec<NamedPolicy> {
        let attached = attached.iter().filter_map(|attachment| {
            let policy = self.policy(&attachment.policy)?;
            let document = policy.in_force().document.clone();
            Some(NamedPolicy::new(&policy.id.name, document))
        });
        own.iter().cloned().chain(attached).collect()
    }

    /// Removes a role. Its sessions end with it. Whether there was one of this name.
    pub(crate) fn remove_role(&mut self, name: &str) -> bool {
        for session in self.sessions.keys_of(|session| session.role == name) {
            self.sessions.remove(&session);
        }
        self.roles.remove(name).is_some()
    }
}
