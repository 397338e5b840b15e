//! `Action` and `NotAction`.

use crate::document::{Statement, Values};
use crate::known::{KNOWN_ACTIONS, KnownAction, known_action, service};

use super::closest::closest;
use super::finding::Findings;

pub(super) fn check(statement: &Statement, findings: &mut Findings<'_>) {
    match (statement.actions(), statement.not_actions()) {
        (None, None) => findings.error(
            "it has neither `Action` nor `NotAction`: add `Action` with the actions it is about"
                .to_owned(),
        ),
        (Some(_), Some(_)) => findings.error(
            "it has both `Action` and `NotAction`: keep one, and put the other in a statement of \
             its own"
                .to_owned(),
        ),
        (Some(values), None) => check_values("Action", values, findings),
        (None, Some(values)) => check_values("NotAction", values, findings),
    }
}

fn check_values(member: &str, values: &Values, findings: &mut Findings<'_>) {
    if values.as_slice().is_empty() {
        findings.error(format!("`{member}` is empty: name at least one action"));
    }
    for action in values {
        if is_action(action) {
            check_name(member, action, findings);
        } else {
            findings.error(format!(
                "`{member}` has `{action}`, which is not an action: write `<service>:<Name>`, with \
                 `*` and `?` where needed, or `*` alone"
            ));
        }
    }
}

fn is_action(text: &str) -> bool {
    let word = |text: &str, also: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|char| char.is_ascii_alphanumeric() || also.contains(char))
    };
    text == "*"
        || text
            .split_once(':')
            .is_some_and(|(service, name)| word(service, "-*?") && word(name, "-_*?"))
}

fn check_name(member: &str, action: &str, findings: &mut Findings<'_>) {
    if action.contains(['*', '?']) {
        return;
    }
    if let Some(known) = known_action(action) {
        if known.name() != action {
            findings.note(format!(
                "`{member}` has `{action}`, which the API spells `{}`: it is the same action, since \
                 case does not count",
                known.name()
            ));
        }
        return;
    }
    let service = service(action);
    let names = KNOWN_ACTIONS.iter().map(KnownAction::name).filter(|name| {
        name.split(':')
            .next()
            .is_some_and(|s| s.eq_ignore_ascii_case(service))
    });
    if let Some(meant) = closest(action, names) {
        findings.warning(format!(
            "`{member}` has `{action}`, and no action of that name is known: write `{meant}`, if \
             that is meant"
        ));
    }
}
