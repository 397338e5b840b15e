//! The example `oss_cp` as a process: interrupted, killed, and started again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

#[allow(dead_code, unreachable_pub, reason = "its `main` is not this test's")]
#[path = "../examples/oss_cp/main.rs"]
mod oss_cp;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;

use ack_backup_center::core::credentials::StaticProvider;
use ack_backup_center::core::{Context, Credentials, Region};
use ack_backup_center::engine::Repository;
use ack_backup_center::engine::backup::{Backup, BackupSpec};
use ack_backup_center::engine::restore::{Restore, RestoreSpec};
use ack_backup_center::engine::verify::Verify;
use ack_backup_center::oss::{Client, OssStore};
use alibaba_local::{Fault, LocalCloud, Rule, User};
use futures::TryStreamExt as _;
use kube_local::KubeLocal;
use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use tokio::process::{Child, Command};

const BUCKET: &str = "my-bucket";
const OTHER_BUCKET: &str = "other-bucket";
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
            .bucket(OTHER_BUCKET)
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
        self.command(arguments).spawn().unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let common = [
            "--region=cn-hangzhou",
            &format!("--endpoint={}", self.cloud.endpoint()),
            "--checkpoint-dir=checkpoints",
            &format!("--part-size={PART}"),
        ];
        let arguments = [&common[..], arguments].concat().join("\n");
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "program", "--nocapture"])
            .current_dir(self.folder.path())
            .env(ARGUMENTS, arguments)
            .env("ALIBABA_CLOUD_ACCESS_KEY_ID", ID)
            .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", SECRET)
            .env_remove("ALIBABA_CLOUD_SECURITY_TOKEN")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
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
        (["source", "elsewhere"], "has to be `oss://bucket/key`"),
        (["-", "elsewhere"], "`-` stands for one object"),
        (["-", "oss://my-bucket/x/"], "give the key in full"),
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

fn client(setup: &Setup) -> Client {
    let credentials = Arc::new(StaticProvider::new(Credentials::new(ID, SECRET)).unwrap());
    let context = Context::system().unwrap();
    Client::builder(&context, Region::CN_HANGZHOU, credentials)
        .with_endpoint(setup.cloud.endpoint().parse().unwrap())
        .build()
        .unwrap()
}

/// A backup of more than two parts, by the names of its objects.
async fn back_up(store: Arc<dyn ObjectStore>) -> usize {
    let cluster = KubeLocal::start().await.unwrap();
    let client = test_support::client(&cluster.url());
    let mut state = 7u64;
    for number in 0..3 {
        // What no compressor makes smaller than half.
        let mut noise = String::new();
        while noise.len() < 3 * PART {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            noise.push_str(&format!("{:08x}", state >> 32));
        }
        let settings = serde_json::json!({"metadata": {"name": format!("s-{number}")}, "data": {"noise": noise}});
        test_support::create(&client, "/api/v1/namespaces/default/configmaps", settings).await;
    }
    let backup = Backup::new(client, Repository::new(store, ""), BackupSpec::named("a"));
    let report = backup.run().await.unwrap();
    report
        .record
        .archive()
        .unwrap()
        .unwrap()
        .index
        .unwrap()
        .entries as usize
}

async fn is_the_same(store: Arc<dyn ObjectStore>, prefix: &str, objects: usize, case: &str) {
    let repository = Repository::new(store, prefix);
    let backup = repository.open("a").await;
    let backup = backup.unwrap_or_else(|error| panic!("{case}: {}", error.chain()));
    let read: Vec<_> = backup.stream().try_collect().await.unwrap();
    assert_eq!(read.len(), objects, "{case}");
    let report = Verify::new(repository, "a").run().await.unwrap();
    assert_eq!(report.findings, [], "{case}: {report}");
    let cluster = KubeLocal::start().await.unwrap();
    let target = test_support::client(&cluster.url());
    let restore = Restore::new(target, backup, RestoreSpec::named("r"));
    let report = restore.run().await.unwrap();
    assert!(report.is_complete(), "{case}: {report}");
}

#[tokio::test]
async fn a_backup_that_was_copied_by_any_way_is_the_same_backup() {
    let setup = Setup::new().await;
    let client = client(&setup);
    let bucket =
        |name: &str| -> Arc<dyn ObjectStore> { Arc::new(OssStore::new(client.clone(), name)) };
    let objects = back_up(bucket(BUCKET)).await;
    is_the_same(bucket(BUCKET), "", objects, "as it was written").await;

    let down = setup
        .run(&["oss://my-bucket/backups/", "down/backups", "-r"])
        .await;
    assert_eq!(down.code, Some(0), "{down:?}");
    let folder = LocalFileSystem::new_with_prefix(setup.path("down")).unwrap();
    is_the_same(Arc::new(folder), "", objects, "down to a folder").await;

    let up = ["down/backups", "oss://other-bucket/backups/", "-r"];
    let up = setup.run(&up).await;
    assert_eq!(up.code, Some(0), "{up:?}");
    let (_, parts) = setup.count("UploadPart");
    assert!(parts > 2, "the archive went up whole");
    is_the_same(bucket(OTHER_BUCKET), "", objects, "up to another bucket").await;

    let pages = client.list_objects(BUCKET).prefix("backups/").pages();
    let pages: Vec<_> = pages.try_collect().await.unwrap();
    for object in pages.into_iter().flat_map(|page| page.objects) {
        let to = (OTHER_BUCKET, format!("parts/{}", object.key));
        let copy = client.copy((BUCKET, object.key), to);
        copy.part_size(PART as u64).send().await.unwrap();
    }
    let (_, parts) = setup.count("UploadPartCopy");
    assert!(parts > 2, "the archive was copied whole");
    is_the_same(bucket(OTHER_BUCKET), "parts", objects, "copied in parts").await;
}

