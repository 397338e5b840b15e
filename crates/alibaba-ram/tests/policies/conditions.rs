//! Every operator and key of conditions.

use alibaba_ram::{
    Condition, Context, Operator, PolicyDocument, Principal, Request, Resource, Statement, Values,
    evaluate,
};

const DISK: &str = "acs:ecs:cn-hangzhou:1:disk/d-1";

/// Whether a statement with this condition applies to a call with these facts.
fn holds(operator: Operator, listed: impl Into<Values>, context: Context) -> bool {
    let (operator, listed) = (operator, listed.into());
    let condition = Condition::new().and(operator.clone(), "k", listed);
    let request = Request::new("ecs:DescribeDisks", DISK).context(context);
    let statement = Statement::allow()
        .action("*")
        .resource("*")
        .condition(condition.clone());
    let allowed = evaluate([&PolicyDocument::new().statement(statement)], &request).is_allowed();
    let everything = Statement::allow().action("*").resource("*");
    let but = Statement::deny()
        .action("*")
        .resource("*")
        .condition(condition);
    let document = PolicyDocument::new().statement(everything).statement(but);
    let denied = !evaluate([&document], &request).is_allowed();
    assert_eq!(
        allowed, denied,
        "{operator}: an Allow and a Deny see it alike"
    );
    allowed
}

fn fact(value: &str) -> Context {
    Context::new().with("k", value)
}

#[test]
fn strings() {
    use Operator::*;
    for (operator, listed, value, expected) in [
        (StringEquals, "a", "a", true),
        (StringEquals, "a", "A", false),
        (StringEquals, "a*", "ab", false),
        (StringNotEquals, "a", "b", true),
        (StringNotEquals, "a", "a", false),
        (StringEqualsIgnoreCase, "ä", "Ä", true),
        (StringNotEqualsIgnoreCase, "a", "A", false),
        (StringLike, "a*c?", "abbcd", true),
        (StringLike, "A*", "ab", false),
        (StringNotLike, "a*", "ab", false),
        (StringNotLike, "a*", "b", true),
    ] {
        assert_eq!(
            holds(operator.clone(), listed, fact(value)),
            expected,
            "{operator} {listed} {value}"
        );
    }
}

#[test]
fn numbers() {
    use Operator::*;
    for (operator, listed, value, expected) in [
        (NumericEquals, "10", "10.0", true),
        (NumericEquals, "9999999999999999", "9999999999999998", false),
        (NumericNotEquals, "10", "11", true),
        (NumericLessThan, "10", "9", true),
        (NumericLessThan, "10", "10", false),
        (NumericLessThanEquals, "10", "10", true),
        (NumericGreaterThan, "10", "10.5", true),
        (NumericGreaterThan, "10", "9", false),
        (NumericGreaterThanEquals, "10", "10", true),
        (NumericGreaterThanEquals, "-1", "-2", false),
    ] {
        assert_eq!(
            holds(operator.clone(), listed, fact(value)),
            expected,
            "{operator} {listed} {value}"
        );
    }
}

#[test]
fn dates() {
    use Operator::*;
    for (operator, listed, value, expected) in [
        (
            DateEquals,
            "2026-01-15T08:30:00Z",
            "2026-01-15T16:30:00+08:00",
            true,
        ),
        (
            DateEquals,
            "2026-01-15T08:30Z",
            "2026-01-15T08:30:00Z",
            true,
        ),
        (
            DateEquals,
            "2026-01-15T16:30+08:00",
            "2026-01-15T08:30:00Z",
            true,
        ),
        (
            DateNotEquals,
            "2026-01-15T08:30:00Z",
            "2026-01-15T08:30:01Z",
            true,
        ),
        (
            DateLessThan,
            "2026-01-15T08:30:00Z",
            "2026-01-15T08:29:59Z",
            true,
        ),
        (
            DateLessThan,
            "2026-01-15T08:30:00Z",
            "2026-01-15T08:30:00Z",
            false,
        ),
        (
            DateLessThanEquals,
            "2026-01-15T08:30:00Z",
            "2026-01-15T08:30:00Z",
            true,
        ),
        (
            DateGreaterThan,
            "2026-01-15T08:30:00Z",
            "2026-01-15T08:30:01Z",
            true,
        ),
        (
            DateGreaterThan,
            "2026-01-15T08:30:00Z",
            "2026-01-15T08:30:00Z",
            false,
        ),
        (
            DateGreaterThanEquals,
            "2026-01-15T08:30:00Z",
            "2026-01-15T08:30:00Z",
            true,
        ),
    ] {
        assert_eq!(
            holds(operator.clone(), listed, fact(value)),
            expected,
            "{operator} {listed} {value}"
        );
    }
}

