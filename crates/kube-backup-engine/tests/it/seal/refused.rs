//! What somebody can do who can write to the bucket and has not the key.

use std::sync::Arc;

use futures::TryStreamExt as _;
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::seal::{SigningKey, Trust};
use kube_backup_engine::verify::Verify;
use kube_backup_engine::{ErrorKind, Repository};
use kube_local::KubeLocal;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt as _};

use super::{Sealer, distrust, read_all, refused};
use crate::hostile::forge::Forgery;
use crate::large::counting::Counting;
use crate::seal::Distrust;

const SEAL: &str = "backups/a/a-seal.json";

async fn get(store: &dyn ObjectStore, key: &str) -> Vec<u8> {
    let found = store.get(&key.into()).await.unwrap();
    found.bytes().await.unwrap().to_vec()
}

async fn put(store: &dyn ObjectStore, key: &str, bytes: Vec<u8>) {
    store.put(&key.into(), bytes.into()).await.unwrap();
}

/// Everything of `from` as the backup of another name: its files are called by that, its record says so.
async fn rename(store: &dyn ObjectStore, from: &str, to: &str) {
    let folder = Path::from(format!("backups/{from}"));
    let found: Vec<_> = store.list(Some(&folder)).try_collect().await.unwrap();
    for object in found {
        let name = object.location.filename().unwrap();
        let mut bytes = get(store, object.location.as_ref()).await;
        if name == "velero-backup.json" {
            let text = String::from_utf8(bytes).unwrap();
            bytes = text
                .replace(
                    &format!("\"name\": \"{from}\""),
                    &format!("\"name\": \"{to}\""),
                )
                .into_bytes();
        }
        let name = match name.strip_prefix(from) {
            Some(rest) => format!("{to}{rest}"),
            None => name.to_owned(),
        };
        put(store, &format!("backups/{to}/{name}"), bytes).await;
    }
}

/// A forged backup, whole in itself, takes the place of the sealed one: its seal stays, goes, or is somebody else's.
#[tokio::test]
async fn a_forged_backup_is_refused_by_the_trust_and_not_by_anything_else() {
    let sealer = Sealer::new().await;
    sealer.back_up("a").await;
    let store = sealer.store.as_ref();
    let seal = get(store, SEAL).await;
    let mut forgery = Forgery::of(&sealer.naive()).await;
    forgery.record["metadata"]["labels"] = serde_json::json!({"forged": "yes"});
    forgery.put(&sealer.naive()).await;
    // Digests do not help: the forger computes them, too.
    read_all(&sealer.naive(), "a").await.unwrap();
    let record = Distrust::FileDiffers("velero-backup.json".into());
    assert_eq!(refused(&sealer.repository(), "a").await, record);

    store.delete(&SEAL.into()).await.unwrap();
    assert_eq!(refused(&sealer.repository(), "a").await, Distrust::Unsealed);

    // The forger seals it with a key of its own, under the same repository.
    let forger = SigningKey::generate().unwrap();
    let mut theirs = sealer.trust.clone();
    theirs.keys = vec![forger.verifying_key().into()];
    let backup = sealer
        .backup(sealer.repository_with(&theirs), "b")
        .sealed_with(forger);
    let id = backup.run().await.unwrap().seal.unwrap().key;
    let unknown = Distrust::UnknownKey(id.to_string());
    assert_eq!(refused(&sealer.repository(), "b").await, unknown);

    // And claims our key for it.
    let text = String::from_utf8(get(store, "backups/b/b-seal.json").await).unwrap();
    let ours = sealer.key.verifying_key().id();
    let text = text.replace(&id.to_string(), &ours.to_string());
    put(store, "backups/b/b-seal.json", text.into_bytes()).await;
    assert_eq!(
        refused(&sealer.repository(), "b").await,
        Distrust::BadSignature(ours)
    );
    put(store, SEAL, seal).await;
    assert_eq!(refused(&sealer.repository(), "a").await, record);
}

#[tokio::test]
async fn a_seal_is_good_for_its_backup_and_its_repository_only() {
    let sealer = Sealer::new().await;
    sealer.back_up("a").await;
    let store = sealer.store.as_ref();
    rename(store, "a", "b").await;
    assert_eq!(
        refused(&sealer.repository(), "b").await,
        Distrust::OtherBackup("a".into())
    );

    // The same key seals for two repositories, and the backup is moved from one to the other.
    let other = Trust::of(sealer.key.verifying_key());
    let why = refused(&sealer.repository_with(&other), "a").await;
    assert_eq!(
        why,
        Distrust::OtherRepository(sealer.trust.repository.clone())
    );
}

