//! What responses look like: the fields that the official SDK has (alibabacloud-ram20150501 1.3.0), and no others.

use serde_json::Value;

use super::calls::{ALICE, BACKUP, CUSTOM, ROLE, SYSTEM, TRUST, allows, call, create_key};
use crate::fields::Fields;
use crate::raw::{Raw, start};

/// The facts that the client is held to, with the type of every field of every response.
const FACTS: &str = include_str!("../../../../alibaba-ram/tests/client/facts.json");

/// Fields that no response here has, as nothing here is what they are about.
const NEVER: [&str; 4] = [
    // Nobody logs in to a console here.
    "GetUser.User.LastLoginDate.",
    // There are no groups of users.
    "ListEntitiesForPolicy.Groups.Group.",
    // Roles of services, which are deleted by tasks, are not made by calls.
    "GetRole.Role.LatestDeletionTask.",
    "GetRole.Role.RolePrincipalName.",
];

struct Checked<'r> {
    raw: &'r Raw,
    fields: Fields,
}

impl Checked<'_> {
    /// Calls an action, and looks at its response.
    async fn call(&mut self, action: &str, parameters: &[(&str, &str)]) -> Value {
        let found = call(self.raw, action, parameters).ok().await;
        self.fields.check(action, &found);
        found
    }
}

#[tokio::test]
async fn every_response_has_the_fields_of_the_api_and_no_others() {
    let raw = start().await;
    let fields = Fields::of_facts(FACTS);
    let mut checked = Checked { raw: &raw, fields };

    let profile = [
        ("DisplayName", "Alice"),
        ("Comments", "by a test"),
        ("Email", "alice@example.com"),
        ("MobilePhone", "86-18600000000"),
    ];
    let alice = [&[ALICE][..], &profile].concat();
    checked.call("CreateUser", &alice).await;
    checked.call("CreateUser", &[("UserName", "bob")]).await;
    checked.call("GetUser", &[ALICE]).await;
    let renamed = [ALICE, ("NewDisplayName", "Alice A.")];
    checked.call("UpdateUser", &renamed).await;
    checked.call("ListUsers", &[("MaxItems", "1")]).await;

    let made = checked.call("CreateAccessKey", &[ALICE]).await;
    let id = made["AccessKey"]["AccessKeyId"]
        .as_str()
        .unwrap()
        .to_owned();
    let key = [ALICE, ("UserAccessKeyId", &id)];
    checked.call("GetAccessKeyLastUsed", &key).await;
    // One that has been used.
    let (used, keys) = create_key(&raw, ALICE).await;
    call(&raw, "ListUsers", &[]).by(&keys).send().await;
    checked
        .call("GetAccessKeyLastUsed", &[ALICE, ("UserAccessKeyId", &used)])
        .await;
    checked.call("ListAccessKeys", &[ALICE]).await;
    let inactive = [&key[..], &[("Status", "Inactive")]].concat();
    checked.call("UpdateAccessKey", &inactive).await;
    checked.call("DeleteAccessKey", &key).await;

    let document = allows("oss:GetObject");
    let document = ("PolicyDocument", document.as_str());
    let tagged = [("Tag.1.Key", "team"), ("Tag.1.Value", "a")];
    let policy = [&[BACKUP, document, ("Description", "d")][..], &tagged].concat();
    checked.call("CreatePolicy", &policy).await;
    let another = [("PolicyName", "another"), document];
    checked.call("CreatePolicy", &another).await;
    checked
        .call("CreatePolicyVersion", &[BACKUP, document])
        .await;
    let version = ("VersionId", "v2");
    checked
        .call("GetPolicyVersion", &[BACKUP, CUSTOM, version])
        .await;
    checked.call("ListPolicyVersions", &[BACKUP, CUSTOM]).await;
    checked
        .call("SetDefaultPolicyVersion", &[BACKUP, version])
        .await;
    checked
        .call("DeletePolicyVersion", &[BACKUP, ("VersionId", "v1")])
        .await;
    let trust = ("AssumeRolePolicyDocument", TRUST);
    let role = [&[ROLE, trust, ("Description", "d")][..], &tagged].concat();
    checked.call("CreateRole", &role).await;
    let another = [("RoleName", "another"), trust];
    checked.call("CreateRole", &another).await;
    checked.call("GetRole", &[ROLE]).await;
    checked
        .call("UpdateRole", &[ROLE, ("NewDescription", "e")])
        .await;
    checked.call("ListRoles", &[("MaxItems", "1")]).await;
    checked.call("ListRoles", &[]).await;

    let to_user = [ALICE, BACKUP, CUSTOM];
    let to_role = [ROLE, BACKUP, CUSTOM];
    checked.call("AttachPolicyToUser", &to_user).await;
    checked.call("AttachPolicyToRole", &to_role).await;
    checked.call("GetPolicy", &[BACKUP, CUSTOM]).await;
    let system = ("PolicyName", "AdministratorAccess");
    checked.call("GetPolicy", &[system, SYSTEM]).await;
    checked.call("ListPolicies", &[("MaxItems", "1")]).await;
    checked.call("ListPolicies", &[SYSTEM]).await;
    checked.call("ListPolicies", &[CUSTOM]).await;
    checked.call("ListPoliciesForUser", &[ALICE]).await;
    checked.call("ListPoliciesForRole", &[ROLE]).await;
    checked
        .call("ListEntitiesForPolicy", &[BACKUP, CUSTOM])
        .await;
    checked.call("DetachPolicyFromUser", &to_user).await;
    checked.call("DetachPolicyFromRole", &to_role).await;
    checked.call("DeletePolicy", &[BACKUP]).await;
    checked.call("DeleteRole", &[ROLE]).await;
    checked.call("DeleteUser", &[("UserName", "bob")]).await;

    let unseen = checked.fields.unseen(&NEVER);
    assert!(unseen.is_empty(), "{unseen:#?}");
}
