//! What is there after a restart, whenever the process was killed.

use std::path::{Path, PathBuf};

use alibaba_local::{LocalCloud, PolicyDocument, Role, Statement, User};
use alibaba_sign::Credentials;
use serde_json::{Value, json};

use super::calls::{
    ALICE, BACKUP, CUSTOM, RAM, ROLE, ROTATES, STS, TRUST, allows, assume, attach, call, names,
};
use crate::folder::Folder;
use crate::raw::{ID, Raw, SECRET, start_with};

const ARN: &str = "acs:ram::1000000000000000:role/nightly";

async fn start(folder: &Path) -> Raw {
    start_with(LocalCloud::builder().data_folder(folder)).await
}

fn journal(folder: &Path) -> PathBuf {
    folder.join("_ram/journal")
}

/// Everything that RAM shows, and whose the keys are.
async fn seen(raw: &Raw, keys: &[Credentials]) -> Value {
    let of = async |action: &str, parameters: &[(&str, &str)]| {
        let mut found = call(raw, action, parameters).ok().await;
        found["RequestId"].take();
        found
    };
    let (users, roles) = (of("ListUsers", &[]).await, of("ListRoles", &[]).await);
    let policies = of("ListPolicies", &[]).await;
    let mut all = vec![users.clone(), roles.clone(), policies.clone()];
    for name in names(&users, "Users", "User") {
        let user = [("UserName", name.as_str())];
        all.push(of("ListAccessKeys", &user).await);
        all.push(of("ListPoliciesForUser", &user).await);
    }
    for name in names(&roles, "Roles", "Role") {
        let role = [("RoleName", name.as_str())];
        all.push(of("GetRole", &role).await);
        all.push(of("ListPoliciesForRole", &role).await);
    }
    for name in names(&policies, "Policies", "Policy") {
        if name == "backup" {
            let policy = [("PolicyName", name.as_str()), CUSTOM];
            all.push(of("GetPolicy", &policy).await);
            all.push(of("ListPolicyVersions", &policy).await);
            all.push(of("ListEntitiesForPolicy", &policy).await);
        }
    }
    for keys in keys {
        let reply = raw.api(STS, "GetCallerIdentity").by(keys).send().await;
        let mut found: Value = serde_json::from_slice(&reply.body).unwrap();
        for changing in ["RequestId", "HostId"] {
            found[changing].take();
        }
        // What the session is narrowed to counts too.
        let get = raw.object("GET", "k");
        let may = match reply.status {
            200 => get.by(keys).send().await.status,
            _ => 0,
        };
        all.push(json!([found, may]));
    }
    all.into()
}

