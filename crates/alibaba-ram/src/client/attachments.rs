//! Which policies users and roles have.

use alibaba_core::openapi::{Acknowledged, read};
use chrono::{DateTime, Utc};
use serde::Deserialize;

use super::connect::Client;
use super::names::{
    GroupName, PolicyName, ResourceGroupId, RoleId, RoleName, UserId, UserName, VersionId,
};
use super::policies::PolicyType;

alibaba_core::operations! {
    impl Client;
    /// The operations on attachments.
    pub(super) const OPERATIONS;

    /// Attaches a policy to a user, which has its rights within seconds.
    ///
    /// A user has up to 20 policies of the system and 10 of the account. Needs
    /// `ram:AttachPolicyToUser` on `acs:ram:*:<account>:user/<name>` and on the policy. It is
    /// repeated after a broken connection; `EntityAlreadyExists.User.Policy` says that it was
    /// attached already.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::PolicyType;
    ///
    /// ram.attach_policy_to_user("backup", PolicyType::Custom, "backup").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn attach_policy_to_user = AttachPolicyToUser(
        policy_name: PolicyName = "PolicyName",
        policy_type: PolicyType = "PolicyType",
        user_name: UserName = "UserName",
    ) -> Acknowledged [idempotent] {
        /// Only for the resources of this group.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
    }

    /// Detaches a policy from a user, which loses its rights within seconds.
    ///
    /// Needs `ram:DetachPolicyFromUser` on `acs:ram:*:<account>:user/<name>` and on the policy. It is
    /// repeated after a broken connection; `EntityNotExist.User.Policy` says that it was not attached.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::PolicyType;
    ///
    /// ram.detach_policy_from_user("backup", PolicyType::Custom, "backup").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn detach_policy_from_user = DetachPolicyFromUser(
        policy_name: PolicyName = "PolicyName",
        policy_type: PolicyType = "PolicyType",
        user_name: UserName = "UserName",
    ) -> Acknowledged [idempotent] {
        /// The group that it was attached for.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
    }

    /// Attaches a policy to a role, whose sessions have its rights within seconds.
    ///
    /// A role has up to 20 policies of the system and 5 of the account. Needs
    /// `ram:AttachPolicyToRole` on `acs:ram:*:<account>:role/<name>` and on the policy. It is
    /// repeated after a broken connection; `EntityAlreadyExists.Role.Policy` says that it was
    /// attached already.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::PolicyType;
    ///
    /// ram.attach_policy_to_role("AliyunOSSReadOnlyAccess", PolicyType::System, "backup").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn attach_policy_to_role = AttachPolicyToRole(
        policy_name: PolicyName = "PolicyName",
        policy_type: PolicyType = "PolicyType",
        role_name: RoleName = "RoleName",
    ) -> Acknowledged [idempotent] {
        /// Only for the resources of this group.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
    }

    /// Detaches a policy from a role, whose sessions lose its rights within seconds.
    ///
    /// Needs `ram:DetachPolicyFromRole` on `acs:ram:*:<account>:role/<name>` and on the policy. It is
    /// repeated after a broken connection; `EntityNotExist.Role.Policy` says that it was not attached.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::PolicyType;
    ///
    /// ram.detach_policy_from_role("AliyunOSSReadOnlyAccess", PolicyType::System, "backup").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn detach_policy_from_role = DetachPolicyFromRole(
        policy_name: PolicyName = "PolicyName",
        policy_type: PolicyType = "PolicyType",
        role_name: RoleName = "RoleName",
    ) -> Acknowledged [idempotent] {
        /// The group that it was attached for.
        resource_group_id: ResourceGroupId = "ResourceGroupId";
    }

    /// Lists the policies attached to a user.
    ///
    /// Needs `ram:ListPoliciesForUser` on `acs:ram:*:<account>:user/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// for policy in ram.list_policies_for_user("backup").send().await?.policies {
    ///     println!("{} ({})", policy.name, policy.policy_type);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn list_policies_for_user = ListPoliciesForUser(user_name: UserName = "UserName") -> AttachedPolicyList {}

    /// Lists the policies attached to a role.
    ///
    /// Needs `ram:ListPoliciesForRole` on `acs:ram:*:<account>:role/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// let policies = ram.list_policies_for_role("AliyunCSManagedBackupRestoreRole").send().await?;
    /// println!("{} policies", policies.policies.len());
    /// # Ok(())
    /// # }
    /// ```
    fn list_policies_for_role = ListPoliciesForRole(role_name: RoleName = "RoleName") -> AttachedPolicyList {}

    /// Lists the users, groups and roles that a policy is attached to.
    ///
    /// Needs `ram:ListEntitiesForPolicy` on `acs:ram:*:<account>:policy/<name>`, or
    /// `acs:ram:*:system:policy/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::client::PolicyType;
    ///
    /// let entities = ram.list_entities_for_policy("backup", PolicyType::Custom).send().await?;
    /// println!("{} users, {} roles", entities.users.len(), entities.roles.len());
    /// # Ok(())
    /// # }
    /// ```
    fn list_entities_for_policy = ListEntitiesForPolicy(
        policy_name: PolicyName = "PolicyName",
        policy_type: PolicyType = "PolicyType",
    ) -> PolicyEntities {}
}

/// A policy that a user or role has.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AttachedPolicySummary {
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
    /// When it was attached.
    #[serde(default, rename = "AttachDate", deserialize_with = "read::time")]
    pub attached_at: Option<DateTime<Utc>>,
}

/// The policies of a user or role.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AttachedPolicyList {
    /// What support asks for.
    pub request_id: String,
    /// The policies.
    #[serde(default, deserialize_with = "read::nested")]
    pub policies: Vec<AttachedPolicySummary>,
}

/// A user that has a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UserWithPolicy {
    /// The id of the user.
    #[serde(rename = "UserId")]
    pub id: UserId,
    /// Its name.
    #[serde(rename = "UserName")]
    pub name: UserName,
    /// The name that the console shows.
    #[serde(default)]
    pub display_name: String,
    /// When the policy was attached.
    #[serde(default, rename = "AttachDate", deserialize_with = "read::time")]
    pub attached_at: Option<DateTime<Utc>>,
}

/// A group that has a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct GroupWithPolicy {
    /// The name of the group.
    #[serde(rename = "GroupName")]
    pub name: GroupName,
    /// What it is for.
    #[serde(default)]
    pub comments: String,
    /// When the policy was attached.
    #[serde(default, rename = "AttachDate", deserialize_with = "read::time")]
    pub attached_at: Option<DateTime<Utc>>,
}

/// A role that has a policy.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RoleWithPolicy {
    /// The id of the role.
    #[serde(rename = "RoleId")]
    pub id: RoleId,
    /// Its name.
    #[serde(rename = "RoleName")]
    pub name: RoleName,
    /// Its ARN.
    #[serde(default)]
    pub arn: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// When the policy was attached.
    #[serde(default, rename = "AttachDate", deserialize_with = "read::time")]
    pub attached_at: Option<DateTime<Utc>>,
}

/// The users, groups and roles that a policy is attached to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct PolicyEntities {
    /// What support asks for.
    pub request_id: String,
    /// The users.
    #[serde(default, deserialize_with = "read::nested")]
    pub users: Vec<UserWithPolicy>,
    /// The groups.
    #[serde(default, deserialize_with = "read::nested")]
    pub groups: Vec<GroupWithPolicy>,
    /// The roles.
    #[serde(default, deserialize_with = "read::nested")]
    pub roles: Vec<RoleWithPolicy>,
}
