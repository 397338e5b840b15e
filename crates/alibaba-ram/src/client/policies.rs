//! Policies and their versions.

use alibaba_core::Paginator;
use alibaba_core::openapi::{Acknowledged, Json, read};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::connect::{Client, next_marker};
use super::document::PolicyText;
use super::names::{PolicyName, VersionId};
use super::tag::Tag;

alibaba_core::words! {
    /// Whose policy it is.
    PolicyType {
        /// Alibaba Cloud's: it can be attached, and not changed.
        System = "System",
        /// The account's own.
        Custom = "Custom",
    }
    /// What to do when a policy has five versions already.
    RotateStrategy {
        /// Fail with `LimitExceeded.Policy.Version`.
        None = "None",
        /// Delete the oldest version that is not the default.
        DeleteOldestNonDefaultVersion = "DeleteOldestNonDefaultVersionWhenLimitExceeded",
    }
}

alibaba_core::operations! {
    impl Client;
    /// The operations on policies.
    pub(super) const OPERATIONS;

    /// Creates a policy. Its document is version `v1`, the default; it takes effect where the policy
    /// is attached.
    ///
    /// Costs nothing; an account has up to 1500 policies of its own. Needs `ram:CreatePolicy` on
    /// `acs:ram:*:<account>:policy/*`. It is not repeated after a broken connection: look by
    /// [`get_policy`](Self::get_policy) then, and compare the document.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// let document = alibaba_ram::ack::backup_center_in(["mybackups"]);
    /// ram.create_policy("backup", document).description("ACK backup center").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn create_policy = CreatePolicy(
        policy_name: PolicyName = "PolicyName",
        policy_document: PolicyText = "PolicyDocument" [in 1..=6144],
    ) -> PolicyResponse {
        /// What it is for.
        description: String = "Description" [in 1..=1024];
        /// Its tags.
        tags: Vec<Tag> = "Tag" [Json];
    }

    /// Describes a policy, with the version in force.
    ///
    /// Needs `ram:GetPolicy` on `acs:ram:*:<account>:policy/<name>`, or
    /// `acs:ram:*:system:policy/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// use alibaba_ram::client::PolicyType;
    ///
    /// let policy = ram.get_policy("backup", PolicyType::Custom).send().await?;
    /// let document = policy.default_policy_version.policy_document.parse()?;
    /// println!("{} statements", document.statements().len());
    /// # Ok(())
    /// # }
    /// ```
    fn get_policy = GetPolicy(
        policy_name: PolicyName = "PolicyName",
        policy_type: PolicyType = "PolicyType",
    ) -> PolicyWithDocument {}

    /// Deletes a policy of the account's own.
    ///
    /// It must be attached to nobody, and have no version but the default unless
    /// [`cascading_delete`](DeletePolicy::cascading_delete) is set; otherwise it fails with
    /// `DeleteConflict.…`. Needs `ram:DeletePolicy` on `acs:ram:*:<account>:policy/<name>`. It is
    /// repeated after a broken connection, and may then fail with `EntityNotExist.Policy`, which
    /// says that it is done.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// ram.delete_policy("backup").cascading_delete(true).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_policy = DeletePolicy(policy_name: PolicyName = "PolicyName") -> Acknowledged [idempotent] {
        /// Whether its versions that are not the default go with it.
        cascading_delete: bool = "CascadingDelete";
    }

    /// Lists policies, those of the system and the account's own.
    ///
    /// [`send`](ListPolicies::send) gets one page, [`items`](ListPolicies::items) all of them. Needs
    /// `ram:ListPolicies` on `acs:ram:*:<account>:policy/*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::PolicyType;
    /// use futures::TryStreamExt as _;
    ///
    /// let own: Vec<_> = ram.list_policies().policy_type(PolicyType::Custom).items().try_collect().await?;
    /// println!("{} policies", own.len());
    /// # Ok(())
    /// # }
    /// ```
    fn list_policies = ListPolicies() -> PolicyPage {
        /// Only those of this type.
        policy_type: PolicyType = "PolicyType";
        /// Only those with these tags.
        tags: Vec<Tag> = "Tag" [Json];
        /// Where to go on: the marker of the page before.
        marker: String = "Marker";
        /// How many policies a page has at most; 100, if this is not set.
        max_items: u32 = "MaxItems" [in 1..=1000];
    }

    /// Adds a version to a policy.
    ///
    /// It takes effect only as the default: by [`set_as_default`](CreatePolicyVersion::set_as_default)
    /// or [`set_default_policy_version`](Self::set_default_policy_version). A policy has up to five
    /// versions. Needs `ram:CreatePolicyVersion` on `acs:ram:*:<account>:policy/<name>`. It is not
    /// repeated after a broken connection: compare the versions' documents first.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::RotateStrategy;
    ///
    /// let document = alibaba_ram::ack::backup_center_in(["mybackups", "archive"]);
    /// ram.create_policy_version("backup", document)
    ///     .set_as_default(true)
    ///     .rotate_strategy(RotateStrategy::DeleteOldestNonDefaultVersion)
    ///     .send()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    fn create_policy_version = CreatePolicyVersion(
        policy_name: PolicyName = "PolicyName",
        policy_document: PolicyText = "PolicyDocument" [in 1..=6144],
    ) -> PolicyVersionResponse {
        /// Whether it takes effect at once.
        set_as_default: bool = "SetAsDefault";
        /// What to do when there are five versions already.
        rotate_strategy: RotateStrategy = "RotateStrategy";
    }

    /// Describes a version of a policy.
    ///
    /// Needs `ram:GetPolicyVersion` on `acs:ram:*:<account>:policy/<name>`, or
    /// `acs:ram:*:system:policy/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::PolicyType;
    ///
    /// let version = ram.get_policy_version("backup", PolicyType::Custom, "v1").send().await?;
    /// println!("{}", version.policy_version.policy_document);
    /// # Ok(())
    /// # }
    /// ```
    fn get_policy_version = GetPolicyVersion(
        policy_name: PolicyName = "PolicyName",
        policy_type: PolicyType = "PolicyType",
        version_id: VersionId = "VersionId",
    ) -> PolicyVersionResponse {}

    /// Deletes a version of a policy that is not its default.
    ///
    /// The default fails with `DeleteConflict.Policy.Version.Default`. Needs
    /// `ram:DeletePolicyVersion` on `acs:ram:*:<account>:policy/<name>`. It is repeated after a broken
    /// connection, and may then fail with `EntityNotExist.Policy.Version`, which says that it is done.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// ram.delete_policy_version("backup", "v1").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_policy_version = DeletePolicyVersion(
        policy_name: PolicyName = "PolicyName",
        version_id: VersionId = "VersionId",
    ) -> Acknowledged [idempotent] {}

    /// Lists the versions of a policy, at most five.
    ///
    /// Needs `ram:ListPolicyVersions` on `acs:ram:*:<account>:policy/<name>`, or
    /// `acs:ram:*:system:policy/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::PolicyType;
    ///
    /// let list = ram.list_policy_versions("backup", PolicyType::Custom).send().await?;
    /// for version in list.policy_versions {
    ///     println!("{}, in force: {}", version.id, version.is_default_version);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn list_policy_versions = ListPolicyVersions(
        policy_name: PolicyName = "PolicyName",
        policy_type: PolicyType = "PolicyType",
    ) -> PolicyVersionList {}

    /// Puts a version of a policy in force.
    ///
    /// It acts wherever the policy is attached, within seconds. Needs `ram:SetDefaultPolicyVersion`
    /// on `acs:ram:*:<account>:policy/<name>`. The same call again has the same effect, and it is
    /// repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// ram.set_default_policy_version("backup", "v1").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn set_default_policy_version = SetDefaultPolicyVersion(
        policy_name: PolicyName = "PolicyName",
        version_id: VersionId = "VersionId",
    ) -> Acknowledged [idempotent] {}
}

