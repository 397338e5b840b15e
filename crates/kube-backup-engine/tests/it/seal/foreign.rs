//! The seal as others verify it: a DSSE verifier in Python, with `cryptography` and the standard library.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use object_store::local::LocalFileSystem;

use super::Sealer;

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/foreign/verify_seal.py");

/// Whether the program finds the backup to be what the trust admits, and what it said.
fn verify(trust: &Path, folder: &Path) -> (bool, String) {
    let output = Command::new("python3")
        .arg(PROGRAM)
        .args([trust, folder])
        .output();
    let output = output.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (
        output.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

#[expect(
    clippy::print_stderr,
    reason = "whoever runs the tests is to know what was skipped"
)]
fn has_python() -> bool {
    let found = Command::new("python3")
        .args(["-c", "import cryptography"])
        .output();
    let found = found.is_ok_and(|output| output.status.success());
    if !found {
        eprintln!("skipped: there is no python3 with `cryptography`");
    }
    found
}

#[tokio::test]
async fn python_verifies_what_is_sealed_and_refuses_what_was_touched() {
    if !has_python() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    let store = LocalFileSystem::new_with_prefix(root).unwrap();
    let sealer = Sealer::over(Arc::new(store)).await;
    sealer.back_up("first").await;
    sealer.back_up("a").await;
    let (folder, trust) = (root.join("backups/a"), root.join("trust.json"));
    std::fs::write(&trust, serde_json::to_vec(&sealer.trust).unwrap()).unwrap();
    let (good, said) = verify(&trust, &folder);
    assert!(good, "{said}");
    assert!(said.contains("number 2"), "{said}");
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let whole = std::fs::read(&path).unwrap();
        let mut other = whole.clone();
        other[whole.len() / 2] ^= 1;
        std::fs::write(&path, other).unwrap();
        let (good, said) = verify(&trust, &folder);
        assert!(!good, "{}: {said}", path.display());
        std::fs::write(&path, whole).unwrap();
    }
    let stranger = Sealer::new().await;
    std::fs::write(&trust, serde_json::to_vec(&stranger.trust).unwrap()).unwrap();
    assert!(!verify(&trust, &folder).0);
}

#[test]
fn python_verifies_the_vector_of_the_specification() {
    if !has_python() {
        return;
    }
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/seal");
    let (good, said) = verify(&fixtures.join("trust.json"), &fixtures.join("fixed"));
    assert!(good, "{said}");
}
