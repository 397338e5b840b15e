//! `Principal`.

use crate::document::{Statement, TrustedKind};
use crate::pattern::arn_fields;

use super::finding::Findings;

pub(super) fn check_absent(statement: &Statement, findings: &mut Findings<'_>) {
    if statement.principals().is_some() {
        findings.error(
            "it has `Principal`, which only trust policies have: remove it, the policy applies to \
             whoever it is attached to"
                .to_owned(),
        );
    }
}

pub(super) fn check_present(statement: &Statement, findings: &mut Findings<'_>) {
    let Some(principals) = statement.principals() else {
        findings.error(
            "it has no `Principal`: name who may assume the role, under `RAM`, `Service` or \
             `Federated`"
                .to_owned(),
        );
        return;
    };
    for (kind, values) in principals.iter() {
        if let TrustedKind::Unknown(name) = kind {
            findings.error(format!(
                "`Principal` has `{name}`: write `RAM`, `Service` or `Federated`"
            ));
            continue;
        }
        if values.as_slice().is_empty() {
            findings.error(format!(
                "`{}` of `Principal` is empty: name one",
                kind.name()
            ));
        }
        for value in values {
            check_value(kind, value, findings);
        }
    }
}

fn check_value(kind: &TrustedKind, value: &str, findings: &mut Findings<'_>) {
    let id = match arn_fields(value) {
        Some(["acs", "ram", _, account, id]) if !account.is_empty() => id,
        _ => "",
    };
    let (fits, remedy) = match kind {
        TrustedKind::Service => (
            value.contains('.') && !value.contains([':', '*', '/', ' ']),
            "the name of a service, such as `cs.aliyuncs.com`",
        ),
        TrustedKind::Federated => (
            id.starts_with("oidc-provider/") || id.starts_with("saml-provider/"),
            "`acs:ram::<account>:oidc-provider/<name>`",
        ),
        _ => (
            (id == "root" || id.starts_with("user/") || id.starts_with("role/"))
                && !value.contains('*'),
            "`acs:ram::<account>:root`, or `user/<name>` or `role/<name>` of an account",
        ),
    };
    if !fits {
        let kind = kind.name();
        findings.error(format!(
            "`{kind}` of `Principal` has `{value}`: write {remedy}"
        ));
    }
}