impl ListPolicies {
    /// All policies from here on, page after page.
    pub fn items(self) -> Paginator<Policy> {
        self.call
            .list_by_token("list RAM policies", next_marker, |page: PolicyPage| {
                (page.policies, page.marker.filter(|_| page.is_truncated))
            })
    }
}

/// A policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Policy {
    /// The name.
    #[serde(rename = "PolicyName")]
    pub name: PolicyName,
    /// Whose it is.
    pub policy_type: PolicyType,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The version in force.
    #[serde(default)]
    pub default_version: Option<VersionId>,
    /// The document in force. Only [`Client::get_policy`] says.
    #[serde(default)]
    pub policy_document: Option<PolicyText>,
    /// How many users, groups and roles have it. Creating does not say.
    #[serde(default)]
    pub attachment_count: Option<u32>,
    /// Its tags. Only lists say.
    #[serde(default, deserialize_with = "read::nested")]
    pub tags: Vec<Tag>,
    /// When it was made.
    #[serde(default, rename = "CreateDate", deserialize_with = "read::time")]
    pub created_at: Option<DateTime<Utc>>,
    /// When it was last changed. Creating does not say.
    #[serde(default, rename = "UpdateDate", deserialize_with = "read::time")]
    pub updated_at: Option<DateTime<Utc>>,
}

/// A version of a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyVersion {
    /// `v1`, `v2` and so on.
    #[serde(rename = "VersionId")]
    pub id: VersionId,
    /// Whether it is in force.
    #[serde(default)]
    pub is_default_version: bool,
    /// The document. Lists may leave it empty.
    #[serde(default)]
    pub policy_document: PolicyText,
    /// When it was made.
    #[serde(default, rename = "CreateDate", deserialize_with = "read::time")]
    pub created_at: Option<DateTime<Utc>>,
}

/// One policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyResponse {
    /// What support asks for.
    pub request_id: String,
    /// The policy.
    pub policy: Policy,
}

/// One policy, with the version in force.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyWithDocument {
    /// What support asks for.
    pub request_id: String,
    /// The policy.
    pub policy: Policy,
    /// The version in force.
    pub default_policy_version: PolicyVersion,
}

/// A page of policies.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyPage {
    /// What support asks for.
    pub request_id: String,
    /// The policies.
    #[serde(default, deserialize_with = "read::nested")]
    pub policies: Vec<Policy>,
    /// Whether there are more.
    #[serde(default)]
    pub is_truncated: bool,
    /// Where the next page begins.
    #[serde(default)]
    pub marker: Option<String>,
}

/// One version of a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyVersionResponse {
    /// What support asks for.
    pub request_id: String,
    /// The version.
    pub policy_version: PolicyVersion,
}

/// The versions of a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyVersionList {
    /// What support asks for.
    pub request_id: String,
    /// The versions.
    #[serde(default, deserialize_with = "read::nested")]
    pub policy_versions: Vec<PolicyVersion>,
}
