//! Policies of RAM.

use alibaba_ram::{
    Condition, Context, DocumentKind, Effect, Operator, PolicyDocument, Principal, Request, Values,
    evaluate, evaluate_trust,
};

/// A policy document: what is read and printed is the same JSON, and comes back as itself; it can
/// be checked, and decided by.
pub fn ram_policy(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else {
        return;
    };
    let Ok(document) = PolicyDocument::parse(text) else {
        return;
    };
    let printed = document.to_string();
    let again = PolicyDocument::parse(&printed).expect("what was printed can be read");
    assert_eq!(again, document);
    assert_eq!(again.to_string(), printed);
    let indented = document.to_pretty_string();
    assert_eq!(
        PolicyDocument::parse(&indented).ok().as_ref(),
        Some(&document)
    );
    let json = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    assert_eq!(json(&printed), json(text), "nothing is lost or added");

    for kind in [
        DocumentKind::Identity,
        DocumentKind::Session,
        DocumentKind::Trust,
    ] {
        for finding in document.validate(kind) {
            assert!(!finding.to_string().is_empty());
        }
    }
    decide(&document);
}

/// Decides on calls that the document names itself.
fn decide(document: &PolicyDocument) {
    let known = document.statements().iter().filter_map(|statement| {
        let named =
            |values: Option<&Values>| values.and_then(|values| values.as_slice().first().cloned());
        let action = named(statement.actions().or(statement.not_actions()));
        action.zip(named(statement.resources()).or(Some("*".to_owned())))
    });
    for (action, resource) in known.take(4) {
        let mut context = Context::new();
        for statement in document.statements() {
            for (operator, key, values) in
                statement.conditions().into_iter().flat_map(Condition::iter)
            {
                if let (false, Some(value)) = (
                    matches!(operator, Operator::Unknown(_)),
                    values.iter().next(),
                ) {
                    context = context.with(key, value);
                }
            }
        }
        let request = Request::new(action, resource)
            .principal(Principal::ram("acs:ram::1:user/a"))
            .context(context);
        for decision in [
            evaluate([document], &request),
            evaluate_trust(document, &request),
        ] {
            assert_eq!(
                decision.is_allowed(),
                decision
                    .statement()
                    .is_some_and(|statement| { statement.effect() == Effect::Allow })
            );
            assert!(decision.explain().starts_with('`'));
        }
    }
}
