//! `Condition`.

use crate::document::{Condition, Operator, Statement};
use crate::evaluate::is_comparable;
use crate::request::keys;

use super::closest::closest;
use super::finding::Findings;

const COMMON_KEYS: [&str; 11] = [
    keys::CURRENT_TIME,
    keys::SECURE_TRANSPORT,
    keys::SOURCE_IP,
    keys::MFA_PRESENT,
    keys::PRINCIPAL_ARN,
    keys::ECS_IS_DISK_ENCRYPTED,
    keys::ECS_IS_DISK_BYOK_ENCRYPTED,
    keys::ECS_INSTANCE_TYPE,
    keys::OIDC_ISSUER,
    keys::OIDC_AUDIENCE,
    keys::OIDC_SUBJECT,
];

const TAG_KEYS: [&str; 3] = [keys::REQUEST_TAG, keys::RESOURCE_TAG, keys::ECS_TAG];

pub(super) fn check(statement: &Statement, findings: &mut Findings<'_>) {
    for (operator, key, values) in statement.conditions().into_iter().flat_map(Condition::iter) {
        if let Operator::Unknown(name) = operator {
            findings.error(
                match closest(name, Operator::ALL.iter().map(Operator::name)) {
                    Some(meant) => {
                        format!("`Condition` has `{name}`, which is no operator: write `{meant}`")
                    }
                    None => format!(
                        "`Condition` has `{name}`, which is no operator: use one of the String, \
                     Numeric, Date, Bool and IpAddress operators"
                    ),
                },
            );
            continue;
        }
        check_key(operator, key, findings);
        if values.as_slice().is_empty() {
            findings.error(format!("`{operator}` of `{key}` has no value: add one"));
        }
        for value in values
            .iter()
            .filter(|value| !is_comparable(operator, value))
        {
            findings.error(format!(
                "`{operator}` of `{key}` has `{value}`: write {}",
                form_of(operator)
            ));
        }
    }
}

fn check_key(operator: &Operator, key: &str, findings: &mut Findings<'_>) {
    let is_tag = TAG_KEYS.iter().any(|tag| key.starts_with(tag));
    if !is_tag && !COMMON_KEYS.contains(&key) {
        let prefix = key.find('/').map_or(key, |end| &key[..=end]);
        let meant = closest(prefix, COMMON_KEYS.into_iter().chain(TAG_KEYS));
        if let Some(meant) = meant {
            findings.warning(format!(
                "`{operator}` asks for `{key}`, which no call has: write `{meant}`, if that is meant"
            ));
        } else if key.starts_with("acs:") {
            findings.warning(format!(
                "`{operator}` asks for `{key}`, which is none of the common keys: check its name"
            ));
        }
        return;
    }
    let fitting: &[&str] = match key {
        keys::CURRENT_TIME => &["Date"],
        keys::SECURE_TRANSPORT | keys::MFA_PRESENT => &["Bool"],
        keys::SOURCE_IP => &["IpAddress", "NotIpAddress"],
        keys::ECS_IS_DISK_ENCRYPTED | keys::ECS_IS_DISK_BYOK_ENCRYPTED => &["Bool", "String"],
        _ => &["String"],
    };
    if !fitting
        .iter()
        .any(|family| operator.name().starts_with(family))
    {
        findings.warning(format!(
            "`{operator}` compares `{key}`, which is not of its kind: use {}",
            match fitting[0] {
                "IpAddress" => "`IpAddress` or `NotIpAddress`".to_owned(),
                "Bool" => "`Bool`".to_owned(),
                family => format!("one of the {family} operators"),
            }
        ));
    }
}

fn form_of(operator: &Operator) -> &'static str {
    match operator.name() {
        name if name.starts_with("Numeric") => "a number, such as `10`",
        name if name.starts_with("Date") => "a time, such as `2026-01-15T08:30:00Z`",
        "Bool" => "`true` or `false`",
        _ => "an address or a block, such as `192.0.2.7` or `10.0.0.0/8`",
    }
}
