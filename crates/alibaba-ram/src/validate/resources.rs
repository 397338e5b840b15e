//! `Resource` and `NotResource`.

use crate::compare::{TooComplex, overlap};
use crate::document::{Effect, PolicyDocument, Statement, Values};
use crate::evaluate::covers_action;
use crate::known::{KNOWN_ACTIONS, KnownAction, ResourceForm};
use crate::pattern::{action_matches, arn_fields};

use super::finding::Findings;

pub(super) fn check(document: &PolicyDocument, statement: &Statement, findings: &mut Findings<'_>) {
    match (statement.resources(), statement.not_resources()) {
        (None, None) => findings.error(
            "it has neither `Resource` nor `NotResource`: add `Resource`, with `*` for all"
                .to_owned(),
        ),
        (Some(_), Some(_)) => findings.error(
            "it has both `Resource` and `NotResource`: keep one, and put the other in a statement \
             of its own"
                .to_owned(),
        ),
        (Some(values), None) => {
            if check_forms("Resource", values, findings) {
                check_use(document, statement, values, findings);
            }
        }
        (None, Some(values)) => {
            findings.warning(
                "`NotResource` is no longer in the documented grammar: list what is meant under \
                 `Resource`, or deny the rest in a statement of its own"
                    .to_owned(),
            );
            check_forms("NotResource", values, findings);
        }
    }
}

/// Whether all of them are well formed.
fn check_forms(member: &str, values: &Values, findings: &mut Findings<'_>) -> bool {
    if values.as_slice().is_empty() {
        findings.error(format!("`{member}` is empty: name at least one resource"));
    }
    let mut well_formed = !values.as_slice().is_empty();
    for resource in values {
        let is_arn = arn_fields(resource).is_some_and(|[acs, service, _, _, id]| {
            acs == "acs" && !service.is_empty() && !id.is_empty()
        });
        if resource != "*" && !is_arn {
            well_formed = false;
            findings.error(format!(
                "`{member}` has `{resource}`, which is not a resource: write \
                 `acs:<service>:<region>:<account>:<relative id>`, or `*` alone"
            ));
        }
    }
    well_formed
}

/// Whether the known actions of a statement can be about its resources.
fn check_use(
    document: &PolicyDocument,
    statement: &Statement,
    resources: &Values,
    findings: &mut Findings<'_>,
) {
    if resources.iter().any(|resource| resource == "*") {
        return;
    }
    let mut unscoped: Vec<&str> = Vec::new();
    let mut needs: Vec<(&ResourceForm, Vec<&str>)> = Vec::new();
    for action in named_actions(statement) {
        if action.resources().is_empty() {
            unscoped.push(action.name());
        } else if statement.effect() == Effect::Allow {
            // Patterns too complex to compare give no finding: nothing is known to be wrong with them.
            for form in lacking(document, action).unwrap_or_default() {
                match needs.iter_mut().find(|(known, _)| *known == form) {
                    Some((_, actions)) => actions.push(action.name()),
                    None => needs.push((form, vec![action.name()])),
                }
            }
        }
    }
    let listed = &resources.as_slice()[0];
    if !unscoped.is_empty() {
        let verb = match statement.effect() {
            Effect::Allow => "allows",
            Effect::Deny => "denies",
        };
        findings.warning(format!(
            "{} {} not scoped to resources, so that `{listed}` {verb} nothing: use a statement \
             with `\"Resource\": \"*\"`",
            names(&unscoped),
            is_or_are(&unscoped),
        ));
    }
    for (form, actions) in needs {
        findings.warning(missing_form(&actions, form, listed));
    }
}

/// The actions of the table that the statement names.
///
/// Of a pattern those that show whether its resources can be meant: one, if none of its actions
/// takes resources; of OSS one about buckets and one about objects.
fn named_actions(statement: &Statement) -> Vec<&'static KnownAction> {
    let mut all: Vec<&KnownAction> = Vec::new();
    for pattern in statement.actions().into_iter().flatten() {
        let covered = || {
            KNOWN_ACTIONS
                .iter()
                .filter(|action| action_matches(pattern, action.name()))
        };
        if !pattern.contains(['*', '?']) || covered().all(|action| action.resources().is_empty()) {
            all.extend(covered().next());
        } else if pattern.starts_with("oss:") {
            let mut forms: Vec<&[ResourceForm]> = Vec::new();
            for action in covered() {
                if !forms.contains(&action.resources()) {
                    forms.push(action.resources());
                    all.push(action);
                }
            }
        }
    }
    all
}

/// The forms of resource that an action needs and no statement of the document allows it on.
///
/// Of forms of which none is needed by itself, all are lacking if all are.
fn lacking(
    document: &PolicyDocument,
    action: &KnownAction,
) -> Result<Vec<&'static ResourceForm>, TooComplex> {
    let allowed: Vec<&str> = document
        .statements()
        .iter()
        .filter(|statement| statement.effect() == Effect::Allow)
        .filter(|statement| covers_action(statement, action.name()))
        .filter_map(Statement::resources)
        .flatten()
        .map(String::as_str)
        .collect();
    let mut lacking = Vec::new();
    for form in action.resources() {
        let mut covered = false;
        for resource in &allowed {
            covered = covered || may_be(resource, form)?;
        }
        if !covered {
            lacking.push(form);
        }
    }
    if lacking.len() < action.resources().len() {
        lacking.retain(|form| form.is_mandatory());
    }
    Ok(lacking)
}

/// Whether something that the resource of a statement matches is of a form.
fn may_be(resource: &str, form: &ResourceForm) -> Result<bool, TooComplex> {
    let in_a_bucket = arn_fields(resource).is_some_and(|[_, _, _, _, id]| id.contains('/'));
    let is_bucket = form.template().ends_with(":{bucket}");
    Ok(!(is_bucket && in_a_bucket) && overlap(resource, &form.pattern())?)
}

fn missing_form(actions: &[&str], form: &ResourceForm, listed: &str) -> String {
    let (names, are, template) = (names(actions), is_or_are(actions), form.template());
    match arn_fields(listed) {
        Some([_, "oss", region, account, bucket]) if template.ends_with("{bucket}/{key}") => {
            format!(
                "{names} {are} about objects, and `{listed}` is the bucket alone: add \
                 `acs:oss:{region}:{account}:{}/*`",
                bucket.trim_end_matches('/')
            )
        }
        Some([_, "oss", region, account, object]) if template.ends_with(":{bucket}") => format!(
            "{names} {are} about the bucket itself, and `{listed}` is what is in it: add \
             `acs:oss:{region}:{account}:{}`",
            object.split('/').next().unwrap_or(object)
        ),
        _ => format!(
            "{names} {are} about resources of the form `{template}`, and `{listed}` is of another: \
             add `{}`, or one of them",
            form.pattern()
        ),
    }
}

fn names(actions: &[&str]) -> String {
    let quoted: Vec<String> = actions.iter().map(|action| format!("`{action}`")).collect();
    quoted.join(", ")
}

fn is_or_are(actions: &[&str]) -> &'static str {
    if actions.len() == 1 { "is" } else { "are" }
}
