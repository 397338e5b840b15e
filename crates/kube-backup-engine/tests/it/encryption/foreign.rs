//! Age's own tool (filippo.io/age) opens what is written here, and what it writes is read here.

use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;

use kube_backup_engine::EntryFilter;
use kube_backup_engine::encryption::EncryptionMode;
use object_store::local::LocalFileSystem;

use super::{MODES, Vault, read};

/// The version that is built, as its Go module has it.
const AGE: &str = "filippo.io/age/cmd/age@v1.2.1";

fn age() -> Option<PathBuf> {
    control_plane::go_tool(AGE)
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{command:?}: {text}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn age_and_tar_open_what_is_encrypted() {
    let Some(age) = age() else { return };
    for mode in MODES {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path();
        let store = LocalFileSystem::new_with_prefix(root).unwrap();
        let vault = Vault::over(Arc::new(store)).await;
        vault.back_up("a", Some(mode)).await;
        let key = root.join("key.txt");
        std::fs::write(&key, vault.identity.to_text().as_bytes()).unwrap();
        let (archive, others): (_, &[&str]) = match mode {
            EncryptionMode::All => (
                "a.tar.gz.age",
                &[
                    "a-index.json.gz.age",
                    "a-logs.gz.age",
                    "a-results.gz.age",
                    "a-resource-list.json.gz.age",
                ],
            ),
            _ => ("a-secrets.tar.gz.age", &["a-secrets-index.json.gz.age"]),
        };
        // The way that FORMAT.md and the README name.
        let to = root.join("unpacked");
        std::fs::create_dir(&to).unwrap();
        let pipe = "\"$AGE\" -d -i \"$KEY\" \"$FILE\" | tar xz";
        let folder = root.join("backups/a");
        run(Command::new("sh")
            .args(["-ec", pipe])
            .env("AGE", &age)
            .env("KEY", &key)
            .env("FILE", folder.join(archive))
            .current_dir(&to));
        let secret = to.join("resources/secrets/namespaces/shop/phrase.json");
        let secret = std::fs::read_to_string(secret).unwrap();
        assert!(secret.contains("\"kind\":\"Secret\""), "{secret}");
        for file in others {
            let pipe = "\"$AGE\" -d -i \"$KEY\" \"$FILE\" | gunzip";
            let text = run(Command::new("sh")
                .args(["-ec", pipe])
                .env("AGE", &age)
                .env("KEY", &key)
                .env("FILE", folder.join(file)));
            if file.contains("-logs.") {
                assert!(text.starts_with("time="), "{text}");
                continue;
            }
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
        }
    }
}

/// Decrypted and encrypted again by age, as a whole.
#[tokio::test]
async fn what_age_encrypts_is_read() {
    let Some(age) = age() else { return };
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    let store = LocalFileSystem::new_with_prefix(root).unwrap();
    let vault = Vault::over(Arc::new(store)).await;
    vault.back_up("a", Some(EncryptionMode::All)).await;
    let all = EntryFilter::default();
    let expected = read(&vault.repository(), "a", &all).await.unwrap();
    let (key, plain) = (root.join("key.txt"), root.join("plain"));
    std::fs::write(&key, vault.identity.to_text().as_bytes()).unwrap();
    let recipient = vault.identity.recipient().to_string();
    let folder = root.join("backups/a");
    let record_path = folder.join("velero-backup.json");
    let mut record: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&record_path).unwrap()).unwrap();
    let annotation =
        |record: &mut serde_json::Value, name: &str, change: &dyn Fn(&mut serde_json::Value)| {
            let text = record["metadata"]["annotations"]
                .get_mut(format!("kube-backup-engine.io/{name}"))
                .unwrap();
            let mut value = serde_json::from_str(text.as_str().unwrap()).unwrap();
            change(&mut value);
            *text = value.to_string().into();
        };
    for file in [
        "a.tar.gz.age",
        "a-index.json.gz.age",
        "a-logs.gz.age",
        "a-results.gz.age",
        "a-resource-list.json.gz.age",
    ] {
        let path = folder.join(file);
        run(Command::new(&age)
            .args(["-d", "-i"])
            .arg(&key)
            .arg("-o")
            .arg(&plain)
            .arg(&path));
        run(Command::new(&age)
            .args(["-r", &recipient, "-o"])
            .arg(&path)
            .arg(&plain));
        let bytes = std::fs::read(&path).unwrap();
        annotation(&mut record, "files", &|files| {
            files[file] = serde_json::json!({"length": bytes.len(),
                "sha256": kube_backup_engine::Digest::of(&bytes)});
        });
        if file == "a.tar.gz.age" {
            annotation(&mut record, "archive", &|archive| {
                let crc64 = crate::hostile::forge::crc64(&bytes);
                archive["crc64"] = crc64.to_string().into();
                archive["length"] = bytes.len().into();
            });
        }
    }
    std::fs::write(&record_path, record.to_string()).unwrap();
    for repository in [vault.repository(), vault.repository().ignoring_indexes()] {
        assert!(read(&repository, "a", &all).await.unwrap() == expected);
    }
}
