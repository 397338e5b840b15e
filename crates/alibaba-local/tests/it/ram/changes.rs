//! Users, keys, policies and roles, made and taken away while the cloud runs.

use alibaba_sign::Credentials;
use serde_json::json;

use super::calls::{
    ALICE, BACKUP, CUSTOM, RAM, ROLE, STS, TRUST, allows, assume, call, create_key, create_policy,
    names,
};
use crate::raw::{SECRET, start};

#[tokio::test]
async fn what_a_user_may_do_changes_with_its_policies_and_keys_at_once() {
    let mut raw = start().await;
    raw.put("k", "x").await;
    let user = call(&raw, "CreateUser", &[ALICE]).ok().await["User"].clone();
    assert_eq!(
        (&user["UserName"], &user["DisplayName"]),
        (&json!("alice"), &json!("alice"))
    );
    let (id, alice) = create_key(&raw, ALICE).await;
    let root = std::mem::replace(&mut raw.credentials, alice.clone());
    raw.object("GET", "k").fails(403, "AccessDenied").await;
    let me = raw.api(STS, "GetCallerIdentity").ok().await;
    assert_eq!(me["UserId"], user["UserId"]);

    raw.credentials = root.clone();
    create_policy(&raw, "backup", &allows("oss:GetObject")).await;
    call(&raw, "AttachPolicyToUser", &[ALICE, BACKUP, CUSTOM])
        .ok()
        .await;
    raw.credentials = alice.clone();
    assert_eq!(raw.get("k").await, "x");
    raw.object("PUT", "k")
        .body("y")
        .fails(403, "AccessDenied")
        .await;

    // Another version counts once it is the default, and for nothing before.
    raw.credentials = root.clone();
    let next = allows("oss:PutObject");
    let version = call(
        &raw,
        "CreatePolicyVersion",
        &[BACKUP, ("PolicyDocument", &next)],
    );
    assert_eq!(version.ok().await["PolicyVersion"]["VersionId"], "v2");
    raw.credentials = alice.clone();
    raw.object("PUT", "k")
        .body("y")
        .fails(403, "AccessDenied")
        .await;
    raw.credentials = root.clone();
    call(
        &raw,
        "SetDefaultPolicyVersion",
        &[BACKUP, ("VersionId", "v2")],
    )
    .ok()
    .await;
    raw.credentials = alice.clone();
    raw.put("k", "y").await;
    raw.object("GET", "k").fails(403, "AccessDenied").await;
    let decision = raw.cloud.requests().all().pop().unwrap().decisions[0].clone();
    assert_eq!(decision.action(), "oss:GetObject");

    // An inactive key opens nothing, here and there, until it is active again.
    let status = |status| [ALICE, ("UserAccessKeyId", id.as_str()), ("Status", status)];
    raw.credentials = root.clone();
    call(&raw, "UpdateAccessKey", &status("Inactive"))
        .ok()
        .await;
    raw.credentials = alice.clone();
    let refused = raw
        .object("PUT", "k")
        .body("z")
        .fails(403, "InvalidAccessKeyId")
        .await;
    assert_eq!(refused.xml("EC"), "0002-00000904");
    raw.api(STS, "GetCallerIdentity")
        .fails(400, "InvalidAccessKeyId.Inactive")
        .await;
    raw.credentials = root.clone();
    call(&raw, "UpdateAccessKey", &status("Active")).ok().await;
    call(&raw, "UpdateAccessKey", &status("Asleep"))
        .fails(400, "InvalidParameter.Status")
        .await;
    raw.credentials = alice.clone();
    raw.put("k", "z").await;

    // Renamed, the user keeps keys and policies.
    raw.credentials = root.clone();
    call(&raw, "UpdateUser", &[ALICE, ("NewUserName", "bob")])
        .ok()
        .await;
    let bob = ("UserName", "bob");
    call(&raw, "GetUser", &[ALICE])
        .fails(404, "EntityNotExist.User")
        .await;
    raw.credentials = alice.clone();
    raw.put("k", "z").await;
    let me = raw.api(STS, "GetCallerIdentity").ok().await;
    assert_eq!(me["Arn"], "acs:ram::1000000000000000:user/bob");

    raw.credentials = root.clone();
    call(&raw, "DetachPolicyFromUser", &[bob, BACKUP, CUSTOM])
        .ok()
        .await;
    raw.credentials = alice.clone();
    raw.object("PUT", "k")
        .body("y")
        .fails(403, "AccessDenied")
        .await;
    raw.credentials = root.clone();
    call(&raw, "DeleteAccessKey", &[bob, ("UserAccessKeyId", &id)])
        .ok()
        .await;
    raw.credentials = alice;
    raw.api(STS, "GetCallerIdentity")
        .fails(404, "InvalidAccessKeyId.NotFound")
        .await;
}

