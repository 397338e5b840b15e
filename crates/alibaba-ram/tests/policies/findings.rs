//! Findings: where a document is wrong, and what to do.

use alibaba_ram::{
    Condition, DocumentKind, KNOWN_ACTIONS, Operator, Origin, PolicyDocument, ResourceForm,
    Severity, Statement, TrustedKind, TrustedPrincipals, known_action,
};

use crate::page;

fn findings(document: &PolicyDocument, kind: DocumentKind) -> Vec<(Severity, String)> {
    document
        .validate(kind)
        .into_iter()
        .map(|finding| (finding.severity(), finding.to_string()))
        .collect()
}

fn of(statement: Statement) -> Vec<(Severity, String)> {
    findings(
        &PolicyDocument::new().statement(statement),
        DocumentKind::Identity,
    )
}

#[track_caller]
fn only(found: &[(Severity, String)], severity: Severity, text: &str) {
    assert!(
        found.len() == 1 && found[0].0 == severity && found[0].1.contains(text),
        "{text}\n{found:#?}"
    );
}

#[test]
fn the_page_has_nothing_wrong_but_an_odd_spelling() {
    for document in [page::all_buckets(), page::one_bucket()] {
        only(
            &findings(&document, DocumentKind::Identity),
            Severity::Note,
            "statement 2: `Action` has `ecs:DescribeAutoSnapshotPolicyEX`, which the API spells \
             `ecs:DescribeAutoSnapshotPolicyEx`: it is the same action",
        );
    }
}

#[test]
fn a_bucket_without_its_objects_is_found() {
    let text = page::ONE_BUCKET.replace(",\n        \"acs:oss:*:*:mybackups/*\"", "");
    let document = PolicyDocument::parse(&text).unwrap();
    assert_ne!(document, page::one_bucket());
    let found = findings(&document, DocumentKind::Identity);
    only(
        &found[..1],
        Severity::Warning,
        "statement 1: `oss:PutObject`, `oss:GetObject`, `oss:DeleteObject` are about objects, and \
         `acs:oss:*:*:mybackups` is the bucket alone: add `acs:oss:*:*:mybackups/*`",
    );
    let text = page::ONE_BUCKET.replace("\"acs:oss:*:*:mybackups\",", "");
    let document = PolicyDocument::parse(&text).unwrap();
    only(
        &findings(&document, DocumentKind::Identity)[..1],
        Severity::Warning,
        "`oss:GetBucket`, `oss:ListObjects`, `oss:GetBucketStat` are about the bucket itself, and \
         `acs:oss:*:*:mybackups/*` is what is in it: add `acs:oss:*:*:mybackups`",
    );
    only(
        &of(Statement::allow().action("oss:*").resource("acs:oss:*:*:b")),
        Severity::Warning,
        "is about objects, and `acs:oss:*:*:b` is the bucket alone: add `acs:oss:*:*:b/*`",
    );
    let apart = PolicyDocument::new()
        .statement(Statement::allow().action("oss:*").resource("acs:oss:*:*:b"))
        .statement(
            Statement::allow()
                .action("oss:*")
                .resource("acs:oss:*:*:b/*"),
        );
    assert_eq!(findings(&apart, DocumentKind::Identity), []);
}

#[test]
fn a_resource_on_an_action_that_takes_none_is_found() {
    let vault = "acs:hbr:*:*:vault/v-1";
    for action in ["hbr:CreateVault", "hbr:*"] {
        only(
            &of(Statement::allow().action(action).resource(vault)),
            Severity::Warning,
            "not scoped to resources, so that `acs:hbr:*:*:vault/v-1` allows nothing: use a \
             statement with `\"Resource\": \"*\"`",
        );
    }
    only(
        &of(Statement::deny().action("hbr:CreateVault").resource(vault)),
        Severity::Warning,
        "denies nothing",
    );
    assert_eq!(
        of(Statement::allow().action("hbr:*").resource([vault, "*"])),
        []
    );
}

#[test]
fn a_resource_of_another_form_is_found() {
    only(
        &of(Statement::allow()
            .action("ecs:CreateSnapshot")
            .resource("acs:ecs:*:*:disk/*")),
        Severity::Warning,
        "`ecs:CreateSnapshot` is about resources of the form \
         `acs:ecs:{region}:{account}:snapshot/*`, and `acs:ecs:*:*:disk/*` is of another: add \
         `acs:ecs:*:*:snapshot/*`",
    );
    let both = [
        "acs:ecs:cn-hangzhou:1:disk/d-1",
        "acs:ecs:cn-hangzhou:1:snapshot/*",
    ];
    assert_eq!(
        of(Statement::allow()
            .action("ecs:CreateSnapshot")
            .resource(both)),
        []
    );
    let group = Statement::allow()
        .action("ecs:CreateSnapshotGroup")
        .resource("acs:ecs:*:*:disk/*");
    assert_eq!(of(group), [], "one of several forms is enough");
}

