//! What is in a folder after a backup and a restore, compared file by file.

use std::ffi::OsStr;
use std::fs::{File, FileTimes, Permissions};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use rustix::fs::{AtFlags, Mode, OFlags, Timespec, Timestamps, mkdirat, openat, utimensat};

use super::calls::{Stage, write};
use super::trees::{Tree, tree};

/// Something to be put into a tree.
#[derive(Clone, Debug)]
enum Thing {
    Folder,
    /// Bytes at offsets, holes between them.
    File(Vec<(u64, Vec<u8>)>, u64),
    Link(Vec<u8>),
    /// Another name of a file that is there, chosen by number.
    Same(usize),
}

#[derive(Clone, Debug)]
struct Plant {
    path: Vec<Vec<u8>>,
    thing: Thing,
    mode: u32,
    modified: (i64, u32),
}

fn part() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => prop::sample::select(vec!["a", "b", "c"]).prop_map(|it| it.as_bytes().to_vec()),
        1 => vec(any::<u8>().prop_map(|it| if matches!(it, 0 | b'/') { b'_' } else { it }), 1..12)
            .prop_filter("a name", |it| it != b"." && it != b".."),
        1 => prop::sample::select(vec![" ", "日本", "new\nline", "tab\t", "-rf", "*", "\\", "\u{202e}x"])
            .prop_map(|it| it.as_bytes().to_vec()),
    ]
}

fn thing() -> impl Strategy<Value = Thing> {
    let bytes = prop_oneof![
        vec(any::<u8>(), 0..300),
        (any::<u8>(), 1_usize..200_000).prop_map(|(byte, len)| vec![byte; len]),
    ];
    let offset = prop_oneof![
        0_u64..5000,
        (0_u64..40).prop_map(|it| it * 4096),
        (0_u64..4).prop_map(|it| it * 1024 * 1024),
    ];
    prop_oneof![
        2 => Just(Thing::Folder),
        4 => (vec((offset, bytes), 0..4), 0_u64..200_000).prop_map(|(it, len)| Thing::File(it, len)),
        2 => vec(any::<u8>().prop_map(|it| it.max(1)), 1..40).prop_map(Thing::Link),
        1 => Just(Thing::Link(b"../../../../etc/passwd".to_vec())),
        1 => any::<usize>().prop_map(Thing::Same),
    ]
}

fn plant() -> impl Strategy<Value = Plant> {
    let time = (-2_000_000_000_i64..8_000_000_000, 0_u32..1_000_000_000);
    (vec(part(), 1..5), thing(), 0_u32..0o10000, time).prop_map(|(path, thing, mode, modified)| {
        Plant {
            path,
            thing,
            mode,
            modified,
        }
    })
}

/// Puts it all into a folder; what is in the way of others is left out.
fn grow(root: &Path, plants: &[Plant]) {
    let mut files: Vec<PathBuf> = Vec::new();
    let mut made: Vec<(PathBuf, &Plant)> = Vec::new();
    for plant in plants {
        let mut path = root.to_owned();
        path.extend(plant.path.iter().map(|it| OsStr::from_bytes(it)));
        if path.symlink_metadata().is_ok()
            || std::fs::create_dir_all(path.parent().unwrap()).is_err()
            || !path
                .parent()
                .unwrap()
                .canonicalize()
                .unwrap()
                .starts_with(root)
        {
            continue;
        }
        match &plant.thing {
            Thing::Folder => std::fs::create_dir(&path).unwrap(),
            Thing::File(stretches, len) => {
                let file = File::create(&path).unwrap();
                for (at, bytes) in stretches {
                    file.write_all_at(bytes, *at).unwrap();
                }
                let end = file.metadata().unwrap().len();
                file.set_len(end.max(*len)).unwrap();
                files.push(path.clone());
            }
            Thing::Link(to) => {
                std::os::unix::fs::symlink(OsStr::from_bytes(to), &path).unwrap();
            }
            Thing::Same(number) => {
                if files.is_empty() {
                    continue;
                }
                std::fs::hard_link(&files[number % files.len()], &path).unwrap();
            }
        }
        made.push((path, plant));
    }
    // The deepest first: what is made in a folder changes its time.
    for (path, plant) in made.into_iter().rev() {
        let meta = path.symlink_metadata().unwrap();
        if !meta.is_symlink() {
            // Tests that are not run by root have to read it.
            let mode = plant.mode | if meta.is_dir() { 0o700 } else { 0o400 };
            std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
        let time = Timespec {
            tv_sec: plant.modified.0,
            tv_nsec: plant.modified.1.into(),
        };
        let times = Timestamps {
            last_access: time,
            last_modification: time,
        };
        utimensat(rustix::fs::CWD, &path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
    }
}

/// Backs a tree up and restores it elsewhere: before, after, and what is left of the source.
fn copied(plants: &[Plant]) -> (Tree, Tree, Tree) {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let stage = Stage::new().await;
        let source = stage.volume("source");
        grow(&source, plants);
        let before = tree(&source);
        let (job, restore) = stage.round_trip("source", "target").await;
        assert_eq!(job["Status"], "COMPLETE", "{job}");
        assert_eq!(restore["Status"], "COMPLETE", "{restore}");
        assert_eq!(job["ItemsDone"], before.len(), "{job}");
        let after = tree(&stage.volume("target"));
        (before, after, tree(&source))
    })
}

