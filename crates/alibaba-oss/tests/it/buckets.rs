//! Buckets: made, found, described, protected.

use crate::cloud::{self, BUCKET, Cloud};
use alibaba_local::{Fault, Rule};
use alibaba_oss::{
    Acl, Client, DefaultRetention, Due, ErrorKind, Expiration, LifecycleRule, OverwriteRule,
    Redundancy, Retention, RetentionMode, RetentionPeriod, StorageClass, Versioning, WormState,
};
use chrono::{DateTime, TimeDelta, Utc};
use futures::TryStreamExt;

const DAY: i64 = 24 * 3600;

async fn start() -> (Cloud, Client) {
    let cloud = cloud::start().await;
    let client = cloud.client();
    (cloud, client)
}

fn lose(cloud: &Cloud, operation: &'static str) {
    let rule = Rule::new(Fault::LoseReply).operation(operation).times(1);
    cloud.0.faults().add(rule);
}

#[tokio::test]
async fn a_bucket_is_made_described_found_and_removed() {
    let (cloud, client) = start().await;
    client
        .create_bucket("archive-1")
        .acl(Acl::PublicRead)
        .storage_class(&StorageClass::InfrequentAccess)
        .redundancy(&Redundancy::Zones)
        .send()
        .await
        .unwrap();
    client.create_bucket("archive-2").send().await.unwrap();

    let info = client.bucket_info("archive-1").await.unwrap();
    assert_eq!(
        (info.name.as_str(), info.acl),
        ("archive-1", Some(Acl::PublicRead))
    );
    assert_eq!(info.storage_class, StorageClass::InfrequentAccess);
    assert_eq!(info.redundancy, Some(Redundancy::Zones));
    assert_eq!((info.versioning, info.encryption), (None, None));
    assert_eq!(info.location, "oss-cn-hangzhou");
    assert_eq!(
        client.bucket_location("archive-1").await.unwrap(),
        info.location
    );
    client
        .put_bucket_acl("archive-1", Acl::Private)
        .await
        .unwrap();
    assert_eq!(client.bucket_acl("archive-1").await.unwrap(), Acl::Private);
    let refused = client.put_bucket_acl("archive-1", Acl::Default).await;
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::Refused);

    for max in [1, 2, 1000] {
        let pages = client
            .list_buckets()
            .prefix("archive")
            .page_size(max)
            .pages();
        let pages: Vec<_> = pages.try_collect().await.unwrap();
        let names: Vec<_> = pages.into_iter().flat_map(|page| page.buckets).collect();
        let names: Vec<_> = names.iter().map(|bucket| bucket.name.as_str()).collect();
        assert_eq!(names, ["archive-1", "archive-2"], "pages of {max}");
    }
    assert_eq!(client.list_buckets().send().await.unwrap().buckets.len(), 3);

    lose(&cloud, "DeleteBucket");
    client.delete_bucket("archive-1").await.unwrap();
    let gone = client.delete_bucket("archive-1").await.unwrap_err();
    assert_eq!(gone.service_code(), Some("NoSuchBucket"));
    client
        .put_object("archive-2", "a", "x")
        .send()
        .await
        .unwrap();
    let full = client.delete_bucket("archive-2").await.unwrap_err();
    assert_eq!(full.kind(), ErrorKind::Conflict);
    let bad = client
        .create_bucket("Not-A-Bucket")
        .send()
        .await
        .unwrap_err();
    assert_eq!(bad.kind(), ErrorKind::Configuration);
}