#[tokio::test]
async fn standard_input_and_output_are_one_object() {
    let setup = Setup::new().await;
    let text = "made elsewhere\n".repeat(30_000);
    let mut child = setup.command(&["-", "oss://my-bucket/dump.sql"]);
    let mut child = child.stdin(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut input, text.as_bytes())
        .await
        .unwrap();
    drop(input);
    let up = ended(child).await;
    assert_eq!(up.code, Some(0), "{up:?}");
    let again = setup.run(&["-", "oss://my-bucket/dump.sql"]).await;
    assert!(again.text.contains("1 skipped"), "{again:?}");

    let down = setup.command(&["oss://my-bucket/dump.sql", "-"]);
    let mut down = down;
    let output = down.output().await.unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let out = String::from_utf8(output.stdout).unwrap();
    // The test harness prints there, too.
    assert!(out.contains(&text), "{} bytes", out.len());
    assert!(!out.contains("files copied"), "{out}");
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("1 files copied")
    );
}

#[tokio::test]
async fn objects_go_from_bucket_to_bucket_without_coming_here() {
    let setup = Setup::new().await;
    let up = setup.run(&UP).await;
    assert_eq!(up.code, Some(0), "{up:?}");
    setup.cloud.requests().clear();
    let across = ["oss://my-bucket/backup/", "oss://other-bucket/kept/", "-r"];
    let copied = setup.run(&across).await;
    assert_eq!(copied.code, Some(0), "{copied:?}");
    assert!(copied.text.contains("4 files copied"), "{copied:?}");
    assert_eq!(setup.count("GetObject").0, 0);
    let again = setup.run(&across).await;
    assert!(again.text.contains("0 files copied"), "{again:?}");
    let down = setup.run(&["oss://other-bucket/kept/", "copy", "-r"]).await;
    assert_eq!(down.code, Some(0), "{down:?}");
    assert_eq!(read(&setup.path("copy")), read(&setup.path("source")));

    let one = setup
        .run(&["oss://my-bucket/backup/empty", "oss://other-bucket/x/"])
        .await;
    assert_eq!(one.code, Some(0), "{one:?}");
    let same = setup
        .run(&[
            "oss://my-bucket/backup/",
            "oss://my-bucket/backup/",
            "-r",
            "-f",
        ])
        .await;
    assert!(same.text.contains("0 files copied"), "{same:?}");
}

#[tokio::test]
async fn empty_folders_travel_and_what_is_no_file_is_named() {
    let setup = Setup::new().await;
    let at = |name: &str| setup.path("source").join(name);
    std::fs::create_dir_all(at("hollow/inner")).unwrap();
    let up = setup.run(&UP).await;
    assert_eq!(up.code, Some(0), "{up:?}");
    let down = setup.run(&DOWN).await;
    assert_eq!(down.code, Some(0), "{down:?}");
    assert!(setup.path("copy/hollow/inner").is_dir());
    let again = setup.run(&[&UP[..], &["-u"]].concat()).await;
    assert!(again.text.contains("0 files copied"), "{again:?}");

    std::os::unix::fs::symlink(setup.path("copy"), at("link-to-folder")).unwrap();
    std::os::unix::fs::symlink("nowhere", at("dangling")).unwrap();
    let fifo = Command::new("mkfifo").arg(at("fifo")).status().await;
    assert!(fifo.unwrap().success());
    let named = setup.run(&[&UP[..], &["-u"]].concat()).await;
    assert_eq!(named.code, Some(1), "{named:?}");
    for words in ["link-to-folder", "dangling", "fifo", "3 failed"] {
        assert!(named.text.contains(words), "{words}: {named:?}");
    }
    let direct = setup.run(&["source/fifo", "oss://my-bucket/fifo"]).await;
    assert_eq!(direct.code, Some(1), "{direct:?}");
    assert!(direct.text.contains("a named pipe"), "{direct:?}");
}

#[tokio::test]
async fn nothing_outside_of_the_folder_is_replaced_through_a_link_in_it() {
    let setup = Setup::new().await;
    let up = setup.run(&UP).await;
    assert_eq!(up.code, Some(0), "{up:?}");
    let outside = setup.path("outside");
    std::fs::create_dir_all(&outside).unwrap();
    std::fs::write(outside.join("big-2.bin"), "precious").unwrap();
    std::fs::create_dir_all(setup.path("copy")).unwrap();
    std::os::unix::fs::symlink(&outside, setup.path("copy/sub")).unwrap();
    std::os::unix::fs::symlink(outside.join("big-2.bin"), setup.path("copy/empty")).unwrap();
    let down = setup.run(&[&DOWN[..], &["-f"]].concat()).await;
    assert_eq!(down.code, Some(1), "{down:?}");
    assert!(
        down.text.contains("is a link, and leads out of the folder"),
        "{down:?}"
    );
    let left = read(&outside);
    assert_eq!(left.len(), 1, "{:?}", left.keys());
    assert_eq!(left["big-2.bin"], b"precious");
    // What is not behind a link comes all the same.
    assert_eq!(read(&setup.path("copy"))["big-1.bin"].len(), 10 * PART - 7);
}