#[test]
fn a_restored_tree_is_the_one_that_was_backed_up() {
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() {
        Config::default().cases
    } else {
        48
    };
    let mut runner = TestRunner::new(Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&vec(plant(), 0..30), |plants| {
        let (before, after, left) = copied(&plants);
        prop_assert_eq!(&before, &after);
        prop_assert_eq!(&before, &left);
        Ok(())
    });
    result.unwrap();
}

#[tokio::test]
async fn files_are_cut_into_pieces_and_put_together_again() {
    let stage = Stage::new().await;
    let source = stage.volume("source");
    // More than a piece, not a multiple of one, and a hole across the border of two.
    let mut random = fastrand::Rng::with_seed(3);
    let bytes: Vec<u8> = std::iter::repeat_with(|| random.u8(..))
        .take(2_500_000)
        .collect();
    write(&source, "large.bin", &bytes);
    let sparse = File::create(source.join("sparse.bin")).unwrap();
    sparse
        .write_all_at(&bytes[..100_000], 1024 * 1024 - 8192)
        .unwrap();
    sparse.set_len(1 << 40).unwrap();
    drop(sparse);
    write(&source, "empty", "");
    let (job, _) = stage.round_trip("source", "target").await;
    // A terabyte of nothing takes no space in the vault.
    let total = job["BytesTotal"].as_u64().unwrap();
    assert!((2_600_000..2_800_000).contains(&total), "{job}");
    assert_eq!(job["ActualBytes"], total, "{job}");
    let target = stage.volume("target");
    assert_eq!(std::fs::read(target.join("large.bin")).unwrap(), bytes);
    let restored = File::open(target.join("sparse.bin")).unwrap();
    assert_eq!(restored.metadata().unwrap().len(), 1 << 40);
    use std::os::unix::fs::MetadataExt as _;
    assert!(restored.metadata().unwrap().blocks() * 512 < 1_000_000);
    let mut found = vec![0; 100_000];
    restored
        .read_exact_at(&mut found, 1024 * 1024 - 8192)
        .unwrap();
    assert_eq!(found, bytes[..100_000]);
}

#[tokio::test]
async fn trees_may_be_deeper_than_a_path_may_be_long() {
    const DEPTH: usize = 300;
    let part = "d".repeat(200);
    let enter = |folder: &OwnedFd| {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        openat(folder, part.as_str(), flags, Mode::empty())
    };
    let stage = Stage::new().await;
    let mut folder: OwnedFd = File::open(stage.volume("source")).unwrap().into();
    for _ in 0..DEPTH {
        mkdirat(&folder, part.as_str(), Mode::from_raw_mode(0o755)).unwrap();
        folder = enter(&folder).unwrap();
    }
    let flags = OFlags::WRONLY | OFlags::CREATE;
    let file = openat(&folder, "bottom", flags, Mode::from_raw_mode(0o640)).unwrap();
    File::from(file).write_all_at(b"deep", 0).unwrap();
    let (job, restore) = stage.round_trip("source", "target").await;
    assert_eq!(
        (&job["Status"], &restore["Status"]),
        (&"COMPLETE".into(), &"COMPLETE".into())
    );
    let mut folder: OwnedFd = File::open(stage.volume("target")).unwrap().into();
    for _ in 0..DEPTH {
        folder = enter(&folder).unwrap();
    }
    let file = File::from(openat(&folder, "bottom", OFlags::RDONLY, Mode::empty()).unwrap());
    let mut found = [0; 4];
    file.read_exact_at(&mut found, 0).unwrap();
    assert_eq!(&found, b"deep");
}

