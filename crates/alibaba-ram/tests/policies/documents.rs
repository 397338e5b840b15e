//! Documents, read and printed.

use std::error::Error;

use alibaba_ram::{Effect, PolicyDocument, Statement, TrustedKind};

use crate::page;

#[test]
fn the_page_comes_back_as_it_was_read() {
    for text in [page::ALL_BUCKETS, page::ONE_BUCKET] {
        let document = PolicyDocument::parse(text).unwrap();
        assert_eq!(document.to_pretty_string(), text.trim_end());
    }
    assert_eq!(page::all_buckets().to_string().len(), 920);
    assert_eq!(page::one_bucket().to_string().len(), 968);
}

#[test]
fn order_spelling_and_what_is_not_known_are_kept() {
    for text in [
        r#"{"Statement":[],"Version":"1"}"#,
        r#"{"Version":"1","Statement":[{"Resource":["*"],"Effect":"Deny","NotAction":"ecs:*"}],"Note":{"b": [1,  2.50],"a":null}}"#,
        r#"{"Version":"1","Statement":[{"Sid":"x","Effect":"Allow","Action":"a:B","Resource":"*","Condition":{"Later":{"acs:X":"1"},"Bool":{"acs:SecureTransport":["true"]}}}]}"#,
        r#"{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Federated":["acs:ram::1:oidc-provider/x"],"Else":"y","RAM":"acs:ram::1:root"}}],"Version":"1"}"#,
    ] {
        let document = PolicyDocument::parse(text).unwrap();
        assert_eq!(document.to_string(), text);
        let through_a_value: PolicyDocument =
            serde_json::from_str(&serde_json::to_string(&document).unwrap()).unwrap();
        assert_eq!(through_a_value, document);
    }
}

#[test]
fn what_is_not_known_can_be_asked_for() {
    let document = PolicyDocument::parse(
        r#"{"Version":"1","Hash":"x","Statement":[{"Effect":"Allow","Sid":7,"Principal":{"Else":"y"}}]}"#,
    )
    .unwrap();
    assert_eq!(document.version(), Some("1"));
    assert_eq!(
        document.unknown_members().collect::<Vec<_>>(),
        [("Hash", "\"x\"")]
    );
    let statement = &document.statements()[0];
    assert_eq!(statement.effect(), Effect::Allow);
    assert_eq!(
        statement.unknown_members().collect::<Vec<_>>(),
        [("Sid", "7")]
    );
    let (kind, _) = statement.principals().unwrap().iter().next().unwrap();
    assert_eq!(kind, &TrustedKind::Unknown("Else".to_owned()));
}

#[test]
fn a_refusal_names_the_statement_the_value_and_the_remedy() {
    for (text, expected) in [
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow"},{"Effect":"allow"}]}"#,
            "statement 2: `Effect` is `allow`: write `Allow` or `Deny`",
        ),
        (
            r#"{"Version":"1","Statement":[{"Action":"*"}]}"#,
            "statement 1: `Effect` is missing",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Deny","Effect":"Allow"}]}"#,
            "statement 1: `Effect` appears twice in a statement",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":[1]}]}"#,
            "statement 1: `Action`: a string, or a list of strings, is expected here",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Condition":{"Bool":{"acs:MFAPresent":true}}}]}"#,
            "statement 1: `Condition`: a string, or a list of strings, is expected here",
        ),
        (
            r#"{"Version":"1","Statement":{"Effect":"Allow"}}"#,
            "`Statement`: a list",
        ),
        (r#"{"Version":1,"Statement":[]}"#, "`Version`"),
        (r#"{"Version":"1"}"#, "`Statement` is missing"),
        ("[]", "the document: a JSON object"),
        ("{", "EOF"),
        (r#"{"Version":"1","Statement":[]} trailing"#, "trailing"),
    ] {
        let error = PolicyDocument::parse(text).unwrap_err();
        let cause = error.source().unwrap().to_string();
        assert!(cause.contains(expected), "{text}: {cause}");
        let placed = cause.contains("at line 1 column");
        assert_eq!(
            placed,
            !text.contains(r#""1"}"#),
            "what is not there has no place: {cause}"
        );
        assert_eq!(error.line(), placed.then_some(1));
    }
}

#[test]
fn a_member_set_twice_is_replaced_where_it_stands() {
    let statement = Statement::deny()
        .action("a:B")
        .resource("*")
        .action(["c:D"]);
    let document = PolicyDocument::new().statement(statement);
    assert_eq!(
        document.to_string(),
        r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":["c:D"],"Resource":"*"}]}"#
    );
}
