//! Archives without an index, read from their beginning.

use std::io::Read as _;
use std::path::PathBuf;

use kube_local::KubeLocal;
use serde_json::json;

use super::tarball::{REGULAR, Tarball, config_map, foreign_backup, gz, header, path};
use super::{assert_left_out, assert_refused, restore};
use crate::cluster;

/// What is lost with an entry.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Lost {
    /// Nothing but the entry.
    Itself,
    /// All: where entries begin and end, or which of two is meant, cannot be told any more.
    Archive,
}

/// A damaged archive, the entry that must be named, and what must be said of it.
struct Case {
    lost: Lost,
    name: &'static str,
    entry: String,
    why: &'static str,
    bytes: Vec<u8>,
}

fn case(name: &'static str, entry: impl Into<String>, why: &'static str, bytes: Vec<u8>) -> Case {
    Case {
        lost: Lost::Archive,
        name,
        entry: entry.into(),
        why,
        bytes,
    }
}

/// One in which a single entry cannot be read, and all others can.
fn entry_case(
    name: &'static str,
    entry: impl Into<String>,
    why: &'static str,
    bytes: Vec<u8>,
) -> Case {
    Case {
        lost: Lost::Itself,
        ..case(name, entry, why, bytes)
    }
}

fn good() -> Tarball {
    Tarball::new()
}