#[tokio::test]
async fn no_path_leads_out_of_the_node() {
    let stage = Stage::new().await;
    let outside = tempfile::tempdir().unwrap();
    write(outside.path(), "secret", "not yours");
    // A link in the volume is copied as what it is.
    let source = stage.volume("source");
    std::os::unix::fs::symlink(outside.path(), source.join("out")).unwrap();
    let (job, restore) = stage.round_trip("source", "target").await;
    assert_eq!(
        (&job["ItemsTotal"], &job["BytesTotal"]),
        (&2.into(), &0.into()),
        "{job}"
    );
    assert_eq!(restore["Status"], "COMPLETE");
    let copied = stage.volume("target").join("out");
    assert_eq!(std::fs::read_link(&copied).unwrap(), outside.path());

    // A restore does not go through one that is in its way: what it writes, it writes in its place.
    let snapshot = {
        write(&stage.volume("other"), "out/secret", "mine");
        let job = stage.backed_up(&["other"]).await;
        stage
            .snapshots(job["JobId"].as_str().unwrap())
            .await
            .remove(0)
    };
    let restore = stage.restored(stage.restore(&snapshot, "target")).await;
    assert_eq!(restore["Status"], "COMPLETE", "{restore}");
    assert_eq!(
        std::fs::read_to_string(outside.path().join("secret")).unwrap(),
        "not yours"
    );
    assert_eq!(
        std::fs::read_to_string(copied.join("secret")).unwrap(),
        "mine"
    );

    // Nor does one on the way to a volume lead anywhere.
    let mount = stage.volume("linked");
    std::fs::remove_dir(&mount).unwrap();
    std::os::unix::fs::symlink(outside.path(), &mount).unwrap();
    let job = stage.backed_up(&["linked"]).await;
    assert_eq!(
        (&job["Status"], &job["ErrorMessage"]),
        (&"FAILED".into(), &"SOURCE_NOT_EXIST".into())
    );
    let restore = stage.restored(stage.restore(&snapshot, "linked")).await;
    assert_eq!(
        (&restore["Status"], &restore["ErrorMessage"]),
        (&"FAILED".into(), &"TARGET_NOT_EXIST".into())
    );
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn special_files_fail_by_name_and_the_rest_is_copied() {
    let stage = Stage::new().await;
    let source = stage.volume("source");
    write(&source, "good", "good");
    // A socket's path may not be long.
    let short = tempfile::tempdir().unwrap();
    let socket = std::os::unix::net::UnixListener::bind(short.path().join("s")).unwrap();
    std::fs::rename(short.path().join("s"), source.join("so\tcket")).unwrap();
    let (job, restore) = stage.round_trip("source", "target").await;
    drop(socket);
    assert_eq!(job["Status"], "PARTIAL_COMPLETE", "{job}");
    assert_eq!(job["ErrorMessage"], "1 of 3 items could not be backed up.");
    assert_eq!(
        (&job["ItemsTotal"], &job["ItemsDone"]),
        (&3.into(), &2.into())
    );
    let expected = "Item\tError Message\nso\\tcket\ta socket cannot be backed up\n";
    assert_eq!(job["Report"]["FailedFiles"], expected);
    let snapshot = stage
        .snapshots(job["JobId"].as_str().unwrap())
        .await
        .remove(0);
    assert_eq!(
        (&snapshot["Status"], &snapshot["ErrorFile"]),
        (&"PARTIAL_COMPLETE".into(), &expected.into())
    );
    assert_eq!(restore["Status"], "COMPLETE");
    let names: Vec<_> = tree(&stage.volume("target")).into_keys().collect();
    assert_eq!(names, [b"".to_vec(), b"good".to_vec()]);
}

#[tokio::test]
async fn a_second_backup_keeps_what_is_new() {
    let stage = Stage::new().await;
    let source = stage.volume("source");
    let block = vec![7; 1024 * 1024];
    write(&source, "a", [block.as_slice(), &[1; 1024 * 1024]].concat());
    let first = stage.backed_up(&["source"]).await;
    assert_eq!(
        (&first["BytesTotal"], &first["ActualBytes"]),
        (&2_097_152.into(), &2_097_152.into())
    );
    // One piece of two changes, and another file has one that is there already.
    write(&source, "a", [block.as_slice(), &[2; 1024 * 1024]].concat());
    write(&source, "b", &block);
    let second = stage.backed_up(&["source"]).await;
    assert_eq!(
        (&second["BytesTotal"], &second["ActualBytes"]),
        (&3_145_728.into(), &1_048_576.into())
    );
    let of = async |job: &serde_json::Value| {
        stage
            .snapshots(job["JobId"].as_str().unwrap())
            .await
            .remove(0)
    };
    let (one, two) = (of(&first).await, of(&second).await);
    assert_eq!(two["ParentSnapshotHash"], one["SnapshotHash"]);
    assert_ne!(two["SnapshotHash"], one["SnapshotHash"]);
    // Without the first, the second is whole.
    let id = one["SnapshotId"].as_str().unwrap();
    stage
        .call(
            "DeleteSnapshot",
            &[("SnapshotId", id), ("VaultId", &stage.vault)],
        )
        .ok()
        .await;
    stage.volume("target");
    let restore = stage.restored(stage.restore(&two, "target")).await;
    assert_eq!(restore["Status"], "COMPLETE", "{restore}");
    assert_eq!(tree(&stage.volume("target")), tree(&source));
}

#[tokio::test]
async fn a_backup_is_of_the_moment_at_which_it_was_asked_for() {
    let stage = Stage::new().await;
    let source = stage.volume("source");
    write(&source, "file", "then");
    let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let times = FileTimes::new().set_modified(old);
    File::options()
        .write(true)
        .open(source.join("file"))
        .unwrap()
        .set_times(times)
        .unwrap();
    let job = stage.back_up(&["source"]).ok().await;
    write(&source, "file", "now");
    stage.pass(60);
    let snapshot = stage
        .snapshots(job["JobId"].as_str().unwrap())
        .await
        .remove(0);
    stage.volume("target");
    stage.restored(stage.restore(&snapshot, "target")).await;
    let restored = stage.volume("target").join("file");
    assert_eq!(std::fs::read_to_string(&restored).unwrap(), "then");
    assert_eq!(restored.metadata().unwrap().modified().unwrap(), old);
}