#[tokio::test]
async fn a_bucket_says_how_much_it_holds() {
    let (_cloud, client) = start().await;
    for (key, class) in [("a", StorageClass::Standard), ("b", StorageClass::Archive)] {
        let put = client
            .put_object(BUCKET, key, "12345")
            .storage_class(&class);
        put.send().await.unwrap();
    }
    let id = client.initiate_upload(BUCKET, "c").send().await.unwrap();
    client
        .upload_part(BUCKET, "c", &id, 1, "x")
        .send()
        .await
        .unwrap();
    let stat = client.bucket_stat(BUCKET).await.unwrap();
    assert_eq!((stat.objects, stat.bytes), (2, 10));
    assert_eq!((stat.uploads, stat.parts, stat.delete_markers), (1, 1, 0));
    assert!(
        stat.counted_at
            .is_some_and(|time| time > DateTime::UNIX_EPOCH)
    );
    let counted: Vec<_> = stat.classes.iter().map(|class| class.objects).collect();
    assert_eq!(counted, [1, 0, 1, 0, 0]);
    assert_eq!(stat.classes[2].real_bytes, 5);
}

#[tokio::test]
async fn the_first_version_of_the_listing_pages_by_keys() {
    let (_cloud, client) = start().await;
    let keys = ["a b", "dir/1", "dir/2", "z+%", "中"];
    for key in keys {
        client.put_object(BUCKET, key, key).send().await.unwrap();
    }
    for max in [1, 2, 1000] {
        let pages = client.list_objects_v1(BUCKET).page_size(max).pages();
        let pages: Vec<_> = pages.try_collect().await.unwrap();
        let objects = pages.into_iter().flat_map(|page| page.objects);
        let found: Vec<_> = objects.map(|object| object.key).collect();
        assert_eq!(found, keys, "pages of {max}");
    }
    let rolled = client.list_objects_v1(BUCKET).delimiter("/").page_size(2);
    let pages: Vec<_> = rolled.pages().try_collect().await.unwrap();
    assert_eq!(pages[0].common_prefixes, ["dir/"]);
    let rest: Vec<_> = pages.iter().flat_map(|page| &page.objects).collect();
    assert_eq!(rest.len(), 3);
    assert!(rest.iter().all(|object| object.owner_id.is_some()));
    let later = client.list_objects_v1(BUCKET).prefix("dir/").after("dir/1");
    assert_eq!(later.send().await.unwrap().objects[0].key, "dir/2");
}

#[tokio::test]
async fn uploads_and_parts_are_listed_page_by_page() {
    let (_cloud, client) = start().await;
    let mut expected = Vec::new();
    for key in ["a/中 +%", "a/中 +%", "b", "c/1"] {
        let id = client.initiate_upload(BUCKET, key).send().await.unwrap();
        expected.push((key.to_owned(), id));
    }
    expected.sort();
    for max in [1, 3, 1000] {
        let pages = client.list_uploads(BUCKET).page_size(max).pages();
        let pages: Vec<_> = pages.try_collect().await.unwrap();
        let uploads = pages.into_iter().flat_map(|page| page.uploads);
        let found: Vec<_> = uploads
            .map(|upload| (upload.key, upload.upload_id))
            .collect();
        assert_eq!(found, expected, "pages of {max}");
    }
    let rolled = client
        .list_uploads(BUCKET)
        .delimiter("/")
        .send()
        .await
        .unwrap();
    assert_eq!(rolled.common_prefixes, ["a/", "c/"]);
    assert_eq!(rolled.uploads.len(), 1);

    let (key, id) = &expected[0];
    for number in [1, 2, 5] {
        let part = client.upload_part(BUCKET, key, id, number, "part");
        part.send().await.unwrap();
    }
    for max in [1, 2, 1000] {
        let pages = client.list_parts(BUCKET, key, id).page_size(max).pages();
        let pages: Vec<_> = pages.try_collect().await.unwrap();
        let parts = pages.iter().flat_map(|page| &page.parts);
        let numbers: Vec<_> = parts.map(|part| part.number).collect();
        assert_eq!(numbers, [1, 2, 5], "pages of {max}");
    }
}

