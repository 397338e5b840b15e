//! The policy that ACK's page prints for a bucket, by what it lets a user do: all of the backup flow in this
//! bucket, nothing in another one, and nothing of what one of its actions is taken away from.
#![allow(clippy::unwrap_used, reason = "a setup that fails is a failed test")]

mod flow;
mod world;

use std::collections::BTreeSet;

use ack_backup_center::ram::{Context, PolicyDocument, Required, Statement, ack, missing};

use world::{BUCKET, Denied, KEY, OTHER_BUCKET, World, step};

/// Rights of the page that no call of the services asks for.
///
/// - `oss:GetBucket` once allowed what `oss:ListObjects` allows now, and OSS asks for the latter.
/// - `hbr:DescribeRestoreJobs` is of an action that no SDK of this version of the API has:
///   `DescribeRestoreJobs2` took its place.
const ASKED_FOR_BY_NOTHING: [&str; 2] = ["oss:GetBucket", "hbr:DescribeRestoreJobs"];

/// Decided on the account: a policy on buckets grants nothing with it.
const OF_THE_ACCOUNT: &str = "oss:ListBuckets";

fn page() -> PolicyDocument {
    ack::backup_center_in([BUCKET])
}

fn actions() -> Vec<&'static str> {
    let all = [
        &ack::OSS_ACTIONS[..],
        &ack::ECS_ACTIONS[..],
        &ack::HBR_ACTIONS[..],
    ];
    all.concat()
}

/// The document without one of its actions.
fn without(document: &PolicyDocument, removed: &str) -> PolicyDocument {
    let mut left = PolicyDocument::new();
    for statement in document.statements() {
        let actions = statement.actions().unwrap();
        let kept: Vec<_> = actions
            .iter()
            .filter(|it| *it != removed)
            .cloned()
            .collect();
        let resources: Vec<_> = statement.resources().unwrap().iter().cloned().collect();
        left = left.statement(Statement::allow().action(kept).resource(resources));
    }
    left
}

/// Each action of the document on each resource of its statement.
fn granted(document: &PolicyDocument) -> Vec<Required> {
    let statements = document.statements().iter();
    let pairs = statements.flat_map(|statement| {
        let resources = statement.resources().unwrap();
        let actions = statement.actions().unwrap().iter();
        actions.flat_map(|action| resources.iter().map(move |it| Required::new(action, it)))
    });
    pairs.collect()
}

/// What of the page's rights the checker says this document lacks.
fn lacks(document: &PolicyDocument, required: &[Required]) -> BTreeSet<String> {
    let missing = missing([document], required, &Context::new(), None).unwrap();
    let actions = missing.iter().map(|it| it.required.action().to_owned());
    actions.collect()
}

#[tokio::test]
async fn the_pages_policy_is_all_that_the_flow_needs() {
    let world = World::with(&page()).await;
    flow::run(&world).await.unwrap();
    // Every right was used, but for those that cannot be.
    let mut used = BTreeSet::new();
    for record in world.cloud.requests().all() {
        for decision in &record.decisions {
            assert!(decision.is_allowed(), "{decision}");
            used.insert(decision.action().to_ascii_lowercase());
        }
    }
    let unused = [&ASKED_FOR_BY_NOTHING[..], &[OF_THE_ACCOUNT]].concat();
    let usable = actions().into_iter().filter(|it| !unused.contains(it));
    assert_eq!(used, usable.map(str::to_ascii_lowercase).collect());
}

#[tokio::test]
async fn each_removed_action_is_named_by_the_checker_and_denied_by_the_service() {
    let (page, actions) = (page(), actions());
    let required = granted(&page);
    assert_eq!(actions.len(), 31);
    assert_eq!(lacks(&page, &required), BTreeSet::new());
    for removed in actions {
        let document = without(&page, removed);
        assert_eq!(
            lacks(&document, &required),
            BTreeSet::from([removed.to_owned()])
        );
        let outcome = flow::run(&World::with(&document).await).await;
        if ASKED_FOR_BY_NOTHING.contains(&removed) || removed == OF_THE_ACCOUNT {
            assert_eq!(outcome, Ok(()), "{removed}");
            continue;
        }
        let denied = outcome.expect_err(removed);
        assert_eq!(denied.step, removed);
        // The page writes one action with other letters than the API.
        assert!(denied.missing.eq_ignore_ascii_case(removed), "{denied:?}");
    }
}

