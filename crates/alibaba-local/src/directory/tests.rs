//! Directories that were cut off anywhere.

use std::path::Path;

use alibaba_ram::{PolicyDocument, Statement};
use chrono::{TimeDelta, Utc};

use super::add::Described;
use super::managed::{Attachment, ManagedPolicy, PolicyId, PolicyKind};
use super::provider::OidcProvider;
use super::records::Records;
use super::role::Role;
use super::session::NewSession;
use super::store::Directory;
use super::user::User;
use crate::journal::Tables as _;

fn journal(folder: &Path) -> std::path::PathBuf {
    folder.join("_ram/journal")
}

/// All that the directory knows, as it would be written down.
fn content(directory: &Directory) -> String {
    let all = |records: &mut Records| {
        let tables = records.tables().into_iter();
        let tables: Vec<_> = tables.map(|(name, it)| (name, it.all().unwrap())).collect();
        format!("{tables:?}")
    };
    directory.change(all).unwrap()
}

fn allows(action: &str) -> PolicyDocument {
    PolicyDocument::new().statement(Statement::allow().action(action).resource("*"))
}

/// What it is, and what does it.
type Step = (&'static str, fn(&Directory));

/// Changes of every table, each of which is one commit.
fn steps() -> Vec<Step> {
    fn managed(directory: &Directory, change: impl FnOnce(&mut ManagedPolicy)) {
        let change = |records: &mut Records| change(records.policies.get_mut("p").unwrap());
        directory.change(change).unwrap();
    }
    vec![
        ("a user", |it| {
            it.add_user(
                User::new("LTAI-a", "s\n\"ö")
                    .named("a")
                    .with_security_token("t"),
            );
        }),
        ("its own policy", |it| {
            it.add_user(
                User::new("LTAI-b", "s")
                    .named("a")
                    .policy("P", allows("oss:*")),
            );
        }),
        ("the account's key", |it| {
            it.add_user(User::account("LTAI-c", "s"));
        }),
        ("a role", |it| {
            it.add_role(Role::new("r", PolicyDocument::new()).policy("R", allows("ecs:*")));
        }),
        ("a provider", |it| {
            it.add_oidc_provider(OidcProvider::new("o", "https://i.example", "c", "{}"));
        }),
        ("a policy", |it| {
            let id = PolicyId::new(PolicyKind::Custom, "p");
            let text = allows("ram:*").to_string();
            let policy = ManagedPolicy::new(id, text, allows("ram:*"), Utc::now());
            it.change(|records| records.policies.insert("p", policy))
                .unwrap();
        }),
        ("a version", |it| {
            managed(it, |policy| {
                policy.add_version(allows("hbr:*").to_string(), allows("hbr:*"), Utc::now());
            });
        }),
        ("in force", |it| {
            managed(it, |policy| {
                assert!(policy.put_in_force(2, Utc::now()));
            });
        }),
        ("an attachment", |it| {
            let attachment = Attachment {
                policy: PolicyId::new(PolicyKind::Custom, "p"),
                since: Utc::now(),
            };
            it.change(|records| {
                let user = records.users.get_mut("a").unwrap();
                user.attached.push(attachment);
            })
            .unwrap();
        }),
        ("a session", |it| {
            let new = NewSession {
                role: "r".to_owned(),
                name: "s1".to_owned(),
                policy: Some(allows("oss:GetObject")),
                expires_at: Utc::now() + TimeDelta::hours(1),
            };
            it.open_session(new, Utc::now()).unwrap().unwrap();
        }),
        ("no role", |it| assert!(it.remove_role("r"))),
        ("no user", |it| assert!(it.remove_user("a"))),
    ]
}

#[test]
fn a_directory_that_ends_anywhere_holds_whole_changes() {
    let folder = tempfile::tempdir().unwrap();
    let open = |folder: &Path| Directory::open(Some(folder), Described::default());
    let directory = open(folder.path()).unwrap();
    let mut states = vec![(0_usize, content(&directory))];
    for (what, step) in steps() {
        step(&directory);
        let len = std::fs::read(journal(folder.path())).unwrap().len();
        assert!(len > states.last().unwrap().0, "{what} is not written down");
        states.push((len, content(&directory)));
    }
    drop(directory);
    let bytes = std::fs::read(journal(folder.path())).unwrap();
    let cut = tempfile::tempdir().unwrap();
    std::fs::create_dir(cut.path().join("_ram")).unwrap();
    // Around every end of a line and within each of them; the journal's own test cuts at every byte.
    let ends = states
        .iter()
        .flat_map(|(len, _)| [len.saturating_sub(1), *len, *len + 1]);
    let within = (0..bytes.len()).step_by(29);
    for end in ends.chain(within).filter(|end| *end <= bytes.len()) {
        std::fs::write(journal(cut.path()), &bytes[..end]).unwrap();
        let expected = states.iter().rfind(|(len, _)| *len <= end).unwrap();
        let found = content(&open(cut.path()).unwrap());
        assert!(
            found == expected.1,
            "cut at {end}: {found} and not {}",
            expected.1
        );
    }
}

#[test]
fn a_policy_without_a_version_in_force_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Directory::open(Some(folder.path()), Described::default());
    let directory = open().unwrap();
    for (_, step) in steps() {
        step(&directory);
    }
    drop(directory);
    let path = journal(folder.path());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("\"default_version\":2"));
    let damaged = text.replace("\"default_version\":2", "\"default_version\":9");
    std::fs::write(&path, damaged).unwrap();
    let error = open().unwrap_err().to_string();
    assert_eq!(error, "the policy `p` has no version in force");
}

#[cfg(unix)]
#[test]
fn nobody_else_can_look_into_the_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    Directory::open(Some(folder.path()), Described::default()).unwrap();
    let mode = std::fs::metadata(folder.path().join("_ram")).unwrap();
    assert_eq!(mode.permissions().mode() & 0o777, 0o700);
}
