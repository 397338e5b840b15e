//! What RAM and the cluster hold, as a plan needs it.

use alibaba_ram::PolicyDocument;

use super::secret::SecretState;

/// Written into the comments of users and the descriptions of policies, so that a later run knows what
/// it may delete.
pub(super) const MARK: &str = "made by ack-backup-center";

/// Everything that a plan looks at.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) user: Option<UserState>,
    pub(super) policy: Option<PolicyState>,
    /// Of the user. Empty where there is no user.
    pub(super) keys: Vec<KeyState>,
    pub(super) namespace: NamespaceState,
    pub(super) secret: Option<SecretState>,
    pub(super) component: Option<ComponentState>,
}

/// The RAM user.
#[derive(Clone, Debug)]
pub(super) struct UserState {
    /// Made by a grant.
    pub(super) is_ours: bool,
    /// Its policies, by name.
    pub(super) policies: Vec<String>,
}

/// The policy.
#[derive(Clone, Debug)]
pub(super) struct PolicyState {
    /// Made by a grant.
    pub(super) is_ours: bool,
    /// The document in force; none if it cannot be read.
    pub(super) document: Option<PolicyDocument>,
    /// Whom it is attached to, as RAM names them: users, groups and roles.
    pub(super) entities: Vec<String>,
}

/// An AccessKey.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct KeyState {
    pub(super) id: String,
    pub(super) is_active: bool,
    /// When it was made, as text.
    pub(super) created_at: String,
}

/// The namespace of the Secret.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum NamespaceState {
    #[default]
    Absent,
    Active,
    Terminating,
}

/// The component's Deployment.
#[derive(Clone, Debug)]
pub(super) struct ComponentState {
    /// The credentials that its Pods were started for, as [`mark_of`](super::secret::mark_of) has them.
    pub(super) started_for: Option<String>,
}

impl State {
    pub(super) fn is_attached(&self, policy: &str) -> bool {
        let user = self.user.as_ref();
        user.is_some_and(|user| user.policies.iter().any(|name| name == policy))
    }

    pub(super) fn key(&self, id: &str) -> Option<&KeyState> {
        self.keys.iter().find(|key| key.id == id)
    }

    /// The id of the key in the Secret, if it is one of the user's.
    pub(super) fn key_in_use(&self) -> Option<&KeyState> {
        let secret = self.secret.as_ref()?;
        self.key(secret.key_id.as_deref().filter(|_| secret.is_complete)?)
    }

    /// Keys that were made during a reservation and are not in the Secret: nobody knows their secrets.
    pub(super) fn orphans(&self) -> impl Iterator<Item = &KeyState> {
        let secret = self.secret.as_ref();
        let reservation = secret.and_then(|secret| secret.reservation.as_ref());
        self.keys.iter().filter(move |key| {
            let is_known = |ids: &[String]| ids.contains(&key.id);
            let in_secret = secret.and_then(|secret| secret.key_id.as_ref()) == Some(&key.id);
            reservation.is_some_and(|it| !is_known(&it.known_keys)) && !in_secret
        })
    }
}
