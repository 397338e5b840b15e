//! Tokens that clusters made for service accounts by themselves, before 1.24.

use serde_json::Value;

/// The letters of generated names (k8s.io/apimachinery, pkg/util/rand).
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
/// How many of them a generated name ends in.
const GENERATED: usize = 5;

pub(crate) const TOKEN: &str = "kubernetes.io/service-account-token";
pub(crate) const BOOTSTRAP_TOKEN: &str = "bootstrap.kubernetes.io/token";

/// Whether a Secret's name is one that the cluster made up for a token of `account`, or for the pull Secret
/// that OpenShift makes beside it. Nobody writes such a name, and in another cluster it is another one.
pub(crate) fn is_made_up(name: &str, account: &str) -> bool {
    let rest = name.strip_prefix(account).unwrap_or_default();
    let suffix = rest
        .strip_prefix("-token-")
        .or_else(|| rest.strip_prefix("-dockercfg-"));
    suffix.is_some_and(|suffix| {
        suffix.len() == GENERATED && suffix.bytes().all(|letter| LETTERS.contains(&letter))
    })
}

/// Whether a Secret holds a token that the cluster made by itself. What `kubectl apply` was given is
/// somebody's, whatever its name.
pub(crate) fn is_auto_made(secret: &Value) -> bool {
    let metadata = &secret["metadata"];
    let annotations = &metadata["annotations"];
    let is_token = secret["type"] == TOKEN;
    let is_pull_secret = !annotations["openshift.io/token-secret.name"].is_null();
    let account = annotations["kubernetes.io/service-account.name"].as_str();
    let applied = &annotations["kubectl.kubernetes.io/last-applied-configuration"];
    let name = metadata["name"].as_str().unwrap_or_default();
    (is_token || is_pull_secret)
        && applied.is_null()
        && account.is_some_and(|account| is_made_up(name, account))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_are_told_from_chosen_ones() {
        for (name, account, made_up) in [
            ("default-token-x7k2p", "default", true),
            ("builder-dockercfg-x7k2p", "builder", true),
            ("bot-token-ci", "bot", false),
            ("bot-token-stage", "bot", false),
            ("bot-token-x7k2p9", "bot", false),
            ("default-token-x7k2p", "bot", false),
            ("default-token-", "default", false),
        ] {
            assert_eq!(is_made_up(name, account), made_up, "{name}");
        }
    }
}