/// Calls that make, change and remove something of every kind, one each. Keys that one made are kept.
async fn step(raw: &Raw, number: usize, keys: &mut Vec<Credentials>) -> bool {
    let document = allows("oss:GetObject");
    let next = allows("oss:*");
    let nobody = TRUST.replace(":root", ":user/nobody");
    let made = keys.first().map(|it| it.access_key_id.clone());
    let made = made.unwrap_or_default();
    let one = |status| {
        [
            ALICE,
            ("UserAccessKeyId", made.as_str()),
            ("Status", status),
        ]
    };
    let version = |id| [BACKUP, ("VersionId", id)];
    let done = match number {
        0 => call(raw, "CreateUser", &[ALICE, ("Comments", "ö \"x\"")]),
        1 => {
            let made = call(raw, "CreateAccessKey", &[ALICE]).ok().await;
            let text = |name: &str| made["AccessKey"][name].as_str().unwrap().to_owned();
            let made = Credentials::new(text("AccessKeyId"), text("AccessKeySecret"));
            keys.push(made);
            return true;
        }
        2 => call(
            raw,
            "CreatePolicy",
            &[BACKUP, ("PolicyDocument", &document)],
        ),
        3 => call(raw, "AttachPolicyToUser", &attach("backup")),
        4 => call(
            raw,
            "CreatePolicyVersion",
            &[
                BACKUP,
                ("PolicyDocument", &next),
                ("RotateStrategy", ROTATES),
            ],
        ),
        5 => call(raw, "SetDefaultPolicyVersion", &version("v2")),
        6 => call(raw, "DeletePolicyVersion", &version("v1")),
        7 => call(raw, "UpdateAccessKey", &one("Inactive")),
        8 => call(raw, "UpdateAccessKey", &one("Active")),
        9 => call(
            raw,
            "CreateRole",
            &[
                ROLE,
                ("AssumeRolePolicyDocument", TRUST),
                ("Tag", r#"[{"Key":"team","Value":"shop"}]"#),
            ],
        ),
        10 => call(raw, "AttachPolicyToRole", &[ROLE, BACKUP, CUSTOM]),
        11 => {
            let narrow = allows("oss:GetObject");
            let made = assume(raw, ARN).form("Policy", &narrow).ok().await["Credentials"].clone();
            let text = |name: &str| made[name].as_str().unwrap().to_owned();
            let made = Credentials::new(text("AccessKeyId"), text("AccessKeySecret"));
            keys.push(made.with_security_token(text("SecurityToken")));
            return true;
        }
        12 => call(
            raw,
            "UpdateRole",
            &[ROLE, ("NewAssumeRolePolicyDocument", &nobody)],
        ),
        13 => call(raw, "UpdateUser", &[ALICE, ("NewUserName", "bob")]),
        14 => call(
            raw,
            "DetachPolicyFromUser",
            &[("UserName", "bob"), BACKUP, CUSTOM],
        ),
        15 => call(
            raw,
            "DeleteAccessKey",
            &[("UserName", "bob"), ("UserAccessKeyId", &made)],
        ),
        16 => call(raw, "DeleteUser", &[("UserName", "bob")]),
        17 => call(raw, "DetachPolicyFromRole", &[ROLE, BACKUP, CUSTOM]),
        18 => call(raw, "DeleteRole", &[ROLE]),
        19 => call(raw, "DeletePolicy", &[BACKUP]),
        _ => return false,
    };
    done.ok().await;
    true
}

/// Where the line of the step itself ends. Beside it there may be one that says when a key was used.
fn end_of_step(journal: &[u8], from: usize) -> usize {
    let mut end = from;
    for line in journal[from..].split_inclusive(|byte| *byte == b'\n') {
        end += line.len();
        let changes: Value = serde_json::from_slice(line).unwrap();
        let is_use = changes.as_object().unwrap().len() == 1 && changes["keys"].get(ID).is_some();
        if !is_use {
            return end;
        }
    }
    panic!("nothing was written down");
}

#[tokio::test]
async fn a_process_that_is_killed_between_any_two_writes_comes_back_whole() {
    let folder = Folder::new();
    let data = folder.path().join("data");
    let raw = start(&data).await;
    raw.put("k", "x").await;
    let mut keys = Vec::new();
    let mut number = 0;
    loop {
        let before = seen(&raw, &keys).await;
        let old = std::fs::read(journal(&data)).unwrap();
        let known = keys.len();
        if !step(&raw, number, &mut keys).await {
            break;
        }
        let new = std::fs::read(journal(&data)).unwrap();
        let after = seen(&raw, &keys).await;
        assert!(new.starts_with(&old), "step {number}: not appended to");
        let end = end_of_step(&new, old.len());
        let tail = end - old.len();
        let cuts = (old.len()..end).step_by((tail / 5).max(1));
        for cut in cuts.chain([end - 1, end]) {
            let killed = folder.path().join(format!("killed-{number}-{cut}"));
            copy(&data, &killed);
            std::fs::write(journal(&killed), &new[..cut]).unwrap();
            let back = start(&killed).await;
            let (expected, keys) = match cut == end {
                true => (&after, &*keys),
                false => (&before, &keys[..known]),
            };
            let found = seen(&back, keys).await;
            assert!(
                found == *expected,
                "step {number}, killed at {cut} of {end}: {found:#}\nand not {expected:#}"
            );
            drop(back);
            std::fs::remove_dir_all(killed).unwrap();
        }
        number += 1;
    }
    assert_eq!((number, keys.len()), (20, 2));
}

/// Copies a data folder as it is at this moment.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        match path.is_dir() {
            true => copy(&path, &target),
            false => drop(std::fs::copy(path, target).unwrap()),
        }
    }
}

