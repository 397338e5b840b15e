//! The RAM API: users and their keys, roles, policies and what they are attached to.
//!
//! [`Client`] has a method for each operation; what is required is its arguments, what is optional
//! are setters, and `send()` sends the call.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use alibaba_core::{Context, credentials};
//! use alibaba_ram::ack;
//! use alibaba_ram::client::{Client, PolicyType};
//!
//! let context = Context::system()?;
//! let ram = Client::new(&context, credentials::default_chain(&context))?;
//!
//! ram.create_user("backup").send().await?;
//! ram.create_policy("backup", ack::backup_center_in(["mybackups"])).send().await?;
//! ram.attach_policy_to_user("backup", PolicyType::Custom, "backup").send().await?;
//! let key = ram.create_access_key().user_name("backup").send().await?.access_key;
//! println!("{} is ready", key.id);
//! # Ok(())
//! # }
//! ```

mod attachments;
mod connect;
mod document;
mod keys;
mod names;
mod policies;
mod remedy;
mod roles;
mod tag;
mod users;

use alibaba_core::openapi::Operation;

pub use attachments::{
    AttachPolicyToRole, AttachPolicyToUser, AttachedPolicyList, AttachedPolicySummary,
    DetachPolicyFromRole, DetachPolicyFromUser, GroupWithPolicy, ListEntitiesForPolicy,
    ListPoliciesForRole, ListPoliciesForUser, PolicyEntities, RoleWithPolicy, UserWithPolicy,
};
pub use connect::Client;
pub use document::PolicyText;
pub use keys::{
    AccessKey, AccessKeyLastUsed, AccessKeyLastUsedResponse, AccessKeyList, AccessKeyResponse,
    AccessKeyStatus, CreateAccessKey, DeleteAccessKey, GetAccessKeyLastUsed, ListAccessKeys,
    NewAccessKey, UpdateAccessKey,
};
pub use names::{
    AccessKeyId, DeletionTaskId, GroupName, PolicyName, ResourceGroupId, RoleId, RoleName, UserId,
    UserName, VersionId,
};
pub use policies::{
    CreatePolicy, CreatePolicyVersion, DeletePolicy, DeletePolicyVersion, GetPolicy,
    GetPolicyVersion, ListPolicies, ListPolicyVersions, Policy, PolicyPage, PolicyResponse,
    PolicyType, PolicyVersion, PolicyVersionList, PolicyVersionResponse, PolicyWithDocument,
    RotateStrategy, SetDefaultPolicyVersion,
};
pub use remedy::remedy;
pub use roles::{
    CreateRole, DeleteRole, DeletionTask, GetRole, ListRoles, Role, RolePage, RoleResponse,
    UpdateRole,
};
pub use tag::Tag;
pub use users::{
    CreateUser, DeleteUser, GetUser, ListUsers, UpdateUser, User, UserPage, UserResponse,
};

/// Every operation of this client, with its parameters. The right that one needs is `ram:` and its
/// action.
pub fn operations() -> impl Iterator<Item = &'static Operation> {
    [
        users::OPERATIONS,
        keys::OPERATIONS,
        policies::OPERATIONS,
        attachments::OPERATIONS,
        roles::OPERATIONS,
    ]
    .into_iter()
    .flatten()
}
