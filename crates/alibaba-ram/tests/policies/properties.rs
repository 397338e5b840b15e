//! Properties: the evaluator against the reference, and documents that come back as they were.

use alibaba_ram::{
    PolicyDocument, Request, Statement, Values, action_matches, evaluate, resource_matches,
};
use proptest::prelude::*;

use crate::reference;

fn action_pattern() -> impl Strategy<Value = String> {
    "(\\*|(e|o|E|\\*|\\?):(A|a|b|\\*|\\?){0,4})"
}

fn action() -> impl Strategy<Value = String> {
    "(e|o):(A|a|B|b){0,4}"
}

fn resource_pattern() -> impl Strategy<Value = String> {
    "(\\*|acs:\\*|acs:(e|o|\\*):(r|s|\\*|):(1|2|\\*|):(x|/|:|y|\\*|\\?|é){0,5})"
}

fn resource() -> impl Strategy<Value = String> {
    "(\\*|acs:(e|o):(r|s|\\*|):(1|2|):(x|/|:|y|é){0,5})"
}

fn values(one: impl Strategy<Value = String> + Clone) -> impl Strategy<Value = Values> {
    prop_oneof![
        one.clone().prop_map(Values::One),
        prop::collection::vec(one, 0..4).prop_map(Values::Many),
    ]
}

fn statement() -> impl Strategy<Value = Statement> {
    let actions = values(action_pattern().boxed());
    let resources = values(resource_pattern().boxed());
    (
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        actions,
        resources,
    )
        .prop_map(|(allows, but_actions, but_resources, actions, resources)| {
            let statement = if allows {
                Statement::allow()
            } else {
                Statement::deny()
            };
            let statement = if but_actions {
                statement.not_action(actions)
            } else {
                statement.action(actions)
            };
            if but_resources {
                statement.not_resource(resources)
            } else {
                statement.resource(resources)
            }
        })
}

pub(crate) fn document() -> impl Strategy<Value = PolicyDocument> {
    prop::collection::vec(statement(), 0..4).prop_map(|statements| {
        statements
            .into_iter()
            .fold(PolicyDocument::new(), PolicyDocument::statement)
    })
}

proptest! {
    #[test]
    fn wildcards_match_as_the_obvious_ones_do(
        (pattern, resource) in (resource_pattern(), resource()),
        (actions, action) in (action_pattern(), action()),
    ) {
        prop_assert_eq!(
            resource_matches(&pattern, &resource),
            reference::resource_matches(&pattern, &resource)
        );
        prop_assert_eq!(action_matches(&actions, &action), reference::action_matches(&actions, &action));
    }

    #[test]
    fn runs_of_wildcards_match_as_the_obvious_ones_do(
        pattern in "(a|b|é|\\*|\\?){0,9}", text in "(a|b|é){0,9}",
    ) {
        prop_assert_eq!(resource_matches(&pattern, &text), reference::text_matches(&pattern, &text));
    }

    #[test]
    fn decisions_are_those_of_the_reference(
        documents in prop::collection::vec(document(), 0..3),
        action in action(),
        resource in resource(),
    ) {
        let json: Vec<_> = documents
            .iter()
            .map(|document| serde_json::to_value(document).unwrap())
            .collect();
        let decision = evaluate(&documents, &Request::new(&*action, &*resource));
        prop_assert_eq!(
            decision.verdict().to_string(),
            reference::verdict(&json, &action, &resource),
            "{}", decision
        );
    }

    #[test]
    fn a_document_printed_and_read_is_itself(document in document()) {
        let text = document.to_string();
        let back = PolicyDocument::parse(&text).unwrap();
        prop_assert_eq!(&back, &document);
        prop_assert_eq!(back.to_string(), text);
        prop_assert_eq!(PolicyDocument::parse(&document.to_pretty_string()).unwrap(), document);
    }

    #[test]
    fn taking_an_allowance_away_never_allows_more(
        document in document(), action in action(), resource in resource(),
    ) {
        let request = Request::new(action, resource);
        let whole = evaluate([&document], &request);
        for left_out in 0..document.statements().len() {
            let less = document
                .statements()
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != left_out)
                .fold(PolicyDocument::new(), |less, (_, kept)| less.statement(kept.clone()));
            let allows = document.statements()[left_out].effect() == alibaba_ram::Effect::Allow;
            let rest = evaluate([&less], &request);
            if allows {
                prop_assert!(whole.is_allowed() || !rest.is_allowed());
            } else {
                prop_assert!(rest.is_allowed() || !whole.is_allowed());
            }
        }
    }
}