/// Small enough to be kept as files, next to this one.
fn small() -> Vec<Case> {
    let long = format!("resources/configmaps/namespaces/shop/{}", "n".repeat(250));
    let deep = format!(
        r#"{{"apiVersion":"v1","kind":"ConfigMap","metadata":{{"name":"deep","namespace":"shop"}},"x":{}{}}}"#,
        "[".repeat(200),
        "]".repeat(200)
    );
    let noise: String = (0..200u32)
        .map(|n| format!("{:x}", n.wrapping_mul(2_654_435_761)))
        .collect();
    let noisy = json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "cut", "namespace": "shop"}, "data": {"noise": noise}});
    let mut truncated = gz(&good().0);
    truncated.extend(gz(&Tarball(Vec::new())
        .file(path("cut"), noisy.to_string())
        .0));
    truncated.truncate(truncated.len() - 100);
    let mut rotten = good().object("rotten").0;
    let at = rotten.len() - 1024;
    rotten[at + 200] ^= 0x40;
    let mut smuggled = good().0;
    smuggled.extend_from_slice(&[0; 1024]);
    smuggled.extend_from_slice(&Tarball(Vec::new()).object("smuggled").0);
    let link = |name, kind| {
        entry_case(
            name,
            path("link"),
            "no regular file",
            good().entry(kind, path("link"), 0, b"").finish(),
        )
    };
    vec![
        entry_case(
            "path-traversal",
            "resources/configmaps/namespaces/shop/../../../../etc/x.json",
            "dotted segment",
            good()
                .file(
                    "resources/configmaps/namespaces/shop/../../../../etc/x.json",
                    config_map("x"),
                )
                .finish(),
        ),
        entry_case(
            "absolute-name",
            format!("/{}", path("x")),
            "absolute",
            good()
                .file(format!("/{}", path("x")), config_map("x"))
                .finish(),
        ),
        entry_case(
            "folder-traversal",
            "../..",
            "dotted segment",
            good().entry(b'5', "../../", 0, b"").finish(),
        ),
        case(
            "duplicate-entry",
            path("fine"),
            "twice",
            good().object("other").object("fine").finish(),
        ),
        case(
            "duplicate-entry-by-another-spelling",
            format!("./{}", path("fine")),
            "twice",
            good()
                .file(format!("./{}", path("fine")), config_map("fine"))
                .finish(),
        ),
        entry_case(
            "length-too-short",
            path("x"),
            "read JSON",
            good()
                .entry(REGULAR, path("x"), 20, config_map("x"))
                .finish(),
        ),
        case(
            "length-too-long",
            path("x"),
            "ends in the middle",
            good()
                .entry(REGULAR, path("x"), 100_000, config_map("x"))
                .finish(),
        ),
        case(
            "length-of-an-exabyte",
            path("x"),
            "more than the",
            good()
                .entry(REGULAR, path("x"), 1 << 60, config_map("x"))
                .finish(),
        ),
        case(
            "truncated-member",
            path("cut"),
            "ends in the middle",
            truncated,
        ),
        case(
            "no-end",
            "(the end)",
            "without the mark of its end",
            gz(&good().0),
        ),
        case(
            "second-archive-after-the-end",
            "(the end)",
            "something follows",
            gz(&smuggled),
        ),
        case("flipped-bit-in-a-header", path("rotten"), "checksum", {
            rotten.extend_from_slice(&[0; 1024]);
            gz(&rotten)
        }),
        case(
            "gzip-of-gzip",
            "",
            "checksum",
            gz(&good().file(path("cut"), noisy.to_string()).finish()),
        ),
        link("symbolic-link", b'2'),
        link("hard-link", b'1'),
        link("character-device", b'3'),
        link("block-device", b'4'),
        link("named-pipe", b'6'),
        case(
            "sparse-file",
            path("link"),
            "no regular file",
            good().entry(b'S', path("link"), 0, b"").finish(),
        ),
        entry_case(
            "name-that-is-not-utf-8",
            "resources/configmaps/namespaces/shop/\u{fffd}.json",
            "not UTF-8",
            good()
                .file(
                    b"resources/configmaps/namespaces/shop/\xff.json",
                    config_map("\u{fffd}"),
                )
                .finish(),
        ),
        entry_case(
            "name-that-a-terminal-obeys",
            path("\u{1b}[2J"),
            "control character",
            good().object("\u{1b}[2J").finish(),
        ),
        entry_case(
            "pax-name-that-is-absolute",
            format!("/{long}"),
            "absolute",
            good()
                .pax(b'x', &[("path", format!("/{long}").as_bytes())])
                .file("short", b"{}")
                .finish(),
        ),
        case(
            "pax-length-other-than-the-headers",
            "PaxHeaders/x",
            "changes an entry's size",
            good().pax(b'x', &[("size", b"1")]).object("x").finish(),
        ),
        case(
            "pax-header-of-another-form",
            "PaxHeaders/x",
            "another form",
            good()
                .entry(b'x', "PaxHeaders/x", 12, b"999999 path=")
                .object("x")
                .finish(),
        ),
        case(
            "pax-name-for-every-entry",
            "PaxHeaders/x",
            "global header",
            good().pax(b'g', &[("path", b"x")]).object("x").finish(),
        ),
        entry_case(
            "long-name-that-leaves",
            format!("{long}/../../x"),
            "dotted segment",
            {
                let name = format!("{long}/../../x\0");
                let size = name.len() as u64;
                good()
                    .entry(b'L', "././@LongLink", size, name)
                    .file("short", b"{}")
                    .finish()
            },
        ),
        case(
            "long-name-without-end",
            "(a long name)",
            "more than the",
            good().entry(b'L', "././@LongLink", 1 << 30, b"").finish(),
        ),
        entry_case(
            "json-200-levels-deep",
            path("deep"),
            "too deeply",
            good().file(path("deep"), deep).finish(),
        ),
        entry_case(
            "no-json",
            path("x"),
            "read JSON",
            good().file(path("x"), b"{\"metadata\":").finish(),
        ),
        entry_case(
            "object-of-another-name",
            path("x"),
            "another name",
            good().file(path("x"), config_map("y")).finish(),
        ),
        entry_case(
            "object-of-two-names",
            path("x"),
            "duplicate field `name`",
            good()
                .file(
                    path("x"),
                    br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","na\u006de":"y","namespace":"shop"}}"#,
                )
                .finish(),
        ),
        entry_case(
            "object-with-metadata-twice",
            path("x"),
            "duplicate field `metadata`",
            good()
                .file(
                    path("x"),
                    br#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"x","namespace":"shop"},"metadata":{}}"#,
                )
                .finish(),
        ),
        entry_case(
            "string-that-is-not-utf-8",
            path("x"),
            "read JSON",
            good()
                .file(
                    path("x"),
                    b"{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"x\",\"namespace\":\"shop\"},\
                        \"data\":{\"a\":\"\xff\"}}",
                )
                .finish(),
        ),
        case(
            "format-of-the-future",
            "metadata/version",
            "format `2.0.0`",
            Tarball(Vec::new())
                .file("metadata/version", b"2.0.0\n")
                .object("x")
                .finish(),
        ),
    ]
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/hostile/archives")
}

