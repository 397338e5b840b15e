//! Resource Access Management: users, their keys, roles, policies and what they are attached to.
//!
//! All its state is the directory's, so that what it changes holds for all services from the next
//! request on.

mod attachments;
mod bounds;
mod keys;
mod page;
mod policies;
mod refusal;
mod rights;
mod roles;
mod tag;
mod time;
mod users;
mod versions;

use crate::builder::{Setup, StartError};
use crate::gateway::service::Service;
use crate::openapi::product::{Access, Action, Product};
use crate::openapi::service::OpenApi;

#[derive(Debug)]
struct Ram;

/// Actions, each with the resources that its caller needs the right to, and its function.
macro_rules! actions {
    ($($name:literal on $resources:path => $run:path;)*) => {
        &[$(Action {
            name: $name,
            access: Access::Allowed(concat!("ram:", $name), |_, call| $resources(call)),
            run: |_, call| $run(call),
        }),*]
    };
}

impl Product for Ram {
    const NAME: &'static str = "ram";
    const VERSION: &'static str = "2015-05-01";
    const DENIED: &'static str = "NoPermission";
    const ACTIONS: &'static [Action<Self>] = actions! {
        "CreateUser" on rights::all_users => users::create;
        "GetUser" on rights::user => users::get;
        "UpdateUser" on rights::user => users::update;
        "DeleteUser" on rights::user => users::delete;
        "ListUsers" on rights::all_users => users::list;
        "CreateAccessKey" on rights::user => keys::create;
        "DeleteAccessKey" on rights::user => keys::delete;
        "ListAccessKeys" on rights::user => keys::list;
        "UpdateAccessKey" on rights::user => keys::update;
        "GetAccessKeyLastUsed" on rights::user => keys::last_used;
        "CreatePolicy" on rights::all_policies => policies::create;
        "GetPolicy" on rights::policy => policies::get;
        "DeletePolicy" on rights::own_policy => policies::delete;
        "ListPolicies" on rights::all_policies => policies::list;
        "CreatePolicyVersion" on rights::own_policy => versions::create;
        "GetPolicyVersion" on rights::policy => versions::get;
        "DeletePolicyVersion" on rights::own_policy => versions::delete;
        "ListPolicyVersions" on rights::policy => versions::list;
        "SetDefaultPolicyVersion" on rights::own_policy => versions::set_default;
        "AttachPolicyToUser" on rights::user_and_policy => attachments::attach_to_user;
        "DetachPolicyFromUser" on rights::user_and_policy => attachments::detach_from_user;
        "ListPoliciesForUser" on rights::user => attachments::of_user;
        "AttachPolicyToRole" on rights::role_and_policy => attachments::attach_to_role;
        "DetachPolicyFromRole" on rights::role_and_policy => attachments::detach_from_role;
        "ListPoliciesForRole" on rights::role => attachments::of_role;
        "ListEntitiesForPolicy" on rights::policy => attachments::entities;
        "CreateRole" on rights::all_roles => roles::create;
        "GetRole" on rights::role => roles::get;
        "UpdateRole" on rights::role => roles::update;
        "DeleteRole" on rights::role => roles::delete;
        "ListRoles" on rights::all_roles => roles::list;
    };
}

pub(crate) fn open(setup: &mut Setup) -> Result<Box<dyn Service>, StartError> {
    OpenApi::open(Ram, setup)
}