#[tokio::test]
async fn lifecycle_rules_come_back_as_they_were_put() {
    let (_cloud, client) = start().await;
    assert!(client.bucket_lifecycle(BUCKET).await.unwrap().is_empty());
    let missing = client.bucket_lifecycle("nowhere").await.unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);

    let mut forget = LifecycleRule::new("nightly & weekly/");
    forget.id = Some("forget".to_owned());
    forget.tags = vec![("keep".to_owned(), "no".to_owned())];
    forget.expiration = Some(Expiration::Objects(Due::Days(30)));
    let mut abort = LifecycleRule::new("");
    abort.id = Some("abort".to_owned());
    abort.abort_uploads = Some(Due::CreatedBefore("2026-11-25T00:00:00Z".parse().unwrap()));
    abort.noncurrent_expiration_days = Some(7);
    abort.enabled = false;
    let put = |rules: Vec<LifecycleRule>| client.put_bucket_lifecycle(BUCKET, rules);
    put(vec![forget.clone(), abort.clone()])
        .send()
        .await
        .unwrap();
    let read = client.bucket_lifecycle(BUCKET).await.unwrap();
    assert_eq!(read, [forget, abort]);
    put(read[1..].to_vec())
        .allow_overlap(true)
        .send()
        .await
        .unwrap();
    assert_eq!(client.bucket_lifecycle(BUCKET).await.unwrap(), read[1..]);

    let idle = put(vec![LifecycleRule::new("idle/")])
        .send()
        .await
        .unwrap_err();
    assert_eq!(idle.kind(), ErrorKind::Refused, "{idle}");
    client.delete_bucket_lifecycle(BUCKET).await.unwrap();
    assert!(client.bucket_lifecycle(BUCKET).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_retention_policy_is_made_once_however_many_answers_are_lost() {
    let (cloud, client) = start().await;
    assert_eq!(client.bucket_worm(BUCKET).await.unwrap(), None);
    lose(&cloud, "InitiateBucketWorm");
    let first = client.initiate_bucket_worm(BUCKET, 3).await.unwrap();
    let worm = client.bucket_worm(BUCKET).await.unwrap().unwrap();
    assert_eq!(
        (&worm.id, worm.state, worm.days),
        (&first, WormState::InProgress, 3)
    );
    let second = client.initiate_bucket_worm(BUCKET, 3).await.unwrap_err();
    assert_eq!(second.kind(), ErrorKind::Conflict);
    lose(&cloud, "AbortBucketWorm");
    client.abort_bucket_worm(BUCKET).await.unwrap();
    let none = client.abort_bucket_worm(BUCKET).await.unwrap_err();
    assert_eq!(none.kind(), ErrorKind::NotFound);

    let id = client.initiate_bucket_worm(BUCKET, 3).await.unwrap();
    let other = client
        .complete_bucket_worm(BUCKET, "other")
        .await
        .unwrap_err();
    assert_eq!(other.kind(), ErrorKind::NotFound);
    lose(&cloud, "CompleteBucketWorm");
    client.complete_bucket_worm(BUCKET, &id).await.unwrap();
    let again = client.complete_bucket_worm(BUCKET, &id).await.unwrap_err();
    assert_eq!(again.kind(), ErrorKind::Conflict);
    lose(&cloud, "ExtendBucketWorm");
    client.extend_bucket_worm(BUCKET, &id, 5).await.unwrap();
    let shorter = client.extend_bucket_worm(BUCKET, &id, 4).await.unwrap_err();
    assert_eq!(shorter.kind(), ErrorKind::Refused);
    let worm = client.bucket_worm(BUCKET).await.unwrap().unwrap();
    assert_eq!((worm.state, worm.days), (WormState::Locked, 5));

    client.put_object(BUCKET, "kept", "x").send().await.unwrap();
    let kept = client
        .delete_object(BUCKET, "kept")
        .send()
        .await
        .unwrap_err();
    assert_eq!(kept.service_code(), Some("FileImmutable"));
    assert_eq!(kept.kind(), ErrorKind::Conflict);
    let many = client
        .delete_objects(BUCKET, &["kept", "none"])
        .await
        .unwrap();
    assert_eq!(many, ["kept"], "what a retention keeps is named");
    cloud.0.clock().set_offset_seconds(6 * DAY);
    let later = cloud.client_in_time();
    later.delete_object(BUCKET, "kept").send().await.unwrap();
}

#[tokio::test]
async fn an_object_is_kept_as_long_as_its_retention_or_a_hold_says() {
    let (cloud, client) = start().await;
    assert_eq!(client.bucket_object_worm(BUCKET).await.unwrap(), None);
    let unversioned = client.put_bucket_object_worm(BUCKET, None).await;
    assert_eq!(unversioned.unwrap_err().kind(), ErrorKind::Conflict);
    client
        .put_bucket_versioning(BUCKET, Versioning::Enabled)
        .await
        .unwrap();
    let two_days = DefaultRetention {
        mode: RetentionMode::Governance,
        period: RetentionPeriod::Days(2),
    };
    client
        .put_bucket_object_worm(BUCKET, Some(two_days))
        .await
        .unwrap();
    let worm = client.bucket_object_worm(BUCKET).await.unwrap().unwrap();
    assert_eq!(worm.default, Some(two_days));

    let put = client.put_object(BUCKET, "a", "x").send().await.unwrap();
    let id = put.version_id.unwrap();
    let retention = client.object_retention(BUCKET, "a").version_id(&id);
    let found = retention.get().await.unwrap().unwrap();
    assert_eq!(found.mode, RetentionMode::Governance);
    assert!(found.until > Utc::now() + TimeDelta::days(1));
    let delete = || client.delete_object(BUCKET, "a").version_id(&id);
    let kept = delete().send().await.unwrap_err();
    assert_eq!(kept.kind(), ErrorKind::Conflict);

    let sooner = Retention {
        mode: RetentionMode::Governance,
        until: DateTime::from_timestamp((Utc::now() + TimeDelta::hours(1)).timestamp(), 0).unwrap(),
    };
    let loosened = retention.put(sooner).await.unwrap_err();
    assert_eq!(loosened.kind(), ErrorKind::Denied);
    let bypassing = retention.clone().bypass_governance(true);
    bypassing.put(sooner).await.unwrap();
    assert_eq!(retention.get().await.unwrap(), Some(sooner));

    let hold = client.object_legal_hold(BUCKET, "a").version_id(&id);
    assert!(!hold.get().await.unwrap());
    hold.put(true).await.unwrap();
    assert!(hold.get().await.unwrap());
    let held = delete().bypass_governance(true).send().await.unwrap_err();
    assert_eq!(held.kind(), ErrorKind::Conflict, "nothing lifts a hold");
    hold.put(false).await.unwrap();
    cloud.0.clock().set_offset_seconds(-60);
    assert_eq!(
        delete().send().await.unwrap_err().kind(),
        ErrorKind::Conflict
    );
    let gone = delete().bypass_governance(true).send().await.unwrap();
    assert_eq!(gone.version_id.as_deref(), Some(id.as_str()));
    let missing = retention.get().await.unwrap_err();
    assert_eq!(missing.service_code(), Some("NoSuchVersion"));
}

#[tokio::test]
async fn an_overwrite_rule_guards_its_keys_whatever_a_client_sends() {
    let (_cloud, client) = start().await;
    assert!(
        client
            .bucket_overwrite_rules(BUCKET)
            .await
            .unwrap()
            .is_empty()
    );
    let mut rule = OverwriteRule::new("nightly/");
    rule.id = Some("guard".to_owned());
    rule.suffix = ".tar".to_owned();
    let rules = [rule];
    client
        .put_bucket_overwrite_rules(BUCKET, &rules)
        .await
        .unwrap();
    assert_eq!(client.bucket_overwrite_rules(BUCKET).await.unwrap(), rules);
    let put = |key: &'static str| client.put_object(BUCKET, key, "x").send();
    put("nightly/1.tar").await.unwrap();
    let taken = put("nightly/1.tar").await.unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists);
    put("nightly/1.txt").await.unwrap();
    put("nightly/1.txt").await.unwrap();
    client.delete_bucket_overwrite_rules(BUCKET).await.unwrap();
    put("nightly/1.tar").await.unwrap();
    assert!(
        client
            .bucket_overwrite_rules(BUCKET)
            .await
            .unwrap()
            .is_empty()
    );
}
