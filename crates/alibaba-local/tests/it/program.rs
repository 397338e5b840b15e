//! The program: what it says, and what it is after it was killed.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use alibaba_sign::Credentials;

use crate::folder::Folder;
use crate::raw::{Raw, start};

/// The program, which is killed with this.
struct Program {
    child: Child,
    output: BufReader<ChildStdout>,
    endpoint: String,
}

impl Program {
    fn start(data: &Path, more: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_alibaba-local"))
            .args(["--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .args(more)
            .env_remove("OSS_ACCESS_KEY_ID")
            .env_remove("OSS_ACCESS_KEY_SECRET")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut program = Self {
            output: BufReader::new(child.stdout.take().unwrap()),
            child,
            endpoint: String::new(),
        };
        let first = program.line();
        let rest = first
            .strip_prefix("A local cloud of cn-hangzhou at ")
            .unwrap();
        let (endpoint, key) = rest.split_once(", ").unwrap();
        assert_eq!(key, "AccessKey id LTAI-local, secret local-secret");
        endpoint.clone_into(&mut program.endpoint);
        let services = program.line();
        for service in ["oss", "ecs", "hbr", "ram", "sts", "metadata"] {
            assert!(services.contains(service), "{services}");
        }
        assert_eq!(program.line(), "Stop with Ctrl-C.");
        program
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    /// A call of RAM.
    fn call<'r>(
        &self,
        raw: &'r Raw,
        action: &str,
        by: &Credentials,
    ) -> crate::raw::openapi::ApiCall<'r> {
        raw.api("2015-05-01", action).at(&self.endpoint).by(by)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn the_program_says_what_it_is_shows_its_calls_and_is_whole_after_a_kill() {
    let (folder, raw) = (Folder::new(), start().await);
    let root = Credentials::new("LTAI-local", "local-secret");
    let alice = ("UserName", "alice");
    let mut program = Program::start(folder.path(), &[]);
    let create = program.call(&raw, "CreateUser", &root);
    let made = create.query(alice.0, alice.1).ok().await;
    let id = made["User"]["UserId"].clone();
    let key = program.call(&raw, "CreateAccessKey", &root);
    let key = key.query(alice.0, alice.1).ok().await["AccessKey"].clone();
    let text = |name: &str| key[name].as_str().unwrap();
    let key = Credentials::new(text("AccessKeyId"), text("AccessKeySecret"));
    program
        .call(&raw, "ListUsers", &key)
        .fails(403, "NoPermission")
        .await;

    let lines: Vec<_> = std::iter::repeat_with(|| program.line()).take(6).collect();
    for (number, expected) in [
        (0, " ram CreateUser -> 200, "),
        (
            1,
            "`ram:CreateUser` on `acs:ram:*:1000000000000000:user/*` is allowed by statement 1 of the identity policy `AdministratorAccess`",
        ),
        (2, " ram CreateAccessKey -> 200, "),
        (4, " ram ListUsers -> 403, "),
        (
            5,
            "`ram:ListUsers` on `acs:ram:*:1000000000000000:user/*` is not allowed: ",
        ),
    ] {
        assert!(lines[number].contains(expected), "{lines:#?}");
    }
    assert!(!lines.concat().contains(key.access_key_secret.expose()));

    // Killed, it comes back with the same key of its own and all that was made.
    drop(program);
    let program = Program::start(folder.path(), &["--quiet"]);
    let found = program.call(&raw, "GetUser", &root);
    let found = found.query(alice.0, alice.1).ok().await;
    assert_eq!(found["User"]["UserId"], id);
    program
        .call(&raw, "ListUsers", &key)
        .fails(403, "NoPermission")
        .await;
}

/// What the program says when it is started so, and cannot.
fn refused(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_alibaba-local"))
        .args(arguments)
        .env_remove("OSS_ACCESS_KEY_ID")
        .env_remove("OSS_ACCESS_KEY_SECRET")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    said
}

#[test]
fn what_cannot_be_started_is_refused_with_a_sentence() {
    let folder = Folder::new();
    let data = folder.path().to_str().unwrap();
    let _running = Program::start(folder.path(), &[]);
    let any = ["--listen", "127.0.0.1:0"];
    let said = refused(&[&any[..], &["--data", data]].concat());
    assert!(
        said.contains("another server uses it") && said.contains(data),
        "{said}"
    );

    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = port.local_addr().unwrap().to_string();
    let said = refused(&["--listen", &taken]);
    assert!(
        said.contains(&taken) && said.contains("choose another address"),
        "{said}"
    );

    let file = folder.path().join("_lock");
    let below = file.join("data");
    let said = refused(&[&any[..], &["--data", below.to_str().unwrap()]].concat());
    assert!(said.contains("can be written to"), "{said}");

    for name in ["ab", "Backups", "back_ups", "-abc"] {
        let bucket = format!("--bucket={name}");
        let said = refused(&[&any[..], &[bucket.as_str()]].concat());
        assert!(said.contains(&format!("`{name}`")), "{said}");
    }
    for name in [
        "",
        "oss-cn-hangzhou",
        "cn-hangzhou-internal",
        "Hangzhou",
        "cn hangzhou",
    ] {
        for flag in ["--region", "--another-region"] {
            let said = refused(&[&any[..], &[flag, name]].concat());
            assert!(said.contains(&format!("`{name}`")), "{said}");
        }
    }
}
