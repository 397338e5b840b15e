//! What is sealed by a key of the trust is read, and says by whom it was sealed.

use chrono::{DateTime, Duration};
use kube_backup_engine::ErrorKind;
use kube_backup_engine::restore::{Restore, RestoreSpec};
use kube_backup_engine::seal::{Policy, SigningKey, Trust, TrustedKey};
use kube_backup_engine::verify::{Check, Verify};
use kube_local::KubeLocal;

use super::{Sealer, distrust, read_all, refused};
use crate::seal::Distrust;

#[tokio::test]
async fn a_sealed_backup_is_read_by_its_trust_and_by_those_who_have_none() {
    let sealer = Sealer::new().await;
    let report = sealer.back_up("a").await;
    let seal = report.seal.clone().unwrap();
    assert_eq!((seal.sequence, seal.backup.as_str()), (1, "a"));
    assert_eq!(seal.uid, report.record.uid());
    assert_eq!(seal.key, sealer.key.verifying_key().id());
    assert_eq!(seal.files["velero-backup.json"], report.record_sha256);
    assert_eq!(seal.files.len(), 1 + report.record.files().unwrap().len());
    assert!(
        report.to_string().contains(&format!("  {seal}\n")),
        "{report}"
    );

    // As it is kept: through its file.
    let file = serde_json::to_string(&sealer.trust).unwrap();
    let trust: Trust = serde_json::from_str(&file).unwrap();
    let repository = sealer.repository_with(&trust);
    let backup = repository.open("a").await.unwrap();
    assert_eq!(backup.seal(), Some(&seal));
    assert!(read_all(&repository, "a").await.unwrap() > 10);
    assert!(
        read_all(&repository.clone().ignoring_indexes(), "a")
            .await
            .unwrap()
            > 10
    );
    let list = repository.list().await.unwrap();
    assert_eq!((list.records.len(), list.unreadable.len()), (1, 0));
    assert_eq!(list.seal_issues, []);
    let verified = Verify::new(repository, "a").run().await.unwrap();
    assert_eq!(
        (verified.seal.as_ref(), verified.findings.len()),
        (Some(&seal), 0)
    );
    assert!(
        verified.to_string().contains(&seal.to_string()),
        "{verified}"
    );

    let naive = sealer.naive();
    assert_eq!(naive.open("a").await.unwrap().seal(), None);
    read_all(&naive, "a").await.unwrap();
    let verified = Verify::new(naive, "a").run().await.unwrap();
    assert!(
        verified.to_string().contains("who wrote it is not known"),
        "{verified}"
    );
}

#[tokio::test]
async fn a_run_that_finds_its_own_record_returns_the_seal_too() {
    let sealer = Sealer::new().await;
    let run = async || {
        let backup = sealer.backup(sealer.repository(), "a").with_uid("once");
        backup.sealed_with(sealer.key()).run().await.unwrap()
    };
    let (first, second) = (run().await, run().await);
    assert_eq!(first, second);
    assert!(first.seal.is_some());
}

#[tokio::test]
async fn what_nobody_could_open_is_not_written() {
    let sealer = Sealer::new().await;
    let stranger = SigningKey::generate().unwrap();
    let lenient = sealer.trust.clone().with_policy(Policy::AllowUnsealed);
    let late = DateTime::UNIX_EPOCH;
    let mut expired = sealer.trust.clone();
    expired.keys[0].until = Some(late);
    for (case, backup) in [
        ("no key", sealer.backup(sealer.repository(), "a")),
        (
            "no trust",
            sealer.backup(sealer.naive(), "a").sealed_with(sealer.key()),
        ),
        (
            "a stranger's key",
            sealer
                .backup(sealer.repository_with(&lenient), "a")
                .sealed_with(stranger),
        ),
        (
            "an expired key",
            sealer
                .backup(sealer.repository_with(&expired), "a")
                .sealed_with(sealer.key()),
        ),
    ] {
        let error = backup.run().await.expect_err(case);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{case}: {error}");
    }
    let unsealed = sealer.backup(sealer.repository_with(&lenient), "a");
    assert_eq!(unsealed.run().await.unwrap().seal, None);
}

