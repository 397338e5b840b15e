//! Differences of meaning, and rights that are missing.

use std::collections::BTreeSet;

use alibaba_ram::{
    Change, Condition, Context, Operator, PolicyDocument, Principal, Request, Required, Statement,
    ack, diff, evaluate, known_action, missing, resource_matches,
};
use proptest::prelude::*;

use crate::page;
use crate::properties::document;

fn policy(statements: impl IntoIterator<Item = Statement>) -> PolicyDocument {
    statements
        .into_iter()
        .fold(PolicyDocument::new(), PolicyDocument::statement)
}

fn allow(action: &str, resource: &str) -> Statement {
    Statement::allow().action(action).resource(resource)
}

fn changes(before: &PolicyDocument, after: &PolicyDocument) -> String {
    diff([before], [after]).unwrap().to_string()
}

#[test]
fn the_builder_makes_the_documents_of_the_page() {
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    assert_eq!(
        json(&ack::backup_center().to_string()),
        json(page::ALL_BUCKETS)
    );
    assert_eq!(
        json(&ack::backup_center_in(["mybackups"]).to_string()),
        json(page::ONE_BUCKET)
    );
    assert_eq!(
        ack::backup_center().to_pretty_string(),
        page::ALL_BUCKETS.trim_end()
    );
    let two = ack::backup_center_in(["a", "b"]);
    assert_eq!(
        two.statements()[0].resources().unwrap().as_slice(),
        [
            "acs:oss:*:*:a",
            "acs:oss:*:*:a/*",
            "acs:oss:*:*:b",
            "acs:oss:*:*:b/*"
        ]
    );
    assert!(
        diff(
            [&ack::backup_center_in(["mybackups"])],
            [&page::one_bucket()]
        )
        .unwrap()
        .is_empty()
    );
}

#[test]
fn the_pages_policies_differ_in_the_buckets() {
    let actions = "`oss:DeleteObject`, `oss:GetBucket`, `oss:GetBucketStat`, `oss:GetObject`, \
                   `oss:ListBuckets`, `oss:ListObjects`, `oss:PutObject`";
    let but = "on `*` except `acs:oss:*:*:mybackups`, `acs:oss:*:*:mybackups/*`";
    let (all, one) = (page::all_buckets(), page::one_bucket());
    assert_eq!(
        changes(&all, &one),
        format!("no longer allowed: {actions} {but}\n")
    );
    assert_eq!(
        changes(&one, &all),
        format!("newly allowed: {actions} {but}\n")
    );
}

#[test]
fn what_means_the_same_does_not_differ() {
    let get = |resource: &str| allow("oss:GetObject", resource);
    for (before, after) in [
        (
            policy([get("acs:oss:*:*:a"), get("acs:oss:*:*:b")]),
            policy([Statement::allow()
                .action(["oss:getobject"])
                .resource(["acs:oss:*:*:b", "acs:oss:*:*:a"])]),
        ),
        (
            policy([get("*")]),
            policy([get("*"), get("acs:oss:*:*:b/*")]),
        ),
        (
            policy([]),
            policy([Statement::deny().action("*").resource("*")]),
        ),
        (
            policy([get("acs:oss:*:*:a*")]),
            policy([get("acs:oss:*:*:a"), get("acs:oss:*:*:a?*")]),
        ),
        (
            policy([
                allow("*", "*"),
                Statement::deny().action("ram:*").resource("*"),
            ]),
            policy([Statement::allow().not_action("ram:*").resource("*")]),
        ),
    ] {
        assert_eq!(changes(&before, &after), "");
    }
}

#[test]
fn changes_are_told_in_patterns() {
    let deny = |action: &str, resource: &str| Statement::deny().action(action).resource(resource);
    for (before, after, expected) in [
        (
            policy([allow("ecs:*", "*")]),
            policy([allow("ecs:*", "*"), deny("ecs:Delete*", "*")]),
            "no longer allowed: `ecs:Delete*` on `*`\n",
        ),
        (
            policy([allow("ecs:*", "*")]),
            policy([allow("ecs:Describe*", "*")]),
            "no longer allowed: `ecs:*` except `ecs:Describe*` on `*`\n",
        ),
        (
            policy([allow("oss:Get*", "acs:oss:*:*:b/*")]),
            policy([
                allow("oss:Get*", "acs:oss:*:*:b/*"),
                deny("oss:*", "acs:oss:*:*:b/private/*"),
            ]),
            "no longer allowed: `oss:Get*` on `acs:oss:*:*:b/private/*`\n",
        ),
        (
            policy([allow("oss:Get*", "acs:oss:*:*:a/*")]),
            policy([allow("oss:Get*", "acs:oss:*:*:b/*")]),
            "newly allowed: `oss:Get*` on `acs:oss:*:*:b/*`\n\
             no longer allowed: `oss:Get*` on `acs:oss:*:*:a/*`\n",
        ),
        (
            policy([]),
            policy([Statement::allow().action("a:B").not_resource("acs:a:*:*:x")]),
            "newly allowed: `a:b` on `*` except `acs:a:*:*:x`\n",
        ),
    ] {
        assert_eq!(
            changes(&before, &after).to_lowercase(),
            expected.to_lowercase()
        );
    }
}

