//! What RAM refuses, and how it lists.

use chrono::TimeDelta;
use serde_json::json;

use super::calls::{
    ALICE, BACKUP, CUSTOM, ROLE, ROTATES, SYSTEM, TRUST, allows, attach, call, create_key,
    create_policy, names,
};
use crate::raw::start;

#[tokio::test]
async fn a_policy_has_five_versions_and_numbers_are_used_once() {
    let raw = start().await;
    let first = allows("oss:GetObject");
    let made = create_policy(&raw, "backup", &first).await;
    assert_eq!(made["Policy"]["DefaultVersion"], "v1");
    raw.pass(TimeDelta::seconds(10));
    let document = allows("oss:PutObject");
    let next = [BACKUP, ("PolicyDocument", document.as_str())];
    for _ in 2..=5 {
        call(&raw, "CreatePolicyVersion", &next).ok().await;
    }
    call(&raw, "CreatePolicyVersion", &next)
        .fails(409, "LimitExceeded.Policy.Version")
        .await;
    let rotated = call(&raw, "CreatePolicyVersion", &next)
        .query("RotateStrategy", ROTATES)
        .query("SetAsDefault", "True");
    let rotated = rotated.ok().await["PolicyVersion"].clone();
    assert_eq!(
        (&rotated["VersionId"], &rotated["IsDefaultVersion"]),
        (&json!("v6"), &json!(true))
    );
    // The oldest that was not the default is gone.
    let versions = call(&raw, "ListPolicyVersions", &[BACKUP, CUSTOM])
        .ok()
        .await;
    let versions: Vec<_> = versions["PolicyVersions"]["PolicyVersion"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["VersionId"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(versions, ["v1", "v3", "v4", "v5", "v6"]);
    let version = |id| [BACKUP, CUSTOM, ("VersionId", id)];
    let old = call(&raw, "GetPolicyVersion", &version("v1")).ok().await;
    assert_eq!(old["PolicyVersion"]["PolicyDocument"], first);
    let policy = call(&raw, "GetPolicy", &[BACKUP, CUSTOM]).ok().await;
    assert_eq!(policy["Policy"]["DefaultVersion"], "v6");
    assert_eq!(policy["DefaultPolicyVersion"]["PolicyDocument"], document);
    assert_ne!(
        policy["Policy"]["UpdateDate"],
        policy["Policy"]["CreateDate"]
    );
    for (action, id, status, code) in [
        (
            "GetPolicyVersion",
            "v2",
            404,
            "EntityNotExist.Policy.Version",
        ),
        (
            "SetDefaultPolicyVersion",
            "v2",
            404,
            "EntityNotExist.Policy.Version",
        ),
        (
            "DeletePolicyVersion",
            "v2",
            404,
            "EntityNotExist.Policy.Version",
        ),
        (
            "DeletePolicyVersion",
            "v6",
            409,
            "DeleteConflict.Policy.Version.Default",
        ),
        (
            "DeletePolicyVersion",
            "six",
            400,
            "InvalidParameter.VersionId.Format",
        ),
    ] {
        call(&raw, action, &version(id)).fails(status, code).await;
    }
    call(&raw, "DeletePolicy", &[BACKUP])
        .fails(409, "DeleteConflict.Policy.Version")
        .await;
    call(&raw, "DeletePolicyVersion", &version("v1")).ok().await;
    call(&raw, "DeletePolicy", &[BACKUP, ("CascadingDelete", "true")])
        .ok()
        .await;
    call(&raw, "GetPolicy", &[BACKUP, CUSTOM])
        .fails(404, "EntityNotExist.Policy")
        .await;
}

#[tokio::test]
async fn what_is_attached_is_attached_once_within_limits_and_holds_what_it_hangs_on() {
    let raw = start().await;
    call(&raw, "CreateUser", &[ALICE]).ok().await;
    call(&raw, "CreateUser", &[ALICE])
        .fails(409, "EntityAlreadyExists.User")
        .await;
    let document = allows("oss:GetObject");
    for number in 0..=10 {
        create_policy(&raw, &format!("p{number}"), &document).await;
    }
    let policy = [("PolicyName", "p0"), ("PolicyDocument", document.as_str())];
    call(&raw, "CreatePolicy", &policy)
        .fails(409, "EntityAlreadyExists.Policy")
        .await;
    for number in 0..10 {
        let name = format!("p{number}");
        call(&raw, "AttachPolicyToUser", &attach(&name)).ok().await;
    }
    for (action, parameters, status, code) in [
        (
            "AttachPolicyToUser",
            attach("p10"),
            409,
            "LimitExceeded.User.Policy",
        ),
        (
            "AttachPolicyToUser",
            attach("p0"),
            409,
            "EntityAlreadyExists.User.Policy",
        ),
        (
            "AttachPolicyToUser",
            attach("absent"),
            404,
            "EntityNotExist.Policy",
        ),
        (
            "DetachPolicyFromUser",
            attach("p10"),
            404,
            "EntityNotExist.User.Policy",
        ),
        (
            "AttachPolicyToRole",
            [ROLE, BACKUP, CUSTOM],
            404,
            "EntityNotExist.Role",
        ),
        (
            "DeletePolicy",
            attach("p0"),
            409,
            "DeleteConflict.Policy.User",
        ),
        (
            "DeleteUser",
            attach("p0"),
            409,
            "DeleteConflict.User.Policy",
        ),
        (
            "GetPolicy",
            [("PolicyName", "p0"), SYSTEM, ALICE],
            404,
            "EntityNotExist.Policy",
        ),
        (
            "GetPolicy",
            [("PolicyName", "p0"), ("PolicyType", "system"), ALICE],
            400,
            "InvalidParameter.PolicyType",
        ),
    ] {
        call(&raw, action, &parameters).fails(status, code).await;
    }
    call(&raw, "AttachPolicyToUser", &attach("p10"))
        .query("ResourceGroupId", "rg-1")
        .fails(400, "UnsupportedParameter.ResourceGroupId")
        .await;
    // Those of the system are counted apart.
    let reads = [ALICE, ("PolicyName", "AliyunOSSReadOnlyAccess"), SYSTEM];
    call(&raw, "AttachPolicyToUser", &reads).ok().await;
    let listed = call(&raw, "ListPoliciesForUser", &[ALICE]).ok().await;
    assert_eq!(names(&listed, "Policies", "Policy").len(), 11);
    let (id, _) = create_key(&raw, ALICE).await;
    call(&raw, "DeleteUser", &[ALICE])
        .fails(409, "DeleteConflict.User.AccessKey")
        .await;
    call(&raw, "DeleteAccessKey", &[ALICE, ("UserAccessKeyId", &id)])
        .ok()
        .await;
    call(&raw, "DetachPolicyFromUser", &reads).ok().await;
    for number in 0..10 {
        let name = format!("p{number}");
        call(&raw, "DetachPolicyFromUser", &attach(&name))
            .ok()
            .await;
    }
    call(&raw, "DeleteUser", &[ALICE]).ok().await;
    call(&raw, "DeleteUser", &[ALICE])
        .fails(404, "EntityNotExist.User")
        .await;
}

#[tokio::test]
async fn listings_go_on_by_marker() {
    let raw = start().await;
    for name in ["carol", "alice", "bob"] {
        call(&raw, "CreateUser", &[("UserName", name)]).ok().await;
    }
    // The user of this server comes first: capital letters do.
    let page = call(&raw, "ListUsers", &[("MaxItems", "2")]).ok().await;
    assert_eq!(
        names(&page, "Users", "User"),
        [&*raw.credentials.access_key_id, "alice"]
    );
    assert_eq!(page["IsTruncated"], true);
    let marker = page["Marker"].as_str().unwrap();
    // What was deleted meanwhile does not matter.
    call(&raw, "DeleteUser", &[ALICE]).ok().await;
    let page = call(&raw, "ListUsers", &[("MaxItems", "2"), ("Marker", marker)])
        .ok()
        .await;
    assert_eq!(names(&page, "Users", "User"), ["bob", "carol"]);
    assert_eq!(
        (&page["IsTruncated"], page.get("Marker")),
        (&json!(false), None)
    );

    create_policy(&raw, "backup", &allows("oss:GetObject")).await;
    let all = call(&raw, "ListPolicies", &[]).ok().await;
    let all = names(&all, "Policies", "Policy");
    assert_eq!(all[..2], ["backup", "AdministratorAccess"]);
    let own = call(&raw, "ListPolicies", &[CUSTOM]).ok().await;
    assert_eq!(names(&own, "Policies", "Policy"), ["backup"]);
    let system = call(&raw, "ListPolicies", &[SYSTEM]).ok().await;
    assert_eq!(names(&system, "Policies", "Policy"), all[1..]);
    // The user of this server.
    assert_eq!(system["Policies"]["Policy"][0]["AttachmentCount"], 1);
    for (name, value) in [("MaxItems", "0"), ("MaxItems", "1001"), ("Marker", "?")] {
        call(&raw, "ListUsers", &[(name, value)])
            .fails(400, &format!("InvalidParameter.{name}"))
            .await;
    }
}

#[tokio::test]
async fn names_texts_and_documents_are_held_to_their_forms() {
    let raw = start().await;
    let (long, good) = ("x".repeat(6200), allows("oss:GetObject"));
    let (of_65, of_129) = (&long[..65], &long[..129]);
    let with_principal = TRUST;
    for (action, parameters, code) in [
        (
            "CreateUser",
            vec![("UserName", "two words")],
            "InvalidParameter.UserName.InvalidChars",
        ),
        (
            "CreateUser",
            vec![("UserName", of_65)],
            "InvalidParameter.UserName.Length",
        ),
        (
            "CreateUser",
            vec![ALICE, ("Comments", of_129)],
            "InvalidParameter.Comments.Length",
        ),
        (
            "CreateUser",
            vec![ALICE, ("DisplayName", of_129)],
            "InvalidParameter.DisplayName.Length",
        ),
        ("CreateUser", vec![], "MissingParameter.UserName"),
        (
            "CreatePolicy",
            vec![("PolicyName", "a_b"), ("PolicyDocument", &good)],
            "InvalidParameter.PolicyName.InvalidChars",
        ),
        (
            "CreatePolicy",
            vec![("PolicyName", of_129), ("PolicyDocument", &good)],
            "InvalidParameter.PolicyName.Length",
        ),
        (
            "CreatePolicy",
            vec![BACKUP, ("PolicyDocument", &long)],
            "InvalidParameter.PolicyDocument.Length",
        ),
        (
            "CreatePolicy",
            vec![BACKUP, ("PolicyDocument", "{}")],
            "MalformedPolicyDocument",
        ),
        (
            "CreatePolicy",
            vec![
                BACKUP,
                ("PolicyDocument", r#"{"Version":"1","Statement":[]}"#),
            ],
            "MalformedPolicyDocument",
        ),
        (
            "CreatePolicy",
            vec![BACKUP, ("PolicyDocument", with_principal)],
            "MalformedPolicyDocument",
        ),
        (
            "CreatePolicy",
            vec![
                BACKUP,
                (
                    "PolicyDocument",
                    &good.replace(r#""Version":"1""#, r#""Version":"2""#),
                ),
            ],
            "MalformedPolicyDocument",
        ),
        (
            "CreateRole",
            vec![("RoleName", "a_b"), ("AssumeRolePolicyDocument", TRUST)],
            "InvalidParameter.RoleName.InvalidChars",
        ),
        (
            "CreateRole",
            vec![ROLE, ("AssumeRolePolicyDocument", &good)],
            "MalformedPolicyDocument",
        ),
        (
            "CreateRole",
            vec![
                ROLE,
                ("AssumeRolePolicyDocument", TRUST),
                ("MaxSessionDuration", "3599"),
            ],
            "InvalidParameter.MaxSessionDuration",
        ),
        (
            "CreateRole",
            vec![ROLE],
            "MissingParameter.AssumeRolePolicyDocument",
        ),
    ] {
        call(&raw, action, &parameters).fails(400, code).await;
    }
    let trust = ("AssumeRolePolicyDocument", TRUST);
    call(&raw, "CreateRole", &[ROLE, trust]).ok().await;
    call(&raw, "CreateRole", &[("RoleName", "Nightly"), trust])
        .fails(409, "EntityAlreadyExists.Role")
        .await;
}
