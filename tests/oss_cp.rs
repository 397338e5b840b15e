//! The example `oss_cp` as a process: interrupted, killed, and started again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

#[allow(dead_code, unreachable_pub, reason = "its `main` is not this test's")]
#[path = "../examples/oss_cp/main.rs"]
mod oss_cp;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::time::Duration;

use alibaba_local::{Fault, LocalCloud, Rule, User};
use tokio::process::{Child, Command};

const BUCKET: &str = "my-bucket";
const ID: &str = "LTAI-local";
const SECRET: &str = "local-secret";
const PART: usize = 100 * 1024;
/// Arguments for the program, one a line.
const ARGUMENTS: &str = "OSS_CP_ARGUMENTS";

/// The program: this test binary once more, which has nothing to do unless it is asked to be it.
#[tokio::test]
async fn program() {
    let Ok(arguments) = std::env::var(ARGUMENTS) else {
        return;
    };
    let arguments = std::iter::once("oss_cp").chain(arguments.lines());
    let code = oss_cp::run(arguments.map(str::to_owned)).await;
    let failed = code != ExitCode::SUCCESS;
    std::process::exit(match failed {
        true if code == ExitCode::from(130) => 130,
        failed => failed.into(),
    });
}

struct Setup {
    cloud: LocalCloud,
    folder: tempfile::TempDir,
}

/// How a run ended, and what it said.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    text: String,
}

impl Setup {
    async fn new() -> Self {
        let cloud = LocalCloud::builder()
            .user(User::new(ID, SECRET))
            .bucket(BUCKET)
            .start()
            .await
            .unwrap();
        let folder = tempfile::tempdir().unwrap();
        let setup = Self { cloud, folder };
        let files = [
            ("big-1.bin", 10 * PART - 7),
            ("sub/big-2.bin", 7 * PART - 3),
            ("sub/deep/small 中文.txt", 17),
            ("empty", 0),
        ];
        for (at, (name, len)) in files.into_iter().enumerate() {
            let path = setup.path("source").join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let bytes: Vec<u8> = (0..len).map(|byte| (byte % (239 + at)) as u8).collect();
            std::fs::write(path, bytes).unwrap();
        }
        setup
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let common = [
            "--region=cn-hangzhou",
            &format!("--endpoint={}", self.cloud.endpoint()),
            "--checkpoint-dir=checkpoints",
            &format!("--part-size={PART}"),
        ];
        let arguments = [&common[..], arguments].concat().join("\n");
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "program", "--nocapture"])
            .current_dir(self.folder.path())
            .env(ARGUMENTS, arguments)
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", ID)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
            .env_remove("ALIBABA_CLOUD_SECURITY_TOKEN")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap()
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.start(arguments)).await
    }

    /// Requests of this operation, and how many of them succeeded.
    fn count(&self, operation: &str) -> (usize, usize) {
        let all = self.cloud.requests().all();
        let of = all.iter().filter(|r| r.operation == operation);
        let good = |status: Option<u16>| status.is_some_and(|status| status < 300);
        (of.clone().count(), of.filter(|r| good(r.status)).count())
    }

    /// Whether a checkpoint names something to go on from: an upload, or a range of a download.
    fn has_progress(&self) -> bool {
        let checkpoints = read(&self.path("checkpoints"));
        checkpoints.iter().any(|(name, bytes)| {
            let text = String::from_utf8_lossy(bytes);
            name.ends_with(".upload.json") || text.contains("\"done\":[[")
        })
    }

    /// Starts it, and ends it by this signal when so many requests of the operation were served and
    /// others hang.
    async fn cut_off(
        &self,
        signal: &str,
        operation: &'static str,
        after: usize,
        arguments: &[&str],
    ) -> Ended {
        let hang = Rule::new(Fault::Delay(Duration::from_secs(3600)));
        self.cloud
            .faults()
            .add(hang.operation(operation).skip(after));
        self.cloud.requests().clear();
        let child = self.start(arguments);
        loop {
            let (asked, done) = self.count(operation);
            if done == after && asked > after && self.has_progress() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let id = child.id().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().await;
        assert!(sent.unwrap().success());
        let ended = ended(child).await;
        self.cloud.faults().clear();
        self.cloud.requests().clear();
        ended
    }
}

async fn ended(child: Child) -> Ended {
    let output = tokio::time::timeout(Duration::from_secs(120), child.wait_with_output());
    let output = output.await.expect("the program ends").unwrap();
    let text = [output.stdout, output.stderr].concat();
    Ended {
        code: output.status.code(),
        text: String::from_utf8(text).unwrap(),
    }
}

/// The files below a folder, by their paths.
fn read(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, found);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap();
                found.insert(name.to_owned(), std::fs::read(&path).unwrap());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(folder, folder, &mut found);
    found
}

const UP: [&str; 5] = [
    "source",
    "oss://my-bucket/backup/",
    "-r",
    "-j2",
    "--parallel=2",
];
const DOWN: [&str; 5] = [
    "oss://my-bucket/backup/",
    "copy",
    "-r",
    "-j2",
    "--parallel=2",
];