#[test]
fn conditions_are_part_of_the_difference() {
    let at_home = || Condition::new().and(Operator::IpAddress, "acs:SourceIp", "10.0.0.0/8");
    let always = policy([allow("ecs:*", "*")]);
    let home = policy([allow("ecs:*", "*").condition(at_home())]);
    let text = r#"{"IpAddress":{"acs:SourceIp":"10.0.0.0/8"}}"#;
    assert_eq!(
        changes(&always, &home),
        format!("no longer allowed: `ecs:*` on `*`, where {text} does not hold\n")
    );
    let not_home = policy([
        allow("ecs:*", "*"),
        Statement::deny()
            .action("*")
            .resource("*")
            .condition(at_home()),
    ]);
    assert_eq!(
        changes(&always, &not_home),
        format!("no longer allowed: `ecs:*` on `*`, where {text} holds\n")
    );
    assert_eq!(changes(&home, &home), "");
    assert_eq!(
        changes(
            &always,
            &policy([allow("ecs:*", "*").condition(Condition::new())])
        ),
        ""
    );
}

#[test]
fn the_actions_of_the_table_among_the_changes_can_be_listed() {
    let wider = policy([allow("sts:*", "*")]);
    let changes = diff([&PolicyDocument::new()], [&wider]).unwrap();
    let names: Vec<_> = changes.gained().flat_map(Change::known_actions).collect();
    assert_eq!(names.len(), 4);
    assert!(names.contains(&"sts:AssumeRole") && changes.lost().next().is_none());
}

#[test]
fn the_longest_policies_can_be_compared() {
    let buckets = |first: usize| (first..first + 88).map(|n| format!("backups-{:x}", n * 7919));
    let (before, after) = (
        ack::backup_center_in(buckets(0)),
        ack::backup_center_in(buckets(1)),
    );
    let length = before.to_string().len();
    assert!((5900..6144).contains(&length), "{length}");
    let changes = diff([&before], [&after]).unwrap();
    assert_eq!((changes.gained().count(), changes.lost().count()), (1, 1));
    let lost = changes.lost().next().unwrap();
    let resources: Vec<_> = lost.resources.iter().map(ToString::to_string).collect();
    assert_eq!(
        resources,
        ["`acs:oss:*:*:backups-0`", "`acs:oss:*:*:backups-0/*`"]
    );
}