#[tokio::test]
async fn buckets_are_listed_by_the_policy_for_all_of_them_alone() {
    let list = async |document: &PolicyDocument| {
        let world = World::with(document).await;
        let page = step(OF_THE_ACCOUNT, world.oss.list_buckets().send()).await;
        page.map(|page| {
            page.buckets
                .into_iter()
                .map(|it| it.name)
                .collect::<Vec<_>>()
        })
    };
    let denied = Denied {
        step: OF_THE_ACCOUNT,
        missing: OF_THE_ACCOUNT.to_owned(),
    };
    let all = ack::backup_center();
    assert_eq!(list(&page()).await, Err(denied.clone()));
    assert_eq!(
        list(&all).await,
        Ok(vec![BUCKET.to_owned(), OTHER_BUCKET.to_owned()])
    );
    assert_eq!(list(&without(&all, OF_THE_ACCOUNT)).await, Err(denied));
}

#[tokio::test]
async fn another_bucket_is_closed_to_every_call() {
    let world = World::with(&page()).await;
    let oss = &world.oss;
    oss.put_object(BUCKET, KEY, "own").send().await.unwrap();
    let own_requests = world.cloud.requests().len();
    let there = OTHER_BUCKET;
    let denials = [
        step("oss:PutObject", oss.put_object(there, "new", "x").send())
            .await
            .err(),
        step("oss:PutObject", oss.put_object(there, KEY, "x").send())
            .await
            .err(),
        step("oss:GetObject", oss.get_object(there, KEY).send())
            .await
            .err(),
        step("oss:GetObject", oss.get_object(there, "none").send())
            .await
            .err(),
        step("oss:GetObject", oss.head_object(there, KEY))
            .await
            .err(),
        step("oss:GetObject", oss.object_meta(there, KEY))
            .await
            .err(),
        step("oss:DeleteObject", oss.delete_object(there, KEY).send())
            .await
            .err(),
        step("oss:DeleteObject", oss.delete_objects(there, &[KEY]))
            .await
            .err(),
        step("oss:ListObjects", oss.list_objects(there).send())
            .await
            .err(),
        step("oss:ListObjects", oss.list_objects_v1(there).send())
            .await
            .err(),
        step("oss:GetBucketStat", oss.bucket_stat(there))
            .await
            .err(),
        // Objects go neither there nor come from there.
        step(
            "oss:PutObject",
            oss.copy_object((BUCKET, KEY), (there, KEY)).send(),
        )
        .await
        .err(),
        step(
            "oss:GetObject",
            oss.copy_object((there, KEY), (BUCKET, "stolen")).send(),
        )
        .await
        .err(),
        // What the page grants on no bucket, it grants not here either.
        step("oss:PutObject", oss.initiate_upload(there, "big").send())
            .await
            .err(),
        step("oss:ListMultipartUploads", oss.list_uploads(there).send())
            .await
            .err(),
        step("oss:ListObjectVersions", oss.list_versions(there).send())
            .await
            .err(),
        step("oss:GetBucketInfo", oss.bucket_info(there))
            .await
            .err(),
        step("oss:DeleteBucket", oss.delete_bucket(there))
            .await
            .err(),
    ];
    for denied in &denials {
        let denied = denied.as_ref().expect("a call was not denied");
        assert_eq!(denied.missing, denied.step);
    }
    let requests = world.cloud.requests().all().split_off(own_requests);
    assert_eq!(requests.len(), denials.len());
    assert!(requests.iter().all(|it| it.status == Some(403)));
    assert_eq!(world.others_object().await, "not the user's");
    let own = oss.list_objects(BUCKET).send().await.unwrap().objects;
    assert_eq!(own.len(), 1);
}