/// Each bit that matters of a seal, each change of its length, and what is no seal at all.
#[tokio::test]
async fn a_seal_that_was_touched_is_no_seal() {
    let sealer = Sealer::new().await;
    sealer.back_up("a").await;
    let store = sealer.store.as_ref();
    let seal = get(store, SEAL).await;
    // A seal without the key's id is still a seal: in DSSE it is a hint.
    let hint = b"\"keyid\"";
    let hint = seal.windows(hint.len()).position(|it| it == hint);
    let hint = hint.unwrap()..hint.unwrap() + 7;
    let mut others: Vec<Vec<u8>> = (0..seal.len() - 1)
        .step_by(23)
        .filter(|at| !hint.contains(at))
        .map(|at| {
            let mut other = seal.clone();
            other[at] ^= 1;
            other
        })
        .collect();
    others.extend([
        Vec::new(),
        b"null".to_vec(),
        seal[..seal.len() / 2].to_vec(),
        vec![b' '; 2 << 20],
    ]);
    let mut signature = 0;
    for (number, other) in others.into_iter().enumerate() {
        put(store, SEAL, other).await;
        match refused(&sealer.repository(), "a").await {
            Distrust::BadSignature(_) => signature += 1,
            Distrust::Malformed(_) | Distrust::UnknownKey(_) => {}
            why => panic!("change {number}: {why}"),
        }
    }
    assert!(signature > 10, "{signature}");
    put(store, SEAL, seal).await;
    read_all(&sealer.repository(), "a").await.unwrap();
}

#[tokio::test]
async fn an_older_backup_in_the_place_of_a_later_one_is_refused_by_who_remembers() {
    let mut sealer = Sealer::new().await;
    let keys = [
        "velero-backup.json",
        "a.tar.gz",
        "a-index.json.gz",
        "a-resource-list.json.gz",
        "a-results.gz",
        "a-logs.gz",
        "a-seal.json",
    ];
    sealer.back_up("a").await;
    let store = Arc::clone(&sealer.store);
    let mut old = Vec::new();
    for name in keys {
        let key = format!("backups/a/{name}");
        old.push((get(store.as_ref(), &key).await, key));
    }
    sealer.repository().delete("a").await.unwrap();
    sealer.back_up("b").await;
    let later = sealer.back_up("a").await.seal.unwrap();
    assert_eq!(later.sequence, 2);
    sealer.trust.remember(&later);
    for (bytes, key) in old {
        put(store.as_ref(), &key, bytes).await;
    }
    // Each of them is genuine.
    let mut forgetful = sealer.trust.clone();
    forgetful.forget("a");
    read_all(&sealer.repository_with(&forgetful), "a")
        .await
        .unwrap();
    let older = Distrust::Older { found: 1, known: 2 };
    assert_eq!(refused(&sealer.repository(), "a").await, older);
}

#[tokio::test]
async fn what_is_refused_is_not_read() {
    let sealer = Sealer::new().await;
    sealer.back_up("a").await;
    let counting = Arc::new(Counting::default());
    let found: Vec<_> = sealer.store.list(None).try_collect().await.unwrap();
    let mut small = 0;
    for object in found {
        let bytes = get(sealer.store.as_ref(), object.location.as_ref()).await;
        let name = object.location.filename().unwrap();
        if name == "velero-backup.json" || name == "a-seal.json" {
            small += bytes.len() as u64;
        }
        put(counting.as_ref(), object.location.as_ref(), bytes).await;
    }
    let stranger = Trust::of(SigningKey::generate().unwrap().verifying_key());
    let store = Arc::clone(&counting) as Arc<dyn ObjectStore>;
    let repository = Repository::new(store, "").with_trust(stranger);
    counting.take();
    let why = refused(&repository, "a").await;
    assert!(matches!(why, Distrust::UnknownKey(_)), "{why}");
    assert_eq!(counting.take(), (small, 2));
}

/// Every file changed in one bit, with the seal right beside it: refused where it is read, with or without the index; a restore
/// writes nothing.
#[tokio::test]
async fn a_sealed_backup_with_another_file_is_not_restored() {
    let sealer = Sealer::new().await;
    let report = sealer.back_up("a").await;
    let store = sealer.store.as_ref();
    for name in report.record.files().unwrap().into_keys() {
        let key = format!("backups/a/{name}");
        let whole = get(store, &key).await;
        let mut other = whole.clone();
        other[whole.len() / 2] ^= 1;
        put(store, &key, other).await;
        assert!(read_all(&sealer.repository(), "a").await.is_err(), "{name}");
        put(store, &key, whole).await;
    }
    let key = "backups/a/a.tar.gz";
    let mut archive = get(store, key).await;
    // In the end of the archive, which no digest of an object covers.
    let at = archive.len() - 20;
    archive[at] ^= 1;
    put(store, key, archive).await;
    let whole = sealer.repository().ignoring_indexes();
    let error = whole.open("a").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert_eq!(distrust(&error), None);
    let backup = sealer.repository().open("a").await.unwrap();
    let first = backup.stream().try_next().await;
    assert_eq!(
        first.unwrap_err().kind(),
        ErrorKind::Corrupt,
        "it was unpacked"
    );
    let report = Verify::new(whole, "a").run().await.unwrap();
    assert!(!report.is_restorable(), "{report}");
    assert_eq!(report.objects, 0, "it was unpacked: {report}");

    // With what is refused, nothing is done.
    store.delete(&SEAL.into()).await.unwrap();
    let target = KubeLocal::start().await.unwrap();
    let restore = async {
        let backup = sealer.repository().open("a").await?;
        let client = crate::cluster::client(&target);
        Restore::new(client, backup, RestoreSpec::named("r"))
            .run()
            .await
    };
    assert_eq!(restore.await.unwrap_err().kind(), ErrorKind::Untrusted);
    assert_eq!(target.requests().writes(), 0);
}