#[test]
fn patterns_too_entangled_to_compare_are_refused() {
    let entangled: Vec<String> = (0..40)
        .map(|n| format!("*a{}*b*a*b*a*", "?".repeat(n)))
        .collect();
    let before = policy([Statement::allow().action("*").resource(entangled)]);
    let error = diff([&before], [&PolicyDocument::new()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "compare policies with too many wildcards: use fewer `*` and `?` in one pattern"
    );
    let conditional = policy((0..11).map(|n| {
        allow("*", "*").condition(Condition::new().and(
            Operator::StringEquals,
            format!("k{n}"),
            "x",
        ))
    }));
    assert!(diff([&conditional], [&PolicyDocument::new()]).is_err());
}

/// The 31 rights of the page, on the resources that its own policy for `mybackups` names.
fn required() -> Vec<Required> {
    let objects = ["oss:PutObject", "oss:GetObject", "oss:DeleteObject"];
    let oss = ack::OSS_ACTIONS.iter().map(|action| {
        let id = if objects.contains(action) {
            "mybackups/*"
        } else {
            "mybackups"
        };
        Required::new(*action, format!("acs:oss:*:*:{id}"))
    });
    let others = ack::ECS_ACTIONS.iter().chain(&ack::HBR_ACTIONS);
    oss.chain(others.map(|action| Required::new(*action, "*")))
        .collect()
}

#[test]
fn each_action_taken_away_is_named_missing() {
    let required = required();
    assert_eq!(required.len(), 31);
    for whole in [page::all_buckets(), page::one_bucket()] {
        let none = missing([&whole], &required, &Context::new(), None).unwrap();
        assert!(none.is_empty());
        for away in &required {
            let less = policy(whole.statements().iter().map(|statement| {
                let kept = statement
                    .actions()
                    .unwrap()
                    .iter()
                    .filter(|a| *a != away.action());
                let kept: Vec<&str> = kept.map(String::as_str).collect();
                statement.clone().action(kept)
            }));
            let found = missing([&less], &required, &Context::new(), None).unwrap();
            assert_eq!(found.len(), 1);
            assert_eq!(&found[0].required, away);
            assert!(found[0].to_string().starts_with(&format!(
                "`{}` is missing on `{}` (",
                away.action(),
                away.resource()
            )));
            let changes = diff([&whole], [&less]).unwrap();
            let lost: BTreeSet<&str> = changes.lost().flat_map(Change::known_actions).collect();
            let name = known_action(away.action()).unwrap().name();
            assert_eq!(lost.into_iter().collect::<Vec<_>>(), [name]);
        }
    }
}

#[test]
fn a_right_on_part_of_what_is_required_is_missing_on_the_rest() {
    let required = [Required::new("oss:PutObject", "acs:oss:*:*:b/*")];
    let lack = |statements: Vec<Statement>, context: Context, caller: Option<Principal>| {
        let found = missing([&policy(statements)], &required, &context, caller.as_ref()).unwrap();
        found
            .iter()
            .flat_map(|one| &one.resources)
            .map(ToString::to_string)
            .collect::<Vec<_>>()
    };
    let put = |resource: &str| allow("oss:PutObject", resource);
    let plain = |statements: Vec<Statement>| lack(statements, Context::new(), None);
    assert!(plain(vec![put("acs:oss:*:*:*")]).is_empty());
    assert!(plain(vec![put("acs:oss:*:*:b/a*"), put("acs:oss:*:*:b*")]).is_empty());
    assert_eq!(plain(vec![put("acs:oss:*:*:b")]), ["`acs:oss:*:*:b/*`"]);
    assert_eq!(
        plain(vec![put("acs:oss:oss-cn-hangzhou:*:b/*")]),
        ["`acs:oss:*:*:b/*` except `acs:oss:oss-cn-hangzhou:*:b/*`"]
    );
    let private = Statement::deny()
        .action("*")
        .resource("acs:oss:*:*:b/private/*");
    assert_eq!(
        plain(vec![put("*"), private]),
        ["`acs:oss:*:*:b/private/*`"]
    );

    let tls =
        || put("*").condition(Condition::new().and(Operator::Bool, "acs:SecureTransport", "true"));
    assert_eq!(plain(vec![tls()]), ["`acs:oss:*:*:b/*`"]);
    assert!(lack(vec![tls()], Context::new().secure_transport(true), None).is_empty());
    let alice = Principal::ram("acs:ram::1:user/alice");
    let hers = put("*").condition(Condition::new().and(
        Operator::StringEquals,
        "acs:PrincipalARN",
        "acs:ram::1:user/alice",
    ));
    assert!(lack(vec![hers], Context::new(), Some(alice)).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// A call is told as gained or lost exactly if the evaluator decides it differently.
    #[test]
    fn a_difference_is_what_the_evaluator_decides_differently(
        before in document(),
        after in document(),
        calls in prop::collection::vec(
            ("(e|o):(A|a|B|b){0,4}", "(\\*|acs:(e|o):(r|s|\\*|):(1|2|):(x|/|:|y|é){0,5})"),
            1..8,
        ),
    ) {
        let changes = diff([&before], [&after]).unwrap();
        for (action, resource) in calls {
            let request = Request::new(&*action, &*resource);
            let allows = |document: &PolicyDocument| evaluate([document], &request).is_allowed();
            let told = |change: &Change| {
                change.actions.iter().any(|set| set.contains_action(&action))
                    && change.resources.iter().any(|set| set.contains_resource(&resource))
            };
            let (gained, lost) = (changes.gained().any(told), changes.lost().any(told));
            prop_assert_eq!(gained, !allows(&before) && allows(&after), "{} {}\n{}", action, resource, &changes);
            prop_assert_eq!(lost, allows(&before) && !allows(&after), "{} {}\n{}", action, resource, &changes);
        }
    }

    /// A resource that is required is named missing exactly if the evaluator does not allow it.
    #[test]
    fn what_is_missing_is_what_the_evaluator_does_not_allow(
        policy in document(),
        action in "(e|o):(A|a|B|b){0,4}",
        pattern in "(\\*|acs:(e|o|\\*):(r|\\*|):(1|\\*|):(x|/|y|\\*|\\?){0,3})",
        resources in prop::collection::vec("acs:(e|o):(r|s|\\*|):(1|2|):(x|/|:|y|é){0,4}", 1..8),
    ) {
        let required = [Required::new(&*action, &*pattern)];
        let found = missing([&policy], &required, &Context::new(), None).unwrap();
        for resource in resources.iter().filter(|resource| resource_matches(&pattern, resource)) {
            let allowed = evaluate([&policy], &Request::new(&*action, &**resource)).is_allowed();
            let named = found.iter().flat_map(|one| &one.resources).any(|set| set.contains_resource(resource));
            prop_assert_eq!(named, !allowed, "{} {} {:?}", action, resource, &found);
        }
        for one in &found {
            prop_assert!(!one.decision.is_allowed());
        }
    }
}