/// Writes the cases as files: run it when a case is added.
#[test]
#[ignore = "writes the files that the other tests read"]
fn write_the_archives() {
    for case in small() {
        std::fs::write(folder().join(format!("{}.tar.gz", case.name)), case.bytes).unwrap();
    }
}

#[tokio::test]
async fn each_kept_archive_loses_what_is_wrong_in_it_by_name_and_nothing_of_that_is_applied() {
    let cluster = KubeLocal::start().await.unwrap();
    let cases = small();
    let kept = std::fs::read_dir(folder()).unwrap().count();
    assert_eq!(kept, cases.len(), "run `write_the_archives`");
    for case in cases {
        let file = folder().join(format!("{}.tar.gz", case.name));
        let bytes = std::fs::read(&file).unwrap();
        let repository = foreign_backup(bytes).await;
        let entry = Some(case.entry.as_str()).filter(|entry| !entry.is_empty());
        match case.lost {
            Lost::Archive => {
                assert_refused(&cluster, &repository, case.name, entry, case.why).await;
            }
            Lost::Itself => {
                assert_left_out(&cluster, &repository, case.name, &case.entry, case.why).await;
            }
        }
    }
}

#[tokio::test]
async fn what_honest_tools_write_is_restored() {
    let cluster = KubeLocal::start().await.unwrap();
    let long = "n".repeat(240);
    let bytes = good()
        .pax(b'g', &[("comment", b"repacked")])
        .entry(b'5', "./resources/configmaps/", 0, b"")
        .pax(b'x', &[("mtime", b"1.5"), ("path", path(&long).as_bytes())])
        .file("short", config_map(&long))
        .file(format!("./{}", path("dotted")), config_map("dotted"))
        .file("README", b"not an object")
        .finish();
    let repository = foreign_backup(bytes).await;
    let report = restore(&cluster::client(&cluster), &repository)
        .await
        .unwrap();
    let names: Vec<String> = report.items.iter().map(|item| item.id.name).collect();
    assert_eq!(names, ["dotted", "fine", long.as_str()], "{report}");
    assert_eq!(report.counts()["created"], 3, "{report}");
}

#[tokio::test]
async fn an_object_of_three_megabytes_is_refused_by_name() {
    let cluster = KubeLocal::start().await.unwrap();
    let mut object = config_map("big");
    object.resize(3_000_000, b' ');
    let bytes = good().file(path("big"), object).finish();
    let repository = foreign_backup(bytes).await;
    let entry = path("big");
    assert_left_out(&cluster, &repository, "3 MB", &entry, "3000000 bytes").await;
}

#[tokio::test]
async fn ten_gigabytes_in_ten_megabytes_are_refused_long_before_their_end() {
    let cluster = KubeLocal::start().await.unwrap();
    let zeros = vec![0; 2_900_480];
    let block = gz(&zeros);
    let mut bytes = gz(&good().0);
    for n in 0..3500 {
        // A file that is no object: its content is read over.
        bytes.extend(gz(&header(
            REGULAR,
            format!("notes/{n}").as_bytes(),
            zeros.len() as u64,
        )));
        bytes.extend_from_slice(&block);
    }
    bytes.extend(gz(&[0; 1024]));
    assert!(bytes.len() < 16 << 20 && 3500 * zeros.len() > 10_000_000_000);
    let repository = foreign_backup(bytes).await;
    assert_refused(
        &cluster,
        &repository,
        "bomb",
        Some("notes/23"),
        "decompresses to more",
    )
    .await;
}

#[tokio::test]
async fn zeros_without_end_after_the_end_are_refused() {
    let cluster = KubeLocal::start().await.unwrap();
    let block = gz(&vec![0; 2_900_480]);
    let mut bytes = good().finish();
    for _ in 0..3500 {
        bytes.extend_from_slice(&block);
    }
    let repository = foreign_backup(bytes).await;
    assert_refused(
        &cluster,
        &repository,
        "tail",
        Some("(the end)"),
        "something follows",
    )
    .await;
}

/// The kept files are what they are called: their text begins like every other.
#[test]
fn the_kept_archives_are_gzip() {
    for entry in std::fs::read_dir(folder()).unwrap() {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap();
        assert!(bytes.len() < 4096);
        let mut first = [0; 16];
        flate2::read::GzDecoder::new(&bytes[..])
            .read_exact(&mut first)
            .unwrap();
    }
}
