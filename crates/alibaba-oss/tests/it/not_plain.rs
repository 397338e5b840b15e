//! What stands in folders and is no plain file, or no file of ours: never replaced, never waited for,
//! never made readable for others.
#![cfg(unix)]

use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use alibaba_oss::{Client, Error, ErrorKind, Payload};

use crate::cloud::{self, BUCKET};

const KEY: &str = "k";
const PART: u64 = 100 * 1024;

/// The two ways into a file, and with both the two lengths: one request, and several.
const WAYS: [(&str, &str); 3] = [("to_file", KEY), ("download", KEY), ("download", "large")];

async fn fetch(client: &Client, (way, key): (&str, &str), path: &Path) -> Result<(), Error> {
    match way {
        "to_file" => {
            let object = client.get_object(BUCKET, key).send().await.unwrap();
            object.body.to_file(path).await.map(drop)
        }
        _ => {
            let checkpoints = path.with_file_name("checkpoints");
            let download = client.download(BUCKET, key, path).part_size(PART);
            download.checkpoints(checkpoints).send().await.map(drop)
        }
    }
}

async fn started() -> (cloud::Cloud, Client, tempfile::TempDir) {
    let cloud = cloud::start().await;
    let client = cloud.client();
    client.put_object(BUCKET, KEY, "new").send().await.unwrap();
    let large = vec![7; 3 * PART as usize];
    client
        .put_object(BUCKET, "large", large)
        .send()
        .await
        .unwrap();
    (cloud, client, tempfile::tempdir().unwrap())
}

fn run(program: &str, arguments: &[&str]) -> bool {
    let status = Command::new(program).args(arguments).status();
    status.is_ok_and(|status| status.success())
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// What an error and its causes say.
fn words(error: &Error) -> String {
    let cause = std::error::Error::source(error).map(ToString::to_string);
    format!("{error}: {}", cause.unwrap_or_default())
}

#[tokio::test]
async fn devices_pipes_sockets_folders_and_dangling_links_are_refused_and_stay() {
    let (_cloud, client, folder) = started().await;
    let at = |name: &str| folder.path().join(name);
    assert!(run("mkfifo", &[at("fifo").to_str().unwrap()]));
    let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
    std::fs::create_dir(at("folder")).unwrap();
    symlink("nowhere", at("dangling")).unwrap();
    symlink("fifo", at("link-to-fifo")).unwrap();
    let mut kinds = vec![
        ("fifo", "a named pipe"),
        ("socket", "a socket"),
        ("folder", "a folder"),
        ("dangling", "a link to what is not there"),
        ("link-to-fifo", "a named pipe"),
    ];
    // Only root may make a device.
    let null = at("null");
    if run("mknod", &[null.to_str().unwrap(), "c", "1", "3"]) {
        kinds.push(("null", "a device"));
    }
    let names = || {
        let entries = std::fs::read_dir(folder.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = names();
    for (name, kind) in kinds {
        let path = at(name);
        let found = std::fs::symlink_metadata(&path).unwrap();
        for way in WAYS {
            let error = fetch(&client, way, &path).await.expect_err(name);
            assert_eq!(error.kind(), ErrorKind::Local, "{error}");
            assert!(words(&error).contains(kind), "{way:?} {}", words(&error));
            let now = std::fs::symlink_metadata(&path).unwrap();
            assert_eq!(
                (now.ino(), now.mode()),
                (found.ino(), found.mode()),
                "{name}"
            );
        }
        // Nor is any of them read as if it had a length.
        let upload = client.upload_file(BUCKET, "up", &path).send().await;
        for error in [Payload::file(&path).await.err(), upload.err()] {
            let error = error.unwrap_or_else(|| panic!("{name} was opened"));
            assert_eq!(error.kind(), ErrorKind::Local, "{error}");
        }
    }
    assert_eq!(names(), before, "nothing is left behind");
    assert!(std::fs::metadata(at("fifo")).unwrap().file_type().is_fifo());
    let stored = client.head_object(BUCKET, "up").await;
    assert_eq!(stored.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn a_link_stays_and_what_it_leads_to_is_replaced_with_its_mode_and_owner() {
    let (_cloud, client, folder) = started().await;
    for way in WAYS {
        let folder = folder.path().join(way.0).join(way.1);
        std::fs::create_dir_all(folder.join("elsewhere")).unwrap();
        let (real, link) = (folder.join("elsewhere/real"), folder.join("link"));
        std::fs::write(&real, "old").unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o640)).unwrap();
        // Only root may give a file away.
        let other = std::os::unix::fs::chown(&real, Some(12345), Some(54321)).is_ok();
        symlink("elsewhere/real", &link).unwrap();
        fetch(&client, way, &link).await.unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert!(std::fs::read(&real).unwrap().len() > 2);
        assert_ne!(std::fs::read(&real).unwrap(), b"old");
        assert_eq!(mode(&real), 0o640, "{way:?}");
        if other {
            let found = std::fs::metadata(&real).unwrap();
            assert_eq!((found.uid(), found.gid()), (12345, 54321));
        }
        for (name, mode_before) in [("secret", 0o600), ("program", 0o755), ("odd", 0o444)] {
            let path = folder.join(name);
            std::fs::write(&path, "old").unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode_before)).unwrap();
            fetch(&client, way, &path).await.unwrap();
            assert_eq!(mode(&path), mode_before, "{name} {way:?}");
        }
        // A new one gets what every new file gets.
        let usual = folder.join("usual");
        std::fs::write(&usual, "").unwrap();
        let new = folder.join("new");
        fetch(&client, way, &new).await.unwrap();
        assert_eq!(mode(&new), mode(&usual), "{way:?}");
    }
}

#[tokio::test]
async fn names_may_be_as_long_as_the_file_system_takes() {
    let (_cloud, client, folder) = started().await;
    for len in [239, 240, 241, 242, 254, 255] {
        let path: PathBuf = folder.path().join("n".repeat(len));
        for way in WAYS {
            fetch(&client, way, &path).await.unwrap_or_else(|error| {
                panic!("{len}: {}", words(&error));
            });
        }
        assert_eq!(std::fs::read(&path).unwrap().len() as u64, 3 * PART);
        let upload = client.upload_file(BUCKET, "up", &path).part_size(PART);
        let checkpoints = folder.path().join("checkpoints");
        upload.checkpoints(checkpoints).send().await.unwrap();
        std::fs::remove_file(path).unwrap();
    }
}

#[tokio::test]
async fn a_file_that_holds_more_or_less_than_it_said_is_not_stored() {
    let (_cloud, client, folder) = started().await;
    // Their length is 0, and they are not empty.
    for path in ["/proc/self/status", "/proc/meminfo"] {
        let error = client.upload_file(BUCKET, "up", path).send().await;
        let error = error.expect_err(path);
        assert!(
            words(&error).contains("goes on after the length"),
            "{}",
            words(&error)
        );
        Payload::file(path).await.expect_err(path);
    }
    let growing = folder.path().join("growing.log");
    for (before, after, problem) in [
        ("one", "one two", "goes on after the length"),
        ("one two", "one", "shorter"),
        ("one", "two", "changed"),
    ] {
        std::fs::write(&growing, before).unwrap();
        let old = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        std::fs::File::options()
            .write(true)
            .open(&growing)
            .unwrap()
            .set_modified(old)
            .unwrap();
        let payload = Payload::file(&growing).await.unwrap();
        std::fs::write(&growing, after).unwrap();
        let error = client
            .put_object(BUCKET, "up", payload)
            .send()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Local, "{error}");
        assert!(words(&error).contains(problem), "{}", words(&error));
    }
    let stored = client.head_object(BUCKET, "up").await;
    assert_eq!(stored.unwrap_err().kind(), ErrorKind::NotFound);
}