#[test]
fn names_one_letter_away_are_found() {
    for (written, meant) in [
        ("oss:GetObjects", "oss:GetObject"),
        ("ecs:DescribeSnapshot", "ecs:DescribeSnapshots"),
        ("hbr:DescribeBackupJobs", "hbr:DescribeBackupJobs2"),
        ("ram:CreatUser", "ram:CreateUser"),
        ("sts:AssumeRoel", "sts:AssumeRole"),
    ] {
        only(
            &of(Statement::allow().action(written).resource("*")),
            Severity::Warning,
            &format!("no action of that name is known: write `{meant}`"),
        );
    }
    for unknown in ["ecs:RunInstances", "vpc:DescribeVpcs", "oss:Gett*"] {
        assert_eq!(of(Statement::allow().action(unknown).resource("*")), []);
    }
}

#[test]
fn the_grammar_is_checked() {
    let ok = || Statement::allow().action("ecs:*").resource("*");
    let condition = |operator: Operator, key: &str, value: &str| {
        ok().condition(Condition::new().and(operator, key, value))
    };
    for (statement, expected) in [
        (
            Statement::allow().resource("*"),
            "neither `Action` nor `NotAction`",
        ),
        (ok().not_action("oss:*"), "both `Action` and `NotAction`"),
        (
            Statement::allow().action([] as [&str; 0]).resource("*"),
            "`Action` is empty",
        ),
        (
            Statement::allow().action("ecs").resource("*"),
            "`ecs`, which is not an action",
        ),
        (
            Statement::allow().action("ecs:").resource("*"),
            "`ecs:`, which is not an action",
        ),
        (
            Statement::allow().action("ecs:a b").resource("*"),
            "`ecs:a b`, which is not an action",
        ),
        (
            Statement::allow().action("ecs:*"),
            "neither `Resource` nor `NotResource`",
        ),
        (ok().not_resource("*"), "both `Resource` and `NotResource`"),
        (
            Statement::allow().action("ecs:*").resource("acs:ecs:*"),
            "`acs:ecs:*`, which is not a resource",
        ),
        (
            Statement::allow()
                .action("ecs:*")
                .resource("arn:ecs:*:*:disk/*"),
            "which is not a resource",
        ),
        (
            Statement::allow().action("ecs:*").resource([] as [&str; 0]),
            "`Resource` is empty",
        ),
        (
            ok().principal(TrustedPrincipals::ram("acs:ram::1:root")),
            "only trust policies have",
        ),
        (
            condition(
                Operator::Unknown("StringEqual".to_owned()),
                "acs:SourceIp",
                "x",
            ),
            "`StringEqual`, which is no operator: write `StringEquals`",
        ),
        (
            condition(
                Operator::Unknown("Sometimes".to_owned()),
                "acs:SourceIp",
                "x",
            ),
            "`Sometimes`, which is no operator: use one of",
        ),
        (
            condition(Operator::IpAddress, "acs:SourceIp", "10.0.0.0/40"),
            "`10.0.0.0/40`: write an address",
        ),
        (
            condition(Operator::Bool, "acs:MFAPresent", "yes"),
            "`yes`: write `true` or `false`",
        ),
        (
            condition(Operator::DateLessThan, "acs:CurrentTime", "2026"),
            "`2026`: write a time",
        ),
        (
            condition(Operator::NumericEquals, "ecs:Count", "few"),
            "`few`: write a number",
        ),
        (
            ok().condition(Condition::new().and(Operator::Bool, "acs:MFAPresent", [] as [&str; 0])),
            "has no value",
        ),
    ] {
        only(&of(statement), Severity::Error, expected);
    }
    for (statement, expected) in [
        (
            Statement::allow().action("ecs:*").not_resource("*"),
            "`NotResource` is no longer",
        ),
        (
            condition(Operator::StringEquals, "acs:SourceIp", "10.0.0.1"),
            "use `IpAddress` or",
        ),
        (
            condition(Operator::StringEquals, "acs:CurrentTime", "x"),
            "use one of the Date operators",
        ),
        (
            condition(Operator::IpAddress, "acs:sourceIp", "10.0.0.1"),
            "write `acs:SourceIp`",
        ),
        (
            condition(Operator::StringEquals, "acs:ResourceTags/team", "x"),
            "write `acs:ResourceTag/`",
        ),
        (
            condition(Operator::StringEquals, "acs:Moon", "full"),
            "none of the common keys",
        ),
    ] {
        only(&of(statement), Severity::Warning, expected);
    }
    assert_eq!(
        of(condition(
            Operator::StringLike,
            "acs:ResourceTag/team",
            "x*"
        )),
        []
    );
    assert_eq!(of(condition(Operator::StringLike, "kms:Alias", "x*")), []);
}

