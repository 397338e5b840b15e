//! Policies with a name of their own, which users and roles are attached to.

use std::sync::LazyLock;

use alibaba_ram::PolicyDocument;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::written;

/// The system's policies: name, what they are for, and the document.
const SYSTEM_POLICIES: &[(&str, &str, &str)] = &[
    (
        ADMINISTRATOR_ACCESS,
        "Full access to everything",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "AliyunOSSFullAccess",
        "Full access to OSS",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"oss:*","Resource":"*"}]}"#,
    ),
    (
        "AliyunOSSReadOnlyAccess",
        "Read access to OSS",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["oss:Get*","oss:List*"],"Resource":"*"}]}"#,
    ),
    (
        "AliyunRAMFullAccess",
        "Full access to RAM",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:*","Resource":"*"}]}"#,
    ),
    (
        "AliyunRAMReadOnlyAccess",
        "Read access to RAM",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:Get*","ram:List*"],"Resource":"*"}]}"#,
    ),
    (
        "AliyunSTSAssumeRoleAccess",
        "The right to assume roles",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#,
    ),
];

/// The system policy of those who may do everything.
pub(crate) const ADMINISTRATOR_ACCESS: &str = "AdministratorAccess";

static SYSTEM: LazyLock<Vec<ManagedPolicy>> = LazyLock::new(|| {
    let policy = |&(name, description, text): &(&str, &str, &str)| {
        let document = PolicyDocument::parse(text).expect("the table holds policy documents");
        let id = PolicyId::new(PolicyKind::System, name);
        ManagedPolicy::new(id, text.to_owned(), document, DateTime::UNIX_EPOCH)
            .describe(description.to_owned())
    };
    SYSTEM_POLICIES.iter().map(policy).collect()
});

/// Whose a policy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum PolicyKind {
    /// The account's.
    Custom,
    /// Alibaba Cloud's.
    System,
}

impl PolicyKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Custom => "Custom",
            Self::System => "System",
        }
    }
}

/// What tells one policy from another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct PolicyId {
    pub(crate) kind: PolicyKind,
    pub(crate) name: String,
}

impl PolicyId {
    pub(crate) fn new(kind: PolicyKind, name: impl Into<String>) -> Self {
        Self {
            kind,
            name: name.into(),
        }
    }
}

/// A policy that a user or a role has.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Attachment {
    pub(crate) policy: PolicyId,
    pub(crate) since: DateTime<Utc>,
}

/// A policy with its versions, of which one is in force.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ManagedPolicy {
    pub(crate) id: PolicyId,
    pub(crate) description: String,
    pub(crate) tags: Vec<(String, String)>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) updated_at: DateTime<Utc>,
    /// At least one; the oldest comes first.
    pub(crate) versions: Vec<PolicyVersion>,
    default_version: u32,
    /// Numbers given out so far; none is used twice.
    last_version: u32,
}

/// One version of a policy.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct PolicyVersion {
    pub(crate) number: u32,
    /// As it was given, character by character.
    pub(crate) text: String,
    #[serde(with = "written")]
    pub(crate) document: PolicyDocument,
    pub(crate) created_at: DateTime<Utc>,
}

impl ManagedPolicy {
    /// A policy whose first version is in force.
    pub(crate) fn new(
        id: PolicyId,
        text: String,
        document: PolicyDocument,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            description: String::new(),
            tags: Vec::new(),
            created_at: now,
            updated_at: now,
            versions: vec![PolicyVersion {
                number: 1,
                text,
                document,
                created_at: now,
            }],
            default_version: 1,
            last_version: 1,
        }
    }

    pub(crate) fn describe(mut self, description: String) -> Self {
        self.description = description;
        self
    }

    /// All of the system's.
    pub(crate) fn of_system() -> &'static [Self] {
        &SYSTEM
    }

    /// Adds a version, which is not in force yet. Its number.
    pub(crate) fn add_version(
        &mut self,
        text: String,
        document: PolicyDocument,
        now: DateTime<Utc>,
    ) -> u32 {
        self.last_version += 1;
        self.updated_at = now;
        self.versions.push(PolicyVersion {
            number: self.last_version,
            text,
            document,
            created_at: now,
        });
        self.last_version
    }

    pub(crate) fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.versions.iter().find(|it| it.number == number)
    }

    /// The version in force.
    pub(crate) fn in_force(&self) -> &PolicyVersion {
        self.version(self.default_version)
            .expect("the default version is never deleted")
    }

    /// Whether there is a version in force.
    pub(super) fn is_whole(&self) -> bool {
        self.version(self.default_version).is_some()
    }

    /// Puts a version in force. Whether there is one of this number.
    pub(crate) fn put_in_force(&mut self, number: u32, now: DateTime<Utc>) -> bool {
        let found = self.version(number).is_some();
        if found {
            self.default_version = number;
            self.updated_at = now;
        }
        found
    }
}