#[test]
fn booleans_and_addresses() {
    use Operator::*;
    for (operator, listed, value, expected) in [
        (Bool, "true", "True", true),
        (Bool, "true", "false", false),
        (IpAddress, "10.0.0.0/8", "10.255.0.1", true),
        (IpAddress, "10.0.0.0/8", "11.0.0.1", false),
        (IpAddress, "192.0.2.7", "192.0.2.7", true),
        (IpAddress, "192.0.2.7", "192.0.2.8", false),
        (IpAddress, "192.0.2.7", "::ffff:192.0.2.7", true),
        (IpAddress, "2001:db8::/32", "2001:db8::1", true),
        (IpAddress, "2001:db8::/32", "10.0.0.1", false),
        (NotIpAddress, "10.0.0.0/8", "11.0.0.1", true),
        (NotIpAddress, "10.0.0.0/8", "10.0.0.1", false),
    ] {
        assert_eq!(
            holds(operator.clone(), listed, fact(value)),
            expected,
            "{operator} {listed} {value}"
        );
    }
}

#[test]
fn any_value_will_do_and_none_must_be_equal() {
    use Operator::*;
    assert!(holds(StringEquals, ["a", "b"], fact("b")));
    assert!(!holds(StringNotEquals, ["a", "b"], fact("b")));
    assert!(holds(StringNotEquals, ["a", "b"], fact("c")));
    let several = || fact("x").with("k", "b");
    assert!(holds(StringEquals, ["a", "b"], several()));
    assert!(!holds(StringNotEquals, ["a", "b"], several()));
    assert!(holds(
        NotIpAddress,
        ["10.0.0.0/8", "192.0.2.0/24"],
        fact("198.51.100.1")
    ));
}

#[test]
fn a_key_the_call_does_not_have_fails_positive_operators_and_holds_negative_ones() {
    for operator in Operator::ALL {
        let negative = operator.name().contains("Not");
        let listed = match operator.name() {
            name if name.starts_with("Numeric") => "1",
            name if name.starts_with("Date") => "2026-01-15T08:30:00Z",
            "Bool" => "true",
            name if name.ends_with("IpAddress") => "10.0.0.1",
            _ => "x",
        };
        assert_eq!(
            holds(operator.clone(), listed, Context::new()),
            negative,
            "{operator}"
        );
    }
}

#[test]
fn what_cannot_be_compared_never_widens_what_is_allowed() {
    let everything = || Statement::allow().action("*").resource("*");
    for (operator, listed, value) in [
        (
            Operator::Unknown("ForAllValues:StringLike".to_owned()),
            "x",
            "x",
        ),
        (Operator::NumericNotEquals, "ten", "10"),
        (Operator::NumericLessThan, "10", "few"),
        (Operator::NumericEquals, "inf", "inf"),
        (
            Operator::DateGreaterThan,
            "yesterday",
            "2026-01-15T08:30:00Z",
        ),
        (Operator::Bool, "yes", "true"),
        (Operator::NotIpAddress, "10.0.0.0/33", "10.0.0.1"),
        (Operator::IpAddress, "10.0.0.0/8", "localhost"),
    ] {
        let condition = Condition::new().and(operator.clone(), "k", listed);
        let request = Request::new("a:B", "*").context(fact(value));
        let only_then = PolicyDocument::new().statement(everything().condition(condition.clone()));
        assert!(!evaluate([&only_then], &request).is_allowed(), "{operator}");
        let not_then = PolicyDocument::new().statement(everything()).statement(
            Statement::deny()
                .action("*")
                .resource("*")
                .condition(condition),
        );
        assert!(!evaluate([&not_then], &request).is_allowed(), "{operator}");
    }
}