#[tokio::test]
async fn who_is_described_again_is_as_calls_left_it() {
    let folder = Folder::new();
    let only = |action: &str| {
        PolicyDocument::new().statement(Statement::allow().action(action).resource("*"))
    };
    let trust: PolicyDocument = TRUST.parse().unwrap();
    let described = |secret: &str, action: &str| {
        let own = User::new("LTAI-own", "s").named("own");
        LocalCloud::builder()
            .user(User::new("LTAI-eve", secret).named("eve"))
            .user(own.policy("Own", only(action)))
            .role(Role::new("nightly", trust.clone()).policy("Own", only(action)))
            .data_folder(folder.path())
    };
    let raw = start_with(described("first", "oss:GetObject")).await;
    let eve = ("UserName", "eve");
    call(&raw, "UpdateUser", &[eve, ("NewUserName", "eva")])
        .ok()
        .await;
    let eva = ("UserName", "eva");
    let administrator = [
        ("PolicyName", "AdministratorAccess"),
        ("PolicyType", "System"),
    ];
    let detach = [eva, administrator[0], administrator[1]];
    call(&raw, "DetachPolicyFromUser", &detach).ok().await;
    let attach = [("UserName", "own"), administrator[0], administrator[1]];
    call(&raw, "AttachPolicyToUser", &attach).ok().await;
    let nobody = TRUST.replace(":root", ":user/nobody");
    let update = [ROLE, ("NewAssumeRolePolicyDocument", nobody.as_str())];
    call(&raw, "UpdateRole", &update).ok().await;
    let ids = |it: &Value| it["User"]["UserId"].as_str().unwrap().to_owned();
    let first = ids(&call(&raw, "GetUser", &[eva]).ok().await);
    drop(raw);

    // The key is still the renamed user's, with the secret that is described now.
    let raw = start_with(described("second", "oss:PutObject")).await;
    assert_eq!(ids(&call(&raw, "GetUser", &[eva]).ok().await), first);
    call(&raw, "GetUser", &[eve])
        .fails(404, "EntityNotExist.User")
        .await;
    let who = |secret: &str| {
        raw.api(STS, "GetCallerIdentity")
            .by(&Credentials::new("LTAI-eve", secret))
    };
    assert_eq!(
        who("second").ok().await["Arn"],
        "acs:ram::1000000000000000:user/eva"
    );
    who("first").fails(400, "SignatureDoesNotMatch").await;
    let listed = raw.api(RAM, "ListUsers");
    listed
        .by(&Credentials::new("LTAI-eve", "second"))
        .fails(403, "NoPermission")
        .await;
    // What calls attached is there beside what is the user's alone, and that is as described now.
    let listed = call(&raw, "ListPoliciesForUser", &[("UserName", "own")]);
    let listed = listed.ok().await;
    assert_eq!(names(&listed, "Policies", "Policy"), [administrator[0].1]);
    let role = call(&raw, "GetRole", &[ROLE]).ok().await["Role"].clone();
    assert_eq!(role["AssumeRolePolicyDocument"], nobody);
    // And the key that a cloud is started with opens it again.
    assert_eq!(raw.credentials.access_key_secret.expose(), SECRET);
    call(&raw, "ListUsers", &[]).ok().await;
    // No bucket is made of the folder.
    assert_eq!(raw.service("GET").ok().await.all("Name"), ["backups"]);
}
