//! Backups that are gone, or were put back: seals are numbered, and name those before them.

use kube_backup_engine::verify::{Check, Verify};

use super::Sealer;

async fn issues(sealer: &Sealer) -> Vec<String> {
    let list = sealer.repository().list().await.unwrap();
    list.seal_issues.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn each_seal_names_the_one_before_it_and_what_is_gone_is_named() {
    let mut sealer = Sealer::new().await;
    let mut before = None;
    for (number, name) in ["a", "b", "c", "d", "e"].into_iter().enumerate() {
        let seal = sealer.back_up(name).await.seal.unwrap();
        assert_eq!(seal.sequence, number as u64 + 1);
        let named: Vec<_> = seal
            .previous
            .iter()
            .map(|previous| previous.sha256)
            .collect();
        assert_eq!(named, Vec::from_iter(before));
        before = Some(seal.sha256);
        sealer.trust.remember(&seal);
    }
    assert_eq!(issues(&sealer).await, [""; 0]);
    let delete = async |name: &str| sealer.repository().delete(name).await.unwrap();

    // The oldest may expire.
    delete("a").await;
    assert_eq!(issues(&sealer).await, [""; 0]);
    delete("d").await;
    assert_eq!(
        issues(&sealer).await,
        ["the sealed backup `d`, number 4, is gone"]
    );
    delete("c").await;
    assert_eq!(
        issues(&sealer).await,
        [
            "the sealed backup `d`, number 4, is gone",
            "the sealed backup number 3 is gone"
        ]
    );
    let report = Verify::new(sealer.repository(), "e").run().await.unwrap();
    assert!(report.is_restorable(), "{report}");
    let told: Vec<_> = report
        .findings
        .iter()
        .map(|finding| finding.check)
        .collect();
    assert_eq!(told, [Check::Seal, Check::Seal]);

    // The newest is named by no other; only who remembers misses what came after those that are left.
    delete("e").await;
    let gone = [("c", 3), ("d", 4), ("e", 5)];
    let gone = gone.map(|(name, number)| {
        format!("the sealed backup `{name}`, known with number {number}, is gone")
    });
    assert_eq!(issues(&sealer).await, gone);
    let mut forgetful = Sealer {
        trust: sealer.trust.clone(),
        ..sealer
    };
    for name in ["a", "b", "c", "d", "e"] {
        forgetful.trust.forget(name);
    }
    assert_eq!(issues(&forgetful).await, [""; 0]);
}

#[tokio::test]
async fn a_number_is_not_used_twice_by_who_remembers() {
    let mut sealer = Sealer::new().await;
    for name in ["a", "b"] {
        let seal = sealer.back_up(name).await.seal.unwrap();
        sealer.trust.remember(&seal);
    }
    sealer.repository().delete("b").await.unwrap();
    let seal = sealer.back_up("b").await.seal.unwrap();
    assert_eq!(seal.sequence, 3);
    assert_eq!(seal.previous.len(), 1);
    assert_eq!(seal.previous[0].backup, "a");
    assert_eq!(
        issues(&sealer).await,
        ["the sealed backup number 2 is gone"]
    );
}

/// Two at once may share a number, and the next one names both.
#[tokio::test]
async fn backups_at_once_are_both_named_by_the_next() {
    let sealer = Sealer::new().await;
    sealer.back_up("a").await;
    futures::future::join_all(["b", "c", "d"].map(|name| sealer.back_up(name))).await;
    sealer.back_up("z").await;
    assert_eq!(issues(&sealer).await, [""; 0]);
    for name in ["b", "c", "d"] {
        sealer.repository().delete(name).await.unwrap();
    }
    let told = issues(&sealer).await;
    let list = sealer.repository().open("z").await.unwrap();
    let named = &list.seal().unwrap().previous;
    assert!(
        !named.is_empty() && told.len() >= named.len(),
        "{told:?} of {named:?}"
    );
}

#[tokio::test]
async fn seals_of_strangers_change_neither_numbers_nor_issues() {
    let sealer = Sealer::new().await;
    sealer.back_up("a").await;
    let stranger = Sealer::over(std::sync::Arc::clone(&sealer.store)).await;
    stranger.back_up("x").await;
    let seal = sealer.back_up("b").await.seal.unwrap();
    assert_eq!((seal.sequence, seal.previous.len()), (2, 1));
    assert_eq!(issues(&sealer).await, [""; 0]);
    let list = sealer.repository().list().await.unwrap();
    let names: Vec<_> = list
        .unreadable
        .iter()
        .map(|backup| backup.name.as_str())
        .collect();
    assert_eq!(names, ["x"]);
}