#[tokio::test]
async fn what_is_unfinished_and_what_is_noted_is_the_owners_alone() {
    use alibaba_local::{Fault, Rule};
    let (cloud, client, folder) = started().await;
    let checkpoints = folder.path().join("new/checkpoints");
    let path = folder.path().join("large");
    let download = || {
        let download = client.download(BUCKET, "large", &path).part_size(PART);
        download.concurrency(1).checkpoints(&checkpoints)
    };
    let deny = || {
        Rule::new(Fault::Status(403, "AccessDenied"))
            .operation("GetObject")
            .skip(1)
    };
    cloud.0.faults().add(deny());
    download().send().await.unwrap_err();
    let files = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.is_file()).collect()
    };
    let (noted, partial) = (files(&checkpoints), files(folder.path()));
    assert_eq!(
        (noted.len(), partial.len()),
        (1, 1),
        "{noted:?} {partial:?}"
    );
    for file in noted.iter().chain(&partial) {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    assert_eq!(mode(&checkpoints), 0o700);

    // Another's file in the place of ours: not followed, not written to, not waited for.
    let victim = folder.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    std::fs::rename(&partial[0], folder.path().join("moved")).unwrap();
    symlink(&victim, &partial[0]).unwrap();
    cloud.0.faults().clear();
    let error = download().send().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local, "{error}");
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");

    let _ = std::fs::remove_file(&partial[0]);
    let _ = std::fs::remove_file(&noted[0]);
    assert!(run("mkfifo", &[noted[0].to_str().unwrap()]));
    let done = download().send().await.unwrap();
    assert_eq!(done.resumed, 0);
    assert_eq!(std::fs::read(&path).unwrap().len() as u64, 3 * PART);
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}