#[test]
fn keys_and_operators_must_all_hold() {
    let condition = Condition::new()
        .and(Operator::StringEquals, "a", "1")
        .and(Operator::StringEquals, "b", "2")
        .and(Operator::Bool, "c", "true");
    let policy = PolicyDocument::new().statement(
        Statement::allow()
            .action("*")
            .resource("*")
            .condition(condition),
    );
    let all = Context::new()
        .with("a", "1")
        .with("b", "2")
        .with("c", "true");
    let call = |context: Context| Request::new("a:B", "*").context(context);
    assert!(evaluate([&policy], &call(all.clone())).is_allowed());
    for missing in ["a", "b", "c"] {
        let mut context = Context::new();
        for key in ["a", "b", "c"].iter().filter(|key| **key != missing) {
            for value in all.values(key) {
                context = context.with(*key, value);
            }
        }
        let decision = evaluate([&policy], &call(context));
        assert!(
            decision.explain().contains(&format!("`{missing}`")),
            "{decision}"
        );
    }
}

#[test]
fn facts_come_from_the_caller_the_call_and_the_resource() {
    let alice = "acs:ram::1:user/alice";
    let time = "2026-01-15T08:30:00Z".parse().unwrap();
    let request = Request::new(
        "ecs:CreateSnapshot",
        Resource::new(DISK).tag("team", "shop"),
    )
    .principal(Principal::ram(alice))
    .context(
        Context::new()
            .source_ip([192, 0, 2, 7])
            .current_time(time)
            .secure_transport(true)
            .mfa_present(false)
            .request_tag("from", "nightly")
            .with("ecs:IsDiskEncrypted", "true"),
    );
    for (operator, key, value) in [
        (Operator::IpAddress, "acs:SourceIp", "192.0.2.0/24"),
        (
            Operator::DateLessThan,
            "acs:CurrentTime",
            "2026-01-15T08:30:01Z",
        ),
        (Operator::Bool, "acs:SecureTransport", "true"),
        (Operator::Bool, "acs:MFAPresent", "false"),
        (Operator::StringEquals, "acs:PrincipalARN", alice),
        (Operator::StringEquals, "acs:RequestTag/from", "nightly"),
        (Operator::StringEquals, "acs:ResourceTag/team", "shop"),
        (Operator::StringEquals, "ecs:tag/team", "shop"),
        (Operator::StringEquals, "ecs:tag/from", "nightly"),
        (Operator::Bool, "ecs:IsDiskEncrypted", "true"),
    ] {
        let allow = |request: &Request, value: &str| {
            let condition = Condition::new().and(operator.clone(), key, value);
            let statement = Statement::allow()
                .action("*")
                .resource("*")
                .condition(condition);
            evaluate([&PolicyDocument::new().statement(statement)], request).is_allowed()
        };
        assert!(allow(&request, value), "{key}");
        assert!(
            !allow(&Request::new("ecs:CreateSnapshot", DISK), value),
            "{key} absent"
        );
    }
}

#[test]
fn a_tag_belongs_to_its_resource() {
    let condition = Condition::new().and(Operator::StringEquals, "acs:ResourceTag/team", "shop");
    let policy = PolicyDocument::new().statement(
        Statement::allow()
            .action("ecs:*")
            .resource("*")
            .condition(condition),
    );
    let tagged = Resource::new(DISK).tag("team", "shop");
    let other = Resource::new("acs:ecs:cn-hangzhou:1:disk/d-2").tag("team", "other");
    assert!(evaluate([&policy], &Request::new("ecs:DeleteDisk", tagged.clone())).is_allowed());
    let both = Request::new("ecs:DeleteDisk", tagged).and_resource(other.clone());
    assert_eq!(evaluate([&policy], &both).resource(), other.arn());
}