#[tokio::test]
async fn without_a_seal_it_is_the_policy_that_decides() {
    let sealer = Sealer::new().await;
    sealer.backup(sealer.naive(), "a").run().await.unwrap();
    let strict = sealer.repository();
    assert_eq!(refused(&strict, "a").await, Distrust::Unsealed);
    let record = strict.record("a").await.unwrap_err();
    assert_eq!(distrust(&record), Some(&Distrust::Unsealed));
    let list = strict.list().await.unwrap();
    assert!(list.records.is_empty());
    assert_eq!(
        distrust(&list.unreadable[0].error),
        Some(&Distrust::Unsealed)
    );
    let report = Verify::new(strict, "a").run().await.unwrap();
    assert!(!report.is_restorable() && report.objects == 0, "{report}");
    assert_eq!(report.findings[0].check, Check::Seal);

    let lenient = sealer.trust.clone().with_policy(Policy::AllowUnsealed);
    let lenient = sealer.repository_with(&lenient);
    read_all(&lenient, "a").await.unwrap();
    assert_eq!(lenient.open("a").await.unwrap().seal(), None);
    assert_eq!(lenient.list().await.unwrap().records.len(), 1);

    // One that is known to have had a seal has lost it.
    let mut remembering = sealer.trust.clone().with_policy(Policy::AllowUnsealed);
    remembering.known.insert("a".to_owned(), 1);
    let remembering = sealer.repository_with(&remembering);
    assert_eq!(refused(&remembering, "a").await, Distrust::Unsealed);

    // Whoever restores it is told so, and of a sealed one is not.
    sealer.back_up("b").await;
    let target = KubeLocal::start().await.unwrap();
    for (name, told) in [("a", true), ("b", false)] {
        let backup = lenient.open(name).await.unwrap();
        let client = crate::cluster::client(&target);
        let restore = Restore::new(client, backup, RestoreSpec::named("r"));
        let plan = restore.plan().await.unwrap();
        let warned = plan
            .warnings
            .iter()
            .any(|warning| warning.contains("has no seal"));
        assert_eq!(warned, told, "{plan}");
    }
}

#[tokio::test]
async fn a_new_key_takes_over_and_the_old_one_ends() {
    let mut sealer = Sealer::new().await;
    let (day, began) = (
        Duration::days(1),
        DateTime::from_timestamp(1_795_000_000, 0).unwrap(),
    );
    sealer.back_up_at("old", began).await;
    let old = std::mem::replace(&mut sealer.key, SigningKey::generate().unwrap());
    let mut new: TrustedKey = sealer.key.verifying_key().into();
    new.not_before = Some(began + day);
    sealer.trust = sealer.trust.clone().with_key(new);
    sealer.trust.keys[0].until = Some(began + day);
    sealer.back_up_at("new", began + day).await;
    for name in ["old", "new"] {
        read_all(&sealer.repository(), name).await.unwrap();
    }
    // With the old key, after its end; the writer's own trust does not know of it.
    let mut outdated = sealer.trust.clone();
    outdated.keys = vec![old.verifying_key().into()];
    let repository = sealer.repository_with(&outdated);
    let backup = sealer.backup(repository, "late").sealed_with(old);
    let at = began + day;
    backup.with_clock(move || at).run().await.unwrap();
    let why = refused(&sealer.repository(), "late").await;
    assert!(matches!(why, Distrust::KeyNotValid { .. }), "{why}");
    // A key that is taken out takes along what it signed.
    sealer.trust.keys.remove(0);
    let why = refused(&sealer.repository(), "old").await;
    assert!(matches!(why, Distrust::UnknownKey(_)), "{why}");
    read_all(&sealer.repository(), "new").await.unwrap();
}
