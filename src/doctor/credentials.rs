//! What the component signs with, in the cluster.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;

use super::check::Check;
use crate::chain::chain;
use crate::clusters::Authorization;
use crate::component::{CREDENTIALS_SECRET, NAMESPACE, access_key};
use crate::grants::Requirements;

/// The Secret, where one is needed: there, with both keys, and usable.
pub(super) async fn secret(cluster: &kube::Client, wanted: &Requirements) -> Check {
    let name = format!("Secret {NAMESPACE}/{CREDENTIALS_SECRET}");
    let is_needed = wanted.policy().is_some();
    let found = Api::<Secret>::namespaced(cluster.clone(), NAMESPACE)
        .get_opt(CREDENTIALS_SECRET)
        .await;
    let grant = "grant: `onectl ram-user grant --addon migrate-controller`";
    match found {
        Err(error) => Check::unknown(name, chain(&error)),
        Ok(None) if is_needed => Check::fail(name, "it does not exist", grant),
        Ok(None) => Check::pass(
            name,
            "not needed: the role of managed clusters has the rights",
        ),
        Ok(Some(secret)) => match flaw(&secret) {
            Some(flaw) => Check::fail(name, flaw, grant),
            None if wanted.kind().profile().authorization == Authorization::ManagedRole
                && !is_needed =>
            {
                Check::pass(
                    name,
                    "it is there, and used in place of the role of managed clusters",
                )
            }
            None => Check::pass(name, "both keys are there"),
        },
    }
}

/// What is wrong with it.
fn flaw(secret: &Secret) -> Option<String> {
    access_key(secret).err().map(|error| chain(&error))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::ByteString;

    use super::*;
    use crate::component::{ACCESS_KEY_ID, ACCESS_KEY_SECRET};

    #[test]
    fn flaws_are_named_without_values() {
        let secret = |id: &str, value: &str| Secret {
            data: Some(BTreeMap::from([
                (ACCESS_KEY_ID.to_owned(), ByteString(id.into())),
                (ACCESS_KEY_SECRET.to_owned(), ByteString(value.into())),
            ])),
            ..Secret::default()
        };
        assert_eq!(flaw(&secret("LTAI", "hidden")), None);
        assert_eq!(flaw(&secret("LTAI\n", "hidden\n")), None);
        let empty = flaw(&secret("", "hidden")).unwrap();
        assert!(empty.contains("`access-key-id`: it is empty"), "{empty}");
        let broken = flaw(&secret("LTAI", "hid den")).unwrap();
        assert!(!broken.contains("hid den"), "{broken}");
        let missing = flaw(&Secret::default()).unwrap();
        assert!(
            missing.contains("find its entry `access-key-id`"),
            "{missing}"
        );
    }
}