#[tokio::test]
async fn a_folder_goes_up_and_comes_down_whatever_ends_the_program_midway() {
    for (signal, code) in [("-INT", Some(130)), ("-KILL", None)] {
        let setup = Setup::new().await;
        let cut = setup.cut_off(signal, "UploadPart", 6, &UP).await;
        assert_eq!(cut.code, code, "{cut:?}");
        assert_eq!(
            cut.text.contains("The same command goes on"),
            code.is_some()
        );
        let again = setup.run(&[&UP[..], &["-u"]].concat()).await;
        assert_eq!(again.code, Some(0), "{again:?}");
        // 17 parts in all, six of which were stored before.
        assert_eq!(setup.count("UploadPart"), (11, 11), "{again:?}");
        assert!(again.text.contains("0 failed"), "{again:?}");
        assert!(
            again
                .text
                .contains(&format!("({} bytes of them were there before)", 6 * PART)),
            "{again:?}"
        );
        assert_eq!(read(&setup.path("checkpoints")).len(), 0);

        let cut = setup.cut_off(signal, "GetObject", 8, &DOWN).await;
        assert_eq!(cut.code, code, "{cut:?}");
        let again = setup.run(&[&DOWN[..], &["-u"]].concat()).await;
        assert_eq!(again.code, Some(0), "{again:?}");
        // 17 ranges and a small file; one range or more, and the small file or not, were there.
        let (_, rest) = again.text.split_once('(').unwrap();
        let (resumed, _) = rest.split_once(' ').unwrap();
        let ranges = resumed.parse::<usize>().unwrap().div_ceil(PART);
        let (asked, _) = setup.count("GetObject");
        assert!(ranges > 0, "{again:?}");
        assert!([17, 18].contains(&(asked + ranges)), "{asked} {again:?}");
        assert_eq!(read(&setup.path("copy")), read(&setup.path("source")));
        assert_eq!(read(&setup.path("checkpoints")).len(), 0);
    }
}

#[tokio::test]
async fn what_is_there_is_left_alone_unless_asked_otherwise() {
    let setup = Setup::new().await;
    let first = setup.run(&UP).await;
    assert!(first.text.contains("4 files copied"), "{first:?}");
    for (more, copied) in [(None, 0), (Some("-u"), 0), (Some("-f"), 4)] {
        let arguments: Vec<_> = UP.into_iter().chain(more).collect();
        let again = setup.run(&arguments).await;
        let expected = format!("{copied} files copied");
        assert!(again.text.contains(&expected), "{more:?} {again:?}");
    }
    // A file that grew is copied by -u.
    std::fs::write(setup.path("source/empty"), "no more").unwrap();
    let again = setup.run(&[&UP[..], &["-u"]].concat()).await;
    assert!(again.text.contains("1 files copied"), "{again:?}");

    let chosen = ["--include=sub/*", "--exclude=*.txt", "-n"];
    let plan = setup.run(&[&DOWN[..], &chosen].concat()).await;
    let copies: Vec<_> = plan
        .text
        .lines()
        .filter(|l| l.starts_with("copy "))
        .collect();
    assert_eq!(
        copies,
        ["copy  oss://my-bucket/backup/sub/big-2.bin -> copy/sub/big-2.bin"],
        "{plan:?}"
    );
    assert!(!setup.path("copy").exists());
}

#[tokio::test]
async fn single_files_go_where_they_are_sent_and_failures_are_counted() {
    let setup = Setup::new().await;
    let up = setup
        .run(&["source/empty", "oss://my-bucket/x/renamed"])
        .await;
    assert_eq!(up.code, Some(0), "{up:?}");
    let into = setup.run(&["source/big-1.bin", "oss://my-bucket/x/"]).await;
    assert_eq!(into.code, Some(0), "{into:?}");
    let down = setup.run(&["oss://my-bucket/x/big-1.bin", "."]).await;
    assert_eq!(down.code, Some(0), "{down:?}");
    let source = read(&setup.path("source"));
    assert_eq!(
        std::fs::read(setup.path("big-1.bin")).unwrap(),
        source["big-1.bin"]
    );

    for (arguments, words) in [
        (["source", "oss://my-bucket/x/"], "add -r"),
        (["oss://my-bucket/nothing", "."], "no such object"),
        (["source", "elsewhere"], "one of them has to be local"),
        (["source/empty", "oss://no-bucket/x"], "no-bucket"),
    ] {
        let failed = setup.run(&arguments).await;
        assert_eq!(failed.code, Some(1), "{failed:?}");
        assert!(failed.text.contains(words), "{failed:?}");
    }
}

#[tokio::test]
async fn no_key_leads_out_of_the_folder() {
    let setup = Setup::new().await;
    let evil = setup.path("evil");
    std::fs::write(&evil, "evil").unwrap();
    for key in ["backup/../../out", "backup/fine"] {
        let target = format!("oss://my-bucket/{key}");
        let up = setup.run(&["evil", &target]).await;
        assert_eq!(up.code, Some(0), "{up:?}");
    }
    let down = setup.run(&DOWN).await;
    assert_eq!(down.code, Some(1), "{down:?}");
    assert!(down.text.contains("leads out of the folder"), "{down:?}");
    assert_eq!(read(&setup.path("copy")).len(), 1);
    assert!(!setup.folder.path().join("../out").exists());
}
