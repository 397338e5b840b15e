//! Roles.

use std::time::Duration;

use alibaba_core::Paginator;
use alibaba_core::openapi::{Acknowledged, Json, read, seconds};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer};

use super::connect::{Client, next_marker};
use super::document::PolicyText;
use super::names::{DeletionTaskId, RoleId, RoleName};
use super::tag::Tag;

alibaba_core::operations! {
    impl Client;
    /// The operations on roles.
    pub(super) const OPERATIONS;

    /// Creates a role, to be assumed by those its trust policy names. It may do nothing yet.
    ///
    /// Costs nothing; an account has up to 1000 roles. Needs `ram:CreateRole` on
    /// `acs:ram:*:<account>:role/*`. It is not repeated after a broken connection: look by
    /// [`get_role`](Self::get_role) then, and compare the trust policy.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use alibaba_ram::{PolicyDocument, Statement, TrustedPrincipals};
    ///
    /// let trust = PolicyDocument::new().statement(
    ///     Statement::allow()
    ///         .action("sts:AssumeRole")
    ///         .principal(TrustedPrincipals::service("cs.aliyuncs.com")),
    /// );
    /// let role = ram.create_role("backup", trust).send().await?.role;
    /// println!("{}", role.arn);
    /// # Ok(())
    /// # }
    /// ```
    fn create_role = CreateRole(
        role_name: RoleName = "RoleName",
        assume_role_policy_document: PolicyText = "AssumeRolePolicyDocument",
    ) -> RoleResponse {
        /// What it is for.
        description: String = "Description" [in 1..=1024];
        /// For how long it may be assumed at a time, in whole seconds; an hour, if this is not set.
        max_session_duration: Duration = "MaxSessionDuration" [seconds, in 3600..=43200];
        /// Whether it may sign in to the console.
        allow_console_login: bool = "AllowConsoleLogin";
        /// Its tags.
        tags: Vec<Tag> = "Tag" [Json];
    }

    /// Describes a role.
    ///
    /// Needs `ram:GetRole` on `acs:ram:*:<account>:role/<name>`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), Box<dyn std::error::Error>> {
    /// let role = ram.get_role("AliyunCSManagedBackupRestoreRole").send().await?.role;
    /// if let Some(trust) = role.assume_role_policy_document {
    ///     println!("{}", trust.parse()?.to_pretty_string());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn get_role = GetRole(role_name: RoleName = "RoleName") -> RoleResponse {}

    /// Changes a role; what is not set stays.
    ///
    /// A new trust policy acts within seconds, and leaves sessions alone that have begun. Needs
    /// `ram:UpdateRole` on `acs:ram:*:<account>:role/<name>`. The same call again has the same effect,
    /// and it is repeated after a broken connection.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use std::time::Duration;
    ///
    /// let role = ram.update_role("backup");
    /// role.new_max_session_duration(Duration::from_secs(7200)).send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn update_role = UpdateRole(role_name: RoleName = "RoleName") -> RoleResponse [idempotent] {
        /// The new trust policy.
        new_assume_role_policy_document: PolicyText = "NewAssumeRolePolicyDocument";
        /// What it is for.
        new_description: String = "NewDescription" [in 1..=1024];
        /// For how long it may be assumed at a time, in whole seconds.
        new_max_session_duration: Duration = "NewMaxSessionDuration" [seconds, in 3600..=43200];
        /// Whether it may sign in to the console.
        new_allow_console_login: bool = "NewAllowConsoleLogin";
    }

    /// Deletes a role.
    ///
    /// Its policies have to be detached first. Needs `ram:DeleteRole` on
    /// `acs:ram:*:<account>:role/<name>`. It is repeated after a broken connection, and may then fail
    /// with `EntityNotExist.Role`, which says that it is done.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// ram.delete_role("backup").send().await?;
    /// # Ok(())
    /// # }
    /// ```
    fn delete_role = DeleteRole(role_name: RoleName = "RoleName") -> Acknowledged [idempotent] {}

    /// Lists the roles of the account.
    ///
    /// [`send`](ListRoles::send) gets one page, [`items`](ListRoles::items) all of them. Needs
    /// `ram:ListRoles` on `acs:ram:*:<account>:role/*`. Reads only.
    ///
    /// ```no_run
    /// # async fn example(ram: alibaba_ram::client::Client) -> Result<(), alibaba_core::Error> {
    /// use futures::TryStreamExt as _;
    ///
    /// let roles: Vec<_> = ram.list_roles().max_items(1000_u32).items().try_collect().await?;
    /// println!("{} roles", roles.len());
    /// # Ok(())
    /// # }
    /// ```
    fn list_roles = ListRoles() -> RolePage {
        /// Only those with these tags.
        tags: Vec<Tag> = "Tag" [Json];
        /// Where to go on: the marker of the page before.
        marker: String = "Marker";
        /// How many roles a page has at most; 100, if this is not set.
        max_items: u32 = "MaxItems" [in 1..=1000];
    }
}

impl ListRoles {
    /// All roles from here on, page after page.
    pub fn items(self) -> Paginator<Role> {
        self.call
            .list_by_token("list RAM roles", next_marker, |page: RolePage| {
                (page.roles, page.marker.filter(|_| page.is_truncated))
            })
    }
}

/// A role.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Role {
    /// The id.
    #[serde(rename = "RoleId")]
    pub id: RoleId,
    /// The name.
    #[serde(rename = "RoleName")]
    pub name: RoleName,
    /// `acs:ram::<account>:role/<name>`, by which it is assumed.
    pub arn: String,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// The trust policy. Lists leave it out.
    #[serde(default)]
    pub assume_role_policy_document: Option<PolicyText>,
    /// For how long it may be assumed at a time.
    #[serde(default, deserialize_with = "optional_seconds")]
    pub max_session_duration: Option<Duration>,
    /// Whether it may sign in to the console.
    #[serde(default)]
    pub allow_console_login: Option<bool>,
    /// Whether a service made it for itself. Only [`Client::get_role`] says.
    #[serde(default)]
    pub is_service_linked_role: Option<bool>,
    /// What is known of the last attempt to delete it. Only [`Client::get_role`] says.
    #[serde(default)]
    pub latest_deletion_task: Option<DeletionTask>,
    /// Its name as a principal. Only [`Client::get_role`] says.
    #[serde(default)]
    pub role_principal_name: Option<String>,
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

/// An attempt to delete a role that a service made for itself.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct DeletionTask {
    /// Its id.
    #[serde(rename = "DeletionTaskId")]
    pub id: DeletionTaskId,
    /// When it began.
    #[serde(default, rename = "CreateDate", deserialize_with = "read::time")]
    pub created_at: Option<DateTime<Utc>>,
}

/// One role.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RoleResponse {
    /// What support asks for.
    pub request_id: String,
    /// The role.
    pub role: Role,
}

/// A page of roles.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RolePage {
    /// What support asks for.
    pub request_id: String,
    /// The roles.
    #[serde(default, deserialize_with = "read::nested")]
    pub roles: Vec<Role>,
    /// Whether there are more.
    #[serde(default)]
    pub is_truncated: bool,
    /// Where the next page begins.
    #[serde(default)]
    pub marker: Option<String>,
}

fn optional_seconds<'de, D: Deserializer<'de>>(d: D) -> Result<Option<Duration>, D::Error> {
    Option::<u64>::deserialize(d).map(|seconds| seconds.map(Duration::from_secs))
}
