//! The rights that are needed, against the policies that are attached.

use alibaba_core::ErrorKind;
use alibaba_ram::client::{Client as Ram, PolicyType};
use alibaba_ram::{AttachedPolicy, Context, Decision, PolicyDocument, Request, evaluate, missing};

use super::check::Check;
use crate::chain::chain;
use crate::grants::{Requirements, Right};

/// The policies of a user, as far as they could be read.
#[derive(Debug, Default)]
struct Attached {
    documents: Vec<(String, PolicyDocument)>,
    /// Why some could not.
    unread: Vec<String>,
}

/// Whether policies allow an action on a resource, and by which statement.
///
/// It is decided as RAM decides: an explicit denial wins, and what nothing allows is denied.
///
/// ```
/// use ack_backup_center::doctor::verdict;
/// use ack_backup_center::ram::ack;
///
/// let policy = ack::backup_center_in(["mybackups"]);
/// let key = "acs:oss:*:*:mybackups/*";
/// assert!(verdict([("by-hand", &policy)], "oss:PutObject", key).is_allowed());
/// assert!(!verdict([("by-hand", &policy)], "oss:PutObject", "acs:oss:*:*:others/*").is_allowed());
/// ```
#[must_use]
pub fn verdict<'a>(
    policies: impl IntoIterator<Item = (&'a str, &'a PolicyDocument)>,
    action: &str,
    resource: &str,
) -> Decision {
    let policies = policies.into_iter();
    let named = policies.map(|(name, document)| AttachedPolicy::named(name, document));
    evaluate(named, &Request::new(action, resource))
}

/// A check for each right that has to be granted; one for all, if the policies cannot be read.
pub(super) async fn check(ram: &Ram, user: &str, wanted: &Requirements) -> Vec<Check> {
    let rights = wanted.rights();
    match read(ram, user).await {
        Ok(attached) => rights
            .iter()
            .map(|right| decide(right, &attached))
            .collect(),
        Err(Unreadable::Absent(what, remedy)) => vec![Check::fail("rights", what, remedy)],
        Err(Unreadable::Unknown(why)) => vec![Check::unknown("rights", why)],
    }
}

fn name(right: &Right) -> String {
    format!("right {} on {}", right.action, right.resource)
}

fn decide(right: &Right, attached: &Attached) -> Check {
    let name = name(right);
    let documents = || {
        attached
            .documents
            .iter()
            .map(|(name, document)| (name.as_str(), document))
    };
    let lacking = missing(
        documents().map(|(_, document)| document),
        &[right.required()],
        &Context::new(),
        None,
    );
    let remedy = format!(
        "grant it: `onectl ram-user grant --addon migrate-controller`, or allow `{}` on `{}` by hand",
        right.action, right.resource
    );
    match lacking {
        Err(error) => Check::unknown(name, format!("the policies cannot be compared: {error}")),
        Ok(lacking) => match lacking.first() {
            // A denial stands whatever the policies say that could not be read.
            Some(lacking) if attached.unread.is_empty() || is_explicit(&lacking.decision) => {
                let detail = format!("{lacking}; without it, {}", symptom(right.action));
                Check::fail(name, detail, remedy)
            }
            _ if !attached.unread.is_empty() => Check::unknown(name, attached.unread.join("; ")),
            _ => {
                let decision = verdict(documents(), right.action, &right.resource);
                Check::pass(name, decision.explain())
            }
        },
    }
}

/// What people see when a right is missing, in the words that they search for ("FAQ about the backup
/// center").
fn symptom(action: &str) -> &'static str {
    match action.split_once(':') {
        Some(("ecs", "CopySnapshot")) => {
            "\"ECS snapshot cross region request failed\", since \"the ECS-snapshot related ram policy is missing\""
        }
        Some(("ecs", _)) => "snapshots of disks do not become ready",
        Some(("hbr", _)) => "\"HBRError: check HBR vault error\"",
        _ => {
            "\"check backup files in OSS bucket failed\", \"upload backup files to OSS bucket failed\" or \
             \"download backup files from OSS bucket failed\""
        }
    }
}

fn is_explicit(decision: &Decision) -> bool {
    decision.verdict() == alibaba_ram::Verdict::ExplicitDeny
}

enum Unreadable {
    /// There is no such user, and what to do.
    Absent(String, String),
    Unknown(String),
}

async fn read(ram: &Ram, user: &str) -> Result<Attached, Unreadable> {
    let listed = ram.list_policies_for_user(user).send().await;
    let listed = listed.map_err(|error| match error.kind() {
        ErrorKind::NotFound => Unreadable::Absent(
            format!("RAM user `{user}` does not exist"),
            "grant: `onectl ram-user grant --addon migrate-controller`".to_owned(),
        ),
        _ => Unreadable::Unknown(format!("the policies cannot be listed: {}", chain(&error))),
    })?;
    let reads = listed.policies.into_iter().map(async |policy| {
        let found = ram
            .get_policy(&policy.name, policy.policy_type.clone())
            .send()
            .await;
        let kind = match policy.policy_type {
            PolicyType::System => "system policy",
            _ => "policy",
        };
        let described = format!("{kind} `{}`", policy.name);
        match found {
            Err(error) => Err(format!("{described} cannot be read: {}", chain(&error))),
            Ok(found) => match found.default_policy_version.policy_document.parse() {
                Ok(document) => Ok((policy.name.to_string(), document)),
                Err(error) => Err(format!("{described} cannot be read: {error}")),
            },
        }
    });
    let mut attached = Attached::default();
    for result in futures::future::join_all(reads).await {
        match result {
            Ok(read) => attached.documents.push(read),
            Err(why) => attached.unread.push(why),
        }
    }
    Ok(attached)
}

/// Whether the role of managed clusters is there, which has all rights on buckets of its own.
pub(super) async fn role(ram: &Ram, role: &str) -> Check {
    let name = format!("role {role}");
    match ram.get_role(role).send().await {
        Ok(_) => Check::pass(name, "it is authorized"),
        Err(error) if error.kind() == ErrorKind::NotFound => Check::fail(
            name,
            "AddonRoleNotAuthorized: it does not exist",
            "let the owner of the account authorize it once, in the console of Container Service",
        ),
        Err(error) => Check::unknown(name, chain(&error)),
    }
}