#[test]
fn the_document_is_checked() {
    for (text, severity, expected) in [
        (
            r#"{"Version":"2","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            Severity::Error,
            "`Version` is `2`: write `1`",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            Severity::Error,
            "`Version` is missing",
        ),
        (
            r#"{"Version":"1","Statement":[]}"#,
            Severity::Error,
            "`Statement` is empty",
        ),
        (
            r#"{"Version":"1","Id":1,"Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            Severity::Warning,
            "the document has `Id`",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Sid":"x","Action":"*","Resource":"*"}]}"#,
            Severity::Warning,
            "statement 1: it has `Sid`",
        ),
    ] {
        only(
            &findings(
                &PolicyDocument::parse(text).unwrap(),
                DocumentKind::Identity,
            ),
            severity,
            expected,
        );
    }
}

#[test]
fn length_is_counted_in_characters_without_white_space() {
    let of_length = |length: usize| {
        let empty = PolicyDocument::new()
            .statement(Statement::allow().action("*").resource("acs:x:*:*:"))
            .to_string();
        let id = "名".repeat(length - empty.chars().count());
        PolicyDocument::new().statement(
            Statement::allow()
                .action("*")
                .resource(format!("acs:x:*:*:{id}")),
        )
    };
    for (kind, longest) in [
        (DocumentKind::Identity, 6144),
        (DocumentKind::Session, 2048),
    ] {
        assert_eq!(findings(&of_length(longest), kind), []);
        let text = format!(
            "has {} characters without white space, and {longest}",
            longest + 1
        );
        only(
            &findings(&of_length(longest + 1), kind),
            Severity::Error,
            &text,
        );
    }
}

#[test]
fn trust_policies_are_checked_as_such() {
    let trust = |statement: Statement| {
        findings(
            &PolicyDocument::new().statement(statement),
            DocumentKind::Trust,
        )
    };
    let assume = || Statement::allow().action("sts:AssumeRole");
    for good in [
        TrustedPrincipals::ram(["acs:ram::1:root", "acs:ram::1:user/a", "acs:ram::1:role/b"]),
        TrustedPrincipals::service("cs.aliyuncs.com"),
        TrustedPrincipals::federated("acs:ram::1:oidc-provider/ack-rrsa-c1"),
    ] {
        assert_eq!(trust(assume().principal(good)), []);
    }
    for (bad, expected) in [
        (TrustedPrincipals::ram("*"), "`RAM` of `Principal` has `*`"),
        (
            TrustedPrincipals::ram("acs:ram::1:group/x"),
            "`acs:ram::1:group/x`: write `acs:ram::<account>:root`",
        ),
        (
            TrustedPrincipals::service("cs"),
            "`Service` of `Principal` has `cs`: write the name of a service",
        ),
        (
            TrustedPrincipals::federated("acs:ram::1:user/x"),
            "`Federated` of `Principal` has",
        ),
        (
            TrustedPrincipals::ram([] as [&str; 0]),
            "`RAM` of `Principal` is empty",
        ),
        (
            TrustedPrincipals::service("cs.aliyuncs.com")
                .and(TrustedKind::Unknown("AWS".to_owned()), "x"),
            "`Principal` has `AWS`: write `RAM`, `Service` or `Federated`",
        ),
    ] {
        only(&trust(assume().principal(bad)), Severity::Error, expected);
    }
    only(&trust(assume()), Severity::Error, "it has no `Principal`");
    let root = || TrustedPrincipals::ram("acs:ram::1:root");
    only(
        &trust(assume().principal(root()).resource("*")),
        Severity::Warning,
        "names resources",
    );
    only(
        &trust(
            Statement::allow()
                .action("sts:GetCallerIdentity")
                .principal(root()),
        ),
        Severity::Warning,
        "which does not let anyone assume the role",
    );
}

#[test]
fn the_table_of_actions_is_sound() {
    let mut names: Vec<String> = KNOWN_ACTIONS
        .iter()
        .map(|a| a.name().to_lowercase())
        .collect();
    let count = |service: &str| {
        names
            .iter()
            .filter(|name| name.starts_with(service))
            .count()
    };
    assert_eq!(
        [count("ecs:"), count("hbr:"), count("ram:"), count("sts:")],
        [35, 31, 31, 4]
    );
    names.sort();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "every action once");
    for action in KNOWN_ACTIONS {
        for form in action.resources() {
            assert!(form.matches(&form.pattern()), "{}", form.template());
            let document = PolicyDocument::new().statement(
                Statement::allow()
                    .action(action.name())
                    .resource(form.pattern()),
            );
            let found = findings(&document, DocumentKind::Identity);
            assert!(
                found
                    .iter()
                    .all(|(severity, _)| *severity == Severity::Warning),
                "{found:?}"
            );
        }
    }
    let create = known_action("ECS:createsnapshot").unwrap();
    assert_eq!(create.origin(), Origin::Documented);
    assert!(create.resources().iter().all(ResourceForm::is_mandatory));
    assert!(create.resources()[0].matches("acs:ecs:cn-hangzhou:1:disk/d-1"));
    assert!(!create.resources()[0].matches("acs:ecs:cn-hangzhou:1:snapshot/s-1"));
}
