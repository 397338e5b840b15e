//! The component's Deployment: which version it runs, and what that version can do.

use k8s_openapi::api::apps::v1::Deployment;

use super::{ADDON, ComponentVersion};

/// On the Deployment of this component, in its manifest: the version of ACK's whose features it has.
pub(crate) const FEATURES_OF: &str = "ack-backup-center.io/features-of";
/// Everything that is bound to a version of ACK's component, up to this one, this component does.
#[cfg(test)]
pub(crate) const FEATURES: &str = "v1.8.7";

/// The version that a Deployment runs: the tag of its image.
pub(crate) fn version_of(deployment: &Deployment) -> Result<ComponentVersion, String> {
    let pod = deployment
        .spec
        .as_ref()
        .and_then(|spec| spec.template.spec.as_ref());
    let containers = pod.map(|pod| pod.containers.as_slice()).unwrap_or_default();
    let container = containers
        .iter()
        .find(|it| it.name == ADDON)
        .or(containers.first());
    version_of_image(
        container
            .and_then(|it| it.image.as_deref())
            .unwrap_or_default(),
    )
}

/// The version that an image's tag says.
pub(crate) fn version_of_image(image: &str) -> Result<ComponentVersion, String> {
    let bare = image.split_once('@').map_or(image, |(bare, _)| bare);
    let tag = bare
        .rsplit_once(':')
        .map(|(_, tag)| tag)
        .filter(|tag| !tag.contains('/'));
    match tag {
        Some(tag) => tag
            .parse()
            .map_err(|error| format!("image `{image}`: {error}")),
        None => Err(format!("image `{image}` has no tag that says its version")),
    }
}

/// The version of ACK's component whose features a Deployment says that it has.
pub(crate) fn features_of(deployment: &Deployment) -> Option<ComponentVersion> {
    let annotations = deployment.metadata.annotations.as_ref()?;
    annotations.get(FEATURES_OF)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_the_tag_of_the_image() {
        let registry = "registry-vpc.example.com:5000/acs/velero-installer";
        for (tag, read) in [
            (":v1.8.7-5db4ae9-aliyun", "v1.8.7-5db4ae9-aliyun"),
            (":v1.7.7@sha256:0123", "v1.7.7"),
        ] {
            let version = version_of_image(&format!("{registry}{tag}")).unwrap();
            assert_eq!(version.to_string(), read);
        }
        for tag in ["", ":latest", "@sha256:0123"] {
            assert!(
                version_of_image(&format!("{registry}{tag}")).is_err(),
                "{tag}"
            );
        }
    }

    #[test]
    fn a_deployment_is_read_by_its_container_of_the_name() {
        let deployment: Deployment = serde_json::from_value(serde_json::json!({
            "metadata": {"annotations": {FEATURES_OF: FEATURES}},
            "spec": {
                "selector": {},
                "template": {"spec": {"containers": [
                    {"name": "sidecar", "image": "example/sidecar:v9.9.9"},
                    {"name": ADDON, "image": "example/migrate-controller:v0.1.0"},
                ]}},
            },
        }))
        .unwrap();
        assert_eq!(version_of(&deployment).unwrap().to_string(), "v0.1.0");
        assert_eq!(features_of(&deployment).unwrap().to_string(), FEATURES);
    }
}