#[tokio::test]
async fn a_role_is_made_assumed_narrowed_and_taken_away() {
    let mut raw = start().await;
    let made = call(
        &raw,
        "CreateRole",
        &[
            ROLE,
            ("AssumeRolePolicyDocument", TRUST),
            ("MaxSessionDuration", "7200"),
            ("Tag", r#"[{"Key":"team","Value":"shop"}]"#),
        ],
    );
    let role = made.ok().await["Role"].clone();
    assert_eq!(role["Arn"], "acs:ram::1000000000000000:role/nightly");
    assert_eq!(role["AssumeRolePolicyDocument"], TRUST);
    assert_eq!(role["MaxSessionDuration"], 7200);
    create_policy(&raw, "backup", &allows("oss:PutObject")).await;
    call(&raw, "AttachPolicyToRole", &[ROLE, BACKUP, CUSTOM])
        .ok()
        .await;

    let arn = role["Arn"].as_str().unwrap();

    let session = assume(&raw, arn)
        .query("DurationSeconds", "7200")
        .ok()
        .await["Credentials"]
        .clone();
    let text = |name: &str| session[name].as_str().unwrap().to_owned();
    let session = Credentials::new(text("AccessKeyId"), text("AccessKeySecret"))
        .with_security_token(text("SecurityToken"));
    let root = std::mem::replace(&mut raw.credentials, session.clone());
    raw.put("k", "by the role").await;

    raw.credentials = root.clone();
    let tagged = [("Tag", r#"[{"Key":"team","Value":"shop"}]"#)];
    let listed = call(&raw, "ListRoles", &tagged).ok().await;
    assert_eq!(
        listed["Roles"]["Role"][0]["Tags"]["Tag"][0]["TagKey"],
        "team"
    );
    let others = [("Tag", r#"[{"Key":"team","Value":"other"}]"#)];
    let listed = call(&raw, "ListRoles", &others).ok().await;
    assert_eq!(names(&listed, "Roles", "Role"), [""; 0]);

    call(&raw, "DeleteRole", &[ROLE])
        .fails(409, "DeleteConflict.Role.Policy")
        .await;
    call(&raw, "DeletePolicy", &[BACKUP])
        .fails(409, "DeleteConflict.Role.Policy")
        .await;
    let entities = call(&raw, "ListEntitiesForPolicy", &[BACKUP, CUSTOM])
        .ok()
        .await;
    assert_eq!(names(&entities, "Roles", "Role"), ["nightly"]);
    assert_eq!(names(&entities, "Users", "User"), [""; 0]);
    call(&raw, "DetachPolicyFromRole", &[ROLE, BACKUP, CUSTOM])
        .ok()
        .await;
    raw.credentials = session.clone();
    raw.object("PUT", "k")
        .body("y")
        .fails(403, "AccessDenied")
        .await;

    // Trust changes as rights do.
    raw.credentials = root.clone();
    let nobody = TRUST.replace(":root", ":user/nobody");
    let update = [ROLE, ("NewAssumeRolePolicyDocument", nobody.as_str())];
    call(&raw, "UpdateRole", &update).ok().await;
    assume(&raw, arn).fails(403, "NoPermission").await;
    let role = call(&raw, "GetRole", &[ROLE]).ok().await["Role"].clone();
    assert_eq!(role["AssumeRolePolicyDocument"], nobody);
    call(&raw, "DeleteRole", &[ROLE]).ok().await;
    assume(&raw, arn).fails(404, "EntityNotExist.Role").await;
    raw.credentials = session;
    raw.object("PUT", "k")
        .body("y")
        .fails(403, "InvalidAccessKeyId")
        .await;
}

#[tokio::test]
async fn a_secret_is_told_once() {
    let raw = start().await;
    call(&raw, "CreateUser", &[ALICE]).ok().await;
    let (id, keys) = create_key(&raw, ALICE).await;
    create_key(&raw, ALICE).await;
    let third = call(&raw, "CreateAccessKey", &[ALICE]);
    third.fails(409, "LimitExceeded.User.AccessKey").await;
    let listed = call(&raw, "ListAccessKeys", &[ALICE]).ok().await;
    let all = listed["AccessKeys"]["AccessKey"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    assert!(!listed.to_string().contains(keys.access_key_secret.expose()));
    let one = [ALICE, ("UserAccessKeyId", id.as_str())];
    let used = call(&raw, "GetAccessKeyLastUsed", &one).ok().await;
    assert_eq!(used["AccessKeyLastUsed"]["LastUsedDate"], "");
    // Without a name it is the caller's own keys; this one may not look at them.
    raw.api(RAM, "ListAccessKeys")
        .by(&keys)
        .fails(403, "NoPermission")
        .await;
    let used = call(&raw, "GetAccessKeyLastUsed", &one).ok().await;
    assert_ne!(used["AccessKeyLastUsed"]["LastUsedDate"], "");
    let own = call(&raw, "ListAccessKeys", &[]).ok().await;
    let own = &own["AccessKeys"]["AccessKey"][0]["AccessKeyId"];
    assert_eq!(own, &raw.credentials.access_key_id);
    // A key is its owner's.
    let other = ("UserName", raw.credentials.access_key_id.as_str());
    call(&raw, "DeleteAccessKey", &[other, one[1]])
        .fails(404, "EntityNotExist.User.AccessKey")
        .await;
    raw.cloud
        .directory()
        .add_user(alibaba_local::User::account("LTAI-account", SECRET));
    let account = Credentials::new("LTAI-account", SECRET);
    let nobody = raw.api(RAM, "CreateAccessKey").by(&account);
    nobody.fails(400, "MissingParameter.UserName").await;
}
